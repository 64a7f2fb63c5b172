/* op_test.c: dtypes that meet, broadcasting, donation, refusals, and the values of each operation that is not
 * elementwise.
 * SPDX-License-Identifier: MIT */
#include "graph/kit.h"

static Array *zeros(Core *core, Dtype t, Shape s)
{
  return ok(core, optic_array_zeros(core, t, &s));
}

/* ---- dtypes ------------------------------------------------------------------------------------------------------ */
static void promotion(void **state)
{
  Core *core = &((Kit *)*state)->core;
  /* JAX with 64 bits off, and f64 kept where an operand is. */
  const Dtype add[DT_COUNT][DT_COUNT] = {
      {DT_BOOL, DT_U8, DT_I32, DT_F16, DT_BF16, DT_F32, DT_F64},
      {DT_U8, DT_U8, DT_I32, DT_F16, DT_BF16, DT_F32, DT_F64},
      {DT_I32, DT_I32, DT_I32, DT_F16, DT_BF16, DT_F32, DT_F64},
      {DT_F16, DT_F16, DT_F16, DT_F16, DT_F32, DT_F32, DT_F64},
      {DT_BF16, DT_BF16, DT_BF16, DT_F32, DT_BF16, DT_F32, DT_F64},
      {DT_F32, DT_F32, DT_F32, DT_F32, DT_F32, DT_F32, DT_F64},
      {DT_F64, DT_F64, DT_F64, DT_F64, DT_F64, DT_F64, DT_F64},
  };
  /* with the numbers 1 and 0.5 */
  const Dtype whole[DT_COUNT] = {DT_I32, DT_U8, DT_I32, DT_F16, DT_BF16, DT_F32, DT_F64};
  const Dtype half[DT_COUNT] = {DT_F32, DT_F32, DT_F32, DT_F16, DT_BF16, DT_F32, DT_F64};
  for (int a = 0; a < DT_COUNT; a++) {
    Array *x = ARRAY(core, (Dtype)a, SHAPE_OF(2), 1, 1);
    for (int b = 0; b < DT_COUNT; b++) {
      Array *y = ARRAY(core, (Dtype)b, SHAPE_OF(2), 1, 0);
      Dtype sum = add[a][b], quotient = sum < DT_F16 ? DT_F32 : sum;
      CHECK(core, optic_apply2(core, G_add, x, y, NULL), sum, SHAPE_OF(2), sum == DT_BOOL ? 1 : 2, 1);
      CHECK(core, optic_apply2(core, G_div, y, x, NULL), quotient, SHAPE_OF(2), 1, 0);
      CHECK(core, optic_apply2(core, G_gt, x, y, NULL), DT_BOOL, SHAPE_OF(2), 0, 1);
      optic_array_drop(core, y);
    }
    Array *one = ok(core, optic_array_number(core, 1)), *fraction = ok(core, optic_array_number(core, 0.5));
    CHECK(core, optic_apply2(core, G_mul, one, x, NULL), whole[a], SHAPE_OF(2), 1, 1);
    CHECK(core, optic_apply2(core, G_mul, x, fraction, NULL), half[a], SHAPE_OF(2), 0.5, 0.5);
    Array *root = ok(core, optic_apply1(core, G_sqrt, x, NULL));
    assert_int_equal(root->dtype, half[a]);
    optic_array_drop(core, root);
    Array *sum = ok(core, optic_apply1(core, G_sum, x, NULL)), *mean = ok(core, optic_apply1(core, G_mean, x, NULL));
    CHECK(core, sum, a < DT_I32 ? DT_I32 : (Dtype)a, SCALAR, 2);
    CHECK(core, mean, half[a], SCALAR, 1);
    optic_array_drop(core, one);
    optic_array_drop(core, fraction);
    optic_array_drop(core, x);
  }
}

static void numbers(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Array *a = ok(core, optic_array_number(core, 7)), *b = ok(core, optic_array_number(core, 2));
  Array *q = ok(core, optic_apply2(core, G_div, a, b, NULL));
  assert_true(q->weak); /* numbers among themselves stay numbers */
  CHECK(core, q, DT_F64, SCALAR, 3.5);
  Array *less = ok(core, optic_apply2(core, G_lt, a, b, NULL));
  assert_true(less->weak);
  Array *f = ARRAY(core, DT_BF16, SHAPE_OF(1), 4);
  Array *chosen = use2(core, G_mul, f, ok(core, optic_apply(core, G_where, (Array *[]){less, a, b}, 3, NULL, 0)), NULL);
  CHECK(core, chosen, DT_BF16, SHAPE_OF(1), 8); /* and yield to arrays */
  optic_array_drop(core, less);
  Array *bytes = ARRAY(core, DT_U8, SHAPE_OF(3), 0, 100, 255), *big = ok(core, optic_array_number(core, 300));
  assert_null(optic_apply2(core, G_add, bytes, big, NULL));
  assert_string_equal(core->fault.message, "`add`: 300 does not fit in u8");
  assert_string_equal(core->fault.hint, "convert the array first: astype(x, \"i32\")");
  CHECK(core, optic_apply2(core, G_lt, bytes, big, NULL), DT_BOOL, SHAPE_OF(3), 1, 1, 1);
  CHECK(core, optic_apply2(core, G_div, bytes, big, NULL), DT_F32, SHAPE_OF(3), 0, 1.0 / 3, 0.85);
  CHECK(core, optic_apply2(core, G_add, bytes, b, NULL), DT_U8, SHAPE_OF(3), 2, 102, 1); /* wraps */
  Array *mask = use2(core, G_gt, bytes, ok(core, optic_array_number(core, 50)), NULL);
  CHECK(core, optic_apply(core, G_where, (Array *[]){mask, a, b}, 3, NULL, 0), DT_F32, SHAPE_OF(3), 2, 7, 7);
  optic_array_drop(core, mask);
  optic_array_drop(core, big);
  optic_array_drop(core, a);
  optic_array_drop(core, b);
}

/* ---- broadcasting ------------------------------------------------------------------------------------------------ */
/* Elementwise results against one element at a time, for shapes of all kinds and dtypes that need conversion. */
static void broadcasting(void **state)
{
  Kit *kit = *state;
  Core *core = &kit->core;
  const Shape shapes[][3] = {
      {SHAPE_OF(3, 4), SHAPE_OF(4), SHAPE_OF(3, 4)},
      {SHAPE_OF(3, 1), SHAPE_OF(1, 4), SHAPE_OF(3, 4)},
      {SHAPE_OF(2, 1, 3, 1), SHAPE_OF(5, 1, 4), SHAPE_OF(2, 5, 3, 4)},
      {SCALAR, SHAPE_OF(2, 3), SHAPE_OF(2, 3)},
      {SHAPE_OF(1, 1), SHAPE_OF(3), SHAPE_OF(1, 3)},
      {SHAPE_OF(0, 3), SHAPE_OF(1), SHAPE_OF(0, 3)},
      {SHAPE_OF(2, 700), SHAPE_OF(2, 1), SHAPE_OF(2, 700)},
      {SHAPE_OF(1300), SHAPE_OF(1300), SHAPE_OF(1300)},
      {SHAPE_OF(2, 2, 1, 2, 1, 2, 1, 2), SHAPE_OF(1, 2, 2, 1, 2, 1, 2, 1), SHAPE_OF(2, 2, 2, 2, 2, 2, 2, 2)},
  };
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    for (int ta = 0; ta < DT_COUNT; ta++) {
      for (int tb = 0; tb < DT_COUNT; tb++) {
        Array *a = kit_fill(kit, (Dtype)ta, shapes[s][0], 0, 9), *b = kit_fill(kit, (Dtype)tb, shapes[s][1], 0, 9);
        Array *sum = ok(core, optic_apply2(core, G_add, a, b, NULL));
        Array *more = ok(core, optic_apply2(core, G_ge, a, b, NULL));
        const Shape *out = &shapes[s][2];
        assert_true(optic_shape_equal(&sum->shape, out));
        for (size_t i = 0; i < sum->count; i++) {
          size_t ia = 0, ib = 0, rest = i, step_a = 1, step_b = 1;
          for (uint32_t back = 1; back <= out->rank; back++) {
            size_t at = rest % (size_t)out->at[out->rank - back];
            rest /= (size_t)out->at[out->rank - back];
            int64_t na = back <= a->shape.rank ? a->shape.at[a->shape.rank - back] : 1;
            int64_t nb = back <= b->shape.rank ? b->shape.at[b->shape.rank - back] : 1;
            ia += na == 1 ? 0 : at * step_a;
            ib += nb == 1 ? 0 : at * step_b;
            step_a *= (size_t)na;
            step_b *= (size_t)nb;
          }
          double x = optic_array_get(a, ia), y = optic_array_get(b, ib);
          Array one = *sum; /* the sum, rounded as the result is */
          double room;
          one.data = &room;
          optic_array_set(&one, 0, x + y);
          assert_true(optic_array_get(sum, i) == optic_array_get(&one, 0));
          assert_true(optic_array_get(more, i) == (x >= y));
        }
        optic_array_drop(core, a);
        optic_array_drop(core, b);
        optic_array_drop(core, sum);
        optic_array_drop(core, more);
      }
    }
  }
}

/* ---- donation ---------------------------------------------------------------------------------------------------- */
static void donation(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Array *a = ARRAY(core, DT_F32, SHAPE_OF(3), 1, 2, 3), *b = ARRAY(core, DT_F32, SHAPE_OF(3), 10, 20, 30);
  void *place = a->data;
  Array *sum = ok(core, optic_apply(core, G_add, (Array *[]){a, b}, 2, NULL, 1));
  assert_ptr_equal(sum->data, place); /* nobody else held it */
  optic_array_drop(core, a);
  Array *other = optic_array_keep(sum);
  Array *twice = ok(core, optic_apply(core, G_add, (Array *[]){sum, b}, 2, NULL, 1));
  assert_ptr_not_equal(twice->data, place);
  CHECK(core, other, DT_F32, SHAPE_OF(3), 11, 22, 33);
  optic_array_drop(core, sum);
  Array *rows = ok(core, optic_array_rows(core, twice, 1, 2)); /* shares the memory */
  Array *neg = ok(core, optic_apply(core, G_neg, &twice, 1, NULL, 1));
  CHECK(core, rows, DT_F32, SHAPE_OF(2), 42, 63);
  optic_array_drop(core, twice);
  CHECK(core, neg, DT_F32, SHAPE_OF(3), -21, -42, -63);
  /* not where the result is another size or dtype */
  Array *scalar = ARRAY(core, DT_F32, SCALAR, 1), *wide;
  wide = ok(core, optic_apply(core, G_add, (Array *[]){scalar, b}, 2, NULL, 1));
  CHECK(core, scalar, DT_F32, SCALAR, 1);
  optic_array_drop(core, wide);
  Array *whole = ARRAY(core, DT_I32, SHAPE_OF(3), 4, 9, 16), *root;
  root = ok(core, optic_apply(core, G_sqrt, &whole, 1, NULL, 1));
  CHECK(core, whole, DT_I32, SHAPE_OF(3), 4, 9, 16);
  CHECK(core, root, DT_F32, SHAPE_OF(3), 2, 3, 4);
  /* halves pass through the stack, in place too */
  Array *halves = ARRAY(core, DT_BF16, SHAPE_OF(3), 1, 2, 3);
  place = halves->data;
  Array *doubled = ok(core, optic_apply(core, G_add, (Array *[]){halves, halves}, 2, NULL, 3));
  assert_ptr_equal(doubled->data, place);
  optic_array_drop(core, halves);
  CHECK(core, doubled, DT_BF16, SHAPE_OF(3), 2, 4, 6);
  /* an input that a derivative reads is kept */
  unsigned level;
  assert_true(optic_grad_begin(core, &level));
  Array *x = ok(core, optic_grad_input(core, level, b)), *grads[1];
  Array *e =
      ok(core, use1(core, G_exp, ok(core, use2(core, G_mul, optic_array_keep(x), optic_array_keep(x), NULL)), NULL));
  Array *neg_e = ok(core, optic_apply(core, G_neg, &e, 1, NULL, 1));
  Array *s = ok(core, optic_apply(core, G_sum, &neg_e, 1, NULL, 1));
  optic_array_drop(core, e);
  optic_array_drop(core, neg_e);
  assert_true(optic_grad_backward(core, level, s, &x, 1, grads));
  optic_grad_end(core, level);
  CHECK(core, b, DT_F32, SHAPE_OF(3), 10, 20, 30);
  optic_array_drop(core, grads[0]);
  optic_array_drop(core, s);
  optic_array_drop(core, x);
  /* set_slice in place */
  Array *v = ARRAY(core, DT_F32, SHAPE_OF(4), 0, 0, 0, 0), *seven = ok(core, optic_array_number(core, 7));
  place = v->data;
  Array *set = ok(
      core, optic_apply(core, G_set_slice, (Array *[]){v, seven}, 2, &(Attr){.shape = SHAPE_OF(2), .start = {1}}, 1));
  assert_ptr_equal(set->data, place);
  optic_array_drop(core, v);
  Array *kept = ok(core, optic_apply2(core, G_set_slice, set, seven, &(Attr){.shape = SHAPE_OF(1)}));
  CHECK(core, set, DT_F32, SHAPE_OF(4), 0, 7, 7, 0);
  CHECK(core, kept, DT_F32, SHAPE_OF(4), 7, 7, 7, 0);
  optic_array_drop(core, seven);
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */
static void refuses(Core *core, OpId op, size_t count, Array *const *in, Attr attr, DiagCode code, const char *says)
{
  optic_fault_clear(&core->fault);
  Array *out = optic_apply(core, op, in, count, &attr, 0);
  assert_null(out);
  if (core->fault.code != code || strcmp(core->fault.message, says)) {
    fail_msg("says: %s", core->fault.message);
  }
}

static void refusals(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Array *m = zeros(core, DT_F32, SHAPE_OF(3, 4)), *v = zeros(core, DT_F32, SHAPE_OF(5));
  Array *n = zeros(core, DT_F32, SHAPE_OF(5, 6)), *none = zeros(core, DT_I32, SHAPE_OF(0));
  Array *far = ARRAY(core, DT_I32, SHAPE_OF(1), 3), *one = ok(core, optic_array_number(core, 1));
  Array *mv[] = {m, v}, *mn[] = {m, n}, *mf[] = {m, far}, *mo[] = {m, one};
  refuses(core, G_add, 2, mv, (Attr){0}, D_shape,
          "`add`: shapes [3, 4] and [5] do not fit together: 4 and 5 elements along axis -1");
  refuses(core, G_matmul, 2, mn, (Attr){0}, D_shape, "`@`: [3, 4] @ [5, 6]: the inner sizes 4 and 5 differ");
  refuses(core, G_matmul, 2, mo, (Attr){0}, D_shape, "`@` needs vectors or matrices: f32[3, 4] @ a number");
  refuses(core, G_sum, 1, mv, (Attr){.axis = 2}, D_axis, "`sum`: f32[3, 4] has no axis 2");
  assert_string_equal(core->fault.hint, "its axes are 0 to 1, or -1 to -2 from the end");
  refuses(core, G_sum, 1, mv, (Attr){.axis = OPTIC_SOME_AXES, .shape = SHAPE_OF(1, -1)}, D_axis,
          "`sum`: axis 1 is named twice");
  refuses(core, G_max, 1, &none, (Attr){0}, D_value, "`max` of no elements: the array is i32[0]");
  refuses(core, G_reshape, 1, mv, (Attr){.shape = SHAPE_OF(5, -1)}, D_shape,
          "`reshape`: f32[3, 4] does not fit in shape [5, -1]");
  refuses(core, G_reshape, 1, mv, (Attr){.shape = SHAPE_OF(-1, -1)}, D_shape,
          "`reshape`: f32[3, 4] does not fit in shape [-1, -1]");
  refuses(core, G_broadcast_to, 1, mv, (Attr){.shape = SHAPE_OF(4)}, D_shape,
          "`broadcast_to`: f32[3, 4] cannot be repeated to shape [4]");
  refuses(core, G_transpose, 1, mv, (Attr){.shape = SHAPE_OF(0, 0)}, D_axis,
          "`transpose`: [0, 0] does not order the axes of f32[3, 4]");
  refuses(core, G_take, 2, mf, (Attr){.axis = 0}, D_index, "`take`: index 3 is out of range for 3 items");
  refuses(core, G_take, 2, mv, (Attr){.axis = 0}, D_dtype, "`take`: indices must be integers, and not f32[5]");
  refuses(core, G_concatenate, 2, mn, (Attr){.axis = 0}, D_shape,
          "`concatenate`: array 0 has shape [3, 4], and array 1 has [5, 6]");
  refuses(core, G_stack, 2, mn, (Attr){.axis = 0}, D_shape,
          "`stack`: array 0 has shape [3, 4], and array 1 has [5, 6]");
  refuses(core, G_slice, 1, mv, (Attr){.shape = SHAPE_OF(2, 2), .start = {2}}, D_index,
          "`slice`: a slice of shape [2, 2] does not lie within an array of shape [3, 4]");
  refuses(core, G_slice, 1, mv, (Attr){.shape = SHAPE_OF(2, 2), .step = {INT64_MAX, INT64_MIN}}, D_index,
          "`slice`: a slice of shape [2, 2] does not lie within an array of shape [3, 4]");
  refuses(core, G_inv, 1, mv, (Attr){0}, D_shape, "`inv` needs a square matrix, and not f32[3, 4]");
  refuses(core, G_one_hot, 1, &far, (Attr){.dtype = DT_F32, .n = -1}, D_shape,
          "the size of an axis cannot be negative, as -1 is");
  refuses(core, G_set_slice, 2, (Array *[]){far, v}, (Attr){.shape = SHAPE_OF(1)}, D_shape,
          "f32[5] cannot be assigned to a slice of shape [1]");
  Array *half = ok(core, optic_array_number(core, 0.5));
  refuses(core, G_set_slice, 2, (Array *[]){far, half}, (Attr){.shape = SHAPE_OF(1)}, D_value,
          "0.5 cannot be assigned to elements of i32[1]");
  refuses(core, G_broadcast_to, 1, &one, (Attr){.shape = SHAPE_OF(1 << 30, 1 << 30)}, D_too_large,
          "an array f64[1073741824, 1073741824] passes the limit of 1099511627776 bytes");
  refuses(core, G_add, 1, mv, (Attr){0}, D_arguments, "`add` takes 2 operands, and has 1");
  Array *many = zeros(core, DT_F32, SHAPE_OF(1000));
  core->stop_at = core->limits.steps = core->steps_used + 2;
  assert_null(use1(core, G_sum, many, NULL));
  assert_int_equal(core->fault.code, D_out_of_steps);
  core->stop_at = UINT64_MAX;
  core->limits.steps = 0;
  Array *all[] = {m, v, n, none, far, one, half};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    optic_array_drop(core, all[i]);
  }
}

/* ---- values ------------------------------------------------------------------------------------------------------ */
static void reductions(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Array *x = ARRAY(core, DT_F32, SHAPE_OF(2, 3), 3, 1, 2, -4, 8, 0);
#define OVER(op, ...) optic_apply1(core, op, x, &(Attr){__VA_ARGS__})
  CHECK(core, OVER(G_sum, .axis = OPTIC_ALL_AXES), DT_F32, SCALAR, 10);
  CHECK(core, OVER(G_sum, .axis = 0), DT_F32, SHAPE_OF(3), -1, 9, 2);
  CHECK(core, OVER(G_sum, .axis = -1, .keepdims = true), DT_F32, SHAPE_OF(2, 1), 6, 4);
  CHECK(core, OVER(G_mean, .axis = 1), DT_F32, SHAPE_OF(2), 2, 4.0 / 3);
  CHECK(core, OVER(G_prod, .axis = 1), DT_F32, SHAPE_OF(2), 6, 0);
  CHECK(core, OVER(G_max, .axis = 0), DT_F32, SHAPE_OF(3), 3, 8, 2);
  CHECK(core, OVER(G_min, .axis = 1), DT_F32, SHAPE_OF(2), 1, -4);
  CHECK(core, OVER(G_argmax, .axis = 1), DT_I32, SHAPE_OF(2), 0, 1);
  CHECK(core, OVER(G_argmax, .axis = OPTIC_ALL_AXES), DT_I32, SCALAR, 4);
  CHECK(core, OVER(G_argmin, .axis = 0), DT_I32, SHAPE_OF(3), 1, 0, 1);
  CHECK(core, OVER(G_any, .axis = 0), DT_BOOL, SHAPE_OF(3), 1, 1, 1);
  CHECK(core, OVER(G_all, .axis = 0), DT_BOOL, SHAPE_OF(3), 1, 1, 0);
  CHECK(core, OVER(G_norm, .axis = 0), DT_F32, SHAPE_OF(3), 5, 8.0622577, 2);
  CHECK(core, OVER(G_var, .axis = 1, .n = 1), DT_F32, SHAPE_OF(2), 1, 37.3333333);
  CHECK(core, OVER(G_std, .axis = 1), DT_F32, SHAPE_OF(2), 0.8164966, 4.9888766);
  CHECK(core, OVER(G_logsumexp, .axis = 1), DT_F32, SHAPE_OF(2), 3.4076059, 8.0003414);
  CHECK(core, OVER(G_softmax, .axis = 1), DT_F32, SHAPE_OF(2, 3), 0.66524096, 0.09003057, 0.24472847, 6.1421e-6,
        0.99965865, 0.00033535);
  CHECK(core, OVER(G_cumsum, .axis = 1), DT_F32, SHAPE_OF(2, 3), 3, 4, 6, -4, 4, 4);
  CHECK(core, OVER(G_cumsum, .axis = 0, .flags = {true}), DT_F32, SHAPE_OF(2, 3), -1, 9, 2, -4, 8, 0);
  CHECK(core, OVER(G_cumsum, .axis = OPTIC_ALL_AXES), DT_F32, SHAPE_OF(6), 3, 4, 6, 2, 10, 10);
  CHECK(core, OVER(G_sort, .axis = 1), DT_F32, SHAPE_OF(2, 3), 1, 2, 3, -4, 0, 8);
  CHECK(core, OVER(G_argsort, .axis = 0), DT_I32, SHAPE_OF(2, 3), 1, 0, 1, 0, 1, 0);
  optic_array_drop(core, x);
  x = ARRAY(core, DT_F32, SHAPE_OF(2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8);
  CHECK(core, OVER(G_sum, .axis = OPTIC_SOME_AXES, .shape = SHAPE_OF(0, -1)), DT_F32, SHAPE_OF(2), 14, 22);
  CHECK(core, OVER(G_norm, .axis = OPTIC_SOME_AXES, .shape = SHAPE_OF(0, 2)), DT_F32, SHAPE_OF(2), 8.1240384,
        11.7473401);
  CHECK(core, OVER(G_max, .axis = OPTIC_SOME_AXES, .shape = SHAPE_OF(2, 0), .keepdims = true), DT_F32,
        SHAPE_OF(1, 2, 1), 6, 8);
  optic_array_drop(core, x);
  /* NaN last, equal ones in order; no overflow; f64 inside */
  x = ARRAY(core, DT_F16, SHAPE_OF(5), 2, NAN, 1, 2, -INFINITY);
  CHECK(core, OVER(G_argsort, .axis = 0), DT_I32, SHAPE_OF(5), 4, 2, 0, 3, 1);
  CHECK(core, OVER(G_max, .axis = 0), DT_F16, SCALAR, NAN);
  optic_array_drop(core, x);
  x = ARRAY(core, DT_F32, SHAPE_OF(2), 3e38, 3e38);
  CHECK(core, use2(core, G_div, OVER(G_norm, .axis = 0), ok(core, optic_array_number(core, 1e38)), NULL), DT_F32,
        SCALAR, INFINITY);
  CHECK(core, OVER(G_softmax, .axis = 0), DT_F32, SHAPE_OF(2), 0.5, 0.5);
  optic_array_drop(core, x);
  x = ARRAY(core, DT_F32, SHAPE_OF(2), -INFINITY, -INFINITY);
  CHECK(core, OVER(G_logsumexp, .axis = 0), DT_F32, SCALAR, -INFINITY);
  optic_array_drop(core, x);
  /* nothing, and a scalar */
  x = zeros(core, DT_F32, SHAPE_OF(0, 2));
  CHECK(core, OVER(G_sum, .axis = 0), DT_F32, SHAPE_OF(2), 0, 0);
  CHECK(core, OVER(G_mean, .axis = 0), DT_F32, SHAPE_OF(2), NAN, NAN);
  CHECK(core, OVER(G_max, .axis = 1), DT_F32, SHAPE_OF(0), 0);
  CHECK(core, OVER(G_softmax, .axis = 0), DT_F32, SHAPE_OF(0, 2), 0);
  CHECK(core, OVER(G_log_softmax, .axis = 1), DT_F32, SHAPE_OF(0, 2), 0);
  CHECK(core, OVER(G_logsumexp, .axis = 0), DT_F32, SHAPE_OF(2), -INFINITY, -INFINITY);
  CHECK(core, OVER(G_sort, .axis = 0), DT_F32, SHAPE_OF(0, 2), 0);
  CHECK(core, OVER(G_cumsum, .axis = 1), DT_F32, SHAPE_OF(0, 2), 0);
  optic_array_drop(core, x);
  x = ARRAY(core, DT_I32, SCALAR, 5);
  CHECK(core, OVER(G_sum, .axis = OPTIC_ALL_AXES), DT_I32, SCALAR, 5);
  CHECK(core, OVER(G_argmax, .axis = OPTIC_ALL_AXES), DT_I32, SCALAR, 0);
  CHECK(core, OVER(G_norm, .axis = OPTIC_ALL_AXES), DT_F32, SCALAR, 5);
  CHECK(core, OVER(G_softmax, .axis = OPTIC_ALL_AXES), DT_F32, SCALAR, 1);
  CHECK(core, OVER(G_sort, .axis = OPTIC_ALL_AXES), DT_I32, SHAPE_OF(1), 5);
  optic_array_drop(core, x);
}

static void movement(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Array *x = ARRAY(core, DT_I32, SHAPE_OF(2, 3), 1, 2, 3, 4, 5, 6);
  Array *flat = ok(core, OVER(G_reshape, .shape = SHAPE_OF(-1)));
  assert_ptr_equal(flat->data, x->data); /* no copy */
  optic_array_drop(core, flat);
  CHECK(core, OVER(G_transpose, .axis = 0), DT_I32, SHAPE_OF(3, 2), 1, 4, 2, 5, 3, 6);
  CHECK(core, OVER(G_slice, .shape = SHAPE_OF(2, 2), .start = {1, 2}, .step = {-1, -2}), DT_I32, SHAPE_OF(2, 2), 6, 4,
        3, 1);
  Array *row = ok(core, OVER(G_slice, .shape = SHAPE_OF(1, 3), .start = {1}, .step = {1, 1}));
  assert_ptr_equal(row->data, (int32_t *)x->data + 3); /* a view */
  CHECK(core, row, DT_I32, SHAPE_OF(1, 3), 4, 5, 6);
  CHECK(core, OVER(G_slice, .shape = SHAPE_OF(0, 3), .start = {9}), DT_I32, SHAPE_OF(0, 3), 0);
  CHECK(core, OVER(G_pad, .start = {0, 1}, .step = {1, 0}), DT_I32, SHAPE_OF(3, 4), 0, 1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0);
  CHECK(core, OVER(G_broadcast_to, .shape = SHAPE_OF(2, 2, 3)), DT_I32, SHAPE_OF(2, 2, 3), 1, 2, 3, 4, 5, 6, 1, 2, 3, 4,
        5, 6);
  CHECK(core, OVER(G_tril, .n = 0), DT_I32, SHAPE_OF(2, 3), 1, 0, 0, 4, 5, 0);
  CHECK(core, OVER(G_triu, .n = 1), DT_I32, SHAPE_OF(2, 3), 0, 2, 3, 0, 0, 6);
  CHECK(core, OVER(G_diag, .n = 0), DT_I32, SHAPE_OF(2), 1, 5);
  CHECK(core, OVER(G_trace, .n = 0), DT_I32, SCALAR, 6);
  CHECK(core, OVER(G_one_hot, .dtype = DT_U8, .n = 2), DT_U8, SHAPE_OF(2, 3, 2), 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  Array *i = ARRAY(core, DT_U8, SHAPE_OF(2, 2), 1, 0, 0, 1), *last = ok(core, optic_array_number(core, -1));
  CHECK(core, optic_apply2(core, G_take, x, i, &(Attr){.axis = 0}), DT_I32, SHAPE_OF(2, 2, 3), 4, 5, 6, 1, 2, 3, 1, 2,
        3, 4, 5, 6);
  CHECK(core, optic_apply2(core, G_take, x, i, &(Attr){.axis = 1}), DT_I32, SHAPE_OF(2, 2, 2), 2, 1, 1, 2, 5, 4, 4, 5);
  CHECK(core, optic_apply2(core, G_take, x, last, &(Attr){.axis = 1}), DT_I32, SHAPE_OF(2), 3, 6);
  CHECK(core, optic_apply2(core, G_take, x, last, &(Attr){.axis = OPTIC_ALL_AXES}), DT_I32, SCALAR, 6);
  CHECK(core, optic_apply2(core, G_take_along, x, i, &(Attr){.axis = 1}), DT_I32, SHAPE_OF(2, 2), 2, 1, 4, 5);
  CHECK(core, optic_apply2(core, G_u_untake, x, i, &(Attr){.axis = 0, .shape = SHAPE_OF(3, 1)}), DT_I32, SHAPE_OF(3, 1),
        5, 5, 0);
  Array *y = ARRAY(core, DT_F32, SHAPE_OF(1, 3), 0.5, 1.5, 2.5);
  CHECK(core, optic_apply(core, G_concatenate, (Array *[]){x, y}, 2, &(Attr){.axis = 0}, 0), DT_F32, SHAPE_OF(3, 3), 1,
        2, 3, 4, 5, 6, 0.5, 1.5, 2.5);
  CHECK(core, optic_apply(core, G_stack, (Array *[]){y, y}, 2, &(Attr){.axis = -1}, 0), DT_F32, SHAPE_OF(1, 3, 2), 0.5,
        0.5, 1.5, 1.5, 2.5, 2.5);
  CHECK(core, optic_apply(core, G_eye, NULL, 0, &(Attr){.dtype = DT_I32, .shape = SHAPE_OF(2, 3), .n = 1}, 0), DT_I32,
        SHAPE_OF(2, 3), 0, 1, 0, 0, 0, 1);
  CHECK(core, OVER(G_astype, .dtype = DT_BOOL), DT_BOOL, SHAPE_OF(2, 3), 1, 1, 1, 1, 1, 1);
  CHECK(core, optic_apply2(core, G_set_slice, x, last, &(Attr){.shape = SHAPE_OF(2, 1), .start = {0, 1}}), DT_I32,
        SHAPE_OF(2, 3), 1, -1, 3, 4, -1, 6);
  optic_array_drop(core, x);
  optic_array_drop(core, y);
  optic_array_drop(core, i);
  optic_array_drop(core, last);
  /* transposes of every order, against one element at a time */
  Kit *kit = *state;
  x = kit_fill(kit, DT_F32, SHAPE_OF(3, 4, 5, 2), -1, 1);
  for (int order = 0; order < 256; order++) {
    Shape p = SHAPE_OF(order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6);
    if ((1 << p.at[0] | 1 << p.at[1] | 1 << p.at[2] | 1 << p.at[3]) != 15) {
      continue;
    }
    Array *t = ok(core, OVER(G_transpose, .shape = p));
    int64_t step[4] = {40, 10, 2, 1};
    for (int64_t k = 0, n = 0; k < t->shape.at[0]; k++) {
      for (int64_t l = 0; l < t->shape.at[1]; l++) {
        for (int64_t m = 0; m < t->shape.at[2]; m++) {
          for (int64_t o = 0; o < t->shape.at[3]; o++, n++) {
            int64_t at = k * step[p.at[0]] + l * step[p.at[1]] + m * step[p.at[2]] + o * step[p.at[3]];
            assert_true(optic_array_get(t, (size_t)n) == optic_array_get(x, (size_t)at));
          }
        }
      }
    }
    optic_array_drop(core, t);
  }
  optic_array_drop(core, x);
}

static void products(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Array *a = ARRAY(core, DT_F32, SHAPE_OF(2, 3), 1, 2, 3, 4, 5, 6), *v = ARRAY(core, DT_I32, SHAPE_OF(3), 1, 0, 2);
  Array *u = ARRAY(core, DT_U8, SHAPE_OF(2), 200, 100);
  CHECK(core, optic_apply2(core, G_matmul, a, v, NULL), DT_F32, SHAPE_OF(2), 7, 16);
  CHECK(core, optic_apply2(core, G_matmul, u, a, NULL), DT_F32, SHAPE_OF(3), 600, 900, 1200);
  CHECK(core, optic_apply2(core, G_matmul, v, v, NULL), DT_I32, SCALAR, 5);
  CHECK(core, optic_apply2(core, G_matmul, a, a, &(Attr){.flags = {false, true}}), DT_F32, SHAPE_OF(2, 2), 14, 32, 32,
        77);
  CHECK(core, optic_apply2(core, G_outer, u, v, NULL), DT_I32, SHAPE_OF(2, 3), 200, 0, 400, 100, 0, 200);
  CHECK(core, optic_apply2(core, G_dot, a, a, NULL), DT_F32, SCALAR, 91);
  Array *b = ARRAY(core, DT_BF16, SHAPE_OF(2, 3, 1), 1, 0, 0, 0, 1, 0);
  CHECK(core, optic_apply2(core, G_matmul, a, b, NULL), DT_F32, SHAPE_OF(2, 2, 1), 1, 4, 2, 5);
  Array *none = zeros(core, DT_F32, SHAPE_OF(3, 0));
  CHECK(core, optic_apply2(core, G_matmul, a, none, NULL), DT_F32, SHAPE_OF(2, 0), 0);
  CHECK(core, use2(core, G_matmul, ok(core, optic_array_keep(none)), zeros(core, DT_F32, SHAPE_OF(0, 1)), NULL), DT_F32,
        SHAPE_OF(3, 1), 0, 0, 0);
  Array *square = ARRAY(core, DT_F32, SHAPE_OF(2, 2), 4, 7, 2, 6);
  CHECK(core, optic_apply1(core, G_inv, square, NULL), DT_F32, SHAPE_OF(2, 2), 0.6, -0.7, -0.2, 0.4);
  CHECK(core, optic_apply1(core, G_det, square, NULL), DT_F32, SCALAR, 10);
  CHECK(core, optic_apply2(core, G_solve, square, u, NULL), DT_F32, SHAPE_OF(2), 50, 0);
  CHECK(core, optic_apply2(core, G_solve, square, u, &(Attr){.flags = {true}}), DT_F32, SHAPE_OF(2), 100, -100);
  Array *empty = zeros(core, DT_F32, SHAPE_OF(0, 0));
  CHECK(core, optic_apply1(core, G_det, empty, NULL), DT_F32, SCALAR, 1);
  CHECK(core, optic_apply1(core, G_inv, empty, NULL), DT_F32, SHAPE_OF(0, 0), 0);
  Array *all[] = {a, v, u, b, none, square, empty};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    optic_array_drop(core, all[i]);
  }
}

/* ---- names ------------------------------------------------------------------------------------------------------- */
static void names(void **state)
{
  (void)state;
  assert_int_equal(optic_op_find_prim("add", 3), G_add);
  assert_int_equal(optic_op_find_prim("sum", 3), G_COUNT);
  assert_int_equal(optic_op_find("sum", 3), G_sum);
  assert_int_equal(optic_op_find("u_qr", 4), G_COUNT);
  assert_true(optic_op_scalar(G_mul, (const double[]){3, 4}) == 12);
  assert_true(optic_op_info(G_exp)->differentiable && optic_op_info(G_exp)->elementwise);
  assert_false(optic_op_info(G_floor)->differentiable);
  assert_false(optic_op_info(G_argmax)->differentiable);
  assert_int_equal(optic_op_info(G_concatenate)->arity, -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
  const struct CMUnitTest tests[] = {TEST(promotion), TEST(numbers),  TEST(broadcasting),
                                     TEST(donation),  TEST(refusals), TEST(reductions),
                                     TEST(movement),  TEST(products), TEST(names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
