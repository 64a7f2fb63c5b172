/* check_internal.h: what the checker's files share. Nobody else includes this.
 *
 *   check.c        entry, scopes, statements, functions, transforms
 *   check_names.c  reading a name: has it a value, does it exist, what else could be meant
 *   check_calls.c  calls whose function is known: arguments against parameters
 *   check_flow.c   values that are not used or missing, code that never runs
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_CHECK_INTERNAL_H
#define OPTIC_LANG_CHECK_INTERNAL_H

#include "lang/check.h"

typedef enum SymbolKind {
  SYMBOL_VARIABLE, /* assigned somewhere in its function */
  SYMBOL_BOUND,    /* has a value from the start: a parameter, a state, `updates` */
  SYMBOL_ABSENT,   /* `updates` and `extra` where there is none */
  SYMBOL_REPORTED, /* unknown, and said so */
} SymbolKind;

typedef struct Symbol {
  const Name *name; /* NULL: a free slot */
  SymbolKind kind;
  bool assigned; /* on some path to where the walk is now */
  bool warned;
  bool read;         /* somewhere, an inner function included */
  bool called;       /* at the top only: the script somewhere calls a function of this name */
  uint32_t bindings; /* how often it is assigned; `x += 1` counts twice */
  uint32_t plain;    /* how often by `name = value` */
  Span first;        /* where first */
  const Node *value; /* the N_FN or N_TRANSFORM that the only binding gives it */
} Symbol;

typedef struct SymbolTable {
  Symbol *slots;
  uint32_t count, cap;
} SymbolTable;

typedef enum ScopeKind { SCOPE_TOP, SCOPE_FN, SCOPE_MAKER, SCOPE_INIT, SCOPE_UPDATE } ScopeKind;

/* One function's names. Blocks make none. */
typedef struct Scope Scope;
struct Scope {
  ScopeKind kind;
  Scope *parent;
  const Node *node; /* N_FN or N_TRANSFORM; NULL at the top */
  const Name *name; /* of the function, or NULL */
  SymbolTable table;
  uint32_t loops; /* around the place of the walk */
};

/* What becomes of a value. */
typedef enum Use {
  USE_NONE,   /* nothing: worth a warning */
  USE_TAIL,   /* the value of a function, which need not have one */
  USE_NEEDED, /* something works with it */
} Use;

typedef struct Check {
  Core *core;
  const Source *source;
  const KnownNames *known;
  Diags *diags;
  Arena arena;
  bool is_repl;
  bool oom;
  size_t errors;
  size_t compared; /* names, for suggestions: bounded */
  const Name *name_updates, *name_params, *name_extra;
  const Node *after_slashes; /* the right operand of the latest `//`: perhaps meant as a comment */
} Check;

enum { MOST_MESSAGES = 100 }; /* as many as Diags keeps; what follows is only counted, at no cost */

/* ---- check.c */
Diag *optic_check_error(Check *c, DiagCode code, Span at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
Diag *optic_check_warn(Check *c, DiagCode code, Span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
void optic_check_expr(Check *c, Scope *s, const Node *n);
void optic_check_statement(Check *c, Scope *s, const Node *n, Use use);
/* NULL: none. */
Symbol *optic_symbol_find(const SymbolTable *table, const Name *name);
/* Finds or adds; NULL only when there is no memory. */
Symbol *optic_symbol_add(Check *c, SymbolTable *table, const Name *name);

/* ---- check_names.c */
bool optic_check_known(const Check *c, const Name *name, Known *out);
/* A name is read at `at`. The symbol, or NULL where it is outside of the script or unknown. */
Symbol *optic_check_read(Check *c, Scope *s, const Name *name, Span at, bool called);

/* Warns of what a function's body assigns and nothing reads. */
void optic_check_unread(Check *c, Scope *s, const Node *body);

/* The nearest of some names to `size` bytes of `text`; "" where none is near. */
typedef struct Nearest {
  Check *check;
  const char *text;
  size_t size, limit;
  char best[72];
  size_t distance;
} Nearest;
void optic_nearest_init(Nearest *n, Check *c, const char *text, size_t size);
void optic_nearest_try(Nearest *n, const char *text, size_t size);

/* ---- check_calls.c */
void optic_check_call(Check *c, Scope *s, const Node *call);

/* ---- check_flow.c */
/* A block's statements in turn. */
void optic_check_block(Check *c, Scope *s, const Node *block, uint32_t from, Use use);
void optic_check_if(Check *c, Scope *s, const Node *n, Use use);
/* Is there a `return` with a value in it, inner functions left out? */
bool optic_has_return(const Node *n);
/* Does every path through the block, from statement `from`, give a value? */
bool optic_block_yields(const Node *block, uint32_t from);
/* An expression statement whose value goes nowhere. `before`: the statement before it, or NULL. */
void optic_check_unused(Check *c, const Node *before, const Node *expr);

#endif
