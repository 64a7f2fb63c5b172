/* vec.h: short vectors of fixed length as the compiler offers them (gcc's and clang's vector_size): arithmetic on them
 * is element by element on every ISA level, so the length decides the order of sums and the level does not.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_VEC_H
#define OPTIC_TILE_VEC_H

#include <string.h>

typedef double Lanes __attribute__((vector_size(64)));  /* 8 doubles */
typedef float Lanes32 __attribute__((vector_size(32))); /* 8 floats */

static inline __attribute__((always_inline)) void lanes_load_f32(Lanes *v, const float *x)
{
  Lanes32 narrow;
  memcpy(&narrow, x, sizeof narrow);
  *v = __builtin_convertvector(narrow, Lanes);
}
static inline __attribute__((always_inline)) void lanes_load_f64(Lanes *v, const double *x)
{
  memcpy(v, x, sizeof *v);
}

#endif
