/* rules_prim.c: derivatives of the elementwise operations, from the columns of prim.def.
 *
 * Each column becomes a function that builds the expression with a Work. CONST makes a number of the language, so the
 * dtype is that of what it meets.
 * SPDX-License-Identifier: MIT */
#include "graph/rule.h"

typedef Array *Column(Work *w, Array *a, Array *b, Array *c, Array *y, Array *g);

#define MUL(p, q)      optic_w2(w, G_mul, p, q)
#define ADD(p, q)      optic_w2(w, G_add, p, q)
#define SUB(p, q)      optic_w2(w, G_sub, p, q)
#define DIV(p, q)      optic_w2(w, G_div, p, q)
#define NEG(p)         optic_w1(w, G_neg, p)
#define CONST(x)       optic_work_number(w, x)
#define CALL1(f, p)    optic_w1(w, G_##f, p)
#define CALL2(f, p, q) optic_w2(w, G_##f, p, q)
#define WHERE(p, q, r) optic_w3(w, G_where, p, q, r)
#define ZERO           NULL

#define COLUMN(id, k, d)                                                                                               \
  static Array *id##_##k(Work *w, Array *a, Array *b, Array *c, Array *y, Array *g)                                    \
  {                                                                                                                    \
    (void)w, (void)a, (void)b, (void)c, (void)y, (void)g;                                                              \
    return d;                                                                                                          \
  }
#define PRIM1(id, doc, real, whole, kind, d_a)           COLUMN(id, 0, d_a)
#define PRIM2(id, doc, real, whole, kind, d_a, d_b)      COLUMN(id, 0, d_a) COLUMN(id, 1, d_b)
#define PRIM3(id, doc, real, whole, kind, d_a, d_b, d_c) COLUMN(id, 0, d_a) COLUMN(id, 1, d_b) COLUMN(id, 2, d_c)
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3

static Column *const columns[G_PRIM_COUNT][3] = {
#define PRIM1(id, ...) [G_##id] = {id##_0},
#define PRIM2(id, ...) [G_##id] = {id##_0, id##_1},
#define PRIM3(id, ...) [G_##id] = {id##_0, id##_1, id##_2},
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
};

Array *optic_prim_derivative(Rule *r, size_t k)
{
  OpId op = (OpId)r->node->op;
  unsigned uses = optic_op_uses[op][k];
  Array *in[3] = {NULL};
  bool select = optic_tile_prim((PrimId)op)->kind == PK_SELECT;
  for (size_t i = 0; i < r->node->count; i++) {
    if (!(uses & (unsigned)U_A << i)) {
      continue;
    }
    in[i] = r->in[i];
    /* Integers were made floats before the operation saw them; the derivative sees what it saw. */
    if (!in[i]->weak && !optic_dtype_is_float((Dtype)in[i]->dtype) && !(select && i == 0)) {
      in[i] = optic_w_cast(&r->w, in[i], (Dtype)r->g->dtype, false);
    }
  }
  return columns[op][k](&r->w, in[0], in[1], in[2], r->y, r->g);
}
