/* store.c: trees of arrays in files: chooses the format. See store.h.
 * SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <string.h>

#include "store/key.h"
#include "store/npy.h"
#include "store/npz.h"
#include "store/safetensors.h"
#include "tree/leaf_order.h"

typedef enum Format { F_NPY, F_NPZ, F_SAFETENSORS, F_COUNT } Format;

/* ---- choosing ----------------------------------------------------------------------------------------------- */
static bool format_of(Core *core, const char *path, Format *out)
{
  static const char *const endings[F_COUNT] = {".npy", ".npz", ".safetensors"};
  size_t size = strlen(path);
  for (int f = 0; f < F_COUNT; f++) {
    size_t end = strlen(endings[f]);
    if (size > end && !memcmp(path + size - end, endings[f], end)) {
      *out = (Format)f;
      return true;
    }
  }
  optic_fail(&core->fault, D_value, "`%s` does not tell its format", path);
  return optic_fail_hint(&core->fault, "let the name end in .npz, .safetensors or .npy");
}

/* ---- loading ------------------------------------------------------------------------------------------------ */
static bool parse_npy(Core *core, const char *path, const uint8_t *bytes, size_t size, Leaves *out)
{
  Unpack u;
  if (!optic_unpack_begin(core, path, PACKED_NOT, bytes, size, &u)) {
    return false;
  }
  Array *a = optic_npy_read(&u);
  bool ok = a && optic_leaves_add(core, out, "", 0, a);
  optic_array_drop(core, a);
  optic_unpack_finish(&u);
  return ok;
}

static bool parse(Core *core, Format format, const char *path, const uint8_t *bytes, size_t size, Leaves *out)
{
  switch (format) {
  case F_NPY:
    return parse_npy(core, path, bytes, size, out);
  case F_NPZ:
    return optic_npz_parse(core, path, bytes, size, out);
  case F_SAFETENSORS:
    return optic_safetensors_parse(core, path, bytes, size, out);
  case F_COUNT:
    break;
  }
  return false;
}

bool optic_store_parse(Core *core, const char *path, const uint8_t *bytes, size_t size, Leaves *out)
{
  Format format;
  if (!format_of(core, path, &format)) {
    return false;
  }
  bool ok = parse(core, format, path, bytes, size, out);
  if (ok) {
    optic_leaves_sort(out);
    const Leaf *twice = optic_leaves_duplicate(out);
    ok = !twice || optic_fail(&core->fault, D_format, "`%s` has `%s` twice", path, twice->path);
  }
  if (!ok) {
    optic_leaves_finish(core, out);
  }
  return ok;
}

bool optic_store_load(Core *core, const FileOps *files, const char *path, Leaves *out)
{
  FileBytes bytes;
  Format format;
  if (!format_of(core, path, &format) || !optic_file_read(core, files, path, core->limits.tensor_bytes, &bytes)) {
    return false;
  }
  bool ok = optic_store_parse(core, path, bytes.at, bytes.size, out);
  optic_file_bytes_finish(core, &bytes);
  return ok;
}

/* ---- saving ------------------------------------------------------------------------------------------------- */
static bool emit(void *user, const void *bytes, size_t size)
{
  return optic_save_write(user, bytes, size);
}

static bool write_npy(FileSave *save, const Leaves *leaves)
{
  uint8_t header[OPTIC_NPY_HEADER];
  const Leaf *leaf = leaves->list.at;
  size_t size = optic_npy_header(save->core, save->path, leaf->array, header);
  return size && optic_save_write(save, header, size) && optic_element_write(leaf->array, emit, save);
}

static bool write_all(FileSave *save, Format format, const Leaves *sorted)
{
  switch (format) {
  case F_NPY:
    return write_npy(save, sorted);
  case F_NPZ:
    return optic_npz_write(save, sorted->list.at, sorted->list.size);
  case F_SAFETENSORS:
    return optic_safetensors_write(save, sorted->list.at, sorted->list.size);
  case F_COUNT:
    break;
  }
  return false;
}

static bool check(Core *core, Format format, const char *path, const Leaves *sorted)
{
  const Leaf *twice = optic_leaves_duplicate(sorted);
  if (twice) {
    return optic_fail(&core->fault, D_value, "cannot save `%s`: two leaves have the path `%s`", path, twice->path);
  }
  if (format == F_NPY && (sorted->list.size != 1 || sorted->list.at[0].path_size)) {
    optic_fail(&core->fault, D_value, "cannot save `%s`: .npy holds a single array, not a tree", path);
    return optic_fail_hint(&core->fault, "let the name end in .npz or .safetensors");
  }
  return true;
}

bool optic_store_save(Core *core, const FileOps *files, const char *path, const Leaves *leaves)
{
  Format format;
  FileSave save;
  if (!format_of(core, path, &format)) {
    return false;
  }
  /* A copy of the list alone; the leaves stay the caller's. */
  Leaves sorted = {.list = {.size = leaves->list.size}};
  size_t bytes = sorted.list.size * sizeof *sorted.list.at;
  if (bytes) {
    sorted.list.at = optic_core_alloc(core, bytes);
    if (!sorted.list.at) {
      return false;
    }
    memcpy(sorted.list.at, leaves->list.at, bytes);
    optic_leaves_sort(&sorted);
  }
  bool ok = check(core, format, path, &sorted) && optic_save_begin(core, files, path, &save);
  if (ok && write_all(&save, format, &sorted)) {
    ok = optic_save_commit(&save);
  } else if (ok) {
    optic_save_cancel(&save);
    ok = false;
  }
  optic_free(&core->alloc, sorted.list.at, bytes);
  return ok;
}

/* ---- keys --------------------------------------------------------------------------------------------------- */
Array *optic_store_key(Core *core, uint64_t key)
{
  Array *a = optic_array_new(core, DT_I32, &(Shape){.rank = 1, .at = {2}});
  if (a) {
    uint32_t words[2] = {(uint32_t)(key >> 32), (uint32_t)key};
    memcpy(a->data, words, sizeof words);
    a->weak = true;
  }
  return a;
}

uint64_t optic_store_key_of(const Array *a)
{
  uint32_t words[2];
  memcpy(words, a->data, sizeof words);
  return (uint64_t)words[0] << 32 | words[1];
}
