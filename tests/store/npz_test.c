/* npz_test.c: NumPy's archives: those that NumPy wrote, Optic's own, and every way to be wrong.
 * SPDX-License-Identifier: MIT */
#include "store/trees.h"

#include <zlib.h>

static void check_tree(const char *file, const uint8_t *bytes, size_t size)
{
  Core core;
  Leaves leaves;
  core_make(&core);
  if (!parse_exact(&core, "x.npz", bytes, size, &leaves)) {
    fail_msg("%s: %s", file, core.fault.message);
  }
  assert_int_equal(leaves.list.size, 4);
  const Array *kernel = leaf_array(&leaves, "Dense_0/kernel");
  assert_int_equal(kernel->dtype, DT_F32);
  assert_int_equal(kernel->shape.rank, 2);
  for (size_t i = 0; i < 12; i++) {
    assert_true(optic_array_get(kernel, i) == (double)i / 2);
  }
  assert_true(optic_array_get(leaf_array(&leaves, "Dense_0/bias"), 3) == 1);
  assert_true(optic_array_get(leaf_array(&leaves, "step"), 0) == 3);
  assert_true(optic_array_get(leaf_array(&leaves, "gr\xc3\xb6\xc3\x9f"
                                                  "e/\xe6\xa0\xb8"),
                              1) == 2);
  optic_leaves_finish(&core, &leaves);
  core_end(&core);
}

static void test_numpy_files(void **state)
{
  (void)state;
  static const char *const files[] = {"plain.npz", "packed.npz", "streamed.npz"};
  for (size_t i = 0; i < 3; i++) {
    size_t size;
    uint8_t *bytes = fixture(files[i], &size);
    check_tree(files[i], bytes, size);
    assert_int_equal(cuts_accepted("x.npz", bytes, size), 0);
    flips_accepted("x.npz", bytes, size);
    free(bytes);
  }
  /* 400 kB in 600 bytes are honest, and take two goes. */
  size_t size;
  uint8_t *bytes = fixture("zeros.npz", &size);
  Core core;
  Leaves leaves;
  core_make(&core);
  assert_true(parse_exact(&core, "x.npz", bytes, size, &leaves));
  assert_int_equal(leaf_array(&leaves, "zeros")->count, 100000);
  optic_leaves_finish(&core, &leaves);
  core_end(&core);
  free(bytes);
}

/* Optic's own archive of the sample tree. */
static uint8_t *own(size_t *size)
{
  Core core;
  Folder folder;
  Leaves leaves = {.list = {.size = 0}};
  core_make(&core);
  folder_make(&folder);
  assert_true(sample(&core, false, &leaves));
  assert_true(optic_store_save(&core, NULL, in_folder(&folder, "x.npz"), &leaves));
  uint8_t *bytes = get_file(in_folder(&folder, "x.npz"), size);
  optic_leaves_finish(&core, &leaves);
  folder_remove(&folder);
  core_end(&core);
  return bytes;
}

static void test_damage(void **state)
{
  (void)state;
  size_t size;
  uint8_t *bytes = own(&size);
  assert_true(survive("x.npz", bytes, size));
  assert_int_equal(cuts_accepted("x.npz", bytes, size), 0);
  assert_int_equal(flips_accepted("x.npz", bytes, size), 0);
  uint8_t *longer = malloc(size + 1);
  memcpy(longer, bytes, size);
  longer[size] = 0;
  refuse("x.npz", longer, size + 1, D_format, "end record is missing");
  free(longer);
  bytes[size / 2] ^= 1;
  refuse("x.npz", bytes, size, D_format, "is damaged");
  free(bytes);
}

/* ---- archives made here, to be wrong in one place --------------------------------------------------------------- */
typedef struct Part {
  const char *name, *local_name; /* local_name NULL: the same */
  unsigned flags, method, local_flags, local_method;
  uint32_t crc;
  uint64_t packed, unpacked, local_packed, local_unpacked;
  uint64_t offset;
  const uint8_t *data;
  size_t size;
  const uint8_t *extra, *local_extra;
  size_t extra_size, local_extra_size;
} Part;

typedef struct Zip {
  uint8_t bytes[4096];
  size_t size, directory, directory_size;
  unsigned entries;
} Zip;

static void add(Zip *z, uint64_t x, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    z->bytes[z->size++] = (uint8_t)(x >> 8 * i);
  }
}

static void add_bytes(Zip *z, const void *bytes, size_t size)
{
  if (size) {
    memcpy(z->bytes + z->size, bytes, size);
    z->size += size;
  }
}

static const uint8_t *one_array(size_t *size) /* u8[2] */
{
  static uint8_t bytes[128];
  static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}";
  memcpy(bytes, "\x93NUMPY\1\0", 8);
  bytes[8] = sizeof header - 1;
  bytes[9] = 0;
  memcpy(bytes + 10, header, sizeof header - 1);
  bytes[10 + sizeof header - 1] = 5;
  bytes[10 + sizeof header] = 6;
  *size = 10 + sizeof header + 1;
  return bytes;
}

static Part sound(const char *name)
{
  Part p = {.name = name};
  p.data = one_array(&p.size);
  p.packed = p.unpacked = p.local_packed = p.local_unpacked = p.size;
  p.crc = (uint32_t)crc32(0, p.data, (unsigned)p.size);
  return p;
}

static void put_local(Zip *z, Part *p)
{
  const char *name = p->local_name ? p->local_name : p->name;
  p->offset = z->size;
  add(z, 0x04034b50, 4);
  add(z, 20, 2);
  add(z, p->flags ^ p->local_flags, 2);
  add(z, p->method ^ p->local_method, 2);
  add(z, 0, 4);
  add(z, p->crc, 4);
  add(z, p->local_packed, 4);
  add(z, p->local_unpacked, 4);
  add(z, strlen(name), 2);
  add(z, p->local_extra_size, 2);
  add_bytes(z, name, strlen(name));
  add_bytes(z, p->local_extra, p->local_extra_size);
  add_bytes(z, p->data, p->size);
}

static void put_central(Zip *z, const Part *p)
{
  if (!z->directory) {
    z->directory = z->size;
  }
  add(z, 0x02014b50, 4);
  add(z, 20, 2);
  add(z, 20, 2);
  add(z, p->flags, 2);
  add(z, p->method, 2);
  add(z, 0, 4);
  add(z, p->crc, 4);
  add(z, p->packed, 4);
  add(z, p->unpacked, 4);
  add(z, strlen(p->name), 2);
  add(z, p->extra_size, 2);
  add(z, 0, 8);
  add(z, 0, 2);
  add(z, p->offset, 4);
  add_bytes(z, p->name, strlen(p->name));
  add_bytes(z, p->extra, p->extra_size);
  z->entries++;
  z->directory_size = z->size - z->directory;
}

static void put_end(Zip *z, unsigned entries, size_t directory, size_t directory_size)
{
  add(z, 0x06054b50, 4);
  add(z, 0, 4);
  add(z, entries, 2);
  add(z, entries, 2);
  add(z, directory_size, 4);
  add(z, directory, 4);
  add(z, 0, 2);
}

static Zip zip_of(Part *parts, size_t count)
{
  Zip z = {.size = 0};
  for (size_t i = 0; i < count; i++) {
    put_local(&z, &parts[i]);
  }
  for (size_t i = 0; i < count; i++) {
    put_central(&z, &parts[i]);
  }
  put_end(&z, z.entries, z.directory, z.directory_size);
  return z;
}

static void refuse_part(Part p, const char *message)
{
  Zip z = zip_of(&p, 1);
  refuse("x.npz", z.bytes, z.size, D_format, message);
}

static void test_rules(void **state)
{
  (void)state;
  Part p = sound("a.npy");
  Zip z = zip_of(&p, 1);
  assert_true(survive("x.npz", z.bytes, z.size));
  z = (Zip){.size = 0};
  put_end(&z, 0, 0, 0);
  assert_true(survive("x.npz", z.bytes, z.size)); /* empty */

  p = sound("a.npy");
  p.flags = 1;
  refuse_part(p, "is encrypted");
  p = sound("a.npy");
  p.flags = 1 << 5;
  refuse_part(p, "does not know");
  p = sound("a.npy");
  p.method = 12;
  refuse_part(p, "a way (12)");
  refuse_part(sound("a.txt"), "not an array (.npy)");
  refuse_part(sound("dir/"), "not an array (.npy)");
  refuse_part(sound("\xff.npy"), "not UTF-8");
  p = sound("a.npy");
  p.local_name = "b.npy";
  refuse_part(p, "not what the directory says");
  p = sound("a.npy");
  p.local_flags = 2;
  refuse_part(p, "not what the directory says");
  p = sound("a.npy");
  p.local_method = 8;
  refuse_part(p, "not what the directory says");
  p = sound("a.npy");
  p.local_packed = 1;
  refuse_part(p, "size of an entry");
  p = sound("a.npy");
  p.local_unpacked = 1;
  refuse_part(p, "size of an entry");
  p = sound("a.npy");
  p.crc++;
  refuse_part(p, "checksum is wrong");
  p = sound("a.npy");
  p.packed = p.unpacked = p.local_packed = p.local_unpacked = 4000000000u;
  refuse_part(p, "larger than the archive");
  p = sound("a.npy");
  p.unpacked = p.local_unpacked = p.size - 1; /* stored, with two sizes */
  refuse_part(p, "larger than the archive");
  p = sound("a.npy");
  p.packed = p.unpacked = p.local_packed = p.local_unpacked = p.size - 1;
  refuse_part(p, NULL);
  p = sound("a.npy");
  p.packed = p.unpacked = p.local_packed = p.local_unpacked = p.size + 1;
  p.extra = (const uint8_t *)"";
  refuse_part(p, NULL);
  p = sound("a.npy");
  p.method = 8; /* stored data that calls itself deflated */
  refuse_part(p, NULL);
  p = sound("a.npy");
  p.extra = (const uint8_t *)"\1\0\377\377";
  p.extra_size = 4;
  refuse_part(p, "extra field");
  p = sound("a.npy");
  p.extra = (const uint8_t *)"\1\0\0\0";
  p.extra_size = 3;
  refuse_part(p, "extra field");
  p = sound("a.npy");
  p.unpacked = UINT32_MAX;
  p.extra = (const uint8_t *)"\1\0\4\0\1\2\3\4";
  p.extra_size = 8;
  refuse_part(p, "extra field");

  /* ZIP64 in one entry. */
  p = sound("a.npy");
  uint8_t wide[20] = {1, 0, 16, 0, (uint8_t)p.size, 0, 0, 0, 0, 0, 0, 0, (uint8_t)p.size};
  p.packed = p.unpacked = p.local_packed = p.local_unpacked = UINT32_MAX;
  p.extra = p.local_extra = wide;
  p.extra_size = p.local_extra_size = sizeof wide;
  z = zip_of(&p, 1);
  assert_true(survive("x.npz", z.bytes, z.size));

  /* Names twice, and entries that overlap, or leave a gap. */
  Part two[2] = {sound("a.npy"), sound("a.npy")};
  z = zip_of(two, 2);
  refuse("x.npz", z.bytes, z.size, D_format, "has `a` twice");
  two[1] = sound("b.npy");
  z = zip_of(two, 2);
  assert_true(survive("x.npz", z.bytes, z.size));
  z = (Zip){.size = 0};
  put_local(&z, &two[0]);
  two[1].offset = 0; /* both are one */
  put_central(&z, &two[0]);
  put_central(&z, &two[1]);
  put_end(&z, 2, z.directory, z.directory_size);
  refuse("x.npz", z.bytes, z.size, D_format, "overlap");
  z = (Zip){.size = 0};
  add(&z, 0, 1);
  put_local(&z, &two[0]);
  put_central(&z, &two[0]);
  put_end(&z, 1, z.directory, z.directory_size);
  refuse("x.npz", z.bytes, z.size, D_format, "bytes between");
  z = (Zip){.size = 0};
  put_local(&z, &two[0]);
  add(&z, 0, 1);
  put_central(&z, &two[0]);
  put_end(&z, 1, z.directory, z.directory_size);
  refuse("x.npz", z.bytes, z.size, D_format, "belong to no entry");

  /* End records. */
  static const struct {
    int entries, directory, size;
    const char *message;
  } ends[] = {
      {1, 0, 0, "an entry of its directory is missing"},
      {-1, 0, 0, "belong to no entry"},
      {0, 1, 0, "not where it should be"},
      {0, 0, 1, "not where it should be"},
      {0, -1, 1, "directory is missing"},
      {0, 1, -1, "directory is missing"},
      {65534, 0, 0, "ZIP64 record is malformed"},
  };
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    p = sound("a.npy");
    z = (Zip){.size = 0};
    put_local(&z, &p);
    put_central(&z, &p);
    put_end(&z, 1 + (unsigned)ends[i].entries, z.directory + (size_t)ends[i].directory,
            z.directory_size + (size_t)ends[i].size);
    refuse("x.npz", z.bytes, z.size, D_format, ends[i].message);
  }
  refuse("x.npz", "", 0, D_format, "end record is missing");
  refuse("x.npz", "PK\5\6", 4, D_format, "end record is missing");
}

/* ---- saving ----------------------------------------------------------------------------------------------------- */
static void test_zip64_end(void **state)
{
  (void)state;
  /* More entries than 16 bits count need the ZIP64 record. */
  enum { MANY = 65536 };
  Core core;
  Folder folder;
  Leaves leaves = {.list = {.size = 0}}, back = {.list = {.size = 0}};
  core_make(&core);
  folder_make(&folder);
  Array *a = ramp(&core, DT_U8, 7, 0, 0);
  for (int i = 0; i < MANY; i++) {
    char name[16];
    snprintf(name, sizeof name, "n%d", i);
    assert_true(optic_leaves_add(&core, &leaves, name, strlen(name), a));
  }
  optic_array_drop(&core, a);
  assert_true(optic_store_save(&core, NULL, in_folder(&folder, "x.npz"), &leaves));
  assert_true(optic_store_load(&core, NULL, in_folder(&folder, "x.npz"), &back));
  assert_int_equal(back.list.size, MANY);
  optic_leaves_finish(&core, &leaves);
  optic_leaves_finish(&core, &back);
  folder_remove(&folder);
  core_end(&core);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numpy_files),
      cmocka_unit_test(test_damage),
      cmocka_unit_test(test_rules),
      cmocka_unit_test(test_zip64_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
