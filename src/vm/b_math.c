/* b_math.c: the elementwise functions: a builtin for each row of prim.def, over numbers, arrays and trees.
 * SPDX-License-Identifier: MIT */
#include "vm/builtins.h"

/* A temporary array may be overwritten, but only where one operation is all that happens: a failure half-way through a
 * tree would leave the leaves before it changed. */
static unsigned donated(const Value *args, size_t count)
{
  unsigned donate = 0;
  for (size_t i = 0; i < count; i++) {
    if (optic_is_tree(args[i])) {
      return 0;
    }
    donate |= args[i].tag == V_ARRAY ? 1u << i : 0;
  }
  return donate;
}

static bool apply(Vm *vm, OpId op, Value *args, size_t count, Value *result)
{
  return optic_map_op(vm, op, args, count, donated(args, count), result);
}

#define PRIM1(id, ...)                                                                                                 \
  static bool b_##id(Vm *vm, Value *args, Value *result)                                                               \
  {                                                                                                                    \
    return apply(vm, G_##id, args, 1, result);                                                                         \
  }
#define PRIM2(id, ...)                                                                                                 \
  static bool b_##id(Vm *vm, Value *args, Value *result)                                                               \
  {                                                                                                                    \
    return apply(vm, G_##id, args, 2, result);                                                                         \
  }
#define PRIM3(id, ...) /* where, clamp: below */
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3

/* Both are what the other could stand for: then a scalar condition need not compute anything. */
static bool alike(Value a, Value b)
{
  if (a.tag == V_ARRAY && b.tag == V_ARRAY) {
    return a.array->dtype == b.array->dtype && a.array->weak == b.array->weak &&
           optic_shape_equal(&a.array->shape, &b.array->shape);
  }
  return (optic_is_tree(a) || a.tag == V_ARRAY) == (optic_is_tree(b) || b.tag == V_ARRAY) && a.tag != V_ARRAY &&
         b.tag != V_ARRAY;
}

static bool b_where(Vm *vm, Value *args, Value *result)
{
  if ((args[0].tag == V_BOOL || args[0].tag == V_NUMBER) && alike(args[1], args[2])) {
    bool taken;
    if (!optic_truth(vm, args[0], &taken)) {
      return false;
    }
    *result = optic_keep(args[taken ? 1 : 2]);
    return true;
  }
  return apply(vm, G_where, args, 3, result);
}

static bool b_clamp(Vm *vm, Value *args, Value *result)
{
  bool low = args[1].tag != V_NONE, high = args[2].tag != V_NONE;
  if (low && high) {
    return apply(vm, G_clamp, args, 3, result);
  }
  if (low || high) {
    Value two[2] = {args[0], args[low ? 1 : 2]};
    return apply(vm, low ? G_maximum : G_minimum, two, 2, result);
  }
  *result = optic_keep(args[0]);
  return true;
}

#define EACH "\n\nOf numbers, arrays and trees, element by element."
#define BOTH "\n\nOf numbers, arrays and trees, element by element; shapes are broadcast as in NumPy."
static const Builtin rows[] = {
#define PRIM1(id, doc, ...) {#id "(x)", doc EACH, b_##id, BUILTIN_INPLACE},
#define PRIM2(id, doc, ...) {G_##id == G_atan2 ? #id "(y, x)" : #id "(x, y)", doc BOTH, b_##id, BUILTIN_INPLACE},
#define PRIM3(id, ...)
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
    {"isfinite(x)", "true unless NaN or infinite: is_finite by JAX's name" EACH "\n\n>>> isfinite(1 / 0)\nfalse",
     b_is_finite, 0},
    {"isnan(x)", "true for NaN: is_nan by JAX's name" EACH "\n\n>>> isnan(0 / 0)\ntrue", b_is_nan, 0},
    {"where(condition, x, y)",
     "x where the condition holds, else y.\n\n"
     "Per element, with shapes broadcast, and leaf by leaf over trees. A condition that is a plain boolean chooses\n"
     "one of two alike values whole.\n\n"
     ">>> where(array([true, false, true]), 1, array([10, 20, 30]))\n[ 1., 20.,  1.]",
     b_where, 0},
    {"clamp(x, low = none, high = none)",
     "x, but not below `low` nor above `high`: minimum(maximum(x, low), high); none is no bound." EACH
     "\n\n>>> clamp(7, 0, 5)\n5",
     b_clamp, BUILTIN_INPLACE},
};

const BuiltinTable optic_b_math = BUILTIN_TABLE(rows);
