/* safetensors.h: named tensors behind a header in JSON (https://github.com/huggingface/safetensors).
 *
 * Read strictly: the tensors cover the data exactly, without holes or overlaps, and every size agrees. Optic writes the
 * larger elements first and sorts by path; `__metadata__` then has "optic": "1", "crc32" over the header (computed with
 * zeros in its place) and "crc32/PATH" for each tensor, all in 8 hexadecimal digits. Where any of these is present all
 * must be, and must be right.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_STORE_SAFETENSORS_H
#define OPTIC_STORE_SAFETENSORS_H

#include "base/file.h"
#include "tree/leaf.h"

/* Adds the file's tensors to `out`, in its order. On failure what was added stays. */
bool optic_safetensors_parse(Core *core, const char *what, const uint8_t *bytes, size_t size, Leaves *out);
/* Writes leaves without duplicates, sorted by path. */
bool optic_safetensors_write(FileSave *save, const Leaf *leaves, size_t count);

#endif
