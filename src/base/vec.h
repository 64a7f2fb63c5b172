/* vec.h: growable arrays, typed.
 *
 * VEC(T) declares one; VEC_PUSH makes room for one more and yields its address, or NULL when there is no memory, and
 * then the vector is as it was. `alloc` is passed to each call; the vector does not remember it.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_VEC_H
#define OPTIC_BASE_VEC_H

#include "base/alloc.h"

#define VEC(T)                                                                                                         \
  struct {                                                                                                             \
    T *at;                                                                                                             \
    size_t size, cap;                                                                                                  \
  }

/* Room for one more; true when there is. For use by VEC_PUSH. */
static inline bool optic_vec_grow(Alloc *alloc, void **at, size_t size, size_t *cap, size_t each)
{
  if (size < *cap) {
    return true;
  }
  size_t want = *cap ? *cap * 2 : 8, bytes;
  if (!optic_size_mul(want, each, &bytes)) {
    return false;
  }
  void *fresh = optic_resize(alloc, *at, *cap * each, bytes);
  if (!fresh) {
    return false;
  }
  *at = fresh;
  *cap = want;
  return true;
}

#define VEC_PUSH(alloc, v)                                                                                             \
  (optic_vec_grow((alloc), (void **)&(v)->at, (v)->size, &(v)->cap, sizeof *(v)->at) ? &(v)->at[(v)->size++] : NULL)
#define VEC_FINISH(alloc, v)                                                                                           \
  (optic_free((alloc), (v)->at, (v)->cap * sizeof *(v)->at), (v)->at = NULL, (v)->size = (v)->cap = 0)

#endif
