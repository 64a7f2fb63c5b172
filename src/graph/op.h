/* op.h: the one door to every operation on arrays.
 *
 * An operation is named by an OpId: the elementwise ones come from tile/prim.def, the others from graph/ops.def.
 * optic_apply checks shapes and dtypes, computes at once (eager evaluation, the oracle of all later plans), and, while
 * a gradient is being taken, records how the result came about, so that grad.h can walk back. Whoever adds an
 * operation adds a row; the name in the language, the shape rule, the derivative, the documentation and the tests
 * follow from it.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_GRAPH_OP_H
#define OPTIC_GRAPH_OP_H

#include "tree/array.h"

typedef enum OpId {
#define PRIM1(id, ...) G_##id,
#define PRIM2(id, ...) G_##id,
#define PRIM3(id, ...) G_##id,
#include "tile/prim.def"
#undef PRIM1
#undef PRIM2
#undef PRIM3
  G_PRIM_COUNT,
  G_before_ops = G_PRIM_COUNT - 1,
#define OP(id, ...)     G_##id,
#define OP_NO(id, ...)  G_##id,
#define OP_VIA(id, ...) G_##id,
#include "graph/ops.def"
#undef OP
#undef OP_NO
#undef OP_VIA
  G_COUNT
} OpId;

/* What an operation needs beside arrays. Fields that it does not use are zero. What each means for an operation is
 * said in its row of ops.def. */
typedef struct Attr {
  Shape shape;               /* reshape, broadcast_to, one_hot ..: the result's shape, or a permutation of axes */
  int64_t start[OPTIC_RANK]; /* slice: per axis */
  int64_t step[OPTIC_RANK];
  int64_t axis; /* reductions, concatenate, take ..; OPTIC_ALL_AXES for all */
  int64_t n;    /* one_hot: depth .. */
  Dtype dtype;  /* astype */
  bool keepdims;
  bool flags[2]; /* matmul: transpose a, transpose b */
} Attr;
enum { OPTIC_ALL_AXES = 1000, OPTIC_SOME_AXES = 1001 /* those of `shape` */ };

typedef struct OpInfo {
  const char *name; /* in the language */
  int arity;        /* -1: any number of inputs */
  const char *doc;
  bool elementwise;    /* of prim.def */
  bool differentiable; /* false: integers, comparisons, argmax ..: its gradient is zero */
} OpInfo;
const OpInfo *optic_op_info(OpId op);
/* The elementwise operation with this name in the language, or G_COUNT. */
OpId optic_op_find_prim(const char *name, size_t size);
/* Any operation with this name in the language, or G_COUNT. */
OpId optic_op_find(const char *name, size_t size);
/* The elementwise operation on plain numbers, in f64: what numbers of the language and schedules use. */
double optic_op_scalar(OpId op, const double *in);

/* Computes `op` of `count` inputs. Inputs are borrowed. `attr` may be NULL where the operation needs none.
 * Bit k of `donate` says that the caller will not look at in[k] again: its memory may then be reused for the result
 * when nobody else refers to it (the caller still drops its reference). Returns a new reference, or NULL with the
 * fault set, and then no input has been changed. Elementwise and reducing operations charge core's steps. */
Array *optic_apply(Core *core, OpId op, Array *const *in, size_t count, const Attr *attr, unsigned donate);

/* Shorthands. */
Array *optic_apply1(Core *core, OpId op, Array *a, const Attr *attr);
Array *optic_apply2(Core *core, OpId op, Array *a, Array *b, const Attr *attr);

/* Decompositions, which have several results; recorded and differentiable as well.
 * qr: reduced Q [m, k], R [k, n] with k = min(m, n), signs as LAPACK's Householder. svd: U [m, k], S [k] descending,
 * Vt [k, n]. eigh: W [n] ascending, V [n, n]. False with the fault set. */
bool optic_apply_qr(Core *core, Array *a, Array **q, Array **r);
bool optic_apply_svd(Core *core, Array *a, Array **u, Array **s, Array **vt);
bool optic_apply_eigh(Core *core, Array *a, Array **w, Array **v);

#endif
