/* stdlib.h: the text of stdlib/ (all .opt files), embedded in the library by tools/embed.py.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_STDLIB_H
#define OPTIC_VM_STDLIB_H

#include <stddef.h>

typedef struct StdlibFile {
  const char *name; /* "stdlib/losses.opt", for messages */
  const char *text; /* `size` bytes and a NUL */
  size_t size;
} StdlibFile;

/* Sorted by name; after the last of `optic_stdlib_count` files stands one whose name is NULL. */
extern const StdlibFile optic_stdlib_files[];
extern const size_t optic_stdlib_count;

#endif
