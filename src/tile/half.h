/* half.h: f16 and bf16 as bits, to and from float, without branches, so that loops vectorise.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_HALF_H
#define OPTIC_TILE_HALF_H

#include "tile/math.h"

static inline float half_f32_from_bf16(uint16_t h)
{
  return from_bits32((uint32_t)h << 16);
}
static inline uint16_t half_bf16_from_f32(float x)
{
  uint32_t u = to_bits32(x);
  uint32_t even = u + 0x7fffu + ((u >> 16) & 1u);
  return (uint16_t)((x != x ? u | 0x400000u : even) >> 16);
}

static inline float half_f32_from_f16(uint16_t h)
{
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
  uint32_t u = (uint32_t)(h & 0x7fffu) << 13;
  uint32_t top = u & 0x0f800000u;                                         /* the exponent */
  uint32_t normal = u + (top == 0x0f800000u ? 0x70000000u : 0x38000000u); /* infinities and NaN, or the new bias */
  float denormal = from_bits32(u + 0x38800000u) - from_bits32(0x38800000u);
  return from_bits32(sign | (top == 0 ? to_bits32(denormal) : normal));
}
static inline uint16_t half_f16_from_f32(float x)
{
  uint32_t u = to_bits32(x);
  uint32_t sign = (u >> 16) & 0x8000u;
  uint32_t a = u & 0x7fffffffu;
  uint32_t normal = (a - 0x38000000u + 0xfffu + ((a >> 13) & 1u)) >> 13; /* may carry into infinity, rightly */
  /* Adding 0.5 leaves a denormal's digits in the low bits, rounded. */
  uint32_t denormal = to_bits32(from_bits32(a) + 0.5f) - 0x3f000000u;
  uint32_t special = a > 0x7f800000u ? 0x7e00u : 0x7c00u;
  return (uint16_t)(sign | (a >= 0x47800000u ? special : a < 0x38800000u ? denormal : normal));
}

/* A double as a float that is cut towards 0 and, where that lost something, has its last bit set: rounding that to a
 * shorter format is like rounding the double. */
static inline float half_f32_to_odd(double x)
{
  float near = (float)x;
  double back = (double)near;
  uint32_t u = to_bits32(near);
  bool inexact = back != x && x == x;
  bool away = fabs(back) > fabs(x);
  return from_bits32(inexact ? (u - (away ? 1u : 0u)) | 1u : u);
}

#endif
