/* matmul_typed.h: the product for one number type; matmul.c includes it once for each. Defined there: R, the type;
 * M(name), its name for that type; VECTORS_X, rows of a tile.
 * SPDX-License-Identifier: MIT */

#define Vector M(Vector)
typedef R Vector __attribute__((vector_size(VECTOR)));
enum { M(WIDTH) = (int)(VECTOR / sizeof(R)), M(TILE_V) = 2 * VECTOR / (int)sizeof(R), M(TILE_X) = VECTORS_X };

/* A tile of `rows` x TILE_V (or, with `narrow`, half of that): adds the products over `depth` steps of k to c, or
 * starts with 0. y is packed: step p at y + p * TILE_V. `rows` and `narrow` are constants where this is inlined, so
 * that the sums live in registers. */
static inline __attribute__((always_inline)) void M(tile_of)(int rows, bool narrow, size_t depth, const R *x, size_t xw,
                                                             size_t xp, const R *y, R *c, size_t stride, bool start)
{
  Vector sum[VECTORS_X][2];
  for (int r = 0; r < rows; r++) {
    if (start) {
      sum[r][0] = sum[r][1] = (Vector){0};
    } else {
      memcpy(&sum[r][0], c + (size_t)r * stride, sizeof(Vector));
      if (!narrow) {
        memcpy(&sum[r][1], c + (size_t)r * stride + M(WIDTH), sizeof(Vector));
      }
    }
  }
  for (size_t p = 0; p < depth; p++) {
    Vector left, right;
    memcpy(&left, y, sizeof left);
    memcpy(&right, y + M(WIDTH), sizeof right);
    for (int r = 0; r < rows; r++) {
      R one = x[(size_t)r * xw];
      sum[r][0] = sum[r][0] + left * one;
      if (!narrow) {
        sum[r][1] = sum[r][1] + right * one;
      }
    }
    x += xp;
    y += M(TILE_V);
  }
  for (int r = 0; r < rows; r++) {
    memcpy(c + (size_t)r * stride, &sum[r][0], sizeof(Vector));
    if (!narrow) {
      memcpy(c + (size_t)r * stride + M(WIDTH), &sum[r][1], sizeof(Vector));
    }
  }
}

static void M(tile)(int rows, bool narrow, size_t depth, const R *x, size_t xw, size_t xp, const R *y, R *c,
                    size_t stride, bool start)
{
  switch (narrow ? -rows : rows) {
#define TILE(n)                                                                                                        \
  case n:                                                                                                              \
    M(tile_of)(n, false, depth, x, xw, xp, y, c, stride, start);                                                       \
    break;                                                                                                             \
  case -n:                                                                                                             \
    M(tile_of)(n, true, depth, x, xw, xp, y, c, stride, start);                                                        \
    break;
    TILE(1)
    TILE(2)
    TILE(3)
    TILE(4)
#if VECTORS_X == 8
    TILE(5)
    TILE(6)
    TILE(7)
    TILE(8)
#endif
#undef TILE
  default:
    break;
  }
}

/* Packs rows [p0, p0 + depth) of y, columns [v0, v0 + wide), into panels of TILE_V columns; what is missing is 0. */
static void M(pack_y)(R *to, const Parts *q, size_t p0, size_t depth, size_t v0, size_t wide)
{
  const R *y = q->y;
  for (size_t v = 0; v < wide; v += M(TILE_V)) {
    size_t cols = wide - v < M(TILE_V) ? wide - v : M(TILE_V);
    const R *from = y + p0 * q->yp + (v0 + v) * q->yv;
    if (q->yv == 1) {
      for (size_t p = 0; p < depth; p++) {
        const R *row = from + p * q->yp;
        R *at = to + p * M(TILE_V);
        if (cols == M(TILE_V)) {
          memcpy(at, row, M(TILE_V) * sizeof(R));
        } else {
          for (size_t j = 0; j < M(TILE_V); j++) {
            at[j] = j < cols ? row[j] : (R)0;
          }
        }
      }
    } else { /* a transposition, in short steps of p so that the cache lines written are used again */
      for (size_t p1 = 0; p1 < depth; p1 += 16) {
        size_t p2 = depth - p1 < 16 ? depth : p1 + 16;
        for (size_t j = 0; j < M(TILE_V); j++) {
          const R *column = from + j * q->yv;
          for (size_t p = p1; p < p2; p++) {
            to[p * M(TILE_V) + j] = j < cols ? column[p * q->yp] : (R)0;
          }
        }
      }
    }
    to += depth * M(TILE_V);
  }
}

/* Packs columns [p0, p0 + depth) of x, rows [w0, w0 + high), into groups of TILE_X rows, column by column. */
static void M(pack_x)(R *to, const Parts *q, size_t p0, size_t depth, size_t w0, size_t high)
{
  const R *x = q->x;
  for (size_t w = 0; w < high; w += M(TILE_X)) {
    size_t rows = high - w < M(TILE_X) ? high - w : M(TILE_X);
    const R *from = x + (w0 + w) * q->xw + p0 * q->xp;
    for (size_t p = 0; p < depth; p++) {
      if (rows == M(TILE_X)) {
        for (size_t r = 0; r < M(TILE_X); r++) {
          to[p * M(TILE_X) + r] = from[r * q->xw + p * q->xp];
        }
      } else {
        for (size_t r = 0; r < rows; r++) {
          to[p * M(TILE_X) + r] = from[r * q->xw + p * q->xp];
        }
      }
    }
    to += depth * M(TILE_X);
  }
}

static void M(product)(R *out, const Parts *q, void *scratch)
{
  R *packed_y = scratch;
  const size_t deepest = q->k < MATMUL_K ? q->k : MATMUL_K, widest = q->v < MATMUL_V ? q->v : MATMUL_V;
  R *packed_x = packed_y + deepest * (widest + MATMUL_WIDEST);
  if (q->k == 0) {
    for (size_t i = 0; i < q->w * q->v; i++) {
      out[i] = (R)0;
    }
  }
  for (size_t v0 = 0; v0 < q->v; v0 += MATMUL_V) {
    size_t wide = q->v - v0 < MATMUL_V ? q->v - v0 : MATMUL_V;
    for (size_t p0 = 0; p0 < q->k; p0 += MATMUL_K) {
      size_t depth = q->k - p0 < MATMUL_K ? q->k - p0 : MATMUL_K;
      M(pack_y)(packed_y, q, p0, depth, v0, wide);
      for (size_t w0 = 0; w0 < q->w; w0 += MATMUL_W) {
        size_t high = q->w - w0 < MATMUL_W ? q->w - w0 : MATMUL_W;
        bool packed = q->xp != 1;
        if (packed) {
          M(pack_x)(packed_x, q, p0, depth, w0, high);
        }
        for (size_t v = 0; v < wide; v += M(TILE_V)) {
          size_t cols = wide - v < M(TILE_V) ? wide - v : M(TILE_V);
          const R *y = packed_y + v * depth;
          bool narrow = cols <= M(WIDTH);
          for (size_t w = 0; w < high; w += M(TILE_X)) {
            size_t rows = high - w < M(TILE_X) ? high - w : M(TILE_X);
            const R *x = packed ? packed_x + w * depth : (const R *)q->x + (w0 + w) * q->xw + p0;
            size_t xw = packed ? 1 : q->xw, xp = packed ? M(TILE_X) : 1;
            R *c = out + (w0 + w) * q->ow + (v0 + v) * q->ov;
            if (q->ov == 1 && (cols == M(TILE_V) || cols == M(WIDTH))) {
              M(tile)((int)rows, narrow, depth, x, xw, xp, y, c, q->ow, p0 == 0);
              continue;
            }
            R part[VECTORS_X * M(TILE_V)]; /* the result's tile, where it does not lie as the registers do */
            if (p0 > 0) {
              for (size_t r = 0; r < rows; r++) {
                for (size_t j = 0; j < M(TILE_V); j++) {
                  part[r * M(TILE_V) + j] = j < cols ? c[r * q->ow + j * q->ov] : (R)0;
                }
              }
            }
            M(tile)((int)rows, narrow, depth, x, xw, xp, y, part, M(TILE_V), p0 == 0);
            for (size_t r = 0; r < rows; r++) {
              for (size_t j = 0; j < cols; j++) {
                c[r * q->ow + j * q->ov] = part[r * M(TILE_V) + j];
              }
            }
          }
        }
      }
    }
  }
}
#undef Vector
