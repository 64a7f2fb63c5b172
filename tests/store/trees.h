/* trees.h: what the tests of src/store have in common.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TESTS_STORE_TREES_H
#define OPTIC_TESTS_STORE_TREES_H

#include "files.h"
#include "store/key.h"
#include "store/store.h"
#include "tree/leaf_order.h"

/* A file of tests/store/files. */
static inline uint8_t *fixture(const char *name, size_t *size)
{
  char path[256];
  snprintf(path, sizeof path, "tests/store/files/%s", name);
  return get_file(in_root(path), size);
}

/* The bytes in a block of just their size. */
static inline bool parse_exact(Core *core, const char *name, const void *bytes, size_t size, Leaves *out)
{
  uint8_t *copy = malloc(size ? size : 1);
  memcpy(copy, bytes, size);
  *out = (Leaves){.list = {.size = 0}};
  bool ok = optic_store_parse(core, name, copy, size, out);
  free(copy);
  return ok;
}

/* It must be refused, with this message. */
static inline void refuse(const char *name, const void *bytes, size_t size, DiagCode code, const char *part)
{
  Core core;
  Leaves leaves;
  core_make(&core);
  assert_false(parse_exact(&core, name, bytes, size, &leaves));
  assert_int_equal(leaves.list.size, 0);
  expect_fault(&core, code, part);
  core_end(&core);
}

/* Whatever it is: no crash, and memory in proportion. */
static inline bool survive(const char *name, const void *bytes, size_t size)
{
  Core core;
  Leaves leaves;
  core_make(&core);
  bool ok = parse_exact(&core, name, bytes, size, &leaves);
  assert_true(ok || core.fault.code != D_none);
  assert_true(core.alloc.peak < 40 * size + 500000);
  optic_leaves_finish(&core, &leaves);
  core_end(&core);
  return ok;
}

/* How many of the files with one bit flipped are accepted. */
static inline size_t flips_accepted(const char *name, uint8_t *bytes, size_t size)
{
  size_t accepted = 0;
  for (size_t bit = 0; bit < 8 * size; bit++) {
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    accepted += survive(name, bytes, size);
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  return accepted;
}

/* How many of the proper beginnings are accepted. */
static inline size_t cuts_accepted(const char *name, const uint8_t *bytes, size_t size)
{
  size_t accepted = 0;
  for (size_t cut = 0; cut < size; cut++) {
    accepted += survive(name, bytes, cut);
  }
  return accepted;
}

static inline const Array *leaf_array(const Leaves *leaves, const char *path)
{
  const Leaf *leaf = optic_leaves_find(leaves, path, strlen(path));
  if (!leaf) {
    fail_msg("no leaf %s", path);
  }
  return leaf->array;
}

/* An array with the numbers start, start + step .. */
static inline Array *ramp(Core *core, Dtype t, double start, double step, uint32_t rank, ...)
{
  Shape shape = {.rank = rank};
  va_list sizes;
  va_start(sizes, rank);
  for (uint32_t i = 0; i < rank; i++) {
    shape.at[i] = va_arg(sizes, int);
  }
  va_end(sizes);
  Array *a = optic_array_new(core, t, &shape);
  if (a) {
    for (size_t i = 0; i < a->count; i++) {
      optic_array_set(a, i, start + step * (double)i);
    }
  }
  return a;
}

/* Adds the array, and gives up the reference. False where it is NULL or memory lacks. */
static inline bool add_leaf(Core *core, Leaves *leaves, const char *path, Array *a)
{
  bool ok = a && optic_leaves_add(core, leaves, path, strlen(path), a);
  optic_array_drop(core, a);
  return ok;
}

static inline bool same_array(const Array *a, const Array *b)
{
  return a->dtype == b->dtype && a->weak == b->weak && optic_shape_equal(&a->shape, &b->shape) &&
         !memcmp(a->data, b->data, a->count * optic_dtype_size((Dtype)a->dtype));
}

/* A tree with every dtype (bf16 only if asked for), rank and kind of name; unsorted. */
static inline bool sample(Core *core, bool with_bf16, Leaves *out)
{
  return add_leaf(core, out, "params/Dense_1/bias", ramp(core, DT_F32, -1, 0.25, 1, 5)) &&
         add_leaf(core, out, "params/Dense_0/kernel", ramp(core, DT_F32, 0, 0.5, 2, 3, 4)) &&
         add_leaf(core, out, "a", ramp(core, DT_U8, 0, 1, 3, 2, 3, 1)) &&
         add_leaf(core, out, "a.b", ramp(core, DT_I32, -2, 1, 1, 4)) &&
         add_leaf(core, out, "half", ramp(core, DT_F16, 1, 1, 1, 3)) &&
         (!with_bf16 || add_leaf(core, out, "brain", ramp(core, DT_BF16, 1, 1, 1, 3))) &&
         add_leaf(core, out, "yes", ramp(core, DT_BOOL, 1, 0, 0)) &&
         add_leaf(core, out, "step", ramp(core, DT_F64, 1234567, 0, 0)) &&
         add_leaf(core, out, "none at all", ramp(core, DT_F64, 0, 0, 3, 2, 0, 7)) &&
         add_leaf(core, out,
                  "gr\xc3\xb6\xc3\x9f"
                  "e/\xe6\xa0\xb8 \"\\\n",
                  ramp(core, DT_F32, 1, 1, 1, 2)) &&
         add_leaf(core, out, "rng", optic_store_key(core, 0xdeadbeef00000007u));
}

#endif
