/* math.h: scalar functions that the expressions of prim.def use, in forms that vectorise.
 *
 * Each function f exists as f_f (float) and f_d (double), or as f_i (int32_t). The float forms of exp, log and their
 * kin are evaluated in double without branches and rounded once, so that they are correct to well under one ulp and
 * the compiler can run many at a time. The double forms are the C library's, except where it has none.
 * No function traps, sets errno, or depends on the instruction set.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_MATH_H
#define OPTIC_TILE_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define OPTIC_LN2   0.69314718055994530942
#define OPTIC_LOG2E 1.44269504088896340736
/* 1.5 * 2^52: adding it rounds a double to an integer, which is then in the low bits. */
#define OPTIC_ROUND 6755399441055744.0

static inline double from_bits64(uint64_t u)
{
  double x;
  memcpy(&x, &u, sizeof x);
  return x;
}
static inline uint64_t to_bits64(double x)
{
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}
static inline float from_bits32(uint32_t u)
{
  float x;
  memcpy(&x, &u, sizeof x);
  return x;
}
static inline uint32_t to_bits32(float x)
{
  uint32_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

/* ---- exp and log in double, to about 1e-11 relative: for results that are rounded to float ---- */

/* e^x - 1 as *scale * *part + (*scale - 1), where *scale is a power of two. |x| is cut to 120; NaN makes *part NaN. */
static inline void exp_parts(double x, double *scale, double *part)
{
  x = x > 120.0 ? 120.0 : x < -120.0 ? -120.0 : x;
  double shifted = x * OPTIC_LOG2E + OPTIC_ROUND;
  double r = x - (shifted - OPTIC_ROUND) * OPTIC_LN2; /* |r| <= ln 2 / 2 */
  double p = 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  *part = p * r * r + r;
  *scale = from_bits64((to_bits64(shifted) + 1023) << 52);
}
static inline double exp_wide(double x)
{
  double scale, part;
  exp_parts(x, &scale, &part);
  return scale * part + scale;
}
static inline double expm1_wide(double x)
{
  double scale, part;
  exp_parts(x, &scale, &part);
  return scale * part + (scale - 1.0);
}

/* log(1 + x) for 1 + x positive, normal and finite; exact also for tiny x. */
static inline double log1p_wide(double x)
{
  uint64_t bits = to_bits64(1.0 + x);
  uint64_t k = (bits - UINT64_C(0x3fe6a09e667f3bcd) + ((uint64_t)1024 << 52)) >> 52; /* 1024 + exponent */
  double m = from_bits64(bits - ((k - 1024) << 52));                                 /* sqrt(1/2) .. sqrt(2) */
  double e = from_bits64(k | UINT64_C(0x4330000000000000)) - 4503599627371520.0;     /* less 2^52 + 1024 */
  double f = k == 1024 ? x : m - 1.0;
  double s = f / (2.0 + f);
  double z = s * s;
  double p = 2.0 / 17;
  p = p * z + 2.0 / 15;
  p = p * z + 2.0 / 13;
  p = p * z + 2.0 / 11;
  p = p * z + 2.0 / 9;
  p = p * z + 2.0 / 7;
  p = p * z + 2.0 / 5;
  p = p * z + 2.0 / 3;
  return e * OPTIC_LN2 + (p * z * s + 2.0 * s);
}
/* log(x), for x from a float: zero, negative, infinite and NaN as they should be. */
static inline double log_wide(double x)
{
  bool normal = x > 0.0 && x <= 3.5e38;
  uint64_t bits = to_bits64(normal ? x : 1.0);
  uint64_t k = (bits - UINT64_C(0x3fe6a09e667f3bcd) + ((uint64_t)1024 << 52)) >> 52;
  double m = from_bits64(bits - ((k - 1024) << 52));
  double e = from_bits64(k | UINT64_C(0x4330000000000000)) - 4503599627371520.0;
  double y = e * OPTIC_LN2 + log1p_wide(m - 1.0);
  return normal ? y : x == 0.0 ? -HUGE_VAL : x > 0.0 ? x : (double)NAN;
}

/* ---- exp, log and their kin ---- */

static inline float exp_f(float x)
{
  return (float)exp_wide((double)x);
}
static inline double exp_d(double x)
{
  return exp(x);
}
static inline float expm1_f(float x)
{
  double y = expm1_wide((double)x);
  return x == 0.0f ? x : (float)y; /* keeps -0 */
}
static inline double expm1_d(double x)
{
  return expm1(x);
}
static inline float log_f(float x)
{
  return (float)log_wide((double)x);
}
static inline double log_d(double x)
{
  return log(x);
}
static inline float log2_f(float x)
{
  return (float)(log_wide((double)x) * OPTIC_LOG2E);
}
static inline double log2_d(double x)
{
  return log2(x);
}
static inline float log1p_f(float x)
{
  double d = (double)x;
  bool normal = d > -1.0 && d <= 3.5e38;
  double y = log1p_wide(normal ? d : 0.0);
  double other = d == -1.0 ? -HUGE_VAL : d > 0.0 ? d : (double)NAN;
  return x == 0.0f ? x : (float)(normal ? y : other);
}
static inline double log1p_d(double x)
{
  return log1p(x);
}
static inline float sin_f(float x)
{
  return sinf(x);
}
static inline double sin_d(double x)
{
  return sin(x);
}
static inline float cos_f(float x)
{
  return cosf(x);
}
static inline double cos_d(double x)
{
  return cos(x);
}
static inline float tanh_f(float x)
{
  double t = expm1_wide(fabs(2.0 * (double)x)); /* e^2|x| - 1 */
  return copysignf((float)(t / (t + 2.0)), x);
}
static inline double tanh_d(double x)
{
  return tanh(x);
}
static inline float sinh_f(float x)
{
  double t = expm1_wide(fabs((double)x));
  return copysignf((float)(0.5 * (t + t / (t + 1.0))), x);
}
static inline double sinh_d(double x)
{
  return sinh(x);
}
static inline float cosh_f(float x)
{
  double e = exp_wide((double)x);
  return (float)(0.5 * (e + 1.0 / e));
}
static inline double cosh_d(double x)
{
  return cosh(x);
}
static inline float sigmoid_f(float x)
{
  return (float)(1.0 / (1.0 + exp_wide(-(double)x)));
}
static inline double sigmoid_d(double x)
{
  double e = exp(-fabs(x));
  return (x >= 0.0 ? 1.0 : e) / (1.0 + e);
}
static inline float softplus_f(float x)
{
  double d = (double)x;
  double y = log1p_wide(exp_wide(-fabs(d == d ? d : 0.0)));
  return (float)((d < 0.0 ? 0.0 : d) + y);
}
static inline double softplus_d(double x)
{
  return (x < 0.0 ? 0.0 : x) + log1p(exp(-fabs(x)));
}

/* ---- erfinv: M. Giles, "Approximating the erfinv function", 2010, in the form that XLA uses: 1 - x*x is rounded to
 * the type first, which decides the last digits near -1 and 1 ---- */

static inline float erfinv_f(float x)
{
  float square = x * x;
  double w = -log_wide(1.0 - (double)square);
  bool near = w < 5.0;
  double u = w - 2.5;
  double p = 2.81022636e-08;
  p = p * u + 3.43273939e-07;
  p = p * u + -3.5233877e-06;
  p = p * u + -4.39150654e-06;
  p = p * u + 0.00021858087;
  p = p * u + -0.00125372503;
  p = p * u + -0.00417768164;
  p = p * u + 0.246640727;
  p = p * u + 1.50140941;
  double v = sqrt(w < 0.0 ? 0.0 : w) - 3.0;
  double q = -0.000200214257;
  q = q * v + 0.000100950558;
  q = q * v + 0.00134934322;
  q = q * v + -0.00367342844;
  q = q * v + 0.00573950773;
  q = q * v + -0.0076224613;
  q = q * v + 0.00943887047;
  q = q * v + 1.00167406;
  q = q * v + 2.83297682;
  float y = (float)((near ? p : q) * (double)x);
  return fabsf(x) == 1.0f ? x * HUGE_VALF : y;
}

static inline double erfinv_d(double x)
{
  static const double near[] = {
      -3.6444120640178196996e-21, -1.685059138182016589e-19,  1.2858480715256400167e-18,  1.115787767802518096e-17,
      -1.333171662854620906e-16,  2.0972767875968561637e-17,  6.6376381343583238325e-15,  -4.0545662729752068639e-14,
      -8.1519341976054721522e-14, 2.6335093153082322977e-12,  -1.2975133253453532498e-11, -5.4154120542946279317e-11,
      1.051212273321532285e-09,   -4.1126339803469836976e-09, -2.9070369957882005086e-08, 4.2347877827932403518e-07,
      -1.3654692000834678645e-06, -1.3882523362786468719e-05, 0.0001867342080340571352,   -0.00074070253416626697512,
      -0.0060336708714301490533,  0.24015818242558961693,     1.6536545626831027356};
  static const double middle[] = {
      2.2137376921775787049e-09,  9.0756561938885390979e-08, -2.7517406297064545428e-07, 1.8239629214389227755e-08,
      1.5027403968909827627e-06,  -4.013867526981545969e-06, 2.9234449089955446044e-06,  1.2475304481671778723e-05,
      -4.7318229009055733981e-05, 6.8284851459573175448e-05, 2.4031110387097893999e-05,  -0.0003550375203628474796,
      0.00095328937973738049703,  -0.0016882755560235047313, 0.0024914420961078508066,   -0.0037512085075692412107,
      0.005370914553590063617,    1.0052589676941592334,     3.0838856104922207635};
  static const double far[] = {-2.7109920616438573243e-11, -2.5556418169965252055e-10, 1.5076572693500548083e-09,
                               -3.7894654401267369937e-09, 7.6157012080783393804e-09,  -1.4960026627149240478e-08,
                               2.9147953450901080826e-08,  -6.7711997758452339498e-08, 2.2900482228026654717e-07,
                               -9.9298272942317002539e-07, 4.5260625972231537039e-06,  -1.9681778105531670567e-05,
                               7.5995277030017761139e-05,  -0.00021503011930044477347, -0.00013871931833623122026,
                               1.0103004648645343977,      4.8499064014085844221};
  if (fabs(x) == 1.0) {
    return x * HUGE_VAL;
  }
  double w = -log1p(-(x * x));
  const double *c = near;
  size_t terms = sizeof near / sizeof *near;
  double u = w - 3.125;
  if (w >= 16.0) {
    c = far;
    terms = sizeof far / sizeof *far;
    u = sqrt(w) - 5.0;
  } else if (w >= 6.25) {
    c = middle;
    terms = sizeof middle / sizeof *middle;
    u = sqrt(w) - 3.25;
  }
  double p = c[0];
  for (size_t i = 1; i < terms; i++) {
    p = p * u + c[i];
  }
  return p * x;
}

/* ---- both float types alike ---- */

#define OPTIC_MATH_BOTH(R, _, FN)                                                                                      \
  static inline R sign_##_(R x)                                                                                        \
  {                                                                                                                    \
    return x > (R)0 ? (R)1 : x < (R)0 ? (R)-1 : x; /* zeros and NaN stay */                                            \
  }                                                                                                                    \
  static inline R pow_##_(R x, R y)                                                                                    \
  {                                                                                                                    \
    return FN(pow)(x, y);                                                                                              \
  }                                                                                                                    \
  static inline R mod_##_(R x, R y)                                                                                    \
  {                                                                                                                    \
    R m = FN(fmod)(x, y);                                                                                              \
    return m != (R)0 && (m < (R)0) != (y < (R)0) ? m + y : m;                                                          \
  }                                                                                                                    \
  static inline R floor_div_##_(R x, R y)                                                                              \
  {                                                                                                                    \
    R m = FN(fmod)(x, y);                                                                                              \
    R q = (y == (R)0 ? x : x - m) / y;                                                                                 \
    R lower = m != (R)0 && sign_##_(y) != sign_##_(m) ? (R)1 : (R)0;                                                   \
    return FN(round)(q - lower);                                                                                       \
  }                                                                                                                    \
  static inline R clamp_##_(R x, R low, R high)                                                                        \
  {                                                                                                                    \
    R t = low > x ? low : low != low ? low : x;                                                                        \
    return high < t ? high : high != high ? high : t;                                                                  \
  }
#define OPTIC_FN_F(name) name##f
#define OPTIC_FN_D(name) name
OPTIC_MATH_BOTH(float, f, OPTIC_FN_F)
OPTIC_MATH_BOTH(double, d, OPTIC_FN_D)
#undef OPTIC_MATH_BOTH
#undef OPTIC_FN_F
#undef OPTIC_FN_D

/* ---- integers: they wrap ---- */

static inline int32_t wrap_i(uint32_t u)
{
  int32_t x;
  memcpy(&x, &u, sizeof x);
  return x;
}
static inline int32_t neg_i(int32_t a)
{
  return wrap_i(0u - (uint32_t)a);
}
static inline int32_t abs_i(int32_t a)
{
  return a < 0 ? neg_i(a) : a;
}
static inline int32_t add_i(int32_t a, int32_t b)
{
  return wrap_i((uint32_t)a + (uint32_t)b);
}
static inline int32_t sub_i(int32_t a, int32_t b)
{
  return wrap_i((uint32_t)a - (uint32_t)b);
}
static inline int32_t mul_i(int32_t a, int32_t b)
{
  return wrap_i((uint32_t)a * (uint32_t)b);
}
static inline int32_t floor_div_i(int32_t a, int32_t b)
{
  if (b == 0) {
    return a == 0 ? -1 : -2;
  }
  if (b == -1) {
    return neg_i(a);
  }
  int32_t q = a / b;
  return q - (a % b != 0 && (a < 0) != (b < 0));
}
static inline int32_t mod_i(int32_t a, int32_t b)
{
  if (b == 0 || b == -1) {
    return 0;
  }
  int32_t m = a % b;
  return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}
static inline int32_t pow_i(int32_t a, int32_t b)
{
  if (b < 0) { /* 1 / a^-b, cut */
    return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
  }
  uint32_t x = (uint32_t)a, y = 1;
  for (uint32_t n = (uint32_t)b; n != 0; n >>= 1) {
    y = n & 1 ? y * x : y;
    x *= x;
  }
  return wrap_i(y);
}
static inline int32_t clamp_i(int32_t x, int32_t low, int32_t high)
{
  int32_t t = low > x ? low : x;
  return high < t ? high : t;
}

#endif
