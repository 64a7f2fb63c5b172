/* lang_test.h: what the tests of the parser and the checker share.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TESTS_LANG_TEST_H
#define OPTIC_TESTS_LANG_TEST_H

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/check.h"
#include "lang/parse.h"
#include "print_ast.h"

/* ---- an outside world of a few names -------------------------------------------------------------------------- */
static const char *const world_names[][2] = {
    {"adam", "adam(learning_rate, b1: number = 0.9, b2 = 0.999, eps = 1e-8, eps_root = 0.0, nesterov = false)"},
    {"chain", "chain(*stages)"},
    {"clip_by_global_norm", "clip_by_global_norm(max_norm: number)"},
    {"join", "join(xs, sep = \", \", *, end = [1, 2])"},
    {"print", "print(*values)"},
    {"range", NULL},
    {"scale", "scale(step_size: number)"},
    {"sqrt", "sqrt(x)"},
    {"trace", "trace(decay, nesterov = false, **more)"},
    {"tree_map", NULL},
    {"zeros_like", "zeros_like(x)"},
};
enum { WORLD_SIZE = sizeof world_names / sizeof *world_names };

static inline bool world_find(void *user, const Name *name, Known *out)
{
  (void)user;
  for (size_t i = 0; i < WORLD_SIZE; i++) {
    if (strcmp(world_names[i][0], name->text) == 0) {
      *out = (Known){.signature = world_names[i][1], .standard = true};
      return true;
    }
  }
  return false;
}

static inline void world_each(void *user, void (*visit)(void *to, const Name *name), void *to)
{
  Names *names = &((Core *)user)->names;
  for (size_t i = 0; i < WORLD_SIZE; i++) {
    const Name *name = optic_name_cstr(names, world_names[i][0]);
    if (name) {
      visit(to, name);
    }
  }
}

/* ---- one run -------------------------------------------------------------------------------------------------- */
typedef struct Run {
  ParseResult parsed;
  bool checked; /* as optic_check returned */
  size_t errors, warnings;
  char *tree, *diags; /* malloc'ed; diags: "E0101 1:5 message (hint)" a line */
} Run;

static inline char *text_copy(const Text *t)
{
  char *copy = malloc(t->size + 1);
  memcpy(copy, optic_text_cstr(t), t->size + 1);
  return copy;
}

enum { PARSE_ONLY, CHECK_SCRIPT, CHECK_REPL };

/* Parses, and where that went well checks. `resize` and `user` may be NULL; `texts`: fill in tree and diags. */
static inline Run run_text(const char *text, size_t size, int how, const Limits *limits, ResizeFn *resize, void *user,
                           bool texts)
{
  Run run = {.parsed = PARSE_OOM};
  Core core;
  Arena arena;
  Diags diags;
  Node *root = NULL;
  /* A copy of the exact size, for the address sanitizer. */
  char *copy = malloc(size ? size : 1);
  memcpy(copy, text, size);
  Source source = {"test", copy, size};
  if (optic_core_init(&core, resize, user, limits, 7)) {
    KnownNames known = {world_find, world_each, &core};
    optic_arena_init(&arena, &core.alloc);
    optic_diags_init(&diags, &core.alloc);
    run.parsed = optic_parse(&core, &source, &arena, &diags, &root);
    if (run.parsed == PARSE_OK && how != PARSE_ONLY) {
      run.checked = optic_check(&core, &source, root, &known, how == CHECK_REPL, &diags);
    }
    run.errors = diags.errors;
    run.warnings = diags.warnings;
    if (texts) {
      Text t;
      optic_text_init(&t, &core.alloc);
      ast_print(&t, root);
      run.tree = text_copy(&t);
      optic_text_clear(&t);
      for (size_t i = 0; i < diags.list.size; i++) {
        const Diag *d = &diags.list.at[i];
        size_t line, column;
        optic_source_place(&source, d->at.span.first, &line, &column);
        optic_text_printf(&t, "%s%s %zu:%zu %s", i ? "\n" : "", optic_diag_info(d->code)->code, line, column,
                          d->message);
        if (d->hint) {
          optic_text_printf(&t, " (%s)", d->hint);
        }
      }
      run.diags = text_copy(&t);
      optic_text_finish(&t);
    }
    optic_diags_finish(&diags);
    optic_arena_finish(&arena);
    optic_core_finish(&core);
    assert_int_equal(core.alloc.used, 0);
  }
  free(copy);
  return run;
}

static inline void run_free(Run *run)
{
  free(run->tree);
  free(run->diags);
}

typedef struct Row {
  const char *text, *want;
} Row;

/* Runs a table; says all rows that differ before it fails. */
static inline void run_rows(const Row *rows, size_t count, int how, bool trees)
{
  size_t wrong = 0;
  for (size_t i = 0; i < count; i++) {
    Run run = run_text(rows[i].text, strlen(rows[i].text), how, NULL, NULL, NULL, true);
    const char *got = trees && run.parsed == PARSE_OK && !run.errors ? run.tree : run.diags;
    if (strcmp(got, rows[i].want) != 0) {
      wrong++;
      print_message("---- %s\nwant: %s\ngot:  %s\n", rows[i].text, rows[i].want, got);
    }
    run_free(&run);
  }
  assert_int_equal(wrong, 0);
}

/* ---- memory that runs out ------------------------------------------------------------------------------------- */
typedef struct Failing {
  size_t calls, fail_at; /* the fail_at-th request fails, and with `on` all after it */
  bool on;
} Failing;

static inline void *failing_resize(void *user, void *block, size_t old_size, size_t new_size)
{
  Failing *f = user;
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  f->calls++;
  if (f->calls == f->fail_at || (f->on && f->calls > f->fail_at)) {
    return NULL;
  }
  return realloc(block, new_size);
}

/* Every construct of the language, right. */
static const char everything[] =
    "#! /usr/bin/env optic\r\n"
    "import \"m.opt\" as m; data = m.load()\n"
    "fn f(a, b: number = 2, c = [1, 2], *rest, **named) {\n"
    "  \"Doc.\"\n"
    "  total = 0\n"
    "  for i, (x, *ys) in rest { if x == 3 { continue } else if not ys { break } else { total += x * i } }\n"
    "  while total < 10 and a { total = total ** 2 // 3 % 7 + total @ a }\n"
    "  try { assert total, \"why\"; total -= 1 } catch e { print(e) }\n"
    "  try { total /= 2 } catch { return none }\n"
    "  return a, {**named, k: b, \"odd \\u{1F600}key\": c[::2], if: c[1:, :-1, 0]}, *rest\n"
    "}\n"
    "transform t(b1: number = 0.9, inner = none) {\n"
    "  state count = 0\n"
    "  state mu = zeros_like(params)\n"
    "  count += 1\n"
    "  mu = b1 * mu + (1 - b1) * updates\n"
    "  taken = if count > 3 { sqrt(mu) } else { -mu }\n"
    "  return tree_map((u, p) -> u not in [p, 1_000.5e-3], taken, params, **extra)\n"
    "}\n"
    "tx = trace(0.9)\n"
    "  # between\n"
    "  |> (scale(-1) |> t())\n"
    "  |> scale(-0.1)\n"
    "g = fn(x) { x.state.in }\n"
    "xs, (y, [z, *w]) = f(1, *[2, 3], **{c: true}), (1, [false, none, \"\"\"a \"b\"\n\"\"\"])\n"
    "xs[0].k, q = 1, ()\n"
    "xs.k[1:2] *= (3,)[0]\n"
    "print(data, tx, g, y, z, w, q, x -> y -> x,)\n"
    "\xce\xb2 = 1; print(\xce\xb2, m)\n";

#endif
