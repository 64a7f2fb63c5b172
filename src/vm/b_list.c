/* b_list.c: functions of lists and of whatever can be iterated over.
 *
 * Lists are values: what changes one gives the changed one. Where nobody else holds it, that happens in place, so
 * `xs = append(xs, x)` takes constant time.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include <math.h>
#include <string.h>

#include "vm/builtins.h"

static bool wrong(Vm *vm, const char *function, const char *wanted, Value v)
{
  return optic_fail(optic_vm_fault(vm), D_type, "%s: %s is needed, not %s", function, wanted, optic_type_noun(vm, v));
}

static bool arg_function(Vm *vm, Value f, const char *function)
{
  if (optic_is_function(f)) {
    return true;
  }
  wrong(vm, function, "a function", f);
  return f.tag == V_LIST || f.tag == V_ITER || f.tag == V_ARRAY
             ? optic_fail_hint(optic_vm_fault(vm), "the function comes first: %s(f, xs)", function)
             : false;
}

/* Moves the list: the result where `ok`, else dropped. NULL is fine. */
static bool finish(Vm *vm, List *list, bool ok, Value *result)
{
  Value v = {.tag = V_LIST, .list = list};
  if (ok && list) {
    *result = v;
    return true;
  }
  if (list) {
    optic_drop(vm, v);
  }
  return false;
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */
static bool b_len(Vm *vm, Value *args, Value *result)
{
  Value v = args[0];
  int64_t n = -1;
  if (v.tag == V_LIST) {
    n = (int64_t)v.list->size;
  } else if (v.tag == V_RECORD) {
    n = (int64_t)v.record->keys->count;
  } else if (v.tag == V_STRING) {
    n = (int64_t)optic_utf8_width(v.string->text, v.string->size);
    if (!optic_charge(optic_vm_core(vm), v.string->size / 1024)) {
      return false;
    }
  } else if (v.tag == V_ARRAY && v.array->shape.rank) {
    n = v.array->shape.at[0];
  } else if (v.tag == V_ITER) {
    n = v.iter->type->length ? v.iter->type->length(vm, v.iter) : -1;
  }
  if (n < 0) {
    return optic_fail(optic_vm_fault(vm), D_type, "%s has no length", optic_type_noun(vm, v));
  }
  *result = optic_number((double)n);
  return true;
}

static bool b_index_of(Vm *vm, Value *args, Value *result)
{
  *result = optic_none();
  if (args[0].tag == V_STRING) {
    const String *s = args[0].string, *part;
    if (!optic_arg_string(vm, &args[1], "index_of: item", &part)) {
      return false;
    }
    const char *found = memmem(s->text, s->size, part->text, part->size);
    if (found) {
      *result = optic_number((double)optic_utf8_width(s->text, (size_t)(found - s->text)));
    }
    return optic_charge(optic_vm_core(vm), s->size / 256);
  }
  if (args[0].tag != V_LIST) {
    return wrong(vm, "index_of", "a list or string", args[0]);
  }
  for (size_t i = 0; i < args[0].list->size; i++) {
    if (optic_same(vm, args[0].list->at[i], args[1])) {
      *result = optic_number((double)i);
      break;
    }
  }
  return optic_charge(optic_vm_core(vm), 1 + args[0].list->size / 16);
}

/* ---- mapping --------------------------------------------------------------------------------------------------- */
enum { MOST_SEQUENCES = 8 };

static bool b_map(Vm *vm, Value *args, Value *result)
{
  const List *more = args[2].list;
  Iter *its[MOST_SEQUENCES] = {NULL};
  size_t count = more->size + 1;
  if (!arg_function(vm, args[0], "map")) {
    return false;
  }
  if (count > MOST_SEQUENCES) {
    return optic_fail(optic_vm_fault(vm), D_arguments, "map: at most %d sequences", MOST_SEQUENCES);
  }
  List *list = optic_list_new(vm, 8);
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < count; i++) {
    ok = optic_iterate(vm, i ? more->at[i - 1] : args[1], &its[i]);
    its[i] = ok ? its[i] : NULL;
  }
  int got = ok ? 1 : -1;
  while (got > 0) {
    Value in[MOST_SEQUENCES], out;
    size_t have = 0;
    while (have < count && (got = optic_iter_next(vm, its[have], &in[have])) > 0) {
      have++;
    }
    if (got <= 0) {
      while (have) {
        optic_drop(vm, in[--have]);
      }
    } else if (!optic_call(vm, args[0], in, count, &out) || !optic_list_push(vm, list, out)) {
      got = -1;
    }
  }
  for (size_t i = 0; i < count; i++) {
    optic_iter_drop(vm, its[i]);
  }
  return finish(vm, list, got == 0, result);
}

static bool b_filter(Vm *vm, Value *args, Value *result)
{
  Iter *it;
  if (!arg_function(vm, args[0], "filter") || !optic_iterate(vm, args[1], &it)) {
    return false;
  }
  List *list = optic_list_new(vm, 8);
  int got = list ? 1 : -1;
  while (got > 0) {
    Value item, answer;
    if ((got = optic_iter_next(vm, it, &item)) <= 0) {
      break;
    }
    Value in = optic_keep(item);
    bool yes = false, ok = optic_call(vm, args[0], &in, 1, &answer);
    if (ok) {
      ok = optic_truth(vm, answer, &yes);
      optic_drop(vm, answer);
    }
    if (ok && yes) {
      ok = optic_list_push(vm, list, item);
    } else {
      optic_drop(vm, item);
    }
    got = ok ? 1 : -1;
  }
  optic_iter_drop(vm, it);
  return finish(vm, list, got == 0, result);
}

static bool b_reduce(Vm *vm, Value *args, Value *result)
{
  Iter *it;
  if (!arg_function(vm, args[0], "reduce") || !optic_iterate(vm, args[1], &it)) {
    return false;
  }
  Value acc = optic_keep(args[2]);
  int got = acc.tag == V_UNSET ? optic_iter_next(vm, it, &acc) : 1;
  if (got == 0) {
    optic_fail(optic_vm_fault(vm), D_value, "reduce: an empty sequence has no first item, and no `init` is given");
    got = -1;
  } else if (got < 0) {
    acc = optic_none();
  }
  while (got > 0) {
    Value in[2] = {acc, optic_none()};
    if ((got = optic_iter_next(vm, it, &in[1])) > 0 && !optic_call(vm, args[0], in, 2, &acc)) {
      acc = optic_none();
      got = -1;
    }
  }
  optic_iter_drop(vm, it);
  if (got == 0) {
    *result = acc;
  } else {
    optic_drop(vm, acc);
  }
  return got == 0;
}

static bool b_list(Vm *vm, Value *args, Value *result)
{
  return optic_to_list(vm, args[0], result);
}

/* ---- order ----------------------------------------------------------------------------------------------------- */
static bool scalar(Value v, double *x)
{
  if (v.tag == V_NUMBER || v.tag == V_BOOL) {
    *x = v.tag == V_NUMBER ? v.number : (double)v.boolean;
    return true;
  }
  if (v.tag == V_ARRAY && v.array->count == 1) {
    *x = optic_array_get(v.array, 0);
    return true;
  }
  return false;
}

/* Negative, 0, positive, NaN being greater than all else. False with the fault set where there is no order. */
static bool compare(Vm *vm, Value a, Value b, int *order)
{
  double x, y;
  if (scalar(a, &x) && scalar(b, &y)) {
    *order = x < y ? -1 : x > y ? 1 : (isnan(x) != 0) - (isnan(y) != 0);
    return true;
  }
  if (a.tag == V_STRING && b.tag == V_STRING) {
    size_t least = a.string->size < b.string->size ? a.string->size : b.string->size;
    if (!optic_charge(optic_vm_core(vm), least / 1024)) {
      return false;
    }
    *order = memcmp(a.string->text, b.string->text, least);
    *order = *order ? *order : (a.string->size > b.string->size) - (a.string->size < b.string->size);
    return true;
  }
  if (a.tag == V_LIST && b.tag == V_LIST) {
    if (!optic_charge(optic_vm_core(vm), 1)) {
      return false;
    }
    for (size_t i = 0; i < a.list->size && i < b.list->size; i++) {
      if (!compare(vm, a.list->at[i], b.list->at[i], order)) {
        return false;
      }
      if (*order) {
        return true;
      }
    }
    *order = (a.list->size > b.list->size) - (a.list->size < b.list->size);
    return true;
  }
  char first[64];
  optic_format(first, sizeof first, "%s", optic_type_noun(vm, a));
  return optic_fail(optic_vm_fault(vm), D_type, "sorted: %s and %s have no order", first, optic_type_noun(vm, b));
}

/* Merge sort, bottom up, of indices into keys[]; stable. */
static bool sort_indices(Vm *vm, const Value *keys, size_t *order, size_t *spare, size_t n, bool reverse)
{
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t low = 0; low < n; low += 2 * width) {
      size_t mid = low + width < n ? low + width : n, high = low + 2 * width < n ? low + 2 * width : n;
      for (size_t i = low, j = mid, to = low; to < high; to++) {
        int c = i < mid ? -1 : 1;
        if (i < mid && j < high) {
          if (!compare(vm, keys[order[i]], keys[order[j]], &c)) {
            return false;
          }
          c = reverse ? -c : c;
        }
        spare[to] = c <= 0 ? order[i++] : order[j++];
      }
    }
    memcpy(order, spare, n * sizeof *order);
    if (!optic_charge(optic_vm_core(vm), n / 4 + 1)) {
      return false;
    }
  }
  return true;
}

/* The items of `list` in the order of keys[]; *result is new. */
static bool sort_by(Vm *vm, const List *list, const Value *keys, bool reverse, Value *result)
{
  Core *core = optic_vm_core(vm);
  size_t n = list->size, bytes;
  if (!optic_size_mul(n ? n : 1, 2 * sizeof(size_t), &bytes)) {
    return optic_fail_oom(&core->fault);
  }
  size_t *order = optic_core_alloc(core, bytes);
  if (!order) {
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    order[i] = i;
  }
  bool ok = sort_indices(vm, keys, order, order + n, n, reverse);
  List *sorted = ok ? optic_list_new(vm, n) : NULL;
  ok = sorted != NULL;
  for (size_t i = 0; ok && i < n; i++) {
    ok = optic_list_push(vm, sorted, optic_keep(list->at[order[i]]));
  }
  optic_free(&core->alloc, order, bytes);
  return finish(vm, sorted, ok, result);
}

static bool b_sorted(Vm *vm, Value *args, Value *result)
{
  Value items, keys;
  bool reverse, by_key = optic_given(args[1]);
  if (!optic_arg_bool(vm, &args[2], "sorted: reverse", &reverse)) {
    return false;
  }
  if (by_key && !optic_is_function(args[1])) {
    return wrong(vm, "sorted", "a function as `key`", args[1]);
  }
  if (!optic_to_list(vm, args[0], &items)) {
    return false;
  }
  List *made = by_key ? optic_list_new(vm, items.list->size) : NULL;
  bool ok = !by_key || made;
  for (size_t i = 0; by_key && ok && i < items.list->size; i++) {
    Value in = optic_keep(items.list->at[i]), key;
    ok = optic_call(vm, args[1], &in, 1, &key) && optic_list_push(vm, made, key);
  }
  keys = (Value){.tag = V_LIST, .list = by_key ? made : items.list};
  ok = ok && sort_by(vm, items.list, keys.list->at, reverse, result);
  if (made) {
    optic_drop(vm, keys);
  }
  optic_drop(vm, items);
  return ok;
}

static bool b_reversed(Vm *vm, Value *args, Value *result)
{
  Value items;
  if (!optic_to_list(vm, args[0], &items)) {
    return false;
  }
  List *list = optic_list_new(vm, items.list->size);
  bool ok = list != NULL;
  for (size_t i = items.list->size; ok && i > 0; i--) {
    ok = optic_list_push(vm, list, optic_keep(items.list->at[i - 1]));
  }
  optic_drop(vm, items);
  return finish(vm, list, ok, result);
}

/* ---- changing lists -------------------------------------------------------------------------------------------- */
static void hand_over(Value *arg, Value *result)
{
  *result = *arg;
  arg->tag = V_UNSET;
}

static bool b_append(Vm *vm, Value *args, Value *result)
{
  if (args[0].tag != V_LIST) {
    wrong(vm, "append", "a list", args[0]);
    return args[0].tag == V_ARRAY ? optic_fail_hint(optic_vm_fault(vm), "concatenate([a, b]) joins arrays") : false;
  }
  if (!optic_list_own(vm, &args[0]) || !optic_list_push(vm, args[0].list, optic_keep(args[1]))) {
    return false;
  }
  hand_over(&args[0], result);
  return true;
}

static bool b_extend(Vm *vm, Value *args, Value *result)
{
  Iter *it;
  if (args[0].tag != V_LIST) {
    return wrong(vm, "extend", "a list", args[0]);
  }
  if (!optic_iterate(vm, args[1], &it)) {
    return false;
  }
  int got = optic_list_own(vm, &args[0]) ? 1 : -1;
  size_t before = args[0].list->size;
  while (got > 0) {
    Value item;
    got = optic_charge(optic_vm_core(vm), 1) ? optic_iter_next(vm, it, &item) : -1;
    if (got > 0 && !optic_list_push(vm, args[0].list, item)) {
      got = -1;
    }
  }
  optic_iter_drop(vm, it);
  if (got < 0) { /* as it was */
    List *list = args[0].list;
    while (list->size > before) {
      optic_drop(vm, list->at[--list->size]);
    }
    return false;
  }
  hand_over(&args[0], result);
  return true;
}

static bool b_insert(Vm *vm, Value *args, Value *result)
{
  int64_t at;
  if (args[0].tag != V_LIST) {
    return wrong(vm, "insert", "a list", args[0]);
  }
  int64_t size = (int64_t)args[0].list->size;
  if (!optic_arg_int(vm, &args[1], "insert: index", -size, size, &at)) {
    return false;
  }
  if (!optic_list_own(vm, &args[0]) || !optic_list_push(vm, args[0].list, optic_keep(args[2]))) {
    return false;
  }
  List *list = args[0].list;
  size_t to = (size_t)(at < 0 ? at + size : at);
  optic_vm_core(vm)->steps_used += (uint64_t)size / 64; /* what is moved; the next charge sees it */
  Value item = list->at[list->size - 1];
  memmove(&list->at[to + 1], &list->at[to], (list->size - 1 - to) * sizeof item);
  list->at[to] = item;
  hand_over(&args[0], result);
  return true;
}

static const Builtin rows[] = {
    {"len(x)",
     "How many items a list or sequence has, fields a record, characters a string, rows an array.\n\n"
     ">>> len([1, 2, 3])\n3",
     b_len, 0},
    {"map(f, sequence, *more)",
     "The list of f(item), or of f of an item from each sequence until the shortest ends.\n\n"
     ">>> map(x -> x ** 2, [1, 2, 3])\n[1, 4, 9]",
     b_map, 0},
    {"filter(f, sequence)",
     "The list of the items for which f(item) is true.\n\n>>> filter(x -> x > 1, [1, 2, 3])\n[2, 3]", b_filter, 0},
    {"reduce(f, sequence, init = first)",
     "f(f(f(init, a), b), c) for the items a, b, c; without `init` it begins with the first item.\n\n"
     ">>> reduce((a, b) -> a * b, [2, 3, 4])\n24",
     b_reduce, 0},
    {"list(sequence)", "What a sequence yields, as a list.\n\n>>> list(range(3))\n[0, 1, 2]", b_list, BUILTIN_OF_ITER},
    {"sorted(sequence, key = none, reverse = false)",
     "A list in ascending order of numbers, strings or lists, or of what the function `key` makes of each item.\n\n"
     "Equal items keep their order.\n\n>>> sorted([\"bb\", \"a\"], key = len)\n[\"a\", \"bb\"]",
     b_sorted, 0},
    {"reversed(sequence)", "A list in reverse order.\n\n>>> reversed([1, 2, 3])\n[3, 2, 1]", b_reversed, 0},
    {"append(list, item)",
     "The list with one more item at its end.\n\n`xs = append(xs, x)` takes constant time.\n\n"
     ">>> append([1, 2], 3)\n[1, 2, 3]",
     b_append, BUILTIN_INPLACE | BUILTIN_OF_LIST},
    {"extend(list, sequence)",
     "The list with all items of a sequence after its own.\n\n>>> extend([1], [2, 3])\n[1, 2, 3]", b_extend,
     BUILTIN_INPLACE | BUILTIN_OF_LIST},
    {"insert(list, index, item)",
     "The list with an item more, before the one at `index`.\n\n>>> insert([1, 3], 1, 2)\n[1, 2, 3]", b_insert,
     BUILTIN_INPLACE | BUILTIN_OF_LIST},
    {"index_of(x, item)",
     "The index of the first such item of a list, or of a part of a string; none where there is none.\n\n"
     ">>> index_of([5, 6, 7], 6)\n1",
     b_index_of, BUILTIN_OF_LIST | BUILTIN_OF_STRING},
};

const BuiltinTable optic_b_list = BUILTIN_TABLE(rows);
