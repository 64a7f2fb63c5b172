/* compile_internal.h: what the compiler's files share. Nobody else includes this.
 *
 *   compile.c        entry, functions, transforms
 *   compile_scope.c  before anything is emitted: which names each function binds, and which of them are captured
 *   compile_expr.c   values           compile_cond.c    conditions: jumps instead of values
 *   compile_stmt.c   statements       compile_assign.c  targets
 *   emit.c           instructions, constants, registers, jumps
 *   compile_live.c   afterwards: uses of a local after which it is not looked at use it up
 *
 * Errors are sticky: whoever meets one sets `failed` (with a diagnostic) or `oom`, and goes on; every function here
 * stays memory-safe after that, and optic_compile looks once at the end.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_COMPILE_INTERNAL_H
#define OPTIC_LANG_COMPILE_INTERNAL_H

#include <assert.h>

#include "lang/compile.h"

/* ---- opcode.c: the few facts that the shapes do not say ------------------------------------------------------- */
bool optic_opcode_has_word(unsigned op);  /* the next instruction belongs to it */
bool optic_opcode_has_names(unsigned op); /* c is a name list */
bool optic_opcode_updates(unsigned op);   /* R[a] is read before it is written, though its letter is `w` */

/* ---- names ---------------------------------------------------------------------------------------------------- */
/* Names to numbers: a hash table in an arena. All zeros is an empty one. */
typedef struct NameMap {
  const Name **names;
  uint32_t *values;
  uint32_t count, cap;
} NameMap;
int64_t optic_map_find(const NameMap *map, const Name *name); /* -1: not there */
/* Enters or replaces; false when there is no memory. */
bool optic_map_set(NameMap *map, Arena *arena, const Name *name, uint32_t value);

/* A name that a function binds. */
typedef struct Var {
  const Name *name;
  const Node *def;  /* the N_FN or N_TRANSFORM that it was last seen assigned */
  uint32_t assigns; /* how many assignments there are in the text */
  uint32_t param;   /* which parameter it is, from 0 */
  uint16_t reg;
  bool is_param;
  bool has_default;
  bool is_self;  /* the function's own name: SELF yields it */
  bool captured; /* by an inner function: its register holds a cell */
} Var;

typedef enum Role { ROLE_MODULE, ROLE_FN /* and the maker of a transform */, ROLE_INIT, ROLE_UPDATE } Role;

typedef struct Scope Scope;
struct Scope {
  const Node *node; /* N_FN or N_TRANSFORM; the root for the module */
  Role role;
  Scope *parent;       /* NULL: the module's, whose names are globals */
  Scope *first, *last; /* inner functions, in the order of the text */
  Scope *next;         /* in the parent's list */
  Scope *cursor;       /* where optic_scope_child looks first */
  Var *vars;           /* parameters first */
  uint32_t count, cap;
  NameMap index;       /* name to the latest variable with it */
  const Name *self;    /* its own name, where a use of it may be SELF */
  uint32_t default_at; /* while the default of parameter i is walked: i + 1 */
};

typedef struct Compiler {
  Core *core;
  const Source *source;
  const GlobalNames *names;
  Arena *arena;  /* for what stays */
  Arena scratch; /* for what does not */
  Diags *diags;
  const Name *name_chain, *name_updates, *name_params, *name_extra;
  bool show;
  bool failed; /* a diagnostic has been given */
  bool oom;
} Compiler;

#define COMPILE_ERROR(c, code, at, ...)                                                                                \
  ((c)->failed = true, (void)optic_diag((c)->diags, (code), (Place){(c)->source, (at)}, __VA_ARGS__))

/* The scopes of a script, and its globals made known; NULL only when there is no memory. */
Scope *optic_scopes(Compiler *c, const Node *root);
/* The scope of an inner function. NULL only after an error. */
Scope *optic_scope_child(Scope *scope, const Node *node, Role role);
/* The latest variable with this name, or NULL. */
Var *optic_scope_find(const Scope *scope, const Name *name);

/* ---- functions ------------------------------------------------------------------------------------------------ */
/* A set of registers. */
typedef struct RegSet {
  uint64_t at[4];
} RegSet;
static_assert(MOST_REGISTERS <= 4 * 64, "every register has a bit");

static inline bool optic_set_has(const RegSet *s, uint32_t reg)
{
  return s->at[reg / 64 % 4] >> reg % 64 & 1;
}
static inline void optic_set_add(RegSet *s, uint32_t reg)
{
  s->at[reg / 64 % 4] |= (uint64_t)1 << reg % 64;
}
static inline void optic_set_remove(RegSet *s, uint32_t reg)
{
  s->at[reg / 64 % 4] &= ~((uint64_t)1 << reg % 64);
}
static inline RegSet optic_set_both(const RegSet *a, const RegSet *b)
{
  RegSet out;
  for (int i = 0; i < 4; i++) {
    out.at[i] = a->at[i] & b->at[i];
  }
  return out;
}
#define REGSET_ALL ((RegSet){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}})

typedef struct Loop Loop;
struct Loop {
  Loop *around;
  uint32_t head;  /* where `continue` goes */
  int32_t breaks; /* jumps to be patched */
  uint32_t tries; /* how many TRY are open at its head */
};

/* A function that is being compiled. */
typedef struct Func Func;
struct Func {
  Compiler *c;
  Func *around;
  Scope *scope;
  Span span; /* of its definition, for messages about limits */
  VEC(Instr) code;
  VEC(Span) spans;
  VEC(Const) consts;
  uint32_t *const_slots; /* hash table: index + 1 of a constant, 0 for none */
  uint32_t const_cap;
  VEC(NameList) names;
  VEC(TransformDesc) transforms;
  VEC(Capture) captures;
  NameMap capture_index;
  VEC(Proto *) protos;
  VEC(uint32_t) checks; /* instructions COPY whose work is to find a local without value: they stay COPY */
  uint32_t first_temp;  /* registers below are parameters and locals */
  uint32_t next;        /* the first register that is free */
  uint32_t most;        /* how many are needed */
  RegSet set;           /* locals that have a value here, whichever way control came */
  Loop *loop;
  uint32_t tries;       /* how many TRY are open here */
  uint32_t label;       /* the last place that a jump was patched to */
  uint32_t first_state; /* ROLE_UPDATE: number of the parameter that is the first state */
  bool limit_said;      /* one message about a limit is enough */
};

enum {
  DISCARD = -1, /* in the place of a register: the value is not wanted */
  TAIL = -2,    /* the value is the function's: return it */
};

/* Where a name is. */
typedef enum RefKind { REF_NONE, REF_LOCAL, REF_CELL, REF_SELF, REF_UP, REF_GLOBAL, REF_STD } RefKind;
typedef struct Ref {
  RefKind kind;
  int32_t index; /* register, captured cell, slot or standard index */
} Ref;
/* Resolves a name; REF_NONE after an error. */
Ref optic_resolve(Func *f, const Name *name, Span span);

/* Compiles `node` (N_FN or N_TRANSFORM) and emits its closure into `dst`. `hint` names an anonymous one. */
void optic_gen_closure(Func *f, const Node *node, const Name *hint, uint32_t dst);
/* Returns the value of `value` (NULL: none), ending open TRYs. */
void optic_gen_return(Func *f, const Node *value, Span span);

/* ---- emit.c --------------------------------------------------------------------------------------------------- */
uint32_t optic_emit(Func *f, Opcode op, uint32_t a, uint32_t b, uint32_t c, Span span);
uint32_t optic_emit_d(Func *f, Opcode op, uint32_t a, int32_t d, Span span);
/* A jump whose goal is not known yet joins `*list` (-1: empty), which optic_patch_here sets to the next instruction. */
void optic_emit_jump(Func *f, Opcode op, uint32_t a, int32_t *list, Span span);
void optic_patch_here(Func *f, int32_t list);
void optic_emit_loop(Func *f, uint32_t head, Span span);
static inline uint32_t optic_here(const Func *f)
{
  return (uint32_t)f->code.size;
}
/* `count` consecutive registers; the first. Given back by setting f->next to what it was. */
uint32_t optic_reserve(Func *f, uint32_t count, Span span);
static inline bool optic_is_temp(const Func *f, uint32_t reg)
{
  return reg >= f->first_temp;
}
/* Indices of constants, entered once. */
uint32_t optic_const_number(Func *f, double number);
uint32_t optic_const_string(Func *f, const char *text, size_t size);
uint32_t optic_const_name(Func *f, const Name *name);
/* Index of a name list; the names are copied. */
uint32_t optic_name_list(Func *f, const Name *const *names, uint32_t count);
void optic_limit_error(Func *f, Span span, const char *what, uint32_t limit);
void optic_func_finish(Func *f);

/* ---- compile_expr.c ------------------------------------------------------------------------------------------- */
/* The value of `n` into register `dst`. A `dst` that is a local is written by one last instruction, after everything
 * that can fail and everything that reads it. */
void optic_gen_expr(Func *f, const Node *n, uint32_t dst);
/* `own`: a global that is assigned the result (CALLOWN), or NULL. */
void optic_gen_call(Func *f, const Node *n, uint32_t dst, const Name *own);
/* The value as an operand: a constant, a local, or a temporary: `into` if that is not negative, else a new one. */
uint16_t optic_gen_operand(Func *f, const Node *n, int32_t into);
/* The same for a value that is read only after `later` has been computed. */
uint16_t optic_gen_operand_before(Func *f, const Node *n, int32_t into, const Node *later);
/* One subscript, or a list of several, into `dst`. */
void optic_gen_subscripts(Func *f, const Node *index, uint32_t dst);
/* A variable's value into `dst`; checks that there is one. */
void optic_gen_read(Func *f, Ref ref, uint32_t dst, Span span);
Opcode optic_binary_opcode(Op op);
/* Whether evaluating it may assign to locals: is there a block in it, outside of inner functions? */
bool optic_has_block(const Node *n);

/* ---- compile_cond.c ------------------------------------------------------------------------------------------- */
/* Jumps (joining `*list`) if the truth of `n` is `when`, else goes on. */
void optic_gen_cond(Func *f, const Node *n, bool when, int32_t *list);
/* Both return whether control reaches what follows. `dst`: a register, DISCARD or TAIL. */
bool optic_gen_if(Func *f, const Node *n, int32_t dst);

/* ---- compile_stmt.c ------------------------------------------------------------------------------------------- */
bool optic_gen_block(Func *f, const Node *block, uint32_t from, int32_t dst);

/* ---- compile_assign.c ----------------------------------------------------------------------------------------- */
void optic_gen_assign(Func *f, const Node *n);
void optic_gen_augment(Func *f, const Node *n);
/* The value in the temporary `from` into a target (N_NAME, N_FIELD, N_INDEX, N_LIST). */
void optic_gen_store(Func *f, const Node *target, uint32_t from);
void optic_gen_store_name(Func *f, const Name *name, uint32_t from, Span span);
/* The register of a name that is a plain local, or -1. */
int32_t optic_plain_local(Func *f, const Name *name);

/* ---- compile_live.c ------------------------------------------------------------------------------------------- */
void optic_mark_last_uses(Func *f);

#endif
