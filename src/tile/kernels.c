/* kernels.c: the elementwise operations of prim.def as loops, for one ISA level.
 *
 * In: contiguous or single operands. Out: one element for each. Invariant: the loops hold nothing but the row's
 * expression, so every level rounds alike.
 * SPDX-License-Identifier: MIT */
/* clang: a loop that calls the C library stays as it is, without a warning. (It takes the state at the first inclusion
 * of prim.def, hence before all.) */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

#include "tile/level.h"

#include "tile/math.h"

/* `o`, `va` .. are in the scope of the kernel; LA .. say how to get an operand. Elements may be overwritten in place,
 * hence omp simd and not restrict. */
#define SIMD _Pragma("omp simd")

#define LOOP1(TA, TO, EXPR)                                                                                            \
  SIMD for (size_t i = 0; i < n; i++)                                                                                  \
  {                                                                                                                    \
    const TA a = va[i];                                                                                                \
    (void)a;                                                                                                           \
    o[i] = (TO)(EXPR);                                                                                                 \
  }
#define ONE1(TA, TO, EXPR)                                                                                             \
  {                                                                                                                    \
    const TA a = va[0];                                                                                                \
    (void)a;                                                                                                           \
    const TO y = (TO)(EXPR);                                                                                           \
    SIMD for (size_t i = 0; i < n; i++)                                                                                \
    {                                                                                                                  \
      o[i] = y;                                                                                                        \
    }                                                                                                                  \
  }

/* One name for each way of getting an operand: from memory at i, or from the scalar that was read before the loop. */
#define AT_A va[i]
#define AT_B vb[i]
#define AT_C vc[i]
#define LOOP2(TA, TB, TO, EXPR, LA, LB)                                                                                \
  SIMD for (size_t i = 0; i < n; i++)                                                                                  \
  {                                                                                                                    \
    const TA a = LA;                                                                                                   \
    const TB b = LB;                                                                                                   \
    o[i] = (TO)(EXPR);                                                                                                 \
  }
#define LOOP3(TA, TB, TO, EXPR, LA, LB, LC)                                                                            \
  SIMD for (size_t i = 0; i < n; i++)                                                                                  \
  {                                                                                                                    \
    const TA a = LA;                                                                                                   \
    const TB b = LB, c = LC;                                                                                           \
    o[i] = (TO)(EXPR);                                                                                                 \
  }

#define KERNEL1(name, TA, TB, TO, EXPR)                                                                                \
  static void name(void *out, const void *pa, const void *pb, const void *pc, unsigned scalars, size_t n)              \
  {                                                                                                                    \
    TO *o = out;                                                                                                       \
    const TA *va = pa;                                                                                                 \
    (void)pb, (void)pc;                                                                                                \
    if (n > 0 && (scalars & 1)) {                                                                                      \
      ONE1(TA, TO, EXPR)                                                                                               \
    } else {                                                                                                           \
      LOOP1(TA, TO, EXPR)                                                                                              \
    }                                                                                                                  \
  }
#define KERNEL2(name, TA, TB, TO, EXPR)                                                                                \
  static void name(void *out, const void *pa, const void *pb, const void *pc, unsigned scalars, size_t n)              \
  {                                                                                                                    \
    TO *o = out;                                                                                                       \
    const TA *va = pa;                                                                                                 \
    const TB *vb = pb;                                                                                                 \
    (void)pc;                                                                                                          \
    if (n == 0) {                                                                                                      \
      return;                                                                                                          \
    }                                                                                                                  \
    const TA sa = va[0];                                                                                               \
    const TB sb = vb[0];                                                                                               \
    switch (scalars & 3) {                                                                                             \
    case 0:                                                                                                            \
      LOOP2(TA, TB, TO, EXPR, AT_A, AT_B) break;                                                                       \
    case 1:                                                                                                            \
      LOOP2(TA, TB, TO, EXPR, sa, AT_B) break;                                                                         \
    case 2:                                                                                                            \
      LOOP2(TA, TB, TO, EXPR, AT_A, sb) break;                                                                         \
    default:                                                                                                           \
      LOOP2(TA, TB, TO, EXPR, sa, sb) break;                                                                           \
    }                                                                                                                  \
  }
#define KERNEL3(name, TA, TB, TO, EXPR)                                                                                \
  static void name(void *out, const void *pa, const void *pb, const void *pc, unsigned scalars, size_t n)              \
  {                                                                                                                    \
    TO *o = out;                                                                                                       \
    const TA *va = pa;                                                                                                 \
    const TB *vb = pb, *vc = pc;                                                                                       \
    if (n == 0) {                                                                                                      \
      return;                                                                                                          \
    }                                                                                                                  \
    const TA sa = va[0];                                                                                               \
    const TB sb = vb[0], sc = vc[0];                                                                                   \
    switch (scalars & 7) {                                                                                             \
    case 0:                                                                                                            \
      LOOP3(TA, TB, TO, EXPR, AT_A, AT_B, AT_C) break;                                                                 \
    case 1:                                                                                                            \
      LOOP3(TA, TB, TO, EXPR, sa, AT_B, AT_C) break;                                                                   \
    case 2:                                                                                                            \
      LOOP3(TA, TB, TO, EXPR, AT_A, sb, AT_C) break;                                                                   \
    case 3:                                                                                                            \
      LOOP3(TA, TB, TO, EXPR, sa, sb, AT_C) break;                                                                     \
    case 4:                                                                                                            \
      LOOP3(TA, TB, TO, EXPR, AT_A, AT_B, sc) break;                                                                   \
    case 5:                                                                                                            \
      LOOP3(TA, TB, TO, EXPR, sa, AT_B, sc) break;                                                                     \
    case 6:                                                                                                            \
      LOOP3(TA, TB, TO, EXPR, AT_A, sb, sc) break;                                                                     \
    default:                                                                                                           \
      LOOP3(TA, TB, TO, EXPR, sa, sb, sc) break;                                                                       \
    }                                                                                                                  \
  }

/* ---- float and double ---- */

#define FLOAT_SAME(K, name, EXPR)   K(name, R, R, R, EXPR)
#define FLOAT_FLOAT(K, name, EXPR)  K(name, R, R, R, EXPR)
#define FLOAT_BOOL(K, name, EXPR)   K(name, R, R, uint8_t, EXPR)
#define FLOAT_SELECT(K, name, EXPR) K(name, uint8_t, R, R, EXPR)

#define K(x) ((R)(x))

#define R                                 float
#define FN(name)                          name##f
#define M(name)                           name##_f
#define PRIM1(id, doc, fe, ie, kind, ...) FLOAT_##kind(KERNEL1, id##_f32, fe)
#define PRIM2(id, doc, fe, ie, kind, ...) FLOAT_##kind(KERNEL2, id##_f32, fe)
#define PRIM3(id, doc, fe, ie, kind, ...) FLOAT_##kind(KERNEL3, id##_f32, fe)
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
#undef R
#undef FN
#undef M

#define R                                 double
#define FN(name)                          name
#define M(name)                           name##_d
#define PRIM1(id, doc, fe, ie, kind, ...) FLOAT_##kind(KERNEL1, id##_f64, fe)
#define PRIM2(id, doc, fe, ie, kind, ...) FLOAT_##kind(KERNEL2, id##_f64, fe)
#define PRIM3(id, doc, fe, ie, kind, ...) FLOAT_##kind(KERNEL3, id##_f64, fe)
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
#undef R
#undef FN
#undef M
#undef K

/* ---- integers and bools ---- */

#define I(name)               name##_i
#define INT_SAME(K, id, EXPR) K(id##_i32, int32_t, int32_t, int32_t, EXPR)
#define INT_FLOAT(K, id, EXPR)
#define INT_BOOL(K, id, EXPR)                                                                                          \
  K(id##_i32, int32_t, int32_t, uint8_t, EXPR)                                                                         \
  K(id##_bool, uint8_t, uint8_t, uint8_t, EXPR)
#define INT_SELECT(K, id, EXPR)                                                                                        \
  K(id##_i32, uint8_t, int32_t, int32_t, EXPR)                                                                         \
  K(id##_bool, uint8_t, uint8_t, uint8_t, EXPR)
#define PRIM1(id, doc, fe, ie, kind, ...) INT_##kind(KERNEL1, id, ie)
#define PRIM2(id, doc, fe, ie, kind, ...) INT_##kind(KERNEL2, id, ie)
#define PRIM3(id, doc, fe, ie, kind, ...) INT_##kind(KERNEL3, id, ie)
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3

/* ---- the table ---- */

#define ROW_SAME(id)   {NULL, id##_i32, id##_f32, id##_f64},
#define ROW_FLOAT(id)  {NULL, NULL, id##_f32, id##_f64},
#define ROW_BOOL(id)   {id##_bool, id##_i32, id##_f32, id##_f64},
#define ROW_SELECT(id) {id##_bool, id##_i32, id##_f32, id##_f64},

const TileTable LEVEL(table) = {
    .level = OPTIC_LEVEL_STRING(OPTIC_ISA_LEVEL),
    .prim =
        {
#define PRIM1(id, doc, fe, ie, kind, ...) ROW_##kind(id)
#define PRIM2(id, doc, fe, ie, kind, ...) ROW_##kind(id)
#define PRIM3(id, doc, fe, ie, kind, ...) ROW_##kind(id)
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
        },
    .convert = LEVEL(convert),
    .reduce = LEVEL(reduce),
    .cumsum = LEVEL(cumsum),
    .matmul = LEVEL(matmul),
    .transpose = LEVEL(transpose),
    .random32 = LEVEL(random32),
    .random64 = LEVEL(random64),
};
