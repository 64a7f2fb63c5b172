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

/* Is v at most `most` deep? Where its depth says no, looks what is still in it, and corrects the depth. False also where
 * the run is to stop. */
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
    return optic_charge(&vm->core, 0) &&
           optic_fail(&vm->core.fault, D_too_deep, "%s are nested deeper than %u",
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

/* ---- names of records ---------------------------------------------------------------------------------------- */
enum { FEW = 8 }; /* up to so many names a search is a walk */

static void keys_index(Keys *k, uint32_t i)
{
  uint32_t mask = k->slot_cap - 1, slot = k->names[i]->hash & mask;
  while (k->slots[slot]) {
    slot = (slot + 1) & mask;
  }
  k->slots[slot] = i + 1;
}

/* Room for `count` names, with their hash index. */
static bool keys_reserve(Vm *vm, Keys *k, uint32_t count)
{
  Core *core = &vm->core;
  if (count > k->cap) {
    uint32_t cap = k->cap ? k->cap : 4;
    while (cap < count) {
      cap *= 2;
    }
    const Name **names = optic_pool_get(core, cap * sizeof *names);
    if (!names) {
      return false;
    }
    if (k->count) {
      memcpy(names, k->names, k->count * sizeof *names);
    }
    optic_pool_put(core, k->names, k->cap * sizeof *names);
    k->names = names;
    k->cap = cap;
  }
  if (count > FEW && count * 2 > k->slot_cap) {
    uint32_t cap = 4 * FEW;
    while (cap < count * 4) {
      cap *= 2;
    }
    uint32_t *slots = optic_pool_get(core, cap * sizeof *slots);
    if (!slots) {
      return false;
    }
    memset(slots, 0, cap * sizeof *slots);
    optic_pool_put(core, k->slots, k->slot_cap * sizeof *slots);
    k->slots = slots;
    k->slot_cap = cap;
    for (uint32_t i = 0; i < k->count; i++) {
      keys_index(k, i);
    }
  }
  return true;
}

Keys *optic_keys_new(Vm *vm, const Name *const *names, uint32_t count)
{
  Keys *k = optic_pool_get(&vm->core, sizeof *k);
  if (!k) {
    return NULL;
  }
  *k = (Keys){.refs = 1};
  if (!keys_reserve(vm, k, count)) {
    optic_keys_drop(vm, k);
    return NULL;
  }
  for (uint32_t i = 0; i < count; i++) {
    k->names[i] = names[i];
    k->count = i + 1;
    if (k->slots) {
      keys_index(k, i);
    }
  }
  return k;
}

void optic_keys_drop(Vm *vm, Keys *k)
{
  if (k && --k->refs == 0) {
    optic_pool_put(&vm->core, k->names, k->cap * sizeof *k->names);
    optic_pool_put(&vm->core, k->sorted, k->count * sizeof *k->sorted);
    optic_pool_put(&vm->core, k->slots, k->slot_cap * sizeof *k->slots);
    optic_pool_put(&vm->core, k, sizeof *k);
  }
}

int32_t optic_keys_find(const Keys *k, const Name *name)
{
  if (k->slots) {
    uint32_t mask = k->slot_cap - 1;
    for (uint32_t slot = name->hash & mask; k->slots[slot]; slot = (slot + 1) & mask) {
      if (k->names[k->slots[slot] - 1] == name) {
        return (int32_t)(k->slots[slot] - 1);
      }
    }
    return -1;
  }
  for (uint32_t i = 0; i < k->count; i++) {
    if (k->names[i] == name) {
      return (int32_t)i;
    }
  }
  return -1;
}

const uint32_t *optic_keys_sorted(Vm *vm, Keys *k)
{
  static const uint32_t none[1] = {0};
  if (k->sorted || k->count == 0) {
    return k->sorted ? k->sorted : none;
  }
  uint32_t *order = optic_pool_get(&vm->core, k->count * sizeof *order);
  uint32_t *spare = order ? optic_pool_get(&vm->core, k->count * sizeof *spare) : NULL;
  if (!spare) {
    optic_pool_put(&vm->core, order, k->count * sizeof *order);
    return NULL;
  }
  for (uint32_t i = 0; i < k->count; i++) {
    order[i] = i;
  }
  /* Merge sort, bottom up. */
  for (uint32_t width = 1; width < k->count; width *= 2) {
    for (uint32_t low = 0; low < k->count; low += 2 * width) {
      uint32_t mid = low + width < k->count ? low + width : k->count;
      uint32_t high = low + 2 * width < k->count ? low + 2 * width : k->count;
      for (uint32_t i = low, j = mid, to = low; to < high; to++) {
        bool left = i < mid && (j >= high || optic_name_compare(k->names[order[i]], k->names[order[j]]) <= 0);
        spare[to] = left ? order[i++] : order[j++];
      }
    }
    memcpy(order, spare, k->count * sizeof *order);
  }
  optic_pool_put(&vm->core, spare, k->count * sizeof *spare);
  k->sorted = order;
  return order;
}

bool optic_keys_add(Vm *vm, Keys *k, const Name *name)
{
  if (!keys_reserve(vm, k, k->count + 1)) {
    return false;
  }
  optic_pool_put(&vm->core, k->sorted, k->count * sizeof *k->sorted);
  k->sorted = NULL;
  k->names[k->count++] = name;
  if (k->slots) {
    keys_index(k, k->count - 1);
  }
  return true;
}

/* Makes the record's keys its own, so that one may be added. */
static bool keys_own(Vm *vm, Record *r)
{
  if (r->keys->refs > 1) {
    Keys *own = optic_keys_new(vm, r->keys->names, r->keys->count);
    if (!own) {
      return false;
    }
    optic_keys_drop(vm, r->keys);
    r->keys = own;
  }
  return true;
}

/* ---- records ------------------------------------------------------------------------------------------------- */
Record *optic_record_shaped(Vm *vm, Keys *keys)
{
  Record *r = optic_pool_get(&vm->core, sizeof *r);
  if (!r) {
    return NULL;
  }
  *r = (Record){.refs = 1, .depth = 1, .cap = keys->count};
  if (keys->count && !(r->at = optic_pool_get(&vm->core, keys->count * sizeof *r->at))) {
    optic_pool_put(&vm->core, r, sizeof *r);
    return NULL;
  }
  for (uint32_t i = 0; i < keys->count; i++) {
    r->at[i] = (Value){.tag = V_UNSET};
  }
  r->keys = optic_keys_keep(keys);
  return r;
}

Record *optic_record_new(Vm *vm)
{
  return optic_record_shaped(vm, vm->no_keys);
}

Value *optic_record_get(const Record *r, const Name *name)
{
  int32_t i = name ? optic_keys_find(r->keys, name) : -1;
  return i < 0 ? NULL : &r->at[i];
}

Value *optic_record_get_cstr(Vm *vm, const Record *r, const char *name)
{
  return optic_record_get(r, optic_name_find(&vm->core.names, name, strlen(name)));
}

bool optic_record_set(Vm *vm, Record *r, const Name *name, Value value)
{
  if (!optic_deepen(vm, &r->depth, value)) {
    optic_drop(vm, value);
    return false;
  }
  int32_t found = optic_keys_find(r->keys, name);
  if (found >= 0) {
    Value old = r->at[found];
    r->at[found] = value;
    optic_drop(vm, old);
    return true;
  }
  uint32_t count = r->keys->count;
  if (count == r->cap) {
    uint32_t cap = count ? count * 2 : 4;
    Value *at = optic_pool_get(&vm->core, cap * sizeof *at);
    if (!at) {
      optic_drop(vm, value);
      return false;
    }
    if (count) {
      memcpy(at, r->at, count * sizeof *at);
    }
    optic_pool_put(&vm->core, r->at, r->cap * sizeof *at);
    r->at = at;
    r->cap = cap;
  }
  if (!keys_own(vm, r) || !optic_keys_add(vm, r->keys, name)) {
    optic_drop(vm, value);
    return false;
  }
  r->at[count] = value;
  return true;
}

bool optic_record_set_cstr(Vm *vm, Record *r, const char *text, Value value)
{
  const Name *name = optic_name_cstr(&vm->core.names, text);
  if (!name) {
    optic_drop(vm, value);
    return optic_fail_oom(&vm->core.fault);
  }
  return optic_record_set(vm, r, name, value);
}

bool optic_record_remove(Vm *vm, Record *r, const Name *name)
{
  int32_t found = optic_keys_find(r->keys, name);
  if (found < 0) {
    return true;
  }
  uint32_t count = r->keys->count, at = (uint32_t)found;
  const Name **names = optic_pool_get(&vm->core, count * sizeof *names);
  if (!names) {
    return false;
  }
  memcpy(names, r->keys->names, count * sizeof *names);
  memmove(names + at, names + at + 1, (count - at - 1) * sizeof *names);
  Keys *keys = optic_keys_new(vm, names, count - 1);
  optic_pool_put(&vm->core, names, count * sizeof *names);
  if (!keys) {
    return false;
  }
  optic_keys_drop(vm, r->keys);
  r->keys = keys;
  Value old = r->at[at];
  memmove(r->at + at, r->at + at + 1, (count - at - 1) * sizeof *r->at);
  optic_drop(vm, old);
  return true;
}

bool optic_record_own(Vm *vm, Value *v)
{
  Record *old = v->record;
  if (old->refs == 1) {
    return true;
  }
  Record *r = optic_record_shaped(vm, old->keys);
  if (!r) {
    return false;
  }
  for (uint32_t i = 0; i < old->keys->count; i++) {
    r->at[i] = optic_keep(old->at[i]);
  }
  r->depth = old->depth;
  old->refs--;
  v->record = r;
  return true;
}

bool optic_record_settle(Vm *vm, Record *r)
{
  r->depth = 1;
  for (uint32_t i = 0; i < r->keys->count; i++) {
    if (!optic_deepen(vm, &r->depth, r->at[i])) {
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
    return a.array == b.array || (a.array->dtype == b.array->dtype && optic_shape_equal(&a.array->shape, &b.array->shape) &&
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
