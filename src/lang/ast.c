/* ast.c: constructors of the syntax tree. See ast_build.h.
 *
 * In: children, spans, words. Out: nodes in the parse's arena. They keep one bound: no node is higher than
 * limits.depth, so that every walker of the tree may recurse.
 * SPDX-License-Identifier: MIT */
#include "lang/ast_build.h"

#include <string.h>

enum { HIGHEST = 60000 };

const char *optic_op_text(Op op)
{
  static const char *const texts[] = {
      [OP_ADD] = "`+`",         [OP_SUB] = "`-`",    [OP_MUL] = "`*`",   [OP_DIV] = "`/`", [OP_IDIV] = "`//`",
      [OP_MOD] = "`%`",         [OP_MATMUL] = "`@`", [OP_POW] = "`**`",  [OP_EQ] = "`==`", [OP_NE] = "`!=`",
      [OP_LT] = "`<`",          [OP_LE] = "`<=`",    [OP_GT] = "`>`",    [OP_GE] = "`>=`", [OP_IN] = "`in`",
      [OP_NOT_IN] = "`not in`", [OP_NEG] = "`-`",    [OP_NOT] = "`not`",
  };
  return texts[op];
}

/* ---- nodes in general ----------------------------------------------------------------------------------------- */
static Node *fresh(Parse *p, NodeKind kind, Span at)
{
  Node *n = optic_arena_alloc(p->arena, sizeof *n);
  if (n) {
    n->kind = kind;
    n->span = at;
    n->height = 1;
  }
  return n;
}

/* False, and said once, where a child would make its parent too high. */
static bool fits_below(Parse *p, const Node *child, Span at)
{
  uint32_t limit = p->core->limits.depth < HIGHEST ? p->core->limits.depth : HIGHEST;
  if (!child || child->height < limit) {
    return true;
  }
  if (!p->too_deep) {
    p->too_deep = true;
    Diag *d = optic_parse_error(p, D_too_deep, at, "this is nested more than %u levels deep", limit);
    optic_diag_hint(p->diags, d, "give a part of it a name");
  }
  return false;
}

static void raise_height(Node *n, const Node *child)
{
  if (child && child->height >= n->height) {
    n->height = (uint16_t)(child->height + 1);
  }
}

Node *optic_node(Parse *p, NodeKind kind, Span at, uint32_t count, Node *a, Node *b, Node *c)
{
  Node *kids[3] = {a, b, c};
  for (uint32_t i = 0; i < count; i++) {
    if (!fits_below(p, kids[i], at)) {
      return fresh(p, N_ERROR, at);
    }
  }
  Node *n = fresh(p, kind, at);
  if (!n || count == 0) {
    return n;
  }
  n->kids = optic_arena_array(p->arena, count, sizeof *n->kids);
  if (!n->kids) {
    return NULL;
  }
  n->count = n->cap = count;
  for (uint32_t i = 0; i < count; i++) {
    n->kids[i] = kids[i];
    raise_height(n, kids[i]);
  }
  return n;
}

Node *optic_node_list(Parse *p, NodeKind kind, Span at, Node *first)
{
  return optic_node_add(p, fresh(p, kind, at), first);
}

Node *optic_node_add(Parse *p, Node *list, Node *item)
{
  if (!list || !item) {
    return list;
  }
  if (!fits_below(p, item, item->span)) {
    item = fresh(p, N_ERROR, item->span);
  }
  if (list->count == list->cap) {
    uint32_t cap = list->cap ? 2 * list->cap : 4;
    Node **kids = cap > list->cap ? optic_arena_array(p->arena, cap, sizeof *kids) : NULL;
    if (!kids || !item) {
      p->oom = true;
      return list;
    }
    if (list->count) {
      memcpy(kids, list->kids, list->count * sizeof *kids);
    }
    list->kids = kids;
    list->cap = cap;
  }
  list->kids[list->count++] = item;
  raise_height(list, item);
  if (item && item->span.last > list->span.last) {
    list->span.last = item->span.last;
  }
  return list;
}

Node *optic_node_named(Parse *p, NodeKind kind, Span at, Word word, uint32_t count, Node *a, Node *b, Node *c)
{
  Node *n = optic_node(p, kind, at, count, a, b, c);
  if (n && n->kind == kind) {
    n->name = word.name;
    n->name_span = word.at;
  }
  return n;
}

/* Text as messages quote it, not too much of it. */
static int quoted(Parse *p, Span at, const char **text)
{
  *text = p->source->text + at.first;
  size_t size = at.last - at.first, n = size < 40 ? size : 40;
  const char *line = memchr(*text, '\n', n);
  n = line ? (size_t)(line - *text) : n;
  while (n > 0 && n < size && ((unsigned char)(*text)[n] & 0xc0) == 0x80) {
    n--;
  }
  return (int)n;
}

/* ---- expressions ---------------------------------------------------------------------------------------------- */
Node *optic_ast_number(Parse *p, Span at, double number)
{
  Node *n = fresh(p, N_NUMBER, at);
  if (n) {
    n->number = number;
  }
  return n;
}

Node *optic_ast_string(Parse *p, Span at, StringValue string)
{
  Node *n = fresh(p, N_STRING, at);
  if (n) {
    n->text = string.text;
    n->size = string.size;
  }
  return n;
}

Node *optic_ast_unary(Parse *p, Span at, Op op, Node *a)
{
  Node *n = optic_node(p, N_UNARY, at, 1, a, NULL, NULL);
  if (n) {
    n->op = op;
  }
  return n;
}

Node *optic_ast_binary(Parse *p, Span at, Op op, Node *a, Node *b)
{
  Node *n = optic_node(p, N_BINARY, at, 2, a, b, NULL);
  if (n) {
    n->op = op;
  }
  return n;
}

Node *optic_ast_pipe(Parse *p, Span at, Node *a, Node *b)
{
  if (a && a->kind == N_PIPE && !a->paren) {
    return optic_node_add(p, a, b);
  }
  return optic_node_add(p, optic_node_list(p, N_PIPE, at, a), b);
}

Node *optic_ast_call(Parse *p, Span at, NodeKind kind, Node *callee, Node *args)
{
  Node *n = optic_node_list(p, kind, at, callee);
  for (uint32_t i = 0; args && i < args->count; i++) {
    optic_node_add(p, n, args->kids[i]);
  }
  return n;
}

Node *optic_ast_pair(Parse *p, Span at, StringValue key, Span key_at, Node *value)
{
  if (key.size > p->core->limits.name_bytes) {
    optic_parse_error(p, D_too_large, key_at, "a key of %zu bytes: %u are allowed", key.size,
                      p->core->limits.name_bytes);
    return fresh(p, N_ERROR, at);
  }
  const Name *name = optic_name(&p->core->names, key.text, key.size);
  p->oom |= !name;
  return optic_node_named(p, N_PAIR, at, (Word){name, key_at}, 1, value, NULL, NULL);
}

Node *optic_ast_trailing(Node *list)
{
  if (list) {
    list->trailing = true;
  }
  return list;
}

Node *optic_ast_closed(Span at, Node *list)
{
  if (list) {
    list->span = at;
  }
  return list;
}

Node *optic_ast_group(Parse *p, Span at, Node *args)
{
  if (!args) {
    return NULL;
  }
  for (uint32_t i = 0; i < args->count; i++) {
    const Node *kid = args->kids[i];
    if (kid->kind == N_KEYWORD) {
      Diag *d = optic_parse_error(p, D_syntax, kid->span, "assignment is a statement, not an expression");
      optic_diag_hint(p->diags, d, "to compare write `==`");
      return fresh(p, N_ERROR, at);
    }
    if (kid->kind == N_SPREAD_NAMED) {
      Diag *d = optic_parse_error(p, D_syntax, kid->span, "`**` spreads into a record or a call");
      optic_diag_hint(p->diags, d, "a record is written `{**a, key: value}`");
      return fresh(p, N_ERROR, at);
    }
  }
  bool single = args->count == 1 && !args->trailing && args->kids[0]->kind != N_SPREAD;
  Node *n = single ? args->kids[0] : args;
  n->paren = true;
  n->span = at;
  n->trailing = false;
  return n;
}

/* ---- functions ------------------------------------------------------------------------------------------------ */
static Node *param_of(Parse *p, Node *arg)
{
  Node *inner = (arg->kind == N_SPREAD || arg->kind == N_SPREAD_NAMED) && arg->count ? arg->kids[0] : arg;
  bool named = inner && inner->kind == N_NAME && !inner->paren;
  ParamKind kind = arg->kind == N_SPREAD ? PARAM_REST : arg->kind == N_SPREAD_NAMED ? PARAM_NAMED : PARAM_PLAIN;
  if (arg->kind == N_KEYWORD) {
    return optic_ast_param(p, arg->span, (Word){arg->name, arg->name_span}, kind, (Word){0}, arg->kids[0]);
  }
  if (named) {
    return optic_ast_param(p, arg->span, (Word){inner->name, inner->span}, kind, (Word){0}, NULL);
  }
  if (arg->kind != N_ERROR) {
    Diag *d = optic_parse_error(p, D_syntax, arg->span, "a parameter must be a name");
    optic_diag_hint(p->diags, d, "take the value apart in the body: `fn(pair) { a, b = pair; ... }`");
  }
  return NULL;
}

Node *optic_ast_arrow(Parse *p, Span at, Node *args, Node *body)
{
  Node *params = args ? optic_node_list(p, N_PARAMS, args->span, NULL) : NULL;
  for (uint32_t i = 0; params && i < args->count; i++) {
    optic_node_add(p, params, param_of(p, args->kids[i]));
  }
  return params ? optic_node(p, N_FN, at, 2, params, body, NULL) : NULL;
}

Node *optic_ast_arrow1(Parse *p, Span at, Word param, Node *body)
{
  Node *one = optic_ast_param(p, param.at, param, PARAM_PLAIN, (Word){0}, NULL);
  Node *params = optic_node_list(p, N_PARAMS, param.at, one);
  return params ? optic_node(p, N_FN, at, 2, params, body, NULL) : NULL;
}

Node *optic_ast_param(Parse *p, Span at, Word word, ParamKind kind, Word type, Node *value)
{
  Node *n = optic_node_named(p, N_PARAM, at, word, 1, value, NULL, NULL);
  if (n && n->kind == N_PARAM) {
    n->param = kind;
    n->is_number = type.name;
  }
  if (type.name && strcmp(type.name->text, "number") != 0) {
    Diag *d = optic_parse_error(p, D_syntax, type.at, "unknown mark `%s` of a parameter", type.name->text);
    optic_diag_hint(p->diags, d, "there is only `%s: number`, for a hyperparameter that can be set while running",
                    word.name ? word.name->text : "x");
  }
  return n;
}

/* Takes a string that stands first in a body, and is not all of it, out of it. */
static const char *take_doc(Node *block)
{
  if (!block || block->count < 2 || block->kids[0]->kind != N_EXPR) {
    return NULL;
  }
  const Node *string = block->kids[0]->kids[0];
  if (!string || string->kind != N_STRING || string->paren) {
    return NULL;
  }
  block->count--;
  memmove(block->kids, block->kids + 1, block->count * sizeof *block->kids);
  return string->text;
}

Node *optic_ast_fn(Parse *p, Span at, NodeKind kind, Word word, Node *params, Node *block)
{
  const char *doc = take_doc(block);
  Node *n = optic_node_named(p, kind, at, word, 2, params, block, NULL);
  if (n && n->kind == kind) {
    n->doc = doc;
    n->is_statement = word.name && kind == N_FN;
  }
  return n;
}

/* ---- statements ----------------------------------------------------------------------------------------------- */
static bool refuse_spread(Parse *p, const Node *n)
{
  if (!n || n->kind != N_SPREAD) {
    return false;
  }
  Diag *d = optic_parse_error(p, D_syntax, n->span, "`*` spreads into a list or a call");
  optic_diag_hint(p->diags, d, "a product that goes on ends its line with `*`; a list is written `[*a, b]`");
  return true;
}

Node *optic_ast_values(Parse *p, Node *exprs)
{
  if (!exprs || exprs->count != 1) {
    return exprs;
  }
  return refuse_spread(p, exprs->kids[0]) ? fresh(p, N_ERROR, exprs->span) : exprs->kids[0];
}

Node *optic_ast_statement(Parse *p, Span at, Node *exprs)
{
  return optic_node(p, N_EXPR, at, 1, optic_ast_values(p, exprs), NULL, NULL);
}

static void wrong_target(Parse *p, const Node *n)
{
  const char *text;
  int size = quoted(p, n->span, &text);
  switch ((int)n->kind) {
  case N_ERROR:
    return;
  case N_CALL: {
    Diag *d = optic_parse_error(p, D_bad_target, n->span, "cannot assign to a call");
    const Node *f = n->count ? n->kids[0] : NULL;
    if (f && f->kind == N_NAME) {
      optic_diag_hint(p->diags, d, "a function is written `fn %s(x) { ... }` or `%s = x -> ...`", f->name->text,
                      f->name->text);
    }
    return;
  }
  case N_NONE:
  case N_TRUE:
  case N_FALSE:
    optic_parse_error(p, D_builtin_assign, n->span, "cannot assign to `%.*s`", size, text);
    return;
  default: {
    Diag *d = optic_parse_error(p, D_bad_target, n->span, "cannot assign to `%.*s`", size, text);
    optic_diag_hint(p->diags, d,
                    n->kind == N_BINARY && n->op == OP_EQ
                        ? "to compare, the whole condition takes `==`"
                        : "a target is a name, `r.field` or `xs[i]`, or some of them with commas");
  }
  }
}

/* Checks a target, or with `list` a list of targets, and makes it one. */
static bool check_target(Parse *p, Node *n)
{
  if (!n) {
    return false;
  }
  if (n->kind == N_LIST) {
    bool right = true, rest = false;
    for (uint32_t i = 0; i < n->count; i++) {
      Node *kid = n->kids[i];
      if (kid->kind != N_SPREAD) {
        right = check_target(p, kid) && right;
        continue;
      }
      const Node *name = kid->kids[0];
      if (!name || name->kind != N_NAME) {
        optic_parse_error(p, D_bad_target, kid->span, "`*` in a target stands before a name, which takes the rest");
        right = false;
      } else if (rest) {
        optic_parse_error(p, D_bad_target, kid->span, "only one target can take the rest");
        right = false;
      }
      rest = true;
    }
    if (n->count == 0) {
      wrong_target(p, n);
      right = false;
    }
    n->paren = false;
    return right;
  }
  if (!n->paren && (n->kind == N_NAME || n->kind == N_FIELD || n->kind == N_INDEX)) {
    return true;
  }
  wrong_target(p, n);
  return false;
}

/* One target, or an N_LIST of them; NULL where it was wrong. `at`: where to complain about brackets around. */
static Node *targets_of(Parse *p, Node *exprs, Span at)
{
  if (!exprs) {
    return NULL;
  }
  Node *n = exprs->count == 1 && exprs->kids[0]->kind != N_SPREAD ? exprs->kids[0] : exprs;
  if (n != exprs && n->kind == N_LIST && n->count) {
    const char *text = p->source->text + n->span.first + 1;
    size_t size = n->span.last - n->span.first;
    Diag *d = optic_parse_error(p, D_bad_target, at, "taking a list apart needs no brackets");
    if (size >= 2 && size < 60) {
      optic_diag_hint(p->diags, d, "write `%.*s = ...`", (int)(size - 2), text);
    }
    return NULL;
  }
  return check_target(p, n) ? n : NULL;
}

Node *optic_ast_assign(Parse *p, Span at, Span equals, Node *targets, Node *values)
{
  Node *target = targets_of(p, targets, equals);
  return target ? optic_node(p, N_ASSIGN, at, 2, target, values, NULL) : fresh(p, N_ERROR, at);
}

Node *optic_ast_augment(Parse *p, Span at, Span equals, Node *targets, Op op, Node *value)
{
  Node *target = targets_of(p, targets, equals);
  if (!target) {
    return fresh(p, N_ERROR, at);
  }
  if (target->kind == N_LIST) {
    optic_parse_error(p, D_bad_target, equals, "an operator with `=` has one target");
    return fresh(p, N_ERROR, at);
  }
  Node *n = optic_node(p, N_AUGMENT, at, 2, target, value, NULL);
  if (n) {
    n->op = op;
  }
  return n;
}

Node *optic_ast_for(Parse *p, Span at, Node *targets, Node *iterated, Node *block)
{
  Node *target = targets && targets->count == 1 ? targets->kids[0] : targets;
  if (!target || !check_target(p, target)) {
    return fresh(p, N_ERROR, at);
  }
  return optic_node(p, N_FOR, at, 3, target, iterated, block);
}

Node *optic_ast_import(Parse *p, Span at, StringValue path, Word word)
{
  Node *n = optic_node_named(p, N_IMPORT, at, word, 0, NULL, NULL, NULL);
  if (n) {
    n->text = path.text;
    n->size = path.size;
  }
  return n;
}
