/* rule.h: what the rows of ops.def are made of; only graph/ includes it.
 *
 * One application of an operation is a Call: its shape rule checks it and settles what the result will be, its
 * evaluation computes it. What a gradient needs later is kept in a Node. Derivatives and composed operations are
 * written with a Work, through optic_apply like everything else, so that they are recorded for outer gradients.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_GRAPH_RULE_H
#define OPTIC_GRAPH_RULE_H

#include "graph/op.h"
#include "tile/tile.h"

/* ---- one application ---- */
typedef struct Call {
  Core *core;
  OpId op;
  Array *const *in; /* borrowed */
  size_t count;
  Attr attr;     /* a copy, in which the shape rule settles negative axes and the like */
  unsigned axes; /* of reductions: a bit each */
  unsigned donate;
  /* the result, as the shape rule finds it */
  Dtype dtype;
  Dtype compute; /* of elementwise operations: what the operands meet in */
  bool weak;
  bool same; /* it is the input, unchanged */
  Shape shape;
} Call;

typedef bool ShapeRule(Call *c);
typedef Array *Evaluate(Call *c); /* a new reference; nothing is recorded meanwhile */
typedef Array *Compose(Call *c);  /* the same, but recorded by its parts */

/* What an operation's derivatives read (see ops.def). */
enum { U_A = 1, U_B = 2, U_C = 4, U_Y = 8, U_NO = 16, U_G = 32 /* the cotangent: always there */ };
extern const uint8_t optic_op_uses[G_COUNT][3];

/* ---- one recorded result ---- */
typedef struct Node {
  GraphNode head;
  uint16_t op;   /* an OpId, or one of the two below */
  uint8_t level; /* of N_INPUT */
  bool wanted;   /* an input whose derivative is being taken */
  uint32_t count;
  uint32_t pending;  /* walking back: results that depend on it and have not been looked at */
  struct Node *next; /* in the list of the walk, or of nodes about to be freed */
  Array *cotangent;  /* while walking back; owned */
  Array *out;        /* the result's numbers without its node (no cycle); NULL where no derivative reads them */
  Attr *attr;        /* NULL where the operation has none */
  Array *in[];       /* inputs, or shells of them, or NULL where nothing needs even that */
} Node;
enum { N_INPUT = G_COUNT, N_ALIAS /* the same numbers with fewer levels */ };

/* A node over room for `count` inputs, all NULL; NULL with the fault set. */
Node *optic_node_new(Core *core, unsigned op, uint32_t levels, size_t count);
static inline uint32_t optic_levels(const Array *a)
{
  return a && a->node ? a->node->levels : 0;
}
void optic_node_drop(Core *core, Node *node); /* NULL is fine */

/* ---- building with operations ---- */
enum { WORK_MOST = 96 };
/* Owns what it makes until optic_work_finish. After a failure all returns are NULL and NULL arguments are fine. */
typedef struct Work {
  Core *core;
  bool failed;
  size_t count;
  Array *own[WORK_MOST];
} Work;

void optic_work_init(Work *w, Core *core);
void optic_work_finish(Work *w);
Array *optic_work_own(Work *w, Array *a); /* moves; NULL is a failure */
Array *optic_work_number(Work *w, double x);
Array *optic_work_apply(Work *w, OpId op, Array *const *in, size_t count, const Attr *attr);
Array *optic_w1(Work *w, OpId op, Array *a);
Array *optic_w2(Work *w, OpId op, Array *a, Array *b);
Array *optic_w3(Work *w, OpId op, Array *a, Array *b, Array *c);
/* The same, but the result may take a's place: `a` is w's, and nobody looks at it again. b NULL: one operand. */
Array *optic_w_over(Work *w, OpId op, Array *a, Array *b);
Array *optic_wa(Work *w, OpId op, Array *a, const Attr *attr); /* one input and attributes */
Array *optic_w_reshape(Work *w, Array *a, const Shape *shape);
Array *optic_w_cast(Work *w, Array *a, Dtype t, bool weak);
Array *optic_w_matmul(Work *w, Array *a, bool a_transposed, Array *b, bool b_transposed);
/* Of a flat array, the part from `first` on that has this shape. */
Array *optic_w_part(Work *w, Array *flat, size_t first, const Shape *shape);
/* The last result of a composed operation: the work's end, and a reference for the caller. */
Array *optic_work_result(Work *w, Array *a);

/* ---- derivatives ---- */
typedef struct Rule {
  Work w;
  const Node *node;
  Array *const *in;
  Array *g; /* the result's cotangent */
  Array *y; /* the result, where the row says that it is read */
  const Attr *attr;
} Rule;
/* The cotangent of input k, owned by r->w; its shape may still be a broadcast one and its dtype another. */
typedef Array *Derivative(Rule *r, size_t k);
Array *optic_prim_derivative(Rule *r, size_t k);

/* ---- for shape rules (operands.c) ---- */
/* Settles the dtype that all inputs meet in, as JAX promotes; a number of the language yields to arrays by its value.
 * For comparisons a number need not fit the other's dtype. False with the fault set. */
bool optic_operands(Call *c, bool comparison, bool to_float);
bool optic_axis(Call *c, int64_t axis, uint32_t rank, uint32_t *out);
/* c->axes from attr.axis; ALL and SOME are taken. */
bool optic_axes(Call *c, const Shape *s);
enum { DESCRIBE = 232 };
/* "f32[3, 4]", or "a number"; returns `out`. */
const char *optic_describe(const Array *a, char out[DESCRIBE]);
const char *optic_describe_shape(const Shape *s, char out[DESCRIBE]);
bool optic_elementwise_shape(Call *c);

/* ---- for evaluations ---- */
/* Uninitialised, or a donated input to be overwritten: one of the result's dtype and shape that nobody else holds. */
Array *optic_result(Call *c);
Array *optic_elementwise(Call *c);
/* `a` as an array of dtype t: a new reference, to itself where it is one already. */
Array *optic_as(Core *core, Array *a, Dtype t);
/* What `t` is computed in: i32, f32, f64, and bool where `bools`. */
Dtype optic_compute_dtype(Dtype t, bool bools);
Array *optic_indices(Call *c, Array *a); /* as i32, not checked for range; a new reference */
const TileTable *optic_tiles(Core *core);
bool optic_charge_for(Core *core, size_t elements);

/* Copies between two arrangements of one shape; strides in elements of `size` bytes, 0 and negative ones too. */
typedef struct Strided {
  uint32_t rank;
  int64_t n[OPTIC_RANK], to[OPTIC_RANK], from[OPTIC_RANK];
} Strided;
void optic_strided_copy(const Strided *s, size_t size, void *to, const void *from);
void optic_strides(const Shape *s, int64_t out[OPTIC_RANK]);

/* The functions of a row are written EVAL(sum) { ... }. */
#define SHAPE(id)   bool optic_op_shape_##id(Call *c)
#define EVAL(id)    Array *optic_op_eval_##id(Call *c)
#define GRAD(id)    Array *optic_op_grad_##id(Rule *r, size_t k)
#define COMPOSE(id) Array *optic_op_compose_##id(Call *c)
#define OP(id, ...)                                                                                                    \
  SHAPE(id);                                                                                                           \
  EVAL(id);                                                                                                            \
  GRAD(id);
#define OP_NO(id, ...)                                                                                                 \
  SHAPE(id);                                                                                                           \
  EVAL(id);
#define OP_VIA(id, ...) COMPOSE(id);
#include "graph/ops.def"
#undef OP
#undef OP_NO
#undef OP_VIA

#endif
