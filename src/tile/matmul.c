/* matmul.c: the matrix product, for one ISA level.
 *
 * One of the operands is read number by number (x), the other in vectors (y); usually that is A and B, but where the
 * result has few columns their parts are exchanged. y is packed into panels of the width of one tile, x too unless its
 * numbers already follow each other along k; a tile of the result stays in registers while k runs over a block.
 * Invariant: every element of the result is ((0 + x0*y0) + x1*y1) + .., each step rounded, whatever the blocks, the
 * parts and the level are.
 * SPDX-License-Identifier: MIT */
#include "tile/level.h"

#include "tile/blocks.h"
#include "tile/math.h"

#if defined(__AVX512F__)
enum { VECTOR = 64 };
#elif defined(__AVX__)
enum { VECTOR = 32 };
#else
enum { VECTOR = 16 };
#endif

/* The operands of one product in their parts: element (w, p) of x at x[w * xw + p * xp], element (p, v) of y at
 * y[p * yp + v * yv], element (w, v) of the result at w * ow + v * ov. */
typedef struct Parts {
  const void *x, *y;
  size_t w, v, k;
  size_t xw, xp, yp, yv, ow, ov;
} Parts;

static Parts parts_of(const void *a, const void *b, size_t m, size_t n, size_t k, bool ta, bool tb)
{
  size_t am = ta ? 1 : k, ak = ta ? m : 1, bk = tb ? 1 : n, bn = tb ? k : 1;
  if (n < 8 && m > n) { /* few columns: vectors along the rows instead */
    return (Parts){b, a, n, m, k, bn, bk, ak, am, 1, n};
  }
  return (Parts){a, b, m, n, k, am, ak, bk, bn, n, 1};
}

#define R       float
#define M(name) name##_f32
#if defined(__AVX512F__)
#define VECTORS_X 8
#else
#define VECTORS_X 4
#endif
#include "tile/matmul_typed.h"
#undef R
#undef M

#define R       double
#define M(name) name##_f64
#include "tile/matmul_typed.h"
#undef R
#undef M

static void product_i32(int32_t *out, const int32_t *a, const int32_t *b, size_t m, size_t n, size_t k, bool ta,
                        bool tb)
{
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      uint32_t sum = 0;
      for (size_t p = 0; p < k; p++) {
        sum += (uint32_t)a[ta ? p * m + i : i * k + p] * (uint32_t)b[tb ? j * k + p : p * n + j];
      }
      out[i * n + j] = wrap_i(sum);
    }
  }
}

void LEVEL(matmul)(TileType t, void *out, const void *a, const void *b, size_t m, size_t n, size_t k, bool ta, bool tb,
                   void *scratch)
{
  Parts parts = parts_of(a, b, m, n, k, ta, tb);
  switch (t) {
  case T_I32:
    product_i32(out, a, b, m, n, k, ta, tb);
    break;
  case T_F32:
    product_f32(out, &parts, scratch);
    break;
  case T_F64:
    product_f64(out, &parts, scratch);
    break;
  case T_BOOL:
  case T_COUNT:
    break;
  }
}
