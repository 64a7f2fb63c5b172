/* diag_test.c: messages: the table, collecting, how they look.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <string.h>

#include "base/diag.h"

static void test_table(void **state)
{
  (void)state;
  for (DiagCode code = D_none; code < D_COUNT; code++) {
    const DiagInfo *info = optic_diag_info(code);
    assert_int_equal(strlen(info->code), 5);
    assert_true(info->code[0] == 'E' || info->code[0] == 'W');
    assert_true(info->meaning[0] != 0);
    for (DiagCode other = D_none; other < code; other++) {
      assert_string_not_equal(info->code, optic_diag_info(other)->code);
    }
  }
  assert_string_equal(optic_diag_info(D_COUNT)->id, "internal");
}

static void test_fault(void **state)
{
  (void)state;
  Fault fault = {0};
  char longest[2000];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  assert_false(optic_fail(&fault, D_shape, "%s", longest));
  assert_int_equal(strlen(fault.message), sizeof fault.message - 1);
  assert_false(optic_fail_hint(&fault, "try %d", 3));
  assert_string_equal(fault.hint, "try 3");
  assert_false(optic_fail(&fault, D_dtype, "again"));
  assert_string_equal(fault.hint, "");
  optic_fault_clear(&fault);
  assert_int_equal(fault.code, D_none);
}

/* Renders one message over a text; the caller frees nothing. */
static void shows(const char *source_text, uint32_t first, uint32_t last, const char *want)
{
  Alloc a;
  Diags diags;
  Text out;
  Source source = {"t.opt", source_text, strlen(source_text)};
  optic_alloc_init(&a, NULL, NULL, 0);
  optic_diags_init(&diags, &a);
  optic_text_init(&out, &a);
  Diag *diag = optic_diag(&diags, D_type, (Place){&source, {first, last}}, "wrong");
  assert_non_null(diag);
  optic_diag_render(diag, &out, false);
  assert_string_equal(optic_text_cstr(&out), want);
  optic_text_finish(&out);
  optic_diags_finish(&diags);
  assert_int_equal(a.used, 0);
}

static void test_places(void **state)
{
  (void)state;
  shows("x = 1\ny = nope\n", 10, 14, "error: wrong [E0301]\n  --> t.opt:2:5\n   2 | y = nope\n     |     ^^^^\n");
  shows("", 0, 0, "error: wrong [E0301]\n  --> t.opt:1:1\n   1 | \n     | ^\n");
  shows("a", 500, 600, "error: wrong [E0301]\n  --> t.opt:1:2\n   1 | a\n     |  ^\n");
  shows("\tq\r\nz", 1, 2, "error: wrong [E0301]\n  --> t.opt:1:2\n   1 | \tq\n     | \t^\n");
  shows("\xc3\xa9\xc3\xa9 = x", 7, 8,
        "error: wrong [E0301]\n  --> t.opt:1:6\n   1 | \xc3\xa9\xc3\xa9 = x\n     |      ^\n");
  /* A span of several lines is underlined to the end of its first. */
  shows("f(1,\n2)", 0, 7, "error: wrong [E0301]\n  --> t.opt:1:1\n   1 | f(1,\n     | ^^^^\n");
}

static void test_long_line(void **state)
{
  (void)state;
  static char line[100001];
  memset(line, 'a', sizeof line - 1);
  for (uint32_t at = 0; at < 100000; at += 9973) {
    Alloc a;
    Diags diags;
    Text out;
    Source source = {"t.opt", line, sizeof line - 1};
    optic_alloc_init(&a, NULL, NULL, 0);
    optic_diags_init(&diags, &a);
    optic_text_init(&out, &a);
    optic_diag_render(optic_diag(&diags, D_type, (Place){&source, {at, at + 1}}, "wrong"), &out, false);
    assert_true(out.size < 500);
    optic_text_finish(&out);
    optic_diags_finish(&diags);
  }
}

static void test_collecting(void **state)
{
  (void)state;
  static char text[1000];
  memset(text, ' ', sizeof text - 1);
  Alloc a;
  Diags diags;
  Source source = {"t.opt", text, sizeof text - 1};
  optic_alloc_init(&a, NULL, NULL, 0);
  optic_diags_init(&diags, &a);
  for (uint32_t i = 0; i < 300; i++) {
    Diag *diag = optic_diag(&diags, D_syntax, (Place){&source, {i / 2, i / 2 + 1}}, "message %d", (int)i);
    optic_diag_hint(&diags, diag, "hint");
  }
  assert_int_equal(diags.errors, 200); /* the second at a place is dropped, as long as the first is kept */
  assert_int_equal(diags.list.size, 100);
  assert_string_equal(diags.list.at[1].message, "message 2");
  optic_diag_warn(&diags, D_shadow, (Place){0}, "warned");
  assert_int_equal(diags.warnings, 1);
  optic_diags_finish(&diags);
  assert_int_equal(a.used, 0);
}

static void test_calls_hint_colour(void **state)
{
  (void)state;
  Alloc a;
  Text out;
  Source source = {"t.opt", "loss(1)", 7};
  DiagCall calls[] = {{"inner", {0}, 1}, {"loss", {&source, {0, 7}}, 1}};
  Diag diag = {.code = D_shape,
               .at = {&source, {0, 4}},
               .message = "steers \x1b[2J",
               .hint = "go",
               .calls = calls,
               .call_count = 2};
  optic_alloc_init(&a, NULL, NULL, 0);
  optic_text_init(&out, &a);
  optic_diag_render(&diag, &out, false);
  assert_string_equal(optic_text_cstr(&out),
                      "error: steers \\u{1b}[2J [E0401]\n  --> t.opt:1:1\n   1 | loss(1)\n     | ^^^^\n  hint: go\n"
                      "  in inner\n  in loss, called at t.opt:1:1\n");
  optic_text_clear(&out);
  diag.warning = true;
  optic_diag_render(&diag, &out, true);
  assert_non_null(strstr(optic_text_cstr(&out), "\x1b["));
  assert_non_null(strstr(optic_text_cstr(&out), "warning"));
  assert_null(strstr(optic_text_cstr(&out), "\x1b[2J"));
  optic_text_finish(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),     cmocka_unit_test(test_fault),      cmocka_unit_test(test_places),
      cmocka_unit_test(test_long_line), cmocka_unit_test(test_collecting), cmocka_unit_test(test_calls_hint_colour),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
