/* parse_test.c: trees of right scripts, messages for wrong ones, and that nothing breaks the parser.
 * SPDX-License-Identifier: MIT */
#include "lang_test.h"

/* ---- trees ---------------------------------------------------------------------------------------------------- */
static const Row tree_rows[] = {
    {"", "(block)"},
    {"\n\n # nothing\n;;\n", "(block)"},
    {"#! /bin/optic\nx = 1", "(block (= x 1))"},
    {"\xef\xbb\xbfx = 1", "(block (= x 1))"},
    {"x = 1\r\ny = \"a\"\r\n", "(block (= x 1) (= y \"a\"))"},
    /* precedence */
    {"1 + 2 * 3 - 4", "(block (- (+ 1 (* 2 3)) 4))"},
    {"a - b - c", "(block (- (- a b) c))"},
    {"-2 ** -x ** 3", "(block (neg (** 2 (neg (** x 3)))))"},
    {"a @ b / c // d % e", "(block (% (// (/ (@ a b) c) d) e))"},
    {"not a == b and c or d", "(block (or (and (not (== a b)) c) d))"},
    {"a or b and not c in d", "(block (or a (and b (not (in c d)))))"},
    {"a not in b", "(block (not in a b))"},
    {"a.b(c)[d].e ** 2", "(block (** (. e (index (call (. b a) c) d)) 2))"},
    {"x -> a |> b", "(block (fn (params x) (|> a b)))"},
    {"x -> y -> x or y", "(block (fn (params x) (fn (params y) (or x y))))"},
    {"(1 + 2) * 3", "(block (* (+ 1 2) 3))"},
    /* pipes are flattened by syntax only */
    {"a |> b |> c", "(block (|> a b c))"},
    {"(a |> b) |> c", "(block (|> (|> a b) c))"},
    {"a |> (b |> c)", "(block (|> a (|> b c)))"},
    {"a\n  |> b # one\n\n# two\n  |> c\nd", "(block (|> a b c) d)"},
    /* lists, records, groups */
    {"()", "(block (list))"},
    {"(a)", "(block a)"},
    {"(a,)", "(block (list a))"},
    {"(a, *b)", "(block (list a (* b)))"},
    {"zeros((3, 4))", "(block (call zeros (list 3 4)))"},
    {"x = a, b", "(block (= x (list a b)))"},
    {"x = *a, b", "(block (= x (list (* a) b)))"},
    {"[1,\n 2,\n]", "(block (list 1 2))"},
    {"[*a, b, *c,]", "(block (list (* a) b (* c)))"},
    {"x = {}", "(block (= x (record)))"},
    {"x = {a: 1, \"b c\": {d: 2,},\n **r, in: 3, state: 4, if: 5}",
     "(block (= x (record (: a 1) (: b c (record (: d 2))) (** r) (: in 3) (: state 4) (: if 5))))"},
    {"f({a: 1})", "(block (call f (record (: a 1))))"},
    {"return {a: 1}", "(block (return (record (: a 1))))"},
    {"x.in.state.transform.if", "(block (. if (. transform (. state (. in x)))))"},
    /* calls and subscripts */
    {"f(a, b = 1, *c, **d,)", "(block (call f a (kw b 1) (* c) (** d)))"},
    {"a[1]", "(block (index a 1))"},
    {"a[:, 0]", "(block (index a (slice _ _ _) 0))"},
    {"a[1:, :2, 1:2, ::3, 1:2:3, :]",
     "(block (index a (slice 1 _ _) (slice _ 2 _) (slice 1 2 _) (slice _ _ 3) (slice 1 2 3) (slice _ _ _)))"},
    {"a[-1:\n-2]", "(block (index a (slice (neg 1) (neg 2) _)))"},
    /* functions */
    {"() -> 1", "(block (fn (params) 1))"},
    {"(a) -> a", "(block (fn (params a) a))"},
    {"(a, b = 2, *c, **d) -> a", "(block (fn (params a (b 2) (*c) (**d)) a))"},
    {"(*c) -> c", "(block (fn (params (*c)) c))"},
    {"x -> {}", "(block (fn (params x) (record)))"},
    {"fn(a: number, b: number = 2) { a }", "(block (fn (params (a:number) (b:number 2)) (block a)))"},
    {"fn f() { }", "(block (fn f (params) (block)))"},
    {"fn f(x,) { x }\nf(1)", "(block (fn f (params x) (block x)) (call f 1))"},
    {"fn f() { \"muon\" }", "(block (fn f (params) (block \"muon\")))"},
    {"fn f() { \"doc\"; 1 }", "(block (fn f \"doc\" (params) (block 1)))"},
    {"fn f() { (\"no doc\"); 1 }", "(block (fn f (params) (block \"no doc\" 1)))"},
    {"transform t(a: number) {\n \"doc\"\n state m = 1\n return m }",
     "(block (transform t \"doc\" (params (a:number)) (block (state m 1) (return m))))"},
    /* contextual words */
    {"state = 3; state += 1; state.x = 2; transform = state; as = 1",
     "(block (= state 3) (+= state 1) (= (. x state) 2) (= transform state) (= as 1))"},
    {"f(state = 1, as = 2)", "(block (call f (kw state 1) (kw as 2)))"},
    {"state -> state", "(block (fn (params state) state))"},
    {"import \"a/b.opt\" as as", "(block (import as \"a/b.opt\"))"},
    /* statements */
    {"a, b = b, a", "(block (= (list a b) (list b a)))"},
    {"a, (b, [c, *d]) = e", "(block (= (list a (list b (list c (* d)))) e))"},
    {"r.a, xs[0], *rest = e", "(block (= (list (. a r) (index xs 0) (* rest)) e))"},
    {"a += 1; b //= 2; c **= 3; d @= 4", "(block (+= a 1) (//= b 2) (**= c 3) (@= d 4))"},
    {"for i, (a, *b) in f(x) { g }", "(block (for (list i (list a (* b))) (call f x) (block g)))"},
    {"while a < 1 { break; continue }", "(block (while (< a 1) (block (break) (continue))))"},
    {"x = if a { 1 } else if b { 2 } else { 3 }", "(block (= x (if a (block 1) (if b (block 2) (block 3)))))"},
    {"if a { 1 }\n\n# c\nelse { 2 }", "(block (if a (block 1) (block 2)))"},
    {"try { a } catch e { b }", "(block (try e (block a) (block b)))"},
    {"try { a }\ncatch { b }", "(block (try (block a) (block b)))"},
    {"assert a\nassert b, \"c\"", "(block (assert a _) (assert b \"c\"))"},
    {"return", "(block (return _))"},
    {"return\nx", "(block (return _) x)"},
    /* newlines */
    {"x = a +\n b", "(block (= x (+ a b)))"},
    {"x =\n\n 1", "(block (= x 1))"},
    {"x = not\n a", "(block (= x (not a)))"},
    {"x = a in\n b", "(block (= x (in a b)))"},
    {"x = a\n  - b", "(block (= x a) (neg b))"},
    {"a.\nb", "(block (. b a))"},
    {"f(a,\n\n  b)\n", "(block (call f a b))"},
    {"f(fn(x) {\n a = x\n a\n}, 2)", "(block (call f (fn (params x) (block (= a x) a)) 2))"},
    {"x = {a: fn() {\n 1\n 2 }, b: 3}", "(block (= x (record (: a (fn (params) (block 1 2))) (: b 3))))"},
    {"x ->\n x", "(block (fn (params x) x))"},
    {"f\n(a)", "(block f a)"},
    /* literals */
    {"1_000, .5, 1., 1e3, 1.5E-3, 1.e2, 0", "(block (list 1000 0.5 1 1000 0.0015 100 0))"},
    {"1.7976931348623157e308", "(block 1.7976931348623157e+308)"},
    {"\"a\\n\\t\\\"\\\\\\/\\u0041\\u00e9\\u{42}\\ud83d\\ude00\"", "(block \"a\\n\\t\\\"\\\\/A\xc3\xa9"
                                                                  "B\xf0\x9f\x98\x80\")"},
    {"\"\"", "(block \"\")"},
    {"\"\"\"\"\"\"", "(block \"\")"},
    {"\"\"\"a\r\n\"b\" \"\"c\\\nd\"\"\"", "(block \"a\\n\\\"b\\\" \\\"\\\"cd\")"},
    {"none, true, false", "(block (list none true false))"},
    {"\xce\xb2"
     "1 = x\xe2\x82\x80",
     "(block (= \xce\xb2"
     "1 x\xe2\x82\x80))"},
};

static void trees(void **state)
{
  (void)state;
  run_rows(tree_rows, sizeof tree_rows / sizeof *tree_rows, PARSE_ONLY, true);
}

static void spans(void **state)
{
  (void)state;
  const char text[] = "x = f(a,\n  b).c";
  Core core;
  Arena arena;
  Diags diags;
  Node *root;
  Source source = {"test", text, sizeof text - 1};
  assert_true(optic_core_init(&core, NULL, NULL, NULL, 1));
  optic_arena_init(&arena, &core.alloc);
  optic_diags_init(&diags, &core.alloc);
  assert_int_equal(optic_parse(&core, &source, &arena, &diags, &root), PARSE_OK);
  const Node *field = root->kids[0]->kids[1];
  assert_int_equal(field->span.first, 4);
  assert_int_equal(field->span.last, sizeof text - 1);
  assert_int_equal(field->name_span.first, sizeof text - 2);
  assert_int_equal(field->kids[0]->span.last, sizeof text - 3);
  assert_int_equal(field->height, 3);
  optic_diags_finish(&diags);
  optic_arena_finish(&arena);
  optic_core_finish(&core);
}

/* ---- messages ------------------------------------------------------------------------------------------------- */
static const Row error_rows[] = {
    {"tx = chain(clip(1.0), scale(-0.1)",
     "E0107 1:34 the text ends, but the `(` opened at 1:11 is not closed (close it with `)`)"},
    {"if loss < 1\n{ print(loss) }",
     "E0101 1:12 expected `{` on the same line as its `if` (on a line of its own a `{` opens a record)"},
    {"step = x -> { y = x; y }", "E0101 1:17 expected `:`, because after `->` a `{` opens a record (a body with "
                                 "statements is written `fn(x) { ... }`)"},
    {"p = {w = 1}", "E0101 1:8 expected `:` in a record (a record's field is written `w: ...`)"},
    {"adam(learning_rate: 0.1)",
     "E0101 1:19 unexpected `:` in a call (a keyword argument is written `learning_rate = ...`)"},
    {"y = 2x + 1", "E0103 1:5 malformed number `2x` (a product is written `2 * x`)"},
    {"y = a if ok else b", "E0101 1:7 unexpected `if` (a conditional value is written `if c { a } else { b }`)"},
    {"// a comment", "E0101 1:1 a line cannot begin with `//` (a comment begins with `#`)"},
    {"x = 1\n// a comment", "E0101 2:1 a line cannot begin with `//` (a comment begins with `#`)"},
    {"x = 3 // half of it", "E0101 1:15 unexpected name `of`, expected `,` or a new line (a comment begins with `#`)"},
    {"raise e", "E0101 1:7 unexpected name `e`, expected `,` or a new line (`error(\"...\")` raises)"},
    {"del x", "E0101 1:5 unexpected name `x`, expected `,` or a new line (`remove(r, \"a\")` gives a record without a "
              "field)"},
    {"if x = 3 { y }", "E0101 1:6 unexpected `=` in a condition (to compare write `==`)"},
    {"a = b = 3",
     "E0101 1:7 assignment is a statement, not an expression (put it on a line of its own; to compare write `==`)"},
    {"def loss(p):",
     "E0101 1:5 unexpected name `loss`, expected `,` or a new line (a function is written `fn name(x) { ... }`)"},
    {"f(x) = x ** 2", "E0108 1:1 cannot assign to a call (a function is written `fn f(x) { ... }` or `f = x -> ...`)"},
    {"x = a\n  + b", "E0101 2:3 a line cannot begin with `+` (end line 1 with it (only `|>` may begin a line))"},
    {"(a, b) = f()", "E0108 1:8 taking a list apart needs no brackets (write `a, b = ...`)"},
    {"ys = [f(x) for x in xs]",
     "E0101 1:12 there are no comprehensions (write `map(x -> ..., xs)`, and `filter(x -> ..., xs)`)"},
    {"ok = a < b < c", "E0101 1:12 comparisons do not chain (write `a < b and b < c`)"},
    {"name = 'adam'", "E0104 1:8 strings take double quotes (write `\"text\"`)"},
    {"f(a]", "E0106 1:4 `]` does not close the `(` opened at 1:2 (close it with `)`)"},
    {"x = 2x\ny = = 3\nz = 'a'\nif c: d", "E0103 1:5 malformed number `2x` (a product is written `2 * x`)\n"
                                          "E0101 2:5 unexpected `=`, expected an expression\n"
                                          "E0104 3:5 strings take double quotes (write `\"text\"`)\n"
                                          "E0101 4:5 expected `{`, not `:` (a block is written `{ ... }`)"},
    {"x = f(1\ny = 2x\n",
     "E0106 1:6 this `(` is not closed (line 2, which begins with name `y`, looks like the next statement)\n"
     "E0103 2:5 malformed number `2x` (a product is written `2 * x`)"},
    {"x = f(a,\n  b\n  c)\ny = )", "E0101 3:3 unexpected name `c`, expected `,` or `)`\n"
                                   "E0106 4:5 `)` closes nothing"},
    {"fn f() {\n  x = g(1\n}\ny = 2x", "E0106 3:1 `}` does not close the `(` opened at 2:8 (close it with `)`)\n"
                                       "E0103 4:5 malformed number `2x` (a product is written `2 * x`)"},
    {"fn f() {\n  x = g(1\n  y = 2\n}\nz = 2x",
     "E0106 2:8 this `(` is not closed (line 3, which begins with name `y`, looks like the next statement)\n"
     "E0103 5:5 malformed number `2x` (a product is written `2 * x`)"},
    {"fn f() {\n  x = = 1\n  y = 2x\n  z = }\nu = 2x",
     "E0101 2:7 unexpected `=`, expected an expression\n"
     "E0103 3:7 malformed number `2x` (a product is written `2 * x`)\n"
     "E0101 4:7 unexpected `}`, expected an expression\n"
     "E0103 5:5 malformed number `2x` (a product is written `2 * x`)"},
    {"fn f() {\n  x = {a }\n  y = 1\n}\nu = 2x", "E0101 2:10 unexpected `}`, expected `:`\n"
                                                 "E0103 5:5 malformed number `2x` (a product is written `2 * x`)"},
    {"while c\n{\n  x = = 1\n}\ny = 2x",
     "E0101 1:8 expected `{` on the same line as its `while` (on a line of its own a `{` opens a record)\n"
     "E0103 5:5 malformed number `2x` (a product is written `2 * x`)"},
    {"if a\n{ 1 }\nelse\n{ 2 }\ny = 2x",
     "E0101 1:5 expected `{` on the same line as its `if` (on a line of its own a `{` opens a record)\n"
     "E0103 5:5 malformed number `2x` (a product is written `2 * x`)"},
    {"if a { 1 } elif b { 2 }", "E0101 1:12 unexpected name `elif`, expected `,` or a new line (write `else if`)"},
    {"if a: b", "E0101 1:5 expected `{`, not `:` (a block is written `{ ... }`)"},
    {"for i in range(3): print(i)", "E0101 1:18 expected `{`, not `:` (a block is written `{ ... }`)"},
    {"while True:\n  x = 1", "E0101 1:11 expected `{`, not `:` (a block is written `{ ... }`)"},
    {"else { 1 }", "E0101 1:1 `else` without its `if` (it stands after the `}` of an `if`)"},
    {"catch { 1 }", "E0101 1:1 `catch` without its `try` (it stands after the `}` of a `try`)"},
    {"lambda x: x", "E0101 1:8 unexpected name `x`, expected `,` or a new line (a function is written `x -> ...`)"},
    {"class A { }",
     "E0101 1:7 unexpected name `A`, expected `,` or a new line (there are no classes: use records and functions)"},
    {"let x = 1",
     "E0101 1:5 unexpected name `x`, expected `,` or a new line (a variable needs no declaration: `name = value`)"},
    {"x is none", "E0101 1:3 unexpected name `is`, expected `,` or a new line (to compare write `==`)"},
    {"import numpy as np",
     "E0101 1:8 unexpected name `numpy`, expected a string (a module is imported with `import \"file.opt\" as name`)"},
    {"from a import b", "E0101 1:6 unexpected name `a`, expected `,` or a new line (a module is imported with `import "
                        "\"file.opt\" as name`)"},
    {"x++", "E0101 1:3 there is no `++` (write `x += 1`)"},
    {"x = +1", "E0101 1:5 unexpected `+` (a sign is only ever `-`)"},
    {"x = a ? b : c", "E0105 1:7 there is no `?` (a conditional value is `if c { a } else { b }`)"},
    {"x = a && b", "E0105 1:7 there is no `&&` (write `and`)"},
    {"x = a || !b", "E0105 1:7 there is no `||` (write `or`)"},
    {"x = 2 ^ 3", "E0105 1:7 there is no `^` (a power is written `**`)"},
    {"x = a & b", "E0105 1:7 there is no `&` (on booleans write `and`, `or`, `not`)"},
    {"x := 1", "E0105 1:3 there is no `:=` (assignment is a statement, written `=`)"},
    {"f\"abc\"", "E0101 1:2 a string takes no prefix (write `format(\"{}\", x)` to put values into a text)"},
    {"print \"abc\"",
     "E0101 1:7 unexpected `\"abc\"`, expected `,` or a new line (a call is written with parentheses)"},
    {"x: int = 3",
     "E0101 1:2 unexpected `:`, expected `,` or a new line (a variable has no type, a block is written `{ ... }`)"},
    {"fn(x) -> x", "E0101 1:7 expected `{`, not `->` (write `fn(x) { ... }`, or `x -> e` without `fn`)"},
    {"fn f(x) = x", "E0101 1:9 expected `{`, not `=` (a function is written `fn f(x) { ... }` or `f = x -> ...`)"},
    {"fn f(a: string) { a }", "E0101 1:9 unknown mark `string` of a parameter (there is only `a: number`, for a "
                              "hyperparameter that can be set while running)"},
    {"fn f(a.b) { a }", "E0101 1:7 unexpected `.`, expected `=`, `:`, `,` or `)`"},
    {"fn in() { 1 }",
     "E0101 1:4 unexpected `in`, expected a name or `(` (`in` is a word of the language: choose another name)"},
    {"f(in = 1)", "E0101 1:3 unexpected `in`, expected an expression or `)`"},
    {"for = 1",
     "E0101 1:5 unexpected `=`, expected a name or `(` (a word of the language cannot be a name: choose another)"},
    {"state a, b = 1", "E0101 1:8 unexpected `,`, expected `=` (a `state` line has one name)"},
    {"state a", "E0107 1:8 the text ends after `a`, expected `=`"},
    {"transform t {", "E0101 1:13 unexpected `{`, expected `(`"},
    {"x = a - > b", "E0101 1:9 unexpected `>`, expected an expression"},
    {"x = a |> x -> b",
     "E0101 1:12 unexpected `->` (on its left stands a name or `(a, b)`; the function may need parentheses around it)"},
    {"(a + 1) -> b",
     "E0101 1:2 a parameter must be a name (take the value apart in the body: `fn(pair) { a, b = pair; ... }`)"},
    {"(a, {b: 1}) -> b",
     "E0101 1:5 a parameter must be a name (take the value apart in the body: `fn(pair) { a, b = pair; ... }`)"},
    {"(a = 1)", "E0101 1:2 assignment is a statement, not an expression (to compare write `==`)"},
    {"(**a)", "E0101 1:2 `**` spreads into a record or a call (a record is written `{**a, key: value}`)"},
    {"*a", "E0101 1:1 `*` spreads into a list or a call (a product that goes on ends its line with `*`; a list is "
           "written `[*a, b]`)"},
    {"x = *a", "E0101 1:5 `*` spreads into a list or a call (a product that goes on ends its line with `*`; a list is "
               "written `[*a, b]`)"},
    {"[1, **a]", "E0101 1:5 unexpected `**`, expected an expression or `]`"},
    {"[] = x",
     "E0108 1:1 cannot assign to `[]` (a target is a name, `r.field` or `xs[i]`, or some of them with commas)"},
    {"a + b = 1",
     "E0108 1:1 cannot assign to `a + b` (a target is a name, `r.field` or `xs[i]`, or some of them with commas)"},
    {"none = 1", "E0211 1:1 cannot assign to `none`"},
    {"a, true = x", "E0211 1:4 cannot assign to `true`"},
    {"a, *b, *c = x", "E0108 1:8 only one target can take the rest"},
    {"a, *b.c = x", "E0108 1:4 `*` in a target stands before a name, which takes the rest"},
    {"a, b += 1", "E0108 1:6 an operator with `=` has one target"},
    {"[a, b] = c", "E0108 1:8 taking a list apart needs no brackets (write `a, b = ...`)"},
    {"(a) = 1",
     "E0108 1:1 cannot assign to `(a)` (a target is a name, `r.field` or `xs[i]`, or some of them with commas)"},
    {"x = {a, b}",
     "E0101 1:7 unexpected `,`, expected `:` (a record's field is written `key: value`, a list `[a, b]`)"},
    {"x = {1: 2}", "E0101 1:6 unexpected number `1`, expected a name or `}` (a record's key is a name or a string)"},
    {"{ print(x) }", "E0101 1:8 expected `:`, because here a `{` opens a record (a block stands on the line of its "
                     "`if`, `for`, `while`, `fn(...)`)"},
    {"x = f({)", "E0106 1:8 `)` does not close the `{` opened at 1:7 (close it with `}`)"},
    {"x = 1 y = 2", "E0101 1:7 unexpected name `y`, expected `,` or a new line"},
    {"if a { b } c", "E0101 1:12 unexpected name `c`, expected `,` or a new line (after a `}` the next statement "
                     "begins on a new line)"},
    {"x = 1 {", "E0101 1:7 unexpected `{` (after a value a `{` opens a block, which belongs to `if`, `for`, `while`, "
                "`fn(...)` or `transform`)"},
    {"a[1:2:3:4]", "E0101 1:8 unexpected `:`, expected `,` or `]`"},
    {"a[]", "E0101 1:3 unexpected `]`, expected an expression or `:`"},
    {"f(,)", "E0101 1:3 unexpected `,`, expected an expression or `)`"},
    {"f(a; b)\ny = 2x", "E0101 1:4 unexpected `;` (it separates statements)\n"
                        "E0103 2:5 malformed number `2x` (a product is written `2 * x`)"},
    {"x = 3..4", "E0103 1:5 malformed number `3..4` (numbers are decimal: 31, 1_000, 2.5e-3)"},
    {"x = 0x10", "E0103 1:5 malformed number `0x10` (numbers are decimal: 31, 1_000, 2.5e-3)"},
    {"x = 1e", "E0103 1:5 malformed number `1e` (numbers are decimal: 31, 1_000, 2.5e-3)"},
    {"x = 1e+", "E0103 1:5 malformed number `1e+` (the exponent's digits are missing)"},
    {"x = 1__0", "E0103 1:5 malformed number `1__0` (numbers are decimal: 31, 1_000, 2.5e-3)"},
    {"x = 1e309", "E0103 1:5 the number is out of range: a double goes up to 1.8e308"},
    {"x = 1.2.3", "E0103 1:5 malformed number `1.2.3` (a number has one point)"},
    {"x = \"abc",
     "E0104 1:5 this string is not closed on its line (a string over several lines stands between \"\"\" and \"\"\")"},
    {"x = \"a\\q\"",
     "E0104 1:7 unknown escape `\\q` (the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0041 and \\u{1F600})"},
    {"x = \"\\ud800\"",
     "E0104 1:6 malformed escape `\\ud800` (the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0041 and \\u{1F600})"},
    {"x = \"\\u{110000}\"", "E0104 1:6 malformed escape `\\u{110000}` (the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r "
                            "\\t \\u0041 and \\u{1F600})"},
    {"x = \"\\u{0}\"", "E0104 1:6 a string cannot hold the character 0: `\\u{0}` (the escapes are \\\" \\\\ \\/ \\b "
                       "\\f \\n \\r \\t \\u0041 and \\u{1F600})"},
    {"x = \"\"\"abc", "E0107 1:5 a string that begins with \"\"\" is not closed (end it with \"\"\")"},
    {"x = a $ b", "E0105 1:7 unexpected character `$`"},
    {"x = a\xe2"
     "\x80"
     "\xa6"
     "",
     "E0105 1:6 the character U+2026 means nothing here (a name is made of letters, digits and `_`)"},
    {"x = \xe2"
     "\x80"
     "\x9c"
     "a\xe2"
     "\x80"
     "\x9d"
     "",
     "E0105 1:5 the character U+201C means nothing here (strings take the plain double quote `\"`)"},
    {"x = a \xe2"
     "\x88"
     "\x92"
     " b",
     "E0105 1:7 the character U+2212 means nothing here (minus is the plain `-`)"},
    {"x = a b", "E0101 1:7 unexpected name `b`, expected `,` or a new line"},
    {")", "E0106 1:1 `)` closes nothing"},
    {"}", "E0106 1:1 `}` closes nothing"},
    {"x = }", "E0106 1:5 `}` closes nothing"},
    {"x = ]\ny = 2x", "E0106 1:5 `]` closes nothing\n"
                      "E0103 2:5 malformed number `2x` (a product is written `2 * x`)"},
    {"f((a, b)\ng(c)",
     "E0106 1:2 this `(` is not closed (line 2, which begins with name `g`, looks like the next statement)"},
    {"return return", "E0101 1:8 unexpected `return`, expected an expression"},
    {"x = not", "E0107 1:8 the text ends after `not`, expected an expression"},
    {"x = a.1", "E0101 1:6 unexpected number `.1`, expected `,` or a new line"},
    {"x = a.\"b\"", "E0101 1:7 unexpected `\"b\"`, expected a name"},
    {"a\n  .b()", "E0101 2:3 a line cannot begin with `.` (end line 1 with it (only `|>` may begin a line))"},
    {"a\n  , b", "E0101 2:3 a line cannot begin with `,` (end line 1 with it (only `|>` may begin a line))"},
    {"a\n  and b", "E0101 2:3 a line cannot begin with `and` (end line 1 with it (only `|>` may begin a line))"},
    {"try { a }", "E0107 1:10 the text ends after `}`, expected `catch`"},
    {"try { a } except e { b }", "E0101 1:11 a `try` needs its `catch` (write `try { ... } catch e { ... }`)"},
    {"import \"a\"", "E0107 1:11 the text ends after `\"a\"`"},
    {"x = 'it's'", "E0104 1:5 strings take double quotes (write `\"text\"`)"},
    {"f(in = 1)", "E0101 1:3 unexpected `in`, expected an expression or `)`"},
    {"if a\n{ 1 }\nelse\n{ 2 }\ny = 2x",
     "E0101 1:5 expected `{` on the same line as its `if` (on a line of its own a `{` opens a record)\n"
     "E0103 5:5 malformed number `2x` (a product is written `2 * x`)"},
    {"transform t {", "E0101 1:13 unexpected `{`, expected `(`"},
    {"try { a }", "E0107 1:10 the text ends after `}`, expected `catch`"},
    {"try { a }\nx = 1", "E0101 1:10 a `try` needs its `catch` (write `try { ... } catch e { ... }`)"},
    {"import \"a\"\n",
     "E0101 1:11 unexpected end of the line (a module is imported with `import \"file.opt\" as name`)"},
    {"x = {a, b}",
     "E0101 1:7 unexpected `,`, expected `:` (a record's field is written `key: value`, a list `[a, b]`)"},
    {"x = {a}", "E0101 1:7 unexpected `}`, expected `:`"},
    {"x = {1: 2}", "E0101 1:6 unexpected number `1`, expected a name or `}` (a record's key is a name or a string)"},
    {"x = \"\\ud800 a\"",
     "E0104 1:6 malformed escape `\\ud800` (the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0041 and \\u{1F600})"},
    {"x = \"\\uq\"",
     "E0104 1:6 malformed escape `\\uq` (the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0041 and \\u{1F600})"},
    {"f(* a b)", "E0101 1:7 unexpected name `b`, expected `,` or `)`"},
    {"f(a < b < c)", "E0101 1:9 comparisons do not chain (write `a < b and b < c`)"},
    {"x = 1 if", "E0101 1:7 unexpected `if` (a conditional value is written `if c { a } else { b }`)"},
    {"x = a +* b", "E0101 1:8 unexpected `*`, expected an expression"},
};

static void errors(void **state)
{
  (void)state;
  run_rows(error_rows, sizeof error_rows / sizeof *error_rows, PARSE_ONLY, false);
}

static void refused(const char *text, size_t size, const Limits *limits, const char *want)
{
  Run run = run_text(text, size, PARSE_ONLY, limits, NULL, NULL, true);
  assert_string_equal(run.diags, want);
  assert_int_equal(run.parsed, PARSE_WRONG);
  run_free(&run);
}

static void not_a_text(void **state)
{
  (void)state;
  Limits limits = optic_limits_default();
  refused("x = 1\nab\0c", 10, NULL, "E0102 2:3 a NUL byte: this is no text");
  refused("x = \"\xff\"", 7, NULL, "E0102 1:6 the byte 0xff is not UTF-8 (save the file as UTF-8)");
  refused("x\xe2\x82", 3, NULL, "E0102 1:2 the byte 0xe2 is not UTF-8 (save the file as UTF-8)");
  limits.script_bytes = 4;
  refused("x = 1", 5, &limits, "E0604 1:1 the script has 5 bytes: 4 are allowed");
  limits = optic_limits_default();
  limits.name_bytes = 3;
  refused("abcd = 1", 8, &limits, "E0604 1:1 a name of 4 bytes: 3 are allowed");
  refused("{\"abcd\": 1}", 11, &limits, "E0604 1:2 a key of 4 bytes: 3 are allowed");
}

/* ---- what a REPL asks ----------------------------------------------------------------------------------------- */
static void incomplete(void **state)
{
  (void)state;
  static const char *const more[] = {
      "f(",
      "f(a,\n",
      "x = [1, 2",
      "x = {a: 1,\n b: 2",
      "if c {",
      "if c {\n x = 1\n",
      "fn f(x) {",
      "x = 1 +",
      "x = 1 +\n",
      "x =",
      "a,",
      "x = \"\"\"abc",
      "a |>",
      "x ->",
      "transform t(a: number) {\n state m = 0\n",
      "not",
      "f(fn(x) {\n y = 1\n",
      "x = a.",
      "try { a }\n",
      "for i in",
      "while",
      "x = {",
      "a[1:",
      "fn f(",
      "fn f",
  };
  static const char *const wrong[] = {"f(]", "x = )", "if c\n", "x = 2x\nf(", "x = \"abc", "a b", "else {", "x = = ("};
  static const char *const right[] = {
      "", "x = 1", "if c { 1 }", "f(a)\n", "try { a } catch { b }\n", "x = \"\"\"a\"\"\""};
  for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
    Run run = run_text(more[i], strlen(more[i]), PARSE_ONLY, NULL, NULL, NULL, true);
    if (run.parsed != PARSE_INCOMPLETE) {
      print_message("%s\n%s\n", more[i], run.diags);
    }
    assert_int_equal(run.parsed, PARSE_INCOMPLETE);
    run_free(&run);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(run_text(wrong[i], strlen(wrong[i]), PARSE_ONLY, NULL, NULL, NULL, false).parsed, PARSE_WRONG);
  }
  for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
    assert_int_equal(run_text(right[i], strlen(right[i]), PARSE_ONLY, NULL, NULL, NULL, false).parsed, PARSE_OK);
  }
}

/* ---- depth ---------------------------------------------------------------------------------------------------- */
typedef struct Nest {
  const char *before, *middle, *after;
} Nest;

static Run nested(Nest n, size_t times, bool texts)
{
  size_t b = strlen(n.before), m = strlen(n.middle), a = strlen(n.after);
  char *text = malloc((b + a) * times + m + 1), *t = text;
  for (size_t i = 0; i < times; i++, t += b) {
    memcpy(t, n.before, b);
  }
  memcpy(t, n.middle, m);
  t += m;
  for (size_t i = 0; i < times; i++, t += a) {
    memcpy(t, n.after, a);
  }
  Run run = run_text(text, (size_t)(t - text), CHECK_SCRIPT, NULL, NULL, NULL, texts);
  free(text);
  return run;
}

static void depth(void **state)
{
  (void)state;
  static const Nest nests[] = {
      {"(", "1", ")"},
      {"[", "1", "]"},
      {"{a: ", "1", "}"},
      {"f(", "1", ")"},
      {"x[", "1", "]"},
      {"-", "1", ""},
      {"not ", "1", ""},
      {"x -> ", "1", ""},
      {"2 ** ", "1", ""},
      {"1 + ", "1", ""},
      {"a.b", ".c", ".d"},
      {"f", "()", "()"},
      {"if a { ", "1", "}"},
      {"fn() { ", "1", "}"},
      {"fn f() { ", "1", "}"},
      {"for i in x { ", "1", "}"},
      {"if a { 1 } else ", "if b { 1 }", ""},
      {"(a, ", "b", ") -> 1"},
      {"while a { ", "1", "}"},
      {"transform t() { ", "return updates", "}"},
      {"a and ", "b", ""},
      {"a[1:", "b", "]"},
      {"try { ", "1", "} catch { }"},
      {"f(fn(x) { ", "1", "})"},
      {"a = ", "b", ""},
      {"a |> (", "b", ")"},
      {"x if ", "y", ""},
      {"{ ", "1", ""},
      {"}", "", ""},
      {"(", "", ""},
      {"([{", "", ""},
      {")", "", ""},
      {"f(a]", "", ""},
  };
  for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
    for (size_t times = 10; times <= 20000; times *= times == 10 ? 20 : 10) {
      Run run = nested(nests[i], times, false);
      if (times >= 200) {
        assert_int_not_equal(run.parsed, PARSE_OK);
      }
      assert_int_not_equal(run.parsed, PARSE_OOM);
    }
  }
  Run run = nested((Nest){"(", "1", ")"}, 129, true);
  assert_string_equal(run.diags, "E0603 1:129 this is nested more than 128 levels deep");
  run_free(&run);
  run = nested((Nest){"1 + ", "1", ""}, 200000, true);
  assert_string_equal(run.diags, "E0603 1:1 this is nested more than 128 levels deep (give a part of it a name)");
  run_free(&run);
  run = nested((Nest){"-", "1", ""}, 20000, true);
  assert_non_null(strstr(run.diags, "E0603"));
  assert_int_equal(run.parsed, PARSE_WRONG);
  run_free(&run);
  assert_int_equal(nested((Nest){"1 + ", "1", ""}, 100, false).parsed, PARSE_OK);
  assert_int_equal(nested((Nest){"(", "1", ")"}, 128, false).parsed, PARSE_OK);
  assert_int_equal(nested((Nest){"(1 + (", "1", "))"}, 60, false).parsed, PARSE_OK);
}

static void long_ones(void **state)
{
  (void)state;
  Limits limits = optic_limits_default();
  char *text = malloc(4000000);
  size_t n = 0;
  n += (size_t)sprintf(text + n, "x = [");
  for (int i = 0; i < 10000; i++) {
    n += (size_t)sprintf(text + n, "%d,", i);
  }
  n += (size_t)sprintf(text + n, "]\n");
  assert_int_equal(run_text(text, n, CHECK_SCRIPT, NULL, NULL, NULL, false).parsed, PARSE_OK);
  /* Wrong in every line, a hundred thousand times: each line costs the same. */
  n = 0;
  for (int i = 0; i < 40000; i++) {
    n += (size_t)sprintf(text + n, "x%d = = u%d]\n", i, i);
  }
  Run run = run_text(text, n, PARSE_ONLY, NULL, NULL, NULL, false);
  assert_int_equal(run.errors, 40000);
  /* The same without lines. */
  n = 0;
  for (int i = 0; i < 40000; i++) {
    n += (size_t)sprintf(text + n, "u%d;(]", i);
  }
  run = run_text(text, n, PARSE_ONLY, NULL, NULL, NULL, false);
  assert_int_equal(run.parsed, PARSE_WRONG);
  for (int i = 0; i < 40000; i++) {
    n += (size_t)sprintf(text + n, "u%d(k%d=", i, i);
  }
  run = run_text(text, n, CHECK_SCRIPT, &limits, NULL, NULL, false);
  assert_int_equal(run.parsed, PARSE_WRONG);
  /* A number and a name beyond any limit. */
  memset(text, '7', 1000000);
  assert_int_equal(run_text(text, 1000000, PARSE_ONLY, NULL, NULL, NULL, false).parsed, PARSE_WRONG);
  memset(text, 'a', 1000000);
  assert_int_equal(run_text(text, 1000000, PARSE_ONLY, NULL, NULL, NULL, false).parsed, PARSE_WRONG);
  free(text);
}

/* ---- nothing breaks it ---------------------------------------------------------------------------------------- */
static void everything_parses(void **state)
{
  (void)state;
  Run run = run_text(everything, sizeof everything - 1, CHECK_SCRIPT, NULL, NULL, NULL, true);
  assert_string_equal(run.diags, "");
  assert_true(run.checked);
  run_free(&run);
}

static void truncated(void **state)
{
  (void)state;
  for (size_t size = 0; size < sizeof everything - 1; size++) {
    run_text(everything, size, CHECK_SCRIPT, NULL, NULL, NULL, false);
    run_text(everything + size, sizeof everything - 1 - size, CHECK_SCRIPT, NULL, NULL, NULL, false);
  }
}

/* Replaces, drops and doubles bytes in all ways that a small generator finds. */
static void mutated(void **state)
{
  (void)state;
  static const char bytes[] = "(){}[]\"'\n;:,.=+-*#\\|> ain0_\xce";
  char text[sizeof everything + 8];
  uint32_t seed = 12345;
  for (int round = 0; round < 4000; round++) {
    size_t size = sizeof everything - 1;
    memcpy(text, everything, size);
    for (int k = 0; k < 3; k++) {
      seed = seed * 1664525u + 1013904223u;
      size_t at = (seed >> 8) % size;
      switch (seed >> 30) {
      case 0:
        memmove(text + at, text + at + 1, size-- - at - 1);
        break;
      case 1:
        memmove(text + at + 1, text + at, size++ - at);
        break;
      default:
        text[at] = bytes[(seed >> 3) % (sizeof bytes - 1)];
        break;
      }
    }
    run_text(text, size, round % 2 ? CHECK_SCRIPT : CHECK_REPL, NULL, NULL, NULL, false);
  }
}

static void out_of_memory(void **state)
{
  (void)state;
  static const char wrong[] = "x = = 1\ny = \"\\q\"\nf(a]\nu = v\n";
  char nested_text[4000];
  size_t n = 0;
  for (int i = 0; i < 100; i++) {
    n += (size_t)sprintf(nested_text + n, "if a { f(");
  }
  const struct {
    const char *text;
    size_t size;
  } texts[] = {
      {everything, sizeof everything - 1}, {wrong, sizeof wrong - 1}, {nested_text, n}, {"u + v(", 6}, {"u + v", 5}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    for (int on = 0; on < 2; on++) {
      size_t fail_at = 1;
      for (;; fail_at++) {
        Failing f = {.fail_at = fail_at, .on = on};
        Run run = run_text(texts[i].text, texts[i].size, CHECK_SCRIPT, NULL, failing_resize, &f, false);
        if (f.calls < fail_at) {
          break;
        }
        assert_true(run.parsed == PARSE_OOM || !run.checked);
      }
      assert_true(fail_at > 3);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(trees),         cmocka_unit_test(spans),
      cmocka_unit_test(errors),        cmocka_unit_test(not_a_text),
      cmocka_unit_test(incomplete),    cmocka_unit_test(depth),
      cmocka_unit_test(long_ones),     cmocka_unit_test(everything_parses),
      cmocka_unit_test(truncated),     cmocka_unit_test(mutated),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests_name("lang/parse", tests, NULL, NULL);
}
