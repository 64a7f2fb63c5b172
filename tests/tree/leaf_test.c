/* leaf_test.c: lists of leaves, and patterns over paths.
 * SPDX-License-Identifier: MIT */
#include "graph/kit.h"
#include "tree/leaf.h"

static bool takes(const char *pattern, const char *path)
{
  return optic_path_matches(pattern, strlen(pattern), path, strlen(path));
}

static void patterns(void **state)
{
  (void)state;
  const struct {
    const char *pattern, *path;
    bool takes;
  } cases[] = {
      {"a/b", "a/b", true},
      {"a/b", "a/c", false},
      {"a/b", "a", false},
      {"a", "a/b", false},
      {"*", "a", true},
      {"*", "a/b", false},
      {"*/kernel", "Dense_0/kernel", true},
      {"*/kernel", "a/b/kernel", false},
      {"**/kernel", "kernel", true},
      {"**/kernel", "a/kernel", true},
      {"**/kernel", "a/b/c/kernel", true},
      {"**/kernel", "a/kernel/b", false},
      {"**", "", true},
      {"**", "a/b", true},
      {"", "", true},
      {"", "a", false},
      {"a", "", false},
      {"a/**", "a", true},
      {"a/**", "a/b/c", true},
      {"a/**", "b", false},
      {"a/**/d", "a/d", true},
      {"a/**/d", "a/b/c/d", true},
      {"a/**/d", "a/b/c/e", false},
      {"**/b/**/b", "a/b/c/b", true},
      {"**/b/**/b", "a/b/c", false},
      {"Dense_*/ker?el", "Dense_12/kernel", true},
      {"Dense_?", "Dense_12", false},
      {"*a*b*", "xxaxxbxx", true},
      {"*a*b*", "xxbxxaxx", false},
      {"?", "\xce\xb2", true}, /* one character of two bytes */
      {"??", "\xce\xb2", false},
      {"a**b", "axxb", true}, /* not a segment of its own: two stars are one */
      {"a//b", "a//b", true},
      {"a/*/b", "a//b", true},
      {"***", "a/b", false},
      {"**/", "a/", true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (takes(cases[i].pattern, cases[i].path) != cases[i].takes) {
      fail_msg("%s over %s", cases[i].pattern, cases[i].path);
    }
  }
}

/* What would take for ever by trying all splits. */
static void time_is_bounded(void **state)
{
  (void)state;
  enum { N = 2000 };
  static char pattern[2 * N + 2], path[N + 1];
  for (int i = 0; i < N; i++) {
    memcpy(pattern + 2 * i, "*a", 2);
    path[i] = 'a';
  }
  pattern[2 * N] = 'b';
  assert_false(optic_path_matches(pattern, 2 * N + 1, path, N));
  char segments[3 * N + 1], names[2 * N + 1];
  for (int i = 0; i < N; i++) {
    memcpy(segments + 3 * i, i % 2 ? "?*/" : "**/", 3);
    memcpy(names + 2 * i, "a/", 2);
  }
  segments[3 * N - 2] = 'b'; /* the last segment is ?b, which is nowhere */
  assert_false(optic_path_matches(segments, 3 * N - 1, names, 2 * N - 1));
}

static void leaves(void **state)
{
  Kit *kit = *state;
  Core *core = &kit->core;
  Leaves list = {0};
  Array *a = ok(core, optic_array_number(core, 1));
  char path[] = "Dense_0/kernel";
  assert_true(optic_leaves_add(core, &list, path, strlen(path), a));
  path[0] = 'X'; /* it has its own copy */
  assert_true(optic_leaves_add(core, &list, "", 0, a));
  assert_string_equal(list.list.at[0].path, "Dense_0/kernel");
  assert_string_equal(list.list.at[1].path, "");
  assert_int_equal(a->refs, 3);
  core->limits.leaves = 2;
  assert_false(optic_leaves_add(core, &list, "x", 1, a));
  assert_int_equal(core->fault.code, D_too_large);
  core->limits.leaves = 1000;
  for (uint64_t n = 1; n < 12; n++) { /* a failure changes nothing */
    size_t before = list.list.size;
    kit->failing = (Failing){.at = n % 3 + 1};
    bool added = optic_leaves_add(core, &list, "bias", 4, a);
    kit->failing = (Failing){0};
    assert_int_equal(list.list.size, before + added);
  }
  optic_leaves_finish(core, &list);
  assert_int_equal(a->refs, 1);
  optic_array_drop(core, a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
  const struct CMUnitTest tests[] = {TEST(patterns), TEST(time_is_bounded), TEST(leaves)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
