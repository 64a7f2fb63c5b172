/* walk.h: walking trees side by side. For src/vm; builtins use optic_tree_map and optic_tree_each of vm.h.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_WALK_H
#define OPTIC_VM_WALK_H

#include "vm/vm.h"

/* As optic_tree_map, and more. With `spread` a leaf that stands beside a node goes with each leaf below it. `donate`
 * (NULL: none) has a bit for each tree that nobody else will look at; while f runs it holds the bits of those whose
 * leaf has no other owner. Faults get the leaf's path. */
bool optic_walk_map(Vm *vm, const Value *trees, size_t count, MapFn *f, void *user, unsigned *donate, bool spread,
                    Value *out);

#endif
