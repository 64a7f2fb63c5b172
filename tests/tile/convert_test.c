/* convert_test.c: every pair of storage formats: all 65,536 patterns of the half formats, rounding against a slow
 * reference, the edges of the integers; levels alike; guards.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tile/tile.h"

/* What a half format's bits mean: exponent bits and digits. */
static double meaning(unsigned bits, int exponent_bits, int digits)
{
  unsigned sign = bits >> 15, exponent = bits >> digits & ((1u << exponent_bits) - 1),
           rest = bits & ((1u << digits) - 1);
  int bias = (1 << (exponent_bits - 1)) - 1;
  double x = exponent == (1u << exponent_bits) - 1 ? (rest ? NAN : INFINITY)
             : exponent == 0                       ? ldexp(rest, 1 - bias - digits)
                                                   : ldexp(1.0 + ldexp(rest, -digits), (int)exponent - bias);
  return sign ? -x : x;
}

static void test_half(void **state)
{
  (void)state;
  static const struct {
    Store store;
    int exponent_bits, digits;
  } formats[] = {{ST_F16, 5, 10}, {ST_BF16, 8, 7}};
  enum { ALL = 65536 };
  static uint16_t bits[ALL], back[ALL];
  static float wide[ALL];
  static double wider[ALL];
  for (size_t l = 0; optic_tile_level(l); l++) {
    const TileTable *t = optic_tile_level(l);
    for (size_t f = 0; f < 2; f++) {
      const Store s = formats[f].store;
      for (unsigned i = 0; i < ALL; i++) {
        bits[i] = (uint16_t)i;
      }
      t->convert(ST_F32, wide, s, bits, ALL);
      t->convert(ST_F64, wider, s, bits, ALL);
      t->convert(s, back, ST_F32, wide, ALL);
      for (unsigned i = 0; i < ALL; i++) {
        double x = meaning(i, formats[f].exponent_bits, formats[f].digits);
        if (isnan(x)) {
          assert_true(isnan(wide[i]) && isnan(wider[i]));
          assert_true(isnan(meaning(back[i], formats[f].exponent_bits, formats[f].digits)));
        } else {
          assert_true(wide[i] == x && wider[i] == x && !signbit(wide[i]) == !signbit(x));
          assert_int_equal(back[i], i);
        }
      }
      t->convert(s, back, ST_F64, wider, ALL);
      for (unsigned i = 0; i < ALL; i++) {
        assert_true(back[i] == i || isnan(wide[i]));
      }
      /* Halfway between neighbours goes to the even one; a little off goes to the nearer. */
      unsigned infinite = ((1u << formats[f].exponent_bits) - 1) << formats[f].digits;
      for (unsigned i = 0; i < infinite; i++) {
        double low = meaning(i, formats[f].exponent_bits, formats[f].digits);
        double high = i + 1 == infinite ? ldexp(1.0, 1 << (formats[f].exponent_bits - 1))
                                        : meaning(i + 1, formats[f].exponent_bits, formats[f].digits);
        double middle = 0.5 * (low + high);
        float x[3] = {(float)middle, nextafterf((float)middle, 0.0f), nextafterf((float)middle, INFINITY)};
        double y[3] = {middle, nextafter(middle, 0.0), nextafter(middle, INFINITY)};
        uint16_t got[3];
        t->convert(s, got, ST_F32, x, 3);
        assert_int_equal(got[0], i % 2 ? i + 1 : i);
        assert_int_equal(got[1], i);
        assert_int_equal(got[2], i + 1);
        t->convert(s, got, ST_F64, y, 3);
        assert_int_equal(got[0], i % 2 ? i + 1 : i);
        if (s == ST_F16) { /* bf16 goes through f32, as in XLA */
          assert_int_equal(got[1], i);
          assert_int_equal(got[2], i + 1);
        }
      }
    }
  }
}

static void test_numbers(void **state)
{
  (void)state;
  const float f[] = {3e9f, -3e9f, NAN, INFINITY, -INFINITY, 1.9f, -1.9f, 300.f, -2.f, 255.9f, 2147483520.f, 0.f};
  const int32_t f_i32[] = {INT32_MAX, INT32_MIN, 0, INT32_MAX, INT32_MIN, 1, -1, 300, -2, 255, 2147483520, 0};
  const uint8_t f_u8[] = {255, 0, 0, 255, 0, 1, 0, 255, 0, 255, 255, 0};
  const uint8_t f_bool[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
  const double d[] = {2147483647.5, -2147483648.5, -2147483649.0, 2147483648.0, NAN, 1e300, -1e300, 0.1};
  const int32_t d_i32[] = {INT32_MAX, INT32_MIN, INT32_MIN, INT32_MAX, 0, INT32_MAX, INT32_MIN, 0};
  const int32_t i[] = {300, -1, 256, 255, 0, INT32_MIN, 16777217};
  const uint8_t i_u8[] = {44, 255, 0, 255, 0, 0, 1};
  const float i_f32[] = {300, -1, 256, 255, 0, -2147483648.f, 16777216.f};
  enum { F = sizeof f / sizeof *f, D = sizeof d / sizeof *d, I = sizeof i / sizeof *i };
  for (size_t l = 0; optic_tile_level(l); l++) {
    const TileTable *t = optic_tile_level(l);
    int32_t to_i32[16];
    uint8_t to_u8[16];
    float to_f32[16];
    double to_f64[16];
    t->convert(ST_I32, to_i32, ST_F32, f, F);
    assert_memory_equal(to_i32, f_i32, sizeof f_i32);
    t->convert(ST_U8, to_u8, ST_F32, f, F);
    assert_memory_equal(to_u8, f_u8, sizeof f_u8);
    t->convert(ST_BOOL, to_u8, ST_F32, f, F);
    assert_memory_equal(to_u8, f_bool, sizeof f_bool);
    t->convert(ST_F32, to_f32, ST_BOOL, f_bool, F);
    assert_true(to_f32[0] == 1.0f && to_f32[11] == 0.0f);
    t->convert(ST_F64, to_f64, ST_F32, f, F);
    t->convert(ST_U8, to_u8, ST_F64, to_f64, F);
    assert_memory_equal(to_u8, f_u8, sizeof f_u8);
    t->convert(ST_I32, to_i32, ST_F64, d, D);
    assert_memory_equal(to_i32, d_i32, sizeof d_i32);
    t->convert(ST_U8, to_u8, ST_I32, i, I);
    assert_memory_equal(to_u8, i_u8, sizeof i_u8);
    t->convert(ST_F32, to_f32, ST_I32, i, I);
    assert_memory_equal(to_f32, i_f32, sizeof i_f32);
    memcpy(to_i32, i, sizeof i); /* in place */
    t->convert(ST_F32, to_i32, ST_I32, to_i32, I);
    assert_memory_equal(to_i32, i_f32, sizeof i_f32);
  }
}

/* Random bytes through every pair: levels agree, and nothing is written past the end. */
static void test_levels(void **state)
{
  (void)state;
  enum { N = 203 };
  static unsigned char in[N * 8 + 16], first[N * 8 + 32], out[N * 8 + 32];
  srand(7);
  for (int from = 0; from < ST_COUNT; from++) {
    for (size_t i = 0; i < sizeof in; i++) {
      in[i] = (unsigned char)(from == ST_BOOL ? rand() & 1 : rand());
    }
    for (int to = 0; to < ST_COUNT; to++) {
      for (size_t l = 0; optic_tile_level(l); l++) {
        size_t wide = optic_store_size((Store)to);
        memset(out, 0xA5, sizeof out);
        optic_tile_level(l)->convert((Store)to, out + 8 + wide, (Store)from, in + optic_store_size((Store)from), N);
        for (size_t i = 0; i < sizeof out; i++) {
          assert_true(out[i] == 0xA5 || (i >= 8 + wide && i < 8 + wide + N * wide));
        }
        if (l == 0) {
          memcpy(first, out, sizeof out);
        } else if (to < ST_F16 || from < ST_F16) { /* no NaN involved */
          assert_memory_equal(first, out, sizeof out);
        }
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_half),
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_levels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
