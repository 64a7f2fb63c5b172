/* eval_linalg.c: decompositions and what is solved with them: shape rules, evaluation, and those with several results.
 *
 * tile/linalg.h works in f64 whatever the array is of; results are rounded once. A decomposition's results are one flat
 * array to the graph, one after another, and the caller gets slices of it: so each is an ordinary operation.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "graph/rule.h"
#include "tile/linalg.h"

/* ---- shapes ------------------------------------------------------------------------------------------------------ */
static bool matrix(Call *c, bool square)
{
  const Array *a = c->in[0];
  char type[DESCRIBE];
  c->dtype = optic_dtype_is_float((Dtype)a->dtype) ? (Dtype)a->dtype : DT_F32;
  c->shape = a->shape;
  const char *name = optic_op_info(c->op)->name;
  name = name[0] == 'u' && name[1] == '_' ? name + 2 : name;
  if (a->shape.rank != 2 || (square && a->shape.at[0] != a->shape.at[1])) {
    return optic_fail(&c->core->fault, D_shape, "`%s` needs a %smatrix, and not %s", name, square ? "square " : "",
                      optic_describe(a, type));
  }
  return true;
}

SHAPE(inv)
{
  return matrix(c, true);
}

SHAPE(cholesky)
{
  return matrix(c, true);
}

SHAPE(det)
{
  bool fits = matrix(c, true);
  c->shape.rank = 0;
  return fits;
}

SHAPE(solve)
{
  const Shape *a = &c->in[0]->shape, *b = &c->in[1]->shape;
  if (!matrix(c, true)) {
    return false;
  }
  if (b->rank < 1 || b->rank > 2 || b->at[0] != a->at[0]) {
    char one[DESCRIBE], two[DESCRIBE];
    optic_fail(&c->core->fault, D_shape, "`solve`: a matrix %s and a right side of shape %s do not fit together",
               optic_describe_shape(a, one), optic_describe_shape(b, two));
    return optic_fail_hint(&c->core->fault, "the right side has %" PRId64 " rows", a->at[0]);
  }
  c->shape = *b;
  return optic_operands(c, false, true);
}

/* One flat result of `count` numbers. */
static bool packed(Call *c, size_t count)
{
  c->shape = (Shape){.rank = 1, .at = {(int64_t)count}};
  return optic_shape_count(c->core, &c->shape, c->dtype, &count);
}

static size_t lesser(const Shape *s)
{
  return (size_t)(s->at[0] < s->at[1] ? s->at[0] : s->at[1]);
}

SHAPE(u_qr)
{
  if (!matrix(c, false)) {
    return false;
  }
  size_t m = (size_t)c->shape.at[0], n = (size_t)c->shape.at[1], k = lesser(&c->shape);
  return packed(c, m * k + k * n);
}

SHAPE(u_svd)
{
  if (!matrix(c, false)) {
    return false;
  }
  size_t m = (size_t)c->shape.at[0], n = (size_t)c->shape.at[1], k = lesser(&c->shape);
  return packed(c, m * k + k + k * n);
}

SHAPE(u_eigh)
{
  if (!matrix(c, true)) {
    return false;
  }
  size_t n = (size_t)c->shape.at[0];
  return packed(c, n + n * n);
}

/* ---- evaluation -------------------------------------------------------------------------------------------------- */
typedef struct Lin {
  Array *a, *b, *out; /* in f64 */
  double *scratch;
  size_t bytes, m, n;
} Lin;

/* Everything that can be refused. */
static bool lin_begin(Call *c, Lin *l)
{
  Core *core = c->core;
  const Shape *s = &c->in[0]->shape;
  size_t work;
  *l = (Lin){.m = (size_t)s->at[0], .n = (size_t)s->at[1]};
  size_t doubles = optic_linalg_scratch(l->m, l->n);
  bool fits = optic_size_mul(c->in[0]->count, 1 + lesser(s), &work) && optic_charge_for(core, work) &&
              optic_size_mul(doubles ? doubles : 1, sizeof(double), &l->bytes) &&
              (l->scratch = optic_pool_get(core, l->bytes)) && (l->a = optic_as(core, c->in[0], DT_F64)) &&
              (c->count < 2 || (l->b = optic_as(core, c->in[1], DT_F64))) &&
              (l->out = optic_array_new(core, DT_F64, &c->shape));
  if (!fits && core->fault.code == D_none) {
    optic_fail_oom(&core->fault);
  }
  return fits;
}

static Array *lin_end(Call *c, Lin *l)
{
  Array *result = l->out ? optic_as(c->core, l->out, c->dtype) : NULL;
  if (result) {
    result->weak = c->weak;
  }
  optic_array_drop(c->core, l->a);
  optic_array_drop(c->core, l->b);
  optic_array_drop(c->core, l->out);
  optic_pool_put(c->core, l->scratch, l->bytes);
  return result;
}

EVAL(inv)
{
  Lin l;
  if (lin_begin(c, &l)) {
    optic_linalg_inv(l.out->data, l.a->data, l.n, l.scratch); /* singular: infinities, as in JAX */
  }
  return lin_end(c, &l);
}

EVAL(cholesky)
{
  Lin l;
  if (lin_begin(c, &l)) {
    optic_linalg_cholesky(l.out->data, l.a->data, l.n);
  }
  return lin_end(c, &l);
}

EVAL(solve)
{
  Lin l;
  if (lin_begin(c, &l)) {
    Array *turned = NULL;
    if (c->attr.flags[0]) {
      turned = optic_array_new(c->core, DT_F64, &l.a->shape);
      if (!turned) {
        optic_array_drop(c->core, l.out);
        l.out = NULL;
        return lin_end(c, &l);
      }
      optic_tiles(c->core)->transpose(sizeof(double), turned->data, l.a->data, l.n, l.n);
    }
    size_t columns = c->shape.rank == 2 ? (size_t)c->shape.at[1] : 1;
    optic_linalg_solve(l.out->data, turned ? turned->data : l.a->data, l.b->data, l.n, columns, l.scratch);
    optic_array_drop(c->core, turned);
  }
  return lin_end(c, &l);
}

/* By elimination with the greatest pivot of each column. `a` is destroyed. */
static double determinant(double *a, size_t n)
{
  double det = 1;
  for (size_t k = 0; k < n; k++) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; i++) {
      pivot = fabs(a[i * n + k]) > fabs(a[pivot * n + k]) ? i : pivot;
    }
    for (size_t j = k; j < n && pivot != k; j++) {
      double swap = a[k * n + j];
      a[k * n + j] = a[pivot * n + j];
      a[pivot * n + j] = swap;
    }
    double p = a[k * n + k];
    det *= pivot != k ? -p : p;
    if (p == 0) {
      return 0;
    }
    for (size_t i = k + 1; i < n; i++) {
      double f = a[i * n + k] / p;
      for (size_t j = k + 1; j < n; j++) {
        a[i * n + j] -= f * a[k * n + j];
      }
    }
  }
  return det;
}

EVAL(det)
{
  Lin l;
  if (lin_begin(c, &l)) {
    Array *copy = optic_array_copy(c->core, l.a);
    if (copy) {
      *(double *)l.out->data = determinant(copy->data, l.n);
    } else {
      optic_array_drop(c->core, l.out);
      l.out = NULL;
    }
    optic_array_drop(c->core, copy);
  }
  return lin_end(c, &l);
}

EVAL(u_qr)
{
  Lin l;
  if (lin_begin(c, &l)) {
    double *out = l.out->data;
    optic_linalg_qr(out, out + l.m * lesser(&c->in[0]->shape), l.a->data, l.m, l.n, l.scratch);
  }
  return lin_end(c, &l);
}

EVAL(u_svd)
{
  Lin l;
  if (lin_begin(c, &l)) {
    size_t k = lesser(&c->in[0]->shape);
    double *u = l.out->data, *s = u + l.m * k, *vt = s + k;
    optic_linalg_svd(u, s, vt, l.a->data, l.m, l.n, l.scratch);
  }
  return lin_end(c, &l);
}

EVAL(u_eigh)
{
  Lin l;
  if (lin_begin(c, &l)) {
    double *w = l.out->data;
    optic_linalg_eigh(w, w + l.n, l.a->data, l.n, l.scratch);
  }
  return lin_end(c, &l);
}

/* ---- several results ------------------------------------------------------------------------------------------- */
Array *optic_w_part(Work *w, Array *flat, size_t first, const Shape *shape)
{
  Attr attr = {.shape = {.rank = 1, .at = {1}}, .start = {(int64_t)first}};
  for (uint32_t i = 0; i < shape->rank; i++) {
    attr.shape.at[0] *= shape->at[i];
  }
  return optic_w_reshape(w, optic_wa(w, G_slice, flat, &attr), shape);
}

static bool parts(Core *core, OpId op, Array *a, const Shape *shapes, size_t count, Array **out)
{
  Work w;
  optic_work_init(&w, core);
  Array *flat = optic_wa(&w, op, a, NULL), *part[3] = {NULL};
  size_t at = 0;
  for (size_t i = 0; i < count && flat; i++) {
    part[i] = optic_w_part(&w, flat, at, &shapes[i]);
    at += part[i] ? part[i]->count : 0;
  }
  bool made = !w.failed;
  for (size_t i = 0; i < count && made; i++) {
    out[i] = optic_array_keep(part[i]);
  }
  optic_work_finish(&w);
  return made;
}

/* Shapes of parts, from the matrix's; of what is no matrix, which is then refused, anything. */
static void sizes(const Array *a, int64_t *m, int64_t *n, int64_t *k)
{
  *m = a->shape.rank == 2 ? a->shape.at[0] : 0;
  *n = a->shape.rank == 2 ? a->shape.at[1] : 0;
  *k = *m < *n ? *m : *n;
}

bool optic_apply_qr(Core *core, Array *a, Array **q, Array **r)
{
  int64_t m, n, k;
  Array *out[2];
  sizes(a, &m, &n, &k);
  Shape shapes[2] = {{.rank = 2, .at = {m, k}}, {.rank = 2, .at = {k, n}}};
  if (!parts(core, G_u_qr, a, shapes, 2, out)) {
    return false;
  }
  *q = out[0];
  *r = out[1];
  return true;
}

bool optic_apply_svd(Core *core, Array *a, Array **u, Array **s, Array **vt)
{
  int64_t m, n, k;
  Array *out[3];
  sizes(a, &m, &n, &k);
  Shape shapes[3] = {{.rank = 2, .at = {m, k}}, {.rank = 1, .at = {k}}, {.rank = 2, .at = {k, n}}};
  if (!parts(core, G_u_svd, a, shapes, 3, out)) {
    return false;
  }
  *u = out[0];
  *s = out[1];
  *vt = out[2];
  return true;
}

bool optic_apply_eigh(Core *core, Array *a, Array **w, Array **v)
{
  int64_t m, n, k;
  Array *out[2];
  sizes(a, &m, &n, &k);
  Shape shapes[2] = {{.rank = 1, .at = {n}}, {.rank = 2, .at = {n, n}}};
  if (!parts(core, G_u_eigh, a, shapes, 2, out)) {
    return false;
  }
  *w = out[0];
  *v = out[1];
  return true;
}
