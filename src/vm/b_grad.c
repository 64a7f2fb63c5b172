/* b_grad.c: grad and value_and_grad: functions that give a function's derivatives.
 *
 * grad(f) is a bound method: the hidden builtin `gradient` with a list [f, argnums, has_aux, with_value]. A call opens
 * a level of differentiation, puts an input of that level in the place of each floating leaf of the chosen arguments,
 * calls f, walks back from its result, and closes the level, also after a failure. What leaves the level is detached.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/pool.h"
#include "graph/grad.h"
#include "vm/builtins.h"
#include "vm/object.h"

enum { MOST_ARGS = 64 };

typedef struct Taking {
  Vm *vm;
  unsigned level;
  VEC(Array *) inputs;
  Array **grads; /* one for each input, once taken */
  size_t at;     /* the next gradient to hand out */
} Taking;

static bool has_gradient(Value leaf)
{
  return leaf.tag == V_NUMBER || leaf.tag == V_ARRAY;
}

/* ---- leaf by leaf ----------------------------------------------------------------------------------------------- */
/* An input of the level in place of a leaf; what is no number stays as it is. */
static bool to_input(void *user, Vm *vm, const char *path, size_t path_size, const Value *leaves, size_t count,
                     Value *out)
{
  Taking *t = user;
  Core *core = optic_vm_core(vm);
  (void)path, (void)path_size, (void)count;
  if (!has_gradient(leaves[0])) {
    *out = optic_keep(leaves[0]);
    return true;
  }
  Array *x = optic_to_array(vm, leaves[0]);
  Array *input = x ? optic_grad_input(core, t->level, x) : NULL;
  optic_array_drop(core, x);
  if (!input) {
    return false;
  }
  Array **slot = VEC_PUSH(&core->alloc, &t->inputs);
  if (!slot) {
    optic_array_drop(core, input);
    return optic_fail_oom(&core->fault);
  }
  *slot = optic_array_keep(input);
  *out = optic_array_value(input);
  return true;
}

/* The gradient in place of a leaf, in the same order. */
static bool to_gradient(void *user, Vm *vm, const char *path, size_t path_size, const Value *leaves, size_t count,
                        Value *out)
{
  Taking *t = user;
  (void)path, (void)path_size, (void)count;
  if (!has_gradient(leaves[0])) {
    *out = optic_none();
    return true;
  }
  Array *g = optic_grad_detach(optic_vm_core(vm), t->level, t->grads[t->at++]);
  if (g) {
    *out = optic_from_array(vm, g);
  }
  return g != NULL;
}

static bool detach_leaf(void *user, Vm *vm, const char *path, size_t path_size, const Value *leaves, size_t count,
                        Value *out)
{
  const Taking *t = user;
  (void)path, (void)path_size, (void)count;
  if (leaves[0].tag != V_ARRAY) {
    *out = optic_keep(leaves[0]);
    return true;
  }
  Array *a = optic_grad_detach(optic_vm_core(vm), t->level, leaves[0].array);
  if (a) {
    *out = optic_from_array(vm, a);
  }
  return a != NULL;
}

/* ---- one call ---------------------------------------------------------------------------------------------------- */
typedef struct Asked {
  Value function; /* borrowed, as all here */
  Value argnums;
  bool has_aux, with_value;
  const List *args;
  const Record *named;
} Asked;

/* Which argument the i-th of `argnums` is. */
static bool argnum(Vm *vm, const Asked *a, size_t i, size_t *out)
{
  const Value *v = a->argnums.tag == V_LIST ? &a->argnums.list->at[i] : &a->argnums;
  int64_t n;
  if (!optic_arg_int(vm, v, "grad: argnums", -MOST_ARGS, MOST_ARGS, &n)) {
    return false;
  }
  int64_t size = (int64_t)a->args->size;
  if (n < -size || n >= size) {
    return optic_fail(optic_vm_fault(vm), D_arguments,
                      "grad: `argnums` is %" PRId64 ", and the call has %zu positional argument%s", n, a->args->size,
                      a->args->size == 1 ? "" : "s");
  }
  *out = (size_t)(n < 0 ? n + size : n);
  return true;
}

/* Calls the function with inputs in the chosen arguments. */
static bool call_inside(Vm *vm, const Asked *a, Taking *t, Value *result)
{
  Value args[MOST_ARGS];
  bool chosen[MOST_ARGS] = {false};
  size_t n = a->args->size, count = a->argnums.tag == V_LIST ? a->argnums.list->size : 1;
  if (n > MOST_ARGS) {
    return optic_fail(optic_vm_fault(vm), D_arguments, "grad: at most %d arguments", MOST_ARGS);
  }
  for (size_t i = 0; i < n; i++) {
    args[i] = optic_keep(a->args->at[i]);
  }
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++) {
    size_t k;
    Value inside;
    ok = argnum(vm, a, i, &k);
    if (ok && chosen[k]) {
      ok = optic_fail(optic_vm_fault(vm), D_arguments, "grad: `argnums` names argument %zu twice", k);
    }
    ok = ok && optic_tree_map(vm, &args[k], 1, to_input, t, &inside);
    if (ok) {
      optic_drop(vm, args[k]);
      args[k] = inside;
      chosen[k] = true;
    }
  }
  if (!ok) {
    for (size_t i = 0; i < n; i++) {
      optic_drop(vm, args[i]);
    }
    return false;
  }
  return optic_call_named(vm, a->function, args, n, a->named, result);
}

/* The function's result as the scalar to differentiate, a new reference. */
static Array *scalar_result(Vm *vm, Value v, bool has_aux)
{
  if (v.tag == V_NUMBER ||
      (v.tag == V_ARRAY && v.array->shape.rank == 0 && optic_dtype_is_float((Dtype)v.array->dtype))) {
    return optic_to_array(vm, v);
  }
  optic_fail(optic_vm_fault(vm), D_gradient, "a gradient is taken of a function whose %s is a number, and this is %s",
             has_aux ? "first result" : "result", optic_type_noun(vm, v));
  if (v.tag == V_ARRAY) {
    optic_fail_hint(optic_vm_fault(vm), optic_dtype_is_float((Dtype)v.array->dtype)
                                            ? "reduce it with sum or mean"
                                            : "only floating numbers have a gradient");
  } else if (v.tag == V_LIST && v.list->size == 2 && !has_aux) {
    optic_fail_hint(optic_vm_fault(vm), "has_aux = true says that a second result comes along");
  }
  return NULL;
}

/* Moves a and b into a list. */
static bool pair(Vm *vm, Value a, Value b, Value *out)
{
  List *list = optic_list_new(vm, 2);
  if (!list) {
    optic_drop(vm, a);
    optic_drop(vm, b);
    return false;
  }
  Value v = {.tag = V_LIST, .list = list};
  if (!optic_list_push(vm, list, a)) {
    optic_drop(vm, b);
    optic_drop(vm, v);
    return false;
  }
  if (!optic_list_push(vm, list, b)) {
    optic_drop(vm, v);
    return false;
  }
  *out = v;
  return true;
}

/* The gradients as trees like the arguments that were chosen. */
static bool gradient_trees(Vm *vm, const Asked *a, Taking *t, Value *out)
{
  size_t k;
  if (a->argnums.tag != V_LIST) {
    return argnum(vm, a, 0, &k) && optic_tree_map(vm, &a->args->at[k], 1, to_gradient, t, out);
  }
  List *list = optic_list_new(vm, a->argnums.list->size);
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < a->argnums.list->size; i++) {
    Value tree;
    ok = argnum(vm, a, i, &k) && optic_tree_map(vm, &a->args->at[k], 1, to_gradient, t, &tree) &&
         optic_list_push(vm, list, tree);
  }
  Value v = {.tag = V_LIST, .list = list};
  if (ok) {
    *out = v;
  } else if (list) {
    optic_drop(vm, v);
  }
  return ok;
}

/* What the caller asked for, of the scalar, the auxiliary result and the gradients (moved). */
static bool assemble(Vm *vm, const Asked *a, Taking *t, Array *y, Value aux, Value grads, Value *result)
{
  Value extra = optic_none(), value = optic_none();
  bool ok = true;
  if (a->has_aux) {
    ok = optic_tree_map(vm, &aux, 1, detach_leaf, t, &extra);
    extra = ok ? extra : optic_none();
  }
  if (ok && a->with_value) {
    Array *plain = optic_grad_detach(optic_vm_core(vm), t->level, y);
    ok = plain != NULL;
    value = ok ? optic_from_array(vm, plain) : value;
  }
  if (!ok) {
    optic_drop(vm, extra);
    optic_drop(vm, grads);
    return false;
  }
  if (!a->with_value && !a->has_aux) {
    *result = grads;
    return true;
  }
  if (!a->with_value) {
    return pair(vm, grads, extra, result);
  }
  if (a->has_aux && !pair(vm, value, extra, &value)) {
    optic_drop(vm, grads);
    return false;
  }
  return pair(vm, value, grads, result);
}

/* With the level open. */
static bool take(Vm *vm, const Asked *a, Taking *t, Value *result)
{
  Core *core = optic_vm_core(vm);
  Value out, grads;
  if (!call_inside(vm, a, t, &out)) {
    return false;
  }
  bool two = out.tag == V_LIST && out.list->size == 2;
  if (a->has_aux && !two) {
    optic_fail(&core->fault, D_gradient, "with has_aux the function returns [value, aux], and this is %s",
               optic_type_noun(vm, out));
    optic_drop(vm, out);
    return false;
  }
  Array *y = scalar_result(vm, a->has_aux ? out.list->at[0] : out, a->has_aux);
  size_t count = t->inputs.size, bytes = (count ? count : 1) * sizeof *t->grads;
  t->grads = y ? optic_core_zalloc(core, bytes) : NULL;
  bool ok = t->grads && optic_grad_backward(core, t->level, y, t->inputs.at, count, t->grads);
  if (ok) {
    ok = gradient_trees(vm, a, t, &grads);
    for (size_t i = 0; i < count; i++) {
      optic_array_drop(core, t->grads[i]);
    }
    ok = ok && assemble(vm, a, t, y, a->has_aux ? out.list->at[1] : optic_none(), grads, result);
  }
  optic_free(&core->alloc, t->grads, t->grads ? bytes : 0);
  optic_array_drop(core, y);
  optic_drop(vm, out);
  return ok;
}

static bool b_gradient(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  const Value *spec = args[0].list->at;
  Asked a = {.function = spec[0],
             .argnums = spec[1],
             .has_aux = spec[2].boolean,
             .with_value = spec[3].boolean,
             .args = args[1].list,
             .named = args[2].record};
  Taking t = {.vm = vm};
  if (!optic_grad_begin(core, &t.level)) {
    return false;
  }
  bool ok = take(vm, &a, &t, result);
  for (size_t i = 0; i < t.inputs.size; i++) {
    optic_array_drop(core, t.inputs.at[i]);
  }
  VEC_FINISH(&core->alloc, &t.inputs);
  optic_grad_end(core, t.level);
  return ok;
}

static const Builtin gradient = {"gradient(function, *args, **named)",
                                 "What grad and value_and_grad give: calls the function, and gives derivatives.",
                                 b_gradient, BUILTIN_METHOD_ONLY};

/* ---- the functions of the language ------------------------------------------------------------------------------ */
/* args: f, argnums, has_aux */
static bool make(Vm *vm, const Value *args, bool with_value, Value *result)
{
  const char *name = with_value ? "value_and_grad" : "grad";
  Value parts[4] = {args[0], args[1], args[2], optic_bool(with_value)};
  if (!optic_is_function(args[0])) {
    return optic_fail(optic_vm_fault(vm), D_type, "%s: a function is needed, not %s", name,
                      optic_type_noun(vm, args[0]));
  }
  if (args[2].tag != V_BOOL) {
    return optic_fail(optic_vm_fault(vm), D_type, "%s: `has_aux` must be true or false", name);
  }
  bool numbers = args[1].tag == V_NUMBER || args[1].tag == V_LIST;
  for (size_t i = 0; args[1].tag == V_LIST && i < args[1].list->size; i++) {
    numbers &= args[1].list->at[i].tag == V_NUMBER;
  }
  if (!numbers) {
    return optic_fail(optic_vm_fault(vm), D_type, "%s: `argnums` must be a number or a list of numbers", name);
  }
  List *spec = optic_list_new(vm, 4);
  Value v = {.tag = V_LIST, .list = spec};
  Bound *bound = spec ? optic_pool_get(optic_vm_core(vm), sizeof *bound) : NULL;
  bool ok = bound != NULL;
  uint32_t depth = 1;
  for (size_t i = 0; ok && i < 4; i++) {
    ok = optic_list_push(vm, spec, optic_keep(parts[i]));
  }
  ok = ok && optic_deepen(vm, &depth, v);
  if (!ok) {
    if (spec) {
      optic_drop(vm, v);
    }
    optic_pool_put(optic_vm_core(vm), bound, sizeof *bound);
    return false;
  }
  *bound = (Bound){.refs = 1, .depth = depth, .method = &gradient, .self = v};
  *result = (Value){.tag = V_BOUND, .bound = bound};
  return true;
}

static bool b_grad(Vm *vm, Value *args, Value *result)
{
  return make(vm, args, false, result);
}

static bool b_value_and_grad(Vm *vm, Value *args, Value *result)
{
  return make(vm, args, true, result);
}

static bool b_jit(Vm *vm, Value *args, Value *result)
{
  if (!optic_is_function(args[0])) {
    return optic_fail(optic_vm_fault(vm), D_type, "jit: a function is needed, not %s", optic_type_noun(vm, args[0]));
  }
  *result = optic_keep(args[0]);
  return true;
}

static const Builtin rows[] = {
    {"grad(f, argnums = 0, has_aux = false)",
     "A function that gives the derivative of f's result, a scalar, with respect to an argument: a tree like it.\n\n"
     "`argnums` is the argument's number, or a list of numbers, which gives a list. With `has_aux` f returns\n"
     "[value, aux], and the result is [gradient, aux]. Leaves that are no numbers have the gradient none.\n\n"
     ">>> grad(x -> x ** 3)(2)\n12\n>>> grad(p -> p.x * p.y)({x: 2, y: 3})\n{x: 3, y: 2}",
     b_grad, 0},
    {"value_and_grad(f, argnums = 0, has_aux = false)",
     "As grad, but the function gives [value, gradient], or [[value, aux], gradient] with `has_aux`.\n\n"
     ">>> value_and_grad(x -> x ** 2)(3)\n[9, 6]",
     b_value_and_grad, 0},
    {"jit(f)",
     "The function itself: everything in Optic is planned and fused without being asked to.\n\n>>> jit(x -> x + "
     "1)(1)\n2",
     b_jit, 0},
};

const BuiltinTable optic_b_grad = BUILTIN_TABLE(rows);
