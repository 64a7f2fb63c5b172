/* npz.h: NumPy's archives of named arrays: a ZIP whose entries are NPY files, called `path.npy`.
 *
 * Stored and deflated entries are read, ZIP64 too; entries are written stored, with fixed dates, in order of path. The
 * archive's comment holds the CRC-32 of all bytes before it.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_STORE_NPZ_H
#define OPTIC_STORE_NPZ_H

#include "base/file.h"
#include "tree/leaf.h"

/* Adds the archive's arrays to `out`, in its order. On failure what was added stays. */
bool optic_npz_parse(Core *core, const char *what, const uint8_t *bytes, size_t size, Leaves *out);
/* Writes `count` leaves, sorted and without duplicates. */
bool optic_npz_write(FileSave *save, const Leaf *leaves, size_t count);

#endif
