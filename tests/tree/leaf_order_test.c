/* leaf_order_test.c: leaves in order of path.
 * SPDX-License-Identifier: MIT */
#include "tree/leaf_order.h"

#include "files.h"

static void test_order(void **state)
{
  (void)state;
  static const char *const sorted[] = {"", "a", "a/b", "a/b/c", "a/c", "a.b", "aa", "b/a", "b0", "\xc3\xa9"};
  enum { COUNT = sizeof sorted / sizeof *sorted };
  Core core;
  Leaves leaves = {.list = {.size = 0}};
  core_make(&core);
  optic_leaves_sort(&leaves); /* of none */
  assert_null(optic_leaves_duplicate(&leaves));
  assert_null(optic_leaves_find(&leaves, "a", 1));
  Array *a = optic_array_number(&core, 1);
  for (size_t i = 0; i < COUNT; i++) {
    const char *path = sorted[i * 7 % COUNT];
    assert_true(optic_leaves_add(&core, &leaves, path, strlen(path), a));
  }
  optic_leaves_sort(&leaves);
  assert_null(optic_leaves_duplicate(&leaves));
  for (size_t i = 0; i < COUNT; i++) {
    assert_string_equal(leaves.list.at[i].path, sorted[i]);
    assert_ptr_equal(optic_leaves_find(&leaves, sorted[i], strlen(sorted[i])), &leaves.list.at[i]);
  }
  assert_null(optic_leaves_find(&leaves, "a/", 2));
  assert_null(optic_leaves_find(&leaves, "zz", 2));
  assert_true(optic_leaves_add(&core, &leaves, "a/b", 3, a));
  optic_leaves_sort(&leaves);
  assert_string_equal(optic_leaves_duplicate(&leaves)->path, "a/b");
  optic_array_drop(&core, a);
  optic_leaves_finish(&core, &leaves);
  core_end(&core);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
