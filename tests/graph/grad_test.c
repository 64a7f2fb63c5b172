/* grad_test.c: every differentiable operation of the table against central differences in f64, and the derivative of
 * its derivative too; then what gradients as a whole promise.
 * SPDX-License-Identifier: MIT */
#include "graph/kit.h"

/* ---- elementwise: iterates over prim.def ------------------------------------------------------------------------- */
static void try_prim(Kit *kit, OpId op, double low, double high)
{
  Core *core = &kit->core;
  const Shape shapes[][2] = {
      {SHAPE_OF(2, 3), SHAPE_OF(2, 3)}, {SHAPE_OF(2, 3), SHAPE_OF(3)}, {SHAPE_OF(2, 1), SHAPE_OF(1, 3)},
      {SCALAR, SHAPE_OF(2, 2)},         {SHAPE_OF(4), SCALAR},         {SHAPE_OF(0, 2), SHAPE_OF(1, 2)}};
  size_t arity = (size_t)optic_op_info(op)->arity;
  for (size_t s = 0; s < (arity == 1 ? 1 : 6); s++) {
    Array *in[3];
    for (size_t k = 0; k < arity; k++) {
      in[k] = op == G_where && k == 0 ? kit_fill(kit, DT_BOOL, shapes[s][0], -1, 1)
                                      : kit_fill(kit, DT_F64, shapes[s][k % 2], low, high);
    }
    if (op == G_where) {
      for (size_t i = 0; i < in[0]->count; i++) {
        optic_array_set(in[0], i, i % 2);
      }
    }
    if (op == G_clamp) { /* low below high, so that each side is met */
      for (size_t i = 0; i < in[2]->count; i++) {
        optic_array_set(in[2], i, optic_array_get(in[2], i) + 0.3);
      }
    }
    Function f = {.body = apply_body, .count = arity, .op = op};
    Array *y = ok(core, weighted(core, &f, in));
    bool defined = isfinite(optic_array_get(y, 0));
    optic_array_drop(core, y);
    if (defined) {
      check_twice(core, &f, in);
    }
    for (size_t k = 0; k < arity; k++) {
      optic_array_drop(core, in[k]);
    }
  }
}

static void prims(void **state)
{
  Kit *kit = *state;
  for (int op = 0; op < G_PRIM_COUNT; op++) {
    if (!optic_op_info((OpId)op)->differentiable) {
      continue;
    }
    try_prim(kit, (OpId)op, 0.25, 0.9);
    try_prim(kit, (OpId)op, -0.9, -0.25);
    try_prim(kit, (OpId)op, 1.1, 2.3);
  }
}

/* ---- the others: a case at least for each row of ops.def --------------------------------------------------------- */
typedef struct Case {
  OpId op;
  size_t count;
  Shape in[3];
  Attr attr;
} Case;

static Array *spread(Kit *kit, const Case *c, size_t k)
{
  bool index = k == 1 && (c->op == G_take || c->op == G_u_untake || c->op == G_take_along || c->op == G_u_untake_along);
  if (!index) {
    return kit_fill(kit, DT_F64, c->in[k], -1.5, 1.5);
  }
  Array *a = ok(&kit->core, optic_array_new(&kit->core, DT_I32, &c->in[k]));
  for (size_t i = 0; i < a->count; i++) {
    optic_array_set(a, i, (double)(i * 2 % 3) - (i == 1));
  }
  return a;
}

static void others(void **state)
{
  Kit *kit = *state;
  Core *core = &kit->core;
#define AXES(...)                                                                                                      \
  {                                                                                                                    \
    .axis = OPTIC_SOME_AXES, .shape = SHAPE_OF(__VA_ARGS__)                                                            \
  }
#define OVER(op)                                                                                                       \
  {op, 1, {SHAPE_OF(3, 4)}, {.axis = OPTIC_ALL_AXES}}, {op, 1, {SHAPE_OF(3, 4)}, {.axis = 0}},                         \
      {op, 1, {SHAPE_OF(3, 4)}, {.axis = -1, .keepdims = true}}, {op, 1, {SHAPE_OF(2, 3, 4)}, AXES(0, 2)},             \
      {op, 1, {SCALAR}, {.axis = OPTIC_ALL_AXES}},                                                                     \
  {                                                                                                                    \
    op, 1, {SHAPE_OF(2, 1, 3)},                                                                                        \
    {                                                                                                                  \
      .axis = 1                                                                                                        \
    }                                                                                                                  \
  }
#define ALONG(op)                                                                                                      \
  {op, 1, {SHAPE_OF(3, 4)}, {.axis = 0}}, {op, 1, {SHAPE_OF(2, 3, 2)}, {.axis = -1}},                                  \
      {op, 1, {SHAPE_OF(2, 3)}, {.axis = OPTIC_ALL_AXES}},                                                             \
  {                                                                                                                    \
    op, 1, {SHAPE_OF(2, 3, 2)},                                                                                        \
    {                                                                                                                  \
      .axis = 1                                                                                                        \
    }                                                                                                                  \
  }
  const Case cases[] = {
      OVER(G_sum),
      OVER(G_mean),
      OVER(G_prod),
      OVER(G_max),
      OVER(G_min),
      OVER(G_norm),
      OVER(G_logsumexp),
      {G_var, 1, {SHAPE_OF(3, 4)}, {.axis = 0}},
      {G_var, 1, {SHAPE_OF(3, 4)}, {.axis = OPTIC_ALL_AXES, .n = 1}},
      {G_std, 1, {SHAPE_OF(3, 4)}, {.axis = 1, .keepdims = true}},
      ALONG(G_softmax),
      ALONG(G_log_softmax),
      ALONG(G_cumsum),
      ALONG(G_sort),
      {G_softmax, 1, {SHAPE_OF(2, 3, 2)}, AXES(0, 2)},
      {G_cumsum, 1, {SHAPE_OF(3, 2)}, {.axis = 0, .flags = {true}}},
      {G_reshape, 1, {SHAPE_OF(3, 4)}, {.shape = SHAPE_OF(2, -1)}},
      {G_broadcast_to, 1, {SHAPE_OF(3, 1)}, {.shape = SHAPE_OF(2, 3, 4)}},
      {G_broadcast_to, 1, {SCALAR}, {.shape = SHAPE_OF(2, 2)}},
      {G_u_sum_to, 1, {SHAPE_OF(2, 3, 4)}, {.shape = SHAPE_OF(3, 1)}},
      {G_transpose, 1, {SHAPE_OF(3, 4)}, {.axis = 0}},
      {G_transpose, 1, {SHAPE_OF(2, 3, 4)}, {.shape = SHAPE_OF(2, 0, 1)}},
      {G_slice, 1, {SHAPE_OF(4, 5)}, {.shape = SHAPE_OF(2, 3), .start = {1, 4}, .step = {2, -2}}},
      {G_slice, 1, {SHAPE_OF(4, 2)}, {.shape = SHAPE_OF(2, 2), .start = {1, 0}, .step = {1, 1}}},
      {G_u_unslice, 1, {SHAPE_OF(2, 3)}, {.shape = SHAPE_OF(4, 5), .start = {1, 4}, .step = {2, -2}}},
      {G_set_slice, 2, {SHAPE_OF(4, 5), SHAPE_OF(3)}, {.shape = SHAPE_OF(2, 3), .start = {1, 4}, .step = {2, -2}}},
      {G_set_slice, 2, {SHAPE_OF(4), SCALAR}, {.shape = SHAPE_OF(2), .start = {1}}},
      {G_pad, 1, {SHAPE_OF(2, 2)}, {.start = {1, 0}, .step = {0, 2}}},
      {G_concatenate, 3, {SHAPE_OF(2, 3), SHAPE_OF(2, 1), SHAPE_OF(2, 2)}, {.axis = 1}},
      {G_concatenate, 2, {SHAPE_OF(2), SHAPE_OF(3)}, {.axis = -1}},
      {G_stack, 2, {SHAPE_OF(2, 3), SHAPE_OF(2, 3)}, {.axis = 1}},
      {G_stack, 3, {SCALAR, SCALAR, SCALAR}, {.axis = 0}},
      {G_take, 2, {SHAPE_OF(3, 2), SHAPE_OF(2, 2)}, {.axis = 0}},
      {G_take, 2, {SHAPE_OF(2, 3), SHAPE_OF(4)}, {.axis = -1}},
      {G_take, 2, {SHAPE_OF(2, 3), SHAPE_OF(3)}, {.axis = OPTIC_ALL_AXES}},
      {G_u_untake, 2, {SHAPE_OF(2, 2, 2), SHAPE_OF(2, 2)}, {.axis = 0, .shape = SHAPE_OF(3, 2)}},
      {G_take_along, 2, {SHAPE_OF(2, 3), SHAPE_OF(2, 2)}, {.axis = 1}},
      {G_u_untake_along, 2, {SHAPE_OF(2, 2), SHAPE_OF(2, 2)}, {.axis = 1, .shape = SHAPE_OF(2, 3)}},
      {G_astype, 1, {SHAPE_OF(2, 2)}, {.dtype = DT_F64, .flags = {true}}},
      {G_diag, 1, {SHAPE_OF(3)}, {.n = 0}},
      {G_diag, 1, {SHAPE_OF(2, 3)}, {.n = 0}},
      {G_trace, 1, {SHAPE_OF(3, 3)}, {.n = 0}},
      {G_tril, 1, {SHAPE_OF(3, 3)}, {.n = 1}},
      {G_triu, 1, {SHAPE_OF(2, 3)}, {.n = 0}},
      {G_matmul, 2, {SHAPE_OF(3, 4), SHAPE_OF(4, 2)}, {.flags = {false, false}}},
      {G_matmul, 2, {SHAPE_OF(4, 3), SHAPE_OF(4, 2)}, {.flags = {true, false}}},
      {G_matmul, 2, {SHAPE_OF(3, 4), SHAPE_OF(2, 4)}, {.flags = {false, true}}},
      {G_matmul, 2, {SHAPE_OF(4, 3), SHAPE_OF(2, 4)}, {.flags = {true, true}}},
      {G_matmul, 2, {SHAPE_OF(4), SHAPE_OF(4, 2)}, {.n = 0}},
      {G_matmul, 2, {SHAPE_OF(3, 4), SHAPE_OF(4)}, {.n = 0}},
      {G_matmul, 2, {SHAPE_OF(4), SHAPE_OF(4)}, {.n = 0}},
      {G_matmul, 2, {SHAPE_OF(2, 1, 3, 2), SHAPE_OF(3, 2, 2)}, {.n = 0}},
      {G_matmul, 2, {SHAPE_OF(2), SHAPE_OF(3, 2, 2)}, {.n = 0}},
      {G_matmul, 2, {SHAPE_OF(3, 2, 2), SHAPE_OF(2)}, {.flags = {true, true}}},
      {G_dot, 2, {SHAPE_OF(2, 3), SHAPE_OF(2, 3)}, {.n = 0}},
      {G_outer, 2, {SHAPE_OF(3), SHAPE_OF(2)}, {.n = 0}},
      {G_inv, 1, {SHAPE_OF(3, 3)}, {.n = 0}},
      {G_solve, 2, {SHAPE_OF(3, 3), SHAPE_OF(3)}, {.n = 0}},
      {G_solve, 2, {SHAPE_OF(3, 3), SHAPE_OF(3, 2)}, {.flags = {true}}},
      {G_det, 1, {SHAPE_OF(3, 3)}, {.n = 0}},
      {G_u_qr, 1, {SHAPE_OF(4, 3)}, {.n = 0}},
      {G_u_qr, 1, {SHAPE_OF(3, 3)}, {.n = 0}},
      {G_u_svd, 1, {SHAPE_OF(4, 2)}, {.n = 0}},
      {G_u_svd, 1, {SHAPE_OF(2, 3)}, {.n = 0}},
      {G_u_svd, 1, {SHAPE_OF(3, 3)}, {.n = 0}},
      {G_u_eigh, 1, {SHAPE_OF(3, 3)}, {.n = 0}},
  };
  bool covered[G_COUNT] = {[G_cholesky] = true}; /* it reads half of its input: below */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const Case *c = &cases[i];
    Array *in[3];
    covered[c->op] = true;
    for (size_t k = 0; k < c->count; k++) {
      in[k] = spread(kit, c, k);
    }
    bool square = in[0]->shape.rank == 2 && in[0]->shape.at[0] == in[0]->shape.at[1];
    for (int64_t k = 0; square && k < in[0]->shape.at[0]; k++) { /* far from singular, and all values apart */
      size_t at = (size_t)(k * in[0]->shape.at[0] + k);
      optic_array_set(in[0], at, optic_array_get(in[0], at) + 4 + 3 * (double)k);
    }
    Function f = {.body = apply_body, .count = c->count, .op = c->op, .attr = c->attr};
    check_twice(core, &f, in);
    for (size_t k = 0; k < c->count; k++) {
      optic_array_drop(core, in[k]);
    }
  }
  for (int op = G_PRIM_COUNT; op < G_COUNT; op++) {
    if (optic_op_info((OpId)op)->differentiable && !covered[op]) {
      fail_msg("no case for %s", optic_op_info((OpId)op)->name);
    }
  }
}

/* cholesky(x @ x.T + 2 I) */
static Array *cholesky_body(Core *core, const Function *f, Array *const *in)
{
  (void)f;
  Array *square = optic_apply2(core, G_matmul, in[0], in[0], &(Attr){.flags = {false, true}});
  Array *eye = square ? optic_apply(core, G_eye, NULL, 0, &(Attr){.dtype = DT_F64, .shape = square->shape}, 0) : NULL;
  Array *sum = eye ? optic_apply2(core, G_add, square, eye, NULL) : NULL;
  Array *out = sum ? optic_apply1(core, G_cholesky, sum, NULL) : NULL;
  optic_array_drop(core, square);
  optic_array_drop(core, eye);
  optic_array_drop(core, sum);
  return out;
}

static void cholesky(void **state)
{
  Kit *kit = *state;
  Array *x = kit_fill(kit, DT_F64, SHAPE_OF(3, 3), -1, 1);
  Function f = {.body = cholesky_body, .count = 1, .op = G_cholesky};
  check_twice(&kit->core, &f, &x);
  optic_array_drop(&kit->core, x);
}

/* ---- results of decompositions ----------------------------------------------------------------------------------- */
static Array *svd_polar(Core *core, const Function *f, Array *const *in)
{
  Array *u, *s, *vt, *out;
  (void)f;
  if (!optic_apply_svd(core, in[0], &u, &s, &vt)) {
    return NULL;
  }
  out = optic_apply2(core, G_matmul, u, vt, NULL);
  optic_array_drop(core, u);
  optic_array_drop(core, s);
  optic_array_drop(core, vt);
  return out;
}

static Array *qr_first(Core *core, const Function *f, Array *const *in)
{
  Array *q, *r;
  (void)f;
  if (!optic_apply_qr(core, in[0], &q, &r)) {
    return NULL;
  }
  optic_array_drop(core, r);
  return q;
}

static void decompositions(void **state)
{
  Kit *kit = *state;
  Core *core = &kit->core;
  Array *x = kit_fill(kit, DT_F64, SHAPE_OF(4, 3), -1, 1), *q, *r, *u, *s, *vt, *w, *v;
  Function polar = {.body = svd_polar, .count = 1, .op = G_u_svd}, first = {.body = qr_first, .count = 1, .op = G_u_qr};
  check_twice(core, &polar, &x);
  check_twice(core, &first, &x);
  assert_true(optic_apply_qr(core, x, &q, &r));
  Array *back = use2(core, G_matmul, q, r, NULL);
  check_is(back, DT_F64, x->shape, x->data, 1e-12);
  optic_array_drop(core, back);
  assert_true(optic_apply_svd(core, x, &u, &s, &vt));
  assert_int_equal(s->count, 3);
  back = use2(core, G_matmul, use2(core, G_mul, u, s, NULL), vt, NULL);
  check_is(back, DT_F64, x->shape, x->data, 1e-12);
  optic_array_drop(core, back);
  assert_false(optic_apply_eigh(core, x, &w, &v));
  assert_non_null(strstr(core->fault.message, "`eigh` needs a square matrix, and not f64[4, 3]"));
  optic_array_drop(core, x);
}

/* ---- levels ------------------------------------------------------------------------------------------------------ */
static Array *number(Core *core, double x)
{
  return ok(core, optic_array_number(core, x));
}

/* d/dx (x * d/dy (x + y)) at x = y = 1 is 1: a derivative that confuses its levels finds 2. */
static void confusion(void **state)
{
  Core *core = &((Kit *)*state)->core;
  unsigned outer, inner;
  Array *grads[1];
  assert_true(optic_grad_begin(core, &outer));
  Array *one = number(core, 1), *x = ok(core, optic_grad_input(core, outer, one));
  assert_true(optic_grad_begin(core, &inner));
  Array *y = ok(core, optic_grad_input(core, inner, one));
  Array *sum = ok(core, optic_apply2(core, G_add, x, y, NULL));
  assert_true(optic_grad_backward(core, inner, sum, &y, 1, grads));
  optic_grad_end(core, inner);
  Array *d = ok(core, optic_grad_detach(core, inner, grads[0]));
  optic_array_drop(core, grads[0]);
  Array *product = ok(core, optic_apply2(core, G_mul, x, d, NULL));
  assert_true(optic_grad_backward(core, outer, product, &x, 1, grads));
  optic_grad_end(core, outer);
  CHECK(core, grads[0], DT_F64, SCALAR, 1);
  optic_array_drop(core, one);
  optic_array_drop(core, x);
  optic_array_drop(core, y);
  optic_array_drop(core, sum);
  optic_array_drop(core, d);
  optic_array_drop(core, product);
}

/* The n-th derivative of x ** 5 at 2, by n nested levels. */
static double nested(Core *core, Array *x, int n)
{
  Array *five = number(core, 5), *value;
  if (n == 0) {
    value = ok(core, optic_apply2(core, G_pow, x, five, NULL));
    double got = optic_array_get(value, 0);
    optic_array_drop(core, value);
    optic_array_drop(core, five);
    return got;
  }
  unsigned level[5];
  Array *in[6] = {x};
  for (int i = 0; i < n; i++) {
    assert_true(optic_grad_begin(core, &level[i]));
    in[i + 1] = ok(core, optic_grad_input(core, level[i], in[i]));
  }
  value = ok(core, optic_apply2(core, G_pow, in[n], five, NULL));
  for (int i = n; i-- > 0;) {
    Array *grad;
    assert_true(optic_grad_backward(core, level[i], value, &in[i + 1], 1, &grad));
    optic_grad_end(core, level[i]);
    optic_array_drop(core, value);
    value = ok(core, optic_grad_detach(core, level[i], grad));
    optic_array_drop(core, grad);
    optic_array_drop(core, in[i + 1]);
  }
  assert_null(value->node);
  double got = optic_array_get(value, 0);
  optic_array_drop(core, value);
  optic_array_drop(core, five);
  return got;
}

static void nesting(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Array *x = number(core, 2);
  const double truth[] = {32, 80, 160, 240, 240, 120};
  for (int n = 0; n < 6; n++) {
    assert_true(fabs(nested(core, x, n) - truth[n]) < 1e-9);
  }
  optic_array_drop(core, x);
  unsigned level;
  for (int i = 0; i < OPTIC_GRAD_LEVELS; i++) {
    assert_true(optic_grad_begin(core, &level));
  }
  assert_false(optic_grad_begin(core, &level));
  assert_int_equal(core->fault.code, D_too_deep);
  optic_grad_end(core, 0);
  assert_int_equal(core->recording, 0);
}

/* ---- what a gradient is of, and with respect to what ------------------------------------------------------------- */
static void refusals(void **state)
{
  Core *core = &((Kit *)*state)->core;
  unsigned level;
  Array *grads[1];
  assert_true(optic_grad_begin(core, &level));
  Array *plain = ARRAY(core, DT_F32, SHAPE_OF(2), 1, 2), *whole = ARRAY(core, DT_I32, SHAPE_OF(2), 1, 2);
  Array *x = ok(core, optic_grad_input(core, level, plain));
  assert_null(optic_grad_input(core, level, whole));
  assert_int_equal(core->fault.code, D_gradient);
  assert_false(optic_grad_backward(core, level, x, &x, 1, grads));
  assert_non_null(strstr(core->fault.message, "only a scalar has a gradient"));
  Array *arg = ok(core, optic_apply1(core, G_argmax, x, NULL));
  assert_false(optic_grad_backward(core, level, arg, &x, 1, grads));
  assert_non_null(strstr(core->fault.message, "only a floating number"));
  assert_null(arg->node);
  Array *constant = ok(core, optic_apply1(core, G_sum, plain, NULL));
  assert_true(optic_grad_backward(core, level, constant, &x, 1, grads)); /* does not depend on x: zeros */
  CHECK(core, grads[0], DT_F32, SHAPE_OF(2), 0, 0);
  Array *stopped = ok(core, optic_stop_gradient(core, x));
  assert_null(stopped->node);
  optic_grad_end(core, level);
  optic_array_drop(core, stopped);
  optic_array_drop(core, constant);
  optic_array_drop(core, arg);
  optic_array_drop(core, x);
  optic_array_drop(core, plain);
  optic_array_drop(core, whole);
}

/* Gradients have the dtype of what they are with respect to, numbers of the language too. */
static void dtypes(void **state)
{
  Core *core = &((Kit *)*state)->core;
  unsigned level;
  assert_true(optic_grad_begin(core, &level));
  Array *raw[4] = {number(core, 3), ARRAY(core, DT_BF16, SHAPE_OF(2), 1, 2), ARRAY(core, DT_F32, SHAPE_OF(2), 5, 7),
                   ARRAY(core, DT_I32, SHAPE_OF(2), 10, 20)};
  Array *in[3], *grads[3];
  for (int i = 0; i < 3; i++) {
    in[i] = ok(core, optic_grad_input(core, level, raw[i]));
  }
  /* sum(number * bf16 * f32 + number * i32): a number that is being differentiated makes integers floats */
  Array *product = ok(
      core, use2(core, G_mul, ok(core, optic_apply2(core, G_mul, in[0], in[1], NULL)), optic_array_keep(in[2]), NULL));
  Array *whole = ok(core, optic_apply2(core, G_mul, in[0], raw[3], NULL));
  assert_int_equal(whole->dtype, DT_F32);
  Array *y = ok(core, use1(core, G_sum, ok(core, use2(core, G_add, product, whole, NULL)), NULL));
  assert_int_equal(y->dtype, DT_F32);
  assert_true(optic_grad_backward(core, level, y, in, 3, grads));
  optic_grad_end(core, level);
  assert_true(grads[0]->weak);
  CHECK(core, grads[0], DT_F64, SCALAR, 5 + 14 + 30);
  CHECK(core, grads[1], DT_BF16, SHAPE_OF(2), 15, 21);
  CHECK(core, grads[2], DT_F32, SHAPE_OF(2), 3, 6);
  optic_array_drop(core, y);
  for (int i = 0; i < 4; i++) {
    optic_array_drop(core, raw[i]);
  }
  for (int i = 0; i < 3; i++) {
    optic_array_drop(core, in[i]);
  }
}

/* JAX's rules where there is no derivative, or more than one. */
static void edges(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Array *x = ARRAY(core, DT_F64, SHAPE_OF(3), 2, 2, 1), *zero = ARRAY(core, DT_F64, SHAPE_OF(2), 0, 0), *grads[1];
  unsigned level;
  assert_true(optic_grad_begin(core, &level));
  Array *in = ok(core, optic_grad_input(core, level, x));
  Array *y = ok(core, optic_apply1(core, G_max, in, NULL));
  assert_true(optic_grad_backward(core, level, y, &in, 1, grads));
  CHECK(core, grads[0], DT_F64, SHAPE_OF(3), 0.5, 0.5, 0);
  optic_array_drop(core, y);
  optic_array_drop(core, in);
  in = ok(core, optic_grad_input(core, level, zero));
  y = ok(core, optic_apply1(core, G_norm, in, NULL));
  assert_true(optic_grad_backward(core, level, y, &in, 1, grads));
  CHECK(core, grads[0], DT_F64, SHAPE_OF(2), NAN, NAN);
  optic_array_drop(core, y);
  y = ok(core, optic_apply1(core, G_prod, in, NULL));
  assert_true(optic_grad_backward(core, level, y, &in, 1, grads));
  CHECK(core, grads[0], DT_F64, SHAPE_OF(2), 0, 0);
  optic_array_drop(core, y);
  optic_array_set(zero, 0, 3);
  y = ok(core, optic_apply1(core, G_prod, in, NULL));
  assert_true(optic_grad_backward(core, level, y, &in, 1, grads));
  CHECK(core, grads[0], DT_F64, SHAPE_OF(2), 0, 3);
  optic_grad_end(core, level);
  optic_array_drop(core, y);
  optic_array_drop(core, in);
  optic_array_drop(core, x);
  optic_array_drop(core, zero);
}

/* ---- long chains ------------------------------------------------------------------------------------------------- */
static void chains(void **state)
{
  Core *core = &((Kit *)*state)->core;
  unsigned level;
  enum { LONG = 1000000 };
  assert_true(optic_grad_begin(core, &level));
  Array *start = number(core, 0.5), *x = ok(core, optic_grad_input(core, level, start)), *y = optic_array_keep(x);
  Array *one = number(core, 1), *grads[1];
  for (int i = 0; i < LONG; i++) {
    y = ok(core, use2(core, i % 2 ? G_add : G_mul, y, optic_array_keep(one), NULL));
  }
  assert_true(optic_grad_backward(core, level, y, &x, 1, grads));
  CHECK(core, grads[0], DT_F64, SCALAR, 1);
  optic_grad_end(core, level);
  optic_array_drop(core, y); /* frees a million nodes */
  optic_array_drop(core, x);
  optic_array_drop(core, one);
  optic_array_drop(core, start);
}

/* y = x + x + x ..: the same node by many ways, and 2 ** 40 paths. */
static void diamonds(void **state)
{
  Core *core = &((Kit *)*state)->core;
  unsigned level;
  assert_true(optic_grad_begin(core, &level));
  Array *start = number(core, 1), *x = ok(core, optic_grad_input(core, level, start)), *y = optic_array_keep(x);
  Array *grads[2], *twice[2] = {x, x};
  for (int i = 0; i < 40; i++) {
    y = ok(core, use2(core, G_add, optic_array_keep(y), y, NULL));
  }
  assert_true(optic_grad_backward(core, level, y, twice, 2, grads)); /* one input, asked for twice */
  CHECK(core, grads[0], DT_F64, SCALAR, 1099511627776.0);
  CHECK(core, grads[1], DT_F64, SCALAR, 1099511627776.0);
  optic_grad_end(core, level);
  optic_array_drop(core, y);
  optic_array_drop(core, x);
  optic_array_drop(core, start);
}

/* What no derivative reads is not kept: of x + c nothing, of x * c only c. */
static void memory(void **state)
{
  Kit *kit = *state;
  Core *core = &kit->core;
  unsigned level;
  enum { MANY = 1 << 18 };
  Array *start = kit_fill(kit, DT_F32, SHAPE_OF(MANY), -1, 1);
  assert_true(optic_grad_begin(core, &level));
  Array *x = ok(core, optic_grad_input(core, level, start)), *y = optic_array_keep(x), *two = number(core, 2);
  optic_pool_trim(core);
  uint64_t before = core->alloc.used;
  for (int i = 0; i < 64; i++) {
    y = ok(core, use2(core, i % 2 ? G_add : G_mul, y, optic_array_keep(two), NULL));
  }
  optic_pool_trim(core);
  assert_true(core->alloc.used - before < 2 * MANY * sizeof(float));
  optic_grad_end(core, level);
  optic_array_drop(core, y);
  optic_array_drop(core, x);
  optic_array_drop(core, two);
  optic_array_drop(core, start);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
  const struct CMUnitTest tests[] = {
      TEST(prims),    TEST(others), TEST(cholesky), TEST(decompositions), TEST(confusion), TEST(nesting),
      TEST(refusals), TEST(dtypes), TEST(edges),    TEST(chains),         TEST(diamonds),  TEST(memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
