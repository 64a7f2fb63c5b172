/* rng.c: keys and distributions on top of threefry2x32. See rng.h.
 *
 * Long runs go through the kernels of the best ISA level; which one it is makes no difference to a bit.
 * SPDX-License-Identifier: MIT */
#include "tile/rng.h"

#include "tile/math.h"
#include "tile/threefry.h"
#include "tile/tile.h"

/* ---- the generator ---- */

RngKey optic_rng_key(uint64_t seed)
{
  return (RngKey){{(uint32_t)(seed >> 32), (uint32_t)seed}};
}
RngKey optic_rng_split(RngKey key, uint64_t i)
{
  RngKey out = optic_rng_key(i);
  threefry(key.at[0], key.at[1], &out.at[0], &out.at[1]);
  return out;
}
RngKey optic_rng_fold_in(RngKey key, uint32_t data)
{
  return optic_rng_split(key, data);
}

void optic_rng_bits32(RngKey key, uint64_t first, size_t n, uint32_t *out)
{
  optic_tile_choose(NULL)->random32(key.at[0], key.at[1], first, n, out);
}
void optic_rng_bits64(RngKey key, uint64_t first, size_t n, uint64_t *out)
{
  optic_tile_choose(NULL)->random64(key.at[0], key.at[1], first, n, out);
}

/* ---- floats: random digits behind the point of 1.0, less 1, stretched ---- */

enum { RUN = 256 };

static inline float unit_f(uint32_t bits)
{
  return from_bits32(bits >> 9 | UINT32_C(0x3f800000)) - 1.0f;
}
static inline double unit_d(uint64_t bits)
{
  return from_bits64(bits >> 12 | UINT64_C(0x3ff0000000000000)) - 1.0;
}

void optic_rng_uniform_f32(RngKey key, size_t n, float low, float high, float *out)
{
  uint32_t bits[RUN];
  int power;
  const float span = high - low;
  const bool exact = low == 0.0f || frexpf(span, &power) == 0.5f; /* then the product is, and rounding once is easy */
  for (size_t first = 0; first < n; first += RUN) {
    size_t some = n - first < RUN ? n - first : RUN;
    optic_rng_bits32(key, first, some, bits);
    for (size_t i = 0; i < some; i++) {
      float u = unit_f(bits[i]);
      float x = exact ? u * span + low : fmaf(u, span, low);
      out[first + i] = low > x ? low : x;
    }
  }
}
void optic_rng_uniform_f64(RngKey key, size_t n, double low, double high, double *out)
{
  uint64_t bits[RUN];
  int power;
  const double span = high - low;
  const bool exact = low == 0.0 || frexp(span, &power) == 0.5; /* then the product is, and rounding once is easy */
  for (size_t first = 0; first < n; first += RUN) {
    size_t some = n - first < RUN ? n - first : RUN;
    optic_rng_bits64(key, first, some, bits);
    for (size_t i = 0; i < some; i++) {
      double u = unit_d(bits[i]);
      double x = exact ? u * span + low : fma(u, span, low);
      out[first + i] = low > x ? low : x;
    }
  }
}

static const double root2 = 1.41421356237309504880;

void optic_rng_normal_f32(RngKey key, size_t n, float *out)
{
  optic_rng_uniform_f32(key, n, nextafterf(-1.0f, 0.0f), 1.0f, out);
  const float root = (float)root2;
  const TileTable *table = optic_tile_choose(NULL);
  table->prim[P_erfinv][T_F32](out, out, NULL, NULL, 0, n);
  table->prim[P_mul][T_F32](out, out, &root, NULL, 2, n);
}
void optic_rng_normal_f64(RngKey key, size_t n, double *out)
{
  optic_rng_uniform_f64(key, n, nextafter(-1.0, 0.0), 1.0, out);
  for (size_t i = 0; i < n; i++) {
    out[i] = root2 * erfinv_d(out[i]);
  }
}

void optic_rng_truncated_normal_f32(RngKey key, size_t n, float low, float high, float *out)
{
  const float root = (float)root2;
  optic_rng_uniform_f32(key, n, erff(low / root), erff(high / root), out);
  low = nextafterf(low, HUGE_VALF);
  high = nextafterf(high, -HUGE_VALF);
  const TileTable *table = optic_tile_choose(NULL);
  table->prim[P_erfinv][T_F32](out, out, NULL, NULL, 0, n);
  table->prim[P_mul][T_F32](out, out, &root, NULL, 2, n);
  table->prim[P_clamp][T_F32](out, out, &low, &high, 6, n);
}
void optic_rng_truncated_normal_f64(RngKey key, size_t n, double low, double high, double *out)
{
  optic_rng_uniform_f64(key, n, erf(low / root2), erf(high / root2), out);
  low = nextafter(low, HUGE_VAL);
  high = nextafter(high, -HUGE_VAL);
  for (size_t i = 0; i < n; i++) {
    out[i] = clamp_d(root2 * erfinv_d(out[i]), low, high);
  }
}

void optic_rng_bernoulli(RngKey key, size_t n, float p, uint8_t *out)
{
  uint32_t bits[RUN];
  for (size_t first = 0; first < n; first += RUN) {
    size_t some = n - first < RUN ? n - first : RUN;
    optic_rng_bits32(key, first, some, bits);
    for (size_t i = 0; i < some; i++) {
      out[first + i] = unit_f(bits[i]) < p;
    }
  }
}

/* ---- integers: two draws make one of twice the length, whose remainder is taken ---- */

typedef struct Span {
  int32_t low;
  uint32_t span;       /* values; 0 means all 2^32 */
  uint32_t multiplier; /* 2^32 % span */
  RngKey upper, lower;
} Span;

static Span span_of(RngKey key, int64_t low, int64_t high)
{
  bool beyond = high > INT32_MAX;
  low = low < INT32_MIN ? INT32_MIN : low > INT32_MAX ? INT32_MAX : low;
  high = high < INT32_MIN ? INT32_MIN : beyond ? INT32_MAX : high;
  uint32_t span = high <= low ? 1 : (uint32_t)(high - low) + (beyond ? 1 : 0);
  uint32_t m = span == 0 ? 65536 : 65536 % span;
  m *= m;
  m = span == 0 ? m : m % span;
  return (Span){(int32_t)low, span, m, optic_rng_split(key, 0), optic_rng_split(key, 1)};
}

static inline uint32_t rest(uint32_t x, uint32_t span)
{
  return span == 0 ? x : x % span;
}

/* Elements [first, first + some), at most RUN. */
static void draw_integers(const Span *s, size_t first, size_t some, int32_t *out)
{
  uint32_t upper[RUN], lower[RUN];
  optic_rng_bits32(s->upper, first, some, upper);
  optic_rng_bits32(s->lower, first, some, lower);
  for (size_t i = 0; i < some; i++) {
    uint32_t x = rest(upper[i], s->span) * s->multiplier + rest(lower[i], s->span);
    out[i] = wrap_i((uint32_t)s->low + rest(x, s->span));
  }
}

void optic_rng_randint_i32(RngKey key, size_t n, int64_t low, int64_t high, int32_t *out)
{
  const Span s = span_of(key, low, high);
  for (size_t first = 0; first < n; first += RUN) {
    draw_integers(&s, first, n - first < RUN ? n - first : RUN, out + first);
  }
}
void optic_rng_randint_u8(RngKey key, size_t n, int64_t low, int64_t high, uint8_t *out)
{
  const Span s = span_of(key, low < 0 ? 0 : low > 255 ? 255 : low, high < 0 ? 0 : high > 256 ? 256 : high);
  int32_t wide[RUN];
  for (size_t first = 0; first < n; first += RUN) {
    size_t some = n - first < RUN ? n - first : RUN;
    draw_integers(&s, first, some, wide);
    for (size_t i = 0; i < some; i++) {
      out[first + i] = (uint8_t)((uint32_t)wide[i] & 255u);
    }
  }
}

/* ---- permutations: sorted by random keys, as often as it takes for ties not to matter ---- */

/* A stable sort of pairs (key in the high half, value in the low one) by key; byte by byte, back in `a` at the end. */
static void sort_pairs(uint64_t *a, uint64_t *b, size_t n)
{
  for (unsigned shift = 32; shift < 64; shift += 8) {
    size_t start[256] = {0};
    for (size_t i = 0; i < n; i++) {
      start[a[i] >> shift & 255u]++;
    }
    size_t sum = 0;
    for (size_t d = 0; d < 256; d++) {
      size_t count = start[d];
      start[d] = sum;
      sum += count;
    }
    for (size_t i = 0; i < n; i++) {
      b[start[a[i] >> shift & 255u]++] = a[i];
    }
    uint64_t *t = a;
    a = b;
    b = t;
  }
}

void optic_rng_permutation(RngKey key, size_t n, int32_t *out, uint64_t *scratch)
{
  uint64_t *pairs = scratch, *spare = scratch + n;
  uint32_t bits[RUN];
  const int rounds = (int)ceil(3.0 * log(n > 1 ? (double)n : 1.0) / log(4294967295.0));
  for (size_t i = 0; i < n; i++) {
    pairs[i] = i;
  }
  for (int r = 0; r < rounds; r++) {
    RngKey now = optic_rng_split(key, 1);
    key = optic_rng_split(key, 0);
    for (size_t first = 0; first < n; first += RUN) {
      size_t some = n - first < RUN ? n - first : RUN;
      optic_rng_bits32(now, first, some, bits);
      for (size_t i = 0; i < some; i++) {
        pairs[first + i] = (pairs[first + i] & UINT32_MAX) | (uint64_t)bits[i] << 32;
      }
    }
    sort_pairs(pairs, spare, n);
  }
  for (size_t i = 0; i < n; i++) {
    out[i] = (int32_t)(uint32_t)pairs[i];
  }
}
