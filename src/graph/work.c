/* work.c: building with operations: temporaries are owned, and a failure sticks. See rule.h.
 * SPDX-License-Identifier: MIT */
#include "graph/rule.h"

void optic_work_init(Work *w, Core *core)
{
  w->core = core;
  w->failed = false;
  w->count = 0;
}

void optic_work_finish(Work *w)
{
  while (w->count) {
    optic_array_drop(w->core, w->own[--w->count]);
  }
}

Array *optic_work_own(Work *w, Array *a)
{
  if (a && w->count == WORK_MOST) {
    optic_array_drop(w->core, a);
    optic_fail(&w->core->fault, D_internal, "a rule makes more than %d arrays", WORK_MOST);
    a = NULL;
  }
  if (a) {
    w->own[w->count++] = a;
  } else {
    w->failed = true;
  }
  return a;
}

Array *optic_work_number(Work *w, double x)
{
  return w->failed ? NULL : optic_work_own(w, optic_array_number(w->core, x));
}

static Array *apply(Work *w, OpId op, Array *const *in, size_t count, const Attr *attr, unsigned donate)
{
  for (size_t k = 0; k < count; k++) {
    w->failed |= !in[k];
  }
  return w->failed ? NULL : optic_work_own(w, optic_apply(w->core, op, in, count, attr, donate));
}

Array *optic_work_apply(Work *w, OpId op, Array *const *in, size_t count, const Attr *attr)
{
  return apply(w, op, in, count, attr, 0);
}

Array *optic_w1(Work *w, OpId op, Array *a)
{
  return apply(w, op, &a, 1, NULL, 0);
}

Array *optic_w2(Work *w, OpId op, Array *a, Array *b)
{
  return apply(w, op, (Array *const[]){a, b}, 2, NULL, 0);
}

Array *optic_w3(Work *w, OpId op, Array *a, Array *b, Array *c)
{
  return apply(w, op, (Array *const[]){a, b, c}, 3, NULL, 0);
}

Array *optic_wa(Work *w, OpId op, Array *a, const Attr *attr)
{
  return apply(w, op, &a, 1, attr, 0);
}

Array *optic_w_over(Work *w, OpId op, Array *a, Array *b)
{
  if (b == NULL && optic_op_info(op)->arity == 2) {
    w->failed = true;
  }
  Array *out = apply(w, op, (Array *const[]){a, b}, (size_t)optic_op_info(op)->arity, NULL, 1);
  for (size_t i = w->count; out && i-- > 0;) {
    if (w->own[i] == a && i != w->count - 1) { /* the last is the result, which may be the same array */
      w->own[i] = w->own[w->count - 1];
      w->count--;
      optic_array_drop(w->core, a);
      break;
    }
  }
  return out;
}

Array *optic_w_reshape(Work *w, Array *a, const Shape *shape)
{
  return optic_wa(w, G_reshape, a, &(Attr){.shape = *shape});
}

Array *optic_w_cast(Work *w, Array *a, Dtype t, bool weak)
{
  return optic_wa(w, G_astype, a, &(Attr){.dtype = t, .flags = {weak}});
}

Array *optic_w_matmul(Work *w, Array *a, bool a_transposed, Array *b, bool b_transposed)
{
  return apply(w, G_matmul, (Array *const[]){a, b}, 2, &(Attr){.flags = {a_transposed, b_transposed}}, 0);
}

Array *optic_work_result(Work *w, Array *a)
{
  Array *out = w->failed || !a ? NULL : optic_array_keep(a);
  optic_work_finish(w);
  return out;
}
