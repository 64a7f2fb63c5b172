/* script_test.c: a small training script, with the n-th request for memory refused, for every n. See sweep.h.
 * SPDX-License-Identifier: MIT */
#include "oom/sweep.h"

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

static void test_one_request_refused(void **state)
{
  (void)state;
  fails_well(script, false);
}

static void test_all_requests_refused(void **state)
{
  (void)state;
  fails_well(script, true);
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
