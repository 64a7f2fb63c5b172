/* b_random.c: random numbers as JAX has them: keys, and what is drawn from them. Names and the order of arguments are
 * those of jax.random.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>

#include "tile/rng.h"
#include "vm/builtins.h"

static const int64_t MOST = (int64_t)1 << 53;

static RngKey rng_key(uint64_t key)
{
  return (RngKey){{(uint32_t)(key >> 32), (uint32_t)key}};
}

static Value key_value(RngKey key)
{
  return (Value){.tag = V_KEY, .key = (uint64_t)key.at[0] << 32 | key.at[1]};
}

static bool key_arg(Vm *vm, const Value *arg, const char *what, RngKey *out)
{
  uint64_t key;
  if (!optic_arg_key(vm, arg, what, &key)) {
    return false;
  }
  *out = rng_key(key);
  return true;
}

/* An array to draw into; charged for. */
static Array *blank(Vm *vm, Dtype dtype, const Shape *shape)
{
  Core *core = optic_vm_core(vm);
  Array *a = optic_array_new(core, dtype, shape);
  if (a && !optic_charge(core, a->count / 16)) {
    optic_array_drop(core, a);
    return NULL;
  }
  return a;
}

/* ---- keys ------------------------------------------------------------------------------------------------------ */
static bool b_key(Vm *vm, Value *args, Value *result)
{
  int64_t seed;
  if (!optic_arg_int(vm, &args[0], "key: seed", -MOST, MOST, &seed)) {
    return false;
  }
  *result = key_value(optic_rng_key(seed < 0 ? (uint32_t)(uint64_t)seed : (uint64_t)seed));
  return true;
}

static bool push_key(Vm *vm, List *list, RngKey key)
{
  return optic_list_push(vm, list, key_value(key));
}

static bool split_key(Vm *vm, RngKey key, const Value *num, Value *result)
{
  int64_t n = 2;
  if (optic_given(*num) && !optic_arg_int(vm, num, "split: num", 0, INT32_MAX, &n)) {
    return false;
  }
  List *list = optic_charge(optic_vm_core(vm), (uint64_t)n / 16) ? optic_list_new(vm, (size_t)n) : NULL;
  bool ok = list != NULL;
  for (int64_t i = 0; ok && i < n; i++) {
    ok = push_key(vm, list, optic_rng_split(key, (uint64_t)i));
  }
  Value v = {.tag = V_LIST, .list = list};
  if (ok) {
    *result = v;
  } else if (list) {
    optic_drop(vm, v);
  }
  return ok;
}

/* Rows [from, to) along an axis, as a new item of the list. */
static bool push_part(Vm *vm, List *list, Array *x, int64_t axis, int64_t from, int64_t to)
{
  Attr attr = {.shape = x->shape};
  for (uint32_t i = 0; i < x->shape.rank; i++) {
    attr.step[i] = 1;
  }
  attr.start[axis] = from;
  attr.shape.at[axis] = to > from ? to - from : 0;
  Array *part = optic_apply1(optic_vm_core(vm), G_slice, x, &attr);
  return part && optic_list_push(vm, list, optic_array_value(part));
}

static bool split_array(Vm *vm, Array *x, const Value *args, Value *result)
{
  int64_t axis, rank = x->shape.rank, sections = 0;
  Shape cuts = {0};
  if (rank == 0) {
    return optic_fail(optic_vm_fault(vm), D_shape, "split: an array without axes has no parts");
  }
  if (!optic_arg_int(vm, &args[2], "split: axis", -rank, rank - 1, &axis)) {
    return false;
  }
  axis += axis < 0 ? rank : 0;
  int64_t n = x->shape.at[axis];
  bool by_index = args[1].tag == V_LIST;
  if (by_index ? !optic_arg_shape(vm, &args[1], "split: num", &cuts)
               : !optic_arg_int(vm, &args[1], "split: num", 1, INT32_MAX, &sections)) {
    return false;
  }
  if (!by_index && n % sections) {
    return optic_fail(optic_vm_fault(vm), D_shape, "split: %" PRId64 " items do not make %" PRId64 " equal parts", n,
                      sections);
  }
  int64_t parts = by_index ? (int64_t)cuts.rank + 1 : sections, from = 0;
  List *list = optic_list_new(vm, (size_t)parts);
  bool ok = list != NULL;
  for (int64_t i = 0; ok && i < parts; i++) {
    int64_t to = by_index ? i < (int64_t)cuts.rank ? cuts.at[i] : n : from + n / sections;
    to = to < 0 ? to + n : to;
    to = to < 0 ? 0 : to > n ? n : to;
    ok = push_part(vm, list, x, axis, from, to);
    from = to;
  }
  Value v = {.tag = V_LIST, .list = list};
  if (ok) {
    *result = v;
  } else if (list) {
    optic_drop(vm, v);
  }
  return ok;
}

static bool b_split(Vm *vm, Value *args, Value *result)
{
  if (args[0].tag == V_STRING) {
    return optic_split_text(vm, args[0].string, optic_given(args[3]) ? &args[3] : &args[1], result);
  }
  if (args[0].tag == V_ARRAY) {
    return split_array(vm, args[0].array, args, result);
  }
  RngKey key;
  return key_arg(vm, &args[0], "split: key", &key) && split_key(vm, key, &args[1], result);
}

static bool b_fold_in(Vm *vm, Value *args, Value *result)
{
  RngKey key;
  int64_t data;
  if (!key_arg(vm, &args[0], "fold_in: key", &key) ||
      !optic_arg_int(vm, &args[1], "fold_in: data", INT32_MIN, UINT32_MAX, &data)) {
    return false;
  }
  *result = key_value(optic_rng_fold_in(key, (uint32_t)data));
  return true;
}

static bool b_key_data(Vm *vm, Value *args, Value *result)
{
  RngKey key;
  if (!key_arg(vm, &args[0], "key_data: key", &key)) {
    return false;
  }
  List *list = optic_list_new(vm, 2);
  Value v = {.tag = V_LIST, .list = list};
  if (!list || !optic_list_push(vm, list, optic_number(key.at[0])) ||
      !optic_list_push(vm, list, optic_number(key.at[1]))) {
    if (list) {
      optic_drop(vm, v);
    }
    return false;
  }
  *result = v;
  return true;
}

static bool b_wrap_key_data(Vm *vm, Value *args, Value *result)
{
  Array *words;
  if (!optic_arg_numbers(vm, &args[0], "wrap_key_data: data", &words)) {
    return false;
  }
  double high = words->count == 2 ? optic_array_get(words, 0) : -1,
         low = words->count == 2 ? optic_array_get(words, 1) : -1;
  optic_array_drop(optic_vm_core(vm), words);
  if (!(high >= 0 && high <= UINT32_MAX && high == floor(high) && low >= 0 && low <= UINT32_MAX && low == floor(low))) {
    return optic_fail(optic_vm_fault(vm), D_value, "wrap_key_data: a key is two whole numbers from 0 to 2 ** 32 - 1");
  }
  *result = key_value((RngKey){{(uint32_t)high, (uint32_t)low}});
  return true;
}

/* ---- draws ----------------------------------------------------------------------------------------------------- */
static bool b_bits(Vm *vm, Value *args, Value *result)
{
  enum { SOME = 256 };
  RngKey key;
  Shape shape;
  if (!key_arg(vm, &args[0], "bits: key", &key) || !optic_arg_shape(vm, &args[1], "bits: shape", &shape)) {
    return false;
  }
  Array *a = blank(vm, DT_F64, &shape);
  for (size_t i = 0; a && i < a->count; i += SOME) {
    uint32_t words[SOME];
    size_t n = a->count - i < SOME ? a->count - i : SOME;
    optic_rng_bits32(key, i, n, words);
    for (size_t k = 0; k < n; k++) {
      ((double *)a->data)[i + k] = words[k];
    }
  }
  return optic_yield(a, result);
}

/* A float as f16 or bf16 holds it. */
static float halved(Dtype t, float x)
{
  return t == DT_BF16 ? optic_bf16_to_f32(optic_f32_to_bf16(x)) : optic_f16_to_f32(optic_f32_to_f16(x));
}

/* The half of least magnitude above 0 below which 1 is its own neighbour: the step towards 0 from 1. */
static float step_below_one(Dtype t)
{
  return t == DT_BF16 ? 0x1p-8f : 0x1p-11f;
}

/* jax.random.uniform in 16 bits: as many random bits as the mantissa has, every operation rounded. */
static float uniform_half(Dtype t, uint32_t bits, float low, float high)
{
  float unit = t == DT_BF16 ? (float)((bits & 0xff) >> 1) * 0x1p-7f : (float)((bits & 0xffff) >> 6) * 0x1p-10f;
  float x = halved(t, halved(t, unit * halved(t, high - low)) + low);
  return x < low ? low : x;
}

typedef enum Draw { UNIFORM, NORMAL, TRUNCATED } Draw;

static void draw_half(RngKey key, Draw what, double low, double high, Array *a)
{
  Dtype t = (Dtype)a->dtype;
  float root2 = halved(t, 1.41421356f), from = halved(t, (float)low), to = halved(t, (float)high);
  if (what == NORMAL) {
    from = -1 + step_below_one(t);
    to = 1;
  } else if (what == TRUNCATED) {
    double edges[2] = {(double)halved(t, from / root2), (double)halved(t, to / root2)};
    from = halved(t, (float)optic_op_scalar(G_erf, &edges[0]));
    to = halved(t, (float)optic_op_scalar(G_erf, &edges[1]));
  }
  for (size_t i = 0; i < a->count; i++) {
    uint32_t bits;
    optic_rng_bits32(key, i, 1, &bits);
    double x = (double)uniform_half(t, bits, from, to);
    if (what != UNIFORM) {
      x = (double)halved(t, root2 * halved(t, (float)optic_op_scalar(G_erfinv, &x)));
    }
    if (what == TRUNCATED) {
      x = x < low ? low : x > high ? high : x;
    }
    optic_array_set(a, i, x);
  }
}

static bool draw(Vm *vm, RngKey key, Draw what, const Value *shape_arg, const Value *dtype_arg, const char *function,
                 double low, double high, Value *result)
{
  char shape_name[64], dtype_name[64];
  Shape shape;
  Dtype dtype;
  optic_format(shape_name, sizeof shape_name, "%s: shape", function);
  optic_format(dtype_name, sizeof dtype_name, "%s: dtype", function);
  if (!optic_arg_shape(vm, shape_arg, shape_name, &shape) || !optic_arg_dtype(vm, dtype_arg, dtype_name, &dtype)) {
    return false;
  }
  if (!optic_dtype_is_float(dtype)) {
    optic_fail(optic_vm_fault(vm), D_dtype, "%s: `dtype` must be one of f32, f64, bf16, f16, and is %s", function,
               optic_dtype_name(dtype));
    return optic_fail_hint(optic_vm_fault(vm), "randint(key, shape, minval, maxval) draws whole numbers");
  }
  Array *a = blank(vm, dtype, &shape);
  if (!a) {
    return false;
  }
  if (dtype == DT_F32) {
    float *out = a->data;
    if (what == UNIFORM) {
      optic_rng_uniform_f32(key, a->count, (float)low, (float)high, out);
    } else if (what == NORMAL) {
      optic_rng_normal_f32(key, a->count, out);
    } else {
      optic_rng_truncated_normal_f32(key, a->count, (float)low, (float)high, out);
    }
  } else if (dtype == DT_F64) {
    double *out = a->data;
    if (what == UNIFORM) {
      optic_rng_uniform_f64(key, a->count, low, high, out);
    } else if (what == NORMAL) {
      optic_rng_normal_f64(key, a->count, out);
    } else {
      optic_rng_truncated_normal_f64(key, a->count, low, high, out);
    }
  } else {
    draw_half(key, what, low, high, a);
  }
  return optic_yield(a, result);
}

static bool b_uniform(Vm *vm, Value *args, Value *result)
{
  RngKey key;
  double low, high;
  return key_arg(vm, &args[0], "uniform: key", &key) && optic_arg_number(vm, &args[3], "uniform: minval", &low) &&
         optic_arg_number(vm, &args[4], "uniform: maxval", &high) &&
         draw(vm, key, UNIFORM, &args[1], &args[2], "uniform", low, high, result);
}

static bool b_normal(Vm *vm, Value *args, Value *result)
{
  RngKey key;
  return key_arg(vm, &args[0], "normal: key", &key) &&
         draw(vm, key, NORMAL, &args[1], &args[2], "normal", 0, 1, result);
}

static bool b_truncated_normal(Vm *vm, Value *args, Value *result)
{
  RngKey key;
  double low, high;
  return key_arg(vm, &args[0], "truncated_normal: key", &key) &&
         optic_arg_number(vm, &args[1], "truncated_normal: lower", &low) &&
         optic_arg_number(vm, &args[2], "truncated_normal: upper", &high) &&
         draw(vm, key, TRUNCATED, &args[3], &args[4], "truncated_normal", low, high, result);
}

static bool b_randint(Vm *vm, Value *args, Value *result)
{
  RngKey key;
  Shape shape;
  int64_t low, high;
  Dtype dtype;
  if (!key_arg(vm, &args[0], "randint: key", &key) || !optic_arg_shape(vm, &args[1], "randint: shape", &shape) ||
      !optic_arg_int(vm, &args[2], "randint: minval", -MOST, MOST, &low) ||
      !optic_arg_int(vm, &args[3], "randint: maxval", -MOST, MOST, &high) ||
      !optic_arg_dtype(vm, &args[4], "randint: dtype", &dtype)) {
    return false;
  }
  if (dtype != DT_I32 && dtype != DT_U8) {
    return optic_fail(optic_vm_fault(vm), D_dtype, "randint: `dtype` must be i32 or u8, and is %s",
                      optic_dtype_name(dtype));
  }
  Array *a = blank(vm, dtype, &shape);
  if (a && dtype == DT_I32) {
    optic_rng_randint_i32(key, a->count, low, high, a->data);
  } else if (a) {
    optic_rng_randint_u8(key, a->count, low, high, a->data);
  }
  return optic_yield(a, result);
}

static bool b_bernoulli(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  RngKey key;
  Array *p;
  Shape shape;
  if (!key_arg(vm, &args[0], "bernoulli: key", &key)) {
    return false;
  }
  if (optic_given(args[2]) && !optic_arg_shape(vm, &args[2], "bernoulli: shape", &shape)) {
    return false;
  }
  if (!optic_arg_array(vm, &args[1], "bernoulli: p", &p)) {
    return false;
  }
  if (!optic_given(args[2])) {
    shape = p->shape;
  }
  Array *a = blank(vm, p->shape.rank ? DT_F32 : DT_BOOL, &shape);
  if (a && p->shape.rank == 0) {
    optic_rng_bernoulli(key, a->count, (float)optic_array_get(p, 0), a->data);
  } else if (a) {
    optic_rng_uniform_f32(key, a->count, 0, 1, a->data);
    Array *below = optic_apply2(core, G_lt, a, p, NULL);
    optic_array_drop(core, a);
    a = below;
  }
  optic_array_drop(core, p);
  return optic_yield(a, result);
}

/* The indices 0 .. n - 1 in random order. */
static Array *shuffled(Vm *vm, RngKey key, int64_t n)
{
  Core *core = optic_vm_core(vm);
  size_t bytes;
  Array *a = blank(vm, DT_I32, &(Shape){.rank = 1, .at = {n}});
  if (!a || n == 0) {
    return a;
  }
  uint64_t *scratch = NULL;
  if (!optic_size_mul(a->count, 2 * sizeof *scratch, &bytes)) {
    optic_fail_oom(&core->fault);
  } else {
    scratch = optic_core_alloc(core, bytes);
  }
  if (!scratch) {
    optic_array_drop(core, a);
    return NULL;
  }
  optic_rng_permutation(key, a->count, a->data, scratch);
  optic_free(&core->alloc, scratch, bytes);
  return a;
}

static bool b_permutation(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  RngKey key;
  Value x = args[1];
  int64_t n, axis = 0;
  if (!key_arg(vm, &args[0], "permutation: key", &key)) {
    return false;
  }
  if (x.tag == V_LIST) {
    n = (int64_t)x.list->size;
  } else if (x.tag == V_ARRAY && x.array->shape.rank > 0) {
    int64_t rank = x.array->shape.rank;
    if (!optic_arg_int(vm, &args[2], "permutation: axis", -rank, rank - 1, &axis)) {
      return false;
    }
    axis += axis < 0 ? rank : 0;
    n = x.array->shape.at[axis];
  } else if (!optic_arg_int(vm, &args[1], "permutation: x", 0, INT32_MAX, &n)) {
    return false;
  }
  if (n > INT32_MAX) {
    return optic_fail(optic_vm_fault(vm), D_too_large, "permutation: %" PRId64 " items are too many", n);
  }
  Array *order = shuffled(vm, key, n);
  if (!order || (x.tag != V_LIST && !(x.tag == V_ARRAY && x.array->shape.rank))) {
    return optic_yield(order, result);
  }
  if (x.tag == V_ARRAY) {
    Array *a = optic_apply2(core, G_take, x.array, order, &(Attr){.axis = axis});
    optic_array_drop(core, order);
    return optic_yield(a, result);
  }
  List *list = optic_list_new(vm, x.list->size);
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < x.list->size; i++) {
    ok = optic_list_push(vm, list, optic_keep(x.list->at[((const int32_t *)order->data)[i]]));
  }
  optic_array_drop(core, order);
  Value v = {.tag = V_LIST, .list = list};
  if (ok) {
    *result = v;
  } else if (list) {
    optic_drop(vm, v);
  }
  return ok;
}

static const Builtin rows[] = {
    {"key(seed)",
     "A key for random numbers: what is drawn depends on the key alone. As jax.random.key (threefry2x32).\n\n"
     ">>> key(42)\nkey(0x00000000, 0x0000002a)",
     b_key, 0},
    {"split(x, num = none, axis = 0, sep = none)",
     "Parts: `num` new keys of a key (2 unless given); an array's `num` equal parts along `axis`, or those between a\n"
     "list of indices; a string's parts between separators, or white space.\n\n"
     ">>> a, b = split(key(0))\n>>> a == b\nfalse\n>>> split(\"a b\")\n[\"a\", \"b\"]",
     b_split, 0},
    {"fold_in(key, data)",
     "A new key from a key and a whole number.\n\n>>> fold_in(key(0), 1) == fold_in(key(0), 2)\nfalse", b_fold_in, 0},
    {"key_data(key)", "The two words of a key.\n\n>>> key_data(key(7))\n[0, 7]", b_key_data, 0},
    {"wrap_key_data(data)", "The key of these two words.\n\n>>> wrap_key_data([0, 7]) == key(7)\ntrue", b_wrap_key_data,
     0},
    {"bits(key, shape = none)",
     "Random 32-bit words: whole numbers from 0 to 2 ** 32 - 1, in f64, which holds them.\n\n"
     ">>> bits(key(0), 2).shape\n[2]",
     b_bits, 0},
    {"uniform(key, shape = none, dtype = \"f32\", minval = 0, maxval = 1)",
     "Evenly distributed numbers in [minval, maxval).\n\n>>> all(uniform(key(0), [100]) < 1)\ntrue", b_uniform, 0},
    {"normal(key, shape = none, dtype = \"f32\")",
     "Normally distributed numbers of mean 0 and variance 1.\n\n>>> normal(key(0), [2, 3]).shape\n[2, 3]", b_normal, 0},
    {"truncated_normal(key, lower, upper, shape = none, dtype = \"f32\")",
     "Normally distributed numbers that lie between `lower` and `upper`.\n\n"
     ">>> max(truncated_normal(key(0), -2, 2, [100])) < 2\ntrue",
     b_truncated_normal, 0},
    {"randint(key, shape, minval, maxval, dtype = \"i32\")",
     "Whole numbers in [minval, maxval).\n\n>>> all(randint(key(0), [100], 3, 5) >= 3)\ntrue", b_randint, 0},
    {"bernoulli(key, p = 0.5, shape = none)",
     "True with probability p (an array of probabilities gives its shape).\n\n>>> any(bernoulli(key(0), 0.0, "
     "[9]))\nfalse",
     b_bernoulli, 0},
    {"permutation(key, x, axis = 0)",
     "The numbers below x in random order, or an array along an axis, or a list.\n\n"
     ">>> sort(permutation(key(0), 4))\n[0, 1, 2, 3]",
     b_permutation, 0},
};

const BuiltinTable optic_b_random = BUILTIN_TABLE(rows);
