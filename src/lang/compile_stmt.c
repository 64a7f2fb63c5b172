/* compile_stmt.c: statements. Each says whether control reaches what follows it.
 * SPDX-License-Identifier: MIT */
#include "lang/compile_internal.h"

/* Whether the value of an expression statement is shown: in the script itself, outside of loops and blocks. */
static bool shows(const Func *f)
{
  return f->c->show && !f->scope->parent && f->next == f->first_temp && !f->loop && !f->tries;
}

static void expression(Func *f, const Node *n)
{
  uint32_t save = f->next;
  bool show = shows(f);
  uint32_t t = optic_reserve(f, 1, n->span);
  optic_gen_expr(f, n, t);
  if (show) {
    optic_emit(f, I_SHOW, t, 0, 0, n->span);
  }
  f->next = save;
}

/* ---- loops ---------------------------------------------------------------------------------------------------- */
static bool while_loop(Func *f, const Node *n)
{
  Loop loop = {.around = f->loop, .head = optic_here(f), .breaks = -1, .tries = f->tries};
  int32_t end = -1;
  optic_gen_cond(f, n->kids[0], false, &end);
  RegSet set = f->set;
  f->loop = &loop;
  if (optic_gen_block(f, n->kids[1], 0, DISCARD)) {
    optic_emit_loop(f, loop.head, n->span);
  }
  f->loop = loop.around;
  f->set = set;
  bool falls = end >= 0 || loop.breaks >= 0;
  optic_patch_here(f, end);
  optic_patch_here(f, loop.breaks);
  return falls;
}

static bool for_loop(Func *f, const Node *n)
{
  const Node *target = n->kids[0];
  uint32_t save = f->next, iterator = optic_reserve(f, 1, n->kids[1]->span);
  optic_gen_expr(f, n->kids[1], iterator);
  optic_emit(f, I_ITER, iterator, iterator, 0, n->kids[1]->span);
  Loop loop = {.around = f->loop, .head = optic_here(f), .breaks = -1, .tries = f->tries};
  int32_t end = -1, local = target->kind == N_NAME ? optic_plain_local(f, target->name) : -1;
  uint32_t value = local >= 0 ? (uint32_t)local : optic_reserve(f, 1, target->span);
  optic_emit(f, I_NEXT, value, iterator, 0, n->kids[1]->span);
  optic_emit_jump(f, I_JUMP, 0, &end, n->kids[1]->span);
  RegSet set = f->set;
  if (local >= 0) {
    optic_set_add(&f->set, value);
  } else {
    optic_gen_store(f, target, value);
    f->next = iterator + 1;
  }
  f->loop = &loop;
  if (optic_gen_block(f, n->kids[2], 0, DISCARD)) {
    optic_emit_loop(f, loop.head, n->span);
  }
  f->loop = loop.around;
  f->set = set;
  optic_patch_here(f, end);
  optic_patch_here(f, loop.breaks);
  optic_emit(f, I_NONE, iterator, 0, 0, n->span); /* what it holds may be large */
  f->next = save;
  return true;
}

static void leave_loop(Func *f, const Node *n)
{
  if (!f->loop) {
    COMPILE_ERROR(f->c, D_misplaced, n->span, "`%s` outside of a loop", n->kind == N_BREAK ? "break" : "continue");
    return;
  }
  for (uint32_t i = f->loop->tries; i < f->tries; i++) {
    optic_emit(f, I_ENDTRY, 0, 0, 0, n->span);
  }
  if (n->kind == N_BREAK) {
    optic_emit_jump(f, I_JUMP, 0, &f->loop->breaks, n->span);
  } else {
    optic_emit_loop(f, f->loop->head, n->span);
  }
}

/* ---- others --------------------------------------------------------------------------------------------------- */
static bool try_catch(Func *f, const Node *n)
{
  uint32_t save = f->next, error = optic_reserve(f, 1, n->span);
  int32_t handler = -1, end = -1;
  RegSet set = f->set;
  optic_emit_jump(f, I_TRY, error, &handler, n->span);
  f->tries++;
  bool falls = optic_gen_block(f, n->kids[0], 0, DISCARD);
  f->tries--;
  if (falls) {
    optic_emit(f, I_ENDTRY, 0, 0, 0, n->span);
    optic_emit_jump(f, I_JUMP, 0, &end, n->span);
  }
  RegSet after = falls ? f->set : REGSET_ALL;
  f->set = set;
  optic_patch_here(f, handler);
  if (n->name) {
    optic_gen_store_name(f, n->name, error, n->name_span);
  } else {
    optic_emit(f, I_NONE, error, 0, 0, n->span);
  }
  bool falls_too = optic_gen_block(f, n->kids[1], 0, DISCARD);
  RegSet here = falls_too ? f->set : REGSET_ALL;
  f->set = optic_set_both(&after, &here);
  optic_patch_here(f, end);
  f->next = save;
  return falls || falls_too;
}

static void assertion(Func *f, const Node *n)
{
  int32_t over = -1;
  uint32_t save = f->next;
  optic_gen_cond(f, n->kids[0], true, &over);
  RegSet set = f->set;
  uint16_t message;
  if (n->count > 1 && n->kids[1]) {
    message = optic_gen_operand(f, n->kids[1], -1);
  } else {
    uint32_t t = optic_reserve(f, 1, n->span);
    optic_emit(f, I_NONE, t, 0, 0, n->span);
    message = (uint16_t)(OPERAND_TEMP | t);
  }
  optic_emit(f, I_FAIL, message, 0, 0, n->kids[0]->span);
  f->set = set;
  optic_patch_here(f, over);
  f->next = save;
}

/* `fn name`, `transform name`, `import`: one value for one name. */
static void definition(Func *f, const Node *n)
{
  uint32_t save = f->next;
  int32_t local = optic_plain_local(f, n->name);
  uint32_t t = local >= 0 ? (uint32_t)local : optic_reserve(f, 1, n->span);
  if (n->kind == N_IMPORT) {
    optic_emit_d(f, I_IMPORT, t, (int32_t)optic_const_string(f, n->text, n->size), n->span);
  } else {
    optic_gen_closure(f, n, NULL, t);
  }
  if (local >= 0) {
    optic_set_add(&f->set, t);
  } else {
    optic_gen_store_name(f, n->name, t, n->name_span);
  }
  f->next = save;
}

static bool statement(Func *f, const Node *n)
{
  switch (n->kind) {
  case N_BLOCK:
    return optic_gen_block(f, n, 0, DISCARD);
  case N_ASSIGN:
    optic_gen_assign(f, n);
    return true;
  case N_AUGMENT:
    optic_gen_augment(f, n);
    return true;
  case N_EXPR:
    if (n->kids[0]->kind == N_FN && n->kids[0]->is_statement) {
      definition(f, n->kids[0]);
      return true;
    }
    if (n->kids[0]->kind == N_IF && !shows(f)) {
      return optic_gen_if(f, n->kids[0], DISCARD);
    }
    expression(f, n->kids[0]);
    return true;
  case N_FN:
    if (n->is_statement) {
      definition(f, n);
    } else {
      expression(f, n);
    }
    return true;
  case N_IMPORT:
  case N_TRANSFORM:
    definition(f, n);
    return true;
  case N_STATE:
    COMPILE_ERROR(f->c, D_misplaced, n->span, "`state` belongs at the beginning of a transform");
    return true;
  case N_IF:
    if (shows(f)) {
      expression(f, n);
      return true;
    }
    return optic_gen_if(f, n, DISCARD);
  case N_WHILE:
    return while_loop(f, n);
  case N_FOR:
    return for_loop(f, n);
  case N_BREAK:
  case N_CONTINUE:
    leave_loop(f, n);
    return false;
  case N_RETURN:
    optic_gen_return(f, n->count ? n->kids[0] : NULL, n->span);
    return false;
  case N_ASSERT:
    assertion(f, n);
    return true;
  case N_TRY:
    return try_catch(f, n);
  case N_NUMBER:
  case N_STRING:
  case N_NONE:
  case N_TRUE:
  case N_FALSE:
  case N_NAME:
  case N_LIST:
  case N_RECORD:
  case N_PAIR:
  case N_SPREAD:
  case N_SPREAD_NAMED:
  case N_UNARY:
  case N_BINARY:
  case N_AND:
  case N_OR:
  case N_PIPE:
  case N_CALL:
  case N_KEYWORD:
  case N_INDEX:
  case N_SLICE:
  case N_FIELD:
    expression(f, n);
    return true;
  case N_PARAMS:
  case N_PARAM:
  case N_ERROR:
    COMPILE_ERROR(f->c, D_internal, n->span, "a wrong tree was compiled");
    return true;
  }
  return true;
}

/* The expression that an ending statement is the value of, or NULL. */
static const Node *value_of(const Node *n)
{
  if (n->kind == N_EXPR) {
    n = n->kids[0];
  } else if (n->kind != N_IF) {
    return NULL;
  }
  return n->kind == N_FN && n->is_statement ? NULL : n;
}

bool optic_gen_block(Func *f, const Node *block, uint32_t from, int32_t dst)
{
  for (uint32_t i = from; i < block->count; i++) {
    const Node *n = block->kids[i], *value = i + 1 == block->count && dst != DISCARD ? value_of(n) : NULL;
    if (value && value->kind == N_IF) {
      return optic_gen_if(f, value, dst);
    }
    if (value && dst == TAIL) {
      optic_gen_return(f, value, value->span);
      return false;
    }
    if (value) {
      optic_gen_expr(f, value, (uint32_t)dst);
      return true;
    }
    if (!statement(f, n)) {
      return false; /* what comes after is never run */
    }
  }
  if (dst >= 0) {
    optic_emit(f, I_NONE, (uint32_t)dst, 0, 0, block->span);
  } else if (dst == TAIL) {
    Span end = block->span;
    end.first = end.last - (end.last > end.first); /* the `}` */
    optic_gen_return(f, NULL, end);
    return false;
  }
  return true;
}
