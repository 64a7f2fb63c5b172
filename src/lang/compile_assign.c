/* compile_assign.c: targets: names, paths into values, lists of targets.
 *
 * The right side is computed before the subscripts of the left, as Python does; `path op= e` computes the subscripts
 * once, then reads, then computes `e`.
 * SPDX-License-Identifier: MIT */
#include "lang/compile_internal.h"

enum { MOST_TARGETS = 48 };

/* ---- names ---------------------------------------------------------------------------------------------------- */
void optic_gen_store_name(Func *f, const Name *name, uint32_t from, Span span)
{
  Ref ref = optic_resolve(f, name, span);
  uint32_t index = (uint32_t)ref.index;
  switch (ref.kind) {
  case REF_LOCAL:
    optic_emit(f, I_MOVE, index, from, 0, span);
    optic_set_add(&f->set, index);
    break;
  case REF_CELL:
    optic_emit(f, I_SETCELL, index, from, 0, span);
    break;
  case REF_GLOBAL:
    if (!f->scope->parent) {
      optic_emit_d(f, I_SETGLOBAL, from, ref.index, span);
      break;
    }
    COMPILE_ERROR(f->c, D_builtin_assign, span, "`%s` is not a variable of this function", name->text);
    break;
  case REF_NONE:
    break;
  case REF_SELF:
  case REF_UP:
  case REF_STD:
    COMPILE_ERROR(f->c, D_builtin_assign, span, "`%s` is not a variable of this function", name->text);
    break;
  }
}

/* ---- paths ---------------------------------------------------------------------------------------------------- */
/* A target `root.a[i].b`, taken apart. */
typedef struct Path {
  const Node *root; /* N_NAME */
  const Node **steps;
  char *letters; /* as SETPATH wants them */
  uint32_t count;
  Ref ref; /* of the root: a variable that this function may change */
} Path;

static bool path_root(Func *f, const Node *root, Ref *ref)
{
  *ref = optic_resolve(f, root->name, root->span);
  if (ref->kind == REF_LOCAL || ref->kind == REF_CELL || (ref->kind == REF_GLOBAL && !f->scope->parent)) {
    if (ref->kind == REF_GLOBAL && ref->index > UINT16_MAX) {
      optic_limit_error(f, root->span, "global names", UINT16_MAX);
      return false;
    }
    return true;
  }
  if (ref->kind != REF_NONE) {
    f->c->failed = true;
    Diag *d = optic_diag(f->c->diags, D_builtin_assign, (Place){f->c->source, root->span},
                         "`%s` is not a variable of this function, so its parts cannot be assigned", root->name->text);
    optic_diag_hint(f->c->diags, d, "pass it in, or assign it to a variable first; return the new value");
  }
  return false;
}

/* False after an error. A path lies in the scratch arena, because a subscript may hold a block with more of them. */
static bool path_of(Func *f, const Node *target, Path *path)
{
  Arena *scratch = &f->c->scratch;
  const Node *n = target;
  *path = (Path){0};
  for (; n->kind == N_FIELD || n->kind == N_INDEX; n = n->kids[0]) {
    path->count++;
  }
  path->root = n;
  if (n->kind != N_NAME) {
    COMPILE_ERROR(f->c, D_bad_target, n->span, "only a variable and its parts can be assigned to");
    return false;
  }
  path->steps = optic_arena_array(scratch, path->count, sizeof *path->steps);
  path->letters = optic_arena_array(scratch, path->count, 1);
  if (!path->steps || !path->letters) {
    return false;
  }
  n = target;
  for (uint32_t i = path->count; i > 0; i--, n = n->kids[0]) {
    path->steps[i - 1] = n;
    path->letters[i - 1] = n->kind == N_FIELD ? 'f' : n->count == 2 ? 'i' : 'm';
  }
  return path_root(f, path->root, &path->ref);
}

/* The steps' values into R[first] .. */
static void path_steps(Func *f, const Path *path, uint32_t first)
{
  for (uint32_t i = 0; i < path->count; i++) {
    const Node *step = path->steps[i];
    if (step->kind == N_FIELD) {
      int32_t k = (int32_t)optic_const_string(f, step->name->text, step->name->size);
      optic_emit_d(f, I_LOADK, first + i, k, step->name_span);
    } else {
      optic_gen_subscripts(f, step, first + i);
    }
  }
}

/* R[first ..] hold the steps and the new value. */
static void path_store(Func *f, const Path *path, uint32_t first, Span span)
{
  Ref ref = path->ref;
  uint32_t letters = optic_const_string(f, path->letters, path->count);
  uint32_t root = (uint32_t)ref.index;
  if (ref.kind == REF_LOCAL && !optic_set_has(&f->set, root)) {
    /* Only to report a variable that has no value yet. */
    uint32_t t = optic_reserve(f, 1, span);
    optic_gen_read(f, ref, t, path->root->span);
    optic_emit(f, I_NONE, t, 0, 0, path->root->span);
    f->next = t;
  }
  Opcode op = ref.kind == REF_LOCAL ? I_SETPATH : ref.kind == REF_CELL ? I_SETPATHCELL : I_SETPATHGLOBAL;
  optic_emit(f, op, root, first, letters, span);
}

/* The value of `value`, or of the register `from` where that is NULL, into the path `target`. */
static void assign_path(Func *f, const Node *target, const Node *value, uint32_t from)
{
  Path path;
  if (!path_of(f, target, &path)) {
    return;
  }
  uint32_t save = f->next, first = optic_reserve(f, path.count + 1, target->span);
  if (value) {
    optic_gen_expr(f, value, first + path.count);
  } else {
    optic_emit(f, I_MOVE, first + path.count, from, 0, target->span);
  }
  path_steps(f, &path, first);
  path_store(f, &path, first, target->span);
  f->next = save;
}

/* ---- lists of targets ----------------------------------------------------------------------------------------- */
static void unpack(Func *f, const Node *list, uint32_t from)
{
  uint32_t save = f->next, rest = list->count;
  for (uint32_t i = 0; i < list->count; i++) {
    rest = list->kids[i]->kind == N_SPREAD && rest == list->count ? i : rest;
  }
  uint32_t first = optic_reserve(f, list->count, list->span);
  if (rest < list->count) {
    uint32_t after = list->count - rest - 1;
    optic_emit(f, I_UNPACKREST, first, from, rest * 256 + after, list->span);
  } else {
    optic_emit(f, I_UNPACK, first, from, list->count, list->span);
  }
  for (uint32_t i = 0; i < list->count; i++) {
    const Node *t = list->kids[i];
    optic_gen_store(f, t->kind == N_SPREAD ? t->kids[0] : t, first + i);
  }
  f->next = save;
}

void optic_gen_store(Func *f, const Node *target, uint32_t from)
{
  if (target->kind == N_NAME) {
    optic_gen_store_name(f, target->name, from, target->span);
  } else if (target->kind == N_LIST) {
    unpack(f, target, from);
  } else if (target->kind == N_FIELD || target->kind == N_INDEX) {
    assign_path(f, target, NULL, from);
  } else {
    COMPILE_ERROR(f->c, D_bad_target, target->span, "this cannot be assigned to");
  }
}

static bool has_spread(const Node *list)
{
  for (uint32_t i = 0; i < list->count; i++) {
    if (list->kids[i]->kind == N_SPREAD) {
      return true;
    }
  }
  return false;
}

static void assign_list(Func *f, const Node *target, const Node *value)
{
  uint32_t save = f->next;
  if (value->kind == N_LIST && value->count == target->count && value->count <= MOST_TARGETS && !has_spread(value) &&
      !has_spread(target)) {
    /* `a, b = b, a` needs no list: all values first, then all stores. */
    uint32_t first = f->next;
    for (uint32_t i = 0; i < value->count; i++) {
      optic_gen_expr(f, value->kids[i], optic_reserve(f, 1, value->kids[i]->span));
    }
    for (uint32_t i = 0; i < target->count; i++) {
      optic_gen_store(f, target->kids[i], first + i);
    }
  } else {
    uint32_t t = optic_reserve(f, 1, value->span);
    optic_gen_expr(f, value, t);
    unpack(f, target, t);
  }
  f->next = save;
}

/* ---- assignment ----------------------------------------------------------------------------------------------- */
/* How often a name is used in `n`. */
static uint32_t name_count(const Node *n, const Name *name)
{
  uint32_t count = n->kind == N_NAME && n->name == name;
  for (uint32_t i = 0; i < n->count; i++) {
    count += n->kids[i] ? name_count(n->kids[i], name) : 0;
  }
  return count;
}

/* `x = f(.., x, ..)` at top level, where nothing else on the right looks at x: f may update it in place. */
static bool owns_argument(const Func *f, const Name *name, const Node *value)
{
  if (f->scope->parent || f->tries || value->kind != N_CALL || value->kids[0]->kind == N_FIELD) {
    return false;
  }
  for (uint32_t i = 1; i < value->count; i++) {
    const Node *a = value->kids[i]->kind == N_KEYWORD ? value->kids[i]->kids[0] : value->kids[i];
    if (a->kind == N_NAME && a->name == name) {
      return name_count(value, name) == 1;
    }
  }
  return false;
}

static void assign_name(Func *f, const Node *target, const Node *value)
{
  uint32_t save = f->next;
  int32_t local = optic_plain_local(f, target->name);
  uint32_t t = local >= 0 ? (uint32_t)local : optic_reserve(f, 1, value->span);
  if (value->kind == N_FN) {
    optic_gen_closure(f, value, target->name, t);
  } else if (owns_argument(f, target->name, value)) {
    optic_gen_call(f, value, t, target->name);
  } else {
    optic_gen_expr(f, value, t);
  }
  if (local >= 0) {
    optic_set_add(&f->set, t);
  } else {
    optic_gen_store_name(f, target->name, t, target->span);
  }
  f->next = save;
}

void optic_gen_assign(Func *f, const Node *n)
{
  const Node *target = n->kids[0], *value = n->kids[1];
  if (target->kind == N_NAME) {
    assign_name(f, target, value);
  } else if (target->kind == N_LIST) {
    assign_list(f, target, value);
  } else {
    assign_path(f, target, value, 0);
  }
}

/* The value at the path, into R[t]. R[first ..] hold the steps and keep them. */
static void path_read(Func *f, const Path *path, uint32_t first, uint32_t t)
{
  Ref ref = path->ref;
  uint16_t of = (uint16_t)(OPERAND_TEMP | t);
  if (ref.kind == REF_LOCAL && optic_set_has(&f->set, (uint32_t)ref.index)) {
    of = (uint16_t)ref.index;
  } else {
    optic_gen_read(f, ref, t, path->root->span);
  }
  for (uint32_t i = 0; i < path->count; i++, of = (uint16_t)(OPERAND_TEMP | t)) {
    const Node *step = path->steps[i];
    if (step->kind == N_FIELD) {
      optic_emit(f, I_GETFIELD, t, of, optic_const_name(f, step->name), step->name_span);
    } else if (path->letters[i] == 'i') {
      optic_emit(f, I_GETINDEX, t, of, first + i, step->span);
    } else {
      uint32_t list = optic_reserve(f, 1, step->span); /* GETITEMS uses its list up */
      optic_emit(f, I_COPY, list, first + i, 0, step->span);
      optic_emit(f, I_GETITEMS, t, of, list, step->span);
      f->next = list;
    }
  }
}

static void augment_path(Func *f, const Node *n)
{
  Path path;
  if (!path_of(f, n->kids[0], &path)) {
    return;
  }
  uint32_t first = optic_reserve(f, path.count + 1, n->span), value = first + path.count;
  path_steps(f, &path, first);
  path_read(f, &path, first, value);
  uint16_t b = optic_gen_operand(f, n->kids[1], -1);
  optic_emit(f, optic_binary_opcode(n->op), value, OPERAND_TEMP | value, b, n->span);
  path_store(f, &path, first, n->kids[0]->span);
}

void optic_gen_augment(Func *f, const Node *n)
{
  const Node *target = n->kids[0];
  uint32_t save = f->next;
  if (target->kind == N_NAME) {
    int32_t local = optic_plain_local(f, target->name);
    uint32_t t = local >= 0 ? (uint32_t)local : optic_reserve(f, 1, n->span);
    uint16_t a = optic_gen_operand_before(f, target, local >= 0 ? -1 : (int32_t)t, n->kids[1]);
    uint16_t b = optic_gen_operand(f, n->kids[1], -1);
    optic_emit(f, optic_binary_opcode(n->op), t, a, b, n->span);
    if (local >= 0) {
      optic_set_add(&f->set, t);
    } else {
      optic_gen_store_name(f, target->name, t, target->span);
    }
  } else {
    augment_path(f, n);
  }
  f->next = save;
}
