/* b_shape.c: other shapes and orders for the numbers of arrays. Names and defaults are NumPy's.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "vm/builtins.h"

static const int64_t MOST = (int64_t)1 << 53;

/* ---- one array of one array ----------------------------------------------------------------------------------- */
/* `op` of the array x; moves it. */
static bool apply_to(Vm *vm, OpId op, Array *x, const Attr *attr, Value *result)
{
  Array *a = optic_apply1(optic_vm_core(vm), op, x, attr);
  optic_array_drop(optic_vm_core(vm), x);
  return optic_yield(a, result);
}

static bool b_diag(Vm *vm, Value *args, Value *result)
{
  Array *x;
  return optic_arg_array(vm, &args[0], "diag: x", &x) && apply_to(vm, G_diag, x, NULL, result);
}

static bool triangle(Vm *vm, OpId op, const Value *args, const char *x_name, const char *k_name, Value *result)
{
  Array *x;
  Attr attr = {.n = 0};
  return optic_arg_int(vm, &args[1], k_name, -MOST, MOST, &attr.n) && optic_arg_array(vm, &args[0], x_name, &x) &&
         apply_to(vm, op, x, &attr, result);
}

static bool b_tril(Vm *vm, Value *args, Value *result)
{
  return triangle(vm, G_tril, args, "tril: x", "tril: k", result);
}

static bool b_triu(Vm *vm, Value *args, Value *result)
{
  return triangle(vm, G_triu, args, "triu: x", "triu: k", result);
}

static bool b_reshape(Vm *vm, Value *args, Value *result)
{
  Attr attr = {.axis = 0};
  Array *x;
  const List *more = args[2].list;
  if (!optic_arg_shape(vm, &args[1], "reshape: shape", &attr.shape)) {
    return false;
  }
  if (more->size) { /* x.reshape(2, 3) */
    Value *rest = &args[2];
    Shape tail;
    if (args[1].tag == V_LIST) {
      return optic_fail(optic_vm_fault(vm), D_arguments, "reshape: the shape is one list, or numbers");
    }
    if (!optic_arg_shape(vm, rest, "reshape: shape", &tail)) {
      return false;
    }
    if (tail.rank + 1 > OPTIC_RANK) {
      return optic_fail(optic_vm_fault(vm), D_shape, "an array has at most %d axes", OPTIC_RANK);
    }
    memcpy(attr.shape.at + 1, tail.at, tail.rank * sizeof *tail.at);
    attr.shape.rank = tail.rank + 1;
  }
  return optic_arg_array(vm, &args[0], "reshape: x", &x) && apply_to(vm, G_reshape, x, &attr, result);
}

static bool b_transpose(Vm *vm, Value *args, Value *result)
{
  Attr attr = {.axis = 0};
  Array *x;
  if (optic_given(args[1]) && !optic_arg_shape(vm, &args[1], "transpose: axes", &attr.shape)) {
    return false;
  }
  if (!optic_arg_array(vm, &args[0], "transpose: x", &x)) {
    return false;
  }
  if (optic_given(args[1]) && attr.shape.rank == 0 && x->shape.rank > 0) { /* an empty list is no permutation of them */
    optic_array_drop(optic_vm_core(vm), x);
    return optic_fail(optic_vm_fault(vm), D_axis, "transpose: `axes` must name each axis of the array once");
  }
  for (uint32_t i = 0; i < attr.shape.rank; i++) {
    attr.shape.at[i] += attr.shape.at[i] < 0 ? (int64_t)x->shape.rank : 0;
  }
  return apply_to(vm, G_transpose, x, &attr, result);
}

static bool b_broadcast_to(Vm *vm, Value *args, Value *result)
{
  Attr attr = {.axis = 0};
  Array *x;
  return optic_arg_shape(vm, &args[1], "broadcast_to: shape", &attr.shape) &&
         optic_arg_array(vm, &args[0], "broadcast_to: x", &x) && apply_to(vm, G_broadcast_to, x, &attr, result);
}

/* An axis of an array of `rank` axes, from the end when negative. */
static bool axis_of(Vm *vm, const Value *arg, const char *what, uint32_t rank, uint32_t *out)
{
  int64_t axis;
  if (!optic_arg_int(vm, arg, what, -MOST, MOST, &axis)) {
    return false;
  }
  if (axis < -(int64_t)rank || axis >= (int64_t)rank) {
    return optic_fail(optic_vm_fault(vm), D_axis, "%.*s: there is no axis %" PRId64 " among %" PRIu32,
                      (int)strcspn(what, ":"), what, axis, rank);
  }
  *out = (uint32_t)(axis < 0 ? axis + (int64_t)rank : axis);
  return true;
}

/* A set of axes: none for all, a number, or a list. */
static bool axes_of(Vm *vm, const Value *arg, const char *what, uint32_t rank, unsigned *set)
{
  *set = 0;
  if (!optic_given(*arg)) {
    *set = (1u << rank) - 1;
    return true;
  }
  const Value *at = arg->tag == V_LIST ? arg->list->at : arg;
  size_t count = arg->tag == V_LIST ? arg->list->size : 1;
  for (size_t i = 0; i < count; i++) {
    uint32_t axis;
    if (!axis_of(vm, &at[i], what, rank, &axis)) {
      return false;
    }
    *set |= 1u << axis;
  }
  return true;
}

static bool b_squeeze(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  Array *x;
  unsigned set;
  Attr attr = {.axis = 0};
  if (!optic_arg_array(vm, &args[0], "squeeze: x", &x)) {
    return false;
  }
  if (!axes_of(vm, &args[1], "squeeze: axis", x->shape.rank, &set)) {
    optic_array_drop(core, x);
    return false;
  }
  for (uint32_t i = 0; i < x->shape.rank; i++) {
    bool asked = set & 1u << i;
    if (asked && optic_given(args[1]) && x->shape.at[i] != 1) {
      optic_fail(&core->fault, D_shape, "squeeze: axis %" PRIu32 " has %" PRId64 " elements, not 1", i, x->shape.at[i]);
      optic_array_drop(core, x);
      return false;
    }
    if (!asked || x->shape.at[i] != 1) {
      attr.shape.at[attr.shape.rank++] = x->shape.at[i];
    }
  }
  return apply_to(vm, G_reshape, x, &attr, result);
}

static bool b_expand_dims(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  Array *x;
  uint32_t axis;
  if (!optic_arg_array(vm, &args[0], "expand_dims: x", &x)) {
    return false;
  }
  Attr attr = {.shape = x->shape};
  if (x->shape.rank == OPTIC_RANK) {
    optic_fail(&core->fault, D_shape, "expand_dims: an array has at most %d axes", OPTIC_RANK);
    optic_array_drop(core, x);
    return false;
  }
  if (!axis_of(vm, &args[1], "expand_dims: axis", ++attr.shape.rank, &axis)) {
    optic_array_drop(core, x);
    return false;
  }
  memmove(attr.shape.at + axis + 1, attr.shape.at + axis, (x->shape.rank - axis) * sizeof *attr.shape.at);
  attr.shape.at[axis] = 1;
  return apply_to(vm, G_reshape, x, &attr, result);
}

/* The whole array as a slice. */
static Attr whole(const Array *x)
{
  Attr attr = {.shape = x->shape};
  for (uint32_t i = 0; i < x->shape.rank; i++) {
    attr.step[i] = 1;
  }
  return attr;
}

static bool b_flip(Vm *vm, Value *args, Value *result)
{
  Array *x;
  unsigned set;
  if (!optic_arg_array(vm, &args[0], "flip: x", &x)) {
    return false;
  }
  if (!axes_of(vm, &args[1], "flip: axis", x->shape.rank, &set)) {
    optic_array_drop(optic_vm_core(vm), x);
    return false;
  }
  Attr attr = whole(x);
  for (uint32_t i = 0; i < x->shape.rank; i++) {
    if (set & 1u << i && x->shape.at[i] > 0) {
      attr.start[i] = x->shape.at[i] - 1;
      attr.step[i] = -1;
    }
  }
  return apply_to(vm, G_slice, x, &attr, result);
}

static bool b_roll(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  Array *x, *parts[2] = {NULL, NULL}, *a = NULL, *back = NULL;
  int64_t shift;
  uint32_t axis = 0;
  if (!optic_arg_int(vm, &args[1], "roll: shift", -MOST, MOST, &shift) ||
      !optic_arg_array(vm, &args[0], "roll: x", &x)) {
    return false;
  }
  Shape shape = x->shape;
  if (!optic_given(args[2])) { /* as a flat array */
    Array *flat = optic_apply1(core, G_reshape, x, &(Attr){.shape = {.rank = 1, .at = {-1}}});
    optic_array_drop(core, x);
    x = flat;
  }
  if (!x || (optic_given(args[2]) && !axis_of(vm, &args[2], "roll: axis", x->shape.rank, &axis))) {
    optic_array_drop(core, x);
    return false;
  }
  int64_t n = x->shape.at[axis], first = n ? (n - (shift % n + n) % n) % n : 0;
  Attr attr = whole(x);
  attr.start[axis] = first;
  attr.shape.at[axis] = n - first;
  parts[0] = optic_apply1(core, G_slice, x, &attr);
  attr.start[axis] = 0;
  attr.shape.at[axis] = first;
  parts[1] = parts[0] ? optic_apply1(core, G_slice, x, &attr) : NULL;
  a = parts[1] ? optic_apply(core, G_concatenate, parts, 2, &(Attr){.axis = axis}, 0) : NULL;
  back = a ? optic_apply1(core, G_reshape, a, &(Attr){.shape = shape}) : NULL;
  optic_array_drop(core, parts[0]);
  optic_array_drop(core, parts[1]);
  optic_array_drop(core, a);
  optic_array_drop(core, x);
  return optic_yield(back, result);
}

static bool b_pad(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  Attr attr = {.axis = 0};
  Array *x;
  Value width = args[1];
  if (!optic_arg_array(vm, &args[0], "pad: x", &x)) {
    return false;
  }
  bool ok = true, pairs = width.tag == V_LIST && width.list->size && width.list->at[0].tag == V_LIST;
  if (pairs && width.list->size != x->shape.rank) {
    ok = optic_fail(&core->fault, D_shape, "pad: `pad_width` has %zu pairs, and the array %" PRIu32 " axes",
                    width.list->size, x->shape.rank);
  }
  for (uint32_t i = 0; ok && i < x->shape.rank; i++) {
    const Value *one = pairs ? &width.list->at[i] : &args[1];
    Shape s;
    ok = optic_arg_shape(vm, one, "pad: pad_width", &s);
    if (ok && (s.rank == 0 || s.rank > 2 || s.at[0] < 0 || s.at[s.rank - 1] < 0)) {
      ok = optic_fail(&core->fault, D_value, "pad: `pad_width` is a number, [before, after], or one such pair an axis");
    }
    attr.start[i] = ok ? s.at[0] : 0;
    attr.step[i] = ok ? s.at[s.rank - 1] : 0;
  }
  if (!ok) {
    optic_array_drop(core, x);
    return false;
  }
  return apply_to(vm, G_pad, x, &attr, result);
}

/* ---- several arrays ------------------------------------------------------------------------------------------- */
static bool join(Vm *vm, OpId op, const Value *args, const char *list_name, const char *axis_name, Value *result)
{
  Core *core = optic_vm_core(vm);
  List *list;
  Attr attr = {.axis = 0};
  Array **items, *a = NULL;
  size_t bytes, made = 0;
  if (!optic_arg_int(vm, &args[1], axis_name, -OPTIC_RANK, OPTIC_RANK, &attr.axis)) {
    return false;
  }
  if (args[0].tag == V_ARRAY && op == G_stack) { /* it is stacked already */
    *result = optic_keep(args[0]);
    return true;
  }
  if (!optic_arg_list(vm, &args[0], list_name, &list)) {
    return false;
  }
  if (list->size == 0) {
    return optic_fail(&core->fault, D_value, "%.*s: the list of arrays is empty", (int)strcspn(list_name, ":"),
                      list_name);
  }
  if (!optic_size_mul(list->size, sizeof *items, &bytes)) {
    return optic_fail_oom(&core->fault);
  }
  if (!(items = optic_core_zalloc(core, bytes))) {
    return false;
  }
  while (made < list->size && optic_arg_array(vm, &list->at[made], list_name, &items[made])) {
    made++;
  }
  if (made == list->size) {
    a = optic_apply(core, op, items, made, &attr, 0);
  }
  for (size_t i = 0; i < made; i++) {
    optic_array_drop(core, items[i]);
  }
  optic_free(&core->alloc, items, bytes);
  return optic_yield(a, result);
}

static bool b_concatenate(Vm *vm, Value *args, Value *result)
{
  return join(vm, G_concatenate, args, "concatenate: arrays", "concatenate: axis", result);
}

static bool b_stack(Vm *vm, Value *args, Value *result)
{
  return join(vm, G_stack, args, "stack: arrays", "stack: axis", result);
}

static const Builtin rows[] = {
    {"reshape(x, shape, *more)",
     "The same numbers in another shape; one size may be -1: what remains.\n\n"
     ">>> reshape(arange(6), [2, -1])\n[[0, 1, 2],\n [3, 4, 5]]",
     b_reshape, BUILTIN_OF_ARRAY},
    {"transpose(x, axes = none)",
     "The axes in another order: reversed, or as `axes` lists them.\n\n"
     ">>> transpose([[1, 2], [3, 4]])\n[[1., 3.],\n [2., 4.]]",
     b_transpose, BUILTIN_OF_ARRAY},
    {"broadcast_to(x, shape)",
     "Repeated along new axes and along axes of one element.\n\n"
     ">>> broadcast_to([1, 2], [2, 2])\n[[1., 2.],\n [1., 2.]]",
     b_broadcast_to, 0},
    {"squeeze(x, axis = none)",
     "Without the axes of one element; or without these, which must have one.\n\n"
     ">>> shape(squeeze(zeros([1, 3, 1])))\n[3]",
     b_squeeze, BUILTIN_OF_ARRAY},
    {"expand_dims(x, axis)",
     "With a new axis of one element at `axis` of the result.\n\n>>> shape(expand_dims(zeros([3]), 0))\n[1, 3]",
     b_expand_dims, 0},
    {"flip(x, axis = none)", "In reverse order along one axis, several, or all.\n\n>>> flip([1, 2, 3])\n[3., 2., 1.]",
     b_flip, 0},
    {"roll(x, shift, axis = none)",
     "Moved on by `shift` places, the last to the front; as a flat array unless `axis` is given.\n\n"
     ">>> roll([1, 2, 3, 4], 1)\n[4., 1., 2., 3.]",
     b_roll, 0},
    {"pad(x, pad_width)",
     "With zeros around: a number for all sides, [before, after], or one such pair an axis.\n\n"
     ">>> pad([1, 2], [1, 2])\n[0., 1., 2., 0., 0.]",
     b_pad, 0},
    {"concatenate(arrays, axis = 0)",
     "Arrays one after another along an axis that they have.\n\n"
     ">>> concatenate([[1, 2], [3]])\n[1., 2., 3.]",
     b_concatenate, 0},
    {"stack(arrays, axis = 0)",
     "Arrays of one shape side by side along a new axis.\n\n>>> stack([[1, 2], [3, 4]], axis = 1)\n[[1., 3.],\n [2., "
     "4.]]",
     b_stack, 0},
    {"diag(x)",
     "The square matrix with this diagonal, or the diagonal of this matrix.\n\n"
     ">>> diag([1, 2])\n[[1., 0.],\n [0., 2.]]",
     b_diag, 0},
    {"tril(x, k = 0)",
     "The matrix with zeros above its diagonal `k`.\n\n>>> tril(ones([2, 2]))\n[[1., 0.],\n [1., 1.]]", b_tril, 0},
    {"triu(x, k = 0)",
     "The matrix with zeros below its diagonal `k`.\n\n>>> triu(ones([2, 2]))\n[[1., 1.],\n [0., 1.]]", b_triu, 0},
};

const BuiltinTable optic_b_shape = BUILTIN_TABLE(rows);
