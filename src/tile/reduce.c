/* reduce.c: reductions and cumulative sums over the middle of [outer, n, inner], for one ISA level.
 *
 * Sums of runs (inner = 1): 16 lanes of f64 over blocks of BLOCK_F32 or BLOCK_F64 elements, the lanes folded in halves,
 * the blocks folded as a binary counter counts: a pairwise tree, whose shape depends on n alone. Sums down columns:
 * f32 in f64, block by block; f64 with Neumaier's correction. See TileReduce.
 * SPDX-License-Identifier: MIT */
#include "tile/level.h"

#include "tile/math.h"
#include "tile/vec.h"

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#endif
#define SIMD _Pragma("omp simd")

enum {
  LANES = 16,
  BLOCK_F32 = 4096, /* rounding errors of f64 are nothing to f32 */
  BLOCK_F64 = 128,  /* eight additions a lane, then the tree */
  COLUMNS = 128,    /* columns that are reduced together, with their partial results on the stack */
};

/* ---- the fold of blocks ---- */

/* Partial results of 1, 2, 4 .. blocks, greatest first; `count` blocks so far. */
typedef struct Tree {
  double at[64];
  unsigned depth;
  uint64_t count;
} Tree;

static inline double join_sum(double a, double b)
{
  return a + b;
}
static inline double join_prod(double a, double b)
{
  return a * b;
}

#define FOLD(JOIN)                                                                                                     \
  static inline double fold_##JOIN(const double *lane)                                                                 \
  {                                                                                                                    \
    double x[LANES];                                                                                                   \
    memcpy(x, lane, sizeof x);                                                                                         \
    for (size_t half = LANES / 2; half > 0; half /= 2) {                                                               \
      for (size_t i = 0; i < half; i++) {                                                                              \
        x[i] = JOIN(x[i], x[i + half]);                                                                                \
      }                                                                                                                \
    }                                                                                                                  \
    return x[0];                                                                                                       \
  }                                                                                                                    \
  static inline void push_##JOIN(Tree *t, double x)                                                                    \
  {                                                                                                                    \
    t->at[t->depth++] = x;                                                                                             \
    for (uint64_t c = t->count++; c & 1; c >>= 1) {                                                                    \
      t->depth--;                                                                                                      \
      t->at[t->depth - 1] = JOIN(t->at[t->depth - 1], t->at[t->depth]);                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  static inline double finish_##JOIN(Tree *t, double empty)                                                            \
  {                                                                                                                    \
    if (t->depth == 0) {                                                                                               \
      return empty;                                                                                                    \
    }                                                                                                                  \
    double x = t->at[--t->depth];                                                                                      \
    while (t->depth > 0) {                                                                                             \
      x = JOIN(t->at[--t->depth], x);                                                                                  \
    }                                                                                                                  \
    return x;                                                                                                          \
  }
FOLD(join_sum)
FOLD(join_prod)

/* A run of n numbers. MAP(v) is what is added of each, EMPTY the neutral element. */
#define RUN(name, R, LOAD, BLOCK, JOIN, EMPTY, MAP, OP)                                                                \
  static double name(const R *x, size_t n)                                                                             \
  {                                                                                                                    \
    Tree tree = {.depth = 0};                                                                                          \
    for (size_t first = 0; first < n; first += BLOCK) {                                                                \
      size_t end = n - first < BLOCK ? n : first + BLOCK;                                                              \
      Lanes s[LANES / LANES_EACH];                                                                                     \
      for (size_t j = 0; j < LANES; j++) {                                                                             \
        s[j / LANES_EACH][j % LANES_EACH] = EMPTY;                                                                     \
      }                                                                                                                \
      size_t i = first;                                                                                                \
      for (; i + LANES <= end; i += LANES) {                                                                           \
        for (size_t r = 0; r < LANES / LANES_EACH; r++) {                                                              \
          Lanes v;                                                                                                     \
          LOAD(&v, x + i + r * LANES_EACH);                                                                            \
          s[r] = s[r] OP MAP(v);                                                                                       \
        }                                                                                                              \
      }                                                                                                                \
      double lane[LANES];                                                                                              \
      memcpy(lane, s, sizeof lane);                                                                                    \
      for (size_t j = 0; i < end; i++, j++) {                                                                          \
        double one = (double)x[i];                                                                                     \
        lane[j] = lane[j] OP MAP(one);                                                                                 \
      }                                                                                                                \
      push_##JOIN(&tree, fold_##JOIN(lane));                                                                           \
    }                                                                                                                  \
    return finish_##JOIN(&tree, EMPTY);                                                                                \
  }
#define SELF(v)   (v)
#define SQUARE(v) ((v) * (v))
RUN(run_sum_f32, float, lanes_load_f32, BLOCK_F32, join_sum, 0.0, SELF, +)
RUN(run_sum_f64, double, lanes_load_f64, BLOCK_F64, join_sum, 0.0, SELF, +)
RUN(run_squares_f32, float, lanes_load_f32, BLOCK_F32, join_sum, 0.0, SQUARE, +)
RUN(run_squares_f64, double, lanes_load_f64, BLOCK_F64, join_sum, 0.0, SQUARE, +)
RUN(run_prod_f32, float, lanes_load_f32, BLOCK_F32, join_prod, 1.0, SELF, *)
RUN(run_prod_f64, double, lanes_load_f64, BLOCK_F64, join_prod, 1.0, SELF, *)

/* ---- down columns: `x` points at the first of `cols` columns, rows are `stride` apart ---- */

#define COLUMNS_F32(name, EMPTY, MAP, OP)                                                                              \
  static void name(double *total, const float *x, size_t n, size_t stride, size_t cols)                                \
  {                                                                                                                    \
    double part[COLUMNS];                                                                                              \
    for (size_t j = 0; j < cols; j++) {                                                                                \
      total[j] = EMPTY;                                                                                                \
    }                                                                                                                  \
    for (size_t first = 0; first < n; first += BLOCK_F32) {                                                            \
      size_t end = n - first < BLOCK_F32 ? n : first + BLOCK_F32;                                                      \
      for (size_t j = 0; j < cols; j++) {                                                                              \
        part[j] = EMPTY;                                                                                               \
      }                                                                                                                \
      for (size_t i = first; i < end; i++) {                                                                           \
        const float *row = x + i * stride;                                                                             \
        SIMD for (size_t j = 0; j < cols; j++)                                                                         \
        {                                                                                                              \
          double one = (double)row[j];                                                                                 \
          part[j] = part[j] OP MAP(one);                                                                               \
        }                                                                                                              \
      }                                                                                                                \
      for (size_t j = 0; j < cols; j++) {                                                                              \
        total[j] = total[j] OP part[j];                                                                                \
      }                                                                                                                \
    }                                                                                                                  \
  }
COLUMNS_F32(columns_sum_f32, 0.0, SELF, +)
COLUMNS_F32(columns_squares_f32, 0.0, SQUARE, +)
COLUMNS_F32(columns_prod_f32, 1.0, SELF, *)

#define COLUMNS_F64(name, MAP)                                                                                         \
  static void name(double *total, const double *x, size_t n, size_t stride, size_t cols)                               \
  {                                                                                                                    \
    double lost[COLUMNS];                                                                                              \
    for (size_t j = 0; j < cols; j++) {                                                                                \
      total[j] = lost[j] = 0.0;                                                                                        \
    }                                                                                                                  \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      const double *row = x + i * stride;                                                                              \
      SIMD for (size_t j = 0; j < cols; j++)                                                                           \
      {                                                                                                                \
        double one = MAP(row[j]);                                                                                      \
        double old = total[j];                                                                                         \
        double sum = old + one;                                                                                        \
        double in_old = (old - sum) + one, in_one = (one - sum) + old;                                                 \
        lost[j] += fabs(old) >= fabs(one) ? in_old : in_one;                                                           \
        total[j] = sum;                                                                                                \
      }                                                                                                                \
    }                                                                                                                  \
    for (size_t j = 0; j < cols; j++) {                                                                                \
      total[j] = lost[j] - lost[j] == 0.0 ? total[j] + lost[j] : total[j]; /* infinities */                            \
    }                                                                                                                  \
  }
COLUMNS_F64(columns_sum_f64, SELF)
COLUMNS_F64(columns_squares_f64, SQUARE)

static void columns_prod_f64(double *total, const double *x, size_t n, size_t stride, size_t cols)
{
  for (size_t j = 0; j < cols; j++) {
    total[j] = 1.0;
  }
  for (size_t i = 0; i < n; i++) {
    SIMD for (size_t j = 0; j < cols; j++)
    {
      total[j] *= x[i * stride + j];
    }
  }
}

/* Runs or columns, as `inner` asks; results of type TO. */
#define OVER(name, R, TO, RUN_ONE, RUN_COLUMNS)                                                                        \
  static void name(TO *out, const R *in, size_t outer, size_t n, size_t inner)                                         \
  {                                                                                                                    \
    for (size_t o = 0; o < outer; o++) {                                                                               \
      const R *x = in + o * n * inner;                                                                                 \
      TO *y = out + o * inner;                                                                                         \
      if (inner == 1) {                                                                                                \
        y[0] = (TO)RUN_ONE(x, n);                                                                                      \
        continue;                                                                                                      \
      }                                                                                                                \
      for (size_t c = 0; c < inner; c += COLUMNS) {                                                                    \
        size_t cols = inner - c < COLUMNS ? inner - c : COLUMNS;                                                       \
        double total[COLUMNS];                                                                                         \
        RUN_COLUMNS(total, x + c, n, inner, cols);                                                                     \
        for (size_t j = 0; j < cols; j++) {                                                                            \
          y[c + j] = (TO)total[j];                                                                                     \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
OVER(sum_f32, float, float, run_sum_f32, columns_sum_f32)
OVER(sum_f64, double, double, run_sum_f64, columns_sum_f64)
OVER(prod_f32, float, float, run_prod_f32, columns_prod_f32)
OVER(prod_f64, double, double, run_prod_f64, columns_prod_f64)
OVER(squares_f32, float, double, run_squares_f32, columns_squares_f32)
OVER(squares_f64, double, double, run_squares_f64, columns_squares_f64)

/* ---- what may be joined in any order: wrapping integers, greatest, least ---- */

/* PICK(best, x): which of the two. */
#define ANY_ORDER(name, R, EMPTY, PICK)                                                                                \
  static void name(R *out, const R *in, size_t outer, size_t n, size_t inner)                                          \
  {                                                                                                                    \
    for (size_t o = 0; o < outer; o++) {                                                                               \
      const R *x = in + o * n * inner;                                                                                 \
      R *y = out + o * inner;                                                                                          \
      if (inner == 1 && n < 2 * LANES) {                                                                               \
        R best = EMPTY;                                                                                                \
        for (size_t i = 0; i < n; i++) {                                                                               \
          best = PICK(best, x[i]);                                                                                     \
        }                                                                                                              \
        y[0] = best;                                                                                                   \
        continue;                                                                                                      \
      }                                                                                                                \
      if (inner == 1) {                                                                                                \
        R lane[2 * LANES];                                                                                             \
        for (size_t j = 0; j < 2 * LANES; j++) {                                                                       \
          lane[j] = EMPTY;                                                                                             \
        }                                                                                                              \
        size_t i = 0;                                                                                                  \
        for (; i + 2 * LANES <= n; i += 2 * LANES) {                                                                   \
          SIMD for (size_t j = 0; j < 2 * LANES; j++)                                                                  \
          {                                                                                                            \
            lane[j] = PICK(lane[j], x[i + j]);                                                                         \
          }                                                                                                            \
        }                                                                                                              \
        for (size_t j = 0; i < n; i++, j++) {                                                                          \
          lane[j] = PICK(lane[j], x[i]);                                                                               \
        }                                                                                                              \
        for (size_t j = 1; j < 2 * LANES; j++) {                                                                       \
          lane[0] = PICK(lane[0], lane[j]);                                                                            \
        }                                                                                                              \
        y[0] = lane[0];                                                                                                \
        continue;                                                                                                      \
      }                                                                                                                \
      for (size_t j = 0; j < inner; j++) {                                                                             \
        y[j] = EMPTY;                                                                                                  \
      }                                                                                                                \
      for (size_t i = 0; i < n; i++) {                                                                                 \
        const R *row = x + i * inner;                                                                                  \
        SIMD for (size_t j = 0; j < inner; j++)                                                                        \
        {                                                                                                              \
          y[j] = PICK(y[j], row[j]);                                                                                   \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
#define GREATER(p, q)   ((q) > (p) || (q) != (q) ? (q) : (p))
#define LESSER(p, q)    ((q) < (p) || (q) != (q) ? (q) : (p))
#define GREATER_I(p, q) ((q) > (p) ? (q) : (p))
#define LESSER_I(p, q)  ((q) < (p) ? (q) : (p))
#define EITHER(p, q)    ((uint8_t)((p) | ((q) != 0)))
#define BOTH(p, q)      ((uint8_t)((p) & ((q) != 0)))
ANY_ORDER(sum_i32, int32_t, 0, add_i)
ANY_ORDER(prod_i32, int32_t, 1, mul_i)
ANY_ORDER(max_f32, float, -HUGE_VALF, GREATER)
ANY_ORDER(max_f64, double, -HUGE_VAL, GREATER)
ANY_ORDER(max_i32, int32_t, INT32_MIN, GREATER_I)
ANY_ORDER(min_f32, float, HUGE_VALF, LESSER)
ANY_ORDER(min_f64, double, HUGE_VAL, LESSER)
ANY_ORDER(min_i32, int32_t, INT32_MAX, LESSER_I)
ANY_ORDER(any_bool, uint8_t, 0, EITHER)
ANY_ORDER(all_bool, uint8_t, 1, BOTH)

/* ---- where the greatest or least is ---- */

/* BEATS(x, best): strictly, with NaN before everything. */
#define ARG(name, R, BEATS)                                                                                            \
  static void name(int32_t *out, const R *in, size_t outer, size_t n, size_t inner)                                    \
  {                                                                                                                    \
    for (size_t o = 0; o < outer; o++) {                                                                               \
      const R *x = in + o * n * inner;                                                                                 \
      int32_t *y = out + o * inner;                                                                                    \
      for (size_t c = 0; c < inner; c += COLUMNS) {                                                                    \
        size_t cols = inner - c < COLUMNS ? inner - c : COLUMNS;                                                       \
        R best[COLUMNS];                                                                                               \
        for (size_t j = 0; j < cols; j++) {                                                                            \
          y[c + j] = 0;                                                                                                \
          best[j] = n > 0 ? x[c + j] : (R)0;                                                                           \
        }                                                                                                              \
        for (size_t i = 1; i < n; i++) {                                                                               \
          const R *row = x + i * inner + c;                                                                            \
          for (size_t j = 0; j < cols; j++) {                                                                          \
            if (BEATS(row[j], best[j])) {                                                                              \
              best[j] = row[j];                                                                                        \
              y[c + j] = (int32_t)i;                                                                                   \
            }                                                                                                          \
          }                                                                                                            \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
#define ABOVE(x, best)   ((x) > (best) || ((x) != (x) && (best) == (best)))
#define BELOW(x, best)   ((x) < (best) || ((x) != (x) && (best) == (best)))
#define ABOVE_I(x, best) ((x) > (best))
#define BELOW_I(x, best) ((x) < (best))
ARG(argmax_f32, float, ABOVE)
ARG(argmax_f64, double, ABOVE)
ARG(argmax_i32, int32_t, ABOVE_I)
ARG(argmax_bool, uint8_t, ABOVE_I)
ARG(argmin_f32, float, BELOW)
ARG(argmin_f64, double, BELOW)
ARG(argmin_i32, int32_t, BELOW_I)
ARG(argmin_bool, uint8_t, BELOW_I)

/* One call for each type that the operation has; TileReduce says which those are. */
void LEVEL(reduce)(TileReduce op, TileType t, void *out, const void *in, size_t outer, size_t n, size_t inner)
{
#define CASE(RED, TYPE, FUNCTION)                                                                                      \
  case RED *T_COUNT + TYPE:                                                                                            \
    FUNCTION(out, in, outer, n, inner);                                                                                \
    break;
  switch ((unsigned)op * T_COUNT + (unsigned)t) {
    CASE(RED_SUM, T_I32, sum_i32)
    CASE(RED_SUM, T_F32, sum_f32)
    CASE(RED_SUM, T_F64, sum_f64)
    CASE(RED_PROD, T_I32, prod_i32)
    CASE(RED_PROD, T_F32, prod_f32)
    CASE(RED_PROD, T_F64, prod_f64)
    CASE(RED_MAX, T_BOOL, any_bool)
    CASE(RED_MAX, T_I32, max_i32)
    CASE(RED_MAX, T_F32, max_f32)
    CASE(RED_MAX, T_F64, max_f64)
    CASE(RED_MIN, T_BOOL, all_bool)
    CASE(RED_MIN, T_I32, min_i32)
    CASE(RED_MIN, T_F32, min_f32)
    CASE(RED_MIN, T_F64, min_f64)
    CASE(RED_ANY, T_BOOL, any_bool)
    CASE(RED_ALL, T_BOOL, all_bool)
    CASE(RED_ARGMAX, T_BOOL, argmax_bool)
    CASE(RED_ARGMAX, T_I32, argmax_i32)
    CASE(RED_ARGMAX, T_F32, argmax_f32)
    CASE(RED_ARGMAX, T_F64, argmax_f64)
    CASE(RED_ARGMIN, T_BOOL, argmin_bool)
    CASE(RED_ARGMIN, T_I32, argmin_i32)
    CASE(RED_ARGMIN, T_F32, argmin_f32)
    CASE(RED_ARGMIN, T_F64, argmin_f64)
    CASE(RED_SUM_SQUARES, T_F32, squares_f32)
    CASE(RED_SUM_SQUARES, T_F64, squares_f64)
  default:
    break;
  }
#undef CASE
}

/* ---- cumulative sums ---- */

#define CUMSUM(name, R, SUM, ADD)                                                                                      \
  static void name(R *out, const R *in, size_t outer, size_t n, size_t inner, bool reverse)                            \
  {                                                                                                                    \
    for (size_t o = 0; o < outer; o++) {                                                                               \
      for (size_t c = 0; c < inner; c += COLUMNS) {                                                                    \
        size_t cols = inner - c < COLUMNS ? inner - c : COLUMNS;                                                       \
        SUM sum[COLUMNS] = {0};                                                                                        \
        for (size_t i = 0; i < n; i++) {                                                                               \
          size_t at = (o * n + (reverse ? n - 1 - i : i)) * inner + c;                                                 \
          SIMD for (size_t j = 0; j < cols; j++)                                                                       \
          {                                                                                                            \
            sum[j] = ADD(sum[j], (SUM)in[at + j]);                                                                     \
            out[at + j] = (R)sum[j];                                                                                   \
          }                                                                                                            \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
CUMSUM(cumsum_i32, int32_t, int32_t, add_i)
CUMSUM(cumsum_f32, float, double, join_sum)
CUMSUM(cumsum_f64, double, double, join_sum)

void LEVEL(cumsum)(TileType t, void *out, const void *in, size_t outer, size_t n, size_t inner, bool reverse)
{
  switch (t) {
  case T_I32:
    cumsum_i32(out, in, outer, n, inner, reverse);
    break;
  case T_F32:
    cumsum_f32(out, in, outer, n, inner, reverse);
    break;
  case T_F64:
    cumsum_f64(out, in, outer, n, inner, reverse);
    break;
  case T_BOOL:
  case T_COUNT:
    break;
  }
}

/* ---- transposition, in squares that stay in the cache ---- */

/* Numbers of any type, by their size. */
typedef uint8_t Bits8 __attribute__((may_alias));
typedef uint16_t Bits16 __attribute__((may_alias));
typedef uint32_t Bits32 __attribute__((may_alias));
typedef uint64_t Bits64 __attribute__((may_alias));

#define TRANSPOSE(U)                                                                                                   \
  static void transpose_##U(U *out, const U *in, size_t m, size_t n)                                                   \
  {                                                                                                                    \
    enum { SIDE = 16 };                                                                                                \
    for (size_t i0 = 0; i0 < m; i0 += SIDE) {                                                                          \
      size_t i1 = m - i0 < SIDE ? m : i0 + SIDE;                                                                       \
      for (size_t j0 = 0; j0 < n; j0 += SIDE) {                                                                        \
        size_t j1 = n - j0 < SIDE ? n : j0 + SIDE;                                                                     \
        for (size_t j = j0; j < j1; j++) {                                                                             \
          for (size_t i = i0; i < i1; i++) {                                                                           \
            out[j * m + i] = in[i * n + j];                                                                            \
          }                                                                                                            \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
TRANSPOSE(Bits8)
TRANSPOSE(Bits16)
TRANSPOSE(Bits32)
TRANSPOSE(Bits64)

void LEVEL(transpose)(size_t element, void *out, const void *in, size_t m, size_t n)
{
  switch (element) {
  case 1:
    transpose_Bits8(out, in, m, n);
    break;
  case 2:
    transpose_Bits16(out, in, m, n);
    break;
  case 4:
    transpose_Bits32(out, in, m, n);
    break;
  case 8:
    transpose_Bits64(out, in, m, n);
    break;
  default:
    break;
  }
}
