/* check_flow.c: values that go nowhere or are missing, and code that never runs. See check_internal.h.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/check_internal.h"

/* Source text as a message quotes it: of one line, and not too much. */
static int quoted(const Check *c, Span at, const char **text)
{
  enum { MOST = 40 };
  *text = c->source->text + at.first;
  size_t size = at.last - at.first, n = size < MOST ? size : MOST;
  const char *line = memchr(*text, '\n', n);
  n = line ? (size_t)(line - *text) : n;
  while (n > 0 && n < size && ((unsigned char)(*text)[n] & 0xc0) == 0x80) {
    n--;
  }
  return (int)n;
}

static bool has_newline(const Check *c, uint32_t first, uint32_t last)
{
  return first < last && memchr(c->source->text + first, '\n', last - first);
}

/* Does the statement stand on a later line and begin with `-`, as if it went on with the one before? */
static bool looks_continued(const Check *c, const Node *before, const Node *n)
{
  return before && c->source->text[n->span.first] == '-' && has_newline(c, before->span.last, n->span.first) &&
         (before->kind == N_EXPR || before->kind == N_ASSIGN || before->kind == N_AUGMENT || before->kind == N_RETURN);
}

static void hint_continued(Check *c, Diag *d, const Node *before)
{
  size_t line, column;
  if (d) {
    optic_source_place(c->source, before->span.last, &line, &column);
    optic_diag_hint(c->diags, d, "if it continues line %zu, end that line with `-`", line);
  }
}

/* May evaluating it do something, beside giving a value? */
static bool acts(const Node *n)
{
  switch ((int)n->kind) {
  case N_CALL:
  case N_IF:
  case N_ERROR:
    return true;
  case N_AND:
  case N_OR:
    return n->kids[1] && acts(n->kids[1]);
  default:
    return false;
  }
}

void optic_check_unused(Check *c, const Node *before, const Node *expr)
{
  if (!expr || acts(expr)) {
    return;
  }
  Known known;
  const char *text;
  int size = quoted(c, expr->span, &text);
  bool continued = looks_continued(c, before, expr);
  Diag *d = optic_check_warn(c, continued ? D_line_continues : D_unused_value, expr->span,
                             "the value of `%.*s` is not used", size, text);
  if (continued) {
    hint_continued(c, d, before);
  } else if (expr->kind == N_STRING) {
    optic_diag_hint(c->diags, d, "a comment begins with `#`");
  } else if (expr->kind == N_BINARY && expr->op == OP_EQ) {
    optic_diag_hint(c->diags, d, "assignment is written `=`");
  } else if (expr->kind == N_NAME && optic_check_known(c, expr->name, &known) && known.signature) {
    optic_diag_hint(c->diags, d, "a function is called with `%s()`", expr->name->text);
  }
}

static bool ends_control(const Node *n)
{
  return n->kind == N_RETURN || n->kind == N_BREAK || n->kind == N_CONTINUE;
}

/* `assert false` ends its path as well. */
static bool always_fails(const Node *n)
{
  return n->kind == N_ASSERT && n->kids[0] && n->kids[0]->kind == N_FALSE;
}

static void unreachable(Check *c, const Node *before, const Node *n)
{
  const char *word = before->kind == N_RETURN ? "return" : before->kind == N_BREAK ? "break" : "continue";
  if (looks_continued(c, before, n)) {
    const char *text;
    int size = quoted(c, n->span, &text);
    hint_continued(c, optic_check_warn(c, D_line_continues, n->span, "the value of `%.*s` is not used", size, text),
                   before);
    return;
  }
  Diag *d = optic_check_warn(c, D_unreachable, n->span, "nothing after `%s` runs", word);
  if (before->kind == N_RETURN && !before->kids[0] && n->kind == N_EXPR) {
    optic_diag_hint(c->diags, d, "a value to return begins on the line of its `return`");
  }
}

void optic_check_block(Check *c, Scope *s, const Node *block, uint32_t from, Use use)
{
  bool ended = false;
  for (uint32_t i = from; i < block->count; i++) {
    const Node *n = block->kids[i], *before = i > from ? block->kids[i - 1] : NULL;
    if (!ended && before && ends_control(before)) {
      ended = true;
      unreachable(c, before, n);
    }
    Use mine = i + 1 == block->count ? use : USE_NONE;
    if (s->kind == SCOPE_TOP && !s->loops && c->is_repl && mine == USE_NONE) {
      mine = USE_TAIL;
    }
    optic_check_statement(c, s, n, mine);
    bool heading =
        s->kind == SCOPE_TOP && !s->loops && i == 0 && n->kind == N_EXPR && n->kids[0] && n->kids[0]->kind == N_STRING;
    if (n->kind == N_EXPR && mine == USE_NONE && !ended && !heading) {
      optic_check_unused(c, before, n->kids[0]);
    }
  }
  if (use != USE_NEEDED) {
    return;
  }
  const Node *last = block->count > from ? block->kids[block->count - 1] : NULL;
  if (!last || (last->kind != N_EXPR && last->kind != N_ERROR && !ends_control(last) && !always_fails(last))) {
    Diag *d =
        optic_check_error(c, D_no_value, last ? last->span : block->span, "this block has no value, but one is used");
    optic_diag_hint(c->diags, d, "end it with an expression");
  }
}

void optic_check_if(Check *c, Scope *s, const Node *n, Use use)
{
  const Node *otherwise = n->kids[2];
  optic_check_expr(c, s, n->kids[0]);
  if (n->kids[1]) {
    optic_check_block(c, s, n->kids[1], 0, use);
  }
  if (!otherwise) {
    if (use == USE_NEEDED) {
      Span at = {n->span.first, n->kids[0] ? n->kids[0]->span.last : n->span.last};
      Diag *d = optic_check_error(c, D_no_value, at, "the value of this `if` is used, but it has no `else`");
      optic_diag_hint(c->diags, d, "say what it is otherwise: `if c { a } else { b }`");
    }
  } else if (otherwise->kind == N_IF) {
    optic_check_if(c, s, otherwise, use);
  } else if (otherwise->kind == N_BLOCK) {
    optic_check_block(c, s, otherwise, 0, use);
  }
}

/* ---- does a block give a value on every path? ----------------------------------------------------------------- */
static bool has_break(const Node *n)
{
  if (!n || n->kind == N_FN || n->kind == N_TRANSFORM || n->kind == N_WHILE || n->kind == N_FOR) {
    return false;
  }
  if (n->kind == N_BREAK) {
    return true;
  }
  for (uint32_t i = 0; i < n->count; i++) {
    if (has_break(n->kids[i])) {
      return true;
    }
  }
  return false;
}

bool optic_has_return(const Node *n)
{
  if (!n || n->kind == N_FN || n->kind == N_TRANSFORM) {
    return false;
  }
  bool found = n->kind == N_RETURN && n->kids[0];
  for (uint32_t i = 0; i < n->count && !found; i++) {
    found = optic_has_return(n->kids[i]);
  }
  return found;
}

static bool if_yields(const Node *n)
{
  const Node *otherwise = n->kids[2];
  if (!otherwise || !n->kids[1] || !optic_block_yields(n->kids[1], 0)) {
    return false;
  }
  return otherwise->kind == N_IF ? if_yields(otherwise) : optic_block_yields(otherwise, 0);
}

bool optic_block_yields(const Node *block, uint32_t from)
{
  if (block->kind != N_BLOCK) {
    return true;
  }
  const Node *last = block->count > from ? block->kids[block->count - 1] : NULL;
  if (!last) {
    return false;
  }
  switch ((int)last->kind) {
  case N_ERROR:
  case N_RETURN:
    return true; /* one without a value has been reported by itself */
  case N_EXPR:
    return !last->kids[0] || last->kids[0]->kind != N_IF || if_yields(last->kids[0]);
  case N_WHILE:
    return last->kids[0] && last->kids[0]->kind == N_TRUE && !has_break(last->kids[1]);
  case N_TRY:
    return last->kids[0] && last->kids[1] && optic_block_yields(last->kids[0], 0) &&
           optic_block_yields(last->kids[1], 0);
  default:
    return always_fails(last);
  }
}
