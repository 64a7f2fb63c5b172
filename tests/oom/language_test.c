/* language_test.c: the standard library's pipelines, and most constructs of the language, with the n-th request for
 * memory refused, for every n. See sweep.h.
 * SPDX-License-Identifier: MIT */
#include "oom/sweep.h"

static const char pipeline[] = //
    "model = perceptron([5, 3])\n"
    "x = normal(key(1), [6, 4])\n"
    "labels = randint(key(2), [6], 0, 3)\n"
    "params = model.init(key(0), x)\n"
    "fn loss(p, x, y) { mean(softmax_cross_entropy_with_integer_labels(model.apply(p, x), y)) }\n"
    "tx = chain(clip(1.0), adam(0.01))\n"
    "state = tx.init(params)\n"
    "for b in batches({x: x, y: labels}, 3, shuffle = true, key = key(3)) {\n"
    "  l, g = value_and_grad(loss)(params, b.x, b.y)\n"
    "  u, state = tx.update(g, state, params)\n"
    "  params = apply_updates(params, u)\n"
    "}\n"
    "state.hyperparams.learning_rate = 0.5\n"
    "print(l, tx, state.hyperparams)\n";

static const char language[] = //
    "fn counter() { n = [0]; () -> n[0] + 1 }\n"
    "fn pair(a, b = 2, *rest, **named) { [a, b, rest, named] }\n"
    "c = counter()\n"
    "xs = []\n"
    "for [i, s] in enumerate([\"a\", \"b\"], start = 1) { xs = append(xs, {name: s, at: i, n: c()}) }\n"
    "xs[0].name = \"z\"\n"
    "xs[1][\"more\"] = [1, [2, 3]]\n"
    "a, *b = pair(1, 2, 3, 4, five = 5)\n"
    "spread = pair(*[1, 2], **{six: 6})\n"
    "r = {**record(zip([\"k\", \"l\"], map(v -> v ** 2, range(2)))), z: 0}\n"
    "text = join(map(str, [*xs, b, spread]), \", \")\n"
    "words = sorted(text.split(\" \"), key = len, reverse = true)\n"
    "m = array([[1, 2], [3, 4]])\n"
    "m[0, :] = 5\n"
    "q = m[:, 1] @ m + m.T[0] * 2\n"
    "fn local() {\n"
    "  fn even(n) { if n == 0 { true } else { odd(n - 1) } }\n"
    "  fn odd(n) { if n == 0 { false } else { even(n - 1) } }\n"
    "  even(5)\n"
    "}\n"
    "local()\n"
    "try { nothing = {a: 1}; nothing[\"b\"] } catch e { print(e.message, e.hint) }\n"
    "try { error(\"own\") } catch e { print(format(\"{} {:>8} {:,.2f}\", e.code, \"x\", 12345.678)) }\n"
    "print(replace(text, \"a\", \"bb\"), words[0], q, tree_map(v -> v + 1, {a: m, b: [1, 2]}))\n"
    "print(reduce((a, b) -> a + b, [1, 2, 3]), filter(v -> v > 1, [1, 2]), reversed([1, 2]), xs, text[1:3])\n"
    "while true { try { break } catch e { } }\n"
    "grad(grad(x -> x ** 3))(2.0)\n";

/* Wrong in many ways: each message is made with memory too. */
static const char wrong[] = //
    "x = unknown1 + unknown2\n"
    "fn f(a, a) { }\n"
    "print(nme = 3, sort([1]))\n"
    "y = {a: 1, a: 2}\n"
    "trase(0.9)\n";

static void test_pipeline(void **state)
{
  (void)state;
  fails_well(pipeline, false);
  fails_well(pipeline, true);
}

static void test_language(void **state)
{
  (void)state;
  fails_well(language, false);
  fails_well(language, true);
}

/* What is wrong stays so, and the context lives. */
static void test_wrong(void **state)
{
  (void)state;
  for (int forever = 0; forever < 2; forever++) {
    bool reached = true;
    for (uint64_t n = 1; reached; n++) {
      Memory m = {0};
      Seen seen = {0};
      optic_context *optic = create(&m, &seen);
      assert_non_null(optic);
      m.fail_at = m.requests + n;
      m.forever = forever;
      optic_status status = run(optic, "wrong.opt", wrong);
      reached = m.requests >= m.fail_at;
      m.fail_at = 0;
      assert_true(status == OPTIC_WRONG || (reached && status == OPTIC_OOM));
      assert_int_equal(run(optic, "after.opt", "assert 1 + 1 == 2\n"), OPTIC_OK);
      optic_destroy(optic);
      assert_int_equal(m.used, 0);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pipeline),
      cmocka_unit_test(test_language),
      cmocka_unit_test(test_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
