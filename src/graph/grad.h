/* grad.h: reverse-mode derivatives of whatever was computed through optic_apply.
 *
 * Taking a gradient is: begin a level; make a fresh input of that level for each array to differentiate with respect
 * to; compute; walk back from the result; end the level. Levels nest: the walk back of an inner level is itself
 * recorded for the outer ones. An array carries in its node the set of levels that it depends on, and an operation is
 * recorded only when one of its inputs depends on a level that is recording (core->recording).
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_GRAPH_GRAD_H
#define OPTIC_GRAPH_GRAD_H

#include "graph/op.h"

enum { OPTIC_GRAD_LEVELS = 16 };

/* Opens a level, whose number goes to `*level`; false with the fault set when they nest too deeply. */
bool optic_grad_begin(Core *core, unsigned *level);
/* A second array over x's numbers, which this level's derivatives are with respect to. Floating dtypes only. */
Array *optic_grad_input(Core *core, unsigned level, Array *x);
/* Derivatives of the scalar `y` with respect to each of `inputs` (as made by optic_grad_input): grads[i] gets a new
 * reference of inputs[i]'s shape and dtype, zeros where y does not depend on it. False with the fault set, and then
 * no grads[i] is owned. The caller must not have ended the level yet. */
bool optic_grad_backward(Core *core, unsigned level, Array *y, Array *const *inputs, size_t count, Array **grads);
/* Closes the level, also after a failure. */
void optic_grad_end(Core *core, unsigned level);
/* The same numbers without the level's history (a new reference): for results that leave the level. */
Array *optic_grad_detach(Core *core, unsigned level, Array *a);
/* The same numbers without any history: stop_gradient. */
Array *optic_stop_gradient(Core *core, Array *a);

/* For array.c: drops a node reference. Long chains are freed without recursion. */
struct GraphNode;

#endif
