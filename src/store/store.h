/* store.h: trees of arrays in files: .npz and .safetensors, and single arrays in .npy.
 *
 * Leaves come and go by path (tree/leaf.h). Two kinds of value travel as arrays marked `weak`: a number of the language
 * (rank 0, f64), and a PRNG key, its two words as i32[2], which files have as uint32[2] like JAX's.
 * Nothing a file says is believed: sizes are compared with what is there before anything is allocated, and every rule
 * of a format that is broken is an error. What Optic writes carries checksums over all of its bytes, so that any damage
 * is found when it is read; files of others are read without. Saving what was loaded from an Optic file gives the same
 * bytes again.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_STORE_STORE_H
#define OPTIC_STORE_STORE_H

#include "base/file.h"
#include "tree/leaf.h"

/* The file name's ending chooses the format. `out` must be empty; its leaves come sorted (tree/leaf_order.h), with no
 * path twice, but possibly one that lies under another. The leaf of an .npy file has the path "". On failure `out` is
 * empty. */
bool optic_store_load(Core *core, const FileOps *files, const char *path, Leaves *out);
/* The same for a file's content, which messages call `path`. */
bool optic_store_parse(Core *core, const char *path, const uint8_t *bytes, size_t size, Leaves *out);

/* In whatever order the leaves come. On failure the file is as it was. */
bool optic_store_save(Core *core, const FileOps *files, const char *path, const Leaves *leaves);

/* The words of a PRNG key as the array that stands for it (optic_store_is_key, store/key.h), and back. */
Array *optic_store_key(Core *core, uint64_t key);
uint64_t optic_store_key_of(const Array *a);

#endif
