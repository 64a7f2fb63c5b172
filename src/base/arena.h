/* arena.h: memory that is freed all at once.
 *
 * For what one compilation builds. A failed request sets `oom` and stays set, so that a builder may go on and its
 * caller looks once at the end.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_ARENA_H
#define OPTIC_BASE_ARENA_H

#include "base/alloc.h"

typedef struct ArenaChunk ArenaChunk;

typedef struct Arena {
  Alloc *alloc;
  ArenaChunk *chunks;
  bool oom;
} Arena;

void optic_arena_init(Arena *arena, Alloc *alloc);
void optic_arena_finish(Arena *arena);

/* Zeroed, aligned for any type, valid until finish. NULL sets `oom`; size 0 gives a valid address. */
void *optic_arena_alloc(Arena *arena, size_t size);
/* `count` elements of `size` bytes, overflow checked. */
void *optic_arena_array(Arena *arena, size_t count, size_t size);
/* A copy of `size` bytes with a NUL after them. */
char *optic_arena_copy(Arena *arena, const char *text, size_t size);

#endif
