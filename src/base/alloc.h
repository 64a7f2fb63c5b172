/* alloc.h: the one door to memory.
 *
 * Every byte that Optic uses comes through an Alloc, so that a host can count it, limit it, and make it fail.
 * Sizes are passed back when a block is freed or resized, so the count is exact.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_ALLOC_H
#define OPTIC_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Resizes `block` from `old_size` to `new_size` bytes; a NULL block with old_size 0 asks for a new one, new_size 0
 * frees and returns NULL. Returns NULL when it cannot, and then the old block is as it was.
 * The address must suit any C type (16 bytes on x86-64). */
typedef void *ResizeFn(void *user, void *block, size_t old_size, size_t new_size);

typedef struct Alloc {
  ResizeFn *resize;
  void *user;
  uint64_t used;  /* bytes handed out now */
  uint64_t peak;  /* the most that `used` has been */
  uint64_t limit; /* `used` never exceeds it */
  uint64_t calls; /* requests for memory so far, for tests that fail the n-th */
} Alloc;

/* `resize` may be NULL: then the C library's allocator serves. `limit` 0 means none. */
void optic_alloc_init(Alloc *a, ResizeFn *resize, void *user, uint64_t limit);

/* NULL when there is no memory or the limit would be passed. Size 0 returns NULL too, without being a failure. */
void *optic_alloc(Alloc *a, size_t size);
void *optic_zalloc(Alloc *a, size_t size); /* the same, filled with zeros */
void *optic_resize(Alloc *a, void *block, size_t old_size, size_t new_size);
void optic_free(Alloc *a, void *block, size_t size); /* NULL is fine */

/* Sizes are computed with these and nowhere else. False, and `*out` untouched, where the result does not fit. */
bool optic_size_add(size_t a, size_t b, size_t *out);
bool optic_size_mul(size_t a, size_t b, size_t *out);

#endif
