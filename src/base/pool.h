/* pool.h: blocks that wait to be used again.
 *
 * Everything a running script makes and drops (arrays, records, lists, graph nodes) comes from here, so that a
 * training loop, which makes and drops the same sizes at each step, asks the allocator for nothing after the first.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_POOL_H
#define OPTIC_BASE_POOL_H

#include "base/core.h"

/* A block of at least `size` bytes, uninitialised, 16-byte aligned; NULL with the fault set. Size 0 counts as 1. */
void *optic_pool_get(Core *core, size_t size);
/* Gives it back; `size` as in the request. NULL is fine. */
void optic_pool_put(Core *core, void *block, size_t size);
/* What a block of `size` bytes really holds: a growable object may use all of it. */
size_t optic_pool_room(size_t size);
/* Returns all waiting blocks to the allocator. */
void optic_pool_trim(Core *core);

#endif
