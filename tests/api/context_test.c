/* context_test.c: what a host may rely on, through <optic.h> and the shared library alone.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <locale.h>
#include <optic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a context wrote. */
typedef struct Heard {
  char out[4096], err[4096];
  size_t out_size, err_size;
  bool refuse; /* the write hook fails */
} Heard;

static void append(char *to, size_t *size, size_t cap, const char *text, size_t n)
{
  n = n < cap - 1 - *size ? n : cap - 1 - *size;
  memcpy(to + *size, text, n);
  *size += n;
  to[*size] = 0;
}

static bool hear(void *user, optic_stream stream, const char *text, size_t size)
{
  Heard *h = user;
  if (stream == OPTIC_OUT) {
    append(h->out, &h->out_size, sizeof h->out, text, size);
  } else if (stream == OPTIC_ERR) {
    append(h->err, &h->err_size, sizeof h->err, text, size);
  }
  return !h->refuse;
}

static optic_context *create(Heard *heard)
{
  optic_config config = optic_config_default();
  memset(heard, 0, sizeof *heard);
  config.write = hear;
  config.write_user = heard;
  optic_context *optic = optic_create(&config);
  assert_non_null(optic);
  return optic;
}

static optic_status run(optic_context *optic, const char *text)
{
  return optic_run_text(optic, "test.opt", text, strlen(text));
}

static void test_names_stay(void **state)
{
  (void)state;
  Heard heard;
  optic_context *optic = create(&heard);
  assert_int_equal(run(optic, "x = 20\nfn twice(y) { 2 * y }"), OPTIC_OK);
  assert_int_equal(run(optic, "print(twice(x) + 2)"), OPTIC_OK);
  assert_string_equal(heard.out, "42\n");
  assert_string_equal(heard.err, "");
  optic_destroy(optic);
}

static void test_a_wrong_script_leaves_the_context_whole(void **state)
{
  (void)state;
  Heard heard;
  optic_context *optic = create(&heard);
  assert_int_equal(run(optic, "x = 1"), OPTIC_OK);
  assert_int_equal(run(optic, "y = )"), OPTIC_WRONG);
  assert_non_null(strstr(heard.err, "test.opt:1:5"));
  assert_int_equal(run(optic, "nowhere"), OPTIC_WRONG);
  assert_int_equal(run(optic, "x.field"), OPTIC_WRONG);
  assert_int_equal(run(optic, "print(x)"), OPTIC_OK);
  assert_string_equal(heard.out, "1\n");
  optic_destroy(optic);
}

static void test_incomplete(void **state)
{
  (void)state;
  Heard heard;
  optic_context *optic = create(&heard);
  assert_int_equal(run(optic, "fn f(x) {"), OPTIC_INCOMPLETE);
  assert_int_equal(run(optic, "y = 1 +"), OPTIC_INCOMPLETE);
  assert_int_equal(run(optic, "print(1)"), OPTIC_OK);
  optic_destroy(optic);
}

static void test_misuse(void **state)
{
  (void)state;
  Heard heard;
  optic_context *optic = create(&heard);
  assert_int_equal(optic_run_text(NULL, "x", "1", 1), OPTIC_MISUSE);
  assert_int_equal(optic_run_text(optic, "x", NULL, 1), OPTIC_MISUSE);
  assert_int_equal(optic_run_text(optic, "x", NULL, 0), OPTIC_MISUSE);
  assert_int_equal(optic_run_file(optic, NULL), OPTIC_MISUSE);
  assert_int_equal(run(optic, "print(1)"), OPTIC_OK);
  optic_destroy(optic);
  optic_destroy(NULL);
}

static void test_default_configuration(void **state)
{
  (void)state;
  optic_context *optic = optic_create(NULL);
  assert_non_null(optic);
  assert_int_equal(run(optic, "print(1)"), OPTIC_OK); /* dropped: there is no hook */
  optic_destroy(optic);
}

static void test_a_hook_that_refuses_ends_the_script(void **state)
{
  (void)state;
  Heard heard;
  optic_context *optic = create(&heard);
  heard.refuse = true;
  assert_int_equal(run(optic, "while true { print(1) }"), OPTIC_WRONG);
  heard.refuse = false;
  assert_int_equal(run(optic, "print(1)"), OPTIC_OK);
  optic_destroy(optic);
}

static void test_steps(void **state)
{
  (void)state;
  Heard heard;
  optic_config config = optic_config_default();
  memset(&heard, 0, sizeof heard);
  config.write = hear;
  config.write_user = &heard;
  config.step_limit = 10000;
  optic_context *optic = optic_create(&config);
  assert_non_null(optic);
  assert_int_equal(run(optic, "n = 0\nwhile true { n += 1 }"), OPTIC_WRONG);
  assert_non_null(strstr(heard.err, "E0602"));
  /* A budget for each call, and the same work each time. */
  assert_int_equal(run(optic, "print(n)"), OPTIC_OK);
  assert_int_equal(run(optic, "n = 0\nwhile true { n += 1 }"), OPTIC_WRONG);
  assert_int_equal(run(optic, "print(n)"), OPTIC_OK);
  char *second = strchr(heard.out, '\n') + 1;
  assert_int_equal(strlen(second) * 2, heard.out_size);
  assert_memory_equal(heard.out, second, strlen(second));
  optic_destroy(optic);
}

static void test_files_need_a_grant(void **state)
{
  (void)state;
  Heard heard;
  optic_config config = optic_config_default();
  memset(&heard, 0, sizeof heard);
  config.write = hear;
  config.write_user = &heard;
  config.allow_files = false;
  optic_context *optic = optic_create(&config);
  assert_non_null(optic);
  assert_int_equal(run(optic, "load(\"meson.build\")"), OPTIC_WRONG);
  assert_int_equal(run(optic, "save({a: zeros([1])}, \"granted.npz\")"), OPTIC_WRONG);
  FILE *file = fopen("granted.npz", "rb");
  assert_null(file);
  optic_destroy(optic);
}

static void test_deep_nesting(void **state)
{
  (void)state;
  enum { DEEP = 100000 };
  Heard heard;
  optic_context *optic = create(&heard);
  char *text = malloc(DEEP);
  const char openers[] = "([{-";
  for (size_t i = 0; i < sizeof openers - 1; i++) {
    memset(text, openers[i], DEEP);
    assert_int_not_equal(optic_run_text(optic, "deep.opt", text, DEEP), OPTIC_OK);
  }
  free(text);
  assert_int_equal(run(optic, "fn f(x) { f(x + 1) }\nf(0)"), OPTIC_WRONG);
  assert_non_null(strstr(heard.err, "E0603"));
  optic_destroy(optic);
}

/* ---- interruption, threads ---------------------------------------------------------------------------------- */
static void *interrupt_soon(void *optic)
{
  struct timespec pause = {.tv_nsec = 50000000};
  nanosleep(&pause, NULL);
  optic_interrupt(optic);
  return NULL;
}

static void test_interrupt(void **state)
{
  (void)state;
  Heard heard;
  optic_context *optic = create(&heard);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, optic), 0);
  assert_int_equal(run(optic, "while true { }"), OPTIC_INTERRUPTED);
  pthread_join(thread, NULL);
  assert_non_null(strstr(heard.err, "E0605"));
  assert_int_equal(run(optic, "print(1)"), OPTIC_OK);
  /* Where nothing runs, the next run is the one. */
  optic_interrupt(optic);
  assert_int_equal(run(optic, "while true { }"), OPTIC_INTERRUPTED);
  optic_destroy(optic);
}

static void *train(void *unused)
{
  (void)unused;
  Heard heard;
  optic_context *optic = create(&heard);
  optic_status status = run(optic, "tx = sgd(0.1, momentum = 0.9)\n"
                                   "p = {w: normal(key(0), [32])}\n"
                                   "s = tx.init(p)\n"
                                   "for i in range(200) {\n"
                                   "  u, s = tx.update(grad(q -> sum(q.w ** 2))(p), s, p)\n"
                                   "  p = apply_updates(p, u)\n"
                                   "}\n"
                                   "print(sum(p.w ** 2))");
  optic_destroy(optic);
  return status == OPTIC_OK ? strdup(heard.out) : NULL;
}

static void test_contexts_in_threads(void **state)
{
  (void)state;
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  char *first = train(NULL);
  assert_non_null(first);
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, train, NULL), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    void *out;
    pthread_join(threads[i], &out);
    assert_non_null(out);
    assert_string_equal((char *)out, first);
    free(out);
  }
  free(first);
}

static void test_locale(void **state)
{
  (void)state;
  const char *commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
  for (size_t i = 0; i < sizeof commas / sizeof *commas && !setlocale(LC_ALL, commas[i]); i++) {
  }
  Heard heard;
  optic_context *optic = create(&heard);
  assert_int_equal(run(optic, "print(1.5, format(\"{:.2f}\", 0.25))"), OPTIC_OK);
  assert_string_equal(heard.out, "1.5 0.25\n");
  optic_destroy(optic);
  setlocale(LC_ALL, "C");
}

/* Values that share their parts are far larger than the memory they take up: walking them is work too. */
static void test_steps_of_shared_values(void **state)
{
  (void)state;
  const char *scripts[] = {
      "x = {z: 1}\nfor i in range(60) { x = {a: x, b: x} }\nx.hyperparams",
      "x = [1]\nfor i in range(60) { x = [x, x] }\narray([1]) + x",
      "x = list(range(100))\nfor i in range(6) { y = []\nfor j in range(100) { y = append(y, x) }\nx = y }\narray(x)",
      "a, b = range(1e12)", /* and not that a range cannot be taken apart */
  };
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    Heard heard;
    optic_config config = optic_config_default();
    memset(&heard, 0, sizeof heard);
    config.write = hear;
    config.write_user = &heard;
    config.step_limit = 100000;
    optic_context *optic = optic_create(&config);
    assert_non_null(optic);
    assert_int_equal(run(optic, scripts[i]), OPTIC_WRONG);
    assert_non_null(strstr(heard.err, "E0602"));
    optic_destroy(optic);
  }
}

static void test_an_interrupt_stops_the_next_run(void **state)
{
  (void)state;
  Heard heard;
  optic_context *optic = create(&heard);
  optic_interrupt(optic);
  assert_int_equal(run(optic, "x = 1"), OPTIC_INTERRUPTED);
  assert_non_null(strstr(heard.err, "test.opt:1"));
  assert_int_equal(run(optic, "x = 1"), OPTIC_OK);
  optic_destroy(optic);
}

static void test_dis_runs_nothing_that_shows(void **state)
{
  (void)state;
  const char text[] = "write_text(\"written_by_dis.txt\", \"x\")";
  Heard heard;
  optic_context *optic = create(&heard);
  assert_int_equal(optic_dis_text(optic, "x", text, strlen(text)), OPTIC_OK);
  assert_null(fopen("written_by_dis.txt", "rb"));
  optic_destroy(optic);
}

/* Checks the sizes that it is told: each block has its own in front. */
static void *sized(void *user, void *block, size_t old_size, size_t new_size)
{
  enum { FRONT = 32 };
  size_t *front = block ? (size_t *)((char *)block - FRONT) : NULL;
  bool *wrong = user;
  *wrong |= (front ? *front : 0) != old_size;
  if (new_size == 0) {
    free(front);
    return NULL;
  }
  size_t *fresh = realloc(front, new_size + FRONT);
  if (!fresh) {
    return NULL;
  }
  *fresh = new_size;
  return (char *)fresh + FRONT;
}

static void write_script(const char *path, const char *text)
{
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void test_imports(void **state)
{
  (void)state;
  enum { CHAIN = 100 };
  bool wrong = false;
  Heard heard;
  char folder[] = "/tmp/optic_context_XXXXXX", path[64], text[64];
  assert_non_null(mkdtemp(folder));
  for (int i = 0; i <= CHAIN; i++) {
    snprintf(path, sizeof path, "%s/m%d.opt", folder, i);
    snprintf(text, sizeof text, i < CHAIN ? "import \"m%d.opt\" as m\n" : "x = 1 / none # %d\n", i + 1);
    write_script(path, text);
  }
  optic_config config = optic_config_default();
  memset(&heard, 0, sizeof heard);
  config.write = hear;
  config.write_user = &heard;
  config.resize = sized;
  config.resize_user = &wrong;
  optic_context *optic = optic_create(&config);
  assert_non_null(optic);
  /* Each import takes up C stack: a long chain ends with an error. */
  snprintf(path, sizeof path, "%s/m0.opt", folder);
  assert_int_equal(optic_run_file(optic, path), OPTIC_WRONG);
  assert_non_null(strstr(heard.err, "E0603"));
  /* A file that failed is tried again. */
  snprintf(path, sizeof path, "%s/m%d.opt", folder, CHAIN - 1);
  assert_int_equal(optic_run_file(optic, path), OPTIC_WRONG);
  snprintf(path, sizeof path, "%s/m%d.opt", folder, CHAIN);
  write_script(path, "x = 1\n");
  snprintf(path, sizeof path, "%s/m%d.opt", folder, CHAIN - 1);
  assert_int_equal(optic_run_file(optic, path), OPTIC_OK);
  optic_destroy(optic);
  assert_false(wrong);
  for (int i = 0; i <= CHAIN; i++) {
    snprintf(path, sizeof path, "%s/m%d.opt", folder, i);
    remove(path);
  }
  remove(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names_stay),
      cmocka_unit_test(test_a_wrong_script_leaves_the_context_whole),
      cmocka_unit_test(test_incomplete),
      cmocka_unit_test(test_misuse),
      cmocka_unit_test(test_default_configuration),
      cmocka_unit_test(test_a_hook_that_refuses_ends_the_script),
      cmocka_unit_test(test_steps),
      cmocka_unit_test(test_steps_of_shared_values),
      cmocka_unit_test(test_an_interrupt_stops_the_next_run),
      cmocka_unit_test(test_dis_runs_nothing_that_shows),
      cmocka_unit_test(test_imports),
      cmocka_unit_test(test_files_need_a_grant),
      cmocka_unit_test(test_deep_nesting),
      cmocka_unit_test(test_interrupt),
      cmocka_unit_test(test_contexts_in_threads),
      cmocka_unit_test(test_locale),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
