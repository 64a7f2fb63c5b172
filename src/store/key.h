/* key.h: the array that stands for a PRNG key in a list of leaves; see store.h.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_STORE_KEY_H
#define OPTIC_STORE_KEY_H

#include "tree/element.h"

/* Does the array stand for a key? */
static inline bool optic_store_is_key(const Array *a)
{
  return a->weak && a->dtype == DT_I32 && a->shape.rank == 1 && a->shape.at[0] == 2;
}

/* Is a file's element type and shape that of a key? */
static inline bool optic_store_says_key(Element e, const Shape *shape)
{
  return e == EL_U32 && shape->rank == 1 && shape->at[0] == 2;
}

/* The next array of `u`, a key or not; see optic_element_read. */
static inline Array *optic_store_read(Unpack *u, Element e, ByteOrder order, bool column_major, const Shape *shape)
{
  bool key = optic_store_says_key(e, shape);
  Array *a = optic_element_read(u, key ? EL_I32 : e, order, column_major, shape);
  if (a) {
    a->weak = key;
  }
  return a;
}

#endif
