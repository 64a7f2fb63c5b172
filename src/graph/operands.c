/* operands.c: what shape rules share: dtypes that meet, axes, broadcasting, and the words of their complaints.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "graph/rule.h"

const char *optic_describe_shape(const Shape *s, char out[DESCRIBE])
{
  size_t used = (size_t)snprintf(out, DESCRIBE, "[");
  for (uint32_t i = 0; i < s->rank; i++) {
    used += (size_t)snprintf(out + used, DESCRIBE - used, "%s%" PRId64, i ? ", " : "", s->at[i]);
  }
  snprintf(out + used, DESCRIBE - used, "]");
  return out;
}

const char *optic_describe(const Array *a, char out[DESCRIBE])
{
  if (a->weak && a->shape.rank == 0) {
    snprintf(out, DESCRIBE, "%s", a->dtype == DT_BOOL ? "a boolean" : "a number");
    return out;
  }
  char shape[DESCRIBE];
  snprintf(out, DESCRIBE, "%.4s%.220s", optic_dtype_name((Dtype)a->dtype), optic_describe_shape(&a->shape, shape));
  return out;
}

/* ---- dtypes ---------------------------------------------------------------------------------------------------- */
/* What a weak operand counts as beside integers: a whole number as an integer, unless a derivative with respect to it
 * is being taken, which wants a float. */
static Dtype weak_kind(const Call *c, const Array *a)
{
  if (a->dtype == DT_BOOL) {
    return DT_BOOL;
  }
  if (a->shape.rank == 0 && !(optic_levels(a) & c->core->recording)) {
    double x = *(const double *)a->data;
    return isfinite(x) && x == trunc(x) ? DT_I32 : DT_F64;
  }
  return DT_F64;
}

static bool holds(Dtype t, double x)
{
  return t == DT_U8 ? x >= 0 && x <= UINT8_MAX : t == DT_I32 ? x >= INT32_MIN && x <= INT32_MAX : true;
}

/* Whole numbers beside integer arrays must be what the array can hold; to be compared, they need not. */
static bool fit(Call *c, bool comparison)
{
  for (size_t k = 0; k < c->count; k++) {
    const Array *a = c->in[k];
    if (!a->weak || a->dtype == DT_BOOL || a->shape.rank) {
      continue;
    }
    double x = *(const double *)a->data;
    if (holds(c->dtype, x)) {
      continue;
    }
    if (!comparison) {
      const char *to = c->dtype == DT_U8 && holds(DT_I32, x) ? "i32" : "f32";
      optic_fail(&c->core->fault, D_value, "`%s`: %.17g does not fit in %s", optic_op_info(c->op)->name, x,
                 optic_dtype_name(c->dtype));
      return optic_fail_hint(&c->core->fault, "convert the array first: astype(x, \"%s\")", to);
    }
    c->dtype = holds(DT_I32, x) && c->dtype != DT_F64 ? DT_I32 : DT_F64;
  }
  return true;
}

bool optic_operands(Call *c, bool comparison, bool to_float)
{
  bool have = false, number = false;
  Dtype t = DT_BOOL;
  for (size_t k = 0; k < c->count; k++) {
    if (!c->in[k]->weak) {
      bool weak;
      t = have ? optic_dtype_promote(t, false, (Dtype)c->in[k]->dtype, false, &weak) : (Dtype)c->in[k]->dtype;
      have = true;
    }
  }
  c->weak = !have;
  if (!have) {
    c->dtype = DT_F64;
    return true;
  }
  for (size_t k = 0; k < c->count; k++) {
    if (c->in[k]->weak) {
      bool weak;
      Dtype kind = optic_dtype_is_float(t) ? DT_F64 : weak_kind(c, c->in[k]);
      t = optic_dtype_promote(t, false, kind, true, &weak);
      number |= kind == DT_I32;
    }
  }
  c->dtype = to_float && !optic_dtype_is_float(t) ? DT_F32 : t;
  return !number || optic_dtype_is_float(c->dtype) || fit(c, comparison);
}

Dtype optic_compute_dtype(Dtype t, bool bools)
{
  return t == DT_BOOL && bools ? DT_BOOL : t <= DT_I32 ? DT_I32 : t <= DT_F32 ? DT_F32 : DT_F64;
}

/* ---- axes ------------------------------------------------------------------------------------------------------ */
bool optic_axis(Call *c, int64_t axis, uint32_t rank, uint32_t *out)
{
  int64_t settled = axis < 0 ? axis + (int64_t)rank : axis;
  if (settled >= 0 && settled < (int64_t)rank) {
    *out = (uint32_t)settled;
    return true;
  }
  const char *name = optic_op_info(c->op)->name;
  char type[DESCRIBE];
  if (c->count == 0 || c->in[0]->shape.rank != rank) {
    return optic_fail(&c->core->fault, D_axis, "`%s`: axis %" PRId64 " does not exist among %" PRIu32 " axes", name,
                      axis, rank);
  }
  optic_fail(&c->core->fault, D_axis, "`%s`: %s has no axis %" PRId64, name, optic_describe(c->in[0], type), axis);
  if (rank) {
    return optic_fail_hint(&c->core->fault, "its axes are 0 to %" PRIu32 ", or -1 to -%" PRIu32 " from the end",
                           rank - 1, rank);
  }
  const char *hint = c->op == G_max   ? "the larger of two is maximum(a, b); max(x, axis) reduces"
                     : c->op == G_min ? "the smaller of two is minimum(a, b); min(x, axis) reduces"
                                      : "a scalar has no axes";
  return optic_fail_hint(&c->core->fault, "%s", hint);
}

bool optic_axes(Call *c, const Shape *s)
{
  unsigned all = (1u << s->rank) - 1;
  c->axes = 0;
  if (c->attr.axis == OPTIC_ALL_AXES) {
    c->axes = all;
    return true;
  }
  bool some = c->attr.axis == OPTIC_SOME_AXES;
  for (uint32_t i = 0; i < (some ? c->attr.shape.rank : 1); i++) {
    uint32_t axis = 0;
    if (!optic_axis(c, some ? c->attr.shape.at[i] : c->attr.axis, s->rank, &axis)) {
      return false;
    }
    if (c->axes & 1u << axis) {
      return optic_fail(&c->core->fault, D_axis, "`%s`: axis %" PRIu32 " is named twice", optic_op_info(c->op)->name,
                        axis);
    }
    c->axes |= 1u << axis;
  }
  return true;
}

/* ---- elementwise ----------------------------------------------------------------------------------------------- */
static bool cannot_broadcast(Call *c, const Shape *a, const Shape *b)
{
  char one[DESCRIBE], two[DESCRIBE];
  int64_t p = 0, q = 0;
  uint32_t back = 1;
  for (;; back++) {
    p = a->at[a->rank - back];
    q = b->at[b->rank - back];
    if (p != q && p != 1 && q != 1) {
      break;
    }
  }
  optic_fail(&c->core->fault, D_shape,
             "`%s`: shapes %s and %s do not fit together: %" PRId64 " and %" PRId64 " elements along axis -%" PRIu32,
             optic_op_info(c->op)->name, optic_describe_shape(a, one), optic_describe_shape(b, two), p, q, back);
  return optic_fail_hint(&c->core->fault,
                         "sizes are compared from the last axis on; they must be equal, or one of them 1");
}

/* What JAX counts booleans as: `+` and `*` of two are `or` and `and`, but these have no such meaning. */
static bool counts_bools(OpId op)
{
  return op == G_sub || op == G_neg || op == G_floor_div || op == G_mod || op == G_pow || op == G_square ||
         op == G_relu;
}

bool optic_elementwise_shape(Call *c)
{
  PrimKind kind = optic_tile_prim((PrimId)c->op)->kind;
  c->shape = c->in[0]->shape;
  for (size_t k = 1; k < c->count; k++) {
    Shape before = c->shape;
    if (!optic_shape_broadcast(&before, &c->in[k]->shape, &c->shape)) {
      return cannot_broadcast(c, &before, &c->in[k]->shape);
    }
  }
  if (kind == PK_SELECT) { /* the condition has no say in the dtype */
    Call rest = *c;
    rest.in++;
    rest.count--;
    if (!optic_operands(&rest, false, false)) {
      return false;
    }
    c->weak = rest.weak && c->shape.rank == 0; /* an array of numbers is of the default dtype */
    c->dtype = c->compute = rest.weak && !c->weak ? DT_F32 : rest.dtype;
    return true;
  }
  if (!optic_operands(c, kind == PK_BOOL, kind == PK_FLOAT)) {
    return false;
  }
  if (c->dtype == DT_BOOL && counts_bools(c->op)) {
    c->dtype = DT_I32;
  }
  c->compute = c->dtype;
  if (kind == PK_BOOL) {
    c->dtype = DT_BOOL;
  }
  return true;
}
