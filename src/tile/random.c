/* random.c: runs of random bits, for one ISA level. See TileTable.
 * SPDX-License-Identifier: MIT */
#include "tile/level.h" /* OPTIC_ISA_LEVEL */

#include "tile/threefry.h"

/* How far the counter goes on from `first` without a carry into its high half, at most n and at most UINT32_MAX. */
static uint32_t stretch(uint64_t first, size_t n)
{
  const uint64_t left = (UINT64_C(1) << 32) - (uint32_t)first;
  const uint64_t some = n < left ? n : left;
  return some < UINT32_MAX ? (uint32_t)some : UINT32_MAX;
}

void LEVEL(random32)(uint32_t k0, uint32_t k1, uint64_t first, size_t n, uint32_t *out)
{
  while (n > 0) {
    const uint32_t high = (uint32_t)(first >> 32), low = (uint32_t)first, some = stretch(first, n);
#pragma omp simd
    for (uint32_t i = 0; i < some; i++) {
      uint32_t x0 = high, x1 = low + i;
      threefry(k0, k1, &x0, &x1);
      out[i] = x0 ^ x1;
    }
    out += some;
    first += some;
    n -= some;
  }
}

void LEVEL(random64)(uint32_t k0, uint32_t k1, uint64_t first, size_t n, uint64_t *out)
{
  while (n > 0) {
    const uint32_t high = (uint32_t)(first >> 32), low = (uint32_t)first, some = stretch(first, n);
#pragma omp simd
    for (uint32_t i = 0; i < some; i++) {
      uint32_t x0 = high, x1 = low + i;
      threefry(k0, k1, &x0, &x1);
      out[i] = (uint64_t)x0 << 32 | x1;
    }
    out += some;
    first += some;
    n -= some;
  }
}
