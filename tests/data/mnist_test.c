/* mnist_test.c: finding and reading the data sets: small ones made here, and the real one where OPTIC_DATA says.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <sys/stat.h>

#include "data/mnist.h"

static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                    "t10k-labels-idx1-ubyte"};

/* n images of 2 x 3, or labels; `extra` bytes more or less than it should have. */
static void put_part(const char *path, bool images, int n)
{
  uint8_t bytes[200] = {0, 0, 8, images ? 3 : 1, 0, 0, 0, (uint8_t)n, 0, 0, 0, 2, 0, 0, 0, 3};
  size_t head = images ? 16 : 8, size = head + (size_t)(images ? 6 * n : n);
  for (size_t i = head; i < size; i++) {
    bytes[i] = (uint8_t)(i - head);
  }
  put_file(path, bytes, size);
}

static void put_set(const Folder *folder)
{
  for (int i = 0; i < 4; i++) {
    put_part(in_folder(folder, names[i]), i % 2 == 0, i < 2 ? 4 : 2);
  }
}

static void test_small(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  Mnist m;
  core_make(&core);
  folder_make(&folder);
  put_set(&folder);
  MnistPlaces places = {.dir = folder.path};
  assert_true(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  assert_string_equal(m.name, "MNIST");
  assert_string_equal(optic_text_cstr(&m.place), folder.path);
  assert_int_equal(m.train.image->shape.rank, 4);
  assert_int_equal(m.train.image->shape.at[0], 4);
  assert_int_equal(m.train.image->shape.at[3], 1);
  assert_int_equal(m.test.image->shape.at[2], 3);
  assert_int_equal(m.train.label->dtype, DT_I32);
  assert_true(optic_array_get(m.train.label, 3) == 3);
  assert_true(optic_array_get(m.test.image, 11) == 11);
  optic_mnist_finish(&core, &m);
  /* The dotted names. */
  rename(in_folder(&folder, names[0]), in_folder(&folder, "train-images.idx3-ubyte"));
  assert_true(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  optic_mnist_finish(&core, &m);
  /* Parts that do not fit each other. */
  put_part(in_folder(&folder, names[1]), false, 3);
  assert_false(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  expect_fault(&core, D_format, "has 4 images, and");
  put_part(in_folder(&folder, names[1]), true, 4);
  assert_false(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  expect_fault(&core, D_format, "labels must be u8[n]");
  put_part(in_folder(&folder, names[1]), false, 4);
  put_part(in_folder(&folder, names[2]), false, 2);
  assert_false(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  expect_fault(&core, D_format, "images must be u8[n, rows, columns]");
  uint8_t other[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9};
  put_file(in_folder(&folder, names[2]), other, sizeof other);
  assert_false(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  expect_fault(&core, D_format, "another size");
  put_file(in_folder(&folder, names[2]), "junk", 4);
  assert_false(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  expect_fault(&core, D_format, "not an IDX file");
  unlink(in_folder(&folder, names[3]));
  assert_false(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  expect_fault(&core, D_data_missing, "but not t10k-labels-idx1-ubyte");
  folder_remove(&folder);
  core_end(&core);
}

/* Where it is looked for, in order. */
static void test_places(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  Mnist m;
  core_make(&core);
  folder_make(&folder);
  char path[512], sub[256];
  MnistPlaces places = {.data_dir = "/nowhere/set", .xdg_data_home = "/nowhere/xdg", .home = "/nowhere/home"};
  assert_false(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  assert_non_null(strstr(core.fault.hint, "OPTIC_DATA"));
  expect_fault(&core, D_data_missing,
               "looked in `/nowhere/set/mnist`, `/nowhere/set`, `data/mnist`, `/nowhere/xdg/optic/mnist`");
  places.xdg_data_home = "";
  places.data_dir = "/nowhere/fashion-mnist/";
  assert_false(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  expect_fault(&core, D_data_missing,
               "looked in `/nowhere/fashion-mnist//mnist`, `data/mnist`, "
               "`/nowhere/home/.local/share/optic/mnist`");
  places.dir = "/nowhere/own";
  assert_false(optic_mnist_load(&core, NULL, MNIST_FASHION, &places, &m));
  assert_non_null(strstr(core.fault.hint, "apt install dataset-fashion-mnist"));
  expect_fault(&core, D_data_missing, "Fashion-MNIST is not on this machine; looked in `/nowhere/own`");
  places.dir = NULL;
  /* $OPTIC_DATA/mnist before $OPTIC_DATA. */
  places.data_dir = folder.path;
  put_set(&folder);
  assert_true(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  assert_string_equal(optic_text_cstr(&m.place), folder.path);
  optic_mnist_finish(&core, &m);
  snprintf(sub, sizeof sub, "%s/mnist", folder.path);
  assert_int_equal(mkdir(sub, 0700), 0);
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s/%s", sub, names[i]);
    rename(in_folder(&folder, names[i]), path);
  }
  assert_true(optic_mnist_load(&core, NULL, MNIST_DIGITS, &places, &m));
  assert_string_equal(optic_text_cstr(&m.place), sub);
  optic_mnist_finish(&core, &m);
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s/%s", sub, names[i]);
    unlink(path);
  }
  rmdir(sub);
  folder_remove(&folder);
  core_end(&core);
}

static bool swept(Core *core, void *user)
{
  MnistPlaces places = {.dir = user};
  Mnist m;
  bool ok = optic_mnist_load(core, NULL, MNIST_DIGITS, &places, &m);
  optic_mnist_finish(core, &m);
  return ok;
}

static void test_memory(void **state)
{
  (void)state;
  Folder folder;
  folder_make(&folder);
  put_set(&folder);
  sweep_memory(swept, folder.path);
  folder_remove(&folder);
}

/* The real ones, where they are. */
static void test_real(void **state)
{
  (void)state;
  MnistPlaces places = {.data_dir = getenv("OPTIC_DATA"), .home = getenv("HOME")};
  for (int kind = MNIST_DIGITS; kind <= MNIST_FASHION; kind++) {
    Core core;
    Mnist m;
    core_make(&core);
    if (!optic_mnist_load(&core, NULL, (MnistKind)kind, &places, &m)) {
      print_message("skipped: %s\n", core.fault.message);
      expect_fault(&core, D_data_missing, NULL);
      core_end(&core);
      continue;
    }
    assert_int_equal(m.train.image->shape.at[0], 60000);
    assert_int_equal(m.test.image->shape.at[0], 10000);
    assert_int_equal(m.train.image->count, 60000 * 784);
    int counts[10] = {0};
    for (size_t i = 0; i < 60000; i++) {
      int label = (int)optic_array_get(m.train.label, i);
      assert_true(label >= 0 && label < 10);
      counts[label]++;
    }
    assert_int_equal(counts[1], kind == MNIST_DIGITS ? 6742 : 6000);
    optic_mnist_finish(&core, &m);
    core_end(&core);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_small),
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_memory),
      cmocka_unit_test(test_real),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
