/* idx.h: reads IDX, the format of the MNIST data sets: arrays of big-endian numbers, often compressed with gzip.
 *
 * Two zero bytes, a type, a rank, the shape, the numbers, and nothing after them (http://yann.lecun.com/exdb/mnist/).
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_DATA_IDX_H
#define OPTIC_DATA_IDX_H

#include "base/file.h"
#include "tree/array.h"

/* The array in `bytes`, which messages call `what`. u8 stays u8; 8 and 16 bits with a sign and 32 bits become i32; f32
 * and f64 stay. Never allocates more than the limits allow, or than what arrives needs. NULL with the fault set. */
Array *optic_idx_parse(Core *core, const char *what, const uint8_t *bytes, size_t size);
/* The same for a file, gzip or not. */
Array *optic_idx_read(Core *core, const FileOps *files, const char *path);

#endif
