/* compile_cond.c: conditions, which jump instead of making a value, and `if`.
 * SPDX-License-Identifier: MIT */
#include "lang/compile_internal.h"

/* `and` (is_and) or `or`: the left side decides alone when its truth is not `is_and`. */
static void both(Func *f, const Node *n, bool is_and, bool when, int32_t *list)
{
  int32_t decided = -1;
  optic_gen_cond(f, n->kids[0], !is_and, is_and == when ? &decided : list);
  RegSet set = f->set; /* the right side may not be computed */
  optic_gen_cond(f, n->kids[1], when, list);
  f->set = set;
  optic_patch_here(f, decided);
}

static void compare(Func *f, const Node *n, bool when, int32_t *list)
{
  uint32_t save = f->next;
  uint16_t a = optic_gen_operand_before(f, n->kids[0], -1, n->kids[1]);
  uint16_t b = optic_gen_operand(f, n->kids[1], -1);
  bool swap = n->op == OP_GT || n->op == OP_GE;
  Opcode op = n->op == OP_LT || n->op == OP_GT ? I_TESTLT : n->op == OP_LE || n->op == OP_GE ? I_TESTLE : I_TESTEQ;
  /* The jump is taken unless the outcome is `a`. */
  bool expected = n->op == OP_NE ? when : !when;
  optic_emit(f, op, expected, swap ? b : a, swap ? a : b, n->span);
  optic_emit_jump(f, I_JUMP, 0, list, n->span);
  f->next = save;
}

void optic_gen_cond(Func *f, const Node *n, bool when, int32_t *list)
{
  if (n->kind == N_AND || n->kind == N_OR) {
    both(f, n, n->kind == N_AND, when, list);
  } else if (n->kind == N_UNARY && n->op == OP_NOT) {
    optic_gen_cond(f, n->kids[0], !when, list);
  } else if (n->kind == N_TRUE || n->kind == N_FALSE) {
    if ((n->kind == N_TRUE) == when) {
      optic_emit_jump(f, I_JUMP, 0, list, n->span);
    }
  } else if (n->kind == N_BINARY && n->op >= OP_EQ && n->op <= OP_GE) {
    compare(f, n, when, list);
  } else {
    uint32_t save = f->next;
    uint16_t a = optic_gen_operand(f, n, -1);
    optic_emit_jump(f, when ? I_JT : I_JF, a, list, n->span);
    f->next = save;
  }
}

bool optic_gen_if(Func *f, const Node *n, int32_t dst)
{
  const Node *otherwise = n->count > 2 ? n->kids[2] : NULL;
  int32_t no = -1, end = -1;
  optic_gen_cond(f, n->kids[0], false, &no);
  RegSet set = f->set;
  bool falls = optic_gen_block(f, n->kids[1], 0, dst);
  RegSet after = falls ? f->set : REGSET_ALL;
  if (falls && (otherwise || dst >= 0)) {
    optic_emit_jump(f, I_JUMP, 0, &end, n->span);
  }
  optic_patch_here(f, no);
  f->set = set;
  bool falls_too = true;
  if (!otherwise) {
    if (dst >= 0) {
      optic_emit(f, I_NONE, (uint32_t)dst, 0, 0, n->span);
    } else if (dst == TAIL) {
      optic_gen_return(f, NULL, n->span);
      falls_too = false;
    }
  } else if (otherwise->kind == N_IF) {
    falls_too = optic_gen_if(f, otherwise, dst);
  } else {
    falls_too = optic_gen_block(f, otherwise, 0, dst);
  }
  optic_patch_here(f, end);
  RegSet here = falls_too ? f->set : REGSET_ALL;
  f->set = optic_set_both(&after, &here);
  return falls || falls_too;
}
