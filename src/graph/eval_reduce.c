/* eval_reduce.c: evaluation of what goes over axes or along them.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/pool.h"
#include "graph/rule.h"

/* Runs of axes that are all reduced or all kept. */
typedef struct Groups {
  uint32_t count;
  size_t n[OPTIC_RANK];
  bool gone[OPTIC_RANK];
} Groups;

static Groups groups_of(const Shape *s, unsigned axes)
{
  Groups g = {0};
  for (uint32_t i = 0; i < s->rank; i++) {
    bool gone = axes & 1u << i;
    if (s->at[i] == 1) {
      continue;
    }
    if (g.count && g.gone[g.count - 1] == gone) {
      g.n[g.count - 1] *= (size_t)s->at[i];
    } else {
      g.n[g.count] = (size_t)s->at[i];
      g.gone[g.count++] = gone;
    }
  }
  return g;
}

/* `a`, of a dtype that kernels compute in, reduced over axes to an array of dtype `t`, in c's shape. Axes that are not
 * neighbours take one pass each, from the last on. */
static Array *reduced(Call *c, TileReduce op, Array *a, unsigned axes, Dtype t)
{
  const TileTable *tiles = optic_tiles(c->core);
  Groups g = groups_of(&a->shape, axes);
  uint32_t left = 0;
  for (uint32_t i = 0; i < g.count; i++) {
    left += g.gone[i];
  }
  if (!optic_charge_for(c->core, a->count)) {
    return NULL;
  }
  Array *from = optic_array_keep(a);
  do {
    size_t outer = 1, n = 1, inner = 1;
    uint32_t last = g.count;
    while (left && !g.gone[last - 1]) {
      inner *= g.n[--last];
    }
    if (left) {
      n = g.n[--last];
      memmove(g.n + last, g.n + last + 1, (g.count - last - 1) * sizeof *g.n);
      memmove(g.gone + last, g.gone + last + 1, (g.count - last - 1) * sizeof *g.gone);
      g.count--;
    }
    for (uint32_t i = 0; i < last; i++) {
      outer *= g.n[i];
    }
    left -= left > 0;
    Shape rest = {.rank = 1, .at = {(int64_t)(outer * inner)}};
    Array *to = optic_array_new(c->core, t, left ? &rest : &c->shape);
    if (to) {
      tiles->reduce(op, optic_tile_type_of((Store)from->dtype), to->data, from->data, outer, n, inner);
    }
    optic_array_drop(c->core, from);
    from = to;
    op = op == RED_SUM_SQUARES ? RED_SUM : op;
  } while (left && from);
  return from;
}

/* Moves `a` to c's dtype, and drops it. */
static Array *finished(Call *c, Array *a)
{
  Array *out = a ? optic_as(c->core, a, c->dtype) : NULL;
  optic_array_drop(c->core, a);
  if (out) {
    out->weak = c->weak;
  }
  return out;
}

static Array *plain(Call *c, TileReduce op, Dtype from, Dtype to)
{
  Array *a = optic_as(c->core, c->in[0], from);
  Array *out = a ? reduced(c, op, a, c->axes, to) : NULL;
  optic_array_drop(c->core, a);
  return finished(c, out);
}

EVAL(sum)
{
  Dtype t = optic_compute_dtype(c->dtype, false);
  return plain(c, RED_SUM, t, t);
}

EVAL(prod)
{
  Dtype t = optic_compute_dtype(c->dtype, false);
  return plain(c, RED_PROD, t, t);
}

EVAL(max)
{
  Dtype t = optic_compute_dtype(c->dtype, true);
  return plain(c, RED_MAX, t, t);
}

EVAL(min)
{
  Dtype t = optic_compute_dtype(c->dtype, true);
  return plain(c, RED_MIN, t, t);
}

EVAL(u_sum_to)
{
  const Shape *s = &c->in[0]->shape;
  uint32_t more = s->rank - c->shape.rank;
  for (uint32_t i = 0; i < s->rank; i++) {
    bool repeated = i < more || (c->shape.at[i - more] == 1 && s->at[i] != 1);
    c->axes |= repeated ? 1u << i : 0;
  }
  Dtype t = optic_compute_dtype(c->dtype, false);
  return plain(c, RED_SUM, t, t);
}

EVAL(any)
{
  return plain(c, RED_ANY, DT_BOOL, DT_BOOL);
}

EVAL(all)
{
  return plain(c, RED_ALL, DT_BOOL, DT_BOOL);
}

EVAL(argmax)
{
  return plain(c, RED_ARGMAX, optic_compute_dtype((Dtype)c->in[0]->dtype, true), DT_I32);
}

EVAL(argmin)
{
  return plain(c, RED_ARGMIN, optic_compute_dtype((Dtype)c->in[0]->dtype, true), DT_I32);
}

EVAL(mean)
{
  Dtype t = optic_compute_dtype(c->dtype, false);
  Array *a = optic_as(c->core, c->in[0], t);
  Array *sum = a ? reduced(c, RED_SUM, a, c->axes, t) : NULL, *mean = NULL;
  optic_array_drop(c->core, a);
  size_t n = 1;
  for (uint32_t i = 0; i < c->in[0]->shape.rank; i++) {
    n *= c->axes & 1u << i ? (size_t)c->in[0]->shape.at[i] : 1;
  }
  Array *count = sum ? optic_array_number(c->core, (double)n) : NULL;
  if (count) {
    mean = optic_apply(c->core, G_div, (Array *const[]){sum, count}, 2, NULL, 1);
  }
  optic_array_drop(c->core, count);
  optic_array_drop(c->core, sum);
  return finished(c, mean);
}

EVAL(norm)
{
  Array *a = optic_as(c->core, c->in[0], optic_compute_dtype(c->dtype, false)), *root = NULL;
  Array *sum = a ? reduced(c, RED_SUM_SQUARES, a, c->axes, DT_F64) : NULL;
  if (sum) {
    root = optic_apply(c->core, G_sqrt, &sum, 1, NULL, 1);
  }
  optic_array_drop(c->core, a);
  optic_array_drop(c->core, sum);
  return finished(c, root);
}

/* ---- exponentials ----------------------------------------------------------------------------------------------- */
static Attr over(const Call *c)
{
  Attr attr = {.axis = OPTIC_SOME_AXES, .keepdims = true};
  for (uint32_t i = 0; i < c->in[0]->shape.rank; i++) {
    if (c->axes & 1u << i) {
      attr.shape.at[attr.shape.rank++] = i;
    }
  }
  return attr;
}

/* x, in what is computed in; for shapes without elements too, of which there is no greatest. */
static Array *wide(Work *w, const Call *c)
{
  return optic_work_own(w, optic_as(w->core, c->in[0], optic_compute_dtype(c->dtype, false)));
}

EVAL(softmax)
{
  Work w;
  optic_work_init(&w, c->core);
  Attr axes = over(c);
  Array *x = wide(&w, c), *y = x;
  if (c->in[0]->count) {
    Array *e = optic_w_over(&w, G_exp, optic_w2(&w, G_sub, x, optic_wa(&w, G_max, x, &axes)), NULL);
    y = optic_w_over(&w, G_div, e, optic_wa(&w, G_sum, e, &axes));
  }
  y = y && y == c->in[0] ? optic_work_own(&w, optic_array_copy(c->core, y)) : y;
  return finished(c, optic_work_result(&w, y));
}

EVAL(log_softmax)
{
  Work w;
  optic_work_init(&w, c->core);
  Attr axes = over(c);
  Array *x = wide(&w, c), *y = x;
  if (c->in[0]->count) {
    Array *shifted = optic_w2(&w, G_sub, x, optic_wa(&w, G_max, x, &axes));
    Array *e = optic_w1(&w, G_exp, shifted);
    y = optic_w_over(&w, G_sub, shifted, optic_w1(&w, G_log, optic_wa(&w, G_sum, e, &axes)));
  }
  y = y && y == c->in[0] ? optic_work_own(&w, optic_array_copy(c->core, y)) : y;
  return finished(c, optic_work_result(&w, y));
}

EVAL(logsumexp)
{
  Work w;
  optic_work_init(&w, c->core);
  Attr axes = over(c);
  Array *x = wide(&w, c), *y;
  if (c->in[0]->count) {
    Array *most = optic_wa(&w, G_max, x, &axes);
    Array *zero = optic_work_number(&w, 0.0);
    Array *shift = optic_w3(&w, G_where, optic_w1(&w, G_is_finite, most), most, zero); /* inf - inf is no help */
    Array *e = optic_w_over(&w, G_exp, optic_w2(&w, G_sub, x, shift), NULL);
    y = optic_w2(&w, G_add, optic_w1(&w, G_log, optic_wa(&w, G_sum, e, &axes)), shift);
  } else {
    y = optic_w1(&w, G_log, optic_wa(&w, G_sum, x, &axes));
  }
  y = optic_w_reshape(&w, y, &c->shape);
  return finished(c, optic_work_result(&w, y));
}

/* ---- along one axis --------------------------------------------------------------------------------------------- */
/* [outer, n, inner] of the input around attr.axis of the result. */
static void around(const Call *c, size_t *outer, size_t *n, size_t *inner)
{
  *outer = *inner = 1;
  *n = (size_t)c->shape.at[c->attr.axis];
  for (uint32_t i = 0; i < c->shape.rank; i++) {
    *(i < c->attr.axis ? outer : inner) *= i == c->attr.axis ? 1 : (size_t)c->shape.at[i];
  }
}

EVAL(cumsum)
{
  Dtype t = optic_compute_dtype(c->dtype, false);
  size_t outer, n, inner;
  around(c, &outer, &n, &inner);
  Array *a = optic_as(c->core, c->in[0], t);
  Array *out = a && optic_charge_for(c->core, a->count) ? optic_array_new(c->core, t, &c->shape) : NULL;
  if (out) {
    optic_tiles(c->core)->cumsum(optic_tile_type_of((Store)t), out->data, a->data, outer, n, inner, c->attr.flags[0]);
  }
  optic_array_drop(c->core, a);
  return finished(c, out);
}

typedef struct Key {
  double x;
  int32_t index;
} Key;

/* Ascending, NaN last; equal ones as they came. */
static bool after(const Key *a, const Key *b)
{
  return a->x > b->x || (a->x != a->x && b->x == b->x);
}

/* Merges from the bottom up, between `keys` and `room`; returns where the result is. */
static Key *merge_sort(Key *keys, Key *room, size_t n)
{
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t at = 0; at < n; at += 2 * width) {
      size_t i = at, middle = at + width < n ? at + width : n, end = at + 2 * width < n ? at + 2 * width : n;
      size_t j = middle;
      for (size_t k = at; k < end; k++) {
        bool right = i == middle || (j < end && after(&keys[i], &keys[j]));
        room[k] = keys[right ? j++ : i++];
      }
    }
    Key *swap = keys;
    keys = room;
    room = swap;
  }
  return keys;
}

static Array *sorted(Call *c, bool by_index)
{
  size_t outer, n, inner, bytes, size = optic_dtype_size(c->dtype);
  around(c, &outer, &n, &inner);
  const Array *a = c->in[0];
  if (n > INT32_MAX || !optic_size_mul(n, 2 * sizeof(Key), &bytes)) {
    optic_fail(&c->core->fault, D_too_large, "`%s`: more than %d elements in order", optic_op_info(c->op)->name,
               INT32_MAX);
    return NULL;
  }
  unsigned log2 = n > 1 ? 64u - (unsigned)__builtin_clzll((unsigned long long)(n - 1)) : 1;
  Array *out = optic_charge_for(c->core, a->count * log2) ? optic_array_new(c->core, c->dtype, &c->shape) : NULL;
  Key *keys = out ? optic_pool_get(c->core, bytes) : NULL;
  if (!keys) {
    optic_array_drop(c->core, out);
    return NULL;
  }
  for (size_t line = 0; line < (n ? outer * inner : 0); line++) {
    size_t base = line / inner * n * inner + line % inner;
    for (size_t i = 0; i < n; i++) {
      keys[i] = (Key){optic_array_get(a, base + i * inner), (int32_t)i};
    }
    const Key *in_order = merge_sort(keys, keys + n, n);
    for (size_t i = 0; i < n; i++) {
      size_t to = base + i * inner, from = base + (size_t)in_order[i].index * inner;
      if (by_index) {
        ((int32_t *)out->data)[to] = in_order[i].index;
      } else {
        memcpy((char *)out->data + to * size, (const char *)a->data + from * size, size);
      }
    }
  }
  optic_pool_put(c->core, keys, bytes);
  out->weak = c->weak;
  return out;
}

EVAL(sort)
{
  return sorted(c, false);
}

EVAL(argsort)
{
  return sorted(c, true);
}
