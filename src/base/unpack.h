/* unpack.h: bytes in memory read in order, plain or compressed.
 *
 * What is compressed is unpacked as it is asked for, so nothing is allocated on the word of a file: a reader learns the
 * declared size, asks optic_unpack_has whether so many bytes are really there, and allocates then.
 * Failures set core->fault (D_format), naming `what`.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_UNPACK_H
#define OPTIC_BASE_UNPACK_H

#include "base/core.h"

typedef enum Packing {
  PACKED_NOT,
  PACKED_GZIP,    /* with header and checksum, which is verified */
  PACKED_DEFLATE, /* as in ZIP archives */
} Packing;

typedef struct Unpack {
  Core *core;
  const char *what; /* how messages call it: a path */
  const uint8_t *bytes;
  size_t size;
  Packing packing;
  uint64_t taken; /* bytes read so far */
  uint32_t crc;   /* CRC-32 of them; not kept for PACKED_GZIP */
  void *stream;   /* zlib's; NULL for PACKED_NOT */
} Unpack;

/* Borrows `what` and `bytes` until finish. On failure finish is not due (but harmless). */
bool optic_unpack_begin(Core *core, const char *what, Packing packing, const uint8_t *bytes, size_t size, Unpack *out);
void optic_unpack_finish(Unpack *u);

/* Takes exactly `size` bytes. */
bool optic_unpack_read(Unpack *u, void *into, size_t size);
/* Are there at least `size` bytes more? Where compression could hardly yield so many they are counted, by unpacking
 * them to nowhere. */
bool optic_unpack_has(Unpack *u, uint64_t size);
/* Demands that everything has been read and that the checksum is right. */
bool optic_unpack_end(Unpack *u);

/* gzip begins with these two bytes. */
static inline bool optic_is_gzip(const uint8_t *bytes, size_t size)
{
  return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

#endif
