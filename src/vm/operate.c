/* operate.c: operators and elementwise functions on values: numbers, arrays, and trees leaf by leaf.
 *
 * Numbers are computed here, in f64; whatever meets an array goes through optic_apply; trees are walked side by side.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "tile/tile.h"
#include "vm/builtins.h"
#include "vm/object.h"
#include "vm/walk.h"

static_assert((int)G_PRIM_COUNT == (int)P_COUNT, "the graph's elementwise operations are the tile's");

static const char *op_text(OpId op)
{
  static const struct {
    OpId op;
    const char *text;
  } signs[] = {{G_add, "+"}, {G_sub, "-"}, {G_mul, "*"}, {G_div, "/"}, {G_floor_div, "//"}, {G_mod, "%"}, {G_pow, "**"},
               {G_eq, "=="}, {G_ne, "!="}, {G_lt, "<"},  {G_le, "<="}, {G_gt, ">"},         {G_ge, ">="}, {G_neg, "-"}};
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
    if (signs[i].op == op) {
      return signs[i].text;
    }
  }
  return optic_op_info(op)->name;
}

static bool fail_types(Vm *vm, OpId op, const Value *in, size_t count)
{
  char first[128];
  optic_format(first, sizeof first, "%s", optic_type_noun(vm, in[0]));
  if (count == 1) {
    return optic_fail(&vm->core.fault, D_type, "`%s` does not work on %s", op_text(op), first);
  }
  return optic_fail(&vm->core.fault, D_type, "`%s` does not work on %s and %s", op_text(op), first,
                    optic_type_noun(vm, in[1]));
}

static bool is_scalar(Value v)
{
  return v.tag == V_NUMBER || v.tag == V_BOOL;
}

static bool scalar_op(OpId op, const Value *in, size_t count, Value *out)
{
  double x[3] = {0, 0, 0};
  for (size_t i = 0; i < count; i++) {
    x[i] = in[i].tag == V_BOOL ? (double)in[i].boolean : in[i].number;
  }
  const PrimInfo *info = optic_tile_prim((PrimId)op);
  double y = optic_op_scalar(op, x);
  bool truth = info->kind == PK_BOOL || (info->kind == PK_SELECT && in[x[0] != 0 ? 1 : 2].tag == V_BOOL);
  *out = truth ? optic_bool(y != 0) : optic_number(y);
  return true;
}

/* Arrays, numbers and booleans, with at least one array. */
static bool array_op(Vm *vm, OpId op, const Value *in, size_t count, unsigned donate, Value *out)
{
  Array *arrays[3] = {NULL, NULL, NULL}, *result = NULL;
  bool fine = true;
  for (size_t i = 0; fine && i < count; i++) {
    if (in[i].tag == V_ARRAY) {
      arrays[i] = in[i].array;
    } else {
      arrays[i] = optic_to_array(vm, in[i]);
      fine = arrays[i] != NULL;
    }
  }
  if (fine) {
    result = optic_apply(&vm->core, op, arrays, count, NULL, donate);
  }
  for (size_t i = 0; i < count; i++) {
    if (in[i].tag != V_ARRAY && arrays[i]) {
      optic_array_drop(&vm->core, arrays[i]);
    }
  }
  if (!result) {
    return false;
  }
  *out = optic_from_array(vm, result);
  return true;
}

typedef struct MapOp {
  OpId op;
  unsigned donate;
} MapOp;

static bool leaf_op(void *user, Vm *vm, const char *path, size_t path_size, const Value *in, size_t count, Value *out)
{
  const MapOp *m = user;
  (void)path;
  (void)path_size;
  bool arrays = false;
  for (size_t i = 0; i < count; i++) {
    if (in[i].tag == V_ARRAY) {
      arrays = true;
    } else if (!is_scalar(in[i])) {
      return fail_types(vm, m->op, in, count);
    }
  }
  return arrays ? array_op(vm, m->op, in, count, m->donate, out) : scalar_op(m->op, in, count, out);
}

/* A list of numbers and booleans, also of such lists, down to `levels`: what NumPy would take for an array. False also
 * where the run is to stop. */
static bool is_numbers(Vm *vm, Value v, uint32_t levels)
{
  if (v.tag != V_LIST || levels == 0 || !optic_charge(&vm->core, v.list->size / 64)) {
    return false;
  }
  for (size_t i = 0; i < v.list->size; i++) {
    if (!is_scalar(v.list->at[i]) && !is_numbers(vm, v.list->at[i], levels - 1)) {
      return false;
    }
  }
  return v.list->size > 0;
}

/* Beside an array with axes, lists of numbers are arrays: array([1, 2]) + [3, 4]. */
static bool array_beside_numbers(Vm *vm, const Value *in, size_t count)
{
  bool array = false, list = false;
  for (size_t i = 0; i < count; i++) {
    array |= in[i].tag == V_ARRAY && in[i].array->shape.rank > 0;
    list |= in[i].tag == V_LIST;
  }
  for (size_t i = 0; array && list && i < count; i++) {
    list = in[i].tag != V_RECORD && (in[i].tag != V_LIST || is_numbers(vm, in[i], OPTIC_RANK));
  }
  return array && list;
}

static bool map_numbers(Vm *vm, MapOp *m, const Value *in, size_t count, Value *out)
{
  Value as[3];
  bool fine = true;
  for (size_t i = 0; i < count; i++) {
    as[i] = (Value){.tag = V_UNSET};
  }
  for (size_t i = 0; fine && i < count; i++) {
    as[i] = optic_keep(in[i]);
    Array *a;
    if (in[i].tag == V_LIST) {
      fine = optic_arg_numbers(vm, &in[i], op_text(m->op), &a);
      optic_drop(vm, as[i]);
      as[i] = fine ? optic_array_value(a) : (Value){.tag = V_UNSET};
    }
  }
  m->donate = 0;
  fine = fine && leaf_op(m, vm, "", 0, as, count, out);
  for (size_t i = 0; i < count; i++) {
    optic_drop(vm, as[i]);
  }
  return fine;
}

bool optic_map_op(Vm *vm, OpId op, Value *in, size_t count, unsigned donate, Value *out)
{
  MapOp m = {op, donate};
  bool tree = false;
  for (size_t i = 0; i < count; i++) {
    tree |= optic_is_tree(in[i]);
  }
  if (!tree) {
    return leaf_op(&m, vm, "", 0, in, count, out);
  }
  if (array_beside_numbers(vm, in, count)) {
    return map_numbers(vm, &m, in, count, out);
  }
  return optic_walk_map(vm, in, count, leaf_op, &m, &m.donate, true, out);
}

/* x ** n for a whole n as JAX forms it: by repeated squaring. */
static bool whole_power(Vm *vm, Value x, int n, Value *out)
{
  Value acc = {.tag = V_UNSET}, base = optic_keep(x);
  bool fine = true;
  for (int y = n < 0 ? -n : n; fine && y > 0; y >>= 1) {
    if (y & 1) {
      if (acc.tag == V_UNSET) {
        acc = optic_keep(base);
      } else {
        Value both[2] = {acc, base}, product;
        fine = optic_map_op(vm, G_mul, both, 2, 0, &product);
        if (fine) {
          optic_drop(vm, acc);
          acc = product;
        }
      }
    }
    if (fine && y > 1) {
      Value square;
      fine = optic_map_op(vm, G_square, &base, 1, 0, &square);
      if (fine) {
        optic_drop(vm, base);
        base = square;
      }
    }
  }
  if (fine && n < 0) {
    Value inverse;
    fine = optic_map_op(vm, G_reciprocal, &acc, 1, 0, &inverse);
    if (fine) {
      optic_drop(vm, acc);
      acc = inverse;
    }
  }
  optic_drop(vm, base);
  if (!fine) {
    optic_drop(vm, acc);
    return false;
  }
  *out = acc;
  return true;
}

static bool power(Vm *vm, Value a, Value b, unsigned donate, Value *out)
{
  if (b.tag == V_NUMBER && b.number != 0 && fabs(b.number) <= 64 && b.number == floor(b.number) && !is_scalar(a)) {
    int n = (int)b.number;
    if (n == 2) {
      return optic_map_op(vm, G_square, &a, 1, donate & 1, out);
    }
    if (a.tag == V_ARRAY || optic_is_tree(a)) {
      bool whole = n > 0 || a.tag != V_ARRAY || optic_dtype_is_float((Dtype)a.array->dtype);
      if (whole) {
        return whole_power(vm, a, n, out);
      }
    }
  }
  Value in[2] = {a, b};
  return optic_map_op(vm, G_pow, in, 2, donate, out);
}

/* An array with axes, somewhere in a tree. */
static bool holds_array(Vm *vm, Value v)
{
  if (optic_is_tree(v) && !optic_charge(&vm->core, 1)) {
    return false;
  }
  if (v.tag == V_LIST) {
    for (size_t i = 0; i < v.list->size; i++) {
      if (holds_array(vm, v.list->at[i])) {
        return true;
      }
    }
  } else if (v.tag == V_RECORD) {
    for (uint32_t i = 0; i < v.record->keys->count; i++) {
      if (holds_array(vm, v.record->at[i])) {
        return true;
      }
    }
  }
  return v.tag == V_ARRAY && v.array->shape.rank > 0;
}

/* Equality is whole unless arrays with axes are part of it and the other side can meet them element by element. */
static bool equals(Vm *vm, Arith op, Value a, Value b, Value *out)
{
  bool comparable =
      (is_scalar(a) || a.tag == V_ARRAY || optic_is_tree(a)) && (is_scalar(b) || b.tag == V_ARRAY || optic_is_tree(b));
  bool scalar_array = (a.tag == V_ARRAY && !optic_is_tree(b)) || (b.tag == V_ARRAY && !optic_is_tree(a));
  if (comparable && (scalar_array || holds_array(vm, a) || holds_array(vm, b))) {
    Value in[2] = {a, b};
    return optic_map_op(vm, op == A_EQ ? G_eq : G_ne, in, 2, 0, out);
  }
  bool same = a.tag == V_NUMBER && b.tag == V_BOOL   ? a.number == (double)b.boolean
              : a.tag == V_BOOL && b.tag == V_NUMBER ? b.number == (double)a.boolean
                                                     : optic_same(vm, a, b);
  *out = optic_bool(same == (op == A_EQ));
  return optic_charge(&vm->core, 0);
}

static bool contains(Vm *vm, Value item, Value in, bool *out)
{
  *out = false;
  if (item.tag == V_ARRAY && item.array->count == 1) { /* as indexing an array gives it */
    item = optic_number(optic_array_get(item.array, 0));
  }
  switch (in.tag) {
  case V_LIST:
    for (size_t i = 0; i < in.list->size && !*out; i++) {
      *out = optic_same(vm, item, in.list->at[i]);
    }
    return optic_charge(&vm->core, 1 + in.list->size / 16);
  case V_RECORD:
    if (item.tag == V_STRING) {
      *out =
          optic_record_get(in.record, optic_name_find(&vm->core.names, item.string->text, item.string->size)) != NULL;
      return true;
    }
    return optic_fail(&vm->core.fault, D_type, "a record's keys are strings, not %s", optic_type_noun(vm, item));
  case V_STRING:
    if (item.tag == V_STRING) {
      *out = memmem(in.string->text, in.string->size, item.string->text, item.string->size) != NULL;
      return optic_charge(&vm->core, in.string->size / 256);
    }
    return optic_fail(&vm->core.fault, D_type, "a string holds strings, not %s", optic_type_noun(vm, item));
  case V_ARRAY:
    if (item.tag == V_NUMBER || item.tag == V_BOOL) {
      double x = item.tag == V_BOOL ? (double)item.boolean : item.number;
      for (size_t i = 0; i < in.array->count && !*out; i++) {
        *out = optic_array_get(in.array, i) == x;
      }
      return optic_charge(&vm->core, in.array->count / 16);
    }
    break;
  case V_UNSET:
  case V_NONE:
  case V_BOOL:
  case V_NUMBER:
  case V_KEY:
  case V_BUILTIN:
  case V_MODULE:
  case V_CLOSURE:
  case V_BOUND:
  case V_TRANSFORM:
  case V_ITER:
  case V_SLICE:
  case V_CELL:
    break;
  }
  return optic_fail(&vm->core.fault, D_type, "`in` looks into lists, records, strings and arrays, not into %s",
                    optic_type_noun(vm, in));
}

/* Operators of strings; false in *known where it is none. */
static bool string_arith(Vm *vm, Arith op, Value a, Value b, Value *out, bool *known)
{
  *known = true;
  if (a.tag == V_STRING && b.tag == V_STRING) {
    size_t m = a.string->size, n = b.string->size, least = m < n ? m : n;
    if (op == A_ADD) {
      Text text;
      optic_text_init(&text, &vm->core.alloc);
      optic_text_add(&text, a.string->text, m);
      optic_text_add(&text, b.string->text, n);
      bool fine =
          text.oom ? optic_fail_oom(&vm->core.fault) : optic_string_value(vm, optic_text_cstr(&text), text.size, out);
      optic_text_finish(&text);
      return fine;
    }
    if (!optic_charge(&vm->core, least / 1024)) {
      return false;
    }
    int order = memcmp(a.string->text, b.string->text, least);
    order = order ? order : m < n ? -1 : m > n;
    if (op >= A_LT && op <= A_GE) {
      *out = optic_bool(op == A_LT ? order < 0 : op == A_LE ? order <= 0 : op == A_GT ? order > 0 : order >= 0);
      return true;
    }
  }
  if (op == A_MUL && a.tag == V_STRING && b.tag == V_NUMBER) {
    enum { LONGEST = 64 << 20 };
    Text text;
    if (b.number != floor(b.number)) {
      return optic_fail(&vm->core.fault, D_value, "a string is repeated a whole number of times, not %.15g", b.number);
    }
    if (b.number > LONGEST || (double)a.string->size * b.number > LONGEST) {
      return optic_fail(&vm->core.fault, D_too_large, "a string of more than %d bytes", (int)LONGEST);
    }
    if (!optic_charge(&vm->core, (uint64_t)(b.number > 0 ? b.number / 16 : 0))) {
      return false;
    }
    optic_text_init(&text, &vm->core.alloc);
    for (size_t i = 0; i < (size_t)(b.number > 0 ? b.number : 0) && !text.oom; i++) {
      optic_text_add(&text, a.string->text, a.string->size);
    }
    bool fine =
        text.oom ? optic_fail_oom(&vm->core.fault) : optic_string_value(vm, optic_text_cstr(&text), text.size, out);
    optic_text_finish(&text);
    return fine;
  }
  *known = false;
  return true;
}

static bool matmul(Vm *vm, Value a, Value b, Value *out)
{
  if (a.tag != V_ARRAY || b.tag != V_ARRAY) {
    char left[128];
    optic_format(left, sizeof left, "%s", optic_type_noun(vm, a));
    return optic_fail(&vm->core.fault, D_type, "`@` multiplies two arrays, not %s and %s", left,
                      optic_type_noun(vm, b));
  }
  Array *product = optic_apply2(&vm->core, G_matmul, a.array, b.array, NULL);
  if (!product) {
    return false;
  }
  *out = optic_from_array(vm, product);
  return true;
}

bool optic_arith(Vm *vm, Arith op, Value a, Value b, unsigned donate, Value *out)
{
  static const OpId ops[] = {[A_ADD] = G_add,        [A_SUB] = G_sub, [A_MUL] = G_mul,         [A_DIV] = G_div,
                             [A_IDIV] = G_floor_div, [A_MOD] = G_mod, [A_LT] = G_lt,           [A_LE] = G_le,
                             [A_GT] = G_gt,          [A_GE] = G_ge,   [A_AND] = G_logical_and, [A_OR] = G_logical_or};
  bool truth;
  switch (op) {
  case A_EQ:
  case A_NE:
    return equals(vm, op, a, b, out);
  case A_IN:
  case A_NOT_IN:
    if (!contains(vm, a, b, &truth)) {
      return false;
    }
    *out = optic_bool(truth == (op == A_IN));
    return true;
  case A_MATMUL:
    return matmul(vm, a, b, out);
  case A_POW:
    return power(vm, a, b, donate, out);
  case A_ADD:
  case A_SUB:
  case A_MUL:
  case A_DIV:
  case A_IDIV:
  case A_MOD:
  case A_LT:
  case A_LE:
  case A_GT:
  case A_GE:
  case A_AND:
  case A_OR:
    break;
  }
  if (a.tag == V_STRING || b.tag == V_STRING) {
    bool known, fine = string_arith(vm, op, a, b, out, &known);
    if (known) {
      return fine;
    }
  }
  Value in[2] = {a, b};
  if (optic_map_op(vm, ops[op], in, 2, donate, out)) {
    return true;
  }
  if (op == A_ADD && a.tag == V_STRING) {
    optic_fail_hint(&vm->core.fault, "text is put together with format(\"{} {}\", a, b) or str(x)");
  } else if (op == A_ADD && a.tag == V_LIST && b.tag == V_LIST && vm->core.fault.code == D_structure) {
    optic_fail_hint(&vm->core.fault, "`+` adds item by item; lists are joined by [*a, *b], and append(a, x) adds one");
  }
  return false;
}
