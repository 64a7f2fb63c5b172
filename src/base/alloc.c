/* alloc.c: the one door to memory. See alloc.h.
 * SPDX-License-Identifier: MIT */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static void *libc_resize(void *user, void *block, size_t old_size, size_t new_size)
{
  (void)user;
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  return realloc(block, new_size);
}

void optic_alloc_init(Alloc *a, ResizeFn *resize, void *user, uint64_t limit)
{
  *a = (Alloc){.resize = resize ? resize : libc_resize, .user = user, .limit = limit ? limit : UINT64_MAX};
}

void *optic_resize(Alloc *a, void *block, size_t old_size, size_t new_size)
{
  if (new_size == 0) {
    optic_free(a, block, old_size);
    return NULL;
  }
  if (new_size > old_size && new_size - old_size > a->limit - a->used) {
    a->calls++;
    return NULL;
  }
  a->calls++;
  void *fresh = a->resize(a->user, block, old_size, new_size);
  if (!fresh) {
    return NULL;
  }
  a->used = a->used - old_size + new_size;
  if (a->used > a->peak) {
    a->peak = a->used;
  }
  return fresh;
}

void *optic_alloc(Alloc *a, size_t size)
{
  return size ? optic_resize(a, NULL, 0, size) : NULL;
}

void *optic_zalloc(Alloc *a, size_t size)
{
  void *block = optic_alloc(a, size);
  if (block) {
    memset(block, 0, size);
  }
  return block;
}

void optic_free(Alloc *a, void *block, size_t size)
{
  if (block) {
    a->resize(a->user, block, size, 0);
    a->used -= size;
  }
}

bool optic_size_add(size_t a, size_t b, size_t *out)
{
  size_t sum;
  if (__builtin_add_overflow(a, b, &sum)) {
    return false;
  }
  *out = sum;
  return true;
}

bool optic_size_mul(size_t a, size_t b, size_t *out)
{
  size_t product;
  if (__builtin_mul_overflow(a, b, &product)) {
    return false;
  }
  *out = product;
  return true;
}
