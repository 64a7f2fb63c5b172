/* alloc_test.c: the door to memory, arenas, growable arrays: counts, limits, failure.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/vec.h"

static void *refusing(void *user, void *block, size_t old_size, size_t new_size)
{
  (void)old_size;
  size_t *left = user;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  if (*left == 0) {
    return NULL;
  }
  --*left;
  return realloc(block, new_size);
}

static void test_counts(void **state)
{
  (void)state;
  Alloc a;
  optic_alloc_init(&a, NULL, NULL, 0);
  char *p = optic_zalloc(&a, 100);
  assert_non_null(p);
  for (size_t i = 0; i < 100; i++) {
    assert_int_equal(p[i], 0);
  }
  p = optic_resize(&a, p, 100, 300);
  assert_int_equal(a.used, 300);
  p = optic_resize(&a, p, 300, 10);
  assert_int_equal(a.used, 10);
  assert_int_equal(a.peak, 300);
  optic_free(&a, p, 10);
  optic_free(&a, NULL, 0);
  assert_int_equal(a.used, 0);
  assert_null(optic_alloc(&a, 0));
}

static void test_limit(void **state)
{
  (void)state;
  Alloc a;
  optic_alloc_init(&a, NULL, NULL, 1000);
  char *p = optic_alloc(&a, 1000);
  assert_non_null(p);
  assert_null(optic_alloc(&a, 1));
  assert_null(optic_resize(&a, p, 1000, 1001));
  assert_int_equal(a.used, 1000);
  p = optic_resize(&a, p, 1000, 999);
  char *q = optic_alloc(&a, 1);
  assert_non_null(q);
  assert_null(optic_alloc(&a, SIZE_MAX));
  optic_free(&a, p, 999);
  optic_free(&a, q, 1);
  assert_int_equal(a.used, 0);
  assert_int_equal(a.peak, 1000);
}

static void test_sizes(void **state)
{
  (void)state;
  size_t out = 7;
  assert_false(optic_size_add(SIZE_MAX, 1, &out));
  assert_false(optic_size_mul(SIZE_MAX / 2 + 1, 2, &out));
  assert_int_equal(out, 7);
  assert_true(optic_size_add(SIZE_MAX - 1, 1, &out));
  assert_true(out == SIZE_MAX);
  assert_true(optic_size_mul(SIZE_MAX / 2, 2, &out));
  assert_true(out == SIZE_MAX - 1);
}

static void test_arena(void **state)
{
  (void)state;
  Alloc a;
  Arena arena;
  optic_alloc_init(&a, NULL, NULL, 0);
  optic_arena_init(&arena, &a);
  unsigned char *last = NULL;
  for (size_t size = 1; size < 40000; size += 997) {
    unsigned char *p = optic_arena_alloc(&arena, size);
    assert_non_null(p);
    assert_ptr_not_equal(p, last);
    assert_int_equal((uintptr_t)p % 16, 0);
    for (size_t i = 0; i < size; i++) {
      assert_int_equal(p[i], 0);
    }
    memset(p, 0xaa, size);
    last = p;
  }
  assert_string_equal(optic_arena_copy(&arena, "abcdef", 3), "abc");
  assert_false(arena.oom);
  assert_null(optic_arena_array(&arena, SIZE_MAX / 2, 3));
  assert_true(arena.oom);
  optic_arena_finish(&arena);
  assert_int_equal(a.used, 0);
}

static void test_arena_without_memory(void **state)
{
  (void)state;
  size_t left = 1;
  Alloc a;
  Arena arena;
  optic_alloc_init(&a, refusing, &left, 0);
  optic_arena_init(&arena, &a);
  assert_non_null(optic_arena_alloc(&arena, 8));
  assert_null(optic_arena_alloc(&arena, 1 << 20));
  assert_true(arena.oom);
  assert_non_null(optic_arena_alloc(&arena, 8)); /* it still fits: but the flag stays */
  assert_true(arena.oom);
  optic_arena_finish(&arena);
  assert_int_equal(a.used, 0);
}

static void test_vec(void **state)
{
  (void)state;
  size_t left = 3;
  Alloc a;
  VEC(int) v = {0};
  optic_alloc_init(&a, refusing, &left, 0);
  int n = 0;
  for (int *p; (p = VEC_PUSH(&a, &v)); n++) {
    *p = n;
  }
  assert_int_equal(v.size, n); /* refused, and as it was */
  assert_true(n >= 8);
  for (int i = 0; i < n; i++) {
    assert_int_equal(v.at[i], i);
  }
  VEC_FINISH(&a, &v);
  assert_int_equal(a.used, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_counts), cmocka_unit_test(test_limit), cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_arena),  cmocka_unit_test(test_vec),   cmocka_unit_test(test_arena_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
