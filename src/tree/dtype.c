/* dtype.c: the types of numbers: their names, how two of them meet, and half precision by bits. See array.h.
 * SPDX-License-Identifier: MIT */
#include "tree/array.h"

#include <string.h>

static const struct {
  const char *name, *numpy;
  size_t size;
} dtypes[DT_COUNT] = {
    [DT_BOOL] = {"bool", "bool_", 1}, [DT_U8] = {"u8", "uint8", 1},        [DT_I32] = {"i32", "int32", 4},
    [DT_F16] = {"f16", "float16", 2}, [DT_BF16] = {"bf16", "bfloat16", 2}, [DT_F32] = {"f32", "float32", 4},
    [DT_F64] = {"f64", "float64", 8},
};

size_t optic_dtype_size(Dtype t)
{
  return dtypes[t].size;
}

const char *optic_dtype_name(Dtype t)
{
  return dtypes[t].name;
}

bool optic_dtype_find(const char *text, size_t size, Dtype *out)
{
  for (int t = 0; t < DT_COUNT; t++) {
    const char *name = dtypes[t].name, *numpy = dtypes[t].numpy;
    if ((strlen(name) == size && !memcmp(name, text, size)) || (strlen(numpy) == size && !memcmp(numpy, text, size))) {
      *out = (Dtype)t;
      return true;
    }
  }
  return false;
}

/* Two types that both count. The enum's order is the lattice's but for f16 and bf16, neither of which holds the
 * other. */
static Dtype join(Dtype a, Dtype b)
{
  if ((a == DT_F16 && b == DT_BF16) || (a == DT_BF16 && b == DT_F16)) {
    return DT_F32;
  }
  return a > b ? a : b;
}

Dtype optic_dtype_promote(Dtype a, bool a_weak, Dtype b, bool b_weak, bool *weak)
{
  *weak = a_weak && b_weak;
  if (a_weak == b_weak) {
    return *weak ? DT_F64 : join(a, b);
  }
  Dtype yields = a_weak ? a : b, stays = a_weak ? b : a;
  if (optic_dtype_is_float(stays)) {
    return stays;
  }
  if (optic_dtype_is_float(yields)) {
    return DT_F32; /* a fraction beside whole numbers: the default float, not the 64 bits of a number */
  }
  return stays == DT_BOOL || yields == DT_BOOL ? join(stays, yields) : stays;
}

/* ---- half precision ------------------------------------------------------------------------------------------ */
static uint32_t bits_of(float x)
{
  uint32_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

static float float_of(uint32_t u)
{
  float x;
  memcpy(&x, &u, sizeof x);
  return x;
}

float optic_f16_to_f32(uint16_t h)
{
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, mantissa = h & 0x3ffu;
  if (exponent == 31) {
    return float_of(sign | 0x7f800000u | mantissa << 13);
  }
  if (exponent == 0) {
    float tiny = (float)mantissa * 0x1p-24f; /* a subnormal half is a normal float: exact */
    return sign ? -tiny : tiny;
  }
  return float_of(sign | (exponent + 112u) << 23 | mantissa << 13);
}

uint16_t optic_f32_to_f16(float x)
{
  uint32_t u = bits_of(x), sign = u >> 16 & 0x8000u, magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { /* NaN: keep the top of its payload, and never make it an infinity */
    return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
  }
  if (magnitude >= 0x477ff000u) { /* from 65520 on, half-way past the largest */
    return (uint16_t)(sign | 0x7c00u);
  }
  if (magnitude < 0x38800000u) { /* below 2^-14: adding 0.5 makes the float unit round to the half's last bit */
    return (uint16_t)(sign | (bits_of(float_of(magnitude) + 0.5f) - 0x3f000000u));
  }
  uint32_t odd = magnitude >> 13 & 1u;
  return (uint16_t)(sign | (magnitude - 0x38000000u + 0xfffu + odd) >> 13);
}

float optic_bf16_to_f32(uint16_t h)
{
  return float_of((uint32_t)h << 16);
}

uint16_t optic_f32_to_bf16(float x)
{
  uint32_t u = bits_of(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) {
    return (uint16_t)(u >> 16 | 0x40u);
  }
  return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}
