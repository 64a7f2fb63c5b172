/* compose.c: operations made of others, whose derivatives are those of their parts. See rule.h.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/pool.h"
#include "graph/rule.h"

static Work begin(Call *c)
{
  Work w;
  optic_work_init(&w, c->core);
  return w;
}

/* ---- statistics -------------------------------------------------------------------------------------------------- */
static Array *variance(Work *w, Call *c)
{
  Array *x = c->in[0];
  if (!optic_axes(c, &x->shape)) {
    w->failed = true;
    return NULL;
  }
  double n = 1;
  for (uint32_t i = 0; i < x->shape.rank; i++) {
    n *= c->axes & 1u << i ? (double)x->shape.at[i] : 1;
  }
  Attr kept = c->attr;
  kept.keepdims = true;
  Array *centred = optic_w2(w, G_sub, x, optic_wa(w, G_mean, x, &kept));
  Array *squares = optic_w1(w, G_square, centred);
  if (c->attr.n == 0) {
    return optic_wa(w, G_mean, squares, &c->attr);
  }
  return optic_w2(w, G_div, optic_wa(w, G_sum, squares, &c->attr), optic_work_number(w, n - (double)c->attr.n));
}

COMPOSE(var)
{
  Work w = begin(c);
  return optic_work_result(&w, variance(&w, c));
}

COMPOSE(std)
{
  Work w = begin(c);
  return optic_work_result(&w, optic_w1(&w, G_sqrt, variance(&w, c)));
}

/* ---- products ---------------------------------------------------------------------------------------------------- */
static Shape flat(const Array *a)
{
  return (Shape){.rank = 1, .at = {(int64_t)a->count}};
}

COMPOSE(dot)
{
  Array *a = c->in[0], *b = c->in[1];
  if (!optic_shape_equal(&a->shape, &b->shape)) {
    char one[DESCRIBE], two[DESCRIBE];
    optic_fail(&c->core->fault, D_shape, "`dot`: shapes %s and %s differ", optic_describe_shape(&a->shape, one),
               optic_describe_shape(&b->shape, two));
    optic_fail_hint(&c->core->fault, "`@` is the matrix product");
    return NULL;
  }
  Work w = begin(c);
  Shape fa = flat(a), fb = flat(b);
  Array *product = optic_w_matmul(&w, optic_w_reshape(&w, a, &fa), false, optic_w_reshape(&w, b, &fb), false);
  return optic_work_result(&w, product);
}

COMPOSE(outer)
{
  Work w = begin(c);
  Shape column = {.rank = 2, .at = {(int64_t)c->in[0]->count, 1}}, row = {.rank = 2, .at = {1, 0}};
  row.at[1] = (int64_t)c->in[1]->count;
  Array *a = optic_w_reshape(&w, c->in[0], &column), *b = optic_w_reshape(&w, c->in[1], &row);
  return optic_work_result(&w, optic_w2(&w, G_mul, a, b));
}

/* ---- diagonals --------------------------------------------------------------------------------------------------- */
static bool is_matrix(Call *c)
{
  char type[DESCRIBE];
  return c->in[0]->shape.rank == 2 || optic_fail(&c->core->fault, D_shape, "`%s` needs a matrix, and not %s",
                                                 optic_op_info(c->op)->name, optic_describe(c->in[0], type));
}

/* A matrix's diagonal lies in its memory in steps of one row and one column. */
static Array *diagonal(Work *w, Array *a)
{
  int64_t rows = a->shape.at[0], columns = a->shape.at[1];
  Shape all = flat(a);
  Attr slice = {.shape = {.rank = 1, .at = {rows < columns ? rows : columns}}, .step = {columns + 1}};
  return optic_wa(w, G_slice, optic_w_reshape(w, a, &all), &slice);
}

COMPOSE(diag)
{
  Array *a = c->in[0];
  Work w = begin(c);
  if (a->shape.rank == 2) {
    return optic_work_result(&w, diagonal(&w, a));
  }
  if (a->shape.rank != 1) {
    char type[DESCRIBE];
    optic_fail(&c->core->fault, D_shape, "`diag` takes a vector or a matrix, and not %s", optic_describe(a, type));
    return NULL;
  }
  int64_t n = a->shape.at[0], squared;
  Shape square = {.rank = 2, .at = {n, n}};
  if (__builtin_mul_overflow(n, n, &squared)) {
    optic_fail_oom(&c->core->fault);
    return NULL;
  }
  Attr place = {.shape = {.rank = 1, .at = {squared}}, .step = {n + 1}};
  return optic_work_result(&w, optic_w_reshape(&w, optic_wa(&w, G_u_unslice, a, &place), &square));
}

COMPOSE(trace)
{
  if (!is_matrix(c)) {
    return NULL;
  }
  Work w = begin(c);
  return optic_work_result(&w, optic_wa(&w, G_sum, diagonal(&w, c->in[0]), NULL));
}

/* x where the band says `kept`, else 0. */
static Array *triangle(Call *c, int64_t last, bool kept)
{
  Array *a = c->in[0];
  char type[DESCRIBE];
  if (a->shape.rank < 2) {
    optic_fail(&c->core->fault, D_shape, "`%s` needs a matrix, and not %s", optic_op_info(c->op)->name,
               optic_describe(a, type));
    return NULL;
  }
  Work w = begin(c);
  Attr attr = {.shape = {.rank = 2, .at = {a->shape.at[a->shape.rank - 2], a->shape.at[a->shape.rank - 1]}}, .n = last};
  Array *band = optic_work_apply(&w, G_u_band, NULL, 0, &attr), *zero = optic_work_number(&w, 0);
  return optic_work_result(&w, kept ? optic_w3(&w, G_where, band, a, zero) : optic_w3(&w, G_where, band, zero, a));
}

COMPOSE(tril)
{
  return triangle(c, c->attr.n, true);
}

COMPOSE(triu)
{
  return triangle(c, c->attr.n - 1, false);
}

/* ---- movement ---------------------------------------------------------------------------------------------------- */
COMPOSE(pad)
{
  Array *a = c->in[0];
  Attr place = {.shape = a->shape};
  for (uint32_t i = 0; i < a->shape.rank; i++) {
    int64_t before = c->attr.start[i], behind = c->attr.step[i];
    place.start[i] = before;
    if (before < 0 || behind < 0) {
      optic_fail(&c->core->fault, D_value, "`pad`: widths cannot be negative: %" PRId64 ", %" PRId64, before, behind);
      return NULL;
    }
    if (__builtin_add_overflow(place.shape.at[i], before, &place.shape.at[i]) ||
        __builtin_add_overflow(place.shape.at[i], behind, &place.shape.at[i])) {
      optic_fail_oom(&c->core->fault);
      return NULL;
    }
  }
  return optic_apply1(c->core, G_u_unslice, a, &place);
}

COMPOSE(stack)
{
  Core *core = c->core;
  const Shape *s = &c->in[0]->shape;
  uint32_t axis = 0;
  char one[DESCRIBE], two[DESCRIBE];
  if (s->rank == OPTIC_RANK) {
    optic_fail(&core->fault, D_shape, "`stack`: an array has at most %d axes", OPTIC_RANK);
    return NULL;
  }
  if (!optic_axis(c, c->attr.axis, s->rank + 1, &axis)) {
    return NULL;
  }
  Shape with = {.rank = s->rank + 1};
  for (uint32_t i = 0; i < with.rank; i++) {
    with.at[i] = i == axis ? 1 : s->at[i - (i > axis)];
  }
  size_t bytes;
  if (!optic_size_mul(c->count, sizeof(Array *), &bytes)) {
    optic_fail_oom(&core->fault);
    return NULL;
  }
  Array **parts = optic_pool_get(core, bytes), *out = NULL;
  size_t made = 0;
  for (; parts && made < c->count; made++) {
    if (!optic_shape_equal(&c->in[made]->shape, s)) {
      optic_fail(&core->fault, D_shape, "`stack`: array 0 has shape %s, and array %zu has %s",
                 optic_describe_shape(s, one), made, optic_describe_shape(&c->in[made]->shape, two));
      break;
    }
    parts[made] = optic_apply1(core, G_reshape, c->in[made], &(Attr){.shape = with});
    if (!parts[made]) {
      break;
    }
  }
  if (parts && made == c->count) {
    out = optic_apply(core, G_concatenate, parts, c->count, &(Attr){.axis = axis}, 0);
  }
  for (size_t i = 0; i < made; i++) {
    optic_array_drop(core, parts[i]);
  }
  optic_pool_put(core, parts, bytes);
  return out;
}
