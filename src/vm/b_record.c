/* b_record.c: functions of records. Records are values: see b_list.c.
 * SPDX-License-Identifier: MIT */
#include "vm/builtins.h"

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

typedef enum Which { NAMES, VALUES, PAIRS } Which;

static bool field_item(Vm *vm, const Name *name, Value value, Which which, Value *out)
{
  Value key;
  if (which == VALUES) {
    *out = optic_keep(value);
    return true;
  }
  if (!optic_string_value(vm, name->text, name->size, &key)) {
    return false;
  }
  if (which == NAMES) {
    *out = key;
    return true;
  }
  List *pair = optic_list_new(vm, 2);
  if (!pair) {
    optic_drop(vm, key);
    return false;
  }
  return finish(vm, pair, optic_list_push(vm, pair, key) && optic_list_push(vm, pair, optic_keep(value)), out);
}

static bool fields(Vm *vm, const Value *args, const char *what, Which which, Value *result)
{
  Record *r;
  if (!optic_arg_record(vm, &args[0], what, &r)) {
    return false;
  }
  List *list = optic_list_new(vm, r->keys->count);
  bool ok = list != NULL;
  for (uint32_t i = 0; ok && i < r->keys->count; i++) {
    Value item;
    ok = field_item(vm, r->keys->names[i], r->at[i], which, &item) && optic_list_push(vm, list, item);
  }
  return finish(vm, list, ok, result);
}

static bool b_keys(Vm *vm, Value *args, Value *result)
{
  return fields(vm, args, "keys: record", NAMES, result);
}

static bool b_values(Vm *vm, Value *args, Value *result)
{
  return fields(vm, args, "values: record", VALUES, result);
}

static bool b_items(Vm *vm, Value *args, Value *result)
{
  return fields(vm, args, "items: record", PAIRS, result);
}

/* A borrowed string as a name; NULL with the fault set. */
static const Name *name_of(Vm *vm, const Value *v, const char *what)
{
  Core *core = optic_vm_core(vm);
  const String *s;
  if (!optic_arg_string(vm, v, what, &s)) {
    return NULL;
  }
  if (s->size > core->limits.name_bytes) {
    optic_fail(&core->fault, D_too_large, "a name of %zu bytes is longer than %u", s->size, core->limits.name_bytes);
    return NULL;
  }
  const Name *name = optic_name(&core->names, s->text, s->size);
  if (!name) {
    optic_fail_oom(&core->fault);
  }
  return name;
}

/* Adds pairs [name, value], or another record's fields. */
static bool add_fields(Vm *vm, Record *r, Value from)
{
  if (from.tag == V_RECORD) {
    for (uint32_t i = 0; i < from.record->keys->count; i++) {
      if (!optic_record_set(vm, r, from.record->keys->names[i], optic_keep(from.record->at[i]))) {
        return false;
      }
    }
    return true;
  }
  Iter *it;
  int got = optic_iterate(vm, from, &it) ? 1 : -1;
  if (got < 0) {
    return false;
  }
  while (got > 0) {
    Value pair;
    if ((got = optic_iter_next(vm, it, &pair)) <= 0) {
      break;
    }
    bool ok = pair.tag == V_LIST && pair.list->size == 2;
    if (!ok) {
      optic_fail(optic_vm_fault(vm), D_type, "record: a list of pairs [name, value] is needed, and an item is %s",
                 optic_type_noun(vm, pair));
    }
    const Name *name = ok ? name_of(vm, &pair.list->at[0], "record: name") : NULL;
    got = name && optic_record_set(vm, r, name, optic_keep(pair.list->at[1])) ? 1 : -1;
    optic_drop(vm, pair);
  }
  optic_iter_drop(vm, it);
  return got == 0;
}

static bool b_record(Vm *vm, Value *args, Value *result)
{
  Record *r = optic_record_new(vm);
  if (!r) {
    return false;
  }
  Value v = {.tag = V_RECORD, .record = r};
  if ((args[0].tag != V_NONE && !add_fields(vm, r, args[0])) || !add_fields(vm, r, args[1])) {
    optic_drop(vm, v);
    return false;
  }
  *result = v;
  return true;
}

static bool b_has(Vm *vm, Value *args, Value *result)
{
  Record *r;
  const String *s;
  if (!optic_arg_record(vm, &args[0], "has: record", &r) || !optic_arg_string(vm, &args[1], "has: name", &s)) {
    return false;
  }
  const Name *name = optic_name_find(&optic_vm_core(vm)->names, s->text, s->size);
  *result = optic_bool(name && optic_record_get(r, name));
  return true;
}

static bool b_remove(Vm *vm, Value *args, Value *result)
{
  Record *r;
  const String *s;
  if (!optic_arg_record(vm, &args[0], "remove: record", &r) || !optic_arg_string(vm, &args[1], "remove: name", &s)) {
    return false;
  }
  const Name *name = optic_name_find(&optic_vm_core(vm)->names, s->text, s->size);
  if (!name || !optic_record_get(r, name)) {
    return optic_fail(optic_vm_fault(vm), D_no_field, "remove: the record has no field `%.*s`",
                      (int)(s->size > 200 ? 200 : s->size), s->text);
  }
  if (!optic_record_own(vm, &args[0]) || !optic_record_remove(vm, args[0].record, name)) {
    return false;
  }
  *result = args[0];
  args[0].tag = V_UNSET;
  return true;
}

static const Builtin rows[] = {
    {"keys(record)", "The names of the fields, in the order of their making.\n\n>>> keys({b: 1, a: 2})\n[\"b\", \"a\"]",
     b_keys, BUILTIN_OF_RECORD},
    {"values(record)", "The values of the fields, in the order of their making.\n\n>>> values({b: 1, a: 2})\n[1, 2]",
     b_values, BUILTIN_OF_RECORD},
    {"items(record)",
     "Lists [name, value] of the fields, in the order of their making.\n\n"
     ">>> items({b: 1, a: 2})\n[[\"b\", 1], [\"a\", 2]]",
     b_items, BUILTIN_OF_RECORD},
    {"record(pairs = none, **named)",
     "A record of pairs [name, value], of another record's fields, and of keyword arguments.\n\n"
     ">>> record([[\"a\", 1]], b = 2)\n{a: 1, b: 2}",
     b_record, 0},
    {"has(record, name)", "Has the record a field of this name?\n\n>>> has({a: 1}, \"a\")\ntrue", b_has,
     BUILTIN_OF_RECORD},
    {"remove(record, name)", "The record without a field that it has.\n\n>>> remove({a: 1, b: 2}, \"a\")\n{b: 2}",
     b_remove, BUILTIN_INPLACE | BUILTIN_OF_RECORD},
};

const BuiltinTable optic_b_record = BUILTIN_TABLE(rows);
