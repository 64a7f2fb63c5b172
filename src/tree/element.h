/* element.h: the numbers of an array as files hold them: more types than Optic's own, in either order of bytes.
 *
 * In memory there is no 8, 16 or 64 bit integer but u8: they become i32, and what does not fit is an error, not a
 * wrong number.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TREE_ELEMENT_H
#define OPTIC_TREE_ELEMENT_H

#include "base/unpack.h"
#include "tree/array.h"

typedef enum Element {
  EL_BOOL, /* a byte, 0 or 1 */
  EL_I8,
  EL_U8,
  EL_I16,
  EL_U16,
  EL_I32,
  EL_U32,
  EL_I64,
  EL_U64,
  EL_F16,
  EL_BF16,
  EL_F32,
  EL_F64,
  EL_COUNT
} Element;

typedef enum ByteOrder { LITTLE_ENDIAN_BYTES, BIG_ENDIAN_BYTES } ByteOrder;

size_t optic_element_size(Element e);
/* What it becomes in memory. */
Dtype optic_element_dtype(Element e);
/* What an array's numbers are in a file. */
Element optic_element_of(Dtype t);

/* The next elements of `u`, as many as `shape` says, as an array; NULL with the fault set. Column-major numbers (the
 * first axis fastest) are put in Optic's order. Nothing is allocated before the bytes are known to be there. */
Array *optic_element_read(Unpack *u, Element e, ByteOrder order, bool column_major, const Shape *shape);

/* Hands the array's numbers in little-endian bytes to `take`, in order, in one or more pieces, until it returns false,
 * which is then the result. */
typedef bool TakeFn(void *user, const void *bytes, size_t size);
bool optic_element_write(const Array *a, TakeFn *take, void *user);
/* CRC-32 of those bytes, after others whose CRC-32 is `crc` (0: none). */
uint32_t optic_element_crc(uint32_t crc, const Array *a);

#endif
