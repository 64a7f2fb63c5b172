/* rules.c: derivatives of the operations over and along axes, and of movement. See ops.def for what each may read.
 * SPDX-License-Identifier: MIT */
#include "graph/grad.h"
#include "graph/rule.h"

/* ---- over axes --------------------------------------------------------------------------------------------------- */
static unsigned axes_of(const Rule *r)
{
  uint32_t rank = r->in[0]->shape.rank;
  unsigned axes = 0;
  if (r->attr->axis == OPTIC_ALL_AXES) {
    return (1u << rank) - 1;
  }
  if (r->attr->axis == OPTIC_SOME_AXES) {
    for (uint32_t i = 0; i < r->attr->shape.rank; i++) {
      int64_t axis = r->attr->shape.at[i];
      axes |= 1u << (axis < 0 ? axis + (int64_t)rank : axis);
    }
    return axes;
  }
  return 1u << (r->attr->axis < 0 ? r->attr->axis + (int64_t)rank : r->attr->axis);
}

/* What was reduced, with its axes of 1 again. */
static Array *with_axes(Rule *r, Array *a)
{
  Shape s = r->in[0]->shape;
  unsigned axes = axes_of(r);
  for (uint32_t i = 0; i < s.rank; i++) {
    s.at[i] = axes & 1u << i ? 1 : s.at[i];
  }
  return optic_w_reshape(&r->w, a, &s);
}

static Array *repeated(Rule *r, Array *a)
{
  return optic_wa(&r->w, G_broadcast_to, with_axes(r, a), &(Attr){.shape = r->in[0]->shape});
}

/* Attributes that sum over the same axes and keep them. */
static Attr summing(const Rule *r)
{
  Attr attr = *r->attr;
  attr.keepdims = true;
  return attr;
}

GRAD(sum)
{
  (void)k;
  return repeated(r, r->g);
}

GRAD(mean)
{
  (void)k;
  double n = 1;
  unsigned axes = axes_of(r);
  for (uint32_t i = 0; i < r->in[0]->shape.rank; i++) {
    n *= axes & 1u << i ? (double)r->in[0]->shape.at[i] : 1;
  }
  return repeated(r, optic_w2(&r->w, G_div, r->g, optic_work_number(&r->w, n)));
}

/* The product of the others: by division, but where there are zeros. With one zero, only it has any. */
GRAD(prod)
{
  (void)k;
  Work *w = &r->w;
  Attr attr = summing(r);
  Array *x = r->in[0], *zero = optic_work_number(w, 0), *one = optic_work_number(w, 1);
  Array *is_zero = optic_w2(w, G_eq, x, zero);
  Array *zeros = optic_wa(w, G_sum, is_zero, &attr);
  Array *filled = optic_w3(w, G_where, is_zero, one, x);
  Array *product = optic_wa(w, G_prod, filled, &attr);
  Array *others = optic_w2(w, G_div, product, filled);
  Array *alone = optic_w2(w, G_eq, zeros, optic_w3(w, G_where, is_zero, one, zero));
  return optic_w2(w, G_mul, with_axes(r, r->g), optic_w3(w, G_where, alone, others, zero));
}

/* Equal ones share. */
static Array *extreme(Rule *r)
{
  Work *w = &r->w;
  Attr attr = summing(r);
  Array *hit = optic_w2(w, G_eq, r->in[0], with_axes(r, r->y));
  hit = optic_w_cast(w, hit, (Dtype)r->g->dtype, r->g->weak);
  Array *share = optic_w2(w, G_div, with_axes(r, r->g), optic_wa(w, G_sum, hit, &attr));
  return optic_w2(w, G_mul, hit, share);
}

GRAD(max)
{
  (void)k;
  return extreme(r);
}

GRAD(min)
{
  (void)k;
  return extreme(r);
}

GRAD(norm)
{
  (void)k;
  return optic_w2(&r->w, G_mul, r->in[0], optic_w2(&r->w, G_div, with_axes(r, r->g), with_axes(r, r->y)));
}

/* The softmax, shifted by the greatest as the sum was: exp(x - y) would have only the digits that y has. */
GRAD(logsumexp)
{
  (void)k;
  Work *w = &r->w;
  Attr attr = summing(r);
  if (r->in[0]->count == 0) {
    return optic_w2(w, G_mul, r->in[0], optic_work_number(w, 0));
  }
  Array *most = optic_wa(w, G_max, r->in[0], &attr), *zero = optic_work_number(w, 0);
  Array *fixed = most ? optic_work_own(w, optic_stop_gradient(w->core, most)) : NULL;
  Array *shift = optic_w3(w, G_where, optic_w1(w, G_is_finite, fixed), fixed, zero);
  Array *part = optic_w1(w, G_exp, optic_w2(w, G_sub, r->in[0], shift));
  return optic_w2(w, G_mul, with_axes(r, r->g), optic_w2(w, G_div, part, optic_wa(w, G_sum, part, &attr)));
}

GRAD(softmax)
{
  (void)k;
  Work *w = &r->w;
  Attr attr = summing(r);
  Array *gy = optic_w2(w, G_mul, r->g, r->y);
  return optic_w2(w, G_sub, gy, optic_w2(w, G_mul, r->y, optic_wa(w, G_sum, gy, &attr)));
}

GRAD(log_softmax)
{
  (void)k;
  Work *w = &r->w;
  Attr attr = summing(r);
  Array *total = optic_wa(w, G_sum, r->g, &attr);
  return optic_w2(w, G_sub, r->g, optic_w2(w, G_mul, optic_w1(w, G_exp, r->y), total));
}

/* ---- along one axis ---------------------------------------------------------------------------------------------- */
GRAD(cumsum)
{
  (void)k;
  Attr attr = *r->attr; /* its axis is one of g, which is flat where x was taken flat */
  attr.flags[0] = !attr.flags[0];
  return optic_w_reshape(&r->w, optic_wa(&r->w, G_cumsum, r->g, &attr), &r->in[0]->shape);
}

GRAD(sort)
{
  (void)k;
  Work *w = &r->w;
  Array *x = optic_w_reshape(w, r->in[0], &r->g->shape);
  Array *order = optic_wa(w, G_argsort, x, r->attr);
  Attr attr = {.axis = r->attr->axis, .shape = r->g->shape};
  Array *back = optic_work_apply(w, G_u_untake_along, (Array *const[]){r->g, order}, 2, &attr);
  return optic_w_reshape(w, back, &r->in[0]->shape);
}

/* ---- movement ---------------------------------------------------------------------------------------------------- */
GRAD(reshape)
{
  return optic_w_reshape(&r->w, r->g, &r->in[k]->shape);
}

GRAD(broadcast_to)
{
  return optic_wa(&r->w, G_u_sum_to, r->g, &(Attr){.shape = r->in[k]->shape});
}

GRAD(u_sum_to)
{
  return optic_wa(&r->w, G_broadcast_to, r->g, &(Attr){.shape = r->in[k]->shape});
}

GRAD(transpose)
{
  (void)k;
  Attr attr = {.shape = r->attr->shape};
  for (uint32_t i = 0; i < attr.shape.rank; i++) {
    attr.shape.at[r->attr->shape.at[i]] = i;
  }
  return optic_wa(&r->w, G_transpose, r->g, &attr);
}

GRAD(slice)
{
  Attr attr = *r->attr;
  attr.shape = r->in[k]->shape;
  return optic_wa(&r->w, G_u_unslice, r->g, &attr);
}

GRAD(u_unslice)
{
  Attr attr = *r->attr;
  attr.shape = r->in[k]->shape;
  return optic_wa(&r->w, G_slice, r->g, &attr);
}

GRAD(set_slice)
{
  if (k == 1) {
    return optic_wa(&r->w, G_slice, r->g, r->attr); /* summed to v's shape like all that was broadcast */
  }
  Array *zero = optic_work_number(&r->w, 0);
  return optic_work_apply(&r->w, G_set_slice, (Array *const[]){r->g, zero}, 2, r->attr);
}

GRAD(concatenate)
{
  Attr attr = {.shape = r->in[k]->shape};
  for (size_t i = 0; i < k; i++) {
    attr.start[r->attr->axis] += r->in[i]->shape.at[r->attr->axis];
  }
  return optic_wa(&r->w, G_slice, r->g, &attr);
}

/* take and its adjoint, and the same along an axis, are each other's derivatives. */
static Array *adjoint(Rule *r, OpId op)
{
  Attr attr = {.axis = r->attr->axis, .shape = r->in[0]->shape};
  return optic_work_apply(&r->w, op, (Array *const[]){r->g, r->in[1]}, 2, &attr);
}

GRAD(take)
{
  (void)k;
  return adjoint(r, G_u_untake);
}

GRAD(u_untake)
{
  (void)k;
  return adjoint(r, G_take);
}

GRAD(take_along)
{
  (void)k;
  return adjoint(r, G_u_untake_along);
}

GRAD(u_untake_along)
{
  (void)k;
  return adjoint(r, G_take_along);
}

GRAD(astype)
{
  (void)k;
  return r->g; /* every derivative is converted to its input's dtype */
}
