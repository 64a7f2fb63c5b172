/* file_test.c: reading whole files, and writes that leave the old content or the new one.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <sys/stat.h>

static void test_read(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  FileBytes bytes;
  core_make(&core);
  folder_make(&folder);
  const char *path = in_folder(&folder, "x");
  put_file(path, "hello", 5);
  assert_true(optic_file_read(&core, NULL, path, 5, &bytes));
  assert_int_equal(bytes.size, 5);
  assert_memory_equal(bytes.at, "hello", 5);
  optic_file_bytes_finish(&core, &bytes);
  assert_false(optic_file_read(&core, NULL, path, 4, &bytes));
  expect_fault(&core, D_too_large, "more than 4 bytes");
  put_file(path, "", 0);
  assert_true(optic_file_read(&core, NULL, path, 0, &bytes));
  assert_int_equal(bytes.size, 0);
  optic_file_bytes_finish(&core, &bytes);
  assert_true(optic_file_exists(NULL, path));
  assert_false(optic_file_exists(NULL, folder.path));
  assert_false(optic_file_read(&core, NULL, folder.path, 9, &bytes));
  expect_fault(&core, D_file, "not a regular file");
  assert_null(bytes.at);
  assert_false(optic_file_read(&core, NULL, in_folder(&folder, "missing"), 9, &bytes));
  assert_non_null(strstr(core.fault.hint, "working directory"));
  expect_fault(&core, D_file, "No such file");
  const char *fifo = in_folder(&folder, "fifo");
  assert_int_equal(mkfifo(fifo, 0600), 0);
  assert_false(optic_file_read(&core, NULL, fifo, 9, &bytes)); /* and does not wait for a writer */
  expect_fault(&core, D_file, "not a regular file");
  assert_false(optic_file_write(&core, NULL, fifo, "x", 1));
  expect_fault(&core, D_file, "not a regular file");
  atomic_int interrupt = 1;
  core.interrupt = &interrupt;
  assert_false(optic_file_read(&core, NULL, path, 9, &bytes));
  expect_fault(&core, D_interrupted, NULL);
  folder_remove(&folder);
  core_end(&core);
}

/* A file that grows after its size was asked for is read to its end. */
static int says_one_byte(void *user, int handle, FileInfo *out)
{
  int result = optic_file_system()->info(user, handle, out);
  out->size = 1;
  return result;
}

static void test_growing(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  FileBytes bytes;
  core_make(&core);
  folder_make(&folder);
  const char *path = in_folder(&folder, "x");
  put_file(path, "0123456789", 10);
  FileOps ops = *optic_file_system();
  ops.info = says_one_byte;
  assert_true(optic_file_read(&core, &ops, path, 10, &bytes));
  assert_int_equal(bytes.size, 10);
  optic_file_bytes_finish(&core, &bytes);
  assert_false(optic_file_read(&core, &ops, path, 9, &bytes));
  expect_fault(&core, D_too_large, NULL);
  folder_remove(&folder);
  core_end(&core);
}

enum { OLD = 10, NEW = 300000 }; /* the new content is more than a buffer */
static const char old_text[OLD] = "old bytes.";
static char new_text[NEW];

static bool write_new(Core *core, const FileOps *ops, const char *path)
{
  FileSave save;
  if (!optic_save_begin(core, ops, path, &save)) {
    return false;
  }
  size_t size = 1;
  for (size_t at = 0; at < NEW; at += size, size = size * 3 < NEW - at ? size * 3 : NEW - at) {
    if (!optic_save_write(&save, new_text + at, size)) {
      optic_save_cancel(&save);
      return false;
    }
  }
  return optic_save_commit(&save);
}

/* What is there is all old or all new; 1: new. Nothing else is in the directory. */
static int check_whole(const Folder *folder, const char *path)
{
  size_t size;
  uint8_t *bytes = get_file(path, &size);
  bool is_old = size == OLD && !memcmp(bytes, old_text, OLD), is_new = size == NEW && !memcmp(bytes, new_text, NEW);
  free(bytes);
  assert_true(is_old || is_new);
  assert_int_equal(folder_empty(folder), 1);
  return is_new;
}

static void test_write_faults(void **state)
{
  (void)state;
  static const int errors[] = {ENOSPC, EIO, EINTR, EDQUOT, EROFS, 0};
  Core core;
  Folder folder;
  core_make(&core);
  folder_make(&folder);
  const char *path = in_folder(&folder, "file");
  for (size_t i = 0; i < NEW; i++) {
    new_text[i] = (char)(i * 7);
  }
  for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
    for (int forever = 0; forever < 2; forever++) {
      bool hit = true;
      for (long n = 1; hit; n++) {
        char again[256];
        snprintf(again, sizeof again, "%s", path);
        put_file(again, old_text, OLD);
        Faulty f = {.fail_at = n, .error = errors[e], .forever = forever};
        bool ok = write_new(&core, faulty_ops(&f), again);
        hit = f.hit;
        int is_new = check_whole(&folder, again);
        if (ok) {
          assert_true(is_new);
        } else {
          expect_fault(&core, D_file, again);
          assert_true(errors[e] != 0 && (errors[e] != EINTR || forever));
        }
        if (!hit || errors[e] == 0 || (errors[e] == EINTR && !forever)) {
          assert_true(ok);
        }
      }
    }
  }
  folder_remove(&folder);
  core_end(&core);
}

static bool write_swept(Core *core, void *user)
{
  Folder *folder = user;
  char path[256];
  snprintf(path, sizeof path, "%s", in_folder(folder, "file"));
  put_file(path, old_text, OLD);
  bool ok = write_new(core, NULL, path);
  assert_int_equal(check_whole(folder, path), ok);
  return ok;
}

static bool read_swept(Core *core, void *user)
{
  FileBytes bytes;
  FileOps ops = *optic_file_system();
  ops.info = says_one_byte; /* so that it grows */
  bool ok = optic_file_read(core, &ops, user, 1 << 20, &bytes);
  optic_file_bytes_finish(core, &bytes);
  return ok;
}

static void test_memory(void **state)
{
  (void)state;
  Folder folder;
  folder_make(&folder);
  sweep_memory(write_swept, &folder);
  char path[256];
  snprintf(path, sizeof path, "%s", in_folder(&folder, "file"));
  put_file(path, new_text, NEW);
  sweep_memory(read_swept, path);
  folder_remove(&folder);
}

static void test_places(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  core_make(&core);
  folder_make(&folder);
  assert_false(optic_file_write(&core, NULL, in_folder(&folder, "none/x"), "x", 1));
  assert_string_equal(core.fault.hint, "create the directory first");
  expect_fault(&core, D_file, "No such file");
  assert_false(optic_file_write(&core, NULL, folder.path, "x", 1));
  expect_fault(&core, D_file, "not a regular file");
  /* Names left by a killed process are passed by. */
  char name[64];
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, ".optic-%ld-%d.tmp", (long)getpid(), i);
    put_file(in_folder(&folder, name), "stale", 5);
  }
  assert_true(optic_file_write(&core, NULL, in_folder(&folder, "x"), "x", 1));
  assert_int_equal(folder_empty(&folder), 4);
  /* A directory that cannot be written to (root may, all the same). */
  assert_int_equal(chmod(folder.path, 0500), 0);
  if (geteuid() != 0) {
    assert_false(optic_file_write(&core, NULL, in_folder(&folder, "x"), "x", 1));
    expect_fault(&core, D_file, "ermission");
  }
  assert_int_equal(chmod(folder.path, 0700), 0);
  /* In the working directory, by a bare name. */
  char here[256];
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(folder.path), 0);
  assert_true(optic_file_write(&core, NULL, "bare", "", 0));
  assert_int_equal(chdir(here), 0);
  size_t size;
  free(get_file(in_folder(&folder, "bare"), &size));
  assert_int_equal(size, 0);
  folder_remove(&folder);
  core_end(&core);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read),   cmocka_unit_test(test_growing), cmocka_unit_test(test_write_faults),
      cmocka_unit_test(test_memory), cmocka_unit_test(test_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
