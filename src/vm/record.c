/* record.c: records and their names. See value.h.
 *
 * The names of a record are shared by all records that have the same, until one of them adds a name.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/pool.h"
#include "vm/machine.h"

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
