/* convert.c: numbers from one storage format to another, for one ISA level.
 *
 * Every pair is a loop that loads into the kind (int32_t, float, double) of the source and stores from it. Rounding is
 * to nearest even; a double goes to f16 through a float that was rounded to odd, so that it is rounded once.
 * See TileTable.convert.
 * SPDX-License-Identifier: MIT */
#include "tile/level.h"

#include "tile/half.h"

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

/* ---- loads: element type, kind, expression ---- */

static inline int32_t load_u8(uint8_t x)
{
  return x;
}
static inline int32_t load_i32(int32_t x)
{
  return x;
}
static inline float load_f32(float x)
{
  return x;
}
static inline double load_f64(double x)
{
  return x;
}

/* ---- stores: from i (int32_t), f (float), d (double) ---- */

static inline uint8_t bool_from_i(int32_t x)
{
  return x != 0;
}
static inline uint8_t bool_from_f(float x)
{
  return x != 0.0f;
}
static inline uint8_t bool_from_d(double x)
{
  return x != 0.0;
}
static inline uint8_t u8_from_i(int32_t x)
{
  return (uint8_t)((uint32_t)x & 255u);
}
static inline uint8_t u8_from_f(float x)
{
  float y = x > 0.0f ? x : 0.0f;
  y = y < 255.0f ? y : 255.0f;
  return (uint8_t)(int32_t)y;
}
static inline uint8_t u8_from_d(double x)
{
  double y = x > 0.0 ? x : 0.0;
  y = y < 255.0 ? y : 255.0;
  return (uint8_t)(int32_t)y;
}
static inline int32_t i32_from_i(int32_t x)
{
  return x;
}
static inline int32_t i32_from_f(float x)
{
  bool inside = x >= -2147483648.0f && x < 2147483648.0f;
  int32_t y = (int32_t)(inside ? x : 0.0f);
  return inside ? y : x > 0.0f ? INT32_MAX : x < 0.0f ? INT32_MIN : 0;
}
static inline int32_t i32_from_d(double x)
{
  bool inside = x > -2147483649.0 && x < 2147483648.0;
  int32_t y = (int32_t)(inside ? x : 0.0);
  return inside ? y : x > 0.0 ? INT32_MAX : x < 0.0 ? INT32_MIN : 0;
}
static inline uint16_t f16_from_i(int32_t x)
{
  return half_f16_from_f32((float)x); /* what the float loses is above f16's range */
}
static inline uint16_t f16_from_f(float x)
{
  return half_f16_from_f32(x);
}
static inline uint16_t f16_from_d(double x)
{
  return half_f16_from_f32(half_f32_to_odd(x));
}
static inline uint16_t bf16_from_i(int32_t x)
{
  return half_bf16_from_f32((float)x);
}
static inline uint16_t bf16_from_f(float x)
{
  return half_bf16_from_f32(x);
}
static inline uint16_t bf16_from_d(double x)
{
  return half_bf16_from_f32((float)x); /* rounded twice, as XLA does */
}
static inline float f32_from_i(int32_t x)
{
  return (float)x;
}
static inline float f32_from_f(float x)
{
  return x;
}
static inline float f32_from_d(double x)
{
  return (float)x;
}
static inline double f64_from_i(int32_t x)
{
  return (double)x;
}
static inline double f64_from_f(float x)
{
  return (double)x;
}
static inline double f64_from_d(double x)
{
  return x;
}

#define PAIR(FROM, TFROM, LOAD, KIND, TO, TTO, STORE)                                                                  \
  case FROM *ST_COUNT + TO: {                                                                                          \
    const TFROM *x = in;                                                                                               \
    TTO *y = out;                                                                                                      \
    _Pragma("omp simd") for (size_t i = 0; i < n; i++)                                                                 \
    {                                                                                                                  \
      y[i] = STORE##_from_##KIND(LOAD(x[i]));                                                                          \
    }                                                                                                                  \
    break;                                                                                                             \
  }
#define PAIRS(FROM, TFROM, LOAD, KIND)                                                                                 \
  PAIR(FROM, TFROM, LOAD, KIND, ST_BOOL, uint8_t, bool)                                                                \
  PAIR(FROM, TFROM, LOAD, KIND, ST_U8, uint8_t, u8)                                                                    \
  PAIR(FROM, TFROM, LOAD, KIND, ST_I32, int32_t, i32)                                                                  \
  PAIR(FROM, TFROM, LOAD, KIND, ST_F16, uint16_t, f16)                                                                 \
  PAIR(FROM, TFROM, LOAD, KIND, ST_BF16, uint16_t, bf16)                                                               \
  PAIR(FROM, TFROM, LOAD, KIND, ST_F32, float, f32)                                                                    \
  PAIR(FROM, TFROM, LOAD, KIND, ST_F64, double, f64)

void LEVEL(convert)(Store to, void *out, Store from, const void *in, size_t n)
{
  if (to == from) {
    if (out != in && n > 0) {
      memcpy(out, in, n * optic_store_size(to));
    }
    return;
  }
  switch ((unsigned)from * ST_COUNT + (unsigned)to) {
    PAIRS(ST_BOOL, uint8_t, load_u8, i)
    PAIRS(ST_U8, uint8_t, load_u8, i)
    PAIRS(ST_I32, int32_t, load_i32, i)
    PAIRS(ST_F16, uint16_t, half_f32_from_f16, f)
    PAIRS(ST_BF16, uint16_t, half_f32_from_bf16, f)
    PAIRS(ST_F32, float, load_f32, f)
    PAIRS(ST_F64, double, load_f64, d)
  default:
    break;
  }
}
