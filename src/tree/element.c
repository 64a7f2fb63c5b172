/* element.c: the numbers of an array as files hold them. See element.h.
 * SPDX-License-Identifier: MIT */
#include "tree/element.h"

#include <string.h>
#include <zlib.h>

enum { PIECE = 4096 /* bytes, of the buffers on the stack */ };

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static const ByteOrder native = BIG_ENDIAN_BYTES;
#else
static const ByteOrder native = LITTLE_ENDIAN_BYTES;
#endif

static const struct {
  size_t size;
  Dtype dtype;
} elements[EL_COUNT] = {
    [EL_BOOL] = {1, DT_BOOL}, [EL_I8] = {1, DT_I32},  [EL_U8] = {1, DT_U8},     [EL_I16] = {2, DT_I32},
    [EL_U16] = {2, DT_I32},   [EL_I32] = {4, DT_I32}, [EL_U32] = {4, DT_I32},   [EL_I64] = {8, DT_I32},
    [EL_U64] = {8, DT_I32},   [EL_F16] = {2, DT_F16}, [EL_BF16] = {2, DT_BF16}, [EL_F32] = {4, DT_F32},
    [EL_F64] = {8, DT_F64},
};

size_t optic_element_size(Element e)
{
  return elements[e].size;
}

Dtype optic_element_dtype(Element e)
{
  return elements[e].dtype;
}

Element optic_element_of(Dtype t)
{
  static const Element of[DT_COUNT] = {
      [DT_BOOL] = EL_BOOL, [DT_U8] = EL_U8,   [DT_I32] = EL_I32, [DT_F16] = EL_F16,
      [DT_BF16] = EL_BF16, [DT_F32] = EL_F32, [DT_F64] = EL_F64,
  };
  return of[t];
}

/* Reverses the bytes of each of `count` elements of `size` bytes. */
static void swap_bytes(uint8_t *at, size_t size, size_t count)
{
  for (size_t i = 0; i < count; i++, at += size) {
    for (size_t low = 0, high = size - 1; low < high; low++, high--) {
      uint8_t byte = at[low];
      at[low] = at[high];
      at[high] = byte;
    }
  }
}

/* ---- reading ------------------------------------------------------------------------------------------------ */
/* An integer of any width; false where it is outside of i32. */
static bool narrow(Element e, ByteOrder order, const uint8_t *at, int32_t *out)
{
  size_t size = elements[e].size;
  uint64_t bits = 0;
  for (size_t i = 0; i < size; i++) {
    bits |= (uint64_t)at[order == LITTLE_ENDIAN_BYTES ? i : size - 1 - i] << 8 * i;
  }
  bool is_signed = e == EL_I8 || e == EL_I16 || e == EL_I64;
  if (is_signed && size < 8 && bits >> (8 * size - 1)) {
    bits |= UINT64_MAX << 8 * size;
  }
  if (bits <= INT32_MAX) {
    *out = (int32_t)bits;
    return true;
  }
  if (is_signed && bits >= (uint64_t)INT32_MIN) {
    *out = -(int32_t)(UINT64_MAX - bits) - 1; /* bits - 2^64 */
    return true;
  }
  return false;
}

static bool read_narrowed(Unpack *u, Element e, ByteOrder order, Array *a)
{
  uint8_t piece[PIECE];
  size_t size = elements[e].size, most = PIECE / size;
  int32_t *out = a->data;
  for (size_t done = 0; done < a->count;) {
    size_t some = a->count - done < most ? a->count - done : most;
    if (!optic_unpack_read(u, piece, some * size)) {
      return false;
    }
    for (size_t i = 0; i < some; i++) {
      if (!narrow(e, order, piece + i * size, &out[done + i])) {
        optic_fail(&u->core->fault, D_format, "`%s`: its integer number %llu is too large for i32", u->what,
                   (unsigned long long)(done + i));
        return optic_fail_hint(&u->core->fault, "Optic has integers of 32 bits; save it as f64 instead");
      }
    }
    done += some;
  }
  return true;
}

static bool read_numbers(Unpack *u, Element e, ByteOrder order, Array *a)
{
  if (e != optic_element_of((Dtype)a->dtype)) {
    return read_narrowed(u, e, order, a);
  }
  size_t size = elements[e].size;
  if (!optic_unpack_read(u, a->data, a->count * size)) {
    return false;
  }
  if (order != native && size > 1) {
    swap_bytes(a->data, size, a->count);
  }
  const uint8_t *bytes = a->data;
  for (size_t i = 0; e == EL_BOOL && i < a->count; i++) {
    if (bytes[i] > 1) {
      return optic_fail(&u->core->fault, D_format, "`%s`: its element %llu is a bool with the value %d", u->what,
                        (unsigned long long)i, bytes[i]);
    }
  }
  return true;
}

/* From column-major, whose shape read backwards is that of a row-major array. */
static Array *rows_first(Core *core, const Array *from, const Shape *shape)
{
  Array *a = optic_array_new(core, (Dtype)from->dtype, shape);
  if (!a) {
    return NULL;
  }
  size_t size = optic_dtype_size((Dtype)a->dtype), stride[OPTIC_RANK] = {0}, step = 1, at = 0;
  int64_t index[OPTIC_RANK] = {0};
  for (uint32_t axis = 0; axis < shape->rank; axis++) {
    stride[axis] = step;
    step *= (size_t)shape->at[axis];
  }
  for (size_t i = 0; i < a->count; i++) {
    memcpy((uint8_t *)a->data + i * size, (const uint8_t *)from->data + at * size, size);
    for (uint32_t axis = shape->rank; axis-- > 0;) {
      at += stride[axis];
      if (++index[axis] < shape->at[axis]) {
        break;
      }
      at -= stride[axis] * (size_t)shape->at[axis];
      index[axis] = 0;
    }
  }
  return a;
}

/* Says in the fault just set which file it is about. */
static void name_file(Unpack *u)
{
  Fault *fault = &u->core->fault;
  char message[sizeof fault->message];
  strcpy(message, fault->message);
  optic_fail(fault, fault->code, "`%s`: %s", u->what, message);
}

Array *optic_element_read(Unpack *u, Element e, ByteOrder order, bool column_major, const Shape *shape)
{
  Core *core = u->core;
  size_t count, bytes;
  if (!optic_shape_count(core, shape, elements[e].dtype, &count)) {
    name_file(u);
    return NULL;
  }
  if (!optic_size_mul(count, elements[e].size, &bytes)) {
    optic_fail_oom(&core->fault);
    return NULL;
  }
  if (!optic_unpack_has(u, bytes)) {
    return NULL;
  }
  column_major = column_major && shape->rank > 1;
  Shape stored = *shape;
  for (uint32_t axis = 0; column_major && axis < shape->rank; axis++) {
    stored.at[axis] = shape->at[shape->rank - 1 - axis];
  }
  Array *a = optic_array_new(core, elements[e].dtype, &stored);
  if (a && !read_numbers(u, e, order, a)) {
    optic_array_drop(core, a);
    return NULL;
  }
  if (a && column_major) {
    Array *turned = rows_first(core, a, shape);
    optic_array_drop(core, a);
    return turned;
  }
  return a;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */
bool optic_element_write(const Array *a, TakeFn *take, void *user)
{
  size_t size = optic_dtype_size((Dtype)a->dtype), left = a->count * size;
  const uint8_t *at = a->data;
  if (native == LITTLE_ENDIAN_BYTES || size == 1) {
    return left == 0 || take(user, at, left);
  }
  uint8_t piece[PIECE];
  while (left > 0) {
    size_t some = left < PIECE ? left : PIECE;
    memcpy(piece, at, some);
    swap_bytes(piece, size, some / size);
    if (!take(user, piece, some)) {
      return false;
    }
    at += some;
    left -= some;
  }
  return true;
}

static bool add_to_crc(void *user, const void *bytes, size_t size)
{
  uint32_t *crc = user;
  *crc = (uint32_t)crc32_z(*crc, bytes, size);
  return true;
}

uint32_t optic_element_crc(uint32_t crc, const Array *a)
{
  optic_element_write(a, add_to_crc, &crc);
  return crc;
}
