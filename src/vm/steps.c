/* steps.c: what instructions do in the less usual cases: operands that are no numbers, methods, spread arguments, calls
 * of what is no closure. The usual cases stand in the loop of vm.c.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "vm/machine.h"

/* ---- slow paths of instructions ------------------------------------------------------------------------------ */
/* An operand without a value: names it. */
bool optic_vm_operands_set(Vm *vm, const Code *code, uint32_t pc, const Value *r, const Value *x, const Value *y)
{
  const Value *bad = x->tag == V_UNSET ? x : y->tag == V_UNSET ? y : NULL;
  return !bad || optic_fail_unset(vm, code, pc, (uint32_t)(bad - r));
}

/* May an operation write over the operand in `field`: one that is used up, or the variable that takes the result?
 * A tree is changed leaf by leaf: a variable that a handler in this function would then find half changed is kept. */
static bool may_reuse(const Vm *vm, uint16_t field, const Value *operand, const Value *result)
{
  bool caught = vm->handlers.size && vm->handlers.at[vm->handlers.size - 1].frame == vm->frame_count - 1;
  return is_temp(field) || (operand == result && !(caught && optic_is_tree(*operand)));
}

bool optic_vm_slow_arith(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in, Arith op)
{
  Value *x = operand(r, k, in.b), *y = operand(r, k, in.c), *w = &r[in.a], out;
  if (!optic_vm_operands_set(vm, code, pc, r, x, y)) {
    return false;
  }
  unsigned donate = 0;
  if (x != y) {
    donate = (may_reuse(vm, in.b, x, w) ? 1u : 0u) | (may_reuse(vm, in.c, y, w) ? 2u : 0u);
  }
  if (!optic_walk_fits(vm, *x) || !optic_walk_fits(vm, *y) || !optic_arith(vm, op, *x, *y, donate, &out)) {
    return false;
  }
  use_up(vm, r, in.b);
  use_up(vm, r, in.c);
  put(vm, w, out);
  return true;
}

bool optic_vm_slow_unary(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in)
{
  Value *x = operand(r, k, in.b), *w = &r[in.a], out;
  if (!optic_vm_operands_set(vm, code, pc, r, x, x) || !optic_walk_fits(vm, *x)) {
    return false;
  }
  if (in.op == I_NOT && x->tag != V_ARRAY) {
    bool truth;
    if (!optic_truth(vm, *x, &truth)) {
      return false;
    }
    out = optic_bool(!truth);
  } else if (!optic_map_op(vm, in.op == I_NOT ? G_logical_not : G_neg, x, 1, may_reuse(vm, in.b, x, w), &out)) {
    return false;
  }
  use_up(vm, r, in.b);
  put(vm, w, out);
  return true;
}

bool optic_vm_compare(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in, Arith op, bool *out)
{
  Value *x = operand(r, k, in.b), *y = operand(r, k, in.c), result;
  if (!optic_vm_operands_set(vm, code, pc, r, x, y) || !optic_walk_fits(vm, *x) || !optic_walk_fits(vm, *y) ||
      !optic_arith(vm, op, *x, *y, 0, &result)) {
    return false;
  }
  bool fine = optic_truth(vm, result, out);
  optic_drop(vm, result);
  use_up(vm, r, in.b);
  use_up(vm, r, in.c);
  return fine;
}

/* `and`, `or` when the left side did not decide: per element where it is an array, else the right side. */
bool optic_vm_both(Vm *vm, Value *r, Value *k, Instr in)
{
  Value *x = operand(r, k, in.b), *y = operand(r, k, in.c), out;
  if (x->tag == V_ARRAY) {
    if (!optic_walk_fits(vm, *y) || !optic_arith(vm, in.op == I_AND ? A_AND : A_OR, *x, *y, 0, &out)) {
      return false;
    }
  } else {
    out = optic_keep(*y);
  }
  use_up(vm, r, in.b);
  use_up(vm, r, in.c);
  put(vm, &r[in.a], out);
  return true;
}

/* R[a], R[a+1] for CALLM. */
bool optic_vm_find_method(Vm *vm, Value *r, Instr in, const Name *name)
{
  Value object = r[in.b];
  r[in.b].tag = V_UNSET;
  const Builtin *method;
  Value field = {.tag = V_UNSET}, self = {.tag = V_UNSET};
  const Value *own = object.tag == V_RECORD ? optic_record_get(object.record, name) : NULL;
  if (own) {
    field = optic_keep(*own);
    optic_drop(vm, object);
  } else if (object.tag != V_MODULE && optic_find_method(vm, object, name, &method)) {
    field = (Value){.tag = V_BUILTIN, .builtin = method};
    self = object;
  } else {
    bool fine = optic_get_field(vm, object, name, &field);
    optic_drop(vm, object);
    if (!fine) {
      return false;
    }
  }
  put(vm, &r[in.a], field);
  put(vm, &r[in.a + 1], self);
  return true;
}

bool optic_fail_global(Vm *vm, const Module *m, uint32_t slot)
{
  const Name *name = m->keys->names[slot];
  optic_fail(&vm->core.fault, D_undefined, "`%s` has no value yet", name->text);
  return optic_standard_index(vm, name) < 0
             ? false
             : optic_fail_hint(&vm->core.fault, "here it is a variable of the script, which hides the library's `%s`",
                               name->text);
}

bool optic_vm_show(Vm *vm, Value v)
{
  if (v.tag == V_NONE) {
    return true;
  }
  Text text;
  optic_text_init(&text, &vm->core.alloc);
  bool fine = optic_show(vm, v, &text, true);
  optic_text_char(&text, '\n');
  fine = fine && (!text.oom || optic_fail_oom(&vm->core.fault));
  fine = fine && optic_vm_write(vm, STREAM_OUT, optic_text_cstr(&text), text.size);
  optic_text_finish(&text);
  return fine;
}

bool optic_vm_raise(Vm *vm, const Value *message)
{
  if (message->tag == V_NONE || message->tag == V_UNSET) {
    return optic_fail(&vm->core.fault, D_assertion, "assertion failed");
  }
  Text text;
  optic_text_init(&text, &vm->core.alloc);
  bool fine = optic_show(vm, *message, &text, false) && !text.oom;
  if (fine) {
    optic_fail(&vm->core.fault, D_assertion, "assertion failed: %s", optic_text_cstr(&text));
  }
  optic_text_finish(&text);
  return false;
}

bool optic_vm_add_handler(Vm *vm, Handler h)
{
  Handler *slot = VEC_PUSH(&vm->core.alloc, &vm->handlers);
  if (!slot) {
    return optic_fail_oom(&vm->core.fault);
  }
  *slot = h;
  return true;
}

/* Calls R[into] or what CALLM found. Closures are entered (the loop goes on in them); the rest is done at once. */
bool optic_vm_call(Vm *vm, Value *r, uint16_t into, Value *args, uint32_t count, const Keys *named)
{
  Value fn = r[into];
  if (fn.tag == V_CLOSURE) {
    r[into].tag = V_UNSET;
    return optic_enter(vm, fn.closure, fn.closure->code, args, count, named, into, false);
  }
  Value result;
  if (!optic_invoke(vm, fn, args, count, named, &result)) {
    return false;
  }
  put(vm, &r[into], result);
  return true;
}

/* CALLX, CALLMX: arguments from a list and a record. */
bool optic_vm_call_spread(Vm *vm, Value *r, uint16_t into, Value self, Value *list, Value *record)
{
  if (!optic_list_own(vm, list) || !optic_record_own(vm, record)) {
    optic_drop(vm, self);
    return false;
  }
  List *l = list->list;
  Record *named = record->record;
  uint32_t count = named->keys->count;
  size_t self_count = self.tag == V_UNSET ? 0 : 1, all = l->size + count + self_count;
  if (all > 4000) {
    optic_drop(vm, self);
    return optic_fail(&vm->core.fault, D_arguments, "a call takes at most 4000 arguments, and this has %zu", all);
  }
  uint32_t plain = (uint32_t)(all - count);
  Segment *before = vm->segment;
  Value *args = optic_stack_room(vm, vm->top, all + 300);
  if (!args) {
    optic_drop(vm, self);
    return false;
  }
  Value *at = args;
  if (self_count) {
    *at++ = self;
  }
  for (size_t i = 0; i < l->size; i++) {
    *at++ = l->at[i];
  }
  l->size = 0;
  Keys *keys = count ? optic_keys_keep(named->keys) : NULL;
  for (uint32_t i = 0; i < count; i++) {
    *at++ = named->at[i];
    named->at[i].tag = V_UNSET;
  }
  vm->top = at;
  put(vm, list, (Value){.tag = V_UNSET});
  put(vm, record, (Value){.tag = V_UNSET});
  uint32_t frames = vm->frame_count;
  bool fine = optic_vm_call(vm, r, into, args, plain, keys);
  *(vm->frame_count > frames ? &vm->frames[frames].segment : &vm->segment) = before;
  optic_keys_drop(vm, keys);
  return fine;
}

/* CALLOWN: the argument was read from a global that is about to be assigned; a builtin that keeps its arguments whole
 * when it fails may have the only reference. */
bool optic_vm_call_own(Vm *vm, Module *m, Value *r, Instr in, const Keys *named, Instr word)
{
  Value fn = r[in.a];
  if (fn.tag == V_BUILTIN && !named && optic_builtin_keeps(vm, fn.builtin, &r[in.a + 1], in.b)) {
    Value *arg = &r[word.a], *global = &m->globals[word.d];
    if (arg->tag >= V_COUNTED && global->tag == arg->tag && global->refs == arg->refs && *arg->refs == 2) {
      --*arg->refs;
      Value lent = *arg;
      global->tag = V_UNSET;
      Value result;
      if (!optic_call_builtin_whole(vm, fn.builtin, &r[in.a + 1], in.b, NULL, &result)) {
        *global = lent; /* the registers still hold it, and give theirs up when the frame is left */
        ++*lent.refs;
        return false;
      }
      put(vm, &r[in.a], result);
      return true;
    }
  }
  return optic_vm_call(vm, r, in.a, &r[in.a + 1], positional(in.b, named), named);
}

bool optic_vm_import(Vm *vm, const Code *code, const Value *path, Value *out)
{
  Module *m;
  if (!optic_import(vm, code->module, path->string->text, path->string->size, &m)) {
    return false;
  }
  *out = (Value){.tag = V_MODULE, .module = m};
  return true;
}
