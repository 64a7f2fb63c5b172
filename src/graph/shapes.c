/* shapes.c: shape rules of operations over and along axes, and of movement. See rule.h.
 *
 * A rule checks all that can be wrong about a call, so that evaluations have nothing left to refuse but values.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "graph/rule.h"

static const char *name_of(const Call *c)
{
  return optic_op_info(c->op)->name;
}

/* The result is like input 0, in dtype `t`. */
static bool like(Call *c, Dtype t)
{
  c->dtype = t;
  c->weak = c->in[0]->weak && t == c->in[0]->dtype;
  c->shape = c->in[0]->shape;
  return true;
}

static Dtype float_of(const Array *a)
{
  return optic_dtype_is_float((Dtype)a->dtype) ? (Dtype)a->dtype : DT_F32;
}

static Dtype sum_of(const Array *a)
{
  return a->dtype <= DT_U8 ? DT_I32 : (Dtype)a->dtype;
}

/* ---- over axes ------------------------------------------------------------------------------------------------- */
static bool reduction(Call *c, Dtype t)
{
  const Shape *s = &c->in[0]->shape;
  like(c, t);
  if (!optic_axes(c, s)) {
    return false;
  }
  c->shape.rank = 0;
  for (uint32_t i = 0; i < s->rank; i++) {
    bool gone = c->axes & 1u << i;
    if (!gone || c->attr.keepdims) {
      c->shape.at[c->shape.rank++] = gone ? 1 : s->at[i];
    }
  }
  return true;
}

/* The greatest of nothing does not exist. */
static bool of_some(Call *c)
{
  const Shape *s = &c->in[0]->shape;
  bool none = false, asked = true;
  for (uint32_t i = 0; i < s->rank; i++) {
    bool gone = c->axes & 1u << i;
    none |= gone && s->at[i] == 0;
    asked = asked && (gone || s->at[i]);
  }
  char type[DESCRIBE];
  return !(none && asked) || optic_fail(&c->core->fault, D_value, "`%s` of no elements: the array is %s", name_of(c),
                                        optic_describe(c->in[0], type));
}

SHAPE(sum)
{
  return reduction(c, sum_of(c->in[0]));
}

SHAPE(prod)
{
  return reduction(c, sum_of(c->in[0]));
}

SHAPE(mean)
{
  return reduction(c, float_of(c->in[0]));
}

SHAPE(max)
{
  return reduction(c, (Dtype)c->in[0]->dtype) && of_some(c);
}

SHAPE(min)
{
  return reduction(c, (Dtype)c->in[0]->dtype) && of_some(c);
}

SHAPE(any)
{
  return reduction(c, DT_BOOL);
}

SHAPE(all)
{
  return reduction(c, DT_BOOL);
}

static bool arg_reduction(Call *c)
{
  if (c->attr.axis == OPTIC_SOME_AXES && c->attr.shape.rank != 1) {
    return optic_fail(&c->core->fault, D_axis, "`%s` goes along one axis, or over all", name_of(c));
  }
  return reduction(c, DT_I32) && of_some(c);
}

SHAPE(argmax)
{
  return arg_reduction(c);
}

SHAPE(argmin)
{
  return arg_reduction(c);
}

SHAPE(norm)
{
  return reduction(c, float_of(c->in[0]));
}

SHAPE(logsumexp)
{
  return reduction(c, float_of(c->in[0]));
}

/* ---- along axes ------------------------------------------------------------------------------------------------ */
SHAPE(softmax)
{
  like(c, float_of(c->in[0]));
  return optic_axes(c, &c->shape);
}

SHAPE(log_softmax)
{
  like(c, float_of(c->in[0]));
  return optic_axes(c, &c->shape);
}

/* One axis, which attr.axis then holds; or all, and the result is flat and attr.axis 0. */
static bool along(Call *c, Dtype t)
{
  like(c, t);
  if (c->attr.axis == OPTIC_ALL_AXES) {
    c->shape = (Shape){.rank = 1, .at = {(int64_t)c->in[0]->count}};
    c->attr.axis = 0;
    return true;
  }
  uint32_t axis;
  if (!optic_axis(c, c->attr.axis, c->shape.rank, &axis)) {
    return false;
  }
  c->attr.axis = axis;
  return true;
}

SHAPE(cumsum)
{
  return along(c, sum_of(c->in[0]));
}

SHAPE(sort)
{
  return along(c, (Dtype)c->in[0]->dtype);
}

SHAPE(argsort)
{
  return along(c, DT_I32);
}

/* ---- movement -------------------------------------------------------------------------------------------------- */
SHAPE(reshape)
{
  Array *a = c->in[0];
  like(c, (Dtype)a->dtype);
  c->shape = c->attr.shape;
  size_t known = 1, count;
  int open = -1;
  bool fits = c->shape.rank <= OPTIC_RANK;
  for (uint32_t i = 0; i < c->shape.rank && fits; i++) {
    if (c->shape.at[i] == -1 && open < 0) {
      open = (int)i;
    } else {
      fits = c->shape.at[i] >= 0 && optic_size_mul(known, (size_t)c->shape.at[i], &known);
    }
  }
  if (fits && open >= 0) {
    fits = known && a->count % known == 0;
    c->shape.at[open] = fits ? (int64_t)(a->count / known) : 0;
  } else {
    fits = fits && known == a->count;
  }
  if (!fits) {
    char from[DESCRIBE], to[DESCRIBE];
    c->attr.shape.rank = c->attr.shape.rank > OPTIC_RANK ? OPTIC_RANK : c->attr.shape.rank;
    optic_fail(&c->core->fault, D_shape, "`reshape`: %s does not fit in shape %s", optic_describe(a, from),
               optic_describe_shape(&c->attr.shape, to));
    int unknown = 0;
    for (uint32_t i = 0; i < c->attr.shape.rank; i++) {
      unknown += c->attr.shape.at[i] == -1;
    }
    if (unknown > 1) {
      return optic_fail_hint(&c->core->fault, "only one size can be -1, which stands for what is left");
    }
    return open >= 0 ? optic_fail_hint(&c->core->fault, "%zu elements are not a multiple of %zu", a->count, known)
                     : optic_fail_hint(&c->core->fault, "the array has %zu elements, the shape %zu", a->count, known);
  }
  c->same = optic_shape_equal(&a->shape, &c->shape);
  return optic_shape_count(c->core, &c->shape, c->dtype, &count);
}

SHAPE(broadcast_to)
{
  Array *a = c->in[0];
  like(c, (Dtype)a->dtype);
  size_t count;
  Shape both;
  if (!optic_shape_count(c->core, &c->attr.shape, c->dtype, &count)) {
    return false;
  }
  if (!optic_shape_broadcast(&a->shape, &c->attr.shape, &both) || !optic_shape_equal(&both, &c->attr.shape)) {
    char from[DESCRIBE], to[DESCRIBE];
    optic_fail(&c->core->fault, D_shape, "`broadcast_to`: %s cannot be repeated to shape %s", optic_describe(a, from),
               optic_describe_shape(&c->attr.shape, to));
    return optic_fail_hint(&c->core->fault, "from the last axis on, its sizes must be equal to the shape's, or 1");
  }
  c->shape = both;
  c->same = optic_shape_equal(&a->shape, &both);
  return true;
}

SHAPE(u_sum_to)
{
  like(c, (Dtype)c->in[0]->dtype);
  c->shape = c->attr.shape;
  c->same = optic_shape_equal(&c->in[0]->shape, &c->shape);
  return true;
}

SHAPE(transpose)
{
  Shape s = c->in[0]->shape, *order = &c->attr.shape;
  like(c, (Dtype)c->in[0]->dtype);
  if (order->rank == 0) {
    for (uint32_t i = 0; i < s.rank; i++) {
      order->at[i] = (int64_t)(s.rank - 1 - i);
    }
    order->rank = s.rank;
  }
  unsigned seen = 0;
  c->same = true;
  for (uint32_t i = 0; i < order->rank && order->rank == s.rank; i++) {
    uint32_t axis;
    if (!optic_axis(c, order->at[i], s.rank, &axis)) {
      return false;
    }
    order->at[i] = axis;
    seen |= 1u << axis;
    c->same = c->same && axis == i;
    c->shape.at[i] = s.at[axis];
  }
  if (order->rank != s.rank || seen != (1u << s.rank) - 1) {
    char type[DESCRIBE], given[DESCRIBE];
    order->rank = order->rank > OPTIC_RANK ? OPTIC_RANK : order->rank;
    optic_fail(&c->core->fault, D_axis, "`transpose`: %s does not order the axes of %s",
               optic_describe_shape(order, given), optic_describe(c->in[0], type));
    return optic_fail_hint(&c->core->fault, "each axis must be named once");
  }
  return true;
}

/* Does attr describe a slice of `whole` with `taken` elements per axis? A step of 0 becomes 1. */
static bool slice_fits(Call *c, const Shape *whole, const Shape *taken)
{
  bool fits = whole->rank == taken->rank;
  for (uint32_t i = 0; i < whole->rank && fits; i++) {
    int64_t n = taken->at[i], size = whole->at[i], first = c->attr.start[i], last;
    if (c->attr.step[i] == 0) {
      c->attr.step[i] = 1;
    }
    if (n == 0) {
      c->attr.start[i] = 0;
      continue;
    }
    fits = n > 0 && first >= 0 && first < size && !__builtin_mul_overflow(n - 1, c->attr.step[i], &last) &&
           !__builtin_add_overflow(last, first, &last) && last >= 0 && last < size;
  }
  if (fits) {
    return true;
  }
  char one[DESCRIBE], two[DESCRIBE];
  return optic_fail(&c->core->fault, D_index, "`%s`: a slice of shape %s does not lie within an array of shape %s",
                    name_of(c), optic_describe_shape(taken, one), optic_describe_shape(whole, two));
}

SHAPE(slice)
{
  Array *a = c->in[0];
  like(c, (Dtype)a->dtype);
  c->shape = c->attr.shape;
  if (c->attr.shape.rank > OPTIC_RANK || !slice_fits(c, &a->shape, &c->attr.shape)) {
    return false;
  }
  c->same = optic_shape_equal(&a->shape, &c->shape);
  for (uint32_t i = 0; i < c->shape.rank; i++) {
    c->same = c->same && (c->attr.step[i] == 1 || c->shape.at[i] <= 1);
  }
  return true;
}

SHAPE(u_unslice)
{
  size_t count;
  like(c, (Dtype)c->in[0]->dtype);
  c->shape = c->attr.shape;
  return optic_shape_count(c->core, &c->shape, c->dtype, &count) && slice_fits(c, &c->shape, &c->in[0]->shape);
}

SHAPE(set_slice)
{
  Array *a = c->in[0], *v = c->in[1];
  like(c, (Dtype)a->dtype);
  if (c->attr.shape.rank > OPTIC_RANK || !slice_fits(c, &a->shape, &c->attr.shape)) {
    return false;
  }
  Shape both;
  char one[DESCRIBE], two[DESCRIBE];
  if (!optic_shape_broadcast(&v->shape, &c->attr.shape, &both) || !optic_shape_equal(&both, &c->attr.shape)) {
    optic_fail(&c->core->fault, D_shape, "%s cannot be assigned to a slice of shape %s", optic_describe(v, one),
               optic_describe_shape(&c->attr.shape, two));
    return optic_fail_hint(&c->core->fault, "the shapes must be equal, or the value's repeat to the slice's");
  }
  if (v->weak && v->shape.rank == 0 && v->dtype == DT_F64 && !optic_dtype_is_float(c->dtype)) {
    double x = *(const double *)v->data;
    double least = c->dtype == DT_I32 ? INT32_MIN : 0, most = c->dtype == DT_I32 ? INT32_MAX : UINT8_MAX;
    if (c->dtype != DT_BOOL && x >= least && x <= most && x == (double)(int64_t)x) {
      return true;
    }
    return optic_fail(&c->core->fault, D_value, "%.17g cannot be assigned to elements of %s", x,
                      optic_describe(a, one));
  }
  if (optic_dtype_is_float((Dtype)v->dtype) && !optic_dtype_is_float(c->dtype)) {
    optic_fail(&c->core->fault, D_dtype, "%s cannot be assigned to elements of %s", optic_describe(v, one),
               optic_describe(a, two));
    return optic_fail_hint(&c->core->fault, "convert the value first: astype(v, \"%s\")", optic_dtype_name(c->dtype));
  }
  return true;
}

SHAPE(concatenate)
{
  uint32_t axis;
  if (!optic_operands(c, false, false)) {
    return false;
  }
  c->shape = c->in[0]->shape;
  char one[DESCRIBE], two[DESCRIBE];
  if (c->shape.rank == 0) {
    optic_fail(&c->core->fault, D_shape, "`concatenate`: %s has no axes", optic_describe(c->in[0], one));
    return optic_fail_hint(&c->core->fault, "use stack");
  }
  if (!optic_axis(c, c->attr.axis, c->shape.rank, &axis)) {
    return false;
  }
  for (size_t k = 1; k < c->count; k++) {
    const Shape *s = &c->in[k]->shape;
    bool fits = s->rank == c->shape.rank;
    for (uint32_t i = 0; i < s->rank && fits; i++) {
      fits = i == axis || s->at[i] == c->shape.at[i];
    }
    if (!fits || __builtin_add_overflow(c->shape.at[axis], s->at[axis], &c->shape.at[axis])) {
      optic_fail(&c->core->fault, D_shape, "`concatenate`: array 0 has shape %s, and array %zu has %s",
                 optic_describe_shape(&c->in[0]->shape, one), k, optic_describe_shape(s, two));
      return optic_fail_hint(&c->core->fault, "only axis %" PRIu32 " may differ", axis);
    }
  }
  c->attr.axis = axis;
  size_t count;
  c->same = c->count == 1;
  return optic_shape_count(c->core, &c->shape, c->dtype, &count);
}

/* Integers, or a whole number of the language. */
static bool indices(Call *c, const Array *i)
{
  char type[DESCRIBE];
  if (i->weak && i->shape.rank == 0 && i->dtype == DT_F64) {
    double x = *(const double *)i->data;
    return (x >= INT32_MIN && x <= INT32_MAX && x == (double)(int64_t)x) ||
           optic_fail(&c->core->fault, D_index, "%.17g is not an index", x);
  }
  if (i->dtype == DT_U8 || i->dtype == DT_I32) {
    return true;
  }
  optic_fail(&c->core->fault, D_dtype, "`%s`: indices must be integers, and not %s", name_of(c),
             optic_describe(i, type));
  return i->dtype == DT_BOOL ? optic_fail_hint(&c->core->fault, "select by a condition with where(condition, x, y)")
                             : optic_fail_hint(&c->core->fault, "convert them with astype(i, \"i32\")");
}

/* s with `axis` replaced by the axes of i; all axes: just those of i. */
static bool taken(Call *c, const Shape *s, const Shape *i, Shape *out)
{
  uint32_t axis = 0;
  bool flat = c->attr.axis == OPTIC_ALL_AXES;
  if (!flat && !optic_axis(c, c->attr.axis, s->rank, &axis)) {
    return false;
  }
  uint32_t rank = flat ? i->rank : s->rank - 1 + i->rank;
  if (rank > OPTIC_RANK) {
    return optic_fail(&c->core->fault, D_shape, "`%s`: the result would have %" PRIu32 " axes, of at most %d",
                      name_of(c), rank, OPTIC_RANK);
  }
  c->attr.axis = flat ? OPTIC_ALL_AXES : axis;
  *out = (Shape){.rank = rank};
  uint32_t at = 0;
  for (uint32_t k = 0; k < axis; k++) {
    out->at[at++] = s->at[k];
  }
  for (uint32_t k = 0; k < i->rank; k++) {
    out->at[at++] = i->at[k];
  }
  for (uint32_t k = axis + 1; k < s->rank && !flat; k++) {
    out->at[at++] = s->at[k];
  }
  return true;
}

SHAPE(take)
{
  size_t count;
  like(c, (Dtype)c->in[0]->dtype);
  return indices(c, c->in[1]) && taken(c, &c->in[0]->shape, &c->in[1]->shape, &c->shape) &&
         optic_shape_count(c->core, &c->shape, c->dtype, &count);
}

SHAPE(u_untake)
{
  like(c, (Dtype)c->in[0]->dtype);
  c->shape = c->attr.shape;
  return true;
}

SHAPE(take_along)
{
  const Shape *s = &c->in[0]->shape, *i = &c->in[1]->shape;
  uint32_t axis;
  like(c, (Dtype)c->in[0]->dtype);
  if (!indices(c, c->in[1]) || !optic_axis(c, c->attr.axis, s->rank, &axis)) {
    return false;
  }
  c->attr.axis = axis;
  bool fits = s->rank == i->rank;
  for (uint32_t k = 0; k < s->rank && fits; k++) {
    fits = k == axis || s->at[k] == i->at[k];
  }
  if (!fits) {
    char one[DESCRIBE], two[DESCRIBE];
    optic_fail(&c->core->fault, D_shape, "`%s`: indices of shape %s do not go with an array of shape %s", name_of(c),
               optic_describe_shape(i, one), optic_describe_shape(s, two));
    return optic_fail_hint(&c->core->fault, "only axis %" PRIu32 " may differ", axis);
  }
  c->shape = *i;
  return true;
}

SHAPE(u_untake_along)
{
  like(c, (Dtype)c->in[0]->dtype);
  c->shape = c->attr.shape;
  return true;
}

SHAPE(astype)
{
  like(c, c->attr.dtype);
  c->weak = c->attr.flags[0];
  c->same = c->dtype == c->in[0]->dtype && c->weak == c->in[0]->weak;
  return true;
}

/* ---- made from little ------------------------------------------------------------------------------------------ */
static bool sized(Call *c)
{
  size_t count;
  return optic_shape_count(c->core, &c->shape, c->dtype, &count);
}

SHAPE(one_hot)
{
  if (!indices(c, c->in[0])) {
    return false;
  }
  c->dtype = c->attr.dtype;
  c->shape = c->in[0]->shape;
  if (c->shape.rank == OPTIC_RANK) {
    return optic_fail(&c->core->fault, D_shape, "`one_hot`: an array has at most %d axes", OPTIC_RANK);
  }
  c->shape.at[c->shape.rank++] = c->attr.n;
  return sized(c);
}

SHAPE(eye)
{
  c->dtype = c->attr.dtype;
  c->shape = c->attr.shape;
  return (c->shape.rank == 2 || optic_fail(&c->core->fault, D_shape, "`eye` has two axes")) && sized(c);
}

SHAPE(u_band)
{
  c->dtype = DT_BOOL;
  c->shape = c->attr.shape;
  return (c->shape.rank == 2 || optic_fail(&c->core->fault, D_shape, "a band has two axes")) && sized(c);
}
