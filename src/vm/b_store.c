/* b_store.c: trees of values to files and back.
 *
 * A file holds arrays by path ("params/Dense_0/kernel"). Numbers go as f64 of rank 0, booleans as bool of rank 0, keys
 * as uint32[2], and come back so; lists have their indices as keys, and a record with just the keys 0 .. n-1 comes back
 * as a list. In a key `~` is written ~0 and `/` ~1, and an empty key is ~2, so that no two trees have one file.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "store/key.h"
#include "store/store.h"
#include "tree/leaf_order.h"
#include "vm/builtins.h"
#include "vm/host.h"

/* ---- keys of a path -------------------------------------------------------------------------------------------- */
/* Adds a key to the path, which is cut back to *size afterwards. */
static void push_key(Text *path, const char *key, size_t size)
{
  if (path->size) {
    optic_text_char(path, '/');
  }
  for (size_t i = 0; i < size; i++) {
    if (key[i] == '~' || key[i] == '/') {
      optic_text_str(path, key[i] == '~' ? "~0" : "~1");
    } else {
      optic_text_char(path, key[i]);
    }
  }
  if (!size) {
    optic_text_str(path, "~2");
  }
}

static void push_index(Text *path, size_t index)
{
  optic_text_printf(path, "%s%llu", path->size ? "/" : "", (unsigned long long)index);
}

static void pop_key(Text *path, size_t size)
{
  if (path->at) {
    path->size = size;
    path->at[size] = 0;
  }
}

/* The key that a segment stands for; NULL with the fault set. */
static const Name *key_of(Vm *vm, const char *segment, size_t size)
{
  Core *core = optic_vm_core(vm);
  Text key;
  optic_text_init(&key, &core->alloc);
  for (size_t i = 0; i < size; i++) {
    char code = segment[i] == '~' && i + 1 < size ? segment[i + 1] : 0;
    if (code == '0' || code == '1') {
      optic_text_char(&key, code == '0' ? '~' : '/');
      i++;
    } else if (code == '2' && size == 2) {
      i++;
    } else {
      optic_text_char(&key, segment[i]);
    }
  }
  const Name *name = key.oom ? NULL : optic_name(&core->names, optic_text_cstr(&key), key.size);
  optic_text_finish(&key);
  if (!name) {
    optic_fail_oom(&core->fault);
  }
  return name;
}

static int shown(size_t size)
{
  return size < 200 ? (int)size : 200;
}

/* ---- saving ---------------------------------------------------------------------------------------------------- */
/* The array that a file has for a leaf: NULL with *skip for what is not stored, else with the fault set. */
static Array *stored(Vm *vm, Value leaf, const Text *path, bool *skip)
{
  Core *core = optic_vm_core(vm);
  *skip = false;
  switch (leaf.tag) {
  case V_ARRAY:
    if (optic_store_is_key(leaf.array)) { /* not a key, but a result that looks like one */
      Array *plain = optic_array_view(core, leaf.array, &leaf.array->shape);
      if (plain) {
        plain->weak = false;
      }
      return plain;
    }
    return optic_array_keep(leaf.array);
  case V_NUMBER:
  case V_BOOL:
    return optic_to_array(vm, leaf);
  case V_KEY:
    return optic_store_key(core, leaf.key);
  case V_STRING:
    optic_fail(&core->fault, D_type, "save: `%.*s` is a string, and such files hold numbers only", shown(path->size),
               optic_text_cstr(path));
    optic_fail_hint(&core->fault, "leave it out, or keep it in a file of its own with write_text");
    return NULL;
  case V_UNSET:
  case V_NONE:
  case V_BUILTIN:
  case V_MODULE:
  case V_LIST:
  case V_RECORD:
  case V_CLOSURE:
  case V_BOUND:
  case V_TRANSFORM:
  case V_ITER:
  case V_SLICE:
  case V_CELL:
    break;
  }
  *skip = true;
  return NULL;
}

static bool add_leaf(Vm *vm, Value leaf, const Text *path, Leaves *leaves)
{
  Core *core = optic_vm_core(vm);
  bool skip;
  if (path->oom) {
    return optic_fail_oom(&core->fault);
  }
  Array *a = stored(vm, leaf, path, &skip);
  if (!a) {
    return skip;
  }
  bool ok = optic_leaves_add(core, leaves, optic_text_cstr(path), path->size, a);
  optic_array_drop(core, a);
  return ok;
}

/* Recursion is bounded by the depth of values. */
static bool flatten(Vm *vm, Value v, Text *path, Leaves *leaves)
{
  size_t size = path->size;
  bool ok = optic_charge(optic_vm_core(vm), 1); /* subtrees may be shared */
  if (v.tag == V_RECORD) {
    for (uint32_t i = 0; ok && i < v.record->keys->count; i++) {
      const Name *name = v.record->keys->names[i];
      push_key(path, name->text, name->size);
      ok = flatten(vm, v.record->at[i], path, leaves);
      pop_key(path, size);
    }
    return ok;
  }
  if (v.tag == V_LIST) {
    for (size_t i = 0; ok && i < v.list->size; i++) {
      push_index(path, i);
      ok = flatten(vm, v.list->at[i], path, leaves);
      pop_key(path, size);
    }
    return ok;
  }
  return ok && add_leaf(vm, v, path, leaves);
}

static bool b_save(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  const char *file;
  Leaves leaves = {.list = {.size = 0}};
  Text path;
  if (!optic_arg_path(vm, &args[0], "save: path", &file)) {
    return false;
  }
  optic_text_init(&path, &core->alloc);
  bool ok = flatten(vm, args[1], &path, &leaves) && optic_store_save(core, optic_vm_files(vm), file, &leaves);
  optic_text_finish(&path);
  optic_leaves_finish(core, &leaves);
  *result = optic_none();
  return ok;
}

/* ---- loading --------------------------------------------------------------------------------------------------- */
typedef struct Load {
  Vm *vm;
  const char *file;
  Leaves leaves; /* sorted */
  uint8_t *used; /* with `like`: a byte for each leaf */
  bool partial;
} Load;

/* Moves nothing: the value takes its own reference. */
static Value value_of(const Array *a)
{
  if (optic_store_is_key(a)) {
    return (Value){.tag = V_KEY, .key = optic_store_key_of(a)};
  }
  if (a->shape.rank == 0 && a->dtype == DT_F64) {
    return optic_number(optic_array_get(a, 0));
  }
  if (a->shape.rank == 0 && a->dtype == DT_BOOL) {
    return optic_bool(optic_array_get(a, 0) != 0);
  }
  return (Value){.tag = V_UNSET};
}

static Value loaded(const Leaf *leaf)
{
  Value v = value_of(leaf->array);
  return v.tag == V_UNSET ? optic_array_value(optic_array_keep(leaf->array)) : v;
}

/* Can the path be a tree at all? What follows recurses once for each key of it. */
static bool check_path(Load *l, const Leaf *leaf)
{
  Core *core = optic_vm_core(l->vm);
  uint32_t keys = 1;
  size_t longest = 0, first = 0;
  for (size_t i = 0; i <= leaf->path_size; i++) {
    if (i == leaf->path_size || leaf->path[i] == '/') {
      longest = i - first > longest ? i - first : longest;
      first = i + 1;
      keys += i < leaf->path_size;
    }
  }
  if (keys > core->limits.depth) {
    return optic_fail(&core->fault, D_too_deep, "load: `%s` has a path of more than %u keys", l->file,
                      core->limits.depth);
  }
  return longest <= core->limits.name_bytes ||
         optic_fail(&core->fault, D_too_large, "load: `%s` has a key of more than %u bytes", l->file,
                    core->limits.name_bytes);
}

/* Is it a record with just the keys 0 .. n-1? */
static bool is_list(const Record *record)
{
  for (uint32_t i = 0; i < record->keys->count; i++) {
    const Name *name = record->keys->names[i];
    uint64_t index = 0;
    if (name->size == 0 || name->size > 9 || (name->size > 1 && name->text[0] == '0')) {
      return false;
    }
    for (uint32_t j = 0; j < name->size; j++) {
      if (name->text[j] < '0' || name->text[j] > '9') {
        return false;
      }
      index = index * 10 + (uint64_t)(name->text[j] - '0');
    }
    if (index >= record->keys->count) {
      return false;
    }
  }
  return record->keys->count > 0; /* that many different ones below the count: all of them */
}

static bool to_list(Vm *vm, Value *v)
{
  const Record *record = v->record;
  uint32_t count = record->keys->count;
  List *list = optic_list_new(vm, count);
  if (!list) {
    return false;
  }
  for (uint32_t i = 0; i < count; i++) {
    list->at[i] = optic_none();
  }
  list->size = count;
  for (uint32_t i = 0; i < count; i++) {
    size_t index = 0;
    for (const char *digit = record->keys->names[i]->text; *digit; digit++) {
      index = index * 10 + (size_t)(*digit - '0');
    }
    list->at[index] = optic_keep(record->at[i]);
  }
  Value made = {.tag = V_LIST, .list = list};
  if (!optic_list_settle(vm, list)) {
    optic_drop(vm, made);
    return false;
  }
  optic_drop(vm, *v);
  *v = made;
  return true;
}

static bool clash(Load *l, const char *path, size_t size)
{
  return optic_fail(optic_vm_fault(l->vm), D_format, "load: in `%s`, `%.*s` is both an array and a branch of the tree",
                    l->file, shown(size), path);
}

/* The tree of leaves [low, high), whose paths are the same up to `at`, where their next keys begin. */
static bool build(Load *l, size_t low, size_t high, size_t at, Value *out)
{
  const Leaf *leaves = l->leaves.list.at;
  size_t here = at ? at - 1 : 0; /* the size of this node's own path */
  if (leaves[low].path_size == here) {
    *out = loaded(&leaves[low]);
    if (high - low > 1) {
      optic_drop(l->vm, *out);
      return clash(l, leaves[low].path, here);
    }
    return true;
  }
  Record *record = optic_record_new(l->vm);
  if (!record) {
    return false;
  }
  *out = (Value){.tag = V_RECORD, .record = record};
  bool ok = true;
  for (size_t next; ok && low < high; low = next) {
    const Leaf *first = &leaves[low];
    size_t end = at;
    while (end < first->path_size && first->path[end] != '/') {
      end++;
    }
    for (next = low + 1; next < high; next++) {
      const Leaf *leaf = &leaves[next];
      if (leaf->path_size < end || memcmp(leaf->path + at, first->path + at, end - at) != 0 ||
          (leaf->path_size > end && leaf->path[end] != '/')) {
        break;
      }
    }
    const Name *key = key_of(l->vm, first->path + at, end - at);
    Value value;
    if (key && optic_record_get(record, key)) {
      ok = clash(l, first->path, end);
    } else {
      ok = key && build(l, low, next, end + 1, &value) && optic_record_set(l->vm, record, key, value);
    }
  }
  ok = ok && (!is_list(record) || to_list(l->vm, out));
  if (!ok) {
    optic_drop(l->vm, *out);
  }
  return ok;
}

/* ---- loading into a known structure ---------------------------------------------------------------------------- */
static bool is_stored(Value leaf)
{
  return leaf.tag == V_ARRAY || leaf.tag == V_NUMBER || leaf.tag == V_BOOL || leaf.tag == V_KEY;
}

static bool unlike(Load *l, const Leaf *leaf, Value like)
{
  Core *core = optic_vm_core(l->vm);
  Text type;
  optic_text_init(&type, &core->alloc);
  Value v = loaded(leaf);
  optic_text_str(&type, optic_type_text(l->vm, v));
  optic_drop(l->vm, v);
  optic_fail(&core->fault, D_structure, "load: `%.*s` is %s in `%s`, and %s in `like`", shown(leaf->path_size),
             leaf->path, optic_text_cstr(&type), l->file, optic_type_text(l->vm, like));
  bool oom = type.oom;
  optic_text_finish(&type);
  return oom ? optic_fail_oom(&core->fault) : false;
}

static bool fit_leaf(Load *l, Value like, const Text *path, Value *out)
{
  Core *core = optic_vm_core(l->vm);
  if (path->oom) {
    return optic_fail_oom(&core->fault);
  }
  const Leaf *leaf = is_stored(like) ? optic_leaves_find(&l->leaves, optic_text_cstr(path), path->size) : NULL;
  if (!leaf) {
    if (is_stored(like) && !l->partial) {
      optic_fail(&core->fault, D_structure, "load: `%s` lacks `%.*s`, which `like` has", l->file, shown(path->size),
                 optic_text_cstr(path));
      return optic_fail_hint(&core->fault, "partial = true takes what the file has, and the rest from `like`");
    }
    *out = optic_keep(like);
    return true;
  }
  l->used[leaf - l->leaves.list.at] = 1;
  Array *a = leaf->array;
  bool fits;
  if (like.tag == V_NUMBER) {
    fits = a->shape.rank == 0;
    *out = optic_number(fits ? optic_array_get(a, 0) : 0);
  } else if (like.tag == V_BOOL) {
    fits = a->shape.rank == 0 && a->dtype == DT_BOOL;
    *out = optic_bool(fits && optic_array_get(a, 0) != 0);
  } else if (like.tag == V_KEY) {
    fits = a->dtype == DT_I32 && a->shape.rank == 1 && a->shape.at[0] == 2;
    *out = (Value){.tag = V_KEY, .key = fits ? optic_store_key_of(a) : 0};
  } else {
    fits = a->dtype == like.array->dtype && optic_shape_equal(&a->shape, &like.array->shape);
    if (fits) {
      a->weak = false;
      *out = optic_array_value(optic_array_keep(a));
    }
  }
  return fits || unlike(l, leaf, like);
}

static bool fit(Load *l, Value like, Text *path, Value *out)
{
  size_t size = path->size;
  bool ok = true;
  if (!optic_charge(optic_vm_core(l->vm), 1)) {
    return false;
  }
  if (like.tag == V_RECORD) {
    Record *record = optic_record_shaped(l->vm, like.record->keys);
    if (!record) {
      return false;
    }
    *out = (Value){.tag = V_RECORD, .record = record};
    for (uint32_t i = 0; ok && i < record->keys->count; i++) {
      push_key(path, record->keys->names[i]->text, record->keys->names[i]->size);
      ok = fit(l, like.record->at[i], path, &record->at[i]);
      pop_key(path, size);
    }
    ok = ok && optic_record_settle(l->vm, record);
  } else if (like.tag == V_LIST) {
    List *list = optic_list_new(l->vm, like.list->size);
    if (!list) {
      return false;
    }
    *out = (Value){.tag = V_LIST, .list = list};
    for (size_t i = 0; ok && i < like.list->size; i++) {
      Value item;
      push_index(path, i);
      ok = fit(l, like.list->at[i], path, &item) && optic_list_push(l->vm, list, item);
      pop_key(path, size);
    }
  } else {
    return fit_leaf(l, like, path, out);
  }
  if (!ok) {
    optic_drop(l->vm, *out);
    *out = (Value){.tag = V_UNSET}; /* it may lie in a record that goes too */
  }
  return ok;
}

static bool load_like(Load *l, Value like, Value *result)
{
  Core *core = optic_vm_core(l->vm);
  size_t count = l->leaves.list.size;
  Text path;
  optic_text_init(&path, &core->alloc);
  l->used = optic_core_zalloc(core, count + 1);
  bool ok = l->used && fit(l, like, &path, result);
  for (size_t i = 0; ok && !l->partial && i < count; i++) {
    const Leaf *leaf = &l->leaves.list.at[i];
    if (!l->used[i]) {
      optic_drop(l->vm, *result);
      *result = optic_none();
      ok = optic_fail(&core->fault, D_structure, "load: `%s` also has `%.*s`, which `like` lacks", l->file,
                      shown(leaf->path_size), leaf->path);
      optic_fail_hint(&core->fault, "partial = true leaves it out");
    }
  }
  optic_free(&core->alloc, l->used, count + 1);
  optic_text_finish(&path);
  return ok;
}

static bool load_tree(Load *l, Value *result)
{
  size_t count = l->leaves.list.size;
  for (size_t i = 0; i < count; i++) {
    if (!check_path(l, &l->leaves.list.at[i])) {
      return false;
    }
  }
  if (count) {
    return build(l, 0, count, 0, result);
  }
  Record *empty = optic_record_new(l->vm);
  *result = (Value){.tag = V_RECORD, .record = empty};
  return empty != NULL;
}

static bool b_load(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  Load l = {.vm = vm, .leaves = {.list = {.size = 0}}};
  if (!optic_arg_path(vm, &args[0], "load: path", &l.file) ||
      !optic_arg_bool(vm, &args[2], "load: partial", &l.partial) ||
      !optic_store_load(core, optic_vm_files(vm), l.file, &l.leaves)) {
    return false;
  }
  bool ok = optic_given(args[1]) ? load_like(&l, args[1], result) : load_tree(&l, result);
  optic_leaves_finish(core, &l.leaves);
  return ok;
}

static const Builtin rows[] = {
    {"save(path, tree)",
     "Write a tree's arrays, numbers, booleans and keys to a file: .npz, .safetensors, or .npy for a single array.\n\n"
     "The file is the old one or the new one, never a part, even if the power fails; it carries checksums. What is "
     "none "
     "or a function is not stored: load it with `like`.",
     b_save, 0},
    {"load(path, like = none, partial = false)",
     "The tree that a .npz, .safetensors or .npy file holds.\n\n"
     "With `like` the result has its structure, and what files do not hold (functions, none) from it; every leaf must "
     "be in the file with its shape and dtype, and nothing else, unless `partial` is true: then what one of them lacks "
     "is left as it is. Without it, f64 and bool arrays of rank 0 come back as numbers and booleans, uint32[2] as "
     "keys, "
     "and records with the keys 0, 1 .. as lists.",
     b_load, 0},
};

const BuiltinTable optic_b_store = BUILTIN_TABLE(rows);
