/* tile.c: what is the same for every ISA level: which levels there are, the operations' names, their scalar forms.
 * SPDX-License-Identifier: MIT */
#include "tile/tile.h"

#include "tile/blocks.h"
#include "tile/level.h"
#include "tile/math.h"

/* ---- levels ---- */

const TileTable *optic_tile_level(size_t i)
{
  if (i == 0) {
    return &optic_tile_table_base;
  }
#if OPTIC_HAS_ISA_v3
  __builtin_cpu_init();
  bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
            __builtin_cpu_supports("fma");
  if (i == 1 && v3) {
    return &optic_tile_table_v3;
  }
#if OPTIC_HAS_ISA_v4
  bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl");
  if (i == 2 && v4) {
    return &optic_tile_table_v4;
  }
#endif
#endif
  return NULL;
}

const TileTable *optic_tile_choose(const char *forced)
{
  const TileTable *best = NULL;
  for (size_t i = 0;; i++) {
    const TileTable *t = optic_tile_level(i);
    if (!t) {
      return forced ? NULL : best;
    }
    if (forced && strcmp(forced, t->level) == 0) {
      return t;
    }
    best = t;
  }
}

/* ---- operations ---- */

#define KIND(kind) PK_##kind
static const PrimInfo infos[P_COUNT] = {
#define PRIM1(id, doc, fe, ie, kind, ...) {#id, doc, 1, KIND(kind)},
#define PRIM2(id, doc, fe, ie, kind, ...) {#id, doc, 2, KIND(kind)},
#define PRIM3(id, doc, fe, ie, kind, ...) {#id, doc, 3, KIND(kind)},
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
};

const PrimInfo *optic_tile_prim(PrimId id)
{
  return &infos[id];
}

#define R        double
#define FN(name) name
#define M(name)  name##_d
#define K(x)     ((R)(x))
double optic_tile_scalar(PrimId id, const double *in)
{
  switch (id) {
#define PRIM1(id, doc, fe, ie, kind, ...)                                                                              \
  case P_##id: {                                                                                                       \
    const double a = in[0];                                                                                            \
    return (double)(fe);                                                                                               \
  }
#define PRIM2(id, doc, fe, ie, kind, ...)                                                                              \
  case P_##id: {                                                                                                       \
    const double a = in[0], b = in[1];                                                                                 \
    return (double)(fe);                                                                                               \
  }
#define PRIM3(id, doc, fe, ie, kind, ...)                                                                              \
  case P_##id: {                                                                                                       \
    const double a = in[0], b = in[1], c = in[2];                                                                      \
    return (double)(fe);                                                                                               \
  }
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
  case P_COUNT:
    break;
  }
  return (double)NAN;
}

/* ---- scratch ---- */

size_t optic_tile_matmul_scratch(TileType t, size_t m, size_t n, size_t k)
{
  size_t v = m > n ? m : n;
  v = (v < MATMUL_V ? v : MATMUL_V) + MATMUL_WIDEST;
  size_t depth = k < MATMUL_K ? k : MATMUL_K;
  return depth * (v + MATMUL_W + MATMUL_WIDEST) * optic_tile_size(t) + optic_tile_size(t);
}
