/* args.c: arguments of builtins, checked and converted; numbers and arrays into each other. See vm.h.
 *
 * `what` names an argument as "function: parameter" or "parameter"; messages put the parameter between backquotes.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "vm/builtins.h"

enum { LABEL = 160 };

/* "sum: axis" -> "sum: `axis`", "axis" -> "`axis`"; what has backquotes already stays. */
static const char *label(const char *what, char *out)
{
  const char *colon = strstr(what, ": ");
  if (strchr(what, '`')) {
    optic_format(out, LABEL, "%s", what);
  } else if (colon) {
    optic_format(out, LABEL, "%.*s`%s`", (int)(colon - what) + 2, what, colon + 2);
  } else {
    optic_format(out, LABEL, "`%s`", what);
  }
  return out;
}

static bool wrong_type(Vm *vm, const char *what, const char *wanted, Value v)
{
  char name[LABEL];
  if (v.tag == V_UNSET) {
    return optic_fail(optic_vm_fault(vm), D_arguments, "%s is missing; it must be %s", label(what, name), wanted);
  }
  return optic_fail(optic_vm_fault(vm), D_type, "%s must be %s, not %s", label(what, name), wanted,
                    optic_type_noun(vm, v));
}

bool optic_arg_number(Vm *vm, const Value *arg, const char *what, double *out)
{
  if (arg->tag == V_NUMBER) {
    *out = arg->number;
    return true;
  }
  if (arg->tag == V_BOOL) {
    *out = arg->boolean;
    return true;
  }
  if (arg->tag == V_ARRAY && arg->array->count == 1) {
    *out = optic_array_get(arg->array, 0);
    return true;
  }
  return wrong_type(vm, what, "a number", *arg);
}

bool optic_arg_int(Vm *vm, const Value *arg, const char *what, int64_t low, int64_t high, int64_t *out)
{
  char name[LABEL], shown[64];
  double x;
  if (!optic_arg_number(vm, arg, what, &x)) {
    return false;
  }
  if (x == floor(x) && fabs(x) <= 0x1p53) { /* false for NaN */
    int64_t i = (int64_t)x;
    if (i >= low && i <= high) {
      *out = i;
      return true;
    }
    if (i > high && low <= -((int64_t)1 << 53)) {
      return optic_fail(optic_vm_fault(vm), D_value, "%s must be at most %" PRId64 ", and is %" PRId64,
                        label(what, name), high, i);
    }
    if (high >= (int64_t)1 << 53) {
      return optic_fail(optic_vm_fault(vm), D_value, "%s must be at least %" PRId64 ", and is %" PRId64,
                        label(what, name), low, i);
    }
    return optic_fail(optic_vm_fault(vm), D_value, "%s must be from %" PRId64 " to %" PRId64 ", and is %" PRId64,
                      label(what, name), low, high, i);
  }
  optic_format(shown, sizeof shown, "%.15g", x);
  return optic_fail(optic_vm_fault(vm), D_value, "%s must be a whole number%s, and is %s", label(what, name),
                    x == floor(x) ? " up to 2**53" : "", shown); /* infinities are their own floor */
}

bool optic_arg_bool(Vm *vm, const Value *arg, const char *what, bool *out)
{
  if (arg->tag == V_BOOL) {
    *out = arg->boolean;
    return true;
  }
  if (arg->tag == V_ARRAY && arg->array->count == 1 && arg->array->dtype == DT_BOOL) {
    *out = optic_array_get(arg->array, 0) != 0;
    return true;
  }
  return wrong_type(vm, what, "true or false", *arg);
}

bool optic_arg_string(Vm *vm, const Value *arg, const char *what, const String **out)
{
  if (arg->tag != V_STRING) {
    return wrong_type(vm, what, "a string", *arg);
  }
  *out = arg->string;
  return true;
}

bool optic_arg_list(Vm *vm, const Value *arg, const char *what, List **out)
{
  if (arg->tag != V_LIST) {
    return wrong_type(vm, what, "a list", *arg);
  }
  *out = arg->list;
  return true;
}

bool optic_arg_record(Vm *vm, const Value *arg, const char *what, Record **out)
{
  if (arg->tag != V_RECORD) {
    return wrong_type(vm, what, "a record", *arg);
  }
  *out = arg->record;
  return true;
}

bool optic_arg_shape(Vm *vm, const Value *arg, const char *what, Shape *out)
{
  char name[LABEL];
  const int64_t most = (int64_t)1 << 53;
  Shape s = {0};
  if (arg->tag == V_LIST) {
    const List *list = arg->list;
    if (list->size > OPTIC_RANK) {
      return optic_fail(optic_vm_fault(vm), D_shape, "%s has %zu axes, and an array has at most %d", label(what, name),
                        list->size, OPTIC_RANK);
    }
    for (size_t i = 0; i < list->size; i++) {
      if (list->at[i].tag == V_LIST || !optic_arg_int(vm, &list->at[i], what, -most, most, &s.at[i])) {
        return list->at[i].tag == V_LIST ? wrong_type(vm, what, "a list of numbers", *arg) : false;
      }
    }
    s.rank = (uint32_t)list->size;
  } else if (arg->tag == V_NUMBER || (arg->tag == V_ARRAY && arg->array->shape.rank == 0)) {
    s.rank = 1;
    if (!optic_arg_int(vm, arg, what, -most, most, &s.at[0])) {
      return false;
    }
  } else if (arg->tag != V_NONE) { /* none: no axes */
    return wrong_type(vm, what, "a shape such as [3, 4]", *arg);
  }
  *out = s;
  return true;
}

bool optic_arg_dtype(Vm *vm, const Value *arg, const char *what, Dtype *out)
{
  char name[LABEL];
  if (arg->tag != V_STRING) {
    return wrong_type(vm, what, "a dtype such as \"f32\"", *arg);
  }
  if (optic_dtype_find(arg->string->text, arg->string->size, out)) {
    return true;
  }
  int shown = arg->string->size > 40 ? 40 : (int)arg->string->size;
  optic_fail(optic_vm_fault(vm), D_dtype, "%s: there is no dtype \"%.*s\"", label(what, name), shown,
             arg->string->text);
  return optic_fail_hint(optic_vm_fault(vm), "the dtypes are f32, f64, bf16, f16, i32, u8 and bool");
}

bool optic_arg_key(Vm *vm, const Value *arg, const char *what, uint64_t *out)
{
  if (arg->tag == V_KEY) {
    *out = arg->key;
    return true;
  }
  wrong_type(vm, what, "a key", *arg);
  return arg->tag == V_NUMBER ? optic_fail_hint(optic_vm_fault(vm), "key(%.15g) makes one", arg->number) : false;
}

/* ---- arrays and numbers -------------------------------------------------------------------------------------- */
Value optic_from_array(Vm *vm, Array *a)
{
  if (a->weak && a->shape.rank == 0 && !a->node) {
    double x = optic_array_get(a, 0);
    Value v = a->dtype == DT_BOOL ? optic_bool(x != 0) : optic_number(x);
    optic_array_drop(optic_vm_core(vm), a);
    return v;
  }
  return optic_array_value(a);
}

Array *optic_to_array(Vm *vm, Value v)
{
  Core *core = optic_vm_core(vm);
  switch (v.tag) {
  case V_ARRAY:
    return optic_array_keep(v.array);
  case V_NUMBER:
    return optic_array_number(core, v.number);
  case V_BOOL: {
    Array *a = optic_array_new(core, DT_BOOL, &(Shape){.rank = 0});
    if (a) {
      optic_array_set(a, 0, v.boolean);
    }
    return a;
  }
  case V_UNSET:
  case V_NONE:
  case V_KEY:
  case V_BUILTIN:
  case V_MODULE:
  case V_STRING:
  case V_LIST:
  case V_RECORD:
  case V_CLOSURE:
  case V_BOUND:
  case V_TRANSFORM:
  case V_ITER:
  case V_SLICE:
  case V_CELL:
    break;
  }
  optic_fail(optic_vm_fault(vm), D_type, "a number or an array is needed here, not %s", optic_type_noun(vm, v));
  return NULL;
}

/* ---- nested lists as arrays ---------------------------------------------------------------------------------- */
typedef struct Nest {
  Shape shape;
  bool arrays; /* an array lies in it */
  bool numbers, bools;
} Nest;

/* Follows the first items to the bottom for the shape, and all for what they hold. False with the fault set. */
static bool survey(Vm *vm, const List *list, const char *what, uint32_t level, Nest *n)
{
  char name[LABEL];
  if (level >= OPTIC_RANK) {
    return optic_fail(optic_vm_fault(vm), D_shape, "%s nests lists deeper than the %d axes of an array",
                      label(what, name), OPTIC_RANK);
  }
  if (!optic_charge(optic_vm_core(vm), 1 + list->size / 64)) { /* lists may be shared, and then few are many */
    return false;
  }
  if (level >= n->shape.rank) {
    n->shape.rank = level + 1;
    n->shape.at[level] = (int64_t)list->size;
  } else if (n->shape.at[level] != (int64_t)list->size) {
    return optic_fail(optic_vm_fault(vm), D_shape, "%s has lists of %" PRId64 " and of %zu items on one level",
                      label(what, name), n->shape.at[level], list->size);
  }
  for (size_t i = 0; i < list->size; i++) {
    Value v = list->at[i];
    if (v.tag == V_LIST) {
      if (!survey(vm, v.list, what, level + 1, n)) {
        return false;
      }
      continue;
    }
    if (v.tag != V_NUMBER && v.tag != V_BOOL && v.tag != V_ARRAY) {
      return wrong_type(vm, what, "an array, a number, or lists of those", v);
    }
    n->arrays |= v.tag == V_ARRAY;
    n->numbers |= v.tag == V_NUMBER;
    n->bools |= v.tag == V_BOOL;
    if (n->shape.rank > level + 1 && v.tag != V_ARRAY) {
      return optic_fail(optic_vm_fault(vm), D_shape, "%s has numbers and lists on one level", label(what, name));
    }
  }
  return true;
}

/* Fills from `index` on; false where a list stands where others have a number. */
static bool fill(const List *list, uint32_t level, uint32_t rank, Array *a, size_t *index)
{
  for (size_t i = 0; i < list->size; i++) {
    Value v = list->at[i];
    if ((v.tag == V_LIST) != (level + 1 < rank)) {
      return false;
    }
    if (v.tag == V_LIST) {
      if (!fill(v.list, level + 1, rank, a, index)) {
        return false;
      }
    } else {
      optic_array_set(a, (*index)++, v.tag == V_BOOL ? (double)v.boolean : v.number);
    }
  }
  return true;
}

/* Lists with arrays inside: stacked level by level, so that a gradient finds its way. */
static Array *stack_list(Vm *vm, const List *list)
{
  Core *core = optic_vm_core(vm);
  size_t bytes;
  if (list->size == 0) {
    return optic_array_zeros(core, DT_F32, &(Shape){.rank = 1});
  }
  if (!optic_size_mul(list->size, sizeof(Array *), &bytes)) {
    optic_fail_oom(&core->fault);
    return NULL;
  }
  Array **items = optic_core_zalloc(core, bytes);
  Array *a = NULL;
  size_t made = 0;
  if (!items) {
    return NULL;
  }
  for (; made < list->size; made++) {
    Value v = list->at[made];
    items[made] = v.tag == V_LIST ? stack_list(vm, v.list) : optic_to_array(vm, v);
    if (!items[made]) {
      break;
    }
  }
  if (made == list->size) {
    a = optic_apply(core, G_stack, items, made, &(Attr){.axis = 0}, 0);
  }
  for (size_t i = 0; i < made; i++) {
    optic_array_drop(core, items[i]);
  }
  optic_free(&core->alloc, items, bytes);
  return a;
}

/* `weak`: what holds numbers only stays numbers of the language, in f64; else it becomes f32. */
static Array *list_array(Vm *vm, const List *list, const char *what, bool weak)
{
  Core *core = optic_vm_core(vm);
  char name[LABEL];
  Nest n = {.arrays = false};
  if (!survey(vm, list, what, 0, &n)) {
    return NULL;
  }
  if (n.arrays) {
    Array *a = stack_list(vm, list);
    if (a && a->weak && !weak && a->dtype != DT_BOOL) {
      Array *strong = optic_apply1(core, G_astype, a, &(Attr){.dtype = DT_F32});
      optic_array_drop(core, a);
      return strong;
    }
    return a;
  }
  Dtype dtype = n.bools && !n.numbers ? DT_BOOL : weak ? DT_F64 : DT_F32;
  Array *a = optic_array_new(core, dtype, &n.shape);
  size_t index = 0;
  if (a && !fill(list, 0, n.shape.rank, a, &index)) {
    optic_array_drop(core, a);
    optic_fail(&core->fault, D_shape, "%s has numbers and lists on one level", label(what, name));
    return NULL;
  }
  if (a) {
    a->weak = weak && dtype != DT_BOOL;
  }
  return a;
}

static bool arg_array(Vm *vm, const Value *arg, const char *what, bool weak, Array **out)
{
  switch (arg->tag) {
  case V_ARRAY:
  case V_NUMBER:
  case V_BOOL:
    *out = optic_to_array(vm, *arg);
    return *out != NULL;
  case V_LIST:
    *out = list_array(vm, arg->list, what, weak);
    return *out != NULL;
  case V_RECORD:
    wrong_type(vm, what, "an array", *arg);
    return optic_fail_hint(optic_vm_fault(vm), "tree_map(f, tree) applies a function to each leaf of a tree");
  case V_UNSET:
  case V_NONE:
  case V_KEY:
  case V_BUILTIN:
  case V_MODULE:
  case V_STRING:
  case V_CLOSURE:
  case V_BOUND:
  case V_TRANSFORM:
  case V_ITER:
  case V_SLICE:
  case V_CELL:
    break;
  }
  return wrong_type(vm, what, "an array", *arg);
}

bool optic_arg_array(Vm *vm, const Value *arg, const char *what, Array **out)
{
  return arg_array(vm, arg, what, false, out);
}

bool optic_arg_numbers(Vm *vm, const Value *arg, const char *what, Array **out)
{
  return arg_array(vm, arg, what, true, out);
}
