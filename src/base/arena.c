/* arena.c: memory that is freed all at once. See arena.h.
 * SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

enum { CHUNK_SIZE = 16 * 1024 - 64 };

struct ArenaChunk {
  ArenaChunk *next;
  size_t size; /* of the whole block */
  size_t used; /* of `bytes` */
  alignas(max_align_t) char bytes[];
};

void optic_arena_init(Arena *arena, Alloc *alloc)
{
  *arena = (Arena){.alloc = alloc};
}

void optic_arena_finish(Arena *arena)
{
  while (arena->chunks) {
    ArenaChunk *chunk = arena->chunks;
    arena->chunks = chunk->next;
    optic_free(arena->alloc, chunk, chunk->size);
  }
}

void *optic_arena_alloc(Arena *arena, size_t size)
{
  const size_t align = alignof(max_align_t);
  size_t rounded;
  if (!optic_size_add(size, align - 1, &rounded)) {
    arena->oom = true;
    return NULL;
  }
  rounded = rounded / align * align;
  ArenaChunk *chunk = arena->chunks;
  if (!chunk || chunk->size - sizeof *chunk - chunk->used < rounded) {
    size_t want = rounded > CHUNK_SIZE ? rounded : CHUNK_SIZE;
    if (!optic_size_add(want, sizeof *chunk, &want) || !(chunk = optic_alloc(arena->alloc, want))) {
      arena->oom = true;
      return NULL;
    }
    chunk->size = want;
    chunk->used = 0;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
  }
  void *out = chunk->bytes + chunk->used;
  chunk->used += rounded;
  memset(out, 0, rounded);
  return out;
}

void *optic_arena_array(Arena *arena, size_t count, size_t size)
{
  size_t bytes;
  if (!optic_size_mul(count, size, &bytes)) {
    arena->oom = true;
    return NULL;
  }
  return optic_arena_alloc(arena, bytes);
}

char *optic_arena_copy(Arena *arena, const char *text, size_t size)
{
  size_t bytes;
  if (!optic_size_add(size, 1, &bytes)) {
    arena->oom = true;
    return NULL;
  }
  char *copy = optic_arena_alloc(arena, bytes);
  if (copy && size) {
    memcpy(copy, text, size);
  }
  return copy;
}
