/* sort.c: sorting in place: a heap sort. See sort.h.
 * SPDX-License-Identifier: MIT */
#include "base/sort.h"

#include <string.h>

static void swap(unsigned char *a, unsigned char *b, size_t size)
{
  unsigned char keep[64];
  while (size > 0) {
    size_t some = size < sizeof keep ? size : sizeof keep;
    memcpy(keep, a, some);
    memcpy(a, b, some);
    memcpy(b, keep, some);
    a += some;
    b += some;
    size -= some;
  }
}

/* Lets the element at `root` sink until both below it come before it. */
static void sink(unsigned char *at, size_t root, size_t count, size_t size, CompareFn *compare)
{
  for (size_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && compare(at + child * size, at + (child + 1) * size) < 0) {
      child++;
    }
    if (compare(at + root * size, at + child * size) >= 0) {
      return;
    }
    swap(at + root * size, at + child * size, size);
  }
}

void optic_sort(void *at, size_t count, size_t size, CompareFn *compare)
{
  for (size_t i = count / 2; i-- > 0;) {
    sink(at, i, count, size, compare);
  }
  for (size_t i = count; i-- > 1;) {
    swap(at, (unsigned char *)at + i * size, size);
    sink(at, 0, i, size, compare);
  }
}
