/* sort_test.c: sorting in place, of elements of any size.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"

static int by_first(const void *a, const void *b)
{
  return memcmp(a, b, 2);
}

static void test_sort(void **state)
{
  (void)state;
  unsigned char at[60 * 150], sum[2];
  unsigned random = 1;
  for (size_t size = 2; size <= 150; size += 37) {
    for (size_t count = 0; count <= 60; count++) {
      memset(sum, 0, sizeof sum);
      for (size_t i = 0; i < count; i++) {
        random = random * 1103515245u + 12345u;
        unsigned key = random >> 16 & (count % 2 ? 0x7fffu : 7u); /* many equal ones too */
        for (size_t j = 0; j < size; j++) {
          at[i * size + j] = (unsigned char)(j % 2 ? key : key >> 8);
        }
        sum[0] ^= (unsigned char)key;
        sum[1] = (unsigned char)(sum[1] + key);
      }
      optic_sort(at, count, size, by_first);
      for (size_t i = 0; i < count; i++) {
        unsigned char *e = at + i * size;
        assert_true(i == 0 || by_first(e - size, e) <= 0);
        for (size_t j = 2; j < size; j++) {
          assert_int_equal(e[j], e[j % 2]); /* whole elements moved */
        }
        sum[0] ^= e[1];
        sum[1] = (unsigned char)(sum[1] - e[1]);
      }
      assert_int_equal(sum[0] | sum[1], 0);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sort)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
