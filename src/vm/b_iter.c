/* b_iter.c: range, zip and enumerate: sequences whose items are made one by one.
 *
 * They start anew each time that something iterates over them, and know their lengths. How deep they stand in each
 * other is bounded, so that what walks them may recurse.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/pool.h"
#include "vm/builtins.h"

/* ---- range ----------------------------------------------------------------------------------------------------- */
static int range_next(Vm *vm, Iter *self, Value *out)
{
  Range *r = (Range *)self;
  (void)vm;
  if (r->at >= r->count) {
    return 0;
  }
  *out = optic_number(r->start + (double)r->at++ * r->step);
  return 1;
}

static Iter *range_restart(Vm *vm, Iter *self)
{
  Range *r = optic_pool_get(optic_vm_core(vm), sizeof *r);
  if (!r) {
    return NULL;
  }
  *r = *(Range *)self;
  r->base.refs = 1;
  r->at = 0;
  return &r->base;
}

static int64_t range_length(Vm *vm, const Iter *self)
{
  (void)vm;
  return ((const Range *)self)->count;
}

static void range_drop(Vm *vm, Iter *self)
{
  optic_pool_put(optic_vm_core(vm), self, sizeof(Range));
}

const IterType optic_range_type = {"range", range_next, range_restart, range_length, range_drop};

static bool b_range(Vm *vm, Value *args, Value *result)
{
  const int64_t most = (int64_t)1 << 53;
  int64_t start = 0, stop, step;
  if (!optic_arg_int(vm, &args[0], optic_given(args[1]) ? "range: start" : "range: stop", -most, most, &stop) ||
      !optic_arg_int(vm, &args[2], "range: step", -most, most, &step)) {
    return false;
  }
  if (optic_given(args[1])) {
    start = stop;
    if (!optic_arg_int(vm, &args[1], "range: stop", -most, most, &stop)) {
      return false;
    }
  }
  if (step == 0) {
    return optic_fail(optic_vm_fault(vm), D_value, "range: `step` must not be 0");
  }
  int64_t span = step > 0 ? stop - start : start - stop, stride = step > 0 ? step : -step;
  Range *r = optic_pool_get(optic_vm_core(vm), sizeof *r);
  if (!r) {
    return false;
  }
  *r = (Range){.base = {.refs = 1, .type = &optic_range_type},
               .start = (double)start,
               .step = (double)step,
               .count = span > 0 ? (span - 1) / stride + 1 : 0};
  *result = (Value){.tag = V_ITER, .iter = &r->base};
  return true;
}

/* ---- zip and enumerate ----------------------------------------------------------------------------------------- */
enum { DEEP = 32 };

typedef struct Side {
  Value over; /* what was given */
  Iter *it;
} Side;

typedef struct Joined {
  Iter base;
  double index; /* enumerate: the next number, and where it starts */
  double start;
  size_t count;
  Side sides[];
} Joined;

static void joined_drop(Vm *vm, Iter *self)
{
  Joined *j = (Joined *)self;
  for (size_t i = 0; i < j->count; i++) {
    optic_iter_drop(vm, j->sides[i].it);
    optic_drop(vm, j->sides[i].over);
  }
  optic_pool_put(optic_vm_core(vm), j, sizeof *j + j->count * sizeof *j->sides);
}

static Joined *joined_new(Vm *vm, const IterType *type, const Side *sides, const Value *values, size_t count,
                          double start)
{
  size_t bytes;
  if (!optic_size_mul(count, sizeof(Side), &bytes) || !optic_size_add(bytes, sizeof(Joined), &bytes)) {
    optic_fail_oom(optic_vm_fault(vm));
    return NULL;
  }
  Joined *j = optic_pool_get(optic_vm_core(vm), bytes);
  if (!j) {
    return NULL;
  }
  *j = (Joined){.base = {.refs = 1, .depth = 1, .type = type}, .index = start, .start = start, .count = count};
  for (size_t i = 0; i < count; i++) {
    j->sides[i] = (Side){.over = (Value){.tag = V_NONE}};
  }
  for (size_t i = 0; i < count; i++) {
    Side *side = &j->sides[i];
    side->over = optic_keep(sides ? sides[i].over : values[i]);
    bool fine =
        side->over.tag != V_ITER || side->over.iter->depth < DEEP ||
        optic_fail(optic_vm_fault(vm), D_too_deep, "%s: more than %d of these inside each other", type->name, DEEP);
    if (!fine || !optic_charge(optic_vm_core(vm), 1) || !optic_deepen(vm, &j->base.depth, side->over) ||
        !optic_iterate(vm, side->over, &side->it)) {
      side->it = NULL;
      joined_drop(vm, &j->base);
      return NULL;
    }
  }
  return j;
}

static Iter *joined_restart(Vm *vm, Iter *self)
{
  const Joined *old = (const Joined *)self;
  Joined *j = joined_new(vm, self->type, old->sides, NULL, old->count, old->start);
  return j ? &j->base : NULL;
}

static int64_t joined_length(Vm *vm, const Iter *self)
{
  const Joined *j = (const Joined *)self;
  int64_t least = j->count ? INT64_MAX : 0;
  for (size_t i = 0; i < j->count; i++) {
    const Iter *it = j->sides[i].it;
    int64_t n = it->type->length ? it->type->length(vm, it) : -1;
    if (n < 0) {
      return -1;
    }
    least = n < least ? n : least;
  }
  return least;
}

/* A list of `first` (V_UNSET: none) and the next value of each side. */
static int joined_next(Vm *vm, Joined *j, Value first, Value *out)
{
  List *list = j->count ? optic_list_new(vm, j->count + 1) : NULL;
  if (!list) {
    return j->count ? -1 : 0;
  }
  Value v = {.tag = V_LIST, .list = list};
  int got = first.tag == V_UNSET || optic_list_push(vm, list, first) ? 1 : -1;
  for (size_t i = 0; i < j->count && got > 0; i++) {
    Value item;
    got = optic_charge(optic_vm_core(vm), 1) ? optic_iter_next(vm, j->sides[i].it, &item) : -1;
    if (got > 0 && !optic_list_push(vm, list, item)) {
      got = -1;
    }
  }
  if (got > 0) {
    *out = v;
  } else {
    optic_drop(vm, v);
  }
  return got;
}

static int zip_next(Vm *vm, Iter *self, Value *out)
{
  return joined_next(vm, (Joined *)self, (Value){.tag = V_UNSET}, out);
}

static int enumerate_next(Vm *vm, Iter *self, Value *out)
{
  Joined *j = (Joined *)self;
  int got = joined_next(vm, j, optic_number(j->index), out);
  j->index += got > 0;
  return got;
}

static const IterType zip_type = {"zip", zip_next, joined_restart, joined_length, joined_drop};
static const IterType enumerate_type = {"enumerate", enumerate_next, joined_restart, joined_length, joined_drop};

static bool b_zip(Vm *vm, Value *args, Value *result)
{
  const List *list = args[0].list;
  Joined *j = joined_new(vm, &zip_type, NULL, list->at, list->size, 0);
  if (j) {
    *result = (Value){.tag = V_ITER, .iter = &j->base};
  }
  return j != NULL;
}

static bool b_enumerate(Vm *vm, Value *args, Value *result)
{
  const int64_t most = (int64_t)1 << 53;
  int64_t start;
  if (!optic_arg_int(vm, &args[1], "enumerate: start", -most, most, &start)) {
    return false;
  }
  Joined *j = joined_new(vm, &enumerate_type, NULL, &args[0], 1, (double)start);
  if (j) {
    *result = (Value){.tag = V_ITER, .iter = &j->base};
  }
  return j != NULL;
}

static const Builtin rows[] = {
    {"range(start, stop = none, step = 1)",
     "The whole numbers from `start` up to, but without, `stop`; range(n) begins at 0.\n\n"
     ">>> list(range(2, 8, 3))\n[2, 5]",
     b_range, 0},
    {"zip(*sequences)",
     "Lists of the first items of all, of the second ones, and so on, until the shortest ends.\n\n"
     ">>> list(zip([1, 2], [\"a\", \"b\"]))\n[[1, \"a\"], [2, \"b\"]]",
     b_zip, 0},
    {"enumerate(sequence, start = 0)",
     "Lists [i, item], counting from `start`.\n\n>>> list(enumerate([\"a\", \"b\"]))\n[[0, \"a\"], [1, \"b\"]]",
     b_enumerate, 0},
};

const BuiltinTable optic_b_iter = BUILTIN_TABLE(rows);
