/* threefry.h: the hash behind all random numbers: threefry2x32 (see rng.h for the source).
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_THREEFRY_H
#define OPTIC_TILE_THREEFRY_H

#include <stdint.h>

static inline __attribute__((always_inline)) uint32_t rotate(uint32_t x, unsigned by)
{
  return x << by | x >> (32 - by);
}

/* Hashes the counter (*x0, *x1) under the key (k0, k1): twenty rounds; the key is added before the first and after
 * every fourth. */
static inline __attribute__((always_inline)) void threefry(uint32_t k0, uint32_t k1, uint32_t *x0, uint32_t *x1)
{
  const uint32_t k2 = k0 ^ k1 ^ UINT32_C(0x1BD11BDA);
  uint32_t a = *x0 + k0, b = *x1 + k1;
#define ROUND(by) a += b, b = a ^ rotate(b, by)
#define EVEN      ROUND(13), ROUND(15), ROUND(26), ROUND(6)
#define ODD       ROUND(17), ROUND(29), ROUND(16), ROUND(24)
  EVEN, a += k1, b += k2 + 1;
  ODD, a += k2, b += k0 + 2;
  EVEN, a += k0, b += k1 + 3;
  ODD, a += k1, b += k2 + 4;
  EVEN, a += k2, b += k0 + 5;
#undef ROUND
#undef EVEN
#undef ODD
  *x0 = a;
  *x1 = b;
}

#endif
