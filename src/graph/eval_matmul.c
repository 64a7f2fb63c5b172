/* eval_matmul.c: the matrix product: its shape rule and its evaluation.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/pool.h"
#include "graph/rule.h"

/* NumPy's: a vector on the left is a row and on the right a column, and that axis is gone from the result; leading axes
 * are broadcast. Transposition means the last two axes, and nothing for a vector. */
typedef struct Product {
  size_t m, n, k;
  bool ta, tb;
  Shape batch, batch_a, batch_b;
} Product;

static bool inner_differ(Call *c, int64_t p, int64_t q)
{
  char one[DESCRIBE], two[DESCRIBE];
  optic_fail(&c->core->fault, D_shape, "`@`: %s%s @ %s%s: the inner sizes %" PRId64 " and %" PRId64 " differ",
             optic_describe_shape(&c->in[0]->shape, one), c->attr.flags[0] ? " (transposed)" : "",
             optic_describe_shape(&c->in[1]->shape, two), c->attr.flags[1] ? " (transposed)" : "", p, q);
  return optic_fail_hint(&c->core->fault, "[m, k] @ [k, n] gives [m, n]; transpose(x) exchanges axes");
}

static bool product_of(Call *c, Product *p)
{
  const Shape *a = &c->in[0]->shape, *b = &c->in[1]->shape;
  if (a->rank == 0 || b->rank == 0) {
    char one[DESCRIBE], two[DESCRIBE];
    optic_fail(&c->core->fault, D_shape, "`@` needs vectors or matrices: %s @ %s", optic_describe(c->in[0], one),
               optic_describe(c->in[1], two));
    return optic_fail_hint(&c->core->fault, "`*` multiplies by a scalar");
  }
  *p = (Product){.ta = c->attr.flags[0] && a->rank > 1, .tb = c->attr.flags[1] && b->rank > 1};
  int64_t m = a->rank > 1 ? a->at[a->rank - 2] : 1, ka = a->at[a->rank - 1];
  int64_t kb = b->rank > 1 ? b->at[b->rank - 2] : b->at[0], n = b->rank > 1 ? b->at[b->rank - 1] : 1;
  if (p->ta) {
    int64_t swap = m;
    m = ka;
    ka = swap;
  }
  if (p->tb) {
    int64_t swap = n;
    n = kb;
    kb = swap;
  }
  if (ka != kb) {
    return inner_differ(c, ka, kb);
  }
  p->m = (size_t)m;
  p->n = (size_t)n;
  p->k = (size_t)ka;
  p->batch_a = *a;
  p->batch_b = *b;
  p->batch_a.rank = a->rank > 2 ? a->rank - 2 : 0;
  p->batch_b.rank = b->rank > 2 ? b->rank - 2 : 0;
  if (!optic_shape_broadcast(&p->batch_a, &p->batch_b, &p->batch)) {
    char one[DESCRIBE], two[DESCRIBE];
    return optic_fail(&c->core->fault, D_shape, "`@`: the leading axes of %s and %s do not fit together",
                      optic_describe_shape(a, one), optic_describe_shape(b, two));
  }
  return true;
}

SHAPE(matmul)
{
  Product p;
  if (!product_of(c, &p) || !optic_operands(c, false, false)) {
    return false;
  }
  c->shape = p.batch;
  if (c->in[0]->shape.rank > 1) {
    c->shape.at[c->shape.rank++] = (int64_t)p.m;
  }
  if (c->in[1]->shape.rank > 1) {
    c->shape.at[c->shape.rank++] = (int64_t)p.n;
  }
  size_t count;
  return optic_shape_count(c->core, &c->shape, c->dtype, &count);
}

/* How far apart the matrices of an operand are along each axis of the batch. */
static void batch_strides(const Shape *own, const Shape *batch, size_t each, size_t out[OPTIC_RANK])
{
  uint32_t shift = batch->rank - own->rank;
  for (uint32_t i = batch->rank; i-- > 0;) {
    int64_t n = i < shift ? 1 : own->at[i - shift];
    out[i] = n == 1 ? 0 : each;
    each *= (size_t)n;
  }
}

static void multiply(Call *c, const Product *p, Array *out, const Array *a, const Array *b, void *scratch)
{
  const TileTable *tiles = optic_tiles(c->core);
  size_t size = optic_dtype_size((Dtype)out->dtype), step_a[OPTIC_RANK], step_b[OPTIC_RANK];
  batch_strides(&p->batch_a, &p->batch, p->m * p->k, step_a);
  batch_strides(&p->batch_b, &p->batch, p->k * p->n, step_b);
  size_t each = p->m * p->n, at_a = 0, at_b = 0;
  int64_t index[OPTIC_RANK] = {0};
  for (size_t at = 0; at < out->count; at += each) {
    tiles->matmul(optic_tile_type_of((Store)out->dtype), (char *)out->data + at * size,
                  (const char *)a->data + at_a * size, (const char *)b->data + at_b * size, p->m, p->n, p->k, p->ta,
                  p->tb, scratch);
    for (uint32_t i = p->batch.rank; i-- > 0;) {
      at_a += step_a[i];
      at_b += step_b[i];
      if (++index[i] < p->batch.at[i]) {
        break;
      }
      at_a -= step_a[i] * (size_t)index[i];
      at_b -= step_b[i] * (size_t)index[i];
      index[i] = 0;
    }
  }
}

EVAL(matmul)
{
  Product p;
  Dtype t = optic_compute_dtype(c->dtype, false);
  Array *a = NULL, *b = NULL, *out = NULL, *result = NULL;
  void *scratch = NULL;
  size_t bytes = 0, work;
  bool fits = product_of(c, &p) && (a = optic_as(c->core, c->in[0], t)) && (b = optic_as(c->core, c->in[1], t)) &&
              (out = optic_array_new(c->core, t, &c->shape));
  if (fits) {
    bytes = optic_tile_matmul_scratch(optic_tile_type_of((Store)t), p.m, p.n, p.k);
    fits = optic_charge_for(c->core, optic_size_mul(out->count, 1 + p.k / 8, &work) ? work : SIZE_MAX) &&
           (scratch = optic_pool_get(c->core, bytes));
  }
  if (fits) {
    multiply(c, &p, out, a, b, scratch);
    result = optic_as(c->core, out, c->dtype);
  }
  if (result) {
    result->weak = c->weak;
  }
  optic_pool_put(c->core, scratch, bytes);
  optic_array_drop(c->core, a);
  optic_array_drop(c->core, b);
  optic_array_drop(c->core, out);
  return result;
}
