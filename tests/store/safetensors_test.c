/* safetensors_test.c: tensors behind a header in JSON: the library's files, Optic's own, and every rule broken once.
 * SPDX-License-Identifier: MIT */
#include "store/trees.h"

static void test_library_file(void **state)
{
  (void)state;
  Core core;
  Leaves leaves;
  size_t size;
  core_make(&core);
  uint8_t *bytes = fixture("plain.safetensors", &size);
  if (!parse_exact(&core, "x.safetensors", bytes, size, &leaves)) {
    fail_msg("%s", core.fault.message);
  }
  assert_int_equal(leaves.list.size, 8);
  for (size_t i = 0; i < 12; i++) {
    assert_true(optic_array_get(leaf_array(&leaves, "Dense_0/kernel"), i) == (double)i / 2);
  }
  assert_int_equal(leaf_array(&leaves, "step")->shape.rank, 0);
  assert_int_equal(leaf_array(&leaves, "brain")->dtype, DT_BF16);
  assert_true(optic_array_get(leaf_array(&leaves, "brain"), 0) == 1.5);
  assert_true(optic_array_get(leaf_array(&leaves, "half"), 1) == -2);
  assert_true(optic_array_get(leaf_array(&leaves, "flags"), 0) == 1);
  assert_int_equal(leaf_array(&leaves, "wide")->dtype, DT_I32);
  assert_true(optic_array_get(leaf_array(&leaves, "wide"), 1) == -6);
  assert_true(optic_array_get(leaf_array(&leaves, "gr\xc3\xb6\xc3\x9f"
                                                  "e/\xe6\xa0\xb8"),
                              1) == 2);
  optic_leaves_finish(&core, &leaves);
  core_end(&core);
  assert_int_equal(cuts_accepted("x.safetensors", bytes, size), 0);
  assert_true(flips_accepted("x.safetensors", bytes, size) > 0); /* it has no checksums: values do change */
  free(bytes);
}

static void test_damage(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  Leaves leaves = {.list = {.size = 0}};
  size_t size;
  core_make(&core);
  folder_make(&folder);
  const char *path = in_folder(&folder, "x.safetensors");
  for (int empty = 0; empty < 2; empty++) {
    assert_true(empty || sample(&core, true, &leaves));
    assert_true(optic_store_save(&core, NULL, path, &leaves));
    uint8_t *bytes = get_file(path, &size);
    assert_int_equal(bytes[8], '{');
    assert_int_equal(bytes[0] % 8, 0);
    assert_true(survive("x.safetensors", bytes, size));
    assert_int_equal(cuts_accepted("x.safetensors", bytes, size), 0);
    assert_int_equal(flips_accepted("x.safetensors", bytes, size), 0);
    bytes[size - 1] ^= 1;
    refuse("x.safetensors", bytes, size, D_format, empty ? NULL : "`x.safetensors` is damaged: the checksum of yes");
    free(bytes);
    optic_leaves_finish(&core, &leaves);
  }
  folder_remove(&folder);
  core_end(&core);
}

static size_t compose(uint8_t *out, const char *json, size_t data)
{
  size_t size = strlen(json);
  memset(out, 0, 8);
  out[0] = (uint8_t)size;
  out[1] = (uint8_t)(size >> 8);
  memcpy(out + 8, json, size);
  memset(out + 8 + size, 0, data);
  return 8 + size + data;
}

#define T(name, dtype, shape, from, to)                                                                                \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to "]}"

static void test_rules(void **state)
{
  (void)state;
  static const struct {
    const char *json;
    size_t data;
    const char *message; /* NULL: fine */
    DiagCode code;       /* 0: D_format */
  } cases[] = {
      {"{" T("a", "F32", "[2]", 0, 8) "}", 8, NULL, 0},
      {"{}", 0, NULL, 0},
      {"{\"__metadata__\":{}}   ", 0, NULL, 0},
      {"{\"__metadata__\":{\"format\":\"pt\"}," T("a", "U8", "[]", 0, 1) "}", 1, NULL, 0},
      {"{ \"a\" : { \"shape\" : [ 1 , 2 ] ,\n\"data_offsets\":[0,2],\t\"dtype\":\"BOOL\" } }", 2, NULL, 0},
      {"{" T("b", "F32", "[1]", 4, 8) "," T("a", "F32", "[1]", 0, 4) "}", 8, NULL, 0},
      {"{" T("b", "F32", "[0]", 4, 4) "," T("a", "F32", "[1]", 0, 4) "," T("c", "F32", "[0,3]", 0, 0) "}", 4, NULL, 0},
      {"{" T("\\u00e9\\ud83d\\ude00\\n\\/", "U8", "[0]", 0, 0) "}", 0, NULL, 0},
      {"{" T("a", "I8", "[2]", 0, 2) "}", 2, NULL, 0},
      {"{" T("a", "U32", "[2]", 0, 8) "}", 8, NULL, 0},
      /* sizes */
      {"{" T("a", "F32", "[2]", 0, 8) "}", 9, "announces 8 bytes of data and holds 9", 0},
      {"{" T("a", "F32", "[2]", 0, 8) "}", 7, "announces 8 bytes of data and holds 7", 0},
      {"{" T("a", "F32", "[2]", 0, 7) "}", 7, "announces 8 bytes of data and holds 7", 0},
      {"{" T("a", "F32", "[2]", 0, 9) "}", 9, "1 bytes too many", 0},
      {"{" T("a", "F32", "[0]", 0, 1) "}", 1, "1 bytes too many", 0},
      {"{" T("a", "F32", "[2]", 8, 0) "}", 8, "two offsets", 0},
      {"{" T("a", "F32", "[2]", 4, 12) "}", 12, "a hole before `a`", 0},
      {"{" T("a", "F32", "[1]", 0, 4) "," T("b", "F32", "[1]", 5, 9) "}", 9, "a hole before `b`", 0},
      {"{" T("a", "F32", "[1]", 0, 4) "," T("b", "F32", "[1]", 2, 6) "}", 6, "overlap before `b`", 0},
      {"{" T("a", "F32", "[1]", 0, 4) "," T("b", "F32", "[1]", 0, 4) "}", 4, "overlap before", 0},
      {"{" T("a", "F32", "[4294967296,4294967296,4294967296,4294967296]", 0, 0) "}", 0, "limit", D_too_large},
      {"{" T("a", "F32", "[9223372036854775807,2]", 0, 0) "}", 0, "limit", D_too_large},
      {"{" T("a", "F64", "[68719476737]", 0, 8) "}", 8, "announces 549755813896", 0},
      {"{" T("a", "F32", "[4611686018427387905]", 0, 4) "}", 4, "limit", D_too_large},
      {"{" T("a", "U8", "[18446744073709551616]", 0, 0) "}", 0, "below 2**63", 0},
      {"{" T("a", "U8", "[9223372036854775808]", 0, 0) "}", 0, "below 2**63", 0},
      {"{" T("a", "U8", "[1,1,1,1,1,1,1,1,1]", 0, 1) "}", 1, "at most 8 axes", 0},
      /* names */
      {"{" T("a", "U8", "[0]", 0, 0) "," T("a", "U8", "[0]", 0, 0) "}", 0, "has `a` twice", 0},
      {"{" T("a", "U8", "[0]", 0, 0) "," T("\\u0061", "U8", "[0]", 0, 0) "}", 0, "has `a` twice", 0},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "only once", 0},
      {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "has `a` twice", 0},
      {"{" T("a\\u0000", "U8", "[0]", 0, 0) "}", 0, "a character that exists", 0},
      {"{" T("\\ud800", "U8", "[0]", 0, 0) "}", 0, "second half", 0},
      {"{" T("\\ud800\\u0041", "U8", "[0]", 0, 0) "}", 0, "a character that exists", 0},
      {"{" T("\\udc00", "U8", "[0]", 0, 0) "}", 0, "a character that exists", 0},
      {"{" T("\\u12g4", "U8", "[0]", 0, 0) "}", 0, "four hexadecimal digits", 0},
      {"{" T("\\x41", "U8", "[0]", 0, 0) "}", 0, "an escape", 0},
      {"{" T("\xff", "U8", "[0]", 0, 0) "}", 0, "UTF-8", 0},
      {"{" T("\xed\xa0\x80", "U8", "[0]", 0, 0) "}", 0, "UTF-8", 0},
      {"{" T("a\nb", "U8", "[0]", 0, 0) "}", 0, "UTF-8", 0},
      /* form */
      {"", 0, "`{` expected", 0},
      {" {}", 0, "`{` expected", 0},
      {"[]", 0, "`{` expected", 0},
      {"{", 0, "a string", 0},
      {"{}x", 0, "nothing behind", 0},
      {"{}\n", 0, "nothing behind", 0},
      {"{" T("a", "U8", "[0]", 0, 0) ",}", 0, "a string", 0},
      {"{" T("a", "U8", "[0]", 0, 0), 0, "`,` or `}`", 0},
      {"{\"a\"}", 0, "`:`", 0},
      {"{\"a\":1}", 0, "`{`", 0},
      {"{\"a\":{}}", 0, "a string", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, "`data_offsets` expected", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "each once", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"more\":1}}", 0, "each once", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0]}}", 0, "two offsets", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0,0]}}", 0, "a shorter list", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[]}}", 0, "two offsets", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":0,\"data_offsets\":[0,0]}}", 0, "`[`", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0 1],\"data_offsets\":[0,0]}}", 0, "`,` or `]`", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0, "a whole number", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[01],\"data_offsets\":[0,1]}}", 1, "a whole number", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1, "`,` or `]`", 0},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[[1]],\"data_offsets\":[0,1]}}", 1, "a whole number", 0},
      {"{" T("a", "F8_E4M3", "[1]", 0, 1) "}", 1, "has the dtype F8_E4M3", 0},
      {"{" T("a", "f32", "[1]", 0, 4) "}", 4, "has the dtype f32", 0},
      {"{\"__metadata__\":{\"a\":1}}", 0, "a string", 0},
      {"{\"__metadata__\":1}", 0, "`{`", 0},
      {"{\"__metadata__\":{\"a\"}}", 0, "`:`", 0},
      {"{\"__metadata__\":{\"a\":\"b\"", 0, "`,` or `}`", 0},
      {"{\"__metadata__\":{\"a\":\"b", 0, "`\"`", 0},
      /* checksums: some, but not all */
      {"{\"__metadata__\":{\"optic\":\"1\"}}", 0, "checksum of its header", 0},
      {"{\"__metadata__\":{\"crc32\":\"00000000\"}}", 0, "checksum of its header", 0},
      {"{\"__metadata__\":{\"crc32\":\"00000000\",\"optic\":\"1\"}}", 0, "checksum of its header", 0},
      {"{\"__metadata__\":{\"crc32/x\":\"00000000\"}}", 0, "checksum of its header", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t bytes[1024];
    size_t size = compose(bytes, cases[i].json, cases[i].data);
    if (!cases[i].message) {
      if (!survive("x.safetensors", bytes, size)) {
        fail_msg("refused: %s", cases[i].json);
      }
    } else {
      refuse("x.safetensors", bytes, size, cases[i].code ? cases[i].code : D_format, cases[i].message);
    }
  }
  refuse("x.safetensors", "", 0, D_format, "not a safetensors file");
  refuse("x.safetensors", "\3\0\0\0\0\0\0\0{}", 10, D_format, "cut short");
  refuse("x.safetensors", "\377\377\377\377\377\377\377\377{}", 10, D_format, "cut short");
  size_t size = ((size_t)16 << 20) + 9;
  uint8_t *large = calloc(1, size);
  large[0] = 1;
  large[3] = 1;
  refuse("x.safetensors", large, size, D_format, "more than the limit");
  free(large);
}

static void test_names(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  Leaves leaves = {.list = {.size = 0}};
  core_make(&core);
  folder_make(&folder);
  assert_true(add_leaf(&core, &leaves, "__metadata__", ramp(&core, DT_F32, 0, 1, 1, 2)));
  assert_false(optic_store_save(&core, NULL, in_folder(&folder, "x.safetensors"), &leaves));
  expect_fault(&core, D_value, "__metadata__");
  assert_int_equal(folder_empty(&folder), 0);
  optic_leaves_finish(&core, &leaves);
  folder_remove(&folder);
  core_end(&core);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_library_file),
      cmocka_unit_test(test_damage),
      cmocka_unit_test(test_rules),
      cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
