/* code_test.h: what the tests of the compiler and the verifier share: compiling a text in a small world of names.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TESTS_CODE_TEST_H
#define OPTIC_TESTS_CODE_TEST_H

#include "lang/compile.h"
#include "lang_test.h"

enum { MOST_GLOBALS = 400 };

static const char *const standard_names[] = {"append",      "apply_updates", "chain",    "clip",  "enumerate", "grad",
                                             "global_norm", "map",           "mean",     "print", "range",     "scale",
                                             "sqrt",        "trace",         "tree_map", "where", "zeros_like"};
enum { STANDARD_COUNT = sizeof standard_names / sizeof *standard_names };

/* One compilation; the Proto lives until code_close. */
typedef struct Code {
  Core core;
  Arena tree, arena;
  Diags diags;
  Source source;
  char *text;
  const Name *globals[MOST_GLOBALS];
  int32_t global_count;
  ParseResult parsed;
  Proto *proto;
  bool open;
} Code;

static inline int32_t code_global(void *user, const Name *name, bool add)
{
  Code *c = user;
  for (int32_t i = 0; i < c->global_count; i++) {
    if (c->globals[i] == name) {
      return i;
    }
  }
  if (!add || c->global_count == MOST_GLOBALS) {
    return add ? -2 : -1;
  }
  c->globals[c->global_count] = name;
  return c->global_count++;
}

static inline int32_t code_standard(void *user, const Name *name)
{
  (void)user;
  for (int32_t i = 0; i < STANDARD_COUNT; i++) {
    if (!strcmp(standard_names[i], name->text)) {
      return i;
    }
  }
  return -1;
}

static inline const char *code_global_name(void *user, int32_t slot)
{
  const Code *c = user;
  return slot >= 0 && slot < c->global_count ? c->globals[slot]->text : NULL;
}

static inline const char *code_standard_name(void *user, int32_t index)
{
  (void)user;
  return index >= 0 && index < STANDARD_COUNT ? standard_names[index] : NULL;
}

/* Parses and compiles. `failing`, if not NULL, is switched on when the text has been parsed: its fail_at then counts
 * from there. */
static inline void code_open(Code *c, const char *text, size_t size, bool show, const Limits *limits, Failing *failing)
{
  *c = (Code){.parsed = PARSE_OOM};
  c->text = malloc(size ? size : 1);
  memcpy(c->text, text, size);
  c->source = (Source){"test.opt", c->text, size};
  size_t fail_at = failing ? failing->fail_at : 0;
  if (failing) {
    *failing = (Failing){0};
  }
  c->open = optic_core_init(&c->core, failing ? failing_resize : NULL, failing, limits, 7);
  if (!c->open) {
    return;
  }
  optic_arena_init(&c->tree, &c->core.alloc);
  optic_arena_init(&c->arena, &c->core.alloc);
  optic_diags_init(&c->diags, &c->core.alloc);
  Node *root = NULL;
  c->parsed = optic_parse(&c->core, &c->source, &c->tree, &c->diags, &root);
  if (failing) {
    failing->calls = 0;
    failing->fail_at = fail_at;
    failing->on = fail_at > 0;
  }
  GlobalNames names = {code_global, code_standard, c};
  if (c->parsed == PARSE_OK) {
    c->proto = optic_compile(&c->core, &c->source, root, &names, show, &c->arena, &c->diags);
  }
}

static inline void code_close(Code *c)
{
  if (c->open) {
    optic_diags_finish(&c->diags);
    optic_arena_finish(&c->arena);
    optic_arena_finish(&c->tree);
    optic_core_finish(&c->core);
    assert_int_equal(c->core.alloc.used, 0);
  }
  free(c->text);
}

static inline void code_text(Code *c, const char *text, bool show)
{
  code_open(c, text, strlen(text), show, NULL, NULL);
}

/* Compiles what must be right. */
static inline void code_right(Code *c, const char *text)
{
  code_text(c, text, false);
  if (!c->proto) {
    print_message("---- %s\n%s\n", text, c->diags.list.size ? c->diags.list.at[0].message : "no diagnostic");
  }
  assert_non_null(c->proto);
}

#endif
