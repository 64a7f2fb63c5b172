/* name.h: interned names. Two equal names are one address, so names compare as pointers.
 *
 * A name lives as long as its table, that is, as its context.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_NAME_H
#define OPTIC_BASE_NAME_H

#include "base/alloc.h"

typedef struct Name {
  uint32_t size;
  uint32_t hash;
  char text[]; /* UTF-8, NUL after `size` bytes */
} Name;

typedef struct Names {
  Alloc *alloc;
  const Name **slots;
  size_t count, cap;
  uint32_t seed;
} Names;

/* `seed` makes hashes differ between processes, so that no script can be written to collide. */
void optic_names_init(Names *names, Alloc *alloc, uint32_t seed);
void optic_names_finish(Names *names);
/* The one name with this text; NULL only when there is no memory. */
const Name *optic_name(Names *names, const char *text, size_t size);
const Name *optic_name_cstr(Names *names, const char *text);
/* The name if there is one already, else NULL; allocates nothing. */
const Name *optic_name_find(const Names *names, const char *text, size_t size);
/* Order by bytes, as strcmp, which is JAX's order of keys. */
int optic_name_compare(const Name *a, const Name *b);

#endif
