/* npz.c: NumPy's archives of named arrays. See npz.h.
 *
 * A ZIP says most things twice, in its directory at the end and before each entry; both must agree, entries must follow
 * each other without overlapping, and the directory must end where its end record begins. Nothing is searched for.
 * (APPNOTE.TXT of PKWARE is the format's description.)
 * SPDX-License-Identifier: MIT */
#include "store/npz.h"

#include <string.h>
#include <zlib.h>

#include "store/key.h"
#include "store/npy.h"

enum {
  LOCAL = 30,      /* bytes of a local header, without its name */
  CENTRAL = 46,    /* of an entry of the directory */
  END = 22,        /* of the end record */
  END64 = 56,      /* of the ZIP64 end record */
  LOCATOR = 20,    /* of what says where that is */
  DESCRIPTOR = 24, /* at most, behind an entry that was written before its size was known */
  F_ENCRYPTED = 1,
  F_DESCRIPTOR = 8,
  F_UTF8 = 1 << 11,
  F_HARMLESS = F_DESCRIPTOR | F_UTF8 | 6, /* 6: how hard deflate tried */
  M_STORED = 0,
  M_DEFLATED = 8,
  OLDEST_DATE = 0x21, /* 1 January 1980 */
};
static const uint32_t ALL32 = UINT32_MAX; /* "see the ZIP64 field" */
static const char ending[] = ".npy";
static const char comment_form[] = "Optic, CRC-32 %08lx";
enum { COMMENT = 22 }; /* its size */

/* ---- numbers in bytes --------------------------------------------------------------------------------------- */
static uint64_t get(const uint8_t *at, size_t size)
{
  uint64_t x = 0;
  for (size_t i = size; i-- > 0;) {
    x = x << 8 | at[i];
  }
  return x;
}

static uint8_t *put(uint8_t *at, size_t size, uint64_t x)
{
  for (size_t i = 0; i < size; i++) {
    *at++ = (uint8_t)(x >> 8 * i);
  }
  return at;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */
typedef struct Archive {
  Core *core;
  const char *what;
  const uint8_t *bytes;
  size_t size;
  uint64_t entries, directory, directory_size;
} Archive;

typedef struct Entry {
  unsigned flags, method;
  uint32_t crc;
  uint64_t packed, unpacked, offset;
  const uint8_t *name;
  size_t name_size;
} Entry;

static bool broken(Archive *z, const char *how)
{
  return optic_fail(&z->core->fault, D_format, "`%s` is not a sound ZIP archive: %s", z->what, how);
}

/* A field of 4 bytes whose real value stands in the ZIP64 field, if there is one, which *at then walks through. */
static bool widen(uint64_t *value, const uint8_t **at, const uint8_t *end)
{
  if (*value != ALL32 || !*at) {
    return true;
  }
  if (end - *at < 8) {
    return false;
  }
  *value = get(*at, 8);
  *at += 8;
  return true;
}

/* Finds the ZIP64 field among the extra ones. *from NULL: there is none. False: malformed. */
static bool find_zip64(const uint8_t *extra, size_t size, const uint8_t **from, const uint8_t **to)
{
  *from = *to = NULL;
  while (size >= 4) {
    size_t length = (size_t)get(extra + 2, 2);
    if (length > size - 4) {
      return false;
    }
    if (get(extra, 2) == 1) {
      *from = extra + 4;
      *to = extra + 4 + length;
    }
    extra += 4 + length;
    size -= 4 + length;
  }
  return size == 0;
}

/* The end record: of 22 bytes, with no comment, or with Optic's. */
static bool read_end(Archive *z)
{
  size_t end = z->size;
  const uint8_t *r = NULL;
  if (z->size >= END + COMMENT && get(z->bytes + z->size - COMMENT - END, 4) == 0x06054b50 &&
      get(z->bytes + z->size - COMMENT - 2, 2) == COMMENT) {
    end = z->size - COMMENT - END;
    char comment[COMMENT + 1];
    unsigned long crc = crc32_z(0, z->bytes, z->size - COMMENT);
    optic_format(comment, sizeof comment, comment_form, crc & 0xffffffff);
    if (memcmp(comment, z->bytes + z->size - COMMENT, COMMENT) != 0) {
      return optic_fail(&z->core->fault, D_format, "`%s` is damaged: its checksum is wrong", z->what);
    }
    r = z->bytes + end;
  } else if (z->size >= END && get(z->bytes + z->size - END, 4) == 0x06054b50 && get(z->bytes + z->size - 2, 2) == 0) {
    end = z->size - END;
    r = z->bytes + end;
  }
  if (!r) {
    return broken(z, "its end record is missing; it may be cut short");
  }
  if (get(r + 4, 2) || get(r + 6, 2) || get(r + 8, 2) != get(r + 10, 2)) {
    return broken(z, "it is one of several parts");
  }
  z->entries = get(r + 10, 2);
  z->directory_size = get(r + 12, 4);
  z->directory = get(r + 16, 4);
  if (z->entries == 0xffff || z->directory_size == ALL32 || z->directory == ALL32) {
    if (end < LOCATOR + END64) {
      return broken(z, "its ZIP64 record is missing");
    }
    const uint8_t *locator = r - LOCATOR, *wide = locator - END64;
    end -= LOCATOR + END64;
    if (get(locator, 4) != 0x07064b50 || get(locator + 4, 4) || get(locator + 8, 8) != end ||
        get(locator + 16, 4) != 1 || get(wide, 4) != 0x06064b50 || get(wide + 4, 8) != END64 - 12 ||
        get(wide + 16, 4) || get(wide + 20, 4) || get(wide + 24, 8) != get(wide + 32, 8)) {
      return broken(z, "its ZIP64 record is malformed");
    }
    z->entries = get(wide + 32, 8);
    z->directory_size = get(wide + 40, 8);
    z->directory = get(wide + 48, 8);
  }
  if (z->directory > end || z->directory_size != end - z->directory) {
    return broken(z, "its directory is not where it should be");
  }
  return true;
}

/* The entry of the directory at *at, and steps behind it. */
static bool read_central(Archive *z, const uint8_t **at, const uint8_t *end, Entry *e)
{
  const uint8_t *r = *at, *wide, *wide_end;
  if (end - r < CENTRAL || get(r, 4) != 0x02014b50) {
    return broken(z, "an entry of its directory is missing");
  }
  size_t name = (size_t)get(r + 28, 2), extra = (size_t)get(r + 30, 2), comment = (size_t)get(r + 32, 2);
  if ((size_t)(end - r) < CENTRAL + name + extra + comment) {
    return broken(z, "an entry of its directory is cut short");
  }
  *e = (Entry){
      .flags = (unsigned)get(r + 8, 2),
      .method = (unsigned)get(r + 10, 2),
      .crc = (uint32_t)get(r + 16, 4),
      .packed = get(r + 20, 4),
      .unpacked = get(r + 24, 4),
      .offset = get(r + 42, 4),
      .name = r + CENTRAL,
      .name_size = name,
  };
  if (!find_zip64(r + CENTRAL + name, extra, &wide, &wide_end) || !widen(&e->unpacked, &wide, wide_end) ||
      !widen(&e->packed, &wide, wide_end) || !widen(&e->offset, &wide, wide_end)) {
    return broken(z, "an extra field of its directory is malformed");
  }
  *at = r + CENTRAL + name + extra + comment;
  return true;
}

/* Compares the entry with its local header; *from: where its bytes begin. `least`: where the entry may begin. */
static bool read_local(Archive *z, const Entry *e, uint64_t least, uint64_t most, const uint8_t **from)
{
  const uint8_t *wide, *wide_end;
  if (e->offset < least || e->offset > most) {
    return broken(z, "entries overlap, or there are bytes between them");
  }
  if (e->offset > z->directory || z->directory - e->offset < LOCAL) {
    return broken(z, "an entry is cut short");
  }
  const uint8_t *r = z->bytes + e->offset;
  size_t name = (size_t)get(r + 26, 2), extra = (size_t)get(r + 28, 2);
  uint64_t left = z->directory - e->offset - LOCAL;
  if (get(r, 4) != 0x04034b50 || get(r + 6, 2) != e->flags || get(r + 8, 2) != e->method || name != e->name_size ||
      name + extra > left || memcmp(r + LOCAL, e->name, name) != 0) {
    return broken(z, "an entry is not what the directory says");
  }
  left -= name + extra;
  if (!(e->flags & F_DESCRIPTOR)) {
    uint64_t packed = get(r + 18, 4), unpacked = get(r + 22, 4);
    if (!find_zip64(r + LOCAL + name, extra, &wide, &wide_end) || !widen(&unpacked, &wide, wide_end) ||
        !widen(&packed, &wide, wide_end) || get(r + 14, 4) != e->crc || packed != e->packed ||
        unpacked != e->unpacked) {
      return broken(z, "the size of an entry is not what the directory says");
    }
  }
  if (e->packed > left || (e->method == M_STORED && e->packed != e->unpacked)) {
    return broken(z, "an entry is larger than the archive");
  }
  *from = r + LOCAL + name + extra;
  return true;
}

static bool check_kind(Archive *z, const Entry *e)
{
  Fault *fault = &z->core->fault;
  size_t end = sizeof ending - 1;
  if (e->flags & F_ENCRYPTED) {
    return optic_fail(fault, D_format, "`%s` is encrypted", z->what);
  }
  if (e->flags & ~(unsigned)F_HARMLESS || (e->method != M_STORED && e->method != M_DEFLATED)) {
    return optic_fail(fault, D_format, "`%s` is compressed in a way (%u) that Optic does not know", z->what, e->method);
  }
  if (!optic_utf8_valid((const char *)e->name, e->name_size) || memchr(e->name, 0, e->name_size)) {
    return broken(z, "a name is not UTF-8");
  }
  if (e->name_size < end || memcmp(e->name + e->name_size - end, ending, end) != 0) {
    return optic_fail(fault, D_format, "`%s` holds `%.*s`, which is not an array (.npy)", z->what,
                      (int)(e->name_size < 100 ? e->name_size : 100), (const char *)e->name);
  }
  return true;
}

static bool read_array(Archive *z, const Entry *e, const uint8_t *from, const char *what, Leaves *out)
{
  Unpack u;
  Packing packing = e->method == M_DEFLATED ? PACKED_DEFLATE : PACKED_NOT;
  if (!optic_unpack_begin(z->core, what, packing, from, (size_t)e->packed, &u)) {
    return false;
  }
  Array *a = optic_npy_read(&u);
  bool ok = a;
  if (ok && (u.taken != e->unpacked || u.crc != e->crc)) {
    ok = optic_fail(&z->core->fault, D_format, "`%s` is damaged: its checksum is wrong", what);
  }
  size_t path = e->name_size - (sizeof ending - 1);
  ok = ok && optic_leaves_add(z->core, out, (const char *)e->name, path, a);
  optic_array_drop(z->core, a);
  optic_unpack_finish(&u);
  return ok;
}

bool optic_npz_parse(Core *core, const char *what, const uint8_t *bytes, size_t size, Leaves *out)
{
  Archive z = {.core = core, .what = what, .bytes = bytes, .size = size};
  if (!read_end(&z)) {
    return false;
  }
  Text name;
  optic_text_init(&name, &core->alloc);
  const uint8_t *at = bytes + z.directory, *end = at + z.directory_size, *from = bytes;
  uint64_t least = 0, most = 0; /* where the next entry may begin */
  bool ok = true;
  for (uint64_t i = 0; ok && i < z.entries; i++) {
    Entry e = {.flags = 0};
    ok = read_central(&z, &at, end, &e) && check_kind(&z, &e) && read_local(&z, &e, least, most, &from);
    if (!ok) {
      break;
    }
    optic_text_clear(&name);
    optic_text_printf(&name, "%s: ", what);
    optic_text_add(&name, (const char *)e.name, e.name_size);
    ok = name.oom ? optic_fail_oom(&core->fault) : read_array(&z, &e, from, optic_text_cstr(&name), out);
    least = (uint64_t)(from - bytes) + e.packed;
    most = least + (e.flags & F_DESCRIPTOR ? DESCRIPTOR : 0);
  }
  optic_text_finish(&name);
  if (ok && (at != end || z.directory < least || z.directory > most)) {
    ok = broken(&z, "there are bytes in it that belong to no entry");
  }
  return ok;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */
/* What is remembered of an entry until the directory is written. */
typedef struct Written {
  uint64_t offset, size;
  uint32_t crc;
} Written;

typedef struct Writer {
  FileSave *save;
  uint64_t at; /* bytes written */
} Writer;

static bool emit(void *user, const void *bytes, size_t size)
{
  Writer *w = user;
  w->at += size;
  return optic_save_write(w->save, bytes, size);
}

/* Fields that the local header and the directory have in common, from `version needed` to `name size`. */
static uint8_t *put_common(uint8_t *at, const Leaf *leaf, const Written *e, bool wide)
{
  bool ascii = true;
  for (size_t i = 0; i < leaf->path_size; i++) {
    ascii = ascii && (unsigned char)leaf->path[i] < 0x80;
  }
  at = put(at, 2, wide ? 45 : 20);
  at = put(at, 2, ascii ? 0 : F_UTF8);
  at = put(at, 2, M_STORED);
  at = put(at, 4, (uint64_t)OLDEST_DATE << 16);
  at = put(at, 4, e->crc);
  at = put(at, 4, e->size < ALL32 ? e->size : ALL32);
  at = put(at, 4, e->size < ALL32 ? e->size : ALL32);
  return put(at, 2, leaf->path_size + sizeof ending - 1);
}

static bool emit_name(Writer *w, const Leaf *leaf)
{
  return emit(w, leaf->path, leaf->path_size) && emit(w, ending, sizeof ending - 1);
}

static bool write_entry(Writer *w, const Leaf *leaf, Written *e)
{
  Core *core = w->save->core;
  uint8_t header[OPTIC_NPY_HEADER], local[LOCAL], wide[20];
  if (leaf->path_size > 0xffff - (sizeof ending - 1)) {
    return optic_fail(&core->fault, D_too_large, "a leaf's path of %llu bytes is too long for .npz",
                      (unsigned long long)leaf->path_size);
  }
  size_t header_size = optic_npy_header(core, leaf->path, leaf->array, header);
  if (!header_size) {
    return false;
  }
  uint32_t crc = optic_element_crc((uint32_t)crc32_z(0, header, header_size), leaf->array);
  uint64_t numbers = (uint64_t)leaf->array->count * optic_dtype_size((Dtype)leaf->array->dtype);
  *e = (Written){.offset = w->at, .size = header_size + numbers, .crc = crc};
  bool is_wide = e->size >= ALL32;
  uint8_t *at = put(local, 4, 0x04034b50);
  at = put_common(at, leaf, e, is_wide);
  put(at, 2, is_wide ? sizeof wide : 0);
  at = put(wide, 2, 1);
  at = put(at, 2, 16);
  at = put(at, 8, e->size);
  put(at, 8, e->size);
  return emit(w, local, sizeof local) && emit_name(w, leaf) && (!is_wide || emit(w, wide, sizeof wide)) &&
         emit(w, header, header_size) && optic_element_write(leaf->array, emit, w);
}

static bool write_central(Writer *w, const Leaf *leaf, const Written *e)
{
  uint8_t central[CENTRAL], extra[28];
  bool wide_size = e->size >= ALL32, wide_offset = e->offset >= ALL32;
  size_t fields = (wide_size ? 16u : 0u) + (wide_offset ? 8u : 0u);
  uint8_t *at = put(central, 4, 0x02014b50);
  at = put(at, 2, fields ? 45 : 20);
  at = put_common(at, leaf, e, fields > 0);
  at = put(at, 2, fields ? fields + 4 : 0);
  at = put(at, 4, 0); /* comment, disk */
  at = put(at, 6, 0); /* attributes */
  put(at, 4, wide_offset ? ALL32 : e->offset);
  at = put(extra, 2, 1);
  at = put(at, 2, fields);
  if (wide_size) {
    at = put(at, 8, e->size);
    at = put(at, 8, e->size);
  }
  if (wide_offset) {
    at = put(at, 8, e->offset);
  }
  return emit(w, central, sizeof central) && emit_name(w, leaf) && (!fields || emit(w, extra, (size_t)(at - extra)));
}

static bool write_end(Writer *w, uint64_t entries, uint64_t directory)
{
  uint8_t end[END], wide[END64 + LOCATOR];
  uint64_t size = w->at - directory;
  bool is_wide = entries >= 0xffff || size >= ALL32 || directory >= ALL32;
  uint8_t *at = put(wide, 4, 0x06064b50);
  at = put(at, 8, END64 - 12);
  at = put(at, 4, 45 | 45 << 16); /* made by, needed */
  at = put(at, 8, 0);             /* disks */
  at = put(at, 8, entries);
  at = put(at, 8, entries);
  at = put(at, 8, size);
  at = put(at, 8, directory);
  at = put(at, 4, 0x07064b50);
  at = put(at, 4, 0);
  at = put(at, 8, w->at);
  put(at, 4, 1);
  at = put(end, 4, 0x06054b50);
  at = put(at, 4, 0);
  at = put(at, 2, is_wide ? 0xffff : entries);
  at = put(at, 2, is_wide ? 0xffff : entries);
  at = put(at, 4, is_wide ? ALL32 : size);
  at = put(at, 4, is_wide ? ALL32 : directory);
  put(at, 2, COMMENT);
  if ((is_wide && !emit(w, wide, sizeof wide)) || !emit(w, end, sizeof end)) {
    return false;
  }
  char comment[COMMENT + 1];
  optic_format(comment, sizeof comment, comment_form, (unsigned long)w->save->crc);
  return emit(w, comment, COMMENT);
}

bool optic_npz_write(FileSave *save, const Leaf *leaves, size_t count)
{
  Core *core = save->core;
  Writer w = {.save = save};
  size_t bytes;
  if (!optic_size_mul(count, sizeof(Written), &bytes)) {
    return optic_fail_oom(&core->fault);
  }
  Written *entries = optic_core_alloc(core, bytes);
  bool ok = entries || !count;
  for (size_t i = 0; ok && i < count; i++) {
    ok = write_entry(&w, &leaves[i], &entries[i]);
  }
  uint64_t directory = w.at;
  for (size_t i = 0; ok && i < count; i++) {
    ok = write_central(&w, &leaves[i], &entries[i]);
  }
  ok = ok && write_end(&w, count, directory);
  optic_free(&core->alloc, entries, bytes);
  return ok;
}
