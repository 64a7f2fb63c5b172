/* making.c: what instructions make: cells, closures, transforms, lists, records, slices; and taking lists apart.
 * SPDX-License-Identifier: MIT */
#include "base/pool.h"
#include "vm/machine.h"

Cell *optic_vm_cell_new(Vm *vm, Value content)
{
  if (vm->cell_count >= vm->cell_threshold) {
    optic_collect(vm);
    vm->cell_threshold = vm->cell_count < 5000 ? 10000 : vm->cell_count * 2;
  }
  Cell *cell = optic_pool_get(&vm->core, sizeof *cell);
  if (cell) {
    *cell = (Cell){.refs = 1, .value = content, .next = vm->cells};
    if (vm->cells) {
      vm->cells->prev = cell;
    }
    vm->cells = cell;
    vm->cell_count++;
  }
  return cell;
}

bool optic_vm_make_closure(Vm *vm, const Frame *f, const Code *child, Value *out)
{
  const Proto *p = child->proto;
  Closure *c = optic_pool_get(&vm->core, sizeof *c + p->capture_count * sizeof(Cell *));
  if (!c) {
    return false;
  }
  *c = (Closure){.refs = 1, .count = p->capture_count, .code = child};
  for (uint32_t i = 0; i < p->capture_count; i++) {
    const Capture *capture = &p->captures[i];
    c->cells[i] = capture->from_parent ? f->closure->cells[capture->index] : f->regs[capture->index].cell;
    c->cells[i]->refs++;
  }
  *out = (Value){.tag = V_CLOSURE, .closure = c};
  return true;
}

bool optic_vm_make_transform(Vm *vm, const TransformDesc *desc, Value *from, Value *out)
{
  for (uint32_t i = 0; i < desc->hyper_count; i++) {
    if (!optic_hyper_fits(vm, desc->name, desc->hypers[i], from[2 + i])) {
      return false;
    }
  }
  uint32_t depth = 1;
  for (uint32_t i = 0; i < desc->hyper_count + 2; i++) {
    if (!optic_deepen(vm, &depth, from[i])) {
      return false;
    }
  }
  Transform *t = optic_pool_get(&vm->core, sizeof *t + desc->hyper_count * sizeof(Value));
  if (!t) {
    return false;
  }
  *t = (Transform){.refs = 1,
                   .depth = depth,
                   .name = desc->name,
                   .desc = desc,
                   .init = from[0],
                   .update = from[1],
                   .count = desc->hyper_count};
  for (uint32_t i = 0; i < desc->hyper_count; i++) {
    t->hypers[i] = from[2 + i];
  }
  for (uint32_t i = 0; i < desc->hyper_count + 2; i++) {
    from[i].tag = V_UNSET;
  }
  *out = (Value){.tag = V_TRANSFORM, .transform = t};
  return true;
}

bool optic_vm_make_list(Vm *vm, Value *from, uint32_t count, Value *out)
{
  List *list = optic_list_new(vm, count);
  if (!list) {
    return false;
  }
  *out = (Value){.tag = V_LIST, .list = list};
  for (uint32_t i = 0; i < count; i++) {
    Value item = from[i];
    from[i].tag = V_UNSET;
    if (!optic_list_push(vm, list, item)) {
      optic_drop(vm, *out);
      return false;
    }
  }
  return true;
}

bool optic_vm_make_record(Vm *vm, Keys *keys, Value *from, Value *out)
{
  Record *r = optic_record_shaped(vm, keys);
  if (!r) {
    return false;
  }
  for (uint32_t i = 0; i < keys->count; i++) {
    r->at[i] = from[i];
    from[i].tag = V_UNSET;
  }
  *out = (Value){.tag = V_RECORD, .record = r};
  if (!optic_record_settle(vm, r)) {
    optic_drop(vm, *out);
    return false;
  }
  return true;
}

bool optic_vm_list_spread(Vm *vm, Value *list, Value *from)
{
  Value items;
  if (!optic_to_list(vm, *from, &items)) {
    bool wrong = from->tag != V_ITER && vm->core.fault.code == D_type;
    return wrong ? optic_fail_hint(&vm->core.fault, "`*` spreads a list or what can be iterated over") : false;
  }
  bool fine = optic_list_own(vm, list);
  for (size_t i = 0; fine && i < items.list->size; i++) {
    fine = optic_list_push(vm, list->list, optic_keep(items.list->at[i]));
  }
  optic_drop(vm, items);
  put(vm, from, (Value){.tag = V_UNSET});
  return fine;
}

bool optic_vm_record_spread(Vm *vm, Value *record, Value *from)
{
  if (from->tag != V_RECORD) {
    return optic_fail(&vm->core.fault, D_type, "`**` spreads a record, not %s", optic_type_noun(vm, *from));
  }
  bool fine = optic_record_own(vm, record);
  const Record *other = from->record;
  for (uint32_t i = 0; fine && i < other->keys->count; i++) {
    fine = optic_record_set(vm, record->record, other->keys->names[i], optic_keep(other->at[i]));
  }
  put(vm, from, (Value){.tag = V_UNSET});
  return fine;
}

bool optic_vm_make_slice(Vm *vm, Value *from, Value *out)
{
  SliceObject *s = optic_pool_get(&vm->core, sizeof *s);
  if (!s) {
    return false;
  }
  for (int i = 0; i < 3; i++) {
    if (from[i].tag == V_ARRAY && from[i].array->count == 1) {
      double x = optic_array_get(from[i].array, 0);
      put(vm, &from[i], optic_number(x));
    }
    if (from[i].tag != V_NUMBER && from[i].tag != V_NONE) {
      optic_pool_put(&vm->core, s, sizeof *s);
      return optic_fail(&vm->core.fault, D_index, "a slice runs between whole numbers, not %s",
                        optic_type_noun(vm, from[i]));
    }
  }
  *s = (SliceObject){.refs = 1, .from = from[0], .to = from[1], .step = from[2]};
  *out = (Value){.tag = V_SLICE, .slice = s};
  return true;
}

/* The `before` first items of R[b], with `rest` a list of what is in the middle, then the `after` last. */
bool optic_vm_unpack(Vm *vm, Value *to, Value *from, uint32_t before, uint32_t after, bool rest)
{
  Value items, source = *from;
  from->tag = V_UNSET;
  if (!optic_to_list(vm, source, &items)) {
    if (source.tag != V_ITER && vm->core.fault.code == D_type) { /* and not an interrupt or the like */
      optic_fail(&vm->core.fault, D_unpack, "%s cannot be taken apart into %u names", optic_type_noun(vm, source),
                 before + after);
    }
    optic_drop(vm, source);
    return false;
  }
  optic_drop(vm, source);
  const List *list = items.list;
  bool fine = rest ? list->size >= before + after : list->size == before;
  if (!fine) {
    optic_fail(&vm->core.fault, D_unpack, "%s%u target%s, but %zu value%s", rest ? "at least " : "", before + after,
               before + after == 1 ? "" : "s", list->size, list->size == 1 ? "" : "s");
  }
  uint32_t at = 0;
  for (uint32_t i = 0; fine && i < before; i++) {
    put(vm, &to[at++], optic_keep(list->at[i]));
  }
  if (fine && rest) {
    Value middle;
    List *m = optic_list_new(vm, list->size - before - after);
    fine = m != NULL;
    middle = (Value){.tag = V_LIST, .list = m};
    for (size_t i = before; fine && i < list->size - after; i++) {
      fine = optic_list_push(vm, m, optic_keep(list->at[i]));
    }
    if (fine) {
      put(vm, &to[at++], middle);
    } else if (m) {
      optic_drop(vm, middle);
    }
    for (uint32_t i = 0; fine && i < after; i++) {
      put(vm, &to[at++], optic_keep(list->at[list->size - after + i]));
    }
  }
  optic_drop(vm, items);
  return fine;
}
