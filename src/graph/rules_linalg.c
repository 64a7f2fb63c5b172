/* rules_linalg.c: derivatives of linear algebra.
 *
 * Sources: M. Giles, "An extended collection of matrix derivative results" (2008); J. Townsend, "Differentiating the
 * singular value decomposition" (2016); M. Seeger et al., "Auto-differentiating linear algebra" (2017).
 * SPDX-License-Identifier: MIT */
#include "graph/rule.h"

static Array *turned(Work *w, Array *a)
{
  return optic_wa(w, G_transpose, a, NULL);
}

static Array *add(Work *w, Array *a, Array *b)
{
  return optic_w2(w, G_add, a, b);
}

static Array *sub(Work *w, Array *a, Array *b)
{
  return optic_w2(w, G_sub, a, b);
}

static Array *mul(Work *w, Array *a, Array *b)
{
  return optic_w2(w, G_mul, a, b);
}

static Array *scaled(Work *w, double x, Array *a)
{
  return mul(w, optic_work_number(w, x), a);
}

/* (a + a.T) / 2 */
static Array *symmetric(Work *w, Array *a)
{
  return scaled(w, 0.5, add(w, a, turned(w, a)));
}

/* ---- products ---------------------------------------------------------------------------------------------------- */
/* With vectors made matrices: a [.., m, k], b [.., k, n], g [.., m, n]; what is transposed stays so in memory. */
GRAD(matmul)
{
  Work *w = &r->w;
  const Array *mine = r->in[k], *other = r->in[1 - k]; /* only the other is read, but the shape of mine is there */
  bool row = (k == 0 ? mine : other)->shape.rank == 1, column = (k == 1 ? mine : other)->shape.rank == 1;
  bool ta = r->attr->flags[0] && !row, tb = r->attr->flags[1] && !column;
  Shape so = other->shape, sg = r->g->shape;
  if (so.rank == 1) {
    so = k == 0 ? (Shape){.rank = 2, .at = {so.at[0], 1}} : (Shape){.rank = 2, .at = {1, so.at[0]}};
  }
  if (column) {
    sg.at[sg.rank++] = 1;
  }
  if (row) {
    sg.at[sg.rank] = sg.at[sg.rank - 1];
    sg.at[sg.rank - 1] = 1;
    sg.rank++;
  }
  Array *g = optic_w_reshape(w, r->g, &sg), *o = optic_w_reshape(w, r->in[1 - k], &so), *d;
  if (k == 0) {
    d = ta ? optic_w_matmul(w, o, tb, g, true) : optic_w_matmul(w, g, false, o, !tb);
  } else {
    d = tb ? optic_w_matmul(w, g, true, o, ta) : optic_w_matmul(w, o, !ta, g, false);
  }
  if (d && mine->shape.rank == 1) { /* without the axis of 1 */
    Shape s = d->shape;
    s.at[s.rank - 2] = row && k == 0 ? s.at[s.rank - 1] : s.at[s.rank - 2];
    s.rank--;
    d = optic_w_reshape(w, d, &s);
  }
  return d;
}

/* ---- inverse and solutions --------------------------------------------------------------------------------------- */
GRAD(inv)
{
  (void)k;
  Work *w = &r->w;
  Array *d = optic_w_matmul(w, optic_w_matmul(w, r->y, true, r->g, false), false, r->y, true);
  return optic_w1(w, G_neg, d);
}

GRAD(solve)
{
  Work *w = &r->w;
  bool transposed = r->attr->flags[0];
  Attr attr = {.flags = {!transposed}};
  Array *db = optic_work_apply(w, G_solve, (Array *const[]){r->in[0], r->g}, 2, &attr);
  if (k == 1 || !db) {
    return db;
  }
  Array *x = r->y;
  if (x->shape.rank == 1) {
    Shape column = {.rank = 2, .at = {x->shape.at[0], 1}};
    x = optic_w_reshape(w, x, &column);
    db = optic_w_reshape(w, db, &column);
  }
  return optic_w1(w, G_neg, transposed ? optic_w_matmul(w, x, false, db, true) : optic_w_matmul(w, db, false, x, true));
}

GRAD(det)
{
  (void)k;
  Work *w = &r->w;
  return mul(w, mul(w, r->g, r->y), turned(w, optic_w1(w, G_inv, r->in[0])));
}

/* The lower triangle with half of the diagonal. */
static Array *lower_half(Work *w, Array *a)
{
  Array *low = optic_wa(w, G_tril, a, &(Attr){.n = -1});
  return scaled(w, 0.5, add(w, low, optic_wa(w, G_tril, a, &(Attr){.n = 0})));
}

GRAD(cholesky)
{
  (void)k;
  Work *w = &r->w;
  Array *inverse = optic_w1(w, G_inv, r->y);
  Array *middle = lower_half(w, optic_w_matmul(w, r->y, true, r->g, false));
  Array *d = optic_w_matmul(w, optic_w_matmul(w, inverse, true, middle, false), false, inverse, false);
  return symmetric(w, d);
}

/* ---- decompositions ---------------------------------------------------------------------------------------------- */
typedef struct Part {
  size_t at;
} Part;

static Array *part(Work *w, Array *flat, Part *p, int64_t rows, int64_t columns)
{
  Shape s = columns < 0 ? (Shape){.rank = 1, .at = {rows}} : (Shape){.rank = 2, .at = {rows, columns}};
  Array *a = optic_w_part(w, flat, p->at, &s);
  p->at += a ? a->count : 0;
  return a;
}

GRAD(u_qr)
{
  (void)k;
  Work *w = &r->w;
  int64_t m = r->in[0]->shape.at[0], n = r->in[0]->shape.at[1];
  if (m < n) {
    optic_fail(&w->core->fault, D_gradient, "the gradient of `qr` needs at least as many rows as columns");
    w->failed = true;
    return NULL;
  }
  Part py = {0}, pg = {0};
  Array *q = part(w, r->y, &py, m, n), *upper = part(w, r->y, &py, n, n);
  Array *gq = part(w, r->g, &pg, m, n), *gr = part(w, r->g, &pg, n, n);
  Array *mixed = sub(w, optic_w_matmul(w, upper, false, gr, true), optic_w_matmul(w, gq, true, q, false));
  Array *low = optic_wa(w, G_tril, mixed, &(Attr){.n = 0});
  Array *strict = optic_wa(w, G_tril, mixed, &(Attr){.n = -1});
  Array *both = add(w, low, turned(w, strict));
  Array *right = add(w, gq, optic_w_matmul(w, q, false, both, false)); /* d r^T = right */
  Array *flat = turned(w, right);
  Array *d = w->failed ? NULL : optic_w2(w, G_solve, upper, flat);
  return turned(w, d);
}

/* 1 / (x[j] - x[i]) at [i, j], and 0 where they are equal: on the diagonal, and where the derivative does not exist. */
static Array *gaps(Work *w, Array *x, int64_t n)
{
  Shape row = {.rank = 2, .at = {1, n}}, column = {.rank = 2, .at = {n, 1}};
  Array *d = sub(w, optic_w_reshape(w, x, &row), optic_w_reshape(w, x, &column));
  Array *zero = optic_work_number(w, 0), *one = optic_work_number(w, 1), *equal = optic_w2(w, G_eq, d, zero);
  return optic_w3(w, G_where, equal, zero, optic_w1(w, G_reciprocal, optic_w3(w, G_where, equal, one, d)));
}

GRAD(u_eigh)
{
  (void)k;
  Work *w = &r->w;
  int64_t n = r->in[0]->shape.at[0];
  Part py = {0}, pg = {0};
  Array *values = part(w, r->y, &py, n, -1), *v = part(w, r->y, &py, n, n);
  Array *gw = part(w, r->g, &pg, n, -1), *gv = part(w, r->g, &pg, n, n);
  Array *middle = mul(w, gaps(w, values, n), optic_w_matmul(w, v, true, gv, false));
  middle = add(w, middle, w->failed ? NULL : optic_w1(w, G_diag, gw));
  return symmetric(w, optic_w_matmul(w, optic_w_matmul(w, v, false, middle, false), false, v, true));
}

/* x - a a^T x: what a's columns do not reach. */
static Array *beyond(Work *w, Array *a, Array *x)
{
  return sub(w, x, optic_w_matmul(w, a, false, optic_w_matmul(w, a, true, x, false), false));
}

GRAD(u_svd)
{
  (void)k;
  Work *w = &r->w;
  int64_t m = r->in[0]->shape.at[0], n = r->in[0]->shape.at[1], least = m < n ? m : n;
  Part py = {0}, pg = {0};
  Array *u = part(w, r->y, &py, m, least), *s = part(w, r->y, &py, least, -1), *vt = part(w, r->y, &py, least, n);
  Array *gu = part(w, r->g, &pg, m, least), *gs = part(w, r->g, &pg, least, -1), *gvt = part(w, r->g, &pg, least, n);
  Array *f = gaps(w, mul(w, s, s), least);
  Shape row_shape = {.rank = 2, .at = {1, least}}, column_shape = {.rank = 2, .at = {least, 1}};
  Array *row = optic_w_reshape(w, s, &row_shape), *column = optic_w_reshape(w, s, &column_shape);
  Array *uu = optic_w_matmul(w, u, true, gu, false), *vv = optic_w_matmul(w, vt, false, gvt, true);
  Array *left = mul(w, mul(w, f, sub(w, uu, turned(w, uu))), row);
  Array *right = mul(w, column, mul(w, f, sub(w, vv, turned(w, vv))));
  Array *middle = add(w, add(w, left, right), w->failed ? NULL : optic_w1(w, G_diag, gs));
  Array *d = optic_w_matmul(w, optic_w_matmul(w, u, false, middle, false), false, vt, false);
  Array *zero = optic_work_number(w, 0), *one = optic_work_number(w, 1), *none = optic_w2(w, G_eq, s, zero);
  Array *inverse = optic_w3(w, G_where, none, zero, optic_w1(w, G_reciprocal, optic_w3(w, G_where, none, one, s)));
  if (m > least) {
    Array *outside = mul(w, beyond(w, u, gu), optic_w_reshape(w, inverse, &row_shape));
    d = add(w, d, optic_w_matmul(w, outside, false, vt, false));
  }
  if (n > least) {
    Array *outside = mul(w, beyond(w, turned(w, vt), turned(w, gvt)), optic_w_reshape(w, inverse, &row_shape));
    d = add(w, d, optic_w_matmul(w, u, false, outside, true));
  }
  return d;
}
