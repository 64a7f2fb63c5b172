/* attack_test.c: hosts that break the rules, and scripts that want to be stopped, through <optic.h> alone.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <optic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Host {
  optic_context *optic;
  uint64_t used;
  unsigned calls, refused;
  bool again; /* the hooks call back into the context */
} Host;

static void call_back(Host *h)
{
  if (h->again && h->optic) {
    const optic_status got[] = {
        optic_run_text(h->optic, "again", "1", 1),   optic_run_file(h->optic, "again.opt"),
        optic_check_text(h->optic, "again", "1", 1), optic_check_file(h->optic, "again.opt"),
        optic_dis_text(h->optic, "again", "1", 1),   optic_dis_file(h->optic, "again.opt"),
    };
    for (size_t i = 0; i < sizeof got / sizeof *got; i++) {
      h->calls++;
      h->refused += got[i] == OPTIC_MISUSE;
    }
  }
}

static bool hear(void *user, optic_stream stream, const char *text, size_t size)
{
  (void)stream, (void)text, (void)size;
  call_back(user);
  return true;
}

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
  Host *h = user;
  call_back(h);
  h->used += new_size - old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  return realloc(block, new_size);
}

static optic_context *create(Host *h)
{
  optic_config config = optic_config_default();
  config.resize = resize;
  config.resize_user = h;
  config.write = hear;
  config.write_user = h;
  return h->optic = optic_create(&config);
}

static optic_status run(optic_context *optic, const char *text)
{
  return optic_run_text(optic, "attack.opt", text, strlen(text));
}

static void test_nothing_given(void **state)
{
  (void)state;
  Host h = {0};
  assert_non_null(create(&h));
  assert_int_equal(optic_run_text(NULL, "x", "1", 1), OPTIC_MISUSE);
  assert_int_equal(optic_check_text(NULL, "x", "1", 1), OPTIC_MISUSE);
  assert_int_equal(optic_dis_text(NULL, "x", "1", 1), OPTIC_MISUSE);
  assert_int_equal(optic_run_file(NULL, "x"), OPTIC_MISUSE);
  assert_int_equal(optic_check_file(NULL, "x"), OPTIC_MISUSE);
  assert_int_equal(optic_dis_file(NULL, "x"), OPTIC_MISUSE);
  assert_int_equal(optic_run_text(h.optic, NULL, "1", 1), OPTIC_MISUSE);
  assert_int_equal(optic_run_text(h.optic, "x", NULL, 1), OPTIC_MISUSE);
  assert_int_equal(optic_check_text(h.optic, NULL, "1", 1), OPTIC_MISUSE);
  assert_int_equal(optic_dis_text(h.optic, NULL, "1", 1), OPTIC_MISUSE);
  assert_int_equal(optic_run_file(h.optic, NULL), OPTIC_MISUSE);
  assert_int_equal(optic_check_file(h.optic, NULL), OPTIC_MISUSE);
  assert_int_equal(optic_dis_file(h.optic, NULL), OPTIC_MISUSE);
  assert_int_equal(optic_run_file(h.optic, ""), OPTIC_WRONG);
  assert_int_equal(optic_run_file(h.optic, "/"), OPTIC_WRONG);
  assert_int_equal(optic_run_text(h.optic, "", "", 0), OPTIC_OK);
  assert_int_equal(optic_run_text(h.optic, "nul", "a\0b", 3), OPTIC_WRONG);
  assert_int_equal(optic_run_text(h.optic, "bytes", "\xff\xfe\x80", 3), OPTIC_WRONG);
  optic_interrupt(NULL);
  optic_destroy(NULL);
  for (int i = -1; i < 9; i++) {
    assert_non_null(optic_status_text((optic_status)i));
  }
  optic_destroy(h.optic);
  assert_int_equal(h.used, 0);
}

static void test_impossible_configurations(void **state)
{
  (void)state;
  optic_config config = optic_config_default();
  config.config_size = 3;
  assert_null(optic_create(&config));
  config = optic_config_default();
  config.arg_count = 2;
  assert_null(optic_create(&config));
  const char *args[] = {"a", NULL};
  config.args = args;
  assert_null(optic_create(&config));
  const char *odd[] = {"\xff", ""};
  config.args = odd;
  optic_destroy(optic_create(&config)); /* either way */
  config = optic_config_default();
  config.memory_limit = 1;
  assert_null(optic_create(&config));
  config = optic_config_default();
  config.depth_limit = 1;
  optic_context *optic = optic_create(&config);
  if (optic) {
    run(optic, "print([[1]], (x -> x)(2))");
  }
  optic_destroy(optic);
  config = optic_config_default();
  config.step_limit = 1;
  optic = optic_create(&config);
  assert_non_null(optic);
  assert_int_equal(run(optic, "for i in range(10) { print(i) }"), OPTIC_WRONG);
  optic_destroy(optic);
}

static void test_hooks_that_call_back(void **state)
{
  (void)state;
  Host h = {0};
  assert_non_null(create(&h));
  h.again = true;
  assert_int_equal(run(h.optic, "x = []\nfor i in range(9) { x = append(x, zeros([50]))\nprint(i) }"), OPTIC_OK);
  h.again = false;
  assert_true(h.calls > 0);
  assert_int_equal(h.calls, h.refused);
  optic_destroy(h.optic);
  assert_int_equal(h.used, 0);
}

/* ---- stopping ------------------------------------------------------------------------------------------------- */
static void *interrupt_soon(void *optic)
{
  struct timespec pause = {.tv_nsec = 30000000};
  nanosleep(&pause, NULL);
  optic_interrupt(optic);
  return NULL;
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Each goes on for ever, or as good as. */
static const char *const endless[] = {
    "while true { }",
    "fn f() { f() + f() }\nwhile true { try { f() } catch e { } }",
    "while true { print(1) }",
    "x = ones([700, 700])\nwhile true { y = x @ x }",
    "x = ones([1000000])\nwhile true { x = exp(x) * 0 + 1 }",
    "list(range(1e15))",
    "for i in range(1e15) { }",
    "reduce((a, b) -> a, range(1e15))",
    "map(x -> x, range(1e15)).x",
    "filter(x -> false, range(1e15))",
    "z = zip([1], [2])\nfor i in range(200) { z = zip(z, z) }",
    "x = []\nfor i in range(120) { x = [x, x] }\ny = []\nfor i in range(120) { y = [y, y] }\nx == y",
    "x = []\nfor i in range(120) { x = [x, x] }\ntree_leaves(x)",
    "x = []\nfor i in range(120) { x = [x, x] }\nx = x + 1",
    "x = []\nfor i in range(120) { x = [x, x] }\ny = []\nfor i in range(120) { y = [y, y] }\nmerge(x, y)",
    "x = []\nfor i in range(120) { x = [x, x] }\nselect(x, \"*\")",
    "x = []\nfor i in range(120) { x = [x, x] }\nx in [[], x]\ntree_map(v -> v, x)",
    "x = \"a\" * 1e6\nwhile true { x == x + \"b\"\n\"b\" in x\nlen(x) }",
    "x = (\"a\" * 5e5)\ny = \"a\" * 2e5 + \"b\"\nwhile true { replace(x, y, \"\"); split(x, y); x.contains(y); }",
    "while true { try { error(\"x\") } catch e { } }",
    "g = grad(x -> x * x)\nwhile true { g(1.0) }",
    "x = normal(key(0), [120, 120])\nwhile true { svd(x) }",
    "x = normal(key(0), [1000000])\nwhile true { sort(x) }",
    "while true { permutation(key(0), 100000) }",
    "while true { sorted(range(100000)) }",
    "while true { format(\"{:>900}\", 1) }",
};

static void test_interrupts(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
    Host h = {0};
    pthread_t thread;
    assert_non_null(create(&h));
    double begun = now();
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, h.optic), 0);
    optic_status status = run(h.optic, endless[i]);
    double took = now() - begun;
    pthread_join(thread, NULL);
    if (status != OPTIC_INTERRUPTED || took > 3) {
      print_error("%s: status %d after %.1f s\n", endless[i], (int)status, took);
    }
    assert_int_equal(status, OPTIC_INTERRUPTED);
    assert_true(took < 3);
    assert_int_equal(run(h.optic, "print(1)"), OPTIC_OK);
    optic_destroy(h.optic);
    assert_int_equal(h.used, 0);
  }
}

/* The same within a budget of steps: always an error, and soon. */
static void test_budgets(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
    optic_config config = optic_config_default();
    config.step_limit = 100000;
    config.memory_limit = 64 << 20;
    optic_context *optic = optic_create(&config);
    assert_non_null(optic);
    double begun = now();
    optic_status status = run(optic, endless[i]);
    double took = now() - begun;
    if (status != OPTIC_WRONG || took > 3) {
      print_error("%s: status %d after %.1f s\n", endless[i], (int)status, took);
    }
    assert_int_equal(status, OPTIC_WRONG);
    assert_true(took < 3);
    assert_int_equal(run(optic, "print(1)"), OPTIC_OK);
    optic_destroy(optic);
  }
}

/* ---- threads -------------------------------------------------------------------------------------------------- */
static void *different(void *which)
{
  static const char *const texts[] = {
      "x = normal(key(1), [64, 64])\nfor i in range(20) { x = x @ x / norm(x) }\nprint(sum(x))",
      ("t = adam(0.1)\np = {w: ones([8])}\ns = t.init(p)\n"
       "for i in range(50) { u, s = t.update(grad(q -> sum(q.w ** 2))(p), s, p)\np = apply_updates(p, u) }\nprint(p)"),
      "xs = []\nfor i in range(2000) { xs = append(xs, str(i)) }\nprint(len(join(xs, \",\")))",
      "fn f(n) { if n < 2 { n } else { f(n - 1) + f(n - 2) } }\nprint(f(16))",
  };
  for (int i = 0; i < 3; i++) {
    Host h = {0};
    create(&h);
    optic_status status = run(h.optic, texts[((size_t)(uintptr_t)which + (size_t)i) % 4]);
    optic_destroy(h.optic);
    if (status != OPTIC_OK || h.used) {
      return "failed";
    }
  }
  return NULL;
}

static void test_threads(void **state)
{
  (void)state;
  enum { THREADS = 8 };
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, different, (void *)(uintptr_t)i), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    void *wrong;
    pthread_join(threads[i], &wrong);
    assert_null(wrong);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_given),
      cmocka_unit_test(test_impossible_configurations),
      cmocka_unit_test(test_hooks_that_call_back),
      cmocka_unit_test(test_interrupts),
      cmocka_unit_test(test_budgets),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
