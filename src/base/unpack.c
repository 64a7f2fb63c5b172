/* unpack.c: bytes in memory read in order, plain or compressed. See unpack.h.
 *
 * inflateGetHeader is not called: it is where zlib's worst bug lay (CVE-2022-37434).
 * SPDX-License-Identifier: MIT */
#include "base/unpack.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

enum {
  CHUNK = 1 << 20,
  SCRATCH = 1 << 14,
  USUAL = 16,  /* times: what compression yields on real data */
  MOST = 1032, /* times: what deflate can yield at most */
  SMALL = 1 << 16,
};

/* ---- zlib's memory comes from ours: a block begins with its size ---------------------------------------------- */
typedef union Head {
  size_t size;
  long double align;
} Head;

static void *zlib_alloc(void *user, unsigned count, unsigned each)
{
  size_t size;
  if (!optic_size_mul(count, each, &size) || !optic_size_add(size, sizeof(Head), &size)) {
    return NULL;
  }
  Head *head = optic_alloc(user, size);
  if (!head) {
    return NULL;
  }
  head->size = size;
  return head + 1;
}

static void zlib_free(void *user, void *block)
{
  if (block) {
    Head *head = (Head *)block - 1;
    optic_free(user, head, head->size);
  }
}

static bool begin_stream(Unpack *u)
{
  u->stream = optic_core_zalloc(u->core, sizeof(z_stream));
  if (!u->stream) {
    return false;
  }
  z_stream *z = u->stream;
  z->zalloc = zlib_alloc;
  z->zfree = zlib_free;
  z->opaque = &u->core->alloc;
  if (inflateInit2(z, u->packing == PACKED_GZIP ? 16 + MAX_WBITS : -MAX_WBITS) != Z_OK) {
    optic_free(&u->core->alloc, u->stream, sizeof *z);
    u->stream = NULL;
    return optic_fail_oom(&u->core->fault);
  }
  z->next_in = (z_const Bytef *)u->bytes;
  return true;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */
bool optic_unpack_begin(Core *core, const char *what, Packing packing, const uint8_t *bytes, size_t size, Unpack *out)
{
  *out = (Unpack){.core = core, .what = what, .bytes = bytes, .size = size, .packing = packing};
  return packing == PACKED_NOT || begin_stream(out);
}

void optic_unpack_finish(Unpack *u)
{
  if (u->stream) {
    inflateEnd(u->stream);
    optic_free(&u->core->alloc, u->stream, sizeof(z_stream));
    u->stream = NULL;
  }
}

/* Compressed bytes not looked at yet. */
static size_t packed_left(const Unpack *u)
{
  const z_stream *z = u->stream;
  return u->size - (size_t)(z->next_in - u->bytes);
}

static bool ends_early(Unpack *u)
{
  optic_fail(&u->core->fault, D_format, "`%s` ends too early, %s byte %llu", u->what,
             u->packing == PACKED_NOT ? "after" : "when unpacked after", (unsigned long long)u->taken);
  return optic_fail_hint(&u->core->fault, "the file is cut short; fetch or write it again");
}

/* Up to `size` bytes into `into`; *got 0 is the end of the stream. */
static bool inflate_some(Unpack *u, uint8_t *into, size_t size, size_t *got)
{
  z_stream *z = u->stream;
  for (;;) {
    size_t left = packed_left(u);
    z->avail_in = left < UINT_MAX ? (unsigned)left : UINT_MAX;
    z->next_out = into;
    z->avail_out = (unsigned)size;
    int result = inflate(z, Z_NO_FLUSH);
    *got = size - z->avail_out;
    if (result == Z_STREAM_END) {
      return true;
    }
    if (result == Z_MEM_ERROR) {
      return optic_fail_oom(&u->core->fault);
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
      return optic_fail(&u->core->fault, D_format, "`%s`: the compressed data is damaged (%s)", u->what,
                        z->msg ? z->msg : "zlib gives no reason");
    }
    if (*got > 0) {
      return true;
    }
    if (packed_left(u) == left || packed_left(u) == 0) {
      return ends_early(u);
    }
  }
}

bool optic_unpack_read(Unpack *u, void *into, size_t size)
{
  uint8_t *at = into;
  while (size > 0) {
    size_t want = size < CHUNK ? size : CHUNK, got = 0;
    if (u->packing == PACKED_NOT) {
      size_t left = u->size - (size_t)u->taken;
      got = want < left ? want : left;
      if (got) {
        memcpy(at, u->bytes + u->taken, got);
      }
    } else {
      if (!inflate_some(u, at, want, &got)) {
        return false;
      }
    }
    if (got == 0) {
      return ends_early(u);
    }
    if (!optic_charge(u->core, got / 256)) {
      return false;
    }
    if (u->packing != PACKED_GZIP) { /* that has its own */
      u->crc = (uint32_t)crc32_z(u->crc, at, got);
    }
    u->taken += got;
    at += got;
    size -= got;
  }
  return true;
}

bool optic_unpack_has(Unpack *u, uint64_t size)
{
  if (u->packing == PACKED_NOT) {
    if (size <= u->size - u->taken) {
      return true;
    }
    optic_fail(&u->core->fault, D_format, "`%s` announces %llu bytes of data and holds %llu", u->what,
               (unsigned long long)size, (unsigned long long)(u->size - u->taken));
    return optic_fail_hint(&u->core->fault, "the file is cut short or damaged; fetch or write it again");
  }
  uint64_t packed = u->size;
  if (size > packed * MOST + SMALL) { /* sizes of files are far from overflowing here */
    return optic_fail(&u->core->fault, D_format, "`%s` announces %llu bytes, more than its %llu can be unpacked to",
                      u->what, (unsigned long long)size, (unsigned long long)packed);
  }
  if (size <= packed * USUAL + SMALL) {
    return true;
  }
  /* From the beginning, in a second stream. */
  Unpack second;
  uint8_t scratch[SCRATCH];
  bool ok = optic_unpack_begin(u->core, u->what, u->packing, u->bytes, u->size, &second);
  for (uint64_t left = u->taken + size; ok && left > 0;) {
    size_t some = left < SCRATCH ? (size_t)left : SCRATCH;
    ok = optic_unpack_read(&second, scratch, some);
    left -= some;
  }
  optic_unpack_finish(&second);
  return ok;
}

bool optic_unpack_end(Unpack *u)
{
  if (u->packing == PACKED_NOT) {
    return u->taken == u->size || optic_fail(&u->core->fault, D_format, "`%s` has %llu bytes too many at its end",
                                             u->what, (unsigned long long)(u->size - u->taken));
  }
  /* One more step lets zlib see the end mark and the checksum. */
  uint8_t extra;
  size_t got = 0;
  if (!inflate_some(u, &extra, 1, &got)) {
    return false;
  }
  if (got) {
    return optic_fail(&u->core->fault, D_format, "`%s` holds more than it announces (beyond byte %llu, unpacked)",
                      u->what, (unsigned long long)u->taken);
  }
  return packed_left(u) == 0 || optic_fail(&u->core->fault, D_format, "`%s` has %llu bytes too many at its end",
                                           u->what, (unsigned long long)packed_left(u));
}
