/* print_ast.h: a syntax tree as an S-expression on one line, for tests.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TESTS_PRINT_AST_H
#define OPTIC_TESTS_PRINT_AST_H

#include <string.h>

#include "lang/ast.h"

static inline const char *ast_kind_text(const Node *n)
{
  static const char *const texts[] = {
      [N_LIST] = "list",
      [N_RECORD] = "record",
      [N_PAIR] = ":",
      [N_SPREAD] = "*",
      [N_SPREAD_NAMED] = "**",
      [N_AND] = "and",
      [N_OR] = "or",
      [N_PIPE] = "|>",
      [N_CALL] = "call",
      [N_KEYWORD] = "kw",
      [N_INDEX] = "index",
      [N_SLICE] = "slice",
      [N_FIELD] = ".",
      [N_FN] = "fn",
      [N_IF] = "if",
      [N_BLOCK] = "block",
      [N_ASSIGN] = "=",
      [N_EXPR] = "expr",
      [N_TRANSFORM] = "transform",
      [N_STATE] = "state",
      [N_WHILE] = "while",
      [N_FOR] = "for",
      [N_BREAK] = "break",
      [N_CONTINUE] = "continue",
      [N_RETURN] = "return",
      [N_ASSERT] = "assert",
      [N_TRY] = "try",
      [N_IMPORT] = "import",
      [N_PARAMS] = "params",
      [N_PARAM] = "param",
      [N_ERROR] = "error",
      [N_NONE] = "none",
      [N_TRUE] = "true",
      [N_FALSE] = "false",
  };
  return texts[n->kind];
}

static inline void ast_print(Text *out, const Node *n)
{
  if (!n) {
    optic_text_char(out, '_');
    return;
  }
  switch ((int)n->kind) {
  case N_NUMBER:
    optic_text_number(out, n->number);
    return;
  case N_STRING:
    optic_text_quoted(out, n->text, n->size);
    return;
  case N_NAME:
    optic_text_str(out, n->name->text);
    return;
  case N_NONE:
  case N_TRUE:
  case N_FALSE:
  case N_ERROR:
    optic_text_str(out, ast_kind_text(n));
    return;
  case N_EXPR:
    ast_print(out, n->kids[0]);
    return;
  case N_PARAM:
    if (n->param == PARAM_PLAIN && !n->kids[0] && !n->is_number) {
      optic_text_str(out, n->name->text);
      return;
    }
    optic_text_printf(out, "(%s%s%s",
                      n->param == PARAM_REST    ? "*"
                      : n->param == PARAM_NAMED ? "**"
                                                : "",
                      n->name->text, n->is_number ? ":number" : "");
    if (n->kids[0]) {
      optic_text_char(out, ' ');
      ast_print(out, n->kids[0]);
    }
    optic_text_char(out, ')');
    return;
  default:
    break;
  }
  optic_text_char(out, '(');
  if (n->kind == N_UNARY) {
    optic_text_str(out, n->op == OP_NEG ? "neg" : "not");
  } else if (n->kind == N_BINARY || n->kind == N_AUGMENT) {
    const char *op = optic_op_text(n->op);
    optic_text_add(out, op + 1, strlen(op) - 2);
    optic_text_str(out, n->kind == N_AUGMENT ? "=" : "");
  } else {
    optic_text_str(out, ast_kind_text(n));
  }
  if (n->name) {
    optic_text_char(out, ' ');
    optic_text_str(out, n->name->text);
  }
  if (n->kind == N_IMPORT || n->doc) {
    optic_text_char(out, ' ');
    const char *text = n->doc ? n->doc : n->text;
    optic_text_quoted(out, text, strlen(text));
  }
  for (uint32_t i = 0; i < n->count; i++) {
    optic_text_char(out, ' ');
    ast_print(out, n->kids[i]);
  }
  optic_text_char(out, ')');
}

#endif
