/* grad.c: levels of differentiation, and the walk back. See grad.h.
 *
 * The walk is iterative: first it counts, for each node that the result depends on at this level, the uses of it, then
 * it visits each node once all its uses have been. A node's cotangent lives from its first use to its visit. Afterwards
 * every node is as it was, also after a failure, so that another walk may follow.
 * SPDX-License-Identifier: MIT */
#include "graph/grad.h"

#include "graph/rule.h"

bool optic_grad_begin(Core *core, unsigned *level)
{
  if (core->grad_depth >= OPTIC_GRAD_LEVELS) {
    return optic_fail(&core->fault, D_too_deep, "gradients nest more than %d deep", OPTIC_GRAD_LEVELS);
  }
  *level = core->grad_depth++;
  core->recording |= 1u << *level;
  return true;
}

void optic_grad_end(Core *core, unsigned level)
{
  core->recording &= (1u << level) - 1;
  core->grad_depth = level;
}

/* ---- histories --------------------------------------------------------------------------------------------------- */
/* A second array over a's numbers with a node that leads to a's, which may be missing. */
static Array *with_node(Core *core, Array *a, unsigned op, uint32_t levels, unsigned level)
{
  Array *view = optic_array_view(core, a, &a->shape);
  Node *node = view ? optic_node_new(core, op, levels, 1) : NULL;
  if (!node) {
    optic_array_drop(core, view);
    return NULL;
  }
  node->level = (uint8_t)level;
  view->node = &node->head;
  if (a->node) {
    node->in[0] = optic_array_shell(core, a);
    if (!node->in[0]) {
      optic_array_drop(core, view);
      return NULL;
    }
    node->in[0]->node = a->node;
    a->node->refs++;
  }
  return view;
}

Array *optic_grad_input(Core *core, unsigned level, Array *x)
{
  if (!optic_dtype_is_float((Dtype)x->dtype)) {
    char type[DESCRIBE];
    optic_fail(&core->fault, D_gradient, "no gradient exists with respect to %s, which is not floating",
               optic_describe(x, type));
    optic_fail_hint(&core->fault, "convert it with astype(x, \"f32\"), or leave it out of what is differentiated");
    return NULL;
  }
  uint32_t outer = optic_levels(x) & ((1u << level) - 1);
  return with_node(core, x, N_INPUT, outer | 1u << level, level);
}

Array *optic_grad_detach(Core *core, unsigned level, Array *a)
{
  uint32_t outer = (1u << level) - 1, levels = optic_levels(a);
  if (!(levels & ~outer)) {
    return optic_array_keep(a);
  }
  return levels & outer ? with_node(core, a, N_ALIAS, levels & outer, 0) : optic_array_view(core, a, &a->shape);
}

Array *optic_stop_gradient(Core *core, Array *a)
{
  return a->node ? optic_array_view(core, a, &a->shape) : optic_array_keep(a);
}

/* ---- the walk back --------------------------------------------------------------------------------------------- */
typedef struct Walk {
  Core *core;
  unsigned level;
  bool failed;
  Node *list; /* nodes to visit */
} Walk;

/* The node below an edge, if this level's derivative goes there. */
static Node *below(const Walk *w, const Node *node, size_t k)
{
  if (node->op == N_INPUT && node->level == w->level) {
    return NULL;
  }
  Array *in = node->in[k];
  if (!in || !(optic_levels(in) & 1u << w->level)) {
    return NULL;
  }
  if (node->op < G_COUNT && optic_op_uses[node->op][optic_op_info((OpId)node->op)->arity < 0 ? 0 : k] & U_NO) {
    return NULL;
  }
  return (Node *)in->node;
}

static void push(Walk *w, Node *node)
{
  node->next = w->list;
  w->list = node;
}

static Node *pop(Walk *w)
{
  Node *node = w->list;
  w->list = node->next;
  node->next = NULL;
  return node;
}

static void count_uses(Walk *w, Node *top)
{
  push(w, top);
  while (w->list) {
    Node *node = pop(w);
    for (size_t k = 0; k < node->count; k++) {
      Node *next = below(w, node, k);
      if (next && next->pending++ == 0) {
        push(w, next);
      }
    }
  }
}

/* d as a cotangent of `in`: summed over what was broadcast, in its dtype. Owned by the work. */
static Array *fitted(Work *w, Array *d, const Array *in)
{
  if (d && !optic_shape_equal(&d->shape, &in->shape)) {
    bool larger = d->shape.rank > in->shape.rank;
    Shape both;
    /* A rule may leave out an axis that is the same all along; the sum then needs it. */
    if (!larger && optic_shape_broadcast(&d->shape, &in->shape, &both) && !optic_shape_equal(&both, &d->shape)) {
      d = optic_wa(w, G_broadcast_to, d, &(Attr){.shape = both});
    }
    d = optic_wa(w, G_u_sum_to, d, &(Attr){.shape = in->shape});
  }
  return d && (d->dtype != in->dtype || d->weak != in->weak) ? optic_w_cast(w, d, (Dtype)in->dtype, in->weak) : d;
}

/* Adds d to the node's cotangent. */
static bool accumulate(Core *core, Node *node, Array *d)
{
  if (!node->cotangent) {
    node->cotangent = optic_array_keep(d);
    return true;
  }
  Array *sum = optic_apply(core, G_add, (Array *const[]){node->cotangent, d}, 2, NULL, 1);
  if (sum) {
    optic_array_drop(core, node->cotangent);
    node->cotangent = sum;
  }
  return sum != NULL;
}

static bool rule_applies(Rule *r, Node *node, size_t k)
{
  static Derivative *const rules[G_COUNT - G_PRIM_COUNT] = {
#define OP(id, ...)     optic_op_grad_##id,
#define OP_NO(id, ...)  NULL,
#define OP_VIA(id, ...) NULL,
#include "graph/ops.def"
#undef OP
#undef OP_NO
#undef OP_VIA
  };
  Core *core = r->w.core;
  Array *d = node->op >= G_COUNT       ? r->g
             : node->op < G_PRIM_COUNT ? optic_prim_derivative(r, k)
                                       : rules[node->op - G_PRIM_COUNT](r, k);
  d = r->w.failed ? NULL : fitted(&r->w, d, node->in[k]);
  bool done = d && !r->w.failed && accumulate(core, (Node *)node->in[k]->node, d);
  optic_work_finish(&r->w);
  return done;
}

/* Carries the node's cotangent to its inputs. */
static bool visit(Walk *walk, Node *node)
{
  Rule r = {.node = node, .in = node->in, .g = node->cotangent, .attr = node->attr};
  bool done = true;
  if (node->out) {
    r.y = optic_array_view(walk->core, node->out, &node->out->shape);
    if (!r.y) {
      return false;
    }
    r.y->node = &node->head; /* outer levels see where it came from */
    node->head.refs++;
  }
  for (size_t k = 0; k < node->count && done; k++) {
    if (below(walk, node, k)) {
      optic_work_init(&r.w, walk->core);
      done = rule_applies(&r, node, k);
    }
  }
  optic_array_drop(walk->core, r.y);
  return done;
}

static void walk_back(Walk *w, Node *top)
{
  push(w, top);
  while (w->list) {
    Node *node = pop(w);
    if (!w->failed && node->cotangent && !visit(w, node)) {
      w->failed = true;
    }
    if (!node->wanted || w->failed) {
      optic_array_drop(w->core, node->cotangent);
      node->cotangent = NULL;
    }
    for (size_t k = 0; k < node->count; k++) {
      Node *next = below(w, node, k);
      if (next && --next->pending == 0) {
        push(w, next);
      }
    }
  }
}

static bool differentiable(Core *core, const Array *y)
{
  char type[DESCRIBE];
  if (!optic_dtype_is_float((Dtype)y->dtype)) {
    optic_fail(&core->fault, D_gradient, "only a floating number has a gradient, and the function returned %s",
               optic_describe(y, type));
    return optic_fail_hint(&core->fault, "comparisons, argmax and integers have none");
  }
  if (y->count != 1) {
    optic_fail(&core->fault, D_gradient, "only a scalar has a gradient, and the function returned %s",
               optic_describe(y, type));
    return optic_fail_hint(&core->fault, "reduce it first, for example with mean or sum");
  }
  return true;
}

/* What stands at each input after the walk: its cotangent, or zeros. False with nothing owned. */
static bool collect(Core *core, Array *const *inputs, size_t count, bool failed, Array **grads)
{
  size_t have = 0;
  for (; have < count && !failed; have++) {
    Node *node = (Node *)inputs[have]->node;
    Array *d = node && node->wanted ? node->cotangent : NULL;
    grads[have] = d ? optic_array_keep(d) : optic_array_zeros(core, (Dtype)inputs[have]->dtype, &inputs[have]->shape);
    if (!grads[have]) {
      break;
    }
    grads[have]->weak = inputs[have]->weak;
  }
  failed |= have < count;
  for (size_t i = 0; i < count; i++) {
    Node *node = (Node *)inputs[i]->node;
    if (node && node->wanted) {
      optic_array_drop(core, node->cotangent);
      node->cotangent = NULL;
      node->wanted = false;
    }
    if (failed && i < have) {
      optic_array_drop(core, grads[i]);
    }
  }
  return !failed;
}

bool optic_grad_backward(Core *core, unsigned level, Array *y, Array *const *inputs, size_t count, Array **grads)
{
  if (!differentiable(core, y)) {
    return false;
  }
  Walk w = {.core = core, .level = level};
  Node *top = optic_levels(y) & 1u << level ? (Node *)y->node : NULL;
  uint32_t recording = core->recording;
  core->recording &= (1u << level) - 1;
  for (size_t i = 0; i < count; i++) {
    Node *node = (Node *)inputs[i]->node;
    if (node && node->op == N_INPUT && node->level == level) {
      node->wanted = true;
    }
  }
  if (top) {
    top->cotangent = optic_array_new(core, (Dtype)y->dtype, &y->shape);
    if (top->cotangent) {
      optic_array_set(top->cotangent, 0, 1);
      top->cotangent->weak = y->weak;
    }
    w.failed = !top->cotangent;
    count_uses(&w, top);
    walk_back(&w, top);
  }
  core->recording = recording;
  return collect(core, inputs, count, w.failed, grads);
}
