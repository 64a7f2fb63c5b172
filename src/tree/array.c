/* array.c: arrays and the memory under them. See array.h.
 *
 * A Buffer is one block of the pool: the counter, padding, and then the numbers, on a multiple of 64 bytes where there
 * are that many of them, so that a vector register never straddles two cache lines in a whole array.
 * SPDX-License-Identifier: MIT */
#include "tree/array.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"

struct Buffer {
  uint32_t refs;
  size_t size; /* of the block */
};
enum { LINE = 64 };

static Buffer *buffer_new(Core *core, size_t bytes, void **data)
{
  size_t head = sizeof(Buffer), size;
  if (bytes >= LINE) {
    head += LINE - 1;
  }
  if (!optic_size_add(bytes ? bytes : 1, head, &size)) {
    optic_fail_oom(&core->fault);
    return NULL;
  }
  Buffer *b = optic_pool_get(core, size);
  if (b) {
    *b = (Buffer){.refs = 1, .size = size};
    uintptr_t at = (uintptr_t)(b + 1), skip = bytes >= LINE ? (LINE - at % LINE) % LINE : 0;
    *data = (char *)(b + 1) + skip;
  }
  return b;
}

static void buffer_drop(Core *core, Buffer *b)
{
  if (b && --b->refs == 0) {
    optic_pool_put(core, b, b->size);
  }
}

Array *optic_array_new(Core *core, Dtype t, const Shape *shape)
{
  size_t count;
  if (!optic_shape_count(core, shape, t, &count)) {
    return NULL;
  }
  Array *a = optic_pool_get(core, sizeof *a);
  if (!a) {
    return NULL;
  }
  *a = (Array){.refs = 1, .dtype = (uint8_t)t, .shape = *shape, .count = count};
  a->buffer = buffer_new(core, count * optic_dtype_size(t), &a->data);
  if (!a->buffer) {
    optic_pool_put(core, a, sizeof *a);
    return NULL;
  }
  return a;
}

Array *optic_array_zeros(Core *core, Dtype t, const Shape *shape)
{
  Array *a = optic_array_new(core, t, shape);
  if (a) {
    memset(a->data, 0, a->count * optic_dtype_size(t));
  }
  return a;
}

Array *optic_array_number(Core *core, double x)
{
  Array *a = optic_array_new(core, DT_F64, &(Shape){.rank = 0});
  if (a) {
    a->weak = true;
    *(double *)a->data = x;
  }
  return a;
}

Array *optic_array_shell(Core *core, const Array *a)
{
  Array *shell = optic_pool_get(core, sizeof *shell);
  if (shell) {
    *shell = *a;
    shell->refs = 1;
    shell->buffer = NULL;
    shell->data = shell;
    shell->node = NULL;
  }
  return shell;
}

void optic_array_adopt(Array *shell, Array *a)
{
  *shell = *a;
  shell->refs = 1;
  shell->node = NULL;
  if (shell->buffer) {
    shell->buffer->refs++;
  }
}

/* A second header over a's memory. */
static Array *share(Core *core, Array *a)
{
  Array *view = optic_array_shell(core, a);
  if (view) {
    optic_array_adopt(view, a);
  }
  return view;
}

Array *optic_array_view(Core *core, Array *a, const Shape *shape)
{
  Array *view = share(core, a);
  if (view) {
    view->shape = *shape;
  }
  return view;
}

Array *optic_array_rows(Core *core, Array *a, int64_t first, int64_t rows)
{
  Array *view = share(core, a);
  if (view) {
    size_t row = a->shape.at[0] ? a->count / (size_t)a->shape.at[0] : 0;
    view->shape.at[0] = rows;
    view->count = row * (size_t)rows;
    view->data = (char *)a->data + row * (size_t)first * optic_dtype_size((Dtype)a->dtype);
  }
  return view;
}

Array *optic_array_copy(Core *core, const Array *a)
{
  Array *copy = optic_array_new(core, (Dtype)a->dtype, &a->shape);
  if (copy) {
    copy->weak = a->weak;
    memcpy(copy->data, a->data, a->count * optic_dtype_size((Dtype)a->dtype));
  }
  return copy;
}

void optic_array_drop(Core *core, Array *a)
{
  if (!a || --a->refs) {
    return;
  }
  if (a->node && --a->node->refs == 0) {
    a->node->destroy(core, a->node);
  }
  buffer_drop(core, a->buffer);
  optic_pool_put(core, a, sizeof *a);
}

bool optic_array_unique(const Array *a)
{
  return a->refs == 1 && a->buffer && a->buffer->refs == 1;
}

/* ---- one element -------------------------------------------------------------------------------------------- */
double optic_array_get(const Array *a, size_t i)
{
  switch ((Dtype)a->dtype) {
  case DT_BOOL:
    return ((const uint8_t *)a->data)[i] != 0;
  case DT_U8:
    return ((const uint8_t *)a->data)[i];
  case DT_I32:
    return ((const int32_t *)a->data)[i];
  case DT_F16:
    return (double)optic_f16_to_f32(((const uint16_t *)a->data)[i]);
  case DT_BF16:
    return (double)optic_bf16_to_f32(((const uint16_t *)a->data)[i]);
  case DT_F32:
    return (double)((const float *)a->data)[i];
  case DT_F64:
  case DT_COUNT:
    break;
  }
  return ((const double *)a->data)[i];
}

/* A double as a float whose own rounding to the 8 or 11 bits of a half gives what rounding at once would: an inexact
 * result gets an odd last bit, so that it is never taken for a tie. */
static float to_odd(double x)
{
  float f = (float)x;
  if (isfinite(x) && isfinite(f) && (double)f != x) {
    float inward = fabs((double)f) > fabs(x) ? nextafterf(f, 0.0f) : f;
    uint32_t u;
    memcpy(&u, &inward, sizeof u);
    u |= 1u;
    memcpy(&f, &u, sizeof u);
  }
  return f;
}

/* Towards zero, and into the range. */
static double cut(double x, double least, double most)
{
  return x >= most ? most : x <= least ? least : x == x ? trunc(x) : 0;
}

void optic_array_set(Array *a, size_t i, double x)
{
  switch ((Dtype)a->dtype) {
  case DT_BOOL:
    ((uint8_t *)a->data)[i] = x != 0;
    return;
  case DT_U8:
    ((uint8_t *)a->data)[i] = (uint8_t)cut(x, 0, UINT8_MAX);
    return;
  case DT_I32:
    ((int32_t *)a->data)[i] = (int32_t)cut(x, INT32_MIN, INT32_MAX);
    return;
  case DT_F16:
    ((uint16_t *)a->data)[i] = optic_f32_to_f16(to_odd(x));
    return;
  case DT_BF16:
    ((uint16_t *)a->data)[i] = optic_f32_to_bf16(to_odd(x));
    return;
  case DT_F32:
    ((float *)a->data)[i] = (float)x;
    return;
  case DT_F64:
  case DT_COUNT:
    break;
  }
  ((double *)a->data)[i] = x;
}
