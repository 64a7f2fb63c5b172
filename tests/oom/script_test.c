/* script_test.c: a small training script, with the n-th request for memory refused, for every n.
 *
 * Once alone, and from there on. Each time the call must come back with an out-of-memory status or diagnostic, give
 * back every byte, and (where memory is there again) leave a context that still works.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <optic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under ASan each point costs ten times as much: there a prime step through them. */
#if defined(__SANITIZE_ADDRESS__)
enum { STEP = 13 };
#else
enum { STEP = 1 };
#endif

static const char script[] = //
    "x = normal(key(1), [8, 5])\n"
    "y = normal(key(2), [8, 3])\n"
    "params = {hidden: {kernel: normal(key(3), [5, 4]), bias: zeros([4])}, out: normal(key(4), [4, 3])}\n"
    "fn forward(p, x) { maximum(x @ p.hidden.kernel + p.hidden.bias, 0) @ p.out }\n"
    "fn loss(p) { mean((forward(p, x) - y) ** 2) }\n"
    "transform halve(rate: number = 0.5) {\n"
    "  state count = 0\n"
    "  count += 1\n"
    "  return rate * updates\n"
    "}\n"
    "tx = clip_by_global_norm(1.0) |> halve() |> trace(0.9) |> scale(-0.1)\n"
    "state = tx.init(params)\n"
    "for i in range(2) {\n"
    "  updates, state = tx.update(grad(loss)(params), state, params)\n"
    "  params = apply_updates(params, updates)\n"
    "}\n"
    "try { assert false, format(\"{:.2f}\", loss(params)) } catch e { print(e) }\n"
    "print(params, state)\n";

typedef struct Memory {
  uint64_t used, requests;
  uint64_t fail_at; /* the request that fails, from 1; 0: none */
  bool forever;     /* and all after it */
} Memory;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
  Memory *m = user;
  if (new_size == 0) {
    free(block);
    m->used -= old_size;
    return NULL;
  }
  m->requests++;
  if (m->fail_at && (m->requests == m->fail_at || (m->forever && m->requests > m->fail_at))) {
    return NULL;
  }
  void *fresh = realloc(block, new_size);
  if (fresh) {
    m->used += new_size - old_size;
  }
  return fresh;
}

typedef struct Seen {
  bool oom; /* a diagnostic said so */
  char last[512];
} Seen;

static bool look(void *user, optic_stream stream, const char *text, size_t size)
{
  Seen *seen = user;
  if (stream == OPTIC_ERR) {
    size_t n = size < sizeof seen->last - 1 ? size : sizeof seen->last - 1;
    memcpy(seen->last, text, n);
    seen->last[n] = 0;
    seen->oom = seen->oom || strstr(seen->last, "E0601");
  }
  return true;
}

static optic_context *create(Memory *m, Seen *seen)
{
  optic_config config = optic_config_default();
  config.resize = resize;
  config.resize_user = m;
  config.write = look;
  config.write_user = seen;
  return optic_create(&config);
}

static optic_status run(optic_context *optic, const char *name, const char *text)
{
  return optic_run_text(optic, name, text, strlen(text));
}

static void fails_well(bool forever)
{
  uint64_t points = 0;
  for (uint64_t n = 1;; n += STEP) {
    Memory m = {0};
    Seen seen = {0};
    optic_context *optic = create(&m, &seen);
    assert_non_null(optic);
    uint64_t before = m.requests;
    m.fail_at = before + n;
    m.forever = forever;
    optic_status status = run(optic, "oom.opt", script);
    bool reached = m.requests >= m.fail_at;
    m.fail_at = 0;
    if (reached) {
      points++;
      /* A cache that does without is no failure; anything else must be called what it is. */
      if (status != OPTIC_OK && status != OPTIC_OOM && !(status == OPTIC_WRONG && seen.oom)) {
        fail_msg("request %llu refused: status %d, %s", (unsigned long long)n, (int)status, seen.last);
      }
      status = run(optic, "after.opt", "z = zeros([2, 2]) + 1\nassert sum(z) == 4\n");
    }
    if (status != OPTIC_OK) {
      fail_msg("after request %llu was refused: status %d, %s", (unsigned long long)n, (int)status, seen.last);
    }
    optic_destroy(optic);
    assert_int_equal(m.used, 0);
    if (!reached) {
      break;
    }
  }
  print_message("%llu points\n", (unsigned long long)points);
  assert_true(points > 10);
}

static void test_one_request_refused(void **state)
{
  (void)state;
  fails_well(false);
}

static void test_all_requests_refused(void **state)
{
  (void)state;
  fails_well(true);
}

/* The context itself, the standard library with it. */
static void test_create(void **state)
{
  (void)state;
  for (uint64_t n = 1;; n += STEP) {
    Memory m = {.fail_at = n, .forever = true};
    Seen seen = {0};
    optic_context *optic = create(&m, &seen);
    bool reached = m.requests >= n;
    optic_destroy(optic);
    assert_int_equal(m.used, 0);
    if (!reached) {
      assert_non_null(optic);
      break;
    }
  }
}

/* A limit instead of a refusal: never passed, whatever it is. */
static void test_memory_limit(void **state)
{
  (void)state;
  for (uint64_t limit = 1 << 12; limit <= 1 << 24; limit += limit / 2) {
    Memory m = {0};
    Seen seen = {0};
    optic_config config = optic_config_default();
    config.resize = resize;
    config.resize_user = &m;
    config.write = look;
    config.write_user = &seen;
    config.memory_limit = limit;
    optic_context *optic = optic_create(&config);
    if (optic) {
      assert_true(m.used <= limit);
      optic_status status = run(optic, "big.opt", "xs = []\nwhile true { xs = append(xs, zeros([64])) }");
      assert_true(status == OPTIC_OOM || (status == OPTIC_WRONG && seen.oom));
      assert_true(m.used <= limit);
    }
    optic_destroy(optic);
    assert_int_equal(m.used, 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_request_refused),
      cmocka_unit_test(test_all_requests_refused),
      cmocka_unit_test(test_create),
      cmocka_unit_test(test_memory_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
