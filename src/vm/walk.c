/* walk.c: walking trees: nodes are lists and records, none is an empty subtree, all else is a leaf.
 *
 * Leaves come in JAX's order: a record's by sorted keys, a list's in order. Recursion is bounded by limits.depth, which
 * every list and record respects.
 * SPDX-License-Identifier: MIT */
#include "vm/walk.h"

#include <string.h>

#include "vm/object.h"

enum { PATH = 512, MOST_TREES = 8 };

typedef struct Walk {
  Vm *vm;
  MapFn *map;
  LeafFn *each;
  void *user;
  unsigned *donate;
  bool spread;
  size_t count;
  size_t path_size;
  char path[PATH]; /* cut off when longer */
} Walk;

static size_t push(Walk *w, const char *text, size_t size)
{
  size_t before = w->path_size, at = before;
  if (at && at < PATH - 1) {
    w->path[at++] = '/';
  }
  size_t room = PATH - 1 - at, n = size < room ? size : room;
  memcpy(w->path + at, text, n);
  w->path_size = at + n;
  w->path[w->path_size] = 0;
  return before;
}

static size_t push_index(Walk *w, size_t i)
{
  char text[24];
  int n = optic_format(text, sizeof text, "%zu", i);
  return push(w, text, (size_t)n);
}

static void pop(Walk *w, size_t before)
{
  w->path_size = before;
  w->path[before] = 0;
}

/* `one` and `two` say what the trees have at this place. */
static bool differ(const Walk *w, const char *one, const char *two)
{
  Fault *fault = &w->vm->core.fault;
  return w->path_size ? optic_fail(fault, D_structure, "the trees differ at `%s`: %s and %s", w->path, one, two)
                      : optic_fail(fault, D_structure, "the trees differ at the root: %s and %s", one, two);
}

/* Adds the leaf to the fault that it caused, once. */
static bool at_leaf(Walk *w)
{
  Fault *fault = &w->vm->core.fault;
  if (w->path_size == 0 || strstr(fault->message, "(at leaf `")) {
    return false;
  }
  size_t size = strlen(fault->message);
  optic_format(fault->message + size, sizeof fault->message - size, " (at leaf `%s`)", w->path);
  return false;
}

static bool map(Walk *w, const Value *trees, unsigned alone, Value *out);

/* The lists or records among trees[] besides the first must fit it. */
static bool fit_lists(Walk *w, const Value *trees, size_t first)
{
  const List *list = trees[first].list;
  for (size_t i = first + 1; i < w->count; i++) {
    if (trees[i].tag == V_LIST && trees[i].list->size == list->size) {
      continue;
    }
    if (trees[i].tag == V_LIST) {
      char one[40], two[40];
      optic_format(one, sizeof one, "a list of %zu", list->size);
      optic_format(two, sizeof two, "a list of %zu", trees[i].list->size);
      return differ(w, one, two);
    }
    if (!w->spread || optic_is_tree(trees[i])) {
      return differ(w, "a list", optic_type_noun(w->vm, trees[i]));
    }
  }
  return true;
}

static bool missing(Walk *w, const Record *has, const Record *lacks, const char *which)
{
  for (uint32_t i = 0; i < has->keys->count; i++) {
    if (!optic_record_get(lacks, has->keys->names[i])) {
      push(w, has->keys->names[i]->text, has->keys->names[i]->size);
      return optic_fail(&w->vm->core.fault, D_structure, "the trees differ: only the %s has `%s`", which, w->path);
    }
  }
  return true;
}

static bool fit_records(Walk *w, const Value *trees, size_t first)
{
  const Record *record = trees[first].record;
  for (size_t i = first + 1; i < w->count; i++) {
    if (trees[i].tag == V_RECORD) {
      const Record *other = trees[i].record;
      if (other->keys != record->keys &&
          (!missing(w, record, other, "first") || !missing(w, other, record, w->count > 2 ? "other" : "second"))) {
        return false;
      }
    } else if (!w->spread || optic_is_tree(trees[i])) {
      return differ(w, "a record", optic_type_noun(w->vm, trees[i]));
    }
  }
  return true;
}

static unsigned still_alone(const Value *trees, size_t count, unsigned alone)
{
  unsigned out = 0;
  for (size_t i = 0; i < count; i++) {
    if (alone >> i & 1 && (trees[i].tag < V_COUNTED || *trees[i].refs == 1)) {
      out |= 1u << i;
    }
  }
  return out;
}

/* What is spread over a node's items is used by each of them, and so by none alone. */
static unsigned of_nodes(const Value *trees, size_t count, unsigned alone)
{
  for (size_t i = 0; i < count; i++) {
    alone &= optic_is_tree(trees[i]) ? ~0u : ~(1u << i);
  }
  return alone;
}

static bool map_list(Walk *w, const Value *trees, size_t first, unsigned alone, Value *out)
{
  if (!fit_lists(w, trees, first)) {
    return false;
  }
  size_t size = trees[first].list->size;
  List *list = optic_charge(&w->vm->core, 1 + size / 16) ? optic_list_new(w->vm, size) : NULL;
  if (!list) {
    return false;
  }
  *out = (Value){.tag = V_LIST, .list = list};
  for (size_t i = 0; i < size; i++) {
    Value kids[MOST_TREES], mapped;
    for (size_t t = 0; t < w->count; t++) {
      kids[t] = trees[t].tag == V_LIST ? trees[t].list->at[i] : trees[t];
    }
    size_t before = push_index(w, i);
    bool fine = map(w, kids, alone, &mapped) && optic_list_push(w->vm, list, mapped);
    pop(w, before);
    if (!fine) {
      optic_drop(w->vm, *out);
      return false;
    }
  }
  return true;
}

static bool map_record(Walk *w, const Value *trees, size_t first, unsigned alone, Value *out)
{
  Record *record = trees[first].record;
  const uint32_t *order = optic_keys_sorted(w->vm, record->keys);
  if (!order || !fit_records(w, trees, first)) {
    return false;
  }
  Record *result =
      optic_charge(&w->vm->core, 1 + record->keys->count / 16) ? optic_record_shaped(w->vm, record->keys) : NULL;
  if (!result) {
    return false;
  }
  *out = (Value){.tag = V_RECORD, .record = result};
  for (uint32_t n = 0; n < record->keys->count; n++) {
    uint32_t i = order[n];
    const Name *name = record->keys->names[i];
    Value kids[MOST_TREES];
    for (size_t t = 0; t < w->count; t++) {
      kids[t] = trees[t].tag != V_RECORD                ? trees[t]
                : trees[t].record->keys == record->keys ? trees[t].record->at[i]
                                                        : *optic_record_get(trees[t].record, name);
    }
    size_t before = push(w, name->text, name->size);
    bool fine = map(w, kids, alone, &result->at[i]);
    pop(w, before);
    if (!fine) {
      result->at[i].tag = V_UNSET;
      optic_drop(w->vm, *out);
      return false;
    }
  }
  if (!optic_record_settle(w->vm, result)) {
    optic_drop(w->vm, *out);
    return false;
  }
  return true;
}

static bool map(Walk *w, const Value *trees, unsigned alone, Value *out)
{
  alone = still_alone(trees, w->count, alone);
  size_t first = 0;
  if (w->spread) {
    while (first < w->count && !optic_is_tree(trees[first])) {
      first++;
    }
    for (size_t i = 0; i < first && first < w->count; i++) {
      if (trees[i].tag == V_NONE) {
        first = i; /* an empty subtree beside a node */
      }
    }
    first = first == w->count ? 0 : first;
  }
  if (trees[first].tag == V_LIST) {
    return map_list(w, trees, first, of_nodes(trees, w->count, alone), out);
  }
  if (trees[first].tag == V_RECORD) {
    return map_record(w, trees, first, of_nodes(trees, w->count, alone), out);
  }
  for (size_t i = 0; i < w->count; i++) {
    if (!w->spread && optic_is_tree(trees[i])) {
      return differ(w, trees[first].tag == V_NONE ? "none" : "a leaf", trees[i].tag == V_LIST ? "a list" : "a record");
    }
  }
  if (trees[first].tag == V_NONE) {
    *out = optic_none();
    return true;
  }
  for (size_t i = 0; i < w->count && w->spread; i++) {
    if (trees[i].tag == V_NONE && w->path_size) {
      *out = optic_none();
      return true;
    }
  }
  if (w->donate) {
    *w->donate = alone;
  }
  return w->map(w->user, w->vm, w->path, w->path_size, trees, w->count, out) || at_leaf(w);
}

bool optic_walk_map(Vm *vm, const Value *trees, size_t count, MapFn *f, void *user, unsigned *donate, bool spread,
                    Value *out)
{
  if (count == 0 || count > MOST_TREES) {
    return optic_fail(&vm->core.fault, D_arguments, "between 1 and %d trees can be walked side by side", MOST_TREES);
  }
  Walk w = {.vm = vm, .map = f, .user = user, .donate = donate, .spread = spread, .count = count};
  return map(&w, trees, donate ? *donate : 0, out);
}

bool optic_tree_map(Vm *vm, const Value *trees, size_t count, MapFn *f, void *user, Value *out)
{
  return optic_walk_map(vm, trees, count, f, user, NULL, false, out);
}

static bool each(Walk *w, Value tree)
{
  if (tree.tag == V_NONE) {
    return true;
  }
  /* Subtrees may be shared: few bytes can be a large tree. */
  if (optic_is_tree(tree) && !optic_charge(&w->vm->core, 1)) {
    return false;
  }
  if (tree.tag == V_LIST) {
    for (size_t i = 0; i < tree.list->size; i++) {
      size_t before = push_index(w, i);
      if (!each(w, tree.list->at[i])) {
        return false;
      }
      pop(w, before);
    }
    return true;
  }
  if (tree.tag == V_RECORD) {
    const Record *r = tree.record;
    const uint32_t *order = optic_keys_sorted(w->vm, r->keys);
    for (uint32_t n = 0; order && n < r->keys->count; n++) {
      const Name *name = r->keys->names[order[n]];
      size_t before = push(w, name->text, name->size);
      if (!each(w, r->at[order[n]])) {
        return false;
      }
      pop(w, before);
    }
    return order != NULL;
  }
  return w->each(w->user, w->vm, w->path, w->path_size, tree);
}

bool optic_tree_each(Vm *vm, Value tree, LeafFn *visit, void *user)
{
  Walk w = {.vm = vm, .each = visit, .user = user};
  return each(&w, tree);
}
