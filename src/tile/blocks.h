/* blocks.h: the blocks that a matrix product is cut into: what matmul.c and the size of its scratch memory agree on.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_BLOCKS_H
#define OPTIC_TILE_BLOCKS_H

enum {
  MATMUL_K = 256,    /* along k: a panel of y stays in the first cache */
  MATMUL_W = 256,    /* along x's free axis: a packed block of x stays in the second one */
  MATMUL_V = 1024,   /* along y's free axis */
  MATMUL_WIDEST = 64 /* no tile is wider or higher, at any level */
};

#endif
