/* sort.h: sorting in place.
 *
 * Where the C library's qsort may take memory of its own and a plain quicksort may take quadratic time on a hostile
 * input, this does neither.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_SORT_H
#define OPTIC_BASE_SORT_H

#include <stddef.h>

/* Negative, 0 or positive, as strcmp. */
typedef int CompareFn(const void *a, const void *b);

/* Sorts `count` elements of `size` bytes. Equal ones may change places. */
void optic_sort(void *at, size_t count, size_t size, CompareFn *compare);

#endif
