/* store_test.c: what holds for every format: round trips, the same bytes again, memory and disk that fail.
 * SPDX-License-Identifier: MIT */
#include "store/trees.h"

static const char *const formats[] = {"x.npz", "x.safetensors"};

static void test_round_trip(void **state)
{
  (void)state;
  for (size_t f = 0; f < 2; f++) {
    Core core;
    Folder folder;
    Leaves leaves = {.list = {.size = 0}}, back = {.list = {.size = 0}};
    core_make(&core);
    folder_make(&folder);
    char first[256], second[256];
    snprintf(first, sizeof first, "%s", in_folder(&folder, formats[f]));
    snprintf(second, sizeof second, "%s", in_folder(&folder, f ? "y.safetensors" : "y.npz"));
    assert_true(sample(&core, f == 1, &leaves));
    assert_true(optic_store_save(&core, NULL, first, &leaves));
    if (!optic_store_load(&core, NULL, first, &back)) {
      fail_msg("%s", core.fault.message);
    }
    assert_int_equal(back.list.size, leaves.list.size);
    for (size_t i = 0; i < leaves.list.size; i++) {
      const Leaf *leaf = &leaves.list.at[i];
      assert_true(same_array(leaf_array(&back, leaf->path), leaf->array));
    }
    for (size_t i = 1; i < back.list.size; i++) {
      const Leaf *a = &back.list.at[i - 1], *b = &back.list.at[i];
      assert_true(optic_path_compare(a->path, a->path_size, b->path, b->path_size) < 0);
    }
    assert_string_equal(back.list.at[0].path, "a");
    assert_string_equal(back.list.at[1].path, "a.b");
    assert_true(optic_store_is_key(leaf_array(&back, "rng")));
    assert_true(optic_store_key_of(leaf_array(&back, "rng")) == 0xdeadbeef00000007u);
    /* save, load, save: the same bytes, and onto the file it came from too */
    assert_true(optic_store_save(&core, NULL, second, &back));
    assert_true(optic_store_save(&core, NULL, first, &back));
    size_t one, two;
    uint8_t *a = get_file(first, &one), *b = get_file(second, &two);
    assert_int_equal(one, two);
    assert_memory_equal(a, b, one);
    free(a);
    free(b);
    optic_leaves_finish(&core, &leaves);
    optic_leaves_finish(&core, &back);
    assert_int_equal(folder_empty(&folder), 2);
    folder_remove(&folder);
    core_end(&core);
  }
}

static void test_wrong(void **state)
{
  (void)state;
  Core core;
  Folder folder;
  Leaves leaves = {.list = {.size = 0}}, back = {.list = {.size = 0}};
  core_make(&core);
  folder_make(&folder);
  assert_true(sample(&core, true, &leaves));
  assert_false(optic_store_save(&core, NULL, in_folder(&folder, "x.pt"), &leaves));
  expect_fault(&core, D_value, "does not tell its format");
  assert_false(optic_store_load(&core, NULL, in_folder(&folder, "x"), &back));
  expect_fault(&core, D_value, "does not tell its format");
  assert_false(optic_store_load(&core, NULL, in_folder(&folder, "none.npz"), &back));
  expect_fault(&core, D_file, "No such file");
  assert_false(optic_store_save(&core, NULL, in_folder(&folder, "x.npz"), &leaves));
  expect_fault(&core, D_dtype, "`brain` is bf16");
  assert_true(add_leaf(&core, &leaves, "step", ramp(&core, DT_F64, 1, 0, 0)));
  for (size_t f = 0; f < 2; f++) {
    assert_false(optic_store_save(&core, NULL, in_folder(&folder, formats[f]), &leaves));
    expect_fault(&core, D_value, "two leaves have the path `step`");
  }
  assert_int_equal(folder_empty(&folder), 0);
  core.limits.leaves = 3;
  optic_leaves_finish(&core, &leaves);
  size_t size;
  uint8_t *bytes = fixture("plain.npz", &size);
  assert_false(parse_exact(&core, "x.npz", bytes, size, &back));
  expect_fault(&core, D_too_large, "more than 3 leaves");
  free(bytes);
  bytes = fixture("plain.safetensors", &size);
  assert_false(parse_exact(&core, "x.safetensors", bytes, size, &back));
  expect_fault(&core, D_too_large, "more than 3 tensors");
  core.limits.leaves = 100;
  core.limits.tensor_bytes = 47;
  assert_false(parse_exact(&core, "x.safetensors", bytes, size, &back));
  expect_fault(&core, D_too_large, "x.safetensors: Dense_0/kernel");
  free(bytes);
  atomic_int interrupt = 1;
  core.limits = optic_limits_default();
  core.interrupt = &interrupt;
  bytes = fixture("plain.npz", &size);
  assert_false(parse_exact(&core, "x.npz", bytes, size, &back));
  expect_fault(&core, D_interrupted, NULL);
  free(bytes);
  folder_remove(&folder);
  core_end(&core);
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */
typedef struct Job {
  const char *name, *path;
  const Folder *folder;
  uint8_t *bytes;
  size_t size;
} Job;

static bool load_swept(Core *core, void *user)
{
  Job *job = user;
  Leaves leaves = {.list = {.size = 0}};
  bool ok = optic_store_parse(core, job->name, job->bytes, job->size, &leaves);
  assert_true(ok || leaves.list.size == 0);
  optic_leaves_finish(core, &leaves);
  return ok;
}

static bool save_swept(Core *core, void *user)
{
  Job *job = user;
  Leaves leaves = {.list = {.size = 0}};
  bool ok = sample(core, strstr(job->path, "safe"), &leaves) && optic_store_save(core, NULL, job->path, &leaves);
  optic_leaves_finish(core, &leaves);
  assert_int_equal(folder_empty(job->folder), ok);
  return ok;
}

static void test_memory(void **state)
{
  (void)state;
  static const char *const files[] = {"packed.npz", "zeros.npz", "plain.safetensors", "fortran.npy", "i8.npy"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    Job job = {.name = files[i]};
    job.bytes = fixture(files[i], &job.size);
    sweep_memory(load_swept, &job);
    free(job.bytes);
  }
  Folder folder;
  folder_make(&folder);
  for (size_t f = 0; f < 2; f++) {
    char path[256];
    snprintf(path, sizeof path, "%s", in_folder(&folder, formats[f]));
    Job job = {.path = path, .folder = &folder};
    sweep_memory(save_swept, &job);
  }
  folder_remove(&folder);
}

/* Damaged files found out at every point leave nothing behind either. */
static void test_memory_and_damage(void **state)
{
  (void)state;
  static const char *const files[] = {"packed.npz", "plain.safetensors"};
  for (size_t i = 0; i < 2; i++) {
    size_t size;
    uint8_t *bytes = fixture(files[i], &size);
    for (size_t at = 0; at < size; at += 7) {
      bytes[at] ^= 0x10;
      for (long n = 1; n < 12; n += 3) {
        Memory m = {.fail_at = 0};
        Core core;
        Leaves leaves = {.list = {.size = 0}};
        assert_true(optic_core_init(&core, failing_resize, &m, NULL, 1));
        m.fail_at = m.calls + n;
        optic_store_parse(&core, files[i], bytes, size, &leaves);
        optic_leaves_finish(&core, &leaves);
        core_end(&core);
      }
      bytes[at] ^= 0x10;
    }
    free(bytes);
  }
}

/* ---- disks ------------------------------------------------------------------------------------------------------ */
/* The old checkpoint or the new one, whatever call fails and how. */
static void test_faults(void **state)
{
  (void)state;
  static const int errors[] = {ENOSPC, EIO, EINTR, 0};
  Core core;
  Folder folder;
  Leaves leaves = {.list = {.size = 0}}, old = {.list = {.size = 0}};
  core_make(&core);
  folder_make(&folder);
  assert_true(sample(&core, false, &leaves));
  assert_true(add_leaf(&core, &leaves, "big", ramp(&core, DT_F32, 0, 1, 1, 100000)));
  assert_true(add_leaf(&core, &old, "old", ramp(&core, DT_F32, 0, 1, 1, 3)));
  for (size_t f = 0; f < 2; f++) {
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
      for (int forever = 0; forever < 2; forever++) {
        char path[256];
        snprintf(path, sizeof path, "%s", in_folder(&folder, formats[f]));
        bool hit = true;
        for (long n = 1; hit; n++) {
          assert_true(optic_store_save(&core, NULL, path, &old));
          Faulty faulty = {.fail_at = n, .error = errors[e], .forever = forever};
          bool ok = optic_store_save(&core, faulty_ops(&faulty), path, &leaves);
          hit = faulty.hit;
          Leaves back = {.list = {.size = 0}};
          assert_true(optic_store_load(&core, NULL, path, &back));
          assert_true(back.list.size == old.list.size || back.list.size == leaves.list.size);
          assert_true(!ok || back.list.size == leaves.list.size);
          optic_leaves_finish(&core, &back);
          assert_int_equal(folder_empty(&folder), 1);
          /* reading, with the same failures */
          assert_true(optic_store_save(&core, NULL, path, &leaves));
          Faulty reading = {.fail_at = n, .error = errors[e], .forever = forever};
          ok = optic_store_load(&core, faulty_ops(&reading), path, &back);
          assert_int_equal(back.list.size, ok ? leaves.list.size : 0);
          optic_leaves_finish(&core, &back);
          folder_empty(&folder);
        }
      }
    }
  }
  optic_leaves_finish(&core, &leaves);
  optic_leaves_finish(&core, &old);
  folder_remove(&folder);
  core_end(&core);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_wrong),  cmocka_unit_test(test_memory),
      cmocka_unit_test(test_memory_and_damage), cmocka_unit_test(test_faults),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
