/* level.h: what the files that are compiled once for each ISA level have in common.
 *
 * The build defines OPTIC_ISA_LEVEL as one of base, v3, v4. Everything that is not static in those files is named
 * through LEVEL, so that the copies live side by side.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_LEVEL_H
#define OPTIC_TILE_LEVEL_H

#include "tile/tile.h"

#define OPTIC_LEVEL_JOIN(name, level) optic_tile_##name##_##level
#define OPTIC_LEVEL_NAME(name, level) OPTIC_LEVEL_JOIN(name, level)
#define OPTIC_LEVEL_TEXT(level)       #level
#define OPTIC_LEVEL_STRING(level)     OPTIC_LEVEL_TEXT(level)

/* The functions of one level; see TileTable. */
#define OPTIC_LEVEL_DECLARE(level)                                                                                     \
  extern const TileTable OPTIC_LEVEL_JOIN(table, level);                                                               \
  void OPTIC_LEVEL_JOIN(convert, level)(Store to, void *out, Store from, const void *in, size_t n);                    \
  void OPTIC_LEVEL_JOIN(reduce, level)(TileReduce op, TileType t, void *out, const void *in, size_t outer, size_t n,   \
                                       size_t inner);                                                                  \
  void OPTIC_LEVEL_JOIN(cumsum, level)(TileType t, void *out, const void *in, size_t outer, size_t n, size_t inner,    \
                                       bool reverse);                                                                  \
  void OPTIC_LEVEL_JOIN(matmul, level)(TileType t, void *out, const void *a, const void *b, size_t m, size_t n,        \
                                       size_t k, bool ta, bool tb, void *scratch);                                     \
  void OPTIC_LEVEL_JOIN(random32, level)(uint32_t k0, uint32_t k1, uint64_t first, size_t n, uint32_t * out);          \
  void OPTIC_LEVEL_JOIN(random64, level)(uint32_t k0, uint32_t k1, uint64_t first, size_t n, uint64_t * out);          \
  void OPTIC_LEVEL_JOIN(transpose, level)(size_t element, void *out, const void *in, size_t m, size_t n);

OPTIC_LEVEL_DECLARE(base)
OPTIC_LEVEL_DECLARE(v3)
OPTIC_LEVEL_DECLARE(v4)

#ifdef OPTIC_ISA_LEVEL
#define LEVEL(name) OPTIC_LEVEL_NAME(name, OPTIC_ISA_LEVEL)
#endif

#endif
