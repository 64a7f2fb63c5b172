/* check_test.c: what the checker says of scripts, right and wrong.
 * SPDX-License-Identifier: MIT */
#include "lang_test.h"

static const Row rows[] = {
    {"x = sqrt(2)\n  - x", "W0104 2:3 the value of `- x` is not used (if it continues line 1, end that line with `-`)"},
    {"adam(b1 = 0.9, 0.1)",
     "E0205 1:16 positional argument after a keyword argument (move it before them, or give its name)"},
    {"fn f(a = 1, b) { a }",
     "E0204 1:13 parameter `b` without a default follows `a`, which has one (put it before, or give it a default)"},
    {"transform t() {\n g = 2 * updates\n state m = zeros_like(g)\n return g }",
     "E0206 3:2 `state` lines come first in a transform's body (they run at `init`, where `updates` and what was "
     "computed from it do not exist)"},
    {"fn f() { state m = 0; m }",
     "E0203 1:10 `state` declares only at the beginning of a transform's body (assign a variable instead)"},
    {"count = 0\nfn tick() { count += 1 }",
     "E0202 2:13 `count` is local to `tick` (it is assigned there) and has no value yet (the one outside is another: "
     "pass it in, and return the new value)"},
    {"transform t(x) { updates = -x * updates }",
     "E0207 1:1 the transform `t` returns nothing (end it with `return updates`)"},
    {"tx = chain(clip_by_globalnorm(1.0), trace(0.9))",
     "E0201 1:12 no function `clip_by_globalnorm` (did you mean `clip_by_global_norm`?)"},
    {"x = pirnt", "E0201 1:5 no name `pirnt` (did you mean `print`?)"},
    {"learning_rate = 1\nprint(learning_rat)", "E0201 2:7 no name `learning_rat` (did you mean `learning_rate`?)"},
    {"x = foo\ny = foo\nfoo(foo)", "E0201 1:5 no name `foo`"},
    {"x = True", "E0201 1:5 no name `True` (write `true`)"},
    {"lambda(1)", "E0201 1:1 no function `lambda` (a function is written `x -> ...`)"},
    {"tx = optax.adam(1)",
     "E0201 1:6 no name `optax` (its functions are built in: write `adam(...)`, not `optax.adam(...)`)"},
    {"print(x); x = 1", "E0202 1:7 `x` has no value yet (assign it first)"},
    {"x = x + 1", "E0202 1:5 `x` has no value yet (assign it first)"},
    {"x += 1", "E0202 1:1 `x` has no value yet (assign it first)"},
    {"range = range(3)",
     "W0103 1:1 `range` hides the `range` of the standard library (choose another name, unless that is meant)"},
    {"fn f() { y = x; x = 1; y }\nf()", "E0202 1:14 `x` has no value yet (assign it first)"},
    {"fn f() { if a { x = 1 }; x }\na = 1; f()", ""},
    {"fn f(xs) { for a in xs { print(b); b = a } }", ""},
    {"fn f(xs) { for a in xs { n += a }; n }", "E0202 1:26 `n` has no value yet (assign it first)"},
    {"fn f() { sqrt = sqrt(2) }", "E0202 1:17 `sqrt` is local to `f` (it is assigned there) and has no value yet (give "
                                  "the local variable another name)"},
    {"fn f(a) { a += 1; a }", ""},
    {"fn f(a) { fn() { a += 1 } }", "E0202 1:18 `a` is local to its function (it is assigned there) and has no value "
                                    "yet (the one outside is another: pass it in, and return the new value)"},
    {"fn f() { g() }\nfn g() { f() }", ""},
    {"fn f(a, a) { a }", "E0209 1:9 the parameter `a` stands twice"},
    {"(_, _) -> 1", "W0101 1:1 the value of `(_, _) -> 1` is not used"},
    {"fn f(*a, b) { a }",
     "E0204 1:10 `*a` takes all positions that are left (put `b` before it, or give it a default)"},
    {"fn f(**a, b) { a }", "E0204 1:11 `**a` comes last among parameters"},
    {"fn f(**a, *b) { a }", "E0204 1:11 `**a` comes last among parameters"},
    {"fn f(*a, **b) { a }", ""},
    {"fn f(a, b = a, c = b + d) { c }", "E0201 1:24 no name `d`"},
    {"transform t(params) { return params }",
     "E0204 1:13 `params` cannot be a parameter of a transform (the name is taken in its body; choose another)"},
    {"transform t(extra: number = 1) { return updates }",
     "E0204 1:13 `extra` cannot be a parameter of a transform (the name is taken in its body; choose another)"},
    {"adam(1, b1 = 1, b1 = 2)", "E0209 1:17 the argument `b1` is given twice"},
    {"print(**{a: 1}, 1)",
     "E0205 1:17 positional argument after a keyword argument (move it before them, or give its name)"},
    {"print(*[1], 2, *[3])", ""},
    {"break", "E0203 1:1 `break` stands outside of a loop"},
    {"fn f() { continue }", "E0203 1:10 `continue` stands outside of a loop"},
    {"while true { fn() { break } }", "E0203 1:21 `break` stands outside of a loop\n"
                                      "W0101 1:14 the value of `fn() { break }` is not used"},
    {"for i in [] { break; continue }", "W0102 1:22 nothing after `break` runs"},
    {"return 1", "E0203 1:1 `return` stands outside of a function"},
    {"transform t() { state a = 0; state a = 1; return a }", "E0209 1:36 the state `a` is declared twice"},
    {"transform t(a) { state a = 0; return a }", "E0209 1:24 `a` is an argument of the transform already"},
    {"transform t() { state updates = 0; return updates }",
     "E0209 1:23 `updates` cannot be a state: the name is taken in every transform"},
    {"transform t() { state a = updates; return a }", "E0202 1:27 `updates` does not exist in a `state` line (`state` "
                                                      "lines run at `init`, with `params` and the arguments)"},
    {"transform t() { state a = 0; state b = a; return b }",
     "E0202 1:40 the state `a` has no value while `state` lines run (they run at `init`, with `params` and the "
     "arguments; repeat the expression)"},
    {"transform t() { state a = f(extra, params); return a }\nfn f(a, b) { a }",
     "E0202 1:29 `extra` does not exist in a `state` line (`state` lines run at `init`, with `params` and the "
     "arguments)"},
    {"transform t(x) { x = x + 1; return x }",
     "E0202 1:22 `x` is local to `t` (it is assigned there) and has no value yet (an argument of a transform is not "
     "reassigned: give the new value another name)"},
    {"transform t(x: number) { x = x + 1; return x }", ""},
    {"transform t() { if true { state a = 1 }; return updates }",
     "E0203 1:27 `state` declares only at the beginning of a transform's body (move it before the other statements)"},
    {"transform t() { if updates { return updates } }",
     "E0207 1:1 the transform `t` returns nothing on some path (end it with `return updates`)"},
    {"transform t() { if updates { return updates } else { print(1) } }", ""},
    {"transform t() { if updates { return updates } else { x = 1 } }",
     "E0207 1:1 the transform `t` returns nothing on some path (end it with `return updates`)"},
    {"transform t() { return }", "E0207 1:17 the transform `t` returns nothing here (write `return updates`)"},
    {"transform t() { }", "E0207 1:1 the transform `t` returns nothing (end it with `return updates`)"},
    {"transform t() { while true { return updates } }", ""},
    {"transform t() { while true { break } }",
     "E0207 1:1 the transform `t` returns nothing (end it with `return updates`)"},
    {"transform t() { assert false, \"no\" }", ""},
    {"transform t() { try { return updates } catch e { return -updates } }", ""},
    {"transform t() { -updates }", ""},
    {"transform t() { fn f() { return 1 } }",
     "E0207 1:1 the transform `t` returns nothing (end it with `return updates`)"},
    {"x = if true { 1 }", "E0208 1:5 the value of this `if` is used, but it has no `else` (say what it is otherwise: "
                          "`if c { a } else { b }`)"},
    {"x = if true { y = 1 } else { 2 }",
     "E0208 1:15 this block has no value, but one is used (end it with an expression)"},
    {"x = if true { 1 } else if false { 2 }", "E0208 1:24 the value of this `if` is used, but it has no `else` (say "
                                              "what it is otherwise: `if c { a } else { b }`)"},
    {"x = if true { } else { 2 }", "E0208 1:14 this block has no value, but one is used (end it with an expression)"},
    {"fn f(a) { return if a { 1 } }", "E0208 1:18 the value of this `if` is used, but it has no `else` (say what it is "
                                      "otherwise: `if c { a } else { b }`)"},
    {"fn f(a) { if a { print(1) } }", ""},
    {"x -> if x { 1 }", "E0208 1:6 the value of this `if` is used, but it has no `else` (say what it is otherwise: `if "
                        "c { a } else { b }`)\n"
                        "W0101 1:1 the value of `x -> if x { 1 }` is not used"},
    {"fn f(a) { b = if a { return 1 } else { 2 }; b }", ""},
    {"adam(lr = 1)",
     "E0302 1:6 `adam` has no argument `lr` (did you mean `learning_rate`?) (it is `adam(learning_rate, b1: number = "
     "0.9, b2 = 0.999, eps = 1e-8, eps_root = 0.0, nesterov = false)`)"},
    {"adam(1, eps_rot = 1)",
     "E0302 1:9 `adam` has no argument `eps_rot` (did you mean `eps_root`?) (it is `adam(learning_rate, b1: number = "
     "0.9, b2 = 0.999, eps = 1e-8, eps_root = 0.0, nesterov = false)`)"},
    {"adam(1, foo = 1)", "E0302 1:9 `adam` has no argument `foo` (it is `adam(learning_rate, b1: number = 0.9, b2 = "
                         "0.999, eps = 1e-8, eps_root = 0.0, nesterov = false)`)"},
    {"adam()", "E0302 1:1 `adam` needs its argument `learning_rate` (it is `adam(learning_rate, b1: number = 0.9, b2 = "
               "0.999, eps = 1e-8, eps_root = 0.0, nesterov = false)`)"},
    {"adam(1, 2, 3, 4, 5, 6, 7)", "E0302 1:24 `adam` takes 6 arguments (it is `adam(learning_rate, b1: number = 0.9, "
                                  "b2 = 0.999, eps = 1e-8, eps_root = 0.0, nesterov = false)`)"},
    {"adam(1, learning_rate = 1)",
     "E0209 1:9 `learning_rate` is given twice: by position and by name (it is `adam(learning_rate, b1: number = 0.9, "
     "b2 = 0.999, eps = 1e-8, eps_root = 0.0, nesterov = false)`)"},
    {"adam(*[1, 2], eps = 1)", ""},
    {"adam(**{a: 1})", ""},
    {"trace(1, foo = 2)", ""},
    {"trace(nesterov = true)",
     "E0302 1:1 `trace` needs its argument `decay` (it is `trace(decay, nesterov = false, **more)`)"},
    {"join([1], \", \", 3)",
     "E0302 1:17 `join` takes 2 arguments by position (it is `join(xs, sep = \", \", *, end = [1, 2])`)"},
    {"join([1], end = 3)", ""},
    {"join()", "E0302 1:1 `join` needs its argument `xs` (it is `join(xs, sep = \", \", *, end = [1, 2])`)"},
    {"fn f(a, b = 2) { a }\nf(1, 2, 3); f(); f(1, c = 2); f(1, b = 3)",
     "E0302 2:9 `f` takes 2 arguments (it is `f(a, b = 2)`)\n"
     "E0302 2:13 `f` needs its argument `a` (it is `f(a, b = 2)`)\n"
     "E0302 2:23 `f` has no argument `c` (it is `f(a, b = 2)`)"},
    {"f = (a, b) -> a\nf(1)", "E0302 2:1 `f` needs its argument `b` (it is `f(a, b)`)"},
    {"f = a -> a\nf = (a, b) -> a\nf(1, 2)", ""},
    {"fn f(*xs) { xs }\nf(1, 2, 3)", ""},
    {"fn g(f) { f(1, 2) }\nfn f(a) { a }", ""},
    {"transform t(a: number) { return updates * a }\nt(1, 2)", "E0302 2:6 `t` takes 1 argument (it is `t(a: number)`)"},
    {"a, b = 1, 2, 3", "E0308 1:1 2 targets, but 3 values"},
    {"a, *b = [1]", ""},
    {"a, (b, c) = 1, [2]", "E0308 1:4 2 targets, but 1 value"},
    {"a, b = [*x, 1]; x = 1", "E0202 1:10 `x` has no value yet (assign it first)"},
    {"1 + 2", "W0101 1:1 the value of `1 + 2` is not used"},
    {"x = 1\nx\nx == 2", "W0101 2:1 the value of `x` is not used\n"
                         "W0101 3:1 the value of `x == 2` is not used (assignment is written `=`)"},
    {"\"a script's heading\"\nx = 1", ""},
    {"x = 1\n\"not a heading\"", "W0101 2:1 the value of `\"not a heading\"` is not used (a comment begins with `#`)"},
    {"fn f(a) { a + 1; a }", "W0101 1:11 the value of `a + 1` is not used"},
    {"fn f(a) { if a { 1; 2 } else { a } }", "W0101 1:18 the value of `1` is not used"},
    {"sqrt(2)\nsqrt(2) or print(1)\nsqrt(2) + 1", "W0101 3:1 the value of `sqrt(2) + 1` is not used"},
    {"fn f(a) { return a\n print(a) }", "W0102 2:2 nothing after `return` runs"},
    {"fn f(a) { return\n a }",
     "W0102 2:2 nothing after `return` runs (a value to return begins on the line of its `return`)"},
    {"fn f(a) { return a\n - a }",
     "W0104 2:2 the value of `- a` is not used (if it continues line 1, end that line with `-`)"},
    {"while true { break; print(1); print(2) }", "W0102 1:21 nothing after `break` runs"},
    {"scale = 1", ""},
    {"scale, trace = 1, 2", ""},
    {"scale = 1\nprint(scale(2))",
     "W0103 1:1 `scale` hides the `scale` of the standard library (choose another name, unless that is meant)"},
    {"fn f(scale) { sqrt = scale; sqrt }", ""},
    {"fn f() { fn trace() { 1 }; trace() }",
     "W0103 1:13 `trace` hides the `trace` of the standard library (choose another name, unless that is meant)"},
    {"for chain in [] { }", ""},
    {"chain = 1\nfn f() { chain(1) }",
     "W0103 1:1 `chain` hides the `chain` of the standard library (choose another name, unless that is meant)"},
    {"fn scale(x) { x }",
     "W0103 1:4 `scale` hides the `scale` of the standard library (choose another name, unless that is meant)"},
    {"fn f(a) { b = a; c = a; c }", "W0101 1:11 `b` is assigned and never read"},
    {"fn f(a) { b = a; b = 2; a }", "W0101 1:11 `b` is assigned and never read"},
    {"fn f(a) { if a { b = 1 } else { c = [] }; a }", "W0101 1:18 `b` is assigned and never read\n"
                                                      "W0101 1:33 `c` is assigned and never read"},
    {"fn f(a) { b = 1; () -> b }", ""},
    {"fn f(a) { b = 1; a = b }", ""},
    {"fn f(a) { _ = a; _b = a; a }", ""},
    {"fn f(a) { for i in a { }; b, c = a; c }", ""},
    {"fn f(a) { r = a; r.x = 1 }", ""},
    {"fn f(a) { n = 1; n += 1 }", ""},
    {"fn f(total) { totl = total + 1; total }", "W0101 1:15 `totl` is assigned and never read (did you mean `total`?)"},
    {"transform t() {\n state mu = 1\n muu = mu * 2\n return updates }",
     "W0101 3:2 `muu` is assigned and never read (did you mean the state `mu`?)"},
    {"transform t() { state mu = 1; mu = 2; updates = 1; return updates }", ""},
    {"fn f(a) { fn g() { b = 1 }; g }", "W0101 1:20 `b` is assigned and never read"},
    {"f = (a) -> if a { b = 1; 2 } else { 3 }", "W0101 1:19 `b` is assigned and never read"},
    {"fn f(b) { a = b; nothing }", "E0201 1:18 no name `nothing`"},
    {"x = 3 // comment", "E0201 1:10 no name `comment` (a comment begins with `#`)"},
    {"x = 3 // 2 * comment", "E0201 1:14 no name `comment`"},
    {"x = tile(1)", "E0201 1:5 no function `tile`"},
    {"x = float(1)", "E0201 1:5 no function `float` (write `number(x)`)"},
    {"x = ravel", "E0201 1:5 no name `ravel` (write `reshape(x, [-1])`)"},
    {"raise(1)", "E0201 1:1 no function `raise` (`error(\"...\")` raises)"},
    {"for chain in [] { chain(1) }",
     "W0103 1:5 `chain` hides the `chain` of the standard library (choose another name, unless that is meant)"},
    {"x = {a: 1, b: 2, a: 3}", "E0209 1:18 the key `a` stands twice in this record"},
    {"x = if a { b } else { c }", "E0201 1:8 no name `a`\n"
                                  "E0201 1:12 no name `b`\n"
                                  "E0201 1:23 no name `c`"},
    {"for i in xs { print(i) }", "E0201 1:10 no name `xs`"},
    {"try { print(e) } catch e { print(e) }", "E0202 1:13 `e` has no value yet (assign it first)"},
    {"import \"a.opt\" as m\nprint(m.x)", ""},
    {"print(f(1)); fn f(a) { a }", "E0202 1:7 `f` has no value yet (assign it first)"},
    {"state = 1; print(state)", ""},
    {"sqrt", "W0101 1:1 the value of `sqrt` is not used (a function is called with `sqrt()`)"},
    {"fn f() { x = y; y = 1; x }", "E0202 1:14 `y` has no value yet (assign it first)"},
    {"fn f() {\n x = y\n y = 1\n x }", "E0202 2:6 `y` has no value yet (it gets one on line 3)"},
};

/* Units of a conversation: a value by itself is shown, names may be older than the unit. */
static const Row repl_rows[] = {
    {"1 + 2", ""},
    {"x = 1\nx", ""},
    {"if true { 1 } else { 2 }", ""},
    {"for i in [] { i }", "W0101 1:15 the value of `i` is not used"},
    {"print(x)", "E0201 1:7 no name `x`"},
};

static void scripts(void **state)
{
  (void)state;
  run_rows(rows, sizeof rows / sizeof *rows, CHECK_SCRIPT, false);
}

static void units_of_a_repl(void **state)
{
  (void)state;
  run_rows(repl_rows, sizeof repl_rows / sizeof *repl_rows, CHECK_REPL, false);
}

/* Warnings are no errors; every wrong text has an error, and what is returned says so. */
static void returned(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Run run = run_text(rows[i].text, strlen(rows[i].text), CHECK_SCRIPT, NULL, NULL, NULL, true);
    assert_int_equal(run.parsed, PARSE_OK);
    bool error = run.diags[0] == 'E' || strstr(run.diags, "\nE");
    assert_true(run.checked == !error);
    assert_true(error == (run.errors > 0));
    run_free(&run);
  }
}

/* Nothing known of the world outside: every name of it is unknown, nothing breaks. */
static void no_world(void **state)
{
  (void)state;
  static const char text[] = "fn f(a) { a }\nf(1)\nprint(f(2))";
  Core core;
  Arena arena;
  Diags diags;
  Node *root;
  Source source = {"test", text, sizeof text - 1};
  assert_true(optic_core_init(&core, NULL, NULL, NULL, 1));
  optic_arena_init(&arena, &core.alloc);
  optic_diags_init(&diags, &core.alloc);
  assert_int_equal(optic_parse(&core, &source, &arena, &diags, &root), PARSE_OK);
  assert_false(optic_check(&core, &source, root, NULL, false, &diags));
  assert_int_equal(diags.errors, 1);
  assert_int_equal(diags.list.at[0].code, D_unknown_name);
  optic_diags_finish(&diags);
  optic_arena_finish(&arena);
  optic_core_finish(&core);
}

/* Work grows with the text, not with its square: each of these takes seconds when something is quadratic. */
static void large(void **state)
{
  (void)state;
  static const char *const parts[] = {
      "u%d\n", "x%d = u%d\n", "f(k%d = 1)\n", "fn g%d(a) { a += u%d }\n", "x%d = 1; x%d\n", "for i%d in u%d { u%d }\n",
  };
  enum { MOST = 1000000 };
  char *text = malloc(MOST + 100);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    size_t n = 0;
    for (int k = 0; n < MOST; k++) {
      char line[100];
      size_t used = 0;
      for (const char *c = parts[i]; *c; c++) {
        if (c[0] == '%' && c[1] == 'd') {
          used += (size_t)snprintf(line + used, sizeof line - used, "%d", k);
          c++;
        } else {
          line[used++] = *c;
        }
      }
      memcpy(text + n, line, used);
      n += used;
    }
    Run run = run_text(text, n, CHECK_SCRIPT, NULL, NULL, NULL, false);
    assert_int_equal(run.parsed, PARSE_OK);
    assert_true(run.errors + run.warnings > 0);
  }
  /* One function of many states, each in the wrong place or reading an unknown name; one call of many arguments. */
  size_t n = (size_t)sprintf(text, "transform t() { return 1\n");
  for (int k = 0; n < MOST; k++) {
    n += (size_t)sprintf(text + n, "state s%d = u%d\n", k, k);
  }
  n += (size_t)sprintf(text + n, "}");
  assert_int_equal(run_text(text, n, CHECK_SCRIPT, NULL, NULL, NULL, false).parsed, PARSE_OK);
  n = (size_t)sprintf(text, "f = (");
  for (int k = 0; n < MOST / 2; k++) {
    n += (size_t)sprintf(text + n, "a%d,", k);
  }
  n += (size_t)sprintf(text + n, ") -> 1\n");
  while (n < MOST) {
    n += (size_t)sprintf(text + n, "f();f(a=1);");
  }
  assert_int_equal(run_text(text, n, CHECK_SCRIPT, NULL, NULL, NULL, false).parsed, PARSE_OK);
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scripts),  cmocka_unit_test(units_of_a_repl), cmocka_unit_test(returned),
      cmocka_unit_test(no_world), cmocka_unit_test(large),
  };
  return cmocka_run_group_tests_name("lang/check", tests, NULL, NULL);
}
