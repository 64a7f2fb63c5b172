/* eval.c: what evaluations share, and elementwise operations: broadcast operands as runs for the tile kernels.
 *
 * Axes are merged while every operand stays regular, so that what is left is a loop over runs in which an operand is
 * either dense or one element. Numbers whose format is not what kernels compute in pass through the stack, a block at a
 * time.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "graph/rule.h"

const TileTable *optic_tiles(Core *core)
{
  if (!core->tiles) {
    const char *forced = getenv("OPTIC_ISA");
    core->tiles = optic_tile_choose(forced && *forced ? forced : NULL);
    if (!core->tiles) { /* a level that this machine lacks: the one that it has */
      core->tiles = optic_tile_choose(NULL);
    }
  }
  return core->tiles;
}

bool optic_charge_for(Core *core, size_t elements)
{
  return optic_charge(core, elements / 64);
}

Array *optic_as(Core *core, Array *a, Dtype t)
{
  if (a->dtype == t) {
    return optic_array_keep(a);
  }
  Array *to = optic_array_new(core, t, &a->shape);
  if (to) {
    optic_tiles(core)->convert((Store)t, to->data, (Store)a->dtype, a->data, a->count);
  }
  return to;
}

Array *optic_result(Call *c)
{
  for (size_t k = 0; k < c->count; k++) {
    Array *in = c->in[k];
    if (c->donate & 1u << k && in->dtype == c->dtype && optic_shape_equal(&in->shape, &c->shape) &&
        optic_array_unique(in)) {
      in->weak = c->weak;
      return optic_array_keep(in);
    }
  }
  Array *out = optic_array_new(c->core, c->dtype, &c->shape);
  if (out) {
    out->weak = c->weak;
  }
  return out;
}

/* ---- elementwise ---------------------------------------------------------------------------------------------- */
enum { BLOCK = 2048 /* bytes of one operand on the stack */ };

typedef struct Lane {
  const char *data; /* at the start of the run */
  Store store;      /* as it lies there */
  Store takes;      /* as the kernel takes it */
  size_t size;      /* bytes of one element of `store` */
  bool whole;       /* one element for all runs */
  bool scalar;      /* one element for each run */
  double one;       /* where a converted element for all runs is */
} Lane;

typedef struct Runs {
  uint32_t rank; /* of the loop around the runs */
  int64_t n[OPTIC_RANK];
  int64_t stride[OPTIC_RANK][3];
  size_t run;
} Runs;

/* Merges axes while all operands stay regular. */
static void merge(const Call *c, Runs *r)
{
  int64_t n[OPTIC_RANK], stride[OPTIC_RANK][3];
  int top = 0; /* axes found, innermost first */
  int64_t dense[3] = {1, 1, 1};
  for (uint32_t back = 1; back <= c->shape.rank; back++) {
    int64_t size = c->shape.at[c->shape.rank - back], step[3] = {0};
    bool joins = top > 0;
    for (size_t k = 0; k < c->count; k++) {
      const Shape *s = &c->in[k]->shape;
      int64_t own = back <= s->rank ? s->at[s->rank - back] : 1;
      step[k] = own == 1 ? 0 : dense[k];
      dense[k] *= own;
    }
    if (size == 1) {
      continue;
    }
    for (size_t k = 0; k < c->count; k++) {
      joins = joins && step[k] == stride[top - 1][k] * n[top - 1];
    }
    if (joins) {
      n[top - 1] *= size;
    } else {
      n[top] = size;
      memcpy(stride[top++], step, sizeof step);
    }
  }
  r->rank = 0;
  r->run = top ? (size_t)n[0] : 1;
  for (int i = top - 1; i > 0; i--, r->rank++) { /* outermost first */
    r->n[r->rank] = n[i];
    memcpy(r->stride[r->rank], stride[i], sizeof stride[i]);
  }
}

typedef struct Kernel {
  const TileTable *tiles;
  TileFn *fn;
  size_t count;
  Lane lane[3];
  unsigned scalars; /* a bit for each lane that is */
  Store store;      /* of the result */
  Store gives;      /* as the kernel gives it */
  bool direct;      /* no conversion on either side */
} Kernel;

/* One run through the stack, a block at a time. */
static void run_in_blocks(const Kernel *k, char *out, size_t n)
{
  _Alignas(double) char in_block[3][BLOCK], out_block[BLOCK];
  const void *from[3] = {0};
  size_t widest = optic_store_size(k->gives);
  for (size_t i = 0; i < k->count; i++) {
    const Lane *lane = &k->lane[i];
    size_t wide = optic_store_size(lane->takes);
    widest = wide > widest ? wide : widest;
    from[i] = lane->data;
    if (lane->scalar && lane->takes != lane->store) {
      k->tiles->convert(lane->takes, in_block[i], lane->store, lane->data, 1);
      from[i] = in_block[i];
    }
  }
  size_t step = BLOCK / widest, size = optic_store_size(k->store);
  for (size_t at = 0; at < n; at += step) {
    size_t m = n - at < step ? n - at : step;
    for (size_t i = 0; i < k->count; i++) {
      const Lane *lane = &k->lane[i];
      if (lane->scalar) {
        continue;
      }
      from[i] = lane->data + at * lane->size;
      if (lane->takes != lane->store) {
        k->tiles->convert(lane->takes, in_block[i], lane->store, from[i], m);
        from[i] = in_block[i];
      }
    }
    char *to = out + at * size;
    k->fn(k->gives == k->store ? to : out_block, from[0], from[1], from[2], k->scalars, m);
    if (k->gives != k->store) {
      k->tiles->convert(k->store, to, k->gives, out_block, m);
    }
  }
}

/* Is the operand one element along the innermost axis that is not 1? */
static bool repeats(const Shape *s, const Shape *out)
{
  uint32_t back = 1;
  while (back < out->rank && out->at[out->rank - back] == 1) {
    back++;
  }
  return back > s->rank || s->at[s->rank - back] == 1;
}

static void prepare(const Call *c, Kernel *k)
{
  PrimKind kind = optic_tile_prim((PrimId)c->op)->kind;
  TileType type = optic_tile_type_of((Store)c->compute);
  k->tiles = optic_tiles(c->core);
  k->fn = k->tiles->prim[c->op][type];
  if (!k->fn) { /* the arithmetic of bools */
    type = T_I32;
    k->fn = k->tiles->prim[c->op][type];
  }
  k->store = (Store)c->dtype;
  k->gives = optic_tile_store_of(kind == PK_BOOL ? T_BOOL : type);
  k->direct = k->gives == k->store;
  k->scalars = 0;
  for (size_t i = 0; i < c->count; i++) {
    const Array *in = c->in[i];
    Lane *lane = &k->lane[i];
    lane->data = in->data;
    lane->store = (Store)in->dtype;
    lane->takes = optic_tile_store_of(kind == PK_SELECT && i == 0 ? T_BOOL : type);
    lane->whole = in->count == 1;
    lane->scalar = lane->whole || repeats(&in->shape, &c->shape);
    if (lane->whole && lane->takes != lane->store) {
      k->tiles->convert(lane->takes, &lane->one, lane->store, lane->data, 1);
      lane->data = (const char *)&lane->one;
      lane->store = lane->takes;
    }
    lane->size = optic_store_size(lane->store);
    k->scalars |= lane->scalar ? 1u << i : 0;
    k->direct = k->direct && lane->takes == lane->store;
  }
}

static void next_run(Kernel *k, const Runs *r, int64_t index[OPTIC_RANK])
{
  for (uint32_t axis = r->rank; axis-- > 0;) {
    bool wraps = ++index[axis] == r->n[axis];
    int64_t steps = wraps ? 1 - r->n[axis] : 1;
    index[axis] = wraps ? 0 : index[axis];
    for (size_t i = 0; i < k->count; i++) {
      if (!k->lane[i].whole) {
        k->lane[i].data += steps * r->stride[axis][i] * (int64_t)k->lane[i].size;
      }
    }
    if (!wraps) {
      return;
    }
  }
}

Array *optic_elementwise(Call *c)
{
  Kernel k = {.count = c->count};
  Runs r;
  size_t total = 1;
  for (uint32_t i = 0; i < c->shape.rank; i++) {
    total *= (size_t)c->shape.at[i];
  }
  Array *out = optic_charge_for(c->core, total) ? optic_result(c) : NULL;
  if (!out || out->count == 0) {
    return out;
  }
  prepare(c, &k);
  merge(c, &r);
  int64_t index[OPTIC_RANK] = {0};
  char *to = out->data;
  size_t bytes = r.run * optic_store_size(k.store);
  for (size_t done = 0; done < out->count; done += r.run, to += bytes) {
    if (k.direct) {
      k.fn(to, k.lane[0].data, k.lane[1].data, k.lane[2].data, k.scalars, r.run);
    } else {
      run_in_blocks(&k, to, r.run);
    }
    next_run(&k, &r, index);
  }
  return out;
}
