/* leaf_order.h: the order of leaves by path, which makes files the same whatever the order of making.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TREE_LEAF_ORDER_H
#define OPTIC_TREE_LEAF_ORDER_H

#include "tree/leaf.h"

/* By bytes, but '/' before all others, so that the leaves under one key stand together: negative, 0 or positive. */
int optic_path_compare(const char *a, size_t a_size, const char *b, size_t b_size);

/* Sorts the leaves in place. */
void optic_leaves_sort(Leaves *leaves);

/* In sorted leaves: the first of two neighbours with the same path, or NULL. */
const Leaf *optic_leaves_duplicate(const Leaves *leaves);
/* In sorted leaves: the one with this path, or NULL. */
const Leaf *optic_leaves_find(const Leaves *leaves, const char *path, size_t path_size);

#endif
