/* core_test.c: what a context shares: names, the pool, work counted, the end of it all.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/pool.h"

static void test_names(void **state)
{
  (void)state;
  Core core;
  assert_true(optic_core_init(&core, NULL, NULL, NULL, 1));
  const Name *a = optic_name_cstr(&core.names, "kernel");
  assert_ptr_equal(a, optic_name(&core.names, "kernel and more", 6));
  assert_null(optic_name_find(&core.names, "bias", 4));
  char text[16];
  for (int i = 0; i < 5000; i++) {
    snprintf(text, sizeof text, "n%d", i);
    assert_non_null(optic_name_cstr(&core.names, text));
  }
  assert_ptr_equal(a, optic_name_find(&core.names, "kernel", 6));
  assert_int_equal(core.names.count, 5001);
  const Name *empty = optic_name(&core.names, NULL, 0), *nul = optic_name(&core.names, "a\0b", 3);
  assert_int_equal(empty->size, 0);
  assert_int_equal(nul->size, 3);
  assert_true(optic_name_compare(empty, a) < 0);
  assert_true(optic_name_compare(nul, optic_name_cstr(&core.names, "a")) > 0);
  assert_true(optic_name_compare(optic_name_cstr(&core.names, "Z"), optic_name_cstr(&core.names, "\xc3\xa9")) < 0);
  optic_core_finish(&core);
  assert_int_equal(core.alloc.used, 0);
}

/* Every size comes back from the pool, and its neighbours do not disturb it. */
static void test_pool(void **state)
{
  (void)state;
  Core core;
  assert_true(optic_core_init(&core, NULL, NULL, NULL, 1));
  for (size_t size = 0; size < 5000; size++) {
    size_t room = optic_pool_room(size);
    assert_true(room >= size && room >= 1);
    assert_true(size <= 128 || room <= size + size / 4 + 16);
    char *p = optic_pool_get(&core, size);
    memset(p, 0x55, room);
    optic_pool_put(&core, p, size);
    uint64_t calls = core.alloc.calls;
    (void)calls;
    char *again = optic_pool_get(&core, size);
#if !defined(__SANITIZE_ADDRESS__) /* there nothing waits */
    assert_ptr_equal(again, p);
    assert_int_equal(core.alloc.calls, calls);
#endif
    optic_pool_put(&core, again, size);
  }
  optic_pool_put(&core, NULL, 3);
  optic_pool_trim(&core);
  uint64_t left = core.alloc.used;
  for (size_t size = 1; size < ((size_t)1 << 40); size *= 2) {
    for (size_t more = 0; more < 2; more++) {
      assert_true(optic_pool_room(size + more) >= size + more);
      assert_true(optic_pool_room(optic_pool_room(size + more)) == optic_pool_room(size + more));
    }
  }
  assert_int_equal(core.alloc.used, left);
  optic_core_finish(&core);
  assert_int_equal(core.alloc.used, 0);
}

static void test_pool_at_its_limit(void **state)
{
  (void)state;
  Core core;
  Limits limits = optic_limits_default();
  limits.memory = 1 << 20;
  assert_true(optic_core_init(&core, NULL, NULL, &limits, 1));
  void *small[64];
  for (size_t i = 0; i < 64; i++) {
    small[i] = optic_pool_get(&core, 1000);
    assert_non_null(small[i]);
  }
  for (size_t i = 0; i < 64; i++) {
    optic_pool_put(&core, small[i], 1000);
  }
  /* What waits is given back before a request fails. */
  size_t big = optic_pool_room(900000);
  void *block = optic_pool_get(&core, big);
  assert_non_null(block);
  assert_true(core.alloc.peak <= limits.memory);
  assert_null(optic_pool_get(&core, big));
  assert_int_equal(core.fault.code, D_out_of_memory);
  assert_null(optic_pool_get(&core, SIZE_MAX));
  optic_pool_put(&core, block, big);
  optic_core_finish(&core);
  assert_int_equal(core.alloc.used, 0);
}

static void test_charge(void **state)
{
  (void)state;
  Core core;
  Limits limits = optic_limits_default();
  atomic_int interrupt = 0;
  limits.steps = 100;
  assert_true(optic_core_init(&core, NULL, NULL, &limits, 1));
  core.interrupt = &interrupt;
  assert_true(optic_charge(&core, 100));
  assert_false(optic_charge(&core, 1));
  assert_int_equal(core.fault.code, D_out_of_steps);
  core.steps_used = 0;
  atomic_store(&interrupt, 1);
  assert_false(optic_charge(&core, 1));
  assert_int_equal(core.fault.code, D_interrupted);
  optic_core_finish(&core);
}

static void *nothing(void *user, void *block, size_t old_size, size_t new_size)
{
  (void)user;
  (void)block;
  (void)old_size;
  (void)new_size;
  return NULL;
}

static void test_no_memory_at_all(void **state)
{
  (void)state;
  Core core;
  assert_false(optic_core_init(&core, nothing, NULL, NULL, 1));
  assert_int_equal(core.fault.code, D_out_of_memory);
  optic_core_finish(&core);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_pool),
      cmocka_unit_test(test_charge),
      cmocka_unit_test(test_pool_at_its_limit),
      cmocka_unit_test(test_no_memory_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
