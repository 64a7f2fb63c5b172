/* op.c: the table of operations, and their application: shape rule, record, evaluation. See op.h.
 *
 * A failure is harmless because of the order: whatever can fail comes before anything is written, and an evaluation
 * that writes in place does so after its own last allocation.
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "base/pool.h"
#include "graph/rule.h"

typedef struct Row {
  ShapeRule *shape; /* NULL: composed */
  Evaluate *eval;
  Compose *compose;
} Row;

static const Row rows[G_COUNT - G_PRIM_COUNT] = {
#define OP(id, ...)     {optic_op_shape_##id, optic_op_eval_##id, NULL},
#define OP_NO(id, ...)  {optic_op_shape_##id, optic_op_eval_##id, NULL},
#define OP_VIA(id, ...) {NULL, NULL, optic_op_compose_##id},
#include "graph/ops.def"
#undef OP
#undef OP_NO
#undef OP_VIA
};

static bool is_prim(OpId op)
{
  return op < G_PRIM_COUNT;
}

static unsigned uses(OpId op, size_t k)
{
  return optic_op_uses[op][optic_op_info(op)->arity < 0 ? 0 : k];
}

static bool has_name(OpId op, const char *name, size_t size)
{
  const char *have = optic_op_info(op)->name;
  return strlen(have) == size && !memcmp(have, name, size);
}

OpId optic_op_find_prim(const char *name, size_t size)
{
  int op = 0;
  while (op < G_PRIM_COUNT && !has_name((OpId)op, name, size)) {
    op++;
  }
  return op < G_PRIM_COUNT ? (OpId)op : G_COUNT;
}

OpId optic_op_find(const char *name, size_t size)
{
  int op = 0;
  while (op < G_COUNT && (!has_name((OpId)op, name, size) || !strncmp(optic_op_info((OpId)op)->name, "u_", 2))) {
    op++;
  }
  return (OpId)op;
}

double optic_op_scalar(OpId op, const double *in)
{
  return optic_tile_scalar((PrimId)op, in);
}

/* ---- records -------------------------------------------------------------------------------------------------- */
enum { SMALL = 64 /* bytes: an array this small is kept whole, which costs no more than a shell */ };

static void node_destroy(Core *core, GraphNode *head)
{
  /* Nodes whose last reference goes are put in a list instead of being freed from within each other: a chain may have
   * millions. */
  Node *list = (Node *)head;
  list->next = NULL;
  while (list) {
    Node *node = list;
    list = node->next;
    for (size_t k = 0; k < node->count; k++) {
      Array *in = node->in[k];
      if (in && in->refs == 1 && in->node) {
        Node *below = (Node *)in->node;
        in->node = NULL;
        if (--below->head.refs == 0) {
          below->next = list;
          list = below;
        }
      }
      optic_array_drop(core, in);
    }
    optic_array_drop(core, node->out);
    optic_array_drop(core, node->cotangent);
    optic_pool_put(core, node->attr, sizeof *node->attr);
    optic_pool_put(core, node, sizeof *node + node->count * sizeof *node->in);
  }
}

void optic_node_drop(Core *core, Node *node)
{
  if (node && --node->head.refs == 0) {
    node_destroy(core, &node->head);
  }
}

Node *optic_node_new(Core *core, unsigned op, uint32_t levels, size_t count)
{
  Node *node = optic_pool_get(core, sizeof *node + count * sizeof *node->in);
  if (node) {
    *node = (Node){
        .head = {.refs = 1, .levels = levels, .destroy = node_destroy}, .op = (uint16_t)op, .count = (uint32_t)count};
    for (size_t k = 0; k < count; k++) {
      node->in[k] = NULL;
    }
  }
  return node;
}

/* The levels for which a derivative of this call may be asked. */
static uint32_t levels_of(const Call *c)
{
  uint32_t levels = 0;
  if (c->core->recording && optic_dtype_is_float(c->dtype)) {
    for (size_t k = 0; k < c->count; k++) {
      levels |= optic_levels(c->in[k]) && !(uses(c->op, k) & U_NO) ? optic_levels(c->in[k]) : 0;
    }
  }
  return levels & c->core->recording;
}

/* What the derivatives will need of the inputs; of the result, room for it. */
static Node *record(const Call *c, uint32_t levels)
{
  Core *core = c->core;
  Node *node = optic_node_new(core, c->op, levels, c->count);
  if (!node) {
    return NULL;
  }
  unsigned need = 0;
  for (size_t k = 0; k < c->count; k++) {
    need |= optic_levels(c->in[k]) & levels ? uses(c->op, k) : 0;
  }
  bool many = optic_op_info(c->op)->arity < 0;
  for (size_t k = 0; k < c->count; k++) {
    Array *in = c->in[k];
    bool whole = !many && (need & (unsigned)U_A << k), follow = optic_levels(in) & levels;
    if (whole || (follow && in->count * optic_dtype_size((Dtype)in->dtype) <= SMALL)) {
      node->in[k] = optic_array_keep(in);
    } else if (follow || many) {
      Array *shell = optic_array_shell(core, in);
      if (!shell) {
        optic_node_drop(core, node);
        return NULL;
      }
      node->in[k] = shell;
      if (in->node) {
        shell->node = in->node;
        shell->node->refs++;
      }
    }
  }
  bool failed = false;
  if (need & U_Y) {
    node->out = optic_array_shell(core, c->in[0]);
    failed = !node->out;
  }
  if (!failed && !is_prim(c->op)) {
    node->attr = optic_pool_get(core, sizeof *node->attr);
    failed = !node->attr;
    if (!failed) {
      *node->attr = c->attr;
    }
  }
  if (failed) {
    optic_node_drop(core, node);
    return NULL;
  }
  return node;
}

/* ---- application ---------------------------------------------------------------------------------------------- */
static bool arity_fits(Core *core, OpId op, size_t count)
{
  int arity = optic_op_info(op)->arity;
  if (arity < 0 ? count >= 1 : count == (size_t)arity) {
    return true;
  }
  const char *name = optic_op_info(op)->name;
  return arity < 0 ? optic_fail(&core->fault, D_arguments, "`%s` needs one array at least", name)
                   : optic_fail(&core->fault, D_arguments, "`%s` takes %d operand%s, and has %zu", name, arity,
                                arity == 1 ? "" : "s", count);
}

static Attr default_attr(OpId op)
{
  Attr attr = {.axis = OPTIC_ALL_AXES};
  if (op == G_softmax || op == G_log_softmax || op == G_cumsum || op == G_sort || op == G_argsort) {
    attr.axis = -1;
  } else if (op == G_concatenate || op == G_stack || op == G_take || op == G_take_along) {
    attr.axis = 0;
  }
  return attr;
}

/* The fresh result takes the record's place in the graph. */
static void attach(Core *core, Array *out, Node *node)
{
  if (out->node) { /* a donated input, whose own history the record holds where it needs it */
    Node *old = (Node *)out->node;
    out->node = NULL;
    optic_node_drop(core, old);
  }
  if (node) {
    if (node->out) {
      optic_array_adopt(node->out, out);
    }
    out->node = &node->head;
  }
}

Array *optic_apply(Core *core, OpId op, Array *const *in, size_t count, const Attr *attr, unsigned donate)
{
  const Row *row = is_prim(op) ? NULL : &rows[op - G_PRIM_COUNT];
  if (!arity_fits(core, op, count) || !optic_charge(core, 1)) {
    return NULL;
  }
  Call c = {.core = core, .op = op, .in = in, .count = count, .donate = donate};
  if (row) {
    c.attr = attr ? *attr : default_attr(op);
  }
  if (row && row->compose) {
    return row->compose(&c);
  }
  if (!(row ? row->shape(&c) : optic_elementwise_shape(&c))) {
    return NULL;
  }
  if (c.same) {
    return optic_array_keep(in[0]);
  }
  uint32_t levels = levels_of(&c);
  Node *node = NULL;
  if (levels && !(node = record(&c, levels))) {
    return NULL;
  }
  uint32_t recording = core->recording;
  core->recording = 0;
  Array *out = row ? row->eval(&c) : optic_elementwise(&c);
  core->recording = recording;
  if (!out) {
    optic_node_drop(core, node);
    return NULL;
  }
#ifndef NDEBUG
  for (size_t k = 0; k < count; k++) {
    assert(out != in[k] || (donate & 1u << k));
  }
#endif
  attach(core, out, node);
  return out;
}

Array *optic_apply1(Core *core, OpId op, Array *a, const Attr *attr)
{
  return optic_apply(core, op, &a, 1, attr, 0);
}

Array *optic_apply2(Core *core, OpId op, Array *a, Array *b, const Attr *attr)
{
  return optic_apply(core, op, (Array *const[]){a, b}, 2, attr, 0);
}
