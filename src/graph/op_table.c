/* op_table.c: what is known of each operation without computing, from the rows of prim.def and ops.def.
 *
 * Which numbers the derivative of an elementwise operation reads is found by the compiler: prim.def's derivatives are
 * expressions, and with operands that are bits, and operators that join them, each is a constant.
 * SPDX-License-Identifier: MIT */
#include "graph/rule.h"

enum { a = U_A, b = U_B, c = U_C, y = U_Y, g = U_G };
#define MUL(p, q)      ((p) | (q))
#define ADD(p, q)      ((p) | (q))
#define SUB(p, q)      ((p) | (q))
#define DIV(p, q)      ((p) | (q))
#define NEG(p)         (p)
#define CONST(x)       0
#define CALL1(f, p)    (p)
#define CALL2(f, p, q) ((p) | (q))
#define WHERE(p, q, r) ((p) | (q) | (r))
#define ZERO           U_NO

enum { A = U_A, B = U_B, C = U_C, Y = U_Y, NO = U_NO };

const uint8_t optic_op_uses[G_COUNT][3] = {
#define PRIM1(id, doc, real, whole, kind, d_a)           [G_##id] = {d_a, NO, NO},
#define PRIM2(id, doc, real, whole, kind, d_a, d_b)      [G_##id] = {d_a, d_b, NO},
#define PRIM3(id, doc, real, whole, kind, d_a, d_b, d_c) [G_##id] = {d_a, d_b, d_c},
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
#define OP(id, arity, doc, d0, d1, d2) [G_##id] = {d0, d1, d2},
#define OP_NO(id, arity, doc)          [G_##id] = {NO, NO, NO},
#define OP_VIA(id, arity, doc)         [G_##id] = {0, 0, 0},
#include "graph/ops.def"
#undef OP
#undef OP_NO
#undef OP_VIA
};

static const OpInfo infos[G_COUNT] = {
#define PRIM1(id, doc, real, whole, kind, d_a)           [G_##id] = {#id, 1, doc, true, !((d_a)&NO)},
#define PRIM2(id, doc, real, whole, kind, d_a, d_b)      [G_##id] = {#id, 2, doc, true, !((d_a) & (d_b)&NO)},
#define PRIM3(id, doc, real, whole, kind, d_a, d_b, d_c) [G_##id] = {#id, 3, doc, true, !((d_a) & (d_b) & (d_c)&NO)},
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
#define OP(id, arity, doc, d0, d1, d2) [G_##id] = {#id, arity, doc, false, true},
#define OP_NO(id, arity, doc)          [G_##id] = {#id, arity, doc, false, false},
#define OP_VIA(id, arity, doc)         [G_##id] = {#id, arity, doc, false, true},
#include "graph/ops.def"
#undef OP
#undef OP_NO
#undef OP_VIA
};

const OpInfo *optic_op_info(OpId op)
{
  return &infos[op];
}
