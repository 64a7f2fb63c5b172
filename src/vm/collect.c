/* collect.c: frees reference cycles.
 *
 * Values are trees but for one thing: a captured variable (a cell) may hold a closure that captured it. So every cycle
 * goes through a cell, and it is enough to find the cells that nothing outside of the cells keeps alive: count, for
 * each cell, how many of its references come from values that only cells reach; a cell with more references than that
 * is alive, and with it all it reaches; the others are emptied, and counting does the rest.
 *
 * What a closure holds is looked at through lists, records, bound methods and transforms as far as those are themselves
 * referred to only once; something shared counts as held from outside, which errs on the safe side.
 * SPDX-License-Identifier: MIT */
#include "base/pool.h"
#include "vm/object.h"

/* While collecting, a cell's `refs` has its internal references taken off; `mark` in the top bit. */
#define ALIVE 0x80000000u

typedef void VisitFn(Vm *vm, Cell *cell);

/* Visits the cells that `v` refers to, by a path on which everything is referred to once. */
static void each_cell(Vm *vm, Value v, VisitFn *visit)
{
  if (v.tag < V_COUNTED || v.tag == V_CELL) {
    return;
  }
  if (v.tag != V_ARRAY && v.tag != V_STRING && *v.refs != 1) {
    return;
  }
  switch (v.tag) {
  case V_CLOSURE:
    for (uint32_t i = 0; i < v.closure->count; i++) {
      visit(vm, v.closure->cells[i]);
    }
    break;
  case V_LIST:
    for (size_t i = 0; i < v.list->size; i++) {
      each_cell(vm, v.list->at[i], visit);
    }
    break;
  case V_RECORD:
    for (uint32_t i = 0; i < v.record->keys->count; i++) {
      each_cell(vm, v.record->at[i], visit);
    }
    break;
  case V_BOUND:
    each_cell(vm, v.bound->self, visit);
    break;
  case V_TRANSFORM:
    each_cell(vm, v.transform->init, visit);
    each_cell(vm, v.transform->update, visit);
    for (uint32_t i = 0; i < v.transform->count; i++) {
      each_cell(vm, v.transform->hypers[i], visit);
    }
    break;
  case V_UNSET:
  case V_NONE:
  case V_BOOL:
  case V_NUMBER:
  case V_KEY:
  case V_BUILTIN:
  case V_MODULE:
  case V_STRING:
  case V_ARRAY:
  case V_ITER:
  case V_SLICE:
  case V_CELL:
    break;
  }
}

static void take_off(Vm *vm, Cell *cell)
{
  (void)vm;
  cell->refs--;
}

static void put_back(Vm *vm, Cell *cell)
{
  (void)vm;
  cell->refs++;
}

static void mark(Vm *vm, Cell *cell)
{
  if (!(cell->refs & ALIVE)) {
    cell->refs |= ALIVE;
    cell->next_dead = vm->reached;
    vm->reached = cell;
  }
}

void optic_collect(Vm *vm)
{
  for (Cell *c = vm->cells; c; c = c->next) {
    each_cell(vm, c->value, take_off);
  }
  for (Cell *c = vm->cells; c; c = c->next) {
    if (c->refs > 0) {
      mark(vm, c);
    }
  }
  while (vm->reached) { /* what a living cell reaches lives */
    Cell *c = vm->reached;
    vm->reached = c->next_dead;
    each_cell(vm, c->value, mark);
  }
  /* Counts as they were, and the dead ones gathered while no value is freed. */
  Cell *first_dead = NULL;
  for (Cell *c = vm->cells; c; c = c->next) {
    bool alive = c->refs & ALIVE;
    c->refs &= ~ALIVE;
    c->dead = !alive;
  }
  for (Cell *c = vm->cells; c; c = c->next) {
    each_cell(vm, c->value, put_back);
  }
  for (Cell *c = vm->cells; c; c = c->next) {
    if (c->dead) {
      c->refs++; /* ours, while we empty it */
      c->next_dead = first_dead;
      first_dead = c;
    }
  }
  for (Cell *c = first_dead; c; c = c->next_dead) {
    Value v = c->value;
    c->value.tag = V_UNSET;
    optic_drop(vm, v);
  }
  while (first_dead) {
    Cell *c = first_dead;
    first_dead = c->next_dead;
    optic_drop(vm, (Value){.tag = V_CELL, .cell = c});
  }
}
