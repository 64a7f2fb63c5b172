/* safetensors.c: named tensors behind a header in JSON. See safetensors.h.
 * SPDX-License-Identifier: MIT */
#include "store/safetensors.h"

#include <string.h>
#include <zlib.h>

#include "base/sort.h"
#include "store/key.h"
#include "store/safetensors_header.h"

enum { LENGTH = 8, LONGEST = 16 << 20, DIGITS = 8, ALIGN = 8 };
static const char sum_key[] = "crc32", sum_prefix[] = "crc32/", mark_key[] = "optic", mark[] = "1",
                  zeros[] = "00000000";

typedef struct File {
  Core *core;
  const char *what;
  const uint8_t *bytes;
  size_t size;
  size_t header_size;
  SafeHeader header;
  const SafeNote *sums; /* of the tensors, in order of name; NULL: there are none to compare with */
} File;

/* How much of a name messages show. */
static int shown(const SafeText *name)
{
  return (int)(name->size < 200 ? name->size : 200);
}

/* ---- order -------------------------------------------------------------------------------------------------- */
static int by_place(const void *a, const void *b)
{
  const SafeTensor *x = a, *y = b;
  return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1) : (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
  return optic_safe_text_compare(&((const SafeTensor *)a)->name, &((const SafeTensor *)b)->name);
}

static int by_key(const void *a, const void *b)
{
  return optic_safe_text_compare(&((const SafeNote *)a)->key, &((const SafeNote *)b)->key);
}

/* ---- checksums ---------------------------------------------------------------------------------------------- */
static bool damaged(File *f, const char *what, int what_size)
{
  return optic_fail(&f->core->fault, D_format, "`%s` is damaged: the checksum of %.*s is wrong or missing", f->what,
                    what_size, what);
}

static void digits_of(uint32_t crc, char out[DIGITS + 1])
{
  optic_format(out, DIGITS + 1, "%08lx", (unsigned long)crc);
}

/* Over the file's beginning, with zeros at `sum`, an offset in the header. */
static uint32_t header_crc(const uint8_t *from, size_t header_size, size_t sum)
{
  size_t done = LENGTH + sum + DIGITS;
  uint32_t crc = (uint32_t)crc32_z(0, from, LENGTH + sum);
  crc = (uint32_t)crc32_z(crc, (const Bytef *)zeros, DIGITS);
  return (uint32_t)crc32_z(crc, from + done, LENGTH + header_size - done);
}

static bool is_sum(const SafeNote *note)
{
  size_t size = sizeof sum_prefix - 1;
  return note->key.size >= size && !memcmp(note->key.at, sum_prefix, size);
}

/* Sorts the metadata; where it has checksums, is the header's right, and is there one for each tensor? */
static bool check_notes(File *f)
{
  SafeNote *notes = f->header.notes.at;
  size_t count = f->header.notes.size, marks = 0, sums = 0;
  const SafeNote *sum = NULL, *first = NULL;
  optic_sort(notes, count, sizeof *notes, by_key);
  for (size_t i = 0; i < count; i++) {
    const SafeNote *note = &notes[i];
    if (i && by_key(note - 1, note) == 0) {
      return optic_fail(&f->core->fault, D_format, "`%s`: its metadata has `%.*s` twice", f->what, shown(&note->key),
                        note->key.at);
    }
    if (optic_safe_text_is(&note->key, sum_key)) {
      sum = note;
    } else if (optic_safe_text_is(&note->key, mark_key)) {
      marks = optic_safe_text_is(&note->value, mark) ? 1 : 2;
    } else if (is_sum(note)) {
      first = sums++ ? first : note;
    }
  }
  if (!sum && !marks && !sums) {
    return true;
  }
  bool whole = sum && marks == 1 && sums == f->header.tensors.size && sum->value.size == DIGITS &&
               sum->raw + DIGITS <= f->header_size;
  char digits[DIGITS + 1] = "";
  if (whole) {
    digits_of(header_crc(f->bytes, f->header_size, sum->raw), digits);
  }
  if (!whole || memcmp(digits, f->bytes + LENGTH + sum->raw, DIGITS) != 0) {
    return damaged(f, "its header", 10);
  }
  f->sums = first;
  return true;
}

/* The i-th tensor by name, whose checksum is the i-th. */
static bool check_tensor(File *f, size_t i)
{
  const SafeTensor *t = &f->header.tensors.at[i];
  if (!f->sums) {
    return true;
  }
  const SafeNote *note = &f->sums[i];
  size_t prefix = sizeof sum_prefix - 1;
  char digits[DIGITS + 1];
  digits_of((uint32_t)crc32_z(0, f->bytes + LENGTH + f->header_size + t->begin, (size_t)(t->end - t->begin)), digits);
  return (note->key.size == prefix + t->name.size && !memcmp(note->key.at + prefix, t->name.at, t->name.size) &&
          optic_safe_text_is(&note->value, digits)) ||
         damaged(f, t->name.at, shown(&t->name));
}

/* ---- reading ------------------------------------------------------------------------------------------------ */
/* Do the tensors cover the data, each byte once? And has each a name of its own? Leaves them sorted by name. */
static bool check_tensors(File *f)
{
  SafeTensor *tensors = f->header.tensors.at;
  size_t count = f->header.tensors.size;
  uint64_t at = 0, data = f->size - LENGTH - f->header_size;
  optic_sort(tensors, count, sizeof *tensors, by_place);
  for (size_t i = 0; i < count; i++) {
    const SafeTensor *t = &tensors[i];
    if (t->begin != at) {
      return optic_fail(&f->core->fault, D_format, "`%s`: %s before `%.*s`", f->what,
                        t->begin < at ? "tensors overlap" : "there is a hole", shown(&t->name), t->name.at);
    }
    at = t->end;
  }
  if (at != data) {
    optic_fail(&f->core->fault, D_format, "`%s` announces %llu bytes of data and holds %llu", f->what,
               (unsigned long long)at, (unsigned long long)data);
    return optic_fail_hint(&f->core->fault, "the file is cut short or damaged; fetch or write it again");
  }
  optic_sort(tensors, count, sizeof *tensors, by_name);
  for (size_t i = 1; i < count; i++) {
    if (by_name(&tensors[i - 1], &tensors[i]) == 0) {
      return optic_fail(&f->core->fault, D_format, "`%s` has `%.*s` twice", f->what, shown(&tensors[i].name),
                        tensors[i].name.at);
    }
  }
  return true;
}

static bool read_tensor(File *f, const SafeTensor *t, const char *what, Leaves *out)
{
  Unpack u;
  const uint8_t *from = f->bytes + LENGTH + f->header_size + t->begin;
  if (!optic_unpack_begin(f->core, what, PACKED_NOT, from, (size_t)(t->end - t->begin), &u)) {
    return false;
  }
  Array *a = optic_store_read(&u, t->element, LITTLE_ENDIAN_BYTES, false, &t->shape);
  bool ok = a && optic_unpack_end(&u) && optic_leaves_add(f->core, out, t->name.at, t->name.size, a);
  optic_array_drop(f->core, a);
  optic_unpack_finish(&u);
  return ok;
}

static bool read_tensors(File *f, Leaves *out)
{
  Text name;
  optic_text_init(&name, &f->core->alloc);
  bool ok = true;
  for (size_t i = 0; ok && i < f->header.tensors.size; i++) {
    const SafeTensor *t = &f->header.tensors.at[i];
    optic_text_clear(&name);
    optic_text_printf(&name, "%s: ", f->what);
    optic_text_add(&name, t->name.at, t->name.size);
    ok = check_tensor(f, i) &&
         (name.oom ? optic_fail_oom(&f->core->fault) : read_tensor(f, t, optic_text_cstr(&name), out));
  }
  optic_text_finish(&name);
  return ok;
}

bool optic_safetensors_parse(Core *core, const char *what, const uint8_t *bytes, size_t size, Leaves *out)
{
  File f = {.core = core, .what = what, .bytes = bytes, .size = size};
  uint64_t length = 0;
  for (size_t i = LENGTH; size >= LENGTH && i-- > 0;) {
    length = length << 8 | bytes[i];
  }
  if (size < LENGTH || length > size - LENGTH) {
    return optic_fail(&core->fault, D_format, "`%s` is not a safetensors file, or it is cut short", what);
  }
  if (length > LONGEST) {
    return optic_fail(&core->fault, D_format, "`%s`: its header has %llu bytes, more than the limit of %d", what,
                      (unsigned long long)length, LONGEST);
  }
  f.header_size = (size_t)length;
  if (!optic_safe_header_parse(core, what, (const char *)bytes + LENGTH, f.header_size, &f.header)) {
    return false;
  }
  bool ok = check_notes(&f) && check_tensors(&f) && read_tensors(&f, out);
  optic_safe_header_finish(core, &f.header);
  return ok;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */
static size_t element_size(const Leaf *leaf)
{
  return optic_dtype_size((Dtype)leaf->array->dtype);
}

static bool emit(void *user, const void *bytes, size_t size)
{
  return optic_save_write(user, bytes, size);
}

static void put_metadata(Text *json, const Leaf *leaves, size_t count, size_t *sum_at)
{
  char digits[DIGITS + 1];
  optic_text_printf(json, "{\"__metadata__\":{\"%s\":\"%s\",\"%s\":\"", mark_key, mark, sum_key);
  *sum_at = json->size;
  optic_text_printf(json, "%s\"", zeros);
  for (size_t i = 0; i < count; i++) {
    Text key;
    optic_text_init(&key, json->alloc);
    optic_text_str(&key, sum_prefix);
    optic_text_add(&key, leaves[i].path, leaves[i].path_size);
    optic_text_char(json, ',');
    optic_safe_quote(json, optic_text_cstr(&key), key.size);
    json->oom |= key.oom;
    optic_text_finish(&key);
    digits_of(optic_element_crc(0, leaves[i].array), digits);
    optic_text_printf(json, ":\"%s\"", digits);
  }
  optic_text_char(json, '}');
}

static void put_tensor(Text *json, const Leaf *leaf, uint64_t begin)
{
  const Array *a = leaf->array;
  Element e = optic_store_is_key(a) ? EL_U32 : optic_element_of((Dtype)a->dtype);
  optic_text_char(json, ',');
  optic_safe_quote(json, leaf->path, leaf->path_size);
  optic_text_printf(json, ":{\"dtype\":\"%s\",\"shape\":[", optic_safe_dtype(e));
  for (uint32_t i = 0; i < a->shape.rank; i++) {
    optic_text_printf(json, "%s%lld", i ? "," : "", (long long)a->shape.at[i]);
  }
  optic_text_printf(json, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)begin,
                    (unsigned long long)(begin + (uint64_t)a->count * element_size(leaf)));
}

/* The header, whole; `json` is empty before. The larger elements come first, so that each lies on a multiple of its
 * size. */
static bool put_header(Core *core, Text *json, const Leaf *leaves, size_t count)
{
  size_t sum_at;
  uint64_t at = 0;
  uint8_t length[LENGTH];
  optic_text_add(json, "        ", LENGTH); /* room for the length */
  put_metadata(json, leaves, count, &sum_at);
  for (size_t size = 8; size > 0; size /= 2) {
    for (size_t i = 0; i < count; i++) {
      if (element_size(&leaves[i]) == size) {
        put_tensor(json, &leaves[i], at);
        at += (uint64_t)leaves[i].array->count * size;
      }
    }
  }
  optic_text_char(json, '}');
  optic_text_repeat(json, ' ', (ALIGN - json->size % ALIGN) % ALIGN);
  if (json->oom) {
    return optic_fail_oom(&core->fault);
  }
  size_t header_size = json->size - LENGTH;
  if (header_size > LONGEST) {
    return optic_fail(&core->fault, D_too_large, "the names of %llu leaves are too much for one safetensors file",
                      (unsigned long long)count);
  }
  for (size_t i = 0; i < LENGTH; i++) {
    length[i] = (uint8_t)((uint64_t)header_size >> 8 * i);
  }
  memcpy(json->at, length, LENGTH);
  char digits[DIGITS + 1];
  digits_of(header_crc((const uint8_t *)json->at, header_size, sum_at - LENGTH), digits);
  memcpy(json->at + sum_at, digits, DIGITS);
  return true;
}

bool optic_safetensors_write(FileSave *save, const Leaf *leaves, size_t count)
{
  Core *core = save->core;
  Text json;
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(leaves[i].path, "__metadata__")) {
      return optic_fail(&core->fault, D_value, "a leaf cannot be called `__metadata__` in a safetensors file");
    }
  }
  optic_text_init(&json, &core->alloc);
  bool ok = put_header(core, &json, leaves, count) && optic_save_write(save, json.at, json.size);
  optic_text_finish(&json);
  for (size_t size = 8; ok && size > 0; size /= 2) {
    for (size_t i = 0; ok && i < count; i++) {
      ok = element_size(&leaves[i]) != size || optic_element_write(leaves[i].array, emit, save);
    }
  }
  return ok;
}
