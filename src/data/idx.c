/* idx.c: reads IDX. See idx.h.
 * SPDX-License-Identifier: MIT */
#include "data/idx.h"

#include "tree/element.h"

static bool element_of(uint8_t type, Element *out)
{
  switch (type) {
  case 0x08:
    *out = EL_U8;
    return true;
  case 0x09:
    *out = EL_I8;
    return true;
  case 0x0b:
    *out = EL_I16;
    return true;
  case 0x0c:
    *out = EL_I32;
    return true;
  case 0x0d:
    *out = EL_F32;
    return true;
  case 0x0e:
    *out = EL_F64;
    return true;
  default:
    return false;
  }
}

static Array *parse(Unpack *u)
{
  Core *core = u->core;
  uint8_t head[4], axis[4];
  Element element;
  if (!optic_unpack_read(u, head, sizeof head)) {
    return NULL;
  }
  if (head[0] || head[1] || !element_of(head[2], &element)) {
    optic_fail(&core->fault, D_format, "`%s` is not an IDX file: it begins with the bytes %02x %02x %02x %02x", u->what,
               head[0], head[1], head[2], head[3]);
    return NULL;
  }
  Shape shape = {.rank = head[3]};
  if (shape.rank > OPTIC_RANK) {
    optic_fail(&core->fault, D_format, "`%s` holds an array of %d axes; Optic has at most %d", u->what, head[3],
               OPTIC_RANK);
    return NULL;
  }
  for (uint32_t i = 0; i < shape.rank; i++) {
    if (!optic_unpack_read(u, axis, sizeof axis)) {
      return NULL;
    }
    shape.at[i] = (int64_t)axis[0] << 24 | axis[1] << 16 | axis[2] << 8 | axis[3];
  }
  Array *a = optic_element_read(u, element, BIG_ENDIAN_BYTES, false, &shape);
  if (a && !optic_unpack_end(u)) {
    optic_array_drop(core, a);
    return NULL;
  }
  return a;
}

Array *optic_idx_parse(Core *core, const char *what, const uint8_t *bytes, size_t size)
{
  Unpack u;
  Array *a = NULL;
  if (optic_unpack_begin(core, what, optic_is_gzip(bytes, size) ? PACKED_GZIP : PACKED_NOT, bytes, size, &u)) {
    a = parse(&u);
    optic_unpack_finish(&u);
  }
  return a;
}

Array *optic_idx_read(Core *core, const FileOps *files, const char *path)
{
  FileBytes bytes;
  /* A file is never larger than what it holds plus its head; compressed, hardly. */
  uint64_t limit = core->limits.tensor_bytes + (1 << 16);
  if (!optic_file_read(core, files, path, limit, &bytes)) {
    return NULL;
  }
  Array *a = optic_idx_parse(core, path, bytes.at, bytes.size);
  optic_file_bytes_finish(core, &bytes);
  return a;
}
