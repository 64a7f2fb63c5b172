/* leaf.h: a tree of arrays seen as a list of named leaves, and patterns over their paths.
 *
 * What files hold and what patterns select. A path joins the keys from the root with '/': "Dense_0/kernel"; a list's
 * items have their index as key. Leaves come in sorted order of keys at each level, lists in order, as in JAX.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TREE_LEAF_H
#define OPTIC_TREE_LEAF_H

#include "base/vec.h"
#include "tree/array.h"

typedef struct Leaf {
  char *path; /* owned; path_size + 1 bytes */
  size_t path_size;
  Array *array; /* owned reference */
} Leaf;

typedef struct Leaves {
  VEC(Leaf) list;
} Leaves;

/* Adds a leaf; takes its own copy of the path and its own reference. False with the fault set. */
bool optic_leaves_add(Core *core, Leaves *leaves, const char *path, size_t path_size, Array *array);
void optic_leaves_finish(Core *core, Leaves *leaves);

/* Does `pattern` take `path`? `*` is any run of characters within one segment, `?` one character, `**` any number of
 * segments (none too); anything else is itself. Time is bounded by the product of the sizes. */
bool optic_path_matches(const char *pattern, size_t pattern_size, const char *path, size_t path_size);

#endif
