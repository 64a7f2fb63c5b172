/* leaf_order.c: the order of leaves by path. See leaf_order.h.
 * SPDX-License-Identifier: MIT */
#include "tree/leaf_order.h"

#include "base/sort.h"

int optic_path_compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
  size_t both = a_size < b_size ? a_size : b_size;
  for (size_t i = 0; i < both; i++) {
    if (a[i] != b[i]) {
      return a[i] == '/' ? -1 : b[i] == '/' ? 1 : (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
    }
  }
  return (a_size > b_size) - (a_size < b_size);
}

static int compare(const void *a, const void *b)
{
  const Leaf *x = a, *y = b;
  return optic_path_compare(x->path, x->path_size, y->path, y->path_size);
}

void optic_leaves_sort(Leaves *leaves)
{
  optic_sort(leaves->list.at, leaves->list.size, sizeof *leaves->list.at, compare);
}

const Leaf *optic_leaves_duplicate(const Leaves *leaves)
{
  for (size_t i = 1; i < leaves->list.size; i++) {
    if (compare(&leaves->list.at[i - 1], &leaves->list.at[i]) == 0) {
      return &leaves->list.at[i - 1];
    }
  }
  return NULL;
}

const Leaf *optic_leaves_find(const Leaves *leaves, const char *path, size_t path_size)
{
  size_t low = 0, high = leaves->list.size;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const Leaf *leaf = &leaves->list.at[middle];
    int order = optic_path_compare(path, path_size, leaf->path, leaf->path_size);
    if (order == 0) {
      return leaf;
    }
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return NULL;
}
