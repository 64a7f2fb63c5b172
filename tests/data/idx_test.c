/* idx_test.c: IDX files, plain and compressed; damaged, cut short, and lying about their size.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <time.h>
#include <zlib.h>

#include "data/idx.h"

/* In a block of its own size. NULL with the fault set. */
static Array *parse(Core *core, const void *bytes, size_t size)
{
  uint8_t *copy = malloc(size ? size : 1);
  memcpy(copy, bytes, size);
  Array *a = optic_idx_parse(core, "x.idx", copy, size);
  free(copy);
  return a;
}

static void refuse(const void *bytes, size_t size, DiagCode code, const char *part)
{
  Core core;
  core_make(&core);
  assert_null(parse(&core, bytes, size));
  expect_fault(&core, code, part);
  assert_true(core.alloc.peak < 40 * size + 300000);
  core_end(&core);
}

static size_t gzip(uint8_t *out, size_t room, const void *bytes, size_t size)
{
  z_stream z = {
      .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (unsigned)size, .next_out = out, .avail_out = (unsigned)room};
  assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  deflateEnd(&z);
  return z.total_out;
}

static const uint8_t grid[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255};

static void test_types(void **state)
{
  (void)state;
  static const struct {
    const char *bytes;
    size_t size;
    Dtype dtype;
    double first;
  } cases[] = {
      {"\0\0\x08\1\0\0\0\1\xff", 9, DT_U8, 255},           {"\0\0\x09\1\0\0\0\1\xff", 9, DT_I32, -1},
      {"\0\0\x0b\1\0\0\0\1\xff\xfe", 10, DT_I32, -2},      {"\0\0\x0c\1\0\0\0\1\0\1\0\2", 12, DT_I32, 65538},
      {"\0\0\x0d\1\0\0\0\1\x3f\xc0\0\0", 12, DT_F32, 1.5}, {"\0\0\x0e\1\0\0\0\1\xbf\xf8\0\0\0\0\0\0", 16, DT_F64, -1.5},
      {"\0\0\x0d\0\x3f\xc0\0\0", 8, DT_F32, 1.5},
  };
  Core core;
  core_make(&core);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Array *a = parse(&core, cases[i].bytes, cases[i].size);
    assert_non_null(a);
    assert_int_equal(a->dtype, cases[i].dtype);
    assert_int_equal(a->count, 1);
    assert_true(optic_array_get(a, 0) == cases[i].first);
    optic_array_drop(&core, a);
  }
  Array *a = parse(&core, "\0\0\x08\2\0\0\0\0\377\377\377\377", 12); /* empty, beside a large size */
  assert_true(a ? a->count == 0 : core.fault.code == D_too_large);
  optic_array_drop(&core, a);
  core_end(&core);
}

static void test_wrong(void **state)
{
  (void)state;
  refuse("\0\1\x08\1\0\0\0\1\1", 9, D_format, "not an IDX file");
  refuse("\0\0\x0a\1\0\0\0\1\1", 9, D_format, "not an IDX file");
  refuse("\0\0\x08\x09", 4, D_format, "9 axes");
  refuse("\0\0\x08\1\0\0\0\1\1\1", 10, D_format, "1 bytes too many");
  refuse("\0\0\x08\1\0\0\0\2\1", 9, D_format, "announces 2 bytes of data and holds 1");
  refuse("\0\0\x08\1\377\377\377\377\1", 9, D_format, "announces 4294967295 bytes");
  refuse("\0\0\x0e\3\377\377\377\377\377\377\377\377\377\377\377\377", 16, D_too_large, "`x.idx`");
  refuse("\0\0\x0d\4\0\2\0\0\0\2\0\0\0\2\0\0\0\2\0\0", 20, D_too_large, "limit");
  refuse("", 0, D_format, "ends too early");
  for (size_t cut = 0; cut < sizeof grid; cut++) {
    refuse(grid, cut, D_format, NULL);
  }
}

static void test_gzip(void **state)
{
  (void)state;
  uint8_t packed[200], twice[400];
  size_t size = gzip(packed, sizeof packed, grid, sizeof grid);
  Core core;
  core_make(&core);
  Array *a = parse(&core, packed, size);
  assert_non_null(a);
  assert_int_equal(a->count, 6);
  assert_memory_equal(a->data, grid + 12, 6);
  optic_array_drop(&core, a);
  core_end(&core);
  for (size_t cut = 2; cut < size; cut++) {
    refuse(packed, cut, D_format, NULL);
  }
  /* A flip that is not found out (the header's time, bits that only fill a byte) changes no number. */
  for (size_t bit = 16; bit < 8 * size; bit++) {
    packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    core_make(&core);
    a = parse(&core, packed, size);
    assert_true(a ? a->count == 6 && !memcmp(a->data, grid + 12, 6)
                  : core.fault.code == D_format || core.fault.code == D_too_large);
    optic_array_drop(&core, a);
    core_end(&core);
    packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  memcpy(twice, packed, size);
  memcpy(twice + size, packed, size);
  refuse(twice, 2 * size, D_format, "bytes too many at its end");
  refuse(twice, size + 1, D_format, "1 bytes too many");
  size = gzip(packed, sizeof packed, "\0\0\x08\1\0\0\0\1\1\1", 10);
  refuse(packed, size, D_format, "holds more than it announces");
}

/* 64 MiB of zeros in 64 kB. */
static void test_bomb(void **state)
{
  (void)state;
  enum { LARGE = 64 << 20, ROOM = 1 << 17 };
  uint8_t *zeros = calloc(1, LARGE), *packed = malloc(ROOM);
  zeros[2] = 8;
  zeros[3] = 1;
  zeros[7] = 100; /* says 100 bytes */
  size_t size = gzip(packed, ROOM, zeros, LARGE);
  clock_t begin = clock();
  refuse(packed, size, D_format, "holds more than it announces");
  assert_true(clock() - begin < CLOCKS_PER_SEC / 2);
  zeros[4] = 4; /* says 64 MiB and a little: what compression could yield, but does not */
  zeros[7] = 0;
  size = gzip(packed, ROOM, zeros, LARGE);
  refuse(packed, size, D_format, "ends too early");
  zeros[4] = 255; /* says 4 GiB */
  size = gzip(packed, ROOM, zeros, LARGE);
  refuse(packed, size, D_format, "more than its");
  zeros[4] = 3; /* says the truth, against a limit of memory */
  zeros[5] = zeros[6] = 255;
  zeros[7] = 248;
  size = gzip(packed, ROOM, zeros, LARGE);
  Core core;
  Limits limits = optic_limits_default();
  limits.memory = 1 << 20;
  assert_true(optic_core_init(&core, NULL, NULL, &limits, 1));
  assert_null(parse(&core, packed, size));
  expect_fault(&core, D_out_of_memory, NULL);
  assert_true(core.alloc.peak <= limits.memory);
  core_end(&core);
  core_make(&core);
  Array *a = parse(&core, packed, size);
  assert_non_null(a);
  assert_int_equal(a->count, LARGE - 8);
  optic_array_drop(&core, a);
  core_end(&core);
  free(zeros);
  free(packed);
}

static bool swept(Core *core, void *user)
{
  Array *a = optic_idx_read(core, NULL, user);
  bool ok = a;
  optic_array_drop(core, a);
  return ok;
}

static void test_memory(void **state)
{
  (void)state;
  Folder folder;
  char path[256];
  uint8_t packed[200];
  folder_make(&folder);
  snprintf(path, sizeof path, "%s", in_folder(&folder, "x.gz"));
  put_file(path, packed, gzip(packed, sizeof packed, grid, sizeof grid));
  sweep_memory(swept, path);
  put_file(path, grid, sizeof grid);
  sweep_memory(swept, path);
  folder_remove(&folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types), cmocka_unit_test(test_wrong),  cmocka_unit_test(test_gzip),
      cmocka_unit_test(test_bomb),  cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
