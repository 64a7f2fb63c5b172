/* b_reduce.c: functions of whole arrays: over axes, by index, and linear algebra. Names and defaults are NumPy's.
 *
 * What is given as numbers (a number, a list of numbers) and reduces to one comes back as a number.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "vm/builtins.h"

static const int64_t MOST = (int64_t)1 << 53;

enum { LABEL = 64 };

/* "sum: x" */
static const char *label(char *out, const char *function, const char *parameter)
{
  optic_format(out, LABEL, "%s: %s", function, parameter);
  return out;
}

/* Which axes: none for all, a number, or a list of them. */
static bool axes_arg(Vm *vm, const Value *arg, const char *what, Attr *attr)
{
  attr->axis = OPTIC_ALL_AXES;
  if (!optic_given(*arg)) {
    return true;
  }
  if (arg->tag == V_LIST) {
    attr->axis = OPTIC_SOME_AXES;
    return optic_arg_shape(vm, arg, what, &attr->shape);
  }
  return optic_arg_int(vm, arg, what, -OPTIC_RANK, OPTIC_RANK, &attr->axis);
}

/* Moves `a`: the result of an operation on what held numbers only. */
static Value number_of(Vm *vm, Array *a)
{
  if (a->shape.rank || a->node) {
    return optic_array_value(a);
  }
  double x = optic_array_get(a, 0);
  Value v = a->dtype == DT_BOOL ? optic_bool(x != 0) : optic_number(x);
  optic_array_drop(optic_vm_core(vm), a);
  return v;
}

static bool over_axes(Vm *vm, OpId op, const Value *x, const Value *axis, Attr *attr, Value *result)
{
  const char *name = optic_op_info(op)->name;
  char what[LABEL];
  Array *in;
  if (!axes_arg(vm, axis, label(what, name, "axis"), attr)) {
    return false;
  }
  bool plain = attr->axis == OPTIC_ALL_AXES && x->tag != V_ARRAY;
  if (!(plain ? optic_arg_numbers : optic_arg_array)(vm, x, label(what, name, "x"), &in)) {
    return false;
  }
  bool weak = in->weak || in->dtype == DT_BOOL;
  if (plain && in->dtype == DT_F64 && !in->node && x->tag == V_LIST) {
    in->weak = false; /* it is ours alone; else what knows no f64 by default would compute in f32 */
  }
  Array *a = optic_apply1(optic_vm_core(vm), op, in, attr);
  optic_array_drop(optic_vm_core(vm), in);
  if (a) {
    *result = plain && weak ? number_of(vm, a) : optic_from_array(vm, a);
  }
  return a != NULL;
}

/* args: x, axis, keepdims */
static bool reduce(Vm *vm, OpId op, const Value *args, Value *result)
{
  char what[LABEL];
  Attr attr = {.n = 0};
  return optic_arg_bool(vm, &args[2], label(what, optic_op_info(op)->name, "keepdims"), &attr.keepdims) &&
         over_axes(vm, op, &args[0], &args[1], &attr, result);
}

/* args: x, axis, ddof, keepdims */
static bool spread(Vm *vm, OpId op, const Value *args, Value *result)
{
  char what[LABEL];
  const char *name = optic_op_info(op)->name;
  Attr attr = {.n = 0};
  return optic_arg_int(vm, &args[2], label(what, name, "ddof"), 0, MOST, &attr.n) &&
         optic_arg_bool(vm, &args[3], label(what, name, "keepdims"), &attr.keepdims) &&
         over_axes(vm, op, &args[0], &args[1], &attr, result);
}

/* args: x, axis; the shape stays */
static bool along(Vm *vm, OpId op, const Value *args, Value *result)
{
  char what[LABEL];
  const char *name = optic_op_info(op)->name;
  Attr attr = {.n = 0};
  Array *in;
  if (!axes_arg(vm, &args[1], label(what, name, "axis"), &attr) ||
      !optic_arg_array(vm, &args[0], label(what, name, "x"), &in)) {
    return false;
  }
  Array *a = optic_apply1(optic_vm_core(vm), op, in, &attr);
  optic_array_drop(optic_vm_core(vm), in);
  return optic_yield(a, result);
}

#define REDUCERS(X) X(sum) X(mean) X(prod) X(max) X(min) X(any) X(all) X(argmax) X(argmin) X(norm) X(logsumexp)
#define SPREADS(X)  X(var) X(std)
#define ALONGS(X)   X(softmax) X(log_softmax) X(cumsum) X(sort) X(argsort)
#define DEFINE(id, how)                                                                                                \
  static bool b_##id(Vm *vm, Value *args, Value *result)                                                               \
  {                                                                                                                    \
    return how(vm, G_##id, args, result);                                                                              \
  }
#define DEFINE_REDUCER(id) DEFINE(id, reduce)
#define DEFINE_SPREAD(id)  DEFINE(id, spread)
#define DEFINE_ALONG(id)   DEFINE(id, along)
REDUCERS(DEFINE_REDUCER)
SPREADS(DEFINE_SPREAD)
ALONGS(DEFINE_ALONG)

/* ---- by index -------------------------------------------------------------------------------------------------- */
/* Indices as i32; whole numbers in lists count as such. */
static bool arg_indices(Vm *vm, const Value *arg, const char *what, Array **out)
{
  Core *core = optic_vm_core(vm);
  Array *a;
  if (!optic_arg_numbers(vm, arg, what, &a)) {
    return false;
  }
  if (optic_dtype_is_float((Dtype)a->dtype) && arg->tag != V_ARRAY) {
    for (size_t i = 0; i < a->count; i++) {
      double x = optic_array_get(a, i);
      if (x != floor(x) || fabs(x) > INT32_MAX) {
        optic_array_drop(core, a);
        return optic_fail(&core->fault, D_index, "%.*s: %.15g is not an index", (int)strcspn(what, ":"), what, x);
      }
    }
    Array *whole = optic_apply1(core, G_astype, a, &(Attr){.dtype = DT_I32});
    optic_array_drop(core, a);
    a = whole;
  }
  *out = a;
  return a != NULL;
}

static bool by_index(Vm *vm, OpId op, const Value *args, const char *x_name, const char *i_name, const char *axis_name,
                     Value *result)
{
  Core *core = optic_vm_core(vm);
  Attr attr = {.n = 0};
  Array *x, *indices;
  if (!axes_arg(vm, &args[2], axis_name, &attr) || !optic_arg_array(vm, &args[0], x_name, &x)) {
    return false;
  }
  if (!arg_indices(vm, &args[1], i_name, &indices)) {
    optic_array_drop(core, x);
    return false;
  }
  Array *a = optic_apply2(core, op, x, indices, &attr);
  optic_array_drop(core, x);
  optic_array_drop(core, indices);
  return optic_yield(a, result);
}

static bool b_take(Vm *vm, Value *args, Value *result)
{
  return by_index(vm, G_take, args, "take: x", "take: indices", "take: axis", result);
}

static bool b_take_along_axis(Vm *vm, Value *args, Value *result)
{
  return by_index(vm, G_take_along, args, "take_along_axis: x", "take_along_axis: indices", "take_along_axis: axis",
                  result);
}

static bool b_one_hot(Vm *vm, Value *args, Value *result)
{
  Attr attr = {.axis = 0};
  Array *x;
  if (!optic_arg_int(vm, &args[1], "one_hot: num_classes", 0, MOST, &attr.n) ||
      !optic_arg_dtype(vm, &args[2], "one_hot: dtype", &attr.dtype) || !arg_indices(vm, &args[0], "one_hot: x", &x)) {
    return false;
  }
  Array *a = optic_apply1(optic_vm_core(vm), G_one_hot, x, &attr);
  optic_array_drop(optic_vm_core(vm), x);
  return optic_yield(a, result);
}

/* ---- linear algebra -------------------------------------------------------------------------------------------- */
static bool linear1(Vm *vm, OpId op, const Value *args, const char *what, Value *result)
{
  Array *x;
  if (!optic_arg_array(vm, &args[0], what, &x)) {
    return false;
  }
  Array *a = optic_apply1(optic_vm_core(vm), op, x, NULL);
  optic_array_drop(optic_vm_core(vm), x);
  return optic_yield(a, result);
}

static bool linear2(Vm *vm, OpId op, const Value *args, const char *x_name, const char *y_name, Value *result)
{
  Core *core = optic_vm_core(vm);
  Array *x, *y;
  if (!optic_arg_array(vm, &args[0], x_name, &x)) {
    return false;
  }
  if (!optic_arg_array(vm, &args[1], y_name, &y)) {
    optic_array_drop(core, x);
    return false;
  }
  Array *a = optic_apply2(core, op, x, y, &(Attr){.axis = 0});
  optic_array_drop(core, x);
  optic_array_drop(core, y);
  return optic_yield(a, result);
}

static bool b_matmul(Vm *vm, Value *args, Value *result)
{
  return linear2(vm, G_matmul, args, "matmul: x", "matmul: y", result);
}

static bool b_vdot(Vm *vm, Value *args, Value *result)
{
  return linear2(vm, G_dot, args, "vdot: x", "vdot: y", result);
}

/* NumPy's: products of numbers, the inner product of vectors, else the matrix product. */
static bool b_dot(Vm *vm, Value *args, Value *result)
{
  bool scalar = false;
  for (int i = 0; i < 2; i++) {
    scalar |= args[i].tag == V_NUMBER || (args[i].tag == V_ARRAY && args[i].array->shape.rank == 0);
  }
  return scalar ? optic_map_op(vm, G_mul, args, 2, 0, result) : linear2(vm, G_matmul, args, "dot: x", "dot: y", result);
}

static bool b_outer(Vm *vm, Value *args, Value *result)
{
  return linear2(vm, G_outer, args, "outer: x", "outer: y", result);
}

static bool b_solve(Vm *vm, Value *args, Value *result)
{
  return linear2(vm, G_solve, args, "solve: a", "solve: b", result);
}

static bool b_inv(Vm *vm, Value *args, Value *result)
{
  return linear1(vm, G_inv, args, "inv: a", result);
}

static bool b_det(Vm *vm, Value *args, Value *result)
{
  return linear1(vm, G_det, args, "det: a", result);
}

static bool b_cholesky(Vm *vm, Value *args, Value *result)
{
  return linear1(vm, G_cholesky, args, "cholesky: a", result);
}

/* Moves the arrays into a list. */
static bool list_of(Vm *vm, Array *const *parts, size_t count, Value *result)
{
  List *list = optic_list_new(vm, count);
  bool ok = list != NULL;
  for (size_t i = 0; i < count; i++) {
    if (ok) {
      ok = optic_list_push(vm, list, optic_array_value(parts[i]));
    } else {
      optic_array_drop(optic_vm_core(vm), parts[i]);
    }
  }
  Value v = {.tag = V_LIST, .list = list};
  if (ok) {
    *result = v;
  } else if (list) {
    optic_drop(vm, v);
  }
  return ok;
}

static bool b_qr(Vm *vm, Value *args, Value *result)
{
  Array *a, *parts[2];
  if (!optic_arg_array(vm, &args[0], "qr: a", &a)) {
    return false;
  }
  bool ok = optic_apply_qr(optic_vm_core(vm), a, &parts[0], &parts[1]);
  optic_array_drop(optic_vm_core(vm), a);
  return ok && list_of(vm, parts, 2, result);
}

static bool b_svd(Vm *vm, Value *args, Value *result)
{
  Array *a, *parts[3];
  if (!optic_arg_array(vm, &args[0], "svd: a", &a)) {
    return false;
  }
  bool ok = optic_apply_svd(optic_vm_core(vm), a, &parts[0], &parts[1], &parts[2]);
  optic_array_drop(optic_vm_core(vm), a);
  return ok && list_of(vm, parts, 3, result);
}

static bool b_eigh(Vm *vm, Value *args, Value *result)
{
  Array *a, *parts[2];
  if (!optic_arg_array(vm, &args[0], "eigh: a", &a)) {
    return false;
  }
  bool ok = optic_apply_eigh(optic_vm_core(vm), a, &parts[0], &parts[1]);
  optic_array_drop(optic_vm_core(vm), a);
  return ok && list_of(vm, parts, 2, result);
}

#define OVER "\n\nOver all elements, over one axis, or over a list of axes; `keepdims` keeps them with one element.\n"
static const Builtin rows[] = {
    {"sum(x, axis = none, keepdims = false)", "The sum; of booleans and u8 in i32." OVER "\n>>> sum([1, 2, 3])\n6",
     b_sum, BUILTIN_OF_ARRAY},
    {"mean(x, axis = none, keepdims = false)", "The mean; of integers in f32." OVER "\n>>> mean([1, 2, 6])\n3", b_mean,
     BUILTIN_OF_ARRAY},
    {"prod(x, axis = none, keepdims = false)", "The product." OVER "\n>>> prod([2, 3, 4])\n24", b_prod,
     BUILTIN_OF_ARRAY},
    {"max(x, axis = none, keepdims = false)",
     "The greatest; NaN if any is. maximum(a, b) is the greater of two." OVER "\n>>> max([1, 5, 3])\n5", b_max,
     BUILTIN_OF_ARRAY},
    {"min(x, axis = none, keepdims = false)",
     "The least; NaN if any is. minimum(a, b) is the lesser of two." OVER "\n>>> min([4, 1, 3])\n1", b_min,
     BUILTIN_OF_ARRAY},
    {"any(x, axis = none, keepdims = false)", "True where one is not 0." OVER "\n>>> any([false, true])\ntrue", b_any,
     BUILTIN_OF_ARRAY},
    {"all(x, axis = none, keepdims = false)", "True where none is 0." OVER "\n>>> all([false, true])\nfalse", b_all,
     BUILTIN_OF_ARRAY},
    {"argmax(x, axis = none, keepdims = false)",
     "The index of the greatest, the first of several; of the flat array unless `axis` is given.\n\n"
     ">>> argmax([1, 5, 3])\n1",
     b_argmax, BUILTIN_OF_ARRAY},
    {"argmin(x, axis = none, keepdims = false)",
     "The index of the least, the first of several; of the flat array unless `axis` is given.\n\n"
     ">>> argmin([4, 1, 3])\n1",
     b_argmin, BUILTIN_OF_ARRAY},
    {"norm(x, axis = none, keepdims = false)",
     "The Euclidean norm, sqrt(sum(x * x)), summed in f64. global_norm(tree) is that of a tree." OVER
     "\n>>> norm([3, 4])\n5",
     b_norm, 0},
    {"logsumexp(x, axis = none, keepdims = false)",
     "log(sum(exp(x))), without overflow." OVER "\n>>> logsumexp([1000, 1000]) - 1000 < 0.7\ntrue", b_logsumexp, 0},
    {"var(x, axis = none, ddof = 0, keepdims = false)",
     "The variance: mean((x - mean(x)) ** 2), divided by the count less `ddof`." OVER "\n>>> var([1, 3])\n1", b_var,
     BUILTIN_OF_ARRAY},
    {"std(x, axis = none, ddof = 0, keepdims = false)",
     "The standard deviation: sqrt(var(x, axis, ddof))." OVER "\n>>> std([1, 3])\n1", b_std, BUILTIN_OF_ARRAY},
    {"softmax(x, axis = -1)",
     "exp(x) / sum(exp(x)) along an axis, without overflow.\n\n>>> softmax([0, 0])\n[0.5, 0.5]", b_softmax, 0},
    {"log_softmax(x, axis = -1)", "x - logsumexp(x) along an axis.\n\n>>> log_softmax([0, 0]) + log(2)\n[0., 0.]",
     b_log_softmax, 0},
    {"cumsum(x, axis = none)",
     "The sum of all elements up to each; of the flat array unless `axis` is given.\n\n>>> cumsum([1, 2, 3])\n[1., 3., "
     "6.]",
     b_cumsum, BUILTIN_OF_ARRAY},
    {"sort(x, axis = -1)",
     "An array in ascending order along an axis, NaN last. sorted(xs) sorts lists.\n\n>>> sort([3, 1, 2])\n[1., 2., "
     "3.]",
     b_sort, 0},
    {"argsort(x, axis = -1)",
     "The indices that sort an array along an axis; equal ones keep their order.\n\n>>> argsort([3, 1, 2])\n[1, 2, 0]",
     b_argsort, 0},
    {"take(x, indices, axis = none)",
     "The items that whole numbers name along an axis, or of the flat array.\n\n>>> take([10, 20, 30], [2, 0])\n[30., "
     "10.]",
     b_take, BUILTIN_OF_ARRAY},
    {"take_along_axis(x, indices, axis)",
     "For each place along `axis` the item that `indices` names there.\n\n"
     ">>> take_along_axis([[1, 2], [3, 4]], [[1], [0]], 1)\n[[2.],\n [3.]]",
     b_take_along_axis, 0},
    {"one_hot(x, num_classes, dtype = \"f32\")",
     "For each whole number in x a new last axis of `num_classes`: 1 there, else 0 (all 0 where x is out of range).\n\n"
     ">>> one_hot([0, 2], 3)\n[[1., 0., 0.],\n [0., 0., 1.]]",
     b_one_hot, 0},
    {"matmul(x, y)", "The matrix product x @ y, over leading axes too.\n\n>>> matmul([[1, 2]], [[3], [4]])\n[[11.]]",
     b_matmul, 0},
    {"dot(x, y)", "The inner product of vectors, the product of matrices, as NumPy's.\n\n>>> dot([1, 2], [3, 4])\n11",
     b_dot, 0},
    {"vdot(x, y)", "sum(x * y) of two arrays of one shape.\n\n>>> vdot([[1], [2]], [[3], [4]])\n11", b_vdot, 0},
    {"outer(x, y)", "The matrix x[i] * y[j] of two vectors.\n\n>>> outer([1, 2], [3, 4])\n[[3., 4.],\n [6., 8.]]",
     b_outer, 0},
    {"inv(a)", "The inverse of a square matrix.\n\n>>> inv([[2, 0], [0, 4]])\n[[0.5 , 0.  ],\n [0.  , 0.25]]", b_inv,
     0},
    {"solve(a, b)",
     "The x of a @ x == b, for a square matrix and a vector or matrix.\n\n>>> solve([[2, 0], [0, 4]], [2, 2])\n[1. , "
     "0.5]",
     b_solve, 0},
    {"det(a)", "The determinant of a square matrix.\n\n>>> det([[1, 2], [3, 4]])\n-2", b_det, 0},
    {"cholesky(a)",
     "The lower triangular l of a == l @ transpose(l), for a symmetric positive definite matrix.\n\n"
     ">>> cholesky([[4, 0], [0, 9]])\n[[2., 0.],\n [0., 3.]]",
     b_cholesky, 0},
    {"qr(a)",
     "[q, r]: q with orthonormal columns, r upper triangular, a == q @ r; reduced.\n\n"
     ">>> q, r = qr([[3, 1], [4, 2]])\n>>> shape(q)\n[2, 2]",
     b_qr, 0},
    {"svd(a)",
     "[u, s, vt] with a == (u * s) @ vt, singular values s descending; reduced.\n\n"
     ">>> svd([[3, 0], [0, 4]])[1]\n[4., 3.]",
     b_svd, 0},
    {"eigh(a)",
     "[w, v]: the eigenvalues of a symmetric matrix, ascending, and its eigenvectors as columns.\n\n"
     ">>> eigh([[3, 0], [0, 4]])[0]\n[3., 4.]",
     b_eigh, 0},
};

const BuiltinTable optic_b_reduce = BUILTIN_TABLE(rows);
