/* ast.h: the syntax tree. The parser's actions call the constructors of ast.c and do nothing else; the checker
 * reads the tree and reports, the compiler reads it and emits.
 *
 * One node type: a kind, a span, a few scalar fields, and children. What the fields mean stands beside each kind.
 * Children that are absent are NULL. All of a tree lies in one arena. A node's `height` is 1 + the highest child's;
 * the constructors refuse (diagnostic too_deep, then an N_ERROR) to pass limits.depth, so that no walker can overflow.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_AST_H
#define OPTIC_LANG_AST_H

#include "base/core.h"

typedef enum NodeKind {
  /* ---- expressions: kids; other fields ---- */
  N_NUMBER,       /* -; number */
  N_STRING,       /* -; text, size (escapes resolved) */
  N_NONE,         /* - */
  N_TRUE,         /* - */
  N_FALSE,        /* - */
  N_NAME,         /* -; name */
  N_LIST,         /* items, each an expression or N_SPREAD. Also `(a, b)`, and a bare `a, b` right of `=`, `return` */
  N_RECORD,       /* N_PAIR or N_SPREAD_NAMED each */
  N_PAIR,         /* value; name (the key), name_span */
  N_SPREAD,       /* expression: `*e` in a list or call */
  N_SPREAD_NAMED, /* expression: `**e` in a record or call */
  N_UNARY,        /* operand; op = OP_NEG or OP_NOT */
  N_BINARY,       /* left, right; op = arithmetic or comparison */
  N_AND,          /* left, right */
  N_OR,           /* left, right */
  N_PIPE,         /* the stages of an unparenthesised run of `|>`, two or more: means chain(stages...) */
  N_CALL,         /* callee, then arguments: expressions, N_SPREAD, N_SPREAD_NAMED, N_KEYWORD */
  N_KEYWORD,      /* value; name, name_span: `name = value` in a call */
  N_INDEX,        /* indexed, then subscripts: expressions or N_SLICE */
  N_SLICE,        /* from, to, step: each may be NULL */
  N_FIELD,        /* record; name; name_span */
  N_FN,           /* N_PARAMS, body; name (NULL: anonymous), name_span; doc. Body: N_BLOCK of `fn`, else the expression
                   after `->`. As a statement (is_statement) it binds its name */
  N_IF,           /* condition, N_BLOCK, else: NULL, N_BLOCK or N_IF */
  /* ---- statements ---- */
  N_BLOCK,     /* statements */
  N_ASSIGN,    /* target, value. A target: N_NAME, N_FIELD, N_INDEX, or N_LIST of targets (nested; N_SPREAD of a
                   name once in it takes the rest) */
  N_AUGMENT,   /* target (not a list), value; op = arithmetic */
  N_EXPR,      /* expression, as a statement */
  N_TRANSFORM, /* N_PARAMS, N_BLOCK; name, name_span; doc. The block's leading statements may be N_STATE */
  N_STATE,     /* value; name, name_span */
  N_WHILE,     /* condition, N_BLOCK */
  N_FOR,       /* target (as in N_ASSIGN), iterated, N_BLOCK */
  N_BREAK,     /* - */
  N_CONTINUE,  /* - */
  N_RETURN,    /* value or NULL */
  N_ASSERT,    /* condition, message or NULL */
  N_TRY,       /* N_BLOCK, N_BLOCK; name of the error in the second, name_span (name NULL: `catch { }`) */
  N_IMPORT,    /* -; text, size (the path); name, name_span */
  /* ---- parts ---- */
  N_PARAMS, /* N_PARAM each */
  N_PARAM,  /* default or NULL; name, name_span; param = what kind; is_number for `name: number` */
  N_ERROR,  /* - where the parser recovered; a diagnostic has been given */
} NodeKind;

typedef enum Op {
  OP_ADD,
  OP_SUB,
  OP_MUL,
  OP_DIV,
  OP_IDIV,
  OP_MOD,
  OP_MATMUL,
  OP_POW,
  OP_EQ,
  OP_NE,
  OP_LT,
  OP_LE,
  OP_GT,
  OP_GE,
  OP_IN,
  OP_NOT_IN,
  OP_NEG,
  OP_NOT
} Op;
typedef enum ParamKind { PARAM_PLAIN, PARAM_REST /* *rest */, PARAM_NAMED /* **named */ } ParamKind;

typedef struct Node Node;
struct Node {
  NodeKind kind;
  Span span;
  Span name_span;
  uint16_t height;
  bool paren;        /* stood in parentheses of its own */
  bool is_statement; /* N_FN */
  bool is_number;    /* N_PARAM */
  bool trailing;     /* only while parsing: `(a,)` */
  Op op;
  ParamKind param;
  double number;
  const Name *name;
  const char *text;
  size_t size;
  const char *doc; /* N_FN, N_TRANSFORM: documentation or NULL. The string has been taken out of the block */
  Node **kids;
  uint32_t count, cap;
};

/* What a token is called in messages: "`+`". */
const char *optic_op_text(Op op);

#endif
