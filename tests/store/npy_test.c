/* npy_test.c: NumPy's format of one array: files that NumPy wrote, and every way to be wrong.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "store/trees.h"

typedef struct Expected {
  const char *file, *type;
  double numbers[4]; /* the first of them */
} Expected;

static void test_numpy_files(void **state)
{
  (void)state;
  static const Expected expected[] = {
      {"f4.npy", "f32[3, 4]", {0, 0.5, 1, 1.5}},
      {"v2.npy", "f32[3, 4]", {0, 0.5, 1, 1.5}},
      {"v3.npy", "f32[3, 4]", {0, 0.5, 1, 1.5}},
      {"big_endian.npy", "f32[3, 4]", {0, 0.5, 1, 1.5}},
      {"fortran.npy", "f64[2, 3, 4]", {0, 1, 2, 3}},
      {"bool.npy", "bool[3]", {1, 0, 1}},
      {"u1.npy", "u8[3]", {0, 127, 255}},
      {"i1.npy", "i32[3]", {-128, -1, 127}},
      {"i2.npy", "i32[3]", {-32768, -1, 32767}},
      {"u2.npy", "i32[2]", {0, 65535}},
      {"i4.npy", "i32[2]", {-2147483648.0, 2147483647}},
      {"u4.npy", "i32[3]", {0, 1, 2147483647}},
      {"key.npy", "i32[2]", {-1, 7}},
      {"i8.npy", "i32[3]", {-2147483648.0, -1, 2147483647}},
      {"f2.npy", "f16[4]", {1.5, -2, 65504, (double)INFINITY}},
      {"scalar.npy", "f64", {2.5}},
      {"empty.npy", "f32[0, 3]", {0}},
  };
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    const Expected *e = &expected[i];
    Core core;
    Leaves leaves;
    Text type;
    size_t size;
    core_make(&core);
    uint8_t *bytes = fixture(e->file, &size);
    if (!parse_exact(&core, e->file, bytes, size, &leaves)) {
      fail_msg("%s: %s", e->file, core.fault.message);
    }
    assert_int_equal(leaves.list.size, 1);
    const Array *a = leaf_array(&leaves, "");
    optic_text_init(&type, &core.alloc);
    optic_array_type_text(&type, a);
    assert_true(strstr(optic_text_cstr(&type), e->type) == optic_text_cstr(&type));
    for (size_t j = 0; j < a->count && j < 4; j++) {
      assert_true(optic_array_get(a, j) == e->numbers[j]);
    }
    for (size_t j = 0; !strcmp(e->file, "fortran.npy") && j < a->count; j++) {
      assert_true(optic_array_get(a, j) == (double)j);
    }
    assert_int_equal(a->weak, !strcmp(e->file, "key.npy"));
    optic_text_finish(&type);
    optic_leaves_finish(&core, &leaves);
    core_end(&core);
    assert_int_equal(cuts_accepted(e->file, bytes, size), 0);
    flips_accepted(e->file, bytes, size);
    free(bytes);
  }
}

static void test_refused_files(void **state)
{
  (void)state;
  static const char *const files[][2] = {
      {"i8_large.npy", "integer number 1 is too large"},
      {"i8_small.npy", "integer number 0 is too large"},
      {"u8_large.npy", "integer number 0 is too large"},
      {"complex.npy", "dtype `<c16`"},
      {"text.npy", "dtype `<U3`"},
      {"fields.npy", "several fields"},
      {"bf16.npy", "V2`"},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    size_t size;
    uint8_t *bytes = fixture(files[i][0], &size);
    refuse(files[i][0], bytes, size, D_format, files[i][1]);
    free(bytes);
  }
}

/* A file of version 1 with this header and `data` zero bytes. */
static size_t compose(uint8_t *out, const char *header, size_t data)
{
  size_t size = strlen(header);
  memcpy(out, "\x93NUMPY\1\0", 8);
  out[8] = (uint8_t)size;
  out[9] = (uint8_t)(size >> 8);
  memcpy(out + 10, header, size);
  memset(out + 10 + size, 0, data);
  return 10 + size + data;
}

static void test_headers(void **state)
{
  (void)state;
  static const struct {
    const char *header;
    size_t data;
    const char *message; /* NULL: fine */
    DiagCode code;       /* 0: D_format */
  } cases[] = {
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, NULL, 0},
      {"{'shape':(2,),'descr':'|u1','fortran_order':True}  \n", 2, NULL, 0},
      {"{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2, 1,)}", 8, NULL, 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, NULL, 0},
      {"{'descr': '<f4', 'fortran_order': True, 'shape': (0, 5)}", 0, NULL, 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", 8, "a tuple", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': 2}", 8, "a tuple", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", 24, "`,` or `)`", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", 8, "a size", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,,)}", 8, "a size", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2.5,)}", 8, "`,` or `)`", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4, "more than 8 axes", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", 8, "below 2**63", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}", 8, "below 2**63", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,)}", 8, "limit", D_too_large},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 8, "limit", D_too_large},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3037000500, 3037000500, 2)}", 8, "limit", D_too_large},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 8, "limit", D_too_large},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (536870912,)}", 8, "announces 4294967296 bytes", 0},
      {"{'descr': '<i8', 'fortran_order': False, 'shape': (200000000000,)}", 8, "announces 1600000000000 bytes", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 8, "announces 12 bytes of data and holds 8", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 8, "4 bytes too many", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", 1, "1 bytes too many", 0},
      {"{'descr': '<f4', 'fortran_order': False}", 8, "all of", 0},
      {"{}", 8, "all of", 0},
      {"", 8, "`{`", 0},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8, "each key once", 0},
      {"{'descr': '<f4', 'more': '<f4', 'fortran_order': False, 'shape': (2,)}", 8, "one of", 0},
      {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", 8, "True or False", 0},
      {"{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}", 8, "`,` or `}`", 0},
      {"{'descr' '<f4', 'fortran_order': False, 'shape': (2,)}", 8, "`:`", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", 8, "`,` or `}`", 0},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", 8, "nothing behind", 0},
      {"{'descr: '<f4', 'fortran_order': False, 'shape': (2,)}", 8, "one of", 0},
      {"{'descr': '<f4\\x', 'fortran_order': False, 'shape': (2,)}", 8, "a string", 0},
      {"{'descr': <f4, 'fortran_order': False, 'shape': (2,)}", 8, "a string", 0},
      {"{'descr': '|f4', 'fortran_order': False, 'shape': (2,)}", 8, "dtype `|f4`", 0},
      {"{'descr': 'f4', 'fortran_order': False, 'shape': (2,)}", 8, "dtype `f4`", 0},
      {"{'descr': '<f16', 'fortran_order': False, 'shape': (2,)}", 32, "dtype `<f16`", 0},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", 32, "dtype `|O`", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t bytes[512];
    size_t size = compose(bytes, cases[i].header, cases[i].data);
    if (!cases[i].message) {
      assert_true(survive("x.npy", bytes, size));
    } else {
      assert_false(survive("x.npy", bytes, size));
      refuse("x.npy", bytes, size, cases[i].code ? cases[i].code : D_format, cases[i].message);
    }
  }
  uint8_t bytes[512];
  size_t size = compose(bytes, cases[0].header, 8);
  bytes[6] = 4;
  refuse("x.npy", bytes, size, D_format, "not an array in NPY format");
  bytes[6] = 1;
  bytes[0] = 'x';
  refuse("x.npy", bytes, size, D_format, "not an array in NPY format");
  refuse("x.npy", "\x93NUMPY\2\0\377\377\377\377", 12, D_format, "more than the limit");
  refuse("x.npy", "\x93NUMPY\1\0\377\377", 10, D_format, "announces 65535 bytes");
  refuse("x.npy", "", 0, D_format, "ends too early");
  size = compose(bytes, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", 2);
  bytes[size - 1] = 2;
  refuse("x.npy", bytes, size, D_format, "element 1 is a bool");
}

static void test_round_trip(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  core_make(&core);
  folder_make(&folder);
  const char *path = in_folder(&folder, "x.npy");
  for (int t = 0; t < DT_COUNT; t++) {
    Leaves leaves = {.list = {.size = 0}}, back = {.list = {.size = 0}};
    assert_true(add_leaf(&core, &leaves, "", ramp(&core, (Dtype)t, 1, t == DT_BOOL ? 0 : 1, 2, 2, 3)));
    if (t == DT_BF16) {
      assert_false(optic_store_save(&core, NULL, path, &leaves));
      assert_non_null(strstr(core.fault.hint, "safetensors"));
      expect_fault(&core, D_dtype, "bf16");
      assert_false(optic_file_exists(NULL, path));
    } else {
      assert_true(optic_store_save(&core, NULL, path, &leaves));
      assert_true(optic_store_load(&core, NULL, path, &back));
      assert_true(same_array(leaf_array(&back, ""), leaf_array(&leaves, "")));
      assert_int_equal(folder_empty(&folder), 1);
    }
    optic_leaves_finish(&core, &leaves);
    optic_leaves_finish(&core, &back);
  }
  /* The longest header. */
  Leaves leaves = {.list = {.size = 0}};
  Shape shape = {.rank = 8, .at = {0, 900000000, 1000, 1, 1, 1, 1, 1}};
  assert_true(add_leaf(&core, &leaves, "", optic_array_new(&core, DT_F32, &shape)) || core.fault.code == D_too_large);
  optic_fault_clear(&core.fault);
  optic_leaves_finish(&core, &leaves);
  /* Two leaves, or a path, are no .npy. */
  assert_true(add_leaf(&core, &leaves, "a", ramp(&core, DT_F32, 0, 1, 1, 2)));
  assert_false(optic_store_save(&core, NULL, path, &leaves));
  expect_fault(&core, D_value, "a single array");
  optic_leaves_finish(&core, &leaves);
  folder_remove(&folder);
  core_end(&core);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numpy_files),
      cmocka_unit_test(test_refused_files),
      cmocka_unit_test(test_headers),
      cmocka_unit_test(test_round_trip),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
