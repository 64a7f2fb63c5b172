/* b_select.c: parts of trees, by path patterns, masks and labels.
 *
 * A mask is true or false, a path pattern or a list of them, a function of (path, leaf), or a tree of booleans, which
 * may be a prefix: what it says of a node holds for all leaves below. Labels are the same with strings.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "tree/leaf.h"
#include "vm/builtins.h"

typedef enum Kind { BY_ALL, BY_PATTERNS, BY_FUNCTION, BY_TREE } Kind;

typedef struct Walk {
  Vm *vm;
  const char *name; /* of the builtin */
  Text path;        /* of the node in progress */
  Kind kind;
  Value function;
  const Value *patterns; /* strings */
  size_t pattern_count;
  bool *hit;       /* patterns that took a leaf */
  uint64_t leaves; /* seen */
  Value fallback;  /* label of leaves that nothing takes; V_NONE: that is an error */
} Walk;

/* ---- paths ----------------------------------------------------------------------------------------------------- */
static size_t push(Walk *w, const char *key, size_t size)
{
  size_t before = w->path.size;
  if (before) {
    optic_text_char(&w->path, '/');
  }
  optic_text_add(&w->path, key, size);
  return before;
}

static size_t push_index(Walk *w, size_t i)
{
  char key[24];
  return push(w, key, (size_t)optic_format(key, sizeof key, "%zu", i));
}

static void pop(Walk *w, size_t before)
{
  if (w->path.at) {
    w->path.size = before;
    w->path.at[before] = 0;
  }
}

static bool fail_at(Walk *w, DiagCode code, const char *what)
{
  size_t size = w->path.size > 200 ? 200 : w->path.size;
  return optic_fail(optic_vm_fault(w->vm), code, "%s: the leaf `%.*s` %s", w->name, (int)size,
                    optic_text_cstr(&w->path), what);
}

/* ---- patterns that take nothing --------------------------------------------------------------------------------- */
typedef struct Listing {
  char text[280];
  size_t size;
  bool full;
} Listing;

static bool list_path(void *user, Vm *vm, const char *path, size_t path_size, Value leaf)
{
  Listing *l = user;
  (void)vm, (void)leaf;
  if (l->full || l->size + path_size + 16 > sizeof l->text) {
    l->full = true;
    return true;
  }
  l->size += (size_t)optic_format(l->text + l->size, sizeof l->text - l->size, "%s`%.*s`", l->size ? ", " : "",
                                  (int)path_size, path);
  return true;
}

static bool all_hit(Walk *w, Value tree)
{
  for (size_t i = 0; i < w->pattern_count && w->leaves; i++) {
    if (w->hit[i]) {
      continue;
    }
    const String *s = w->patterns[i].string;
    Listing l = {.size = 0};
    if (!optic_tree_each(w->vm, tree, list_path, &l)) {
      return false;
    }
    optic_fail(optic_vm_fault(w->vm), D_pattern, "%s: no leaf has a path like \"%.*s\"", w->name,
               (int)(s->size > 200 ? 200 : s->size), s->text);
    return optic_fail_hint(optic_vm_fault(w->vm), "the leaves are %s%s", l.text, l.full ? ", .." : "");
  }
  return true;
}

/* Reads a pattern or a list of patterns; false with the fault set. `hit` is the caller's to free. */
static bool set_patterns(Walk *w, const Value *patterns, size_t count)
{
  w->kind = BY_PATTERNS;
  w->patterns = patterns;
  w->pattern_count = count;
  if (count) {
    w->hit = optic_core_zalloc(optic_vm_core(w->vm), count * sizeof *w->hit);
  }
  return !count || w->hit;
}

static void finish(Walk *w)
{
  optic_free(&optic_vm_core(w->vm)->alloc, w->hit, w->pattern_count * sizeof *w->hit);
  optic_text_finish(&w->path);
}

/* Calls the function of (path, leaf). */
static bool ask(Walk *w, Value leaf, Value *answer)
{
  Value args[2];
  if (!optic_string_value(w->vm, optic_text_cstr(&w->path), w->path.size, &args[0])) {
    return false;
  }
  args[1] = optic_keep(leaf);
  return optic_call_within(w->vm, w->function, args, 2, answer);
}

/* What a mask or tree of labels says of the item with this key or index; V_UNSET: nothing. */
static Value below(Value mask, const Name *key, size_t index)
{
  if (mask.tag == V_RECORD) {
    const Value *found = key ? optic_record_get(mask.record, key) : NULL;
    return found ? *found : (Value){.tag = V_UNSET};
  }
  if (mask.tag == V_LIST) {
    return !key && index < mask.list->size ? mask.list->at[index] : (Value){.tag = V_UNSET};
  }
  return mask;
}

/* ---- select ---------------------------------------------------------------------------------------------------- */
static bool takes(Walk *w, Value leaf, Value mask, bool *yes)
{
  Value answer;
  *yes = false;
  w->leaves++;
  if (w->path.oom) {
    return optic_fail_oom(optic_vm_fault(w->vm));
  }
  switch (w->kind) {
  case BY_PATTERNS:
    for (size_t i = 0; i < w->pattern_count; i++) {
      const String *p = w->patterns[i].string;
      if (optic_path_matches(p->text, p->size, optic_text_cstr(&w->path), w->path.size)) {
        *yes = w->hit[i] = true;
      }
    }
    return true;
  case BY_FUNCTION: {
    if (!ask(w, leaf, &answer)) {
      return false;
    }
    bool fine = optic_arg_bool(w->vm, &answer, "the mask's answer", yes);
    optic_drop(w->vm, answer);
    return fine || fail_at(w, D_pattern, "needs true or false from the mask");
  }
  case BY_ALL:
  case BY_TREE:
    break;
  }
  if (mask.tag == V_NONE) {
    return true;
  }
  if (mask.tag == V_UNSET) {
    return fail_at(w, D_pattern, "is not in the mask");
  }
  return optic_arg_bool(w->vm, &mask, "the mask", yes) || fail_at(w, D_pattern, "needs true or false in the mask");
}

static bool take(Walk *w, Value node, Value mask, Value *out, bool *some);

static bool take_record(Walk *w, Value node, Value mask, Value *out, bool *some)
{
  const Record *r = node.record;
  Record *kept = optic_record_new(w->vm);
  if (!kept) {
    return false;
  }
  *out = (Value){.tag = V_RECORD, .record = kept};
  for (uint32_t i = 0; i < r->keys->count; i++) {
    const Name *key = r->keys->names[i];
    Value item;
    bool any = false;
    size_t before = push(w, key->text, key->size);
    bool ok = take(w, r->at[i], below(mask, key, 0), &item, &any);
    pop(w, before);
    if (ok && any) {
      ok = optic_record_set(w->vm, kept, key, item);
    } else if (ok) {
      optic_drop(w->vm, item);
    }
    if (!ok) {
      optic_drop(w->vm, *out);
      return false;
    }
    *some |= any;
  }
  return true;
}

static bool take_list(Walk *w, Value node, Value mask, Value *out, bool *some)
{
  const List *list = node.list;
  List *kept = optic_list_new(w->vm, list->size);
  if (!kept) {
    return false;
  }
  *out = (Value){.tag = V_LIST, .list = kept};
  for (size_t i = 0; i < list->size; i++) {
    Value item;
    bool any = false;
    size_t before = push_index(w, i);
    bool ok = take(w, list->at[i], below(mask, NULL, i), &item, &any);
    pop(w, before);
    if (ok && !any) { /* none holds the place */
      optic_drop(w->vm, item);
      item = optic_none();
    }
    if (!ok || !optic_list_push(w->vm, kept, item)) {
      optic_drop(w->vm, *out);
      return false;
    }
    *some |= any;
  }
  return true;
}

/* *out is what is taken of the node; *some is set where that has a leaf. */
static bool take(Walk *w, Value node, Value mask, Value *out, bool *some)
{
  if (!optic_charge(optic_vm_core(w->vm), 1)) {
    return false;
  }
  if (node.tag == V_NONE) {
    *out = node;
    return true;
  }
  if (node.tag == V_RECORD) {
    return take_record(w, node, mask, out, some);
  }
  if (node.tag == V_LIST) {
    return take_list(w, node, mask, out, some);
  }
  if (!takes(w, node, mask, some)) {
    return false;
  }
  *out = *some ? optic_keep(node) : optic_none();
  return true;
}

static bool all_strings(const List *list)
{
  for (size_t i = 0; i < list->size; i++) {
    if (list->at[i].tag != V_STRING) {
      return false;
    }
  }
  return list->size > 0;
}

/* How `choice` (a mask, or labels where `strings` are no patterns) chooses; false with the fault set. */
static bool settle(Walk *w, const Value *choice, bool strings)
{
  w->kind = BY_TREE;
  if (optic_is_function(*choice)) {
    w->kind = BY_FUNCTION;
    w->function = *choice;
  } else if (choice->tag == V_STRING && !strings) {
    return set_patterns(w, choice, 1);
  } else if (choice->tag == V_LIST && !strings && all_strings(choice->list)) {
    return set_patterns(w, choice->list->at, choice->list->size);
  } else if (choice->tag == V_BOOL || choice->tag == V_STRING) {
    w->kind = BY_ALL;
  } else if (!optic_is_tree(*choice) && choice->tag != V_NONE) {
    return optic_fail(optic_vm_fault(w->vm), D_pattern,
                      "%s: %s chooses no leaves; a path pattern, a function of "
                      "(path, leaf), or a tree of %s does",
                      w->name, optic_type_noun(w->vm, *choice), strings ? "labels" : "booleans");
  }
  return true;
}

static bool b_select(Vm *vm, Value *args, Value *result)
{
  Walk w = {.vm = vm, .name = "select"};
  Value out = optic_none();
  bool some = false;
  optic_text_init(&w.path, &optic_vm_core(vm)->alloc);
  bool ok = settle(&w, &args[1], false) && take(&w, args[0], args[1], &out, &some);
  if (ok && !all_hit(&w, args[0])) {
    optic_drop(vm, out);
    ok = false;
  }
  finish(&w);
  if (ok) {
    *result = out;
  }
  return ok;
}

/* ---- merge ----------------------------------------------------------------------------------------------------- */
static bool no_leaves(Vm *vm, Value v)
{
  if (optic_is_tree(v) && !optic_charge(optic_vm_core(vm), 1)) {
    return false;
  }
  if (v.tag == V_RECORD) {
    for (uint32_t i = 0; i < v.record->keys->count; i++) {
      if (!no_leaves(vm, v.record->at[i])) {
        return false;
      }
    }
    return true;
  }
  if (v.tag == V_LIST) {
    for (size_t i = 0; i < v.list->size; i++) {
      if (!no_leaves(vm, v.list->at[i])) {
        return false;
      }
    }
    return true;
  }
  return v.tag == V_NONE;
}

static bool misfit(Walk *w, Value tree, Value part)
{
  size_t size = w->path.size > 200 ? 200 : w->path.size;
  const char *has = optic_is_tree(tree) ? optic_type_text(w->vm, tree) : "leaf";
  return optic_fail(optic_vm_fault(w->vm), D_structure, "merge: `%.*s` is a %s in the tree and a %s in the part",
                    (int)size, optic_text_cstr(&w->path), has,
                    optic_is_tree(part) ? part.tag == V_LIST ? "list" : "record" : "leaf");
}

static bool overlay(Walk *w, Value tree, Value part, Value *out);

static bool overlay_record(Walk *w, Value tree, Value part, Value *out)
{
  const Keys *keys = part.record->keys;
  Value copy = optic_keep(tree);
  bool ok = optic_record_own(w->vm, &copy);
  for (uint32_t i = 0; ok && i < keys->count; i++) {
    size_t before = push(w, keys->names[i]->text, keys->names[i]->size);
    const Value *item = optic_record_get(tree.record, keys->names[i]);
    Value fresh;
    if (item) {
      ok = overlay(w, *item, part.record->at[i], &fresh) && optic_record_set(w->vm, copy.record, keys->names[i], fresh);
    } else if (!no_leaves(w->vm, part.record->at[i])) {
      size_t size = w->path.size > 200 ? 200 : w->path.size;
      ok = optic_fail(optic_vm_fault(w->vm), D_structure, "merge: there is no `%.*s` in the tree", (int)size,
                      optic_text_cstr(&w->path));
    }
    pop(w, before);
  }
  if (!ok) {
    optic_drop(w->vm, copy);
    return false;
  }
  *out = copy;
  return true;
}

static bool overlay_list(Walk *w, Value tree, Value part, Value *out)
{
  if (tree.list->size != part.list->size) {
    size_t size = w->path.size > 200 ? 200 : w->path.size;
    return optic_fail(optic_vm_fault(w->vm), D_structure,
                      "merge: the list%s%.*s%s has %zu items in the tree and %zu in the part", size ? " `" : "",
                      (int)size, optic_text_cstr(&w->path), size ? "`" : "", tree.list->size, part.list->size);
  }
  List *list = optic_list_new(w->vm, tree.list->size);
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < tree.list->size; i++) {
    size_t before = push_index(w, i);
    Value fresh;
    ok = overlay(w, tree.list->at[i], part.list->at[i], &fresh) && optic_list_push(w->vm, list, fresh);
    pop(w, before);
  }
  Value v = {.tag = V_LIST, .list = list};
  if (ok) {
    *out = v;
  } else if (list) {
    optic_drop(w->vm, v);
  }
  return ok;
}

static bool overlay(Walk *w, Value tree, Value part, Value *out)
{
  if (!optic_charge(optic_vm_core(w->vm), 1)) {
    return false;
  }
  if (part.tag == V_NONE || (optic_is_tree(part) && part.tag != tree.tag && no_leaves(w->vm, part))) {
    *out = optic_keep(tree);
    return true;
  }
  if (tree.tag == V_RECORD && part.tag == V_RECORD) {
    return overlay_record(w, tree, part, out);
  }
  if (tree.tag == V_LIST && part.tag == V_LIST) {
    return overlay_list(w, tree, part, out);
  }
  if (tree.tag != V_NONE && (optic_is_tree(tree) || optic_is_tree(part))) {
    return misfit(w, tree, part);
  }
  *out = optic_keep(part);
  return true;
}

static bool b_merge(Vm *vm, Value *args, Value *result)
{
  Walk w = {.vm = vm, .name = "merge"};
  optic_text_init(&w.path, &optic_vm_core(vm)->alloc);
  Value out = optic_none();
  bool ok = overlay(&w, args[0], args[1], &out);
  if (ok && w.path.oom) {
    ok = optic_fail_oom(optic_vm_fault(vm));
    optic_drop(vm, out);
  }
  finish(&w);
  if (ok) {
    *result = out;
  }
  return ok;
}

/* ---- labels ---------------------------------------------------------------------------------------------------- */
static bool label_by_pattern(Walk *w, Value *out)
{
  size_t found = SIZE_MAX;
  const char *path = optic_text_cstr(&w->path);
  for (size_t i = 0; i < w->pattern_count; i++) {
    const String *p = w->patterns[i].string;
    if (!optic_path_matches(p->text, p->size, path, w->path.size)) {
      continue;
    }
    w->hit[i] = true;
    if (found != SIZE_MAX) {
      const String *first = w->patterns[found].string;
      return optic_fail(
          optic_vm_fault(w->vm), D_pattern, "%s: two patterns take the leaf `%.*s`: \"%.*s\" and \"%.*s\"", w->name,
          (int)(w->path.size > 200 ? 200 : w->path.size), path, (int)(first->size > 100 ? 100 : first->size),
          first->text, (int)(p->size > 100 ? 100 : p->size), p->text);
    }
    found = i;
  }
  *out = found == SIZE_MAX ? optic_none() : optic_keep(w->patterns[found]);
  return true;
}

static bool label_of(Walk *w, Value leaf, Value labels, Value *out)
{
  w->leaves++;
  if (w->path.oom) {
    return optic_fail_oom(optic_vm_fault(w->vm));
  }
  if (w->kind == BY_PATTERNS) {
    if (!label_by_pattern(w, out)) {
      return false;
    }
  } else if (w->kind == BY_FUNCTION) {
    if (!ask(w, leaf, out)) {
      return false;
    }
  } else {
    *out = labels.tag == V_UNSET ? optic_none() : optic_keep(labels);
  }
  if (out->tag == V_NONE) {
    *out = optic_keep(w->fallback);
  }
  if (out->tag == V_STRING) {
    return true;
  }
  bool none = out->tag == V_NONE;
  optic_drop(w->vm, *out);
  fail_at(w, D_pattern, none ? "has no label, and there is no default" : "needs a string as its label");
  return none && w->kind == BY_PATTERNS
             ? optic_fail_hint(optic_vm_fault(w->vm), "add a pattern that takes it, or a default")
             : false;
}

static bool label_tree(Walk *w, Value node, Value labels, Value *out)
{
  Vm *vm = w->vm;
  if (!optic_charge(optic_vm_core(vm), 1)) {
    return false;
  }
  if (node.tag == V_NONE) {
    *out = node;
    return true;
  }
  if (node.tag == V_RECORD) {
    const Record *r = node.record;
    Record *made = optic_record_shaped(vm, r->keys);
    bool ok = made != NULL;
    for (uint32_t i = 0; ok && i < r->keys->count; i++) {
      size_t before = push(w, r->keys->names[i]->text, r->keys->names[i]->size);
      Value item;
      ok = label_tree(w, r->at[i], below(labels, r->keys->names[i], 0), &item) &&
           optic_record_set(vm, made, r->keys->names[i], item);
      pop(w, before);
    }
    Value v = {.tag = V_RECORD, .record = made};
    if (!ok && made) {
      optic_drop(vm, v);
    }
    *out = ok ? v : *out;
    return ok;
  }
  if (node.tag == V_LIST) {
    List *made = optic_list_new(vm, node.list->size);
    bool ok = made != NULL;
    for (size_t i = 0; ok && i < node.list->size; i++) {
      size_t before = push_index(w, i);
      Value item;
      ok = label_tree(w, node.list->at[i], below(labels, NULL, i), &item) && optic_list_push(vm, made, item);
      pop(w, before);
    }
    Value v = {.tag = V_LIST, .list = made};
    if (!ok && made) {
      optic_drop(vm, v);
    }
    *out = ok ? v : *out;
    return ok;
  }
  return label_of(w, node, labels, out);
}

static bool b_tree_labels(Vm *vm, Value *args, Value *result)
{
  Walk w = {.vm = vm, .name = "tree_labels", .fallback = args[2]};
  Value out = optic_none();
  List *patterns;
  bool ok;
  optic_text_init(&w.path, &optic_vm_core(vm)->alloc);
  if (optic_given(args[3])) {
    ok = optic_arg_list(vm, &args[3], "tree_labels: patterns", &patterns);
    if (ok && patterns->size && !all_strings(patterns)) {
      ok = optic_fail(optic_vm_fault(vm), D_type, "tree_labels: `patterns` must be a list of strings");
    }
    ok = ok && set_patterns(&w, patterns->at, patterns->size);
  } else {
    ok = settle(&w, &args[1], true);
  }
  ok = ok && label_tree(&w, args[0], args[1], &out);
  if (ok && !all_hit(&w, args[0])) {
    optic_drop(vm, out);
    ok = false;
  }
  finish(&w);
  if (ok) {
    *result = out;
  }
  return ok;
}

static const Builtin rows[] = {
    {"select(tree, mask)",
     "The part of a tree that a mask takes.\n\n"
     "A mask is a path pattern (\"**/kernel\"), a list of patterns, a function (path, leaf) -> bool, true or false, or "
     "a\n"
     "tree of booleans, which may be a prefix of the tree. Fields that are not taken go; in lists none holds the\n"
     "place. A pattern that takes no leaf is an error.\n\n"
     ">>> select({a: {w: 1, b: 2}, c: {b: 3}}, \"**/w\")\n{a: {w: 1}}",
     b_select, 0},
    {"merge(tree, part)",
     "The tree with the leaves of `part` in their places; what the part lacks (or has as none) stays.\n\n"
     ">>> merge({a: {w: 1, b: 2}, c: 3}, {a: {w: 10}})\n{a: {w: 10, b: 2}, c: 3}",
     b_merge, 0},
    {"tree_labels(tree, labels = none, default = none, patterns = none)",
     "A tree of labels (strings) with the structure of `tree`.\n\n"
     "`labels` is a function (path, leaf) -> string, or a tree of strings, which may be a prefix. With a list of\n"
     "`patterns` each leaf gets the pattern that takes it, and must not be taken by two. `default` is the label of\n"
     "leaves without one; without a default they are an error.\n\n"
     ">>> tree_labels({a: {w: 1, b: 2}}, patterns = [\"**/w\"], default = \"rest\")\n{a: {w: \"**/w\", b: \"rest\"}}",
     b_tree_labels, 0},
};

const BuiltinTable optic_b_select = BUILTIN_TABLE(rows);
