/* tile.h: arithmetic on runs of numbers.
 *
 * Nothing here knows arrays: functions take pointers and counts, never allocate, and cannot fail. What must hold is
 * said with each; it is the caller's business. The kernels exist once for each ISA level; a TileTable holds one
 * level's, and all levels give the same bits (NaNs may differ in sign and payload).
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_TILE_H
#define OPTIC_TILE_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How numbers lie in memory: the Dtypes of tree/array.h, in the same order. */
typedef enum Store { ST_BOOL, ST_U8, ST_I32, ST_F16, ST_BF16, ST_F32, ST_F64, ST_COUNT } Store;
/* What kernels compute with: uint8_t of 0 or 1, int32_t that wraps, float, double. u8 is computed as i32, f16 and bf16
 * as f32, with `convert` at both ends; so is the arithmetic of bools, since storing an i32 as bool asks "not 0?". */
typedef enum TileType { T_BOOL, T_I32, T_F32, T_F64, T_COUNT } TileType;

static inline TileType optic_tile_type_of(Store s)
{
  return s == ST_BOOL ? T_BOOL : s <= ST_I32 ? T_I32 : s <= ST_F32 ? T_F32 : T_F64;
}
static inline Store optic_tile_store_of(TileType t)
{
  return t == T_BOOL ? ST_BOOL : t == T_I32 ? ST_I32 : t == T_F32 ? ST_F32 : ST_F64;
}
static inline size_t optic_store_size(Store s)
{
  return s <= ST_U8 ? 1 : s == ST_F16 || s == ST_BF16 ? 2 : s == ST_F64 ? 8 : 4;
}
static inline size_t optic_tile_size(TileType t)
{
  return t == T_BOOL ? 1 : t == T_F64 ? 8 : 4;
}

/* ---- elementwise operations (prim.def) ---- */

typedef enum PrimId {
#define PRIM1(id, ...) P_##id,
#define PRIM2(id, ...) P_##id,
#define PRIM3(id, ...) P_##id,
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
  P_COUNT
} PrimId;

typedef enum PrimKind { PK_SAME, PK_FLOAT, PK_BOOL, PK_SELECT } PrimKind;

typedef struct PrimInfo {
  const char *name; /* in the language */
  const char *doc;
  int arity;
  PrimKind kind;
} PrimInfo;
const PrimInfo *optic_tile_prim(PrimId id);

/* The operation on plain numbers, by the same rows as the f64 kernels and with the same bits; true is 1. */
double optic_tile_scalar(PrimId id, const double *in);

/* out[i] = op(a[i], b[i], c[i]) for i < n. Bit k of `scalars` says that operand k is a single element, for all i.
 * Operands past the arity are ignored. Any alignment that suits the element. `out` may be exactly an operand of the
 * same element size (also a scalar one); it must not overlap one otherwise. */
typedef void TileFn(void *out, const void *a, const void *b, const void *c, unsigned scalars, size_t n);

/* ---- reductions ---- */

/* Over the middle of [outer, n, inner]; `out` has outer * inner elements. Sums and products of f32 are taken in f64 and
 * rounded once. The order of summation depends on n and on whether inner is 1, and on nothing else.
 * MAX, MIN: NaN if any is. ARGMAX, ARGMIN: the first; NaN counts as the greatest (and least). Of nothing (n = 0): 0 for
 * SUM, 1 for PROD, the type's least for MAX, greatest for MIN, 0 for the ARGs. */
typedef enum TileReduce {
  RED_SUM,         /* i32 (wraps), f32, f64 */
  RED_PROD,        /* i32 (wraps), f32, f64 */
  RED_MAX,         /* bool, i32, f32, f64 */
  RED_MIN,         /* bool, i32, f32, f64 */
  RED_ANY,         /* bool -> bool */
  RED_ALL,         /* bool -> bool */
  RED_ARGMAX,      /* bool, i32, f32, f64 -> i32 */
  RED_ARGMIN,      /* bool, i32, f32, f64 -> i32 */
  RED_SUM_SQUARES, /* f32, f64 -> f64, whatever the type: finite for all finite f32 */
  RED_COUNT
} TileReduce;

/* ---- one level's functions ---- */

typedef struct TileTable {
  const char *level; /* "base", "v3", "v4" */

  /* By the type of the operands (of the second one for `where`); NULL where prim.def has none: FLOAT operations of
   * T_I32, and all but BOOL and SELECT ones of T_BOOL. The result has that type, or T_BOOL for BOOL. */
  TileFn *prim[P_COUNT][T_COUNT];

  /* n numbers from one format to another. To narrower floats: nearest even. Floats to integers: cut towards 0, kept
   * within the target's range, NaN is 0. i32 to u8 wraps. To bool: not 0 (NaN is true). From bool: 0 or 1.
   * `out` may be `in` when both formats have one size; no overlap otherwise. */
  void (*convert)(Store to, void *out, Store from, const void *in, size_t n);

  /* See TileReduce. `out` and `in` do not overlap. */
  void (*reduce)(TileReduce op, TileType t, void *out, const void *in, size_t outer, size_t n, size_t inner);

  /* out[i, j, k] = in[i, 0, k] + .. + in[i, j, k], or from the end with `reverse`. i32, f32 (summed in f64), f64.
   * `out` may be `in`. */
  void (*cumsum)(TileType t, void *out, const void *in, size_t outer, size_t n, size_t inner, bool reverse);

  /* out[m, n] = A[m, k] B[k, n], row-major, where A is a, or the transpose of a[k, m] with `ta`, and B the same for
   * b[n, k] with `tb`. i32, f32, f64. Every element is summed over k in order, rounding each product and each sum.
   * `scratch` has optic_tile_matmul_scratch bytes, aligned for double; `out` overlaps nothing. */
  void (*matmul)(TileType t, void *out, const void *a, const void *b, size_t m, size_t n, size_t k, bool ta, bool tb,
                 void *scratch);

  /* out[n, m] = in[m, n], elements of 1, 2, 4 or 8 bytes; no overlap. */
  void (*transpose)(size_t element, void *out, const void *in, size_t m, size_t n);

  /* Elements [first, first + n) of the stream under the key (k0, k1); see rng.h, which is the door to use. */
  void (*random32)(uint32_t k0, uint32_t k1, uint64_t first, size_t n, uint32_t *out);
  void (*random64)(uint32_t k0, uint32_t k1, uint64_t first, size_t n, uint64_t *out);
} TileTable;

/* Enough for every level; never 0. Shapes are those of arrays that exist, so it cannot overflow. */
size_t optic_tile_matmul_scratch(TileType t, size_t m, size_t n, size_t k);

/* The best level of this machine, or the one called `forced` if not NULL; NULL where this machine or build lacks it. */
const TileTable *optic_tile_choose(const char *forced);
/* The i-th level of those that work here, from "base" up; NULL past the last. */
const TileTable *optic_tile_level(size_t i);

#endif
