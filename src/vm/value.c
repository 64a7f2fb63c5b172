/* value.c: making, changing, comparing and freeing values. See value.h.
 *
 * Invariant: a list's or record's depth is at least 1 + the depth of each item, and at most limits.depth, so that
 * everything that walks values may recurse. (It may be more: what is taken out does not lower it. See is_within.)
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "vm/machine.h"

/* ---- strings ------------------------------------------------------------------------------------------------- */
String *optic_string_new(Vm *vm, const char *text, size_t size)
{
  size_t bytes;
  if (!optic_size_add(size, sizeof(String) + 1, &bytes)) {
    optic_fail_oom(&vm->core.fault);
    return NULL;
  }
  String *s = optic_pool_get(&vm->core, bytes);
  if (s) {
    s->refs = 1;
    s->size = size;
    if (size) {
      memcpy(s->text, text, size);
    }
    s->text[size] = 0;
  }
  return s;
}

bool optic_string_value(Vm *vm, const char *text, size_t size, Value *out)
{
  String *s = optic_string_new(vm, text, size);
  if (!s) {
    return false;
  }
  *out = (Value){.tag = V_STRING, .string = s};
  return true;
}

/* ---- lists --------------------------------------------------------------------------------------------------- */
uint32_t optic_depth(Value v)
{
  return v.tag == V_LIST        ? v.list->depth
         : v.tag == V_RECORD    ? v.record->depth
         : v.tag == V_BOUND     ? v.bound->depth
         : v.tag == V_TRANSFORM ? v.transform->depth
         : v.tag == V_ITER      ? v.iter->depth
                                : 0;
}

/* Is v at most `most` deep? Where its depth says no, looks what is still in it, and corrects the depth. False also
 * where the run is to stop. */
static bool is_within(Vm *vm, Value v, uint32_t most)
{
  if (optic_depth(v) <= most) {
    return true;
  }
  if (!optic_is_tree(v) || most == 0) {
    return false;
  }
  size_t size = v.tag == V_LIST ? v.list->size : v.record->keys->count;
  const Value *at = v.tag == V_LIST ? v.list->at : v.record->at;
  uint32_t depth = 1;
  if (!optic_charge(&vm->core, 1 + size / 16)) {
    return false;
  }
  for (size_t i = 0; i < size; i++) {
    if (!is_within(vm, at[i], most - 1)) {
      return false;
    }
    depth = optic_depth(at[i]) + 1 > depth ? optic_depth(at[i]) + 1 : depth;
  }
  *(v.tag == V_LIST ? &v.list->depth : &v.record->depth) = depth;
  return true;
}

bool optic_deepen_inside(Vm *vm, uint32_t *depth, Value item, uint32_t above)
{
  uint32_t most = vm->core.limits.depth;
  if (optic_depth(item) + 1 + above > most && (above >= most || !is_within(vm, item, most - 1 - above))) {
    return optic_charge(&vm->core, 0) && optic_fail(&vm->core.fault, D_too_deep, "%s are nested deeper than %u",
                                                    optic_is_tree(item) ? "lists and records" : "values", most);
  }
  uint32_t need = optic_depth(item) + 1;
  if (need > *depth) {
    *depth = need;
  }
  return true;
}

bool optic_deepen(Vm *vm, uint32_t *depth, Value item)
{
  return optic_deepen_inside(vm, depth, item, 0);
}

List *optic_list_new(Vm *vm, size_t cap)
{
  List *list = optic_pool_get(&vm->core, sizeof *list);
  if (!list) {
    return NULL;
  }
  *list = (List){.refs = 1, .depth = 1};
  size_t bytes;
  bool fits = optic_size_mul(cap, sizeof(Value), &bytes) || optic_fail_oom(&vm->core.fault);
  if (cap && (!fits || !(list->at = optic_pool_get(&vm->core, bytes)))) {
    optic_pool_put(&vm->core, list, sizeof *list);
    return NULL;
  }
  list->cap = cap;
  return list;
}

static bool list_grow(Vm *vm, List *list)
{
  size_t cap = list->cap ? list->cap * 2 : 4, bytes;
  if (!optic_size_mul(cap, sizeof(Value), &bytes)) {
    return optic_fail_oom(&vm->core.fault);
  }
  Value *at = optic_pool_get(&vm->core, bytes);
  if (!at) {
    return false;
  }
  if (list->size) {
    memcpy(at, list->at, list->size * sizeof *at);
  }
  optic_pool_put(&vm->core, list->at, list->cap * sizeof *at);
  list->at = at;
  list->cap = cap;
  return true;
}

bool optic_list_push(Vm *vm, List *list, Value item)
{
  if (!optic_deepen(vm, &list->depth, item) || (list->size == list->cap && !list_grow(vm, list))) {
    optic_drop(vm, item);
    return false;
  }
  list->at[list->size++] = item;
  return true;
}

bool optic_list_own(Vm *vm, Value *v)
{
  List *old = v->list;
  if (old->refs == 1) {
    return true;
  }
  List *list = optic_list_new(vm, old->size);
  if (!list) {
    return false;
  }
  for (size_t i = 0; i < old->size; i++) {
    list->at[i] = optic_keep(old->at[i]);
  }
  list->size = old->size;
  list->depth = old->depth;
  old->refs--;
  v->list = list;
  return true;
}

bool optic_list_settle(Vm *vm, List *list)
{
  list->depth = 1;
  for (size_t i = 0; i < list->size; i++) {
    if (!optic_deepen(vm, &list->depth, list->at[i])) {
      return false;
    }
  }
  return true;
}

/* ---- the end of objects -------------------------------------------------------------------------------------- */
static void drop_closure(Vm *vm, Closure *c)
{
  for (uint32_t i = 0; i < c->count; i++) {
    optic_drop(vm, (Value){.tag = V_CELL, .cell = c->cells[i]});
  }
  optic_pool_put(&vm->core, c, sizeof *c + c->count * sizeof(Cell *));
}

/* Closures can hold closures in chains of any length: a cell that ends while another is being ended waits its turn. */
static void drop_cell(Vm *vm, Cell *cell)
{
  *(cell->prev ? &cell->prev->next : &vm->cells) = cell->next;
  if (cell->next) {
    cell->next->prev = cell->prev;
  }
  vm->cell_count--;
  cell->next_dead = vm->dropped;
  vm->dropped = cell;
  if (vm->dropping) {
    return;
  }
  vm->dropping = true;
  while (vm->dropped) {
    Cell *c = vm->dropped;
    vm->dropped = c->next_dead;
    optic_drop(vm, c->value);
    optic_pool_put(&vm->core, c, sizeof *c);
  }
  vm->dropping = false;
}

void optic_drop_object(Vm *vm, Value v)
{
  Core *core = &vm->core;
  switch (v.tag) {
  case V_STRING:
    optic_pool_put(core, v.string, sizeof(String) + 1 + v.string->size);
    break;
  case V_LIST:
    for (size_t i = 0; i < v.list->size; i++) {
      optic_drop(vm, v.list->at[i]);
    }
    optic_pool_put(core, v.list->at, v.list->cap * sizeof(Value));
    optic_pool_put(core, v.list, sizeof(List));
    break;
  case V_RECORD:
    for (uint32_t i = 0; i < v.record->keys->count; i++) {
      optic_drop(vm, v.record->at[i]);
    }
    optic_pool_put(core, v.record->at, v.record->cap * sizeof(Value));
    optic_keys_drop(vm, v.record->keys);
    optic_pool_put(core, v.record, sizeof(Record));
    break;
  case V_ARRAY:
    v.array->refs++; /* optic_drop has counted down; the array's own end counts down itself */
    optic_array_drop(core, v.array);
    break;
  case V_CLOSURE:
    drop_closure(vm, v.closure);
    break;
  case V_BOUND:
    optic_drop(vm, v.bound->self);
    optic_pool_put(core, v.bound, sizeof(Bound));
    break;
  case V_TRANSFORM:
    optic_drop(vm, v.transform->init);
    optic_drop(vm, v.transform->update);
    for (uint32_t i = 0; i < v.transform->count; i++) {
      optic_drop(vm, v.transform->hypers[i]);
    }
    optic_pool_put(core, v.transform, sizeof(Transform) + v.transform->count * sizeof(Value));
    break;
  case V_ITER:
    v.iter->type->drop(vm, v.iter);
    break;
  case V_SLICE:
    optic_pool_put(core, v.slice, sizeof(SliceObject));
    break;
  case V_CELL:
    drop_cell(vm, v.cell);
    break;
  case V_UNSET:
  case V_NONE:
  case V_BOOL:
  case V_NUMBER:
  case V_KEY:
  case V_BUILTIN:
  case V_MODULE:
    break;
  }
}

/* ---- asking -------------------------------------------------------------------------------------------------- */
const char *optic_type_text(Vm *vm, Value v)
{
  switch (v.tag) {
  case V_UNSET:
    return "nothing";
  case V_NONE:
    return "none";
  case V_BOOL:
    return "bool";
  case V_NUMBER:
    return "number";
  case V_KEY:
    return "key";
  case V_STRING:
    return "string";
  case V_LIST:
    return "list";
  case V_RECORD:
    return "record";
  case V_ARRAY:
    optic_text_clear(&vm->scratch);
    optic_array_type_text(&vm->scratch, v.array);
    return optic_text_cstr(&vm->scratch);
  case V_CLOSURE:
  case V_BUILTIN:
  case V_BOUND:
    return "function";
  case V_TRANSFORM:
    return "transform";
  case V_ITER:
    return v.iter->type->name;
  case V_SLICE:
    return "slice";
  case V_MODULE:
    return "module";
  case V_CELL:
    return "cell";
  }
  return "value";
}

const char *optic_type_noun(Vm *vm, Value v)
{
  if (v.tag == V_NONE || v.tag == V_UNSET) {
    return optic_type_text(vm, v);
  }
  char of[128];
  optic_format(of, sizeof of, "%s", optic_type_text(vm, v));
  /* "an" before a vowel's sound: an enumerate, an f32[3], an i32[3] */
  bool an = strchr("aeio", of[0]) || (strchr("fi", of[0]) && of[1] >= '0' && of[1] <= '9');
  optic_text_clear(&vm->scratch);
  optic_text_printf(&vm->scratch, "%s %s", an ? "an" : "a", of);
  return optic_text_cstr(&vm->scratch);
}

/* Does a tree hold an array of booleans, as comparing two trees gives? */
static bool compared(Value v)
{
  if (v.tag == V_ARRAY) {
    return v.array->dtype == DT_BOOL;
  }
  for (size_t i = 0; v.tag == V_LIST && i < v.list->size; i++) {
    if (compared(v.list->at[i])) {
      return true;
    }
  }
  for (uint32_t i = 0; v.tag == V_RECORD && i < v.record->keys->count; i++) {
    if (compared(v.record->at[i])) {
      return true;
    }
  }
  return false;
}

bool optic_truth(Vm *vm, Value v, bool *out)
{
  switch (v.tag) {
  case V_NONE:
    *out = false;
    return true;
  case V_BOOL:
    *out = v.boolean;
    return true;
  case V_NUMBER:
    *out = v.number != 0;
    return true;
  case V_STRING:
    *out = v.string->size > 0;
    return true;
  case V_LIST:
  case V_RECORD:
    *out = v.tag == V_LIST ? v.list->size > 0 : v.record->keys->count > 0;
    if (compared(v)) { /* most likely `a == b` of two trees, of which only emptiness would be looked at */
      optic_fail(&vm->core.fault, D_type, "a tree of bool arrays is neither true nor false");
      return optic_fail_hint(&vm->core.fault, "say what is meant: all(tree_leaves(t) ..), or tree_allclose(a, b)");
    }
    return true;
  case V_ARRAY:
    if (v.array->count == 1) {
      *out = optic_array_get(v.array, 0) != 0;
      return true;
    }
    optic_fail(&vm->core.fault, D_type, "an array of %zu elements is neither true nor false", v.array->count);
    return optic_fail_hint(&vm->core.fault, "say which is meant: any(x) or all(x)");
  case V_UNSET:
  case V_KEY:
  case V_BUILTIN:
  case V_MODULE:
  case V_CLOSURE:
  case V_BOUND:
  case V_TRANSFORM:
  case V_ITER:
  case V_SLICE:
  case V_CELL:
    break;
  }
  return optic_fail(&vm->core.fault, D_type, "%s is neither true nor false", optic_type_noun(vm, v));
}

static bool same_record(Vm *vm, const Record *a, const Record *b)
{
  if (a->keys->count != b->keys->count) {
    return false;
  }
  for (uint32_t i = 0; i < a->keys->count; i++) {
    const Value *other = a->keys == b->keys ? &b->at[i] : optic_record_get(b, a->keys->names[i]);
    if (!other || !optic_same(vm, a->at[i], *other)) {
      return false;
    }
  }
  return true;
}

/* Values may share their parts, and then be far larger than the memory they take up: so looking through them counts. */
static uint64_t effort(Value v)
{
  return v.tag == V_STRING   ? v.string->size / 1024
         : v.tag == V_LIST   ? 1 + v.list->size / 16
         : v.tag == V_RECORD ? 1 + v.record->keys->count / 16
         : v.tag == V_ARRAY  ? v.array->count / 64
                             : 0;
}

/* A number, also as an array without axes. */
static bool number_of(Value v, double *out)
{
  if (v.tag == V_ARRAY && v.array->shape.rank == 0) {
    *out = optic_array_get(v.array, 0);
    return true;
  }
  *out = v.tag == V_NUMBER ? v.number : 0;
  return v.tag == V_NUMBER;
}

bool optic_same(Vm *vm, Value a, Value b)
{
  double p, q;
  if ((a.tag == V_ARRAY || b.tag == V_ARRAY) && number_of(a, &p) && number_of(b, &q)) {
    return p == q;
  }
  if (a.tag != b.tag || !optic_charge(&vm->core, effort(a))) {
    return false;
  }
  switch (a.tag) {
  case V_UNSET:
  case V_NONE:
    return true;
  case V_BOOL:
    return a.boolean == b.boolean;
  case V_NUMBER:
    return a.number == b.number;
  case V_KEY:
    return a.key == b.key;
  case V_STRING:
    return a.string->size == b.string->size && memcmp(a.string->text, b.string->text, a.string->size) == 0;
  case V_LIST:
    if (a.list == b.list) {
      return true;
    }
    if (a.list->size != b.list->size) {
      return false;
    }
    for (size_t i = 0; i < a.list->size; i++) {
      if (!optic_same(vm, a.list->at[i], b.list->at[i])) {
        return false;
      }
    }
    return true;
  case V_RECORD:
    return a.record == b.record || same_record(vm, a.record, b.record);
  case V_ARRAY:
    return a.array == b.array ||
           (a.array->dtype == b.array->dtype && optic_shape_equal(&a.array->shape, &b.array->shape) &&
            memcmp(a.array->data, b.array->data, a.array->count * optic_dtype_size((Dtype)a.array->dtype)) == 0);
  case V_BUILTIN:
    return a.builtin == b.builtin;
  case V_MODULE:
    return a.module == b.module;
  case V_SLICE:
    return optic_same(vm, a.slice->from, b.slice->from) && optic_same(vm, a.slice->to, b.slice->to) &&
           optic_same(vm, a.slice->step, b.slice->step);
  case V_CLOSURE:
  case V_BOUND:
  case V_TRANSFORM:
  case V_ITER:
  case V_CELL:
    return a.refs == b.refs;
  }
  return false;
}
