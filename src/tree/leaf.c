/* leaf.c: lists of named arrays. See leaf.h.
 * SPDX-License-Identifier: MIT */
#include "tree/leaf.h"

#include <string.h>

bool optic_leaves_add(Core *core, Leaves *leaves, const char *path, size_t path_size, Array *array)
{
  if (leaves->list.size >= core->limits.leaves) {
    return optic_fail(&core->fault, D_too_large, "a tree of more than %llu leaves",
                      (unsigned long long)core->limits.leaves);
  }
  size_t bytes;
  if (!optic_size_add(path_size, 1, &bytes)) {
    return optic_fail_oom(&core->fault);
  }
  char *copy = optic_core_alloc(core, bytes);
  if (!copy) {
    return false;
  }
  Leaf *leaf = VEC_PUSH(&core->alloc, &leaves->list);
  if (!leaf) {
    optic_free(&core->alloc, copy, bytes);
    return optic_fail_oom(&core->fault);
  }
  if (path_size) {
    memcpy(copy, path, path_size);
  }
  copy[path_size] = 0;
  *leaf = (Leaf){.path = copy, .path_size = path_size, .array = optic_array_keep(array)};
  return true;
}

void optic_leaves_finish(Core *core, Leaves *leaves)
{
  for (size_t i = 0; i < leaves->list.size; i++) {
    Leaf *leaf = &leaves->list.at[i];
    optic_free(&core->alloc, leaf->path, leaf->path_size + 1);
    optic_array_drop(core, leaf->array);
  }
  VEC_FINISH(&core->alloc, &leaves->list);
}
