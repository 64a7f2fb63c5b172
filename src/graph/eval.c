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
  Store store;
  TileType type; /* that the kernel takes */
  bool scalar;   /* one element for the whole run */
  double one;    /* it, converted once for all runs; for operands of one element */
} Lane;

typedef struct Runs {
  uint32_t rank; /* of the loop around the runs */
  int64_t n[OPTIC_RANK];
  int64_t stride[OPTIC_RANK][3];
  size_t run;
} Runs;

static Runs merge(const Call *c)
{
  Runs r = {.run = 1};
  int64_t n[OPTIC_RANK], stride[OPTIC_RANK][3] = {{0}};
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
  if (top) {
    r.run = (size_t)n[0];
  }
  for (int i = top - 1; i > 0; i--, r.rank++) { /* outermost first */
    r.n[r.rank] = n[i];
    memcpy(r.stride[r.rank], stride[i], sizeof stride[i]);
  }
  return r;
}

typedef struct Kernel {
  const TileTable *tiles;
  TileFn *fn;
  size_t count;
  Lane lane[3];
  Store out_store;
  TileType out_type;
  bool direct; /* no conversion on either side */
} Kernel;

static void run(const Kernel *k, char *out, size_t n)
{
  _Alignas(double) char in_block[3][BLOCK], out_block[BLOCK];
  const void *in[3] = {0};
  unsigned scalars = 0;
  bool convert[3] = {false};
  size_t widest = optic_tile_size(k->out_type);
  for (size_t i = 0; i < k->count; i++) {
    const Lane *lane = &k->lane[i];
    convert[i] = optic_tile_store_of(lane->type) != lane->store;
    scalars |= lane->scalar ? 1u << i : 0;
    in[i] = lane->data;
    if (lane->scalar && convert[i]) {
      k->tiles->convert(optic_tile_store_of(lane->type), in_block[i], lane->store, lane->data, 1);
      in[i] = in_block[i];
      convert[i] = false;
    }
    widest = optic_tile_size(lane->type) > widest ? optic_tile_size(lane->type) : widest;
  }
  if (k->direct) {
    k->fn(out, in[0], in[1], in[2], scalars, n);
    return;
  }
  bool convert_out = optic_tile_store_of(k->out_type) != k->out_store;
  size_t step = BLOCK / widest;
  for (size_t at = 0; at < n; at += step) {
    size_t m = n - at < step ? n - at : step;
    const void *from[3] = {in[0], in[1], in[2]};
    for (size_t i = 0; i < k->count; i++) {
      const Lane *lane = &k->lane[i];
      if (lane->scalar) {
        continue;
      }
      from[i] = lane->data + at * optic_store_size(lane->store);
      if (convert[i]) {
        k->tiles->convert(optic_tile_store_of(lane->type), in_block[i], lane->store, from[i], m);
        from[i] = in_block[i];
      }
    }
    char *to = out + at * optic_store_size(k->out_store);
    k->fn(convert_out ? out_block : to, from[0], from[1], from[2], scalars, m);
    if (convert_out) {
      k->tiles->convert(k->out_store, to, optic_tile_store_of(k->out_type), out_block, m);
    }
  }
}

static Kernel kernel_of(const Call *c)
{
  PrimKind kind = optic_tile_prim((PrimId)c->op)->kind;
  TileType type = optic_tile_type_of((Store)c->compute);
  Kernel k = {.tiles = optic_tiles(c->core), .count = c->count, .out_store = (Store)c->dtype};
  if (!k.tiles->prim[c->op][type]) {
    type = T_I32; /* the arithmetic of bools */
  }
  k.fn = k.tiles->prim[c->op][type];
  k.out_type = kind == PK_BOOL ? T_BOOL : type;
  k.direct = optic_tile_store_of(k.out_type) == k.out_store;
  for (size_t i = 0; i < c->count; i++) {
    Lane *lane = &k.lane[i];
    *lane = (Lane){.data = c->in[i]->data,
                   .store = (Store)c->in[i]->dtype,
                   .type = kind == PK_SELECT && i == 0 ? T_BOOL : type,
                   .scalar = c->in[i]->count == 1};
    k.direct = k.direct && (lane->scalar || optic_tile_store_of(lane->type) == lane->store);
  }
  return k;
}

Array *optic_elementwise(Call *c)
{
  Kernel k = kernel_of(c);
  Runs r = merge(c);
  /* A single element is converted once and not for each run; then an operand that repeats within runs, but not as a
   * whole, is converted at the start of each, which run() does. */
  size_t total = 1;
  for (uint32_t i = 0; i < c->shape.rank; i++) {
    total *= (size_t)c->shape.at[i];
  }
  if (!optic_charge_for(c->core, total)) {
    return NULL;
  }
  for (size_t i = 0; i < c->count; i++) {
    Lane *lane = &k.lane[i];
    if (lane->scalar && total) {
      k.tiles->convert(optic_tile_store_of(lane->type), &lane->one, lane->store, lane->data, 1);
      lane->data = (const char *)&lane->one;
      lane->store = optic_tile_store_of(lane->type);
    }
  }
  Array *out = optic_result(c);
  if (!out || out->count == 0) {
    return out;
  }
  bool single[3];
  for (size_t i = 0; i < c->count; i++) {
    single[i] = k.lane[i].scalar;
    /* dense along the run, or repeated? The innermost axis that is not 1 decides. */
    for (uint32_t back = 1; back <= c->shape.rank && !single[i]; back++) {
      const Shape *s = &c->in[i]->shape;
      if (c->shape.at[c->shape.rank - back] != 1) {
        k.lane[i].scalar = back > s->rank || s->at[s->rank - back] == 1;
        k.direct = k.direct && optic_tile_store_of(k.lane[i].type) == k.lane[i].store;
        break;
      }
    }
  }
  char *to = out->data;
  size_t size = optic_store_size(k.out_store);
  int64_t index[OPTIC_RANK] = {0};
  for (size_t done = 0; done < out->count; done += r.run) {
    run(&k, to + done * size, r.run);
    for (int axis = (int)r.rank - 1; axis >= 0; axis--) {
      bool wraps = ++index[axis] == r.n[axis];
      int64_t steps = wraps ? 1 - r.n[axis] : 1;
      index[axis] = wraps ? 0 : index[axis];
      for (size_t i = 0; i < c->count; i++) {
        if (!single[i]) {
          k.lane[i].data += steps * r.stride[axis][i] * (int64_t)optic_store_size(k.lane[i].store);
        }
      }
      if (!wraps) {
        break;
      }
    }
  }
  return out;
}
