/* text_test.c: texts that grow, numbers and UTF-8, both ways.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static Alloc memory;

static int set_up(void **state)
{
  (void)state;
  optic_alloc_init(&memory, NULL, NULL, 0);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  return memory.used != 0;
}

static void test_growing(void **state)
{
  (void)state;
  Text t;
  optic_text_init(&t, &memory);
  assert_string_equal(optic_text_cstr(&t), "");
  for (int i = 0; i < 1000; i++) {
    optic_text_printf(&t, "%d,", i);
  }
  optic_text_repeat(&t, 'x', 500);
  optic_text_printf(&t, "%0600d", 1);
  assert_int_equal(t.size, 10 * 2 + 90 * 3 + 900 * 4 + 500 + 600);
  assert_int_equal(strlen(optic_text_cstr(&t)), t.size);
  optic_text_clear(&t);
  assert_string_equal(optic_text_cstr(&t), "");
  optic_text_finish(&t);
}

static void test_no_memory(void **state)
{
  (void)state;
  Alloc small;
  Text t;
  optic_alloc_init(&small, NULL, NULL, 200);
  optic_text_init(&t, &small);
  optic_text_str(&t, "kept");
  optic_text_repeat(&t, 'x', 1000);
  assert_true(t.oom);
  optic_text_str(&t, "dropped");
  assert_string_equal(optic_text_cstr(&t), "kept");
  optic_text_finish(&t);
  assert_int_equal(small.used, 0);
}

static const char *number(Text *t, double x)
{
  optic_text_clear(t);
  optic_text_number(t, x);
  return optic_text_cstr(t);
}

static const char *single(Text *t, float x)
{
  optic_text_clear(t);
  optic_text_float(t, x);
  return optic_text_cstr(t);
}

static void test_numbers(void **state)
{
  (void)state;
  Text t;
  optic_text_init(&t, &memory);
  assert_string_equal(number(&t, 3), "3");
  assert_string_equal(number(&t, -0.0), "-0");
  assert_string_equal(number(&t, 0.1), "0.1");
  assert_string_equal(number(&t, 0.1 + 0.2), "0.30000000000000004");
  assert_string_equal(number(&t, 1e-8), "1e-08");
  assert_string_equal(number(&t, 9007199254740993.0), "9007199254740992");
  assert_string_equal(number(&t, 1e300), "1e+300");
  assert_string_equal(number(&t, 5e-324), "5e-324");
  assert_string_equal(number(&t, (double)INFINITY), "inf");
  assert_string_equal(number(&t, -(double)INFINITY), "-inf");
  assert_string_equal(number(&t, (double)NAN), "nan");
  assert_string_equal(single(&t, 0.1f), "0.1");
  assert_string_equal(single(&t, 16777216.0f), "16777216");
  assert_string_equal(single(&t, 1e-45f), "1e-45");
  optic_text_finish(&t);
}

/* Whatever is written reads back as the same number. */
static void test_round_trip(void **state)
{
  (void)state;
  Text t;
  uint64_t bits = 0x9e3779b97f4a7c15u;
  optic_text_init(&t, &memory);
  for (int i = 0; i < 20000; i++) {
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    double x, back;
    float f;
    memcpy(&x, &bits, sizeof x);
    memcpy(&f, &bits, sizeof f);
    if (isfinite(x)) {
      number(&t, x);
      assert_true(optic_number_read(t.at, t.size, &back));
      assert_memory_equal(&x, &back, sizeof x);
    }
    if (isfinite(f)) {
      single(&t, f);
      assert_true(optic_number_read(t.at, t.size, &back));
      assert_true((float)back == f);
    }
  }
  optic_text_finish(&t);
}

static void test_reading(void **state)
{
  (void)state;
  const char *good[] = {"0",   "-1",   "+2",    "1.",     ".5",
                        "1e5", "1E-5", "00012", "0.1e+3", "123456789012345678901234567890"};
  const char *bad[] = {"",     ".",   "-",   "1e",    "e5",    "1e+",   " 1", "1 ",
                       "0x10", "inf", "nan", "1_000", "1.2.3", "1e999", "--1"};
  double x = 42;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_true(optic_number_read(good[i], strlen(good[i]), &x));
    assert_true(x == strtod(good[i], NULL));
  }
  x = 42;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (optic_number_read(bad[i], strlen(bad[i]), &x)) {
      fail_msg("`%s` was read as a number", bad[i]);
    }
  }
  assert_true(x == 42);
  assert_true(optic_number_read("12345", 2, &x)); /* only as many bytes as said */
  assert_true(x == 12);
}

static void test_locale(void **state)
{
  (void)state;
  if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
    return; /* not on this machine */
  }
  Text t;
  double x;
  optic_text_init(&t, &memory);
  assert_string_equal(number(&t, 1.5), "1.5");
  assert_true(optic_number_read("1.123456789012345678", 20, &x));
  assert_true(fabs(x - 1.123456789012345678) < 1e-15);
  optic_text_finish(&t);
  setlocale(LC_ALL, "C");
}

static void test_quoting(void **state)
{
  (void)state;
  Text t;
  optic_text_init(&t, &memory);
  const char in[] = "a\"b\\c\nd\te\x1b[1m\xc2\x9b\xff\xc3\xa9";
  optic_text_quoted(&t, in, sizeof in - 1);
  assert_string_equal(optic_text_cstr(&t), "\"a\\\"b\\\\c\\nd\\te\\u{1b}[1m\\u{9b}\\xff\xc3\xa9\"");
  optic_text_clear(&t);
  optic_text_shown(&t, in, sizeof in - 1);
  assert_string_equal(optic_text_cstr(&t), "a\"b\\c\nd\te\\u{1b}[1m\\u{9b}\\xff\xc3\xa9");
  optic_text_finish(&t);
}

static void test_utf8(void **state)
{
  (void)state;
  const char *bad[] = {
      "\x80",     "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
      "\xe2\x82", "a\xff"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(optic_utf8_valid(bad[i], strlen(bad[i])));
  }
  for (uint32_t code = 0; code < 0x110800; code += code < 0x900 ? 1 : 0x3f) {
    char bytes[4];
    uint32_t back = 0;
    size_t n = optic_utf8_write(code, bytes);
    bool exists = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    assert_int_equal(n > 0, exists);
    if (exists) {
      assert_int_equal(optic_utf8_read(bytes, n, &back), n);
      assert_int_equal(back, code);
      assert_int_equal(optic_utf8_read(bytes, n - 1, &back), 0);
    }
  }
  assert_int_equal(optic_utf8_width("a\xc3\xa9\xf0\x9f\x98\x80", 7), 3);
}

static void test_edit_distance(void **state)
{
  (void)state;
  static const struct {
    const char *a, *b;
    size_t distance;
  } rows[] = {{"", "", 0},
              {"a", "", 1},
              {"kitten", "sitting", 3},
              {"ab", "ba", 1},
              {"adma", "adam", 1},
              {"clip_by_globalnorm", "clip_by_global_norm", 1},
              {"abcdef", "uvwxyz", 4 /* past the limit of 3 */}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *a = rows[i].a, *b = rows[i].b;
    assert_int_equal(optic_edit_distance(a, strlen(a), b, strlen(b), 3), rows[i].distance);
    assert_int_equal(optic_edit_distance(b, strlen(b), a, strlen(a), 3), rows[i].distance);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_growing),    cmocka_unit_test(test_no_memory), cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_round_trip), cmocka_unit_test(test_reading),   cmocka_unit_test(test_locale),
      cmocka_unit_test(test_quoting),    cmocka_unit_test(test_utf8),      cmocka_unit_test(test_edit_distance),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
