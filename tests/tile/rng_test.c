/* rng_test.c: random numbers against JAX 0.10.2 with key 42: keys, bits, integers and permutations exactly, floats to
 * 4 units in the last place. Moments of long draws; lengths around the blocks that draws are made in.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tile/rng.h"

static RngKey key(void)
{
  return optic_rng_key(42);
}

static void near_f32(const float *got, const double *want, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    assert_true(fabs((double)got[i] - want[i]) <= 4 * 1.2e-7 * fabs(want[i]));
  }
}
static void near_f64(const double *got, const double *want, size_t n)
{
  for (size_t i = 0; i < n; i++) { /* XLA's own log1p is off by 30 units in places */
    assert_true(fabs(got[i] - want[i]) <= 32 * 2.3e-16 * fabs(want[i]));
  }
}

static void test_keys(void **state)
{
  (void)state;
  const uint32_t split[] = {0x6d3e048f, 0x1022172d, 0x03d7b32d, 0xadd083f4, 0x92fb20ea, 0x0f38d913};
  for (size_t i = 0; i < 3; i++) {
    RngKey k = optic_rng_split(key(), i);
    assert_memory_equal(k.at, split + 2 * i, sizeof k.at);
  }
  RngKey k = optic_rng_fold_in(key(), 7);
  assert_int_equal(k.at[0], 0x97d0552f);
  assert_int_equal(k.at[1], 0x51bf719f);
  k = optic_rng_key(UINT64_C(0x123456789abcdef0));
  assert_int_equal(k.at[0], 0x12345678);
  assert_int_equal(k.at[1], 0x9abcdef0);
}

static void test_bits(void **state)
{
  (void)state;
  const uint32_t five[] = {0x7d1c13a2, 0xae0730d9, 0x9dc3f9f9, 0x8f9ec1d7, 0x735d7315};
  static uint32_t bits[3000], again[3000];
  optic_rng_bits32(key(), 0, 3000, bits);
  assert_memory_equal(bits, five, sizeof five);
  assert_int_equal(bits[2999], 0x6a7ac4cb);
  uint64_t sum = 0;
  for (size_t i = 0; i < 3000; i++) {
    sum += bits[i];
  }
  assert_true(sum == UINT64_C(0x5d42c9bf70b));
  optic_rng_bits32(key(), 0, 1001, again); /* in pieces */
  optic_rng_bits32(key(), 1001, 1999, again + 1001);
  assert_memory_equal(bits, again, sizeof bits);
  const uint64_t three[] = {UINT64_C(0x6d3e048f1022172d), UINT64_C(0x03d7b32dadd083f4), UINT64_C(0x92fb20ea0f38d913)};
  uint64_t wide[3];
  optic_rng_bits64(key(), 0, 3, wide);
  assert_memory_equal(wide, three, sizeof three);
  /* the counter's carry: each element is what it is alone */
  const uint64_t edge = (UINT64_C(1) << 32) - 3;
  uint32_t six[6], one;
  uint64_t six64[6], one64;
  optic_rng_bits32(key(), edge, 6, six);
  optic_rng_bits64(key(), edge, 6, six64);
  for (size_t i = 0; i < 6; i++) {
    optic_rng_bits32(key(), edge + i, 1, &one);
    optic_rng_bits64(key(), edge + i, 1, &one64);
    RngKey pair = optic_rng_split(key(), edge + i);
    assert_int_equal(six[i], one);
    assert_int_equal(one, pair.at[0] ^ pair.at[1]);
    assert_true(six64[i] == one64 && one64 == ((uint64_t)pair.at[0] << 32 | pair.at[1]));
  }
}

static void test_floats(void **state)
{
  (void)state;
  const double unit[] = {0.488709569, 0.679797173, 0.616271496, 0.561016083, 0.450644612};
  const double stretched[] = {1.7536279, 3.8078196, 3.12491846, 2.53092289, 1.34442961};
  const double normal[] = {-0.028304616, 0.467131853, 0.295702964, 0.153545916, -0.124032818, 0.216923147};
  const double cut[] = {-0.0270164981, 0.44438082, 0.281877071, 0.146508053, -0.1183623, 0.206907481};
  const double tail[] = {1.00100565, 1.28319299, 1.17886209, 1.09755075};
  float x[8];
  optic_rng_uniform_f32(key(), 5, 0.0f, 1.0f, x);
  near_f32(x, unit, 5);
  optic_rng_uniform_f32(key(), 5, -3.5f, 7.25f, x);
  near_f32(x, stretched, 5);
  optic_rng_normal_f32(key(), 6, x);
  near_f32(x, normal, 6);
  optic_rng_truncated_normal_f32(key(), 6, -2.0f, 2.0f, x);
  near_f32(x, cut, 6);
  optic_rng_truncated_normal_f32(key(), 4, 0.5f, 3.0f, x);
  near_f32(x, tail, 4);
  const double unit64[] = {0.42672756664990907, 0.015010069515314584, 0.57414441789953519};
  const double normal64[] = {-0.18471174528191162, -2.1698245603977542, 0.18693555179382582, 0.61226535705109586,
                             0.48962495047570181};
  const double cut64[] = {-0.17621763938261406, -1.7856590554261624, 0.17833697118173189};
  double y[8];
  optic_rng_uniform_f64(key(), 3, 0.0, 1.0, y);
  near_f64(y, unit64, 3);
  optic_rng_normal_f64(key(), 5, y);
  near_f64(y, normal64, 5);
  optic_rng_truncated_normal_f64(key(), 3, -2.0, 2.0, y);
  near_f64(y, cut64, 3);
}

static void test_integers(void **state)
{
  (void)state;
  const int32_t few[] = {278646, 848442, 367222, 982777, 576641, 288488};
  const int32_t wide[] = {977810628, 1236381714, -1367112521, -1019495231};
  const uint8_t bytes[] = {196, 18, 183, 193, 141, 107};
  const uint8_t coins[] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0};
  int32_t i32[8];
  uint8_t u8[16];
  optic_rng_randint_i32(key(), 6, -5, 1000000, i32);
  assert_memory_equal(i32, few, sizeof few);
  optic_rng_randint_i32(key(), 4, INT32_MIN, INT32_MAX, i32);
  assert_memory_equal(i32, wide, sizeof wide);
  optic_rng_randint_u8(key(), 6, 0, 256, u8);
  assert_memory_equal(u8, bytes, sizeof bytes);
  optic_rng_bernoulli(key(), 12, 0.3f, u8);
  assert_memory_equal(u8, coins, sizeof coins);
  optic_rng_randint_i32(key(), 4, 3, 3, i32);
  assert_int_equal(i32[3], 3);
  optic_rng_randint_i32(key(), 4, INT64_MIN, INT64_MAX, i32); /* every integer: the span wraps to 0 */
  optic_rng_randint_i32(key(), 4, 5, -5, i32);
  assert_int_equal(i32[0], 5);
}

static void test_permutation(void **state)
{
  (void)state;
  const int32_t twelve[] = {7, 4, 2, 5, 3, 6, 10, 11, 8, 9, 0, 1};
  static int32_t x[5000];
  static uint64_t scratch[10000];
  optic_rng_permutation(key(), 12, x, scratch);
  assert_memory_equal(x, twelve, sizeof twelve);
  optic_rng_permutation(key(), 5000, x, scratch);
  uint64_t sum = 0;
  for (size_t i = 0; i < 5000; i++) {
    sum += (uint64_t)x[i] * i;
  }
  assert_true(sum == 31262781809u);
  optic_rng_permutation(key(), 1, x, scratch);
  assert_int_equal(x[0], 0);
  optic_rng_permutation(key(), 0, x, scratch);
}

static void test_moments(void **state)
{
  (void)state;
  enum { N = 200000 };
  static float x[N + 1];
  for (size_t n = 255; n <= 257; n++) { /* the end of a block: nothing past it */
    x[n] = 9.0f;
    optic_rng_normal_f32(key(), n, x);
    assert_true(x[n] == 9.0f && x[n - 1] != 9.0f);
  }
  optic_rng_normal_f32(optic_rng_key(1), N, x);
  double mean = 0, square = 0;
  for (size_t i = 0; i < N; i++) {
    assert_true(isfinite(x[i]));
    mean += (double)x[i] / N;
    square += (double)x[i] * (double)x[i] / N;
  }
  assert_true(fabs(mean) < 0.01 && fabs(square - 1.0) < 0.01);
  optic_rng_truncated_normal_f32(optic_rng_key(1), N, -1.0f, 2.0f, x);
  for (size_t i = 0; i < N; i++) {
    assert_true(x[i] > -1.0f && x[i] < 2.0f);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_keys),     cmocka_unit_test(test_bits),        cmocka_unit_test(test_floats),
      cmocka_unit_test(test_integers), cmocka_unit_test(test_permutation), cmocka_unit_test(test_moments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
