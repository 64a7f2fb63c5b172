/* eval_move.c: evaluation of what moves numbers without changing them, and of what is made from little.
 *
 * Nearly all of it is one loop: a copy between two arrangements of the same shape, each given by its strides.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "graph/rule.h"

void optic_strides(const Shape *s, int64_t out[OPTIC_RANK])
{
  int64_t step = 1;
  for (uint32_t i = s->rank; i-- > 0;) {
    out[i] = step;
    step *= s->at[i];
  }
}

/* ---- the strided copy ------------------------------------------------------------------------------------------ */
static Strided merged(const Strided *s)
{
  Strided m = {0};
  for (uint32_t i = 0; i < s->rank; i++) {
    if (s->n[i] == 1) {
      continue;
    }
    uint32_t top = m.rank - 1;
    if (m.rank && m.to[top] == s->to[i] * s->n[i] && m.from[top] == s->from[i] * s->n[i]) {
      m.n[top] *= s->n[i];
    } else {
      top = m.rank++;
      m.n[top] = s->n[i];
    }
    m.to[top] = s->to[i];
    m.from[top] = s->from[i];
  }
  return m;
}

#define LINE(T)                                                                                                        \
  do {                                                                                                                 \
    T *t = (T *)to;                                                                                                    \
    const T *f = (const T *)from;                                                                                      \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      t[i * to_step] = f[i * from_step];                                                                               \
    }                                                                                                                  \
  } while (0)

static void line(void *to, int64_t to_step, const void *from, int64_t from_step, int64_t n, size_t size)
{
  if (to_step == 1 && from_step == 1) {
    memcpy(to, from, (size_t)n * size);
  } else if (size == 4) {
    LINE(uint32_t);
  } else if (size == 8) {
    LINE(uint64_t);
  } else if (size == 2) {
    LINE(uint16_t);
  } else {
    LINE(uint8_t);
  }
}
#undef LINE

void optic_strided_copy(const Strided *s, size_t size, void *to, const void *from)
{
  for (uint32_t i = 0; i < s->rank; i++) {
    if (s->n[i] == 0) {
      return;
    }
  }
  Strided m = merged(s);
  if (m.rank == 0) {
    memcpy(to, from, size);
    return;
  }
  int64_t index[OPTIC_RANK] = {0}, last = m.rank - 1, t = 0, f = 0;
  for (;;) {
    line((char *)to + t * (int64_t)size, m.to[last], (const char *)from + f * (int64_t)size, m.from[last], m.n[last],
         size);
    int64_t axis = last - 1;
    for (; axis >= 0; axis--) {
      t += m.to[axis];
      f += m.from[axis];
      if (++index[axis] < m.n[axis]) {
        break;
      }
      t -= m.to[axis] * m.n[axis];
      f -= m.from[axis] * m.n[axis];
      index[axis] = 0;
    }
    if (axis < 0) {
      return;
    }
  }
}

static Array *charged(Call *c, Array *out)
{
  if (out && !optic_charge_for(c->core, out->count)) {
    optic_array_drop(c->core, out);
    return NULL;
  }
  if (out) {
    out->weak = c->weak;
  }
  return out;
}

static Array *fresh(Call *c)
{
  return charged(c, optic_array_new(c->core, c->dtype, &c->shape));
}

static Array *fresh_zeros(Call *c)
{
  return charged(c, optic_array_zeros(c->core, c->dtype, &c->shape));
}

/* ---- reshape, broadcast, transpose ------------------------------------------------------------------------------ */
EVAL(reshape)
{
  return optic_array_view(c->core, c->in[0], &c->shape);
}

EVAL(broadcast_to)
{
  const Array *a = c->in[0];
  Array *out = fresh(c);
  if (out) {
    Strided s = {.rank = c->shape.rank};
    int64_t own[OPTIC_RANK];
    optic_strides(&a->shape, own);
    optic_strides(&c->shape, s.to);
    for (uint32_t i = 0; i < s.rank; i++) {
      s.n[i] = c->shape.at[i];
      uint32_t shift = s.rank - a->shape.rank;
      s.from[i] = i < shift || a->shape.at[i - shift] == 1 ? 0 : own[i - shift];
    }
    optic_strided_copy(&s, optic_dtype_size(c->dtype), out->data, a->data);
  }
  return out;
}

EVAL(transpose)
{
  const Array *a = c->in[0];
  Array *out = fresh(c);
  if (!out || !a->count) {
    return out;
  }
  size_t size = optic_dtype_size(c->dtype);
  Strided s = {.rank = c->shape.rank};
  int64_t own[OPTIC_RANK];
  optic_strides(&a->shape, own);
  optic_strides(&c->shape, s.to);
  for (uint32_t i = 0; i < s.rank; i++) {
    s.n[i] = c->shape.at[i];
    s.from[i] = own[c->attr.shape.at[i]];
  }
  Strided m = merged(&s);
  if (m.rank >= 2 && m.from[m.rank - 2] == 1 && m.from[m.rank - 1] == m.n[m.rank - 2]) {
    /* the last two axes change places: matrices, which the tiles turn over in blocks */
    size_t rows = (size_t)m.n[m.rank - 1], columns = (size_t)m.n[m.rank - 2], each = rows * columns * size;
    bool regular = m.rank == 2 || (m.rank == 3 && m.from[0] == (int64_t)(rows * columns));
    for (int64_t i = 0; regular && i < (m.rank == 3 ? m.n[0] : 1); i++) {
      optic_tiles(c->core)->transpose(size, (char *)out->data + (size_t)i * each,
                                      (const char *)a->data + (size_t)i * each, rows, columns);
    }
    if (regular) {
      return out;
    }
  }
  optic_strided_copy(&s, size, out->data, a->data);
  return out;
}

/* ---- slices ------------------------------------------------------------------------------------------------------ */
/* The slice that attr describes in an array of shape `whole`: strides in `stride`, and the offset of its first. */
static int64_t slice_of(const Call *c, const Shape *whole, int64_t stride[OPTIC_RANK])
{
  int64_t offset = 0;
  optic_strides(whole, stride);
  for (uint32_t i = 0; i < whole->rank; i++) {
    offset += stride[i] * c->attr.start[i];
    stride[i] *= c->attr.step[i];
  }
  return offset;
}

/* Whole neighbouring rows: no copy. */
static bool is_rows(const Call *c, const Shape *whole)
{
  bool rows = whole->rank > 0 && (c->attr.step[0] == 1 || c->shape.at[0] <= 1);
  for (uint32_t i = 1; i < whole->rank && rows; i++) {
    rows = c->shape.at[i] == whole->at[i] && (c->attr.step[i] == 1 || whole->at[i] <= 1);
  }
  return rows;
}

EVAL(slice)
{
  Array *a = c->in[0];
  if (is_rows(c, &a->shape)) {
    return optic_array_rows(c->core, a, c->attr.start[0], c->shape.at[0]);
  }
  Array *out = fresh(c);
  if (out) {
    Strided s = {.rank = c->shape.rank};
    int64_t offset = slice_of(c, &a->shape, s.from);
    optic_strides(&c->shape, s.to);
    memcpy(s.n, c->shape.at, sizeof s.n);
    size_t size = optic_dtype_size(c->dtype);
    optic_strided_copy(&s, size, out->data, (const char *)a->data + offset * (int64_t)size);
  }
  return out;
}

/* v, repeated where it is smaller, to the slice of `out` of shape `taken`. */
static void write_slice(const Call *c, Array *out, const Shape *taken, const Array *v)
{
  Strided s = {.rank = taken->rank};
  int64_t own[OPTIC_RANK], offset = slice_of(c, &out->shape, s.to);
  optic_strides(&v->shape, own);
  memcpy(s.n, taken->at, sizeof s.n);
  uint32_t shift = taken->rank - v->shape.rank;
  for (uint32_t i = shift; i < taken->rank; i++) {
    s.from[i] = v->shape.at[i - shift] == 1 ? 0 : own[i - shift];
  }
  size_t size = optic_dtype_size((Dtype)out->dtype);
  optic_strided_copy(&s, size, (char *)out->data + offset * (int64_t)size, v->data);
}

EVAL(u_unslice)
{
  Array *out = fresh_zeros(c);
  if (out) {
    write_slice(c, out, &c->in[0]->shape, c->in[0]);
  }
  return out;
}

EVAL(set_slice)
{
  Array *a = c->in[0], *v = optic_as(c->core, c->in[1], c->dtype), *out = NULL;
  if (v && optic_charge_for(c->core, v->count)) {
    c->donate &= 1u;
    out = v != a ? optic_result(c) : fresh(c);
  }
  if (out) {
    if (out != a) {
      memcpy(out->data, a->data, a->count * optic_dtype_size(c->dtype));
    }
    write_slice(c, out, &c->attr.shape, v);
  }
  optic_array_drop(c->core, v);
  return out;
}

EVAL(concatenate)
{
  Array *out = fresh(c);
  if (!out) {
    return NULL;
  }
  int64_t axis = c->attr.axis, stride[OPTIC_RANK];
  optic_strides(&c->shape, stride);
  size_t size = optic_dtype_size(c->dtype);
  char *to = out->data;
  for (size_t k = 0; k < c->count; k++) {
    Array *in = optic_as(c->core, c->in[k], c->dtype);
    if (!in) {
      optic_array_drop(c->core, out);
      return NULL;
    }
    Strided s = {.rank = c->shape.rank};
    optic_strides(&in->shape, s.from);
    memcpy(s.to, stride, sizeof stride);
    memcpy(s.n, in->shape.at, sizeof s.n);
    optic_strided_copy(&s, size, to, in->data);
    to += in->shape.at[axis] * stride[axis] * (int64_t)size;
    optic_array_drop(c->core, in);
  }
  return out;
}

/* ---- by index ---------------------------------------------------------------------------------------------------- */
Array *optic_indices(Call *c, Array *a)
{
  return optic_as(c->core, a, DT_I32);
}

/* Negative indices count from the end. False with the fault set for one out of range. */
static bool settle(Call *c, int32_t i, int64_t n, int64_t *out)
{
  *out = i < 0 ? i + n : i;
  if (*out >= 0 && *out < n) {
    return true;
  }
  optic_fail(&c->core->fault, D_index, "`%s`: index %" PRId32 " is out of range for %" PRId64 " items",
             optic_op_info(c->op)->name, i, n);
  return false;
}

/* [outer, n, inner] around attr.axis; all axes: as if flat. */
static void around(const Call *c, const Shape *s, size_t *outer, int64_t *n, size_t *inner)
{
  *outer = *inner = 1;
  *n = 1;
  for (uint32_t i = 0; i < s->rank; i++) {
    if (c->attr.axis == OPTIC_ALL_AXES || i == c->attr.axis) {
      *n *= s->at[i];
    } else {
      *(i < c->attr.axis ? outer : inner) *= (size_t)s->at[i];
    }
  }
}

EVAL(take)
{
  const Array *a = c->in[0];
  size_t outer, inner;
  int64_t n, at;
  around(c, &a->shape, &outer, &n, &inner);
  Array *i = optic_indices(c, c->in[1]), *out = i ? fresh(c) : NULL;
  size_t each = inner * optic_dtype_size(c->dtype);
  for (size_t o = 0; out && o < outer; o++) {
    for (size_t k = 0; k < i->count; k++) {
      if (!settle(c, ((const int32_t *)i->data)[k], n, &at)) {
        optic_array_drop(c->core, out);
        out = NULL;
        break;
      }
      memcpy((char *)out->data + (o * i->count + k) * each, (const char *)a->data + (o * (size_t)n + (size_t)at) * each,
             each);
    }
  }
  optic_array_drop(c->core, i);
  return out;
}

/* to[..] += from[..], n of them `step` apart. */
static void add_to(Dtype t, void *to, size_t to_at, const void *from, size_t from_at, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    if (t == DT_F32) {
      ((float *)to)[to_at + k] += ((const float *)from)[from_at + k];
    } else if (t == DT_F64) {
      ((double *)to)[to_at + k] += ((const double *)from)[from_at + k];
    } else {
      uint32_t sum = (uint32_t)((const int32_t *)to)[to_at + k] + (uint32_t)((const int32_t *)from)[from_at + k];
      memcpy((int32_t *)to + to_at + k, &sum, sizeof sum);
    }
  }
}

/* Zeros of the result's shape in what is computed in, x in the same, and the indices. False with all dropped. */
static bool scatter(Call *c, Array **x, Array **i, Array **out)
{
  Dtype t = optic_compute_dtype(c->dtype, false);
  *x = optic_as(c->core, c->in[0], t);
  *i = *x ? optic_indices(c, c->in[1]) : NULL;
  *out = *i && optic_charge_for(c->core, (*x)->count) ? optic_array_zeros(c->core, t, &c->shape) : NULL;
  if (!*out) {
    optic_array_drop(c->core, *x);
    optic_array_drop(c->core, *i);
  }
  return *out != NULL;
}

static Array *scattered(Call *c, Array *x, Array *i, Array *out, bool fits)
{
  Array *result = fits ? optic_as(c->core, out, c->dtype) : NULL;
  if (result) {
    result->weak = c->weak;
  }
  optic_array_drop(c->core, x);
  optic_array_drop(c->core, i);
  optic_array_drop(c->core, out);
  return result;
}

EVAL(u_untake)
{
  size_t outer, inner;
  int64_t n, at;
  Array *x, *i, *out;
  if (!scatter(c, &x, &i, &out)) {
    return NULL;
  }
  around(c, &c->shape, &outer, &n, &inner);
  bool fits = true;
  for (size_t o = 0; o < outer; o++) {
    for (size_t k = 0; k < i->count && fits; k++) {
      fits = settle(c, ((const int32_t *)i->data)[k], n, &at);
      if (fits) {
        add_to((Dtype)out->dtype, out->data, (o * (size_t)n + (size_t)at) * inner, x->data, (o * i->count + k) * inner,
               inner);
      }
    }
  }
  return scattered(c, x, i, out, fits);
}

EVAL(take_along)
{
  const Array *a = c->in[0];
  size_t outer, inner, size = optic_dtype_size(c->dtype);
  int64_t n, m = c->shape.at[c->attr.axis], at;
  around(c, &a->shape, &outer, &n, &inner);
  Array *i = optic_indices(c, c->in[1]), *out = i ? fresh(c) : NULL;
  for (size_t k = 0; out && k < i->count; k++) {
    size_t o = k / inner / (size_t)m;
    if (!settle(c, ((const int32_t *)i->data)[k], n, &at)) {
      optic_array_drop(c->core, out);
      out = NULL;
      break;
    }
    size_t from = (o * (size_t)n + (size_t)at) * inner + k % inner;
    memcpy((char *)out->data + k * size, (const char *)a->data + from * size, size);
  }
  optic_array_drop(c->core, i);
  return out;
}

EVAL(u_untake_along)
{
  size_t outer, inner;
  int64_t n, at;
  Array *x, *i, *out;
  if (!scatter(c, &x, &i, &out)) {
    return NULL;
  }
  around(c, &c->shape, &outer, &n, &inner);
  bool fits = true;
  for (size_t k = 0; k < i->count && fits; k++) {
    size_t o = k / inner / (size_t)i->shape.at[c->attr.axis];
    fits = settle(c, ((const int32_t *)i->data)[k], n, &at);
    if (fits) {
      add_to((Dtype)out->dtype, out->data, (o * (size_t)n + (size_t)at) * inner + k % inner, x->data, k, 1);
    }
  }
  return scattered(c, x, i, out, fits);
}

/* ---- conversion, and what is made from little -------------------------------------------------------------------- */
EVAL(astype)
{
  Array *a = c->in[0];
  return charged(c, a->dtype == c->dtype ? optic_array_view(c->core, a, &a->shape) : optic_as(c->core, a, c->dtype));
}

EVAL(one_hot)
{
  Array *i = optic_indices(c, c->in[0]), *out = i ? fresh_zeros(c) : NULL;
  size_t n = (size_t)c->attr.n;
  for (size_t k = 0; out && k < i->count; k++) {
    int32_t at = ((const int32_t *)i->data)[k];
    if (at >= 0 && (size_t)at < n) { /* as in JAX, others are all zeros */
      optic_array_set(out, k * n + (size_t)at, 1);
    }
  }
  optic_array_drop(c->core, i);
  return out;
}

EVAL(eye)
{
  Array *out = fresh_zeros(c);
  for (int64_t i = 0; out && i < c->shape.at[0]; i++) {
    int64_t j;
    if (!__builtin_add_overflow(i, c->attr.n, &j) && j >= 0 && j < c->shape.at[1]) {
      optic_array_set(out, (size_t)(i * c->shape.at[1] + j), 1);
    }
  }
  return out;
}

EVAL(u_band)
{
  Array *out = fresh(c);
  for (int64_t i = 0; out && i < c->shape.at[0]; i++) {
    int64_t last;
    if (__builtin_add_overflow(i, c->attr.n, &last)) {
      last = c->attr.n < 0 ? INT64_MIN : INT64_MAX;
    }
    for (int64_t j = 0; j < c->shape.at[1]; j++) {
      ((uint8_t *)out->data)[i * c->shape.at[1] + j] = j <= last;
    }
  }
  return out;
}
