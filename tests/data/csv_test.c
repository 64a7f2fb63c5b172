/* csv_test.c: tables of numbers in text.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <math.h>

#include "data/csv.h"

static bool parse(Core *core, const char *text, size_t size, CsvHeader header, Dtype dtype, char separator, Csv *out)
{
  char *copy = malloc(size ? size : 1);
  memcpy(copy, text, size);
  CsvOptions options = {.header = header, .separator = separator, .dtype = dtype};
  bool ok = optic_csv_parse(core, "x.csv", copy, size, &options, out);
  free(copy);
  return ok;
}

static void test_tables(void **state)
{
  (void)state;
  static const char *const texts[] = {
      "1,2\n3,4\n5,6\n",
      "1,2\r\n3,4\r\n5,6",
      ("\xef\xbb\xbf"
       "1 , 2\n\n  \n3,4\n 5, 6 \n\n"),
      "\"1\",2\n3,\"4\"\n5,6",
      "1.0,2e0\n+3,0.4e1\n5,6.0",
  };
  Core core;
  Csv csv;
  core_make(&core);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!parse(&core, texts[i], strlen(texts[i]), CSV_GUESS, DT_F32, ',', &csv)) {
      fail_msg("%s", core.fault.message);
    }
    assert_non_null(csv.table);
    assert_int_equal(csv.table->shape.at[0], 3);
    assert_int_equal(csv.table->shape.at[1], 2);
    for (size_t j = 0; j < 6; j++) {
      assert_true(optic_array_get(csv.table, j) == (double)j + 1);
    }
    optic_csv_finish(&core, &csv);
  }
  static const char words[] = "nan;Inf;-inf;TRUE;false";
  assert_true(parse(&core, words, sizeof words - 1, CSV_GUESS, DT_F64, ';', &csv));
  assert_true(isnan(optic_array_get(csv.table, 0)) && isinf(optic_array_get(csv.table, 1)));
  assert_true(optic_array_get(csv.table, 2) < 0 && optic_array_get(csv.table, 3) == 1);
  optic_csv_finish(&core, &csv);
  assert_true(parse(&core, "1\t2", 3, CSV_NO_NAMES, DT_I32, '\t', &csv));
  assert_int_equal(csv.table->dtype, DT_I32);
  assert_int_equal(csv.table->count, 2);
  optic_csv_finish(&core, &csv);
  core_end(&core);
}

static void test_columns(void **state)
{
  (void)state;
  Core core;
  Csv csv;
  core_make(&core);
  static const char text[] = "\n\"b \"\"x\"\"\",a\n1,2\n3,4";
  assert_true(parse(&core, text, sizeof text - 1, CSV_GUESS, DT_F32, ',', &csv));
  assert_null(csv.table);
  assert_int_equal(csv.columns.list.size, 2);
  assert_string_equal(csv.columns.list.at[0].path, "b \"x\"");
  assert_string_equal(csv.columns.list.at[1].path, "a");
  assert_int_equal(csv.columns.list.at[1].array->shape.at[0], 2);
  assert_true(optic_array_get(csv.columns.list.at[1].array, 1) == 4);
  optic_csv_finish(&core, &csv);
  assert_true(parse(&core, "1,2\n3,4", 7, CSV_NAMES, DT_F32, ',', &csv));
  assert_string_equal(csv.columns.list.at[0].path, "1");
  optic_csv_finish(&core, &csv);
  assert_true(parse(&core, "a,b", 3, CSV_GUESS, DT_F32, ',', &csv)); /* no rows */
  assert_int_equal(csv.columns.list.at[0].array->count, 0);
  optic_csv_finish(&core, &csv);
  core_end(&core);
}

static void test_wrong(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    CsvHeader header;
    Dtype dtype;
    const char *message;
  } cases[] = {
      {"", CSV_GUESS, DT_F32, "holds nothing"},
      {" \n\n", CSV_GUESS, DT_F32, "holds nothing"},
      {"1,2\n3\n", CSV_GUESS, DT_F32, "line 2: 1 cells, where the first line has 2"},
      {"1,2\n3,4,\n", CSV_GUESS, DT_F32, "line 2: 3 cells"},
      {"1,2\n\n3,x\n", CSV_GUESS, DT_F32, "line 3: cell 2, `x`, is not a number"},
      {"a,b\n3,\n", CSV_GUESS, DT_F32, "line 2: cell 2 is empty"},
      {"a,b\n3,4\n", CSV_NO_NAMES, DT_F32, "line 1: cell 1, `a`, is not a number"},
      {"1,1e999\n", CSV_NO_NAMES, DT_F32, "is not a number"},
      {"1,2.5\n", CSV_GUESS, DT_I32, "line 1: cell 2, `2.5`, does not fit i32"},
      {"1,256\n", CSV_GUESS, DT_U8, "does not fit u8"},
      {"1,nan\n", CSV_GUESS, DT_I32, "does not fit i32"},
      {"1,2\n", CSV_GUESS, DT_BOOL, "does not fit bool"},
      {"1,3000000000\n", CSV_GUESS, DT_I32, "does not fit i32"},
      {"a,a\n1,2\n", CSV_GUESS, DT_F32, "two columns have the name `a`"},
      {"a,\n1,2\n", CSV_GUESS, DT_F32, "column 2 has no name"},
      {"a,\xff\n1,2\n", CSV_GUESS, DT_F32, "not UTF-8"},
      {"\"a,b\n1,2\n", CSV_GUESS, DT_F32, "line 1: a quote that is not closed"},
      {"1,2\n\"3\" x,4\n", CSV_GUESS, DT_F32, "line 2: text after a quoted cell"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Core core;
    Csv csv;
    core_make(&core);
    assert_false(parse(&core, cases[i].text, strlen(cases[i].text), cases[i].header, cases[i].dtype, ',', &csv));
    expect_fault(&core, D_format, cases[i].message);
    assert_null(csv.table);
    assert_int_equal(csv.columns.list.size, 0);
    core_end(&core);
  }
}

/* A wide first line and many short ones ask for nothing much. */
static void test_ragged(void **state)
{
  (void)state;
  enum { WIDE = 20000, LINES = 20000 };
  size_t size = 0;
  char *text = malloc(2 * WIDE + 2 * LINES);
  for (int i = 0; i < WIDE; i++) {
    text[size++] = '1';
    text[size++] = i + 1 < WIDE ? ',' : '\n';
  }
  for (int i = 0; i < LINES; i++) {
    text[size++] = '1';
    text[size++] = '\n';
  }
  Core core;
  Csv csv;
  core_make(&core);
  assert_false(parse(&core, text, size, CSV_GUESS, DT_F64, ',', &csv));
  expect_fault(&core, D_format, "line 2: 1 cells");
  assert_true(core.alloc.peak < 100000);
  text[0] = 'a'; /* names that are one, 20000 times */
  for (int i = 0; i < WIDE; i++) {
    text[2 * i] = 'a';
  }
  assert_false(parse(&core, text, 2 * WIDE, CSV_GUESS, DT_F64, ',', &csv));
  expect_fault(&core, D_format, "two columns");
  free(text);
  core_end(&core);
}

static bool swept(Core *core, void *user)
{
  CsvOptions options = {.separator = ',', .dtype = DT_F32};
  Csv csv;
  bool ok = optic_csv_read(core, NULL, user, &options, &csv);
  optic_csv_finish(core, &csv);
  return ok;
}

static void test_memory(void **state)
{
  (void)state;
  Folder folder;
  char path[256];
  folder_make(&folder);
  snprintf(path, sizeof path, "%s", in_folder(&folder, "x.csv"));
  put_file(path, "a,b\n1,2\n", 8);
  sweep_memory(swept, path);
  put_file(path, "1,2\n", 4);
  sweep_memory(swept, path);
  folder_remove(&folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tables), cmocka_unit_test(test_columns), cmocka_unit_test(test_wrong),
      cmocka_unit_test(test_ragged), cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
