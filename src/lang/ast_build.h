/* ast_build.h: constructors of the syntax tree, called by the grammar's actions.
 *
 * Each tolerates NULL (no memory) and N_ERROR children, checks what the grammar cannot, and reports to the Parse.
 * They return NULL when there is no memory; `arena->oom` is set then.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_AST_BUILD_H
#define OPTIC_LANG_AST_BUILD_H

#include "lang/parser.h"

typedef struct Word {
  const Name *name;
  Span at;
} Word;

/* A node with `count` children, which may be NULL. */
Node *optic_node(Parse *p, NodeKind kind, Span at, uint32_t count, Node *a, Node *b, Node *c);
/* A node of any number of children; `first` NULL: none yet. */
Node *optic_node_list(Parse *p, NodeKind kind, Span at, Node *first);
/* Adds one (NULL: nothing happens); returns `list`. */
Node *optic_node_add(Parse *p, Node *list, Node *item);
/* A node that has a name. */
Node *optic_node_named(Parse *p, NodeKind kind, Span at, Word word, uint32_t count, Node *a, Node *b, Node *c);

Node *optic_ast_number(Parse *p, Span at, double number);
Node *optic_ast_string(Parse *p, Span at, StringValue string);
Node *optic_ast_unary(Parse *p, Span at, Op op, Node *a);
Node *optic_ast_binary(Parse *p, Span at, Op op, Node *a, Node *b);
Node *optic_ast_pipe(Parse *p, Span at, Node *a, Node *b);
Node *optic_ast_call(Parse *p, Span at, NodeKind kind, Node *callee, Node *args); /* N_CALL or N_INDEX */
Node *optic_ast_pair(Parse *p, Span at, StringValue key, Span key_at, Node *value);
Node *optic_ast_trailing(Node *list);                              /* remembers that a comma ended it */
Node *optic_ast_closed(Span at, Node *list);                       /* widens the span to its brackets */
Node *optic_ast_group(Parse *p, Span at, Node *args);              /* `( args )`: parentheses or a list */
Node *optic_ast_arrow(Parse *p, Span at, Node *args, Node *body);  /* `( args ) -> body` */
Node *optic_ast_arrow1(Parse *p, Span at, Word param, Node *body); /* `x -> body` */
Node *optic_ast_param(Parse *p, Span at, Word word, ParamKind kind, Word type, Node *value);
Node *optic_ast_fn(Parse *p, Span at, NodeKind kind, Word word, Node *params, Node *block); /* N_FN, N_TRANSFORM */
Node *optic_ast_values(Parse *p, Node *exprs); /* `a` or `a, b` on the right, or after `return` */
Node *optic_ast_statement(Parse *p, Span at, Node *exprs);
Node *optic_ast_assign(Parse *p, Span at, Span equals, Node *targets, Node *values);
Node *optic_ast_augment(Parse *p, Span at, Span equals, Node *targets, Op op, Node *value);
Node *optic_ast_for(Parse *p, Span at, Node *targets, Node *iterated, Node *block);
Node *optic_ast_import(Parse *p, Span at, StringValue path, Word word);

#endif
