/* b_array.c: making arrays, also over trees, and asking about them. Names and defaults are NumPy's.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "vm/builtins.h"

static const int64_t MOST = (int64_t)1 << 53;

/* Moves `a`. */
static bool yield_as(Vm *vm, Array *a, Dtype dtype, Value *result)
{
  if (a && (a->dtype != dtype || a->weak)) {
    Array *cast = optic_apply1(optic_vm_core(vm), G_astype, a, &(Attr){.dtype = dtype});
    optic_array_drop(optic_vm_core(vm), a);
    a = cast;
  }
  return optic_yield(a, result);
}

/* ---- making -------------------------------------------------------------------------------------------------- */
/* All elements `x`. */
static Array *filled(Vm *vm, Dtype dtype, const Shape *shape, double x)
{
  Core *core = optic_vm_core(vm);
  if (x == 0 && !signbit(x)) {
    return optic_array_zeros(core, dtype, shape);
  }
  Array *a = optic_array_new(core, dtype, shape);
  if (a && a->count) {
    size_t each = optic_dtype_size(dtype), whole = a->count * each;
    optic_array_set(a, 0, x);
    for (size_t done = each; done < whole; done *= 2) {
      memcpy((char *)a->data + done, a->data, done < whole - done ? done : whole - done);
    }
  }
  if (a && !optic_charge(core, a->count / 64)) {
    optic_array_drop(core, a);
    return NULL;
  }
  return a;
}

static bool make(Vm *vm, const Value *args, const char *shape_name, const char *dtype_name, double x, Value *result)
{
  Shape shape;
  Dtype dtype;
  return optic_arg_shape(vm, &args[0], shape_name, &shape) && optic_arg_dtype(vm, &args[1], dtype_name, &dtype) &&
         optic_yield(filled(vm, dtype, &shape, x), result);
}

static bool b_zeros(Vm *vm, Value *args, Value *result)
{
  return make(vm, args, "zeros: shape", "zeros: dtype", 0, result);
}

static bool b_ones(Vm *vm, Value *args, Value *result)
{
  return make(vm, args, "ones: shape", "ones: dtype", 1, result);
}

static bool b_full(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  Shape shape;
  Array *value;
  Dtype dtype;
  if (!optic_arg_shape(vm, &args[0], "full: shape", &shape) || !optic_arg_array(vm, &args[1], "full: value", &value)) {
    return false;
  }
  dtype = value->weak ? DT_F32 : (Dtype)value->dtype;
  if (optic_given(args[2]) && !optic_arg_dtype(vm, &args[2], "full: dtype", &dtype)) {
    optic_array_drop(core, value);
    return false;
  }
  Array *a = optic_apply1(core, G_broadcast_to, value, &(Attr){.shape = shape});
  optic_array_drop(core, value);
  return yield_as(vm, a, dtype, result);
}

static bool b_array(Vm *vm, Value *args, Value *result)
{
  Array *a;
  Dtype dtype;
  if (optic_given(args[1]) && !optic_arg_dtype(vm, &args[1], "array: dtype", &dtype)) {
    return false;
  }
  /* With a dtype numbers go there at once, not by way of f32. */
  if (!(optic_given(args[1]) ? optic_arg_numbers : optic_arg_array)(vm, &args[0], "array: x", &a)) {
    return false;
  }
  if (!optic_given(args[1])) {
    dtype = a->weak ? DT_F32 : (Dtype)a->dtype;
  }
  return yield_as(vm, a, dtype, result);
}

static bool b_arange(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  double start = 0, stop, step;
  Dtype dtype;
  if (!optic_arg_number(vm, &args[0], "arange: start", &stop) ||
      !optic_arg_number(vm, &args[2], "arange: step", &step)) {
    return false;
  }
  if (optic_given(args[1])) {
    start = stop;
    if (!optic_arg_number(vm, &args[1], "arange: stop", &stop)) {
      return false;
    }
  }
  dtype = start == floor(start) && stop == floor(stop) && step == floor(step) ? DT_I32 : DT_F32;
  if (optic_given(args[3]) && !optic_arg_dtype(vm, &args[3], "arange: dtype", &dtype)) {
    return false;
  }
  double count = ceil((stop - start) / step);
  if (!isfinite(count) || step == 0) {
    return optic_fail(optic_vm_fault(vm), D_value, "arange: from %g to %g in steps of %g has no end", start, stop,
                      step);
  }
  if (count > 0x1p53) {
    return optic_fail(optic_vm_fault(vm), D_too_large, "arange: %.3g numbers are too many", count);
  }
  Array *a = optic_array_new(core, dtype, &(Shape){.rank = 1, .at = {count > 0 ? (int64_t)count : 0}});
  if (!a || !optic_charge(core, a->count / 64)) {
    optic_array_drop(core, a);
    return false;
  }
  for (size_t i = 0; i < a->count; i++) {
    optic_array_set(a, i, start + (double)i * step);
  }
  return optic_yield(a, result);
}

static bool b_linspace(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  double start, stop;
  int64_t num;
  bool endpoint;
  Dtype dtype;
  if (!optic_arg_number(vm, &args[0], "linspace: start", &start) ||
      !optic_arg_number(vm, &args[1], "linspace: stop", &stop) ||
      !optic_arg_int(vm, &args[2], "linspace: num", 0, MOST, &num) ||
      !optic_arg_bool(vm, &args[3], "linspace: endpoint", &endpoint) ||
      !optic_arg_dtype(vm, &args[4], "linspace: dtype", &dtype)) {
    return false;
  }
  Array *a = optic_array_new(core, dtype, &(Shape){.rank = 1, .at = {num}});
  if (!a || !optic_charge(core, a->count / 64)) {
    optic_array_drop(core, a);
    return false;
  }
  double parts = (double)(endpoint ? num - 1 : num);
  for (size_t i = 0; i < a->count; i++) {
    double t = parts > 0 ? (double)i / parts : 0;
    optic_array_set(a, i, start * (1 - t) + stop * t);
  }
  return optic_yield(a, result);
}

static bool b_eye(Vm *vm, Value *args, Value *result)
{
  Attr attr = {.shape = {.rank = 2}};
  if (!optic_arg_int(vm, &args[0], "eye: n", 0, MOST, &attr.shape.at[0]) ||
      !optic_arg_int(vm, &args[optic_given(args[1]) ? 1 : 0], "eye: m", 0, MOST, &attr.shape.at[1]) ||
      !optic_arg_int(vm, &args[2], "eye: k", -MOST, MOST, &attr.n) ||
      !optic_arg_dtype(vm, &args[3], "eye: dtype", &attr.dtype)) {
    return false;
  }
  return optic_yield(optic_apply(optic_vm_core(vm), G_eye, NULL, 0, &attr, 0), result);
}

/* ---- over trees ------------------------------------------------------------------------------------------------ */
typedef struct Like {
  const char *name;
  Value value; /* borrowed */
  bool has_dtype;
  Dtype dtype;
} Like;

static bool like_leaf(void *user, Vm *vm, const char *path, size_t path_size, const Value *leaves, size_t count,
                      Value *out)
{
  const Like *like = user;
  Value leaf = leaves[0];
  (void)path, (void)path_size, (void)count;
  if (leaf.tag == V_NUMBER || (leaf.tag == V_BOOL && !like->has_dtype)) {
    if (like->has_dtype) {
      double x;
      return optic_arg_number(vm, &like->value, "value", &x) &&
             optic_yield(filled(vm, like->dtype, &(Shape){.rank = 0}, x), out);
    }
    if (leaf.tag == V_NUMBER) {
      *out = optic_keep(like->value);
      return true;
    }
    bool truth;
    if (!optic_truth(vm, like->value, &truth)) {
      return false;
    }
    *out = optic_bool(truth);
    return true;
  }
  if (leaf.tag != V_ARRAY) {
    return optic_fail(optic_vm_fault(vm), D_type, "%s: %s is no array", like->name, optic_type_noun(vm, leaf));
  }
  Dtype dtype = like->has_dtype ? like->dtype : (Dtype)leaf.array->dtype;
  if (like->value.tag == V_NUMBER || like->value.tag == V_BOOL) {
    double x = 0;
    optic_arg_number(vm, &like->value, "value", &x);
    Array *a = filled(vm, dtype, &leaf.array->shape, x);
    if (a) {
      a->weak = leaf.array->weak && !like->has_dtype;
    }
    return optic_yield(a, out);
  }
  Array *value;
  if (!optic_arg_array(vm, &like->value, "full_like: value", &value)) {
    return false;
  }
  Array *a = optic_apply1(optic_vm_core(vm), G_broadcast_to, value, &(Attr){.shape = leaf.array->shape});
  optic_array_drop(optic_vm_core(vm), value);
  return yield_as(vm, a, dtype, out);
}

static bool make_like(Vm *vm, const char *name, Value tree, Value value, const Value *dtype, const char *dtype_name,
                      Value *result)
{
  Like like = {.name = name, .value = value, .has_dtype = optic_given(*dtype)};
  return (!like.has_dtype || optic_arg_dtype(vm, dtype, dtype_name, &like.dtype)) &&
         optic_tree_map(vm, &tree, 1, like_leaf, &like, result);
}

static bool b_zeros_like(Vm *vm, Value *args, Value *result)
{
  return make_like(vm, "zeros_like", args[0], optic_number(0), &args[1], "zeros_like: dtype", result);
}

static bool b_ones_like(Vm *vm, Value *args, Value *result)
{
  return make_like(vm, "ones_like", args[0], optic_number(1), &args[1], "ones_like: dtype", result);
}

static bool b_full_like(Vm *vm, Value *args, Value *result)
{
  return make_like(vm, "full_like", args[0], args[1], &args[2], "full_like: dtype", result);
}

static bool astype_leaf(void *user, Vm *vm, const char *path, size_t path_size, const Value *leaves, size_t count,
                        Value *out)
{
  Array *x;
  (void)path, (void)path_size, (void)count;
  if (leaves[0].tag != V_ARRAY && leaves[0].tag != V_NUMBER && leaves[0].tag != V_BOOL) {
    return optic_fail(optic_vm_fault(vm), D_type, "astype: %s is no array", optic_type_noun(vm, leaves[0]));
  }
  return (x = optic_to_array(vm, leaves[0])) && yield_as(vm, x, *(const Dtype *)user, out);
}

static bool b_astype(Vm *vm, Value *args, Value *result)
{
  Dtype dtype;
  return optic_arg_dtype(vm, &args[1], "astype: dtype", &dtype) &&
         optic_tree_map(vm, &args[0], 1, astype_leaf, &dtype, result);
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */
static bool b_shape(Vm *vm, Value *args, Value *result)
{
  Array *x;
  if (!optic_arg_array(vm, &args[0], "shape: x", &x)) {
    return false;
  }
  List *list = optic_list_new(vm, x->shape.rank);
  bool ok = list != NULL;
  for (uint32_t i = 0; ok && i < x->shape.rank; i++) {
    ok = optic_list_push(vm, list, optic_number((double)x->shape.at[i]));
  }
  optic_array_drop(optic_vm_core(vm), x);
  Value v = {.tag = V_LIST, .list = list};
  if (!ok && list) {
    optic_drop(vm, v);
  }
  *result = ok ? v : *result;
  return ok;
}

static bool b_size(Vm *vm, Value *args, Value *result)
{
  Array *x;
  if (!optic_arg_array(vm, &args[0], "size: x", &x)) {
    return false;
  }
  *result = optic_number((double)x->count);
  optic_array_drop(optic_vm_core(vm), x);
  return true;
}

static const Builtin rows[] = {
    {"array(x, dtype = none)",
     "An array of nested lists of numbers or booleans, of a number, or of an array.\n\n"
     "Numbers become f32 and booleans bool unless `dtype` says otherwise.\n\n"
     ">>> array([[1, 2], [3, 4]]) * 0.5\n[[0.5, 1. ],\n [1.5, 2. ]]",
     b_array, 0},
    {"zeros(shape, dtype = \"f32\")", "An array of zeros. A shape is a number or a list.\n\n>>> zeros(3)\n[0., 0., 0.]",
     b_zeros, 0},
    {"ones(shape, dtype = \"f32\")", "An array of ones.\n\n>>> ones([2, 2])\n[[1., 1.],\n [1., 1.]]", b_ones, 0},
    {"full(shape, value, dtype = none)",
     "An array whose elements all are `value`; a number gives f32 unless `dtype` says otherwise.\n\n"
     ">>> full(2, 7)\n[7., 7.]",
     b_full, 0},
    {"zeros_like(tree, dtype = none)",
     "A tree (or array) of zeros with the shapes and dtypes of `tree`; numbers give 0.\n\n"
     ">>> zeros_like({a: 3, b: ones(2)})\n{a: 0, b: f32[2] [0, 0]}",
     b_zeros_like, 0},
    {"ones_like(tree, dtype = none)",
     "A tree (or array) of ones with the shapes and dtypes of `tree`; numbers give 1.\n\n"
     ">>> ones_like([2, 3])\n[1, 1]",
     b_ones_like, 0},
    {"full_like(tree, value, dtype = none)",
     "A tree (or array) of `value` with the shapes and dtypes of `tree`.\n\n"
     ">>> full_like(zeros(2), 0.5)\n[0.5, 0.5]",
     b_full_like, 0},
    {"arange(start, stop = none, step = 1, dtype = none)",
     "The numbers start, start + step, .. below `stop`; arange(n) begins at 0.\n\n"
     "i32 where all three are whole, else f32.\n\n>>> arange(2, 8, 2)\n[2, 4, 6]",
     b_arange, 0},
    {"linspace(start, stop, num = 50, endpoint = true, dtype = \"f32\")",
     "`num` numbers evenly from `start` to `stop`, which belongs to them unless `endpoint` is false.\n\n"
     ">>> linspace(0, 1, 5)\n[0.  , 0.25, 0.5 , 0.75, 1.  ]",
     b_linspace, 0},
    {"eye(n, m = none, k = 0, dtype = \"f32\")",
     "The n by m matrix (m = n) with ones on the diagonal `k` and zeros elsewhere.\n\n"
     ">>> eye(2)\n[[1., 0.],\n [0., 1.]]",
     b_eye, 0},
    {"astype(x, dtype)",
     "The array, number or tree converted to a dtype: f32, f64, bf16, f16, i32, u8, bool.\n\n"
     "Floats to integers are cut towards 0.\n\n>>> astype(array([1.7, -1.7]), \"i32\")\n[ 1, -1]",
     b_astype, BUILTIN_OF_ARRAY},
    {"shape(x)", "The sizes of an array's axes, as a list; [] for a number.\n\n>>> shape(zeros([3, 4]))\n[3, 4]",
     b_shape, 0},
    {"size(x)", "How many elements an array has.\n\n>>> size(zeros([3, 4]))\n12", b_size, 0},
};

const BuiltinTable optic_b_array = BUILTIN_TABLE(rows);
