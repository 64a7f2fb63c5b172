/* builtins_test.c: functions written in C, with the n-th request for memory refused, for every n. See sweep.h.
 * SPDX-License-Identifier: MIT */
#define OOM_EACH
#include "oom/sweep.h"

static const char trees[] = //
    "t = {a: {kernel: ones([2,2]), bias: zeros(2)}, l: [1, {w: 2}]}\n"
    "x = select(t, \"**/kernel\")\n"
    "x = select(t, (p, l) -> p.ends_with(\"bias\"))\n"
    "x = merge(t, {l: [5, none]})\n"
    "x = tree_labels(t, patterns = [\"**/kernel\"], default = \"r\")\n"
    "x = tree_labels(t, (p, l) -> \"x\")\n"
    "x = tree_map((a, b) -> a + b, t, t)\n"
    "x = tree_map_with_path((p, a) -> p, t)\n"
    "x = tree_leaves(t)\n"
    "x = tree_paths(t)\n"
    "x = global_norm(t)\n"
    "x = tree_sum(t)\n"
    "x = tree_set(t, \"l/1/w\", 3)\n"
    "x = str(t)\n"
    "x = format(\"{:.3f} {:>6,} {}\", 1, 2000, t)\n";

static void test_trees(void **state)
{
  (void)state;
  fails_well(trees, false);
}

static const char lists[] = //
    "x = sorted([\"b\", \"a\"], key = len)\n"
    "x = map((a, b) -> a, [1, 2], [3, 4])\n"
    "x = filter(x -> x, [1, 0])\n"
    "x = list(zip([1], enumerate(\"ab\")))\n"
    "x = items({a: 1})\n"
    "x = record([[\"z\", 1]], b = 2)\n"
    "x = remove({a: 1, b: 2}, \"a\")\n"
    "x = extend([1], [2, 3])\n"
    "x = insert([1], 0, 2)\n"
    "x = split(\"a,b\", \",\")\n"
    "x = \"a-b\".replace(\"-\", \"+\")\n"
    "x = join([\"a\", \"b\"], \",\")\n";

static void test_lists(void **state)
{
  (void)state;
  fails_well(lists, false);
}

static const char gradients[] = //
    "x = grad(p -> sum(p.a ** 2) * p.n)({a: array([1, 2]), n: 3})\n"
    "x = value_and_grad((a, b) -> [a * b, {z: a}], argnums = [0, 1], has_aux = true)(2, 3)\n";

static void test_gradients(void **state)
{
  (void)state;
  fails_well(gradients, false);
}

static const char arrays[] = //
    "x = array([[1, 2], [array(3), 4]])\n"
    "x = concatenate([[1], [2]])\n"
    "x = roll([1, 2], 1)\n"
    "x = diag([1, 2])\n"
    "x = full(2, 3)\n"
    "x = astype([ones(2), 1], \"f64\")\n"
    "x = split(key(0))\n"
    "x = normal(key(0), 3)\n"
    "x = permutation(key(0), [1, 2, 3])\n"
    "x = bernoulli(key(0), array([0, 1]))\n"
    "x = qr(eye(2))\n"
    "x = svd(eye(2))\n"
    "x = one_hot([0, 1], 2)\n"
    "x = take([1, 2], [0])\n"
    "x = sum([1, 2])\n"
    "x = max([[1, 2]], axis = 0)\n"
    "x = split(arange(4), 2)\n";

static void test_arrays(void **state)
{
  (void)state;
  fails_well(arrays, false);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_trees),
      cmocka_unit_test(test_lists),
      cmocka_unit_test(test_gradients),
      cmocka_unit_test(test_arrays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
