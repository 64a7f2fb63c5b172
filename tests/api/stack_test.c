/* stack_test.c: whatever a script nests, a thread with a stack of 64 KiB is enough.
 *
 * The scripts run on a larger stack that was painted before, so that a test fails with the bytes used and not with a
 * crash. Sanitizers need more: there the scripts only run.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <optic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { BAR = 8 << 20 };
#else
enum { BAR = 60 << 10 }; /* what is left is for the thread itself */
#endif
enum { STACK = 8 << 20, PAINT = 0xa5, LONGEST = 1 << 20 };

typedef struct Job {
  const char *text;
  optic_status status;
} Job;

static void *run(void *at)
{
  Job *job = at;
  optic_context *optic = optic_create(NULL);
  job->status = optic ? optic_run_text(optic, "deep.opt", job->text, strlen(job->text)) : OPTIC_OOM;
  optic_destroy(optic);
  return NULL;
}

/* The stack that a thread needs to create a context, run the text, and end it. */
static size_t stack_of(const char *text)
{
  unsigned char *stack = aligned_alloc(1 << 16, STACK);
  assert_non_null(stack);
  memset(stack, PAINT, STACK);
  pthread_attr_t attr;
  pthread_t thread;
  Job job = {.text = text};
  assert_int_equal(pthread_attr_init(&attr), 0);
  assert_int_equal(pthread_attr_setstack(&attr, stack, STACK), 0);
  assert_int_equal(pthread_create(&thread, &attr, run, &job), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  size_t untouched = 0;
  while (untouched < STACK && stack[untouched] == PAINT) {
    untouched++;
  }
  free(stack);
  return STACK - untouched;
}

/* ---- nesting in the text -------------------------------------------------------------------------------------- */
typedef struct Nest {
  const char *open, *inner, *close;
  int times;
} Nest;

static const Nest nests[] = {
    {"", "print(1)\n", "", 1},
    {"(", "1", ")", 126},
    {"[", "1", "]", 126},
    {"[", "1", "]", 100000},
    {"{a: ", "1", "}", 126},
    {"{a: [", "1", "]}", 63},
    {"(x -> ", "1", ")", 62},
    {"-", "1", "", 126},
    {"not ", "true", "", 126},
    {"2 ** ", "1", "", 126},
    {"if true { ", "1", " }", 126},
    {"if false { 1 } else ", "{ 1 }", "", 126},
    {"fn f(x) {\n", "x\n", "}\n", 126},
    {"for i in [1] {\n", "print(i)\n", "}\n", 126},
    {"while true {\n", "break\n", "break }\n", 126},
    {"try {\n", "print(1)\n", "} catch e { 2 }\n", 126},
    {"str(", "1", ")", 126},
    {"1 + ", "1", "", 20000},
    {"1 |> ", "str()", "", 126},
    {"x = [1]\nx = x[x[0] - 1]", "", "", 1},
    {"[1][", "0", "]", 126},
    {"(1, ", "2", ")", 126},
    {"x = ", "1\n", "", 126},
    {"transform t() {\n", "return updates\n", "}\n", 126},
};

static void test_text(void **state)
{
  (void)state;
  char *text = malloc(LONGEST);
  bool fine = true;
  for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
    const Nest *n = &nests[i];
    size_t at = 0;
    for (int k = 0; k < n->times && at < LONGEST / 2; k++) {
      at += (size_t)sprintf(text + at, "%s", n->open);
    }
    at += (size_t)sprintf(text + at, "%s", n->inner);
    for (int k = 0; k < n->times && at < LONGEST - 32; k++) {
      at += (size_t)sprintf(text + at, "%s", n->close);
    }
    size_t used = stack_of(text);
    print_message("%7zu bytes: %s%s..\n", used, n->open, n->inner);
    fine = fine && used <= BAR;
  }
  free(text);
  assert_true(fine);
}

/* ---- nesting while it runs ------------------------------------------------------------------------------------ */
static const char *const scripts[] = {
    "x = 1\ntry { while true { x = [x] } } catch e { }\n"
    "print(x, str(x), x == x, format(\"{}\", x))\ny = tree_map(v -> v, x)\nz = x == y\n"
    "try { array(x) } catch e { }\nt = tree_leaves(x)\nt = tree_paths(x)\nx = -(x + 1)\nt = merge(x, x)\n"
    "t = select(x, (p, l) -> true)\nt = tree_labels(x, (p, l) -> \"a\")\nt = list(batches(tree_map(v -> ones([4]), x), "
    "2))\n",
    "x = 1\nfor i in range(126) { x = [x] }\n"
    "fn f(n) { y = x + 1\nz = tree_leaves(x)\nmap(f, [n]) }\ntry { f(0) } catch e { print(e.message) }",
    "x = 1\nfor i in range(126) { x = [x] }\nfn f(n) { try { y = x + 1 } catch e { }\ntry { z = str(x) } catch e { }\n"
    "w = sum(ones([300, 300]) @ ones([300]))\nmap(f, [n]) }\ntry { f(0) } catch e { print(e.message) }",
    "x = {}\ntry { while true { x = {a: x, b: 1} } } catch e { }\nprint(x)\nx = x * 2\ny = x == x\n",
    "fn f(n) { map(f, [n + 1]) }\ntry { f(0) } catch e { print(e.message) }",
    "fn h(n) { reduce((a, b) -> h(a), [1, 2, 3]) }\ntry { h(0) } catch e { print(e.message) }",
    "fn f(n) { sorted([n, 1], key = f) }\ntry { f(0) } catch e { print(e.message) }",
    "fn f(n) { filter(f, [n, 1]) }\ntry { f(0) } catch e { print(e.message) }",
    "fn f(n) { tree_map(f, {a: n}) }\ntry { f(0) } catch e { print(e.message) }",
    "fn f(p, n) { tree_map_with_path(f, {a: n}) }\ntry { f(\"\", 0) } catch e { print(e.message) }",
    "x = 1\nfor i in range(126) { x = [x] }\nfn f(n) { tree_map(f, x) }\ntry { f(0) } catch e { print(e.message) }",
    "fn f(p, l) { select({a: 1}, f) }\ntry { f(\"\", 0) } catch e { print(e.message) }",
    "fn f(n) { grad(f)(n * 1.0) }\ntry { f(1.0) } catch e { print(e.message) }",
    "fn f(n) { value_and_grad(f)(n * 1.0)[0] }\ntry { f(1.0) } catch e { print(e.message) }",
    "x = 1.0\nfor i in range(126) { x = [x] }\nfn f(n) { map(grad(f), [n]) }\ntry { f(x) } catch e { print(e.message) "
    "}",
    "fn f(n) { map(m -> sum(map(f, [m, m])), [n]) }\ntry { f(1.0) } catch e { print(e.message) }",
    "fn u(g, s, p, **e) { return map(x -> t.update(x, s, p), [g]), s }\nt = transformation(p -> {}, u)\n"
    "try { t.update(1, {}, {}) } catch e { print(e.message) }",
    "fn k(g, n) {\n  t = chain(scale(0.5), transformation(p -> {}, fn(g, s, p, **e) { return k(g, n), s }))\n"
    "  s = t.init(g)\n  t.update(g, s, g)\n}\ntry { k({a: 1.0}, 1) } catch e { print(e.message) }",
    "fn s(step) {\n  t = scale_by_schedule(s)\n  st = t.init({a: 1})\n  t.update({a: 1.0}, st)\n  1\n}\n"
    "try { s(1) } catch e { print(e.message) }",
    "t = scale(1.0)\nfor i in range(60) { t = chain(t, scale(2.0)) }\n"
    "try { s = t.init({a: 1.0})\nt.update({a: 1.0}, s, {a: 1.0}) } catch e { print(e.message) }\nprint(t)",
    "t = scale(1.0)\nfor i in range(60) { t = masked(t, {a: true}) }\n"
    "try { s = t.init({a: 1.0})\nt.update({a: 1.0}, s, {a: 1.0}) } catch e { print(e.message) }\nprint(t)",
    "fn f(n) { f(n + 1) + 1 }\ntry { f(0) } catch e { print(e.message) }",
    "fn n() { for i in progress([1], note = n) { }\n\"x\" }\ntry { n() } catch e { print(e.message) }",
    "fn deep(n) { c = none\nfor i in range(n) { old = c\nc = () -> old }\nc }\nc = deep(100000)\nc = none",
    "z = [1]\nfor i in range(31) { z = zip(z) }\nfor a in z { print(a) }",
    "try { f = x -> x\nfor i in range(1000) { f = grad(f) } } catch e { }\nprint(f)\ntry { f(1.0) } catch e { "
    "print(e.message) }",
    "try { t = scale(1.0)\nfor i in range(1000) { t = transformation(t.init, t.update) } } catch e { print(e.message) "
    "}\n"
    "print(t)\ntry { t.init({a: 1}) } catch e { print(e.message) }",
    "try { z = [1]\nfor i in range(1000) { z = [zip(z)] } } catch e { print(e.message) }\nprint(z)\nlist(z[0])",
    "g = grad(fn(x) { for i in range(20000) { x = x * 1.00001 }\nx })\nprint(g(1.0))",
    "print(format(\"{:>10} {:.100f} {}\", \"x\", 1e300, zeros([3, 3, 3])))\nprint(1e300, -1e-300, [1e300])",
    "x = normal(key(0), [20, 20])\nprint(svd(x), qr(x), eigh(x @ x.T), inv(x), det(x))\n"
    "g = grad(x -> sum(svd(x)[1]))(x)\ng = grad(x -> det(x))(x)",
    "m = perceptron([8, 3])\nx = normal(key(0), [6, 4])\np = m.init(key(0), x)\n"
    "tx = chain(clip_by_global_norm(1.0), adam(0.1))\ns = tx.init(p)\ng = grad(p -> sum(m.apply(p, x)))(p)\n"
    "u, s = tx.update(g, s, p)\nprint(s)\nt = muon(0.1)\ns = t.init(p)\nu, s = t.update(g, s, p)",
    "x = unknwn\ny = pint(1)\nprint(nme = 1)\nfn f(a, a) { }\n{a: 1, a: 2}\n",
    "import \"nowhere.opt\" as n",
    "load(\"nowhere.npz\")",
};

static void test_runs(void **state)
{
  (void)state;
  bool fine = true;
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    size_t used = stack_of(scripts[i]);
    print_message("%7zu bytes: %.60s..\n", used, scripts[i]);
    fine = fine && used <= BAR;
  }
  assert_true(fine);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_runs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
