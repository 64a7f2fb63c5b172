/* vec.h: short vectors of fixed length as the compiler offers them (gcc's and clang's vector_size): arithmetic on them
 * is element by element on every ISA level. A run of sums has 16 lanes at each level, in as many registers as it takes,
 * so that no level has an order of its own.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_VEC_H
#define OPTIC_TILE_VEC_H

#include <string.h>

/* Doubles of one register, and as many floats. */
#if defined(__AVX512F__)
enum { LANES_EACH = 8 };
#elif defined(__AVX__)
enum { LANES_EACH = 4 };
#else
enum { LANES_EACH = 2 };
#endif
typedef double Lanes __attribute__((vector_size(LANES_EACH * 8)));
typedef float Lanes32 __attribute__((vector_size(LANES_EACH * 4)));

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
