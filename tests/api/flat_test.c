/* flat_test.c: a loop that goes on ten times as long needs no more memory: seen through the allocator hook.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <optic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Memory {
  uint64_t used, peak;
} Memory;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
  Memory *m = user;
  if (new_size == 0) {
    free(block);
    m->used -= old_size;
    return NULL;
  }
  void *fresh = realloc(block, new_size);
  if (fresh) {
    m->used += new_size - old_size;
    m->peak = m->used > m->peak ? m->used : m->peak;
  }
  return fresh;
}

static char said[512];

static bool hear(void *user, optic_stream stream, const char *text, size_t size)
{
  (void)user;
  if (stream == OPTIC_ERR) {
    size = size < sizeof said - 1 ? size : sizeof said - 1;
    memcpy(said, text, size);
    said[size] = 0;
  }
  return true;
}

/* The most that a context holds while it runs `before` and then `body` in a loop of `steps`. */
static uint64_t peak_of(const char *before, const char *body, unsigned steps)
{
  char script[4096];
  Memory m = {0};
  optic_config config = optic_config_default();
  config.resize = resize;
  config.resize_user = &m;
  config.write = hear;
  optic_context *optic = optic_create(&config);
  assert_non_null(optic);
  int n = snprintf(script, sizeof script, "%s\nfor i in range(%u) {\n%s\n}\n", before, steps, body);
  assert_true(n > 0 && (size_t)n < sizeof script);
  if (optic_run_text(optic, "flat.opt", script, (size_t)n) != OPTIC_OK) {
    fail_msg("%s", said);
  }
  optic_destroy(optic);
  assert_int_equal(m.used, 0);
  return m.peak;
}

typedef struct Loop {
  const char *name, *before, *body;
  unsigned steps;
} Loop;

static const Loop loops[] = {
    {"scalars", "x = 0", "x = x * 0.5 + i", 20000},
    {"lists", "xs = []", "xs = append(xs, i)\nif len(xs) > 50 { xs = xs[25:] }", 20000},
    {"strings", "s = \"\"", "s = s + \"ab\"\nif len(s) > 100 { s = s[50:] }\nt = format(\"{:.3f} {}\", i, s)", 10000},
    {"records", "r = {a: 1, b: {c: 2}}", "r.a += 1\nr.b.c = i\nq = {**r, d: [i]}\nq[\"d\"] = r", 10000},
    {"growing records", "r = {}", "r[format(\"k{}\", i % 40)] = i\nif len(r) > 30 { r = {} }", 10000},
    {"closures", "f = none", "k = i\ng = x -> x + k\nf = () -> g(1)\ny = f()", 10000},
    {"recursive closures", "",
     "fn local(n) {\n"
     "  fn even(n) { if n == 0 { true } else { odd(n - 1) } }\n"
     "  fn odd(n) { if n == 0 { false } else { even(n - 1) } }\n"
     "  even(n)\n"
     "}\n"
     "y = local(3)",
     20000},
    {"a cycle through a list", "", "fn make() { xs = []; fn f() { len(xs) }\nxs = append(xs, f); f }\ny = make()()",
     20000},
    {"try", "y = 0", "try { if i % 2 == 0 { error(\"x\") } else { none.x } } catch e { y = e.message }", 10000},
    {"try in a function", "fn f(i) { try { return g(i) } catch e { return e.code } }\nfn g(i) { [1][i + 1] }",
     "y = f(i)", 10000},
    {"iterators", "",
     "y = sorted(map(x -> x[0], zip([3, 1], enumerate(\"ab\"))))\nfor j in progress(range(2)) { break }", 5000},
    {"arrays", "x = zeros([32, 8])", "x[i % 32] = i\ny = (x + 1) @ x.T\nz = sum(y, axis = 0)[2:7]", 5000},
    {"gradients", "p = {w: ones([16]), b: 0.5}", "g = grad(p -> sum((p.w * 2 + p.b) ** 2))(p)\np.w = p.w - 1e-6 * g.w",
     3000},
    {"second derivatives", "", "y = grad(grad(x -> x ** 3))(2.0)", 3000},
    {"training",
     "tx = chain(clip_by_global_norm(1.0), adam(1e-3))\n"
     "model = perceptron([8, 3])\n"
     "x = normal(key(0), [6, 4])\n"
     "y = randint(key(1), [6], 0, 3)\n"
     "params = model.init(key(2), x)\n"
     "state = tx.init(params)\n"
     "fn loss(p) { mean(softmax_cross_entropy_with_integer_labels(model.apply(p, x), y)) }",
     "l, g = value_and_grad(loss)(params)\n"
     "u, state = tx.update(g, state, params)\n"
     "params = apply_updates(params, u)",
     300},
    {"keys and batches", "data = {x: arange(12), y: arange(12)}\nn = 0",
     "for b in data.batches(5, shuffle = true, key = fold_in(key(0), i)) { n += b.x.shape[0] }\nk = "
     "normal(split(key(i))[0], [4])",
     2000},
};

static void test_flat(void **state)
{
  (void)state;
  bool fine = true;
  for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
    const Loop *l = &loops[i];
    uint64_t few = peak_of(l->before, l->body, l->steps), many = peak_of(l->before, l->body, 10 * l->steps);
    if (many > few + few / 50) {
      print_error("%s: %llu bytes, and %llu where it goes on ten times as long\n", l->name, (unsigned long long)few,
                  (unsigned long long)many);
      fine = false;
    }
  }
  assert_true(fine);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_flat)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
