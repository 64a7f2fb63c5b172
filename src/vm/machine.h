/* machine.h: what the loop (vm.c) and the calls (call.c) share.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_MACHINE_H
#define OPTIC_VM_MACHINE_H

#include "vm/object.h"

/* `need` values from `at` on, or from the beginning of the next segment where they do not fit; NULL: no memory. */
Value *optic_stack_room(Vm *vm, Value *at, size_t need);
/* Is there C stack for a walk through this value? False with the fault set. */
bool optic_walk_fits(Vm *vm, Value v);
bool optic_enter(Vm *vm, Closure *closure, const Code *code, Value *args, uint32_t count, const Keys *named,
                 uint16_t into, bool from_c);
bool optic_run_frames(Vm *vm, uint32_t base, Value *result);
/* Would a call with these positional arguments leave them whole where it fails, and not call the language back? */
bool optic_builtin_keeps(Vm *vm, const Builtin *b, const Value *args, uint32_t count);
/* As optic_call_builtin, but a builtin that fails leaves args[] as they were: where optic_builtin_keeps says so. */
bool optic_call_builtin_whole(Vm *vm, const Builtin *b, Value *args, uint32_t count, const Keys *named, Value *result);

/* Runs code on top of what is running, keeping the trace: for imports. */
bool optic_vm_run_more(Vm *vm, const Code *code);
Segment *optic_first_segment(Vm *vm);
void optic_segments_finish(Vm *vm);

/* ---- unit.c */
/* Parses, checks, and unless `check_only` compiles. NULL with diagnostics, with the fault, or when only checking. */
const Proto *optic_vm_proto(Vm *vm, Module *module, const char *name, const char *text, size_t size, bool show,
                            bool check_only, Diags *diags, bool *incomplete);
void optic_codes_finish(Vm *vm);
void optic_units_finish(Vm *vm);

/* ---- standard.c */
void optic_standard_finish(Vm *vm);

/* ---- value.c */
/* Adds a name that is not there yet to keys that nobody else holds. */
bool optic_keys_add(Vm *vm, Keys *keys, const Name *name);

/* ---- registers and operands */
static inline Value *operand(Value *r, Value *k, uint16_t field)
{
  return field & OPERAND_CONST ? &k[field & 0x7fff] : &r[field & OPERAND_INDEX];
}

static inline bool is_temp(uint16_t field)
{
  return (field & (OPERAND_TEMP | OPERAND_CONST)) == OPERAND_TEMP;
}

static inline void use_up(Vm *vm, Value *r, uint16_t field)
{
  if (is_temp(field)) {
    Value *v = &r[field & OPERAND_INDEX];
    Value old = *v;
    v->tag = V_UNSET;
    optic_drop(vm, old);
  }
}

static inline void put(Vm *vm, Value *to, Value v)
{
  Value old = *to;
  *to = v;
  optic_drop(vm, old);
}

static inline void clear_registers(Vm *vm, Value *from, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    Value v = from[i];
    from[i].tag = V_UNSET;
    if (v.tag >= V_COUNTED) {
      optic_drop(vm, v);
    }
  }
}

/* Leaves the innermost frame: frees its registers. */
static inline void leave_frame(Vm *vm)
{
  Frame *f = &vm->frames[--vm->frame_count];
  clear_registers(vm, f->regs, f->code->proto->registers);
  if (f->closure) {
    optic_drop(vm, (Value){.tag = V_CLOSURE, .closure = f->closure});
  }
  while (vm->handlers.size && vm->handlers.at[vm->handlers.size - 1].frame >= vm->frame_count) {
    vm->handlers.size--;
  }
  vm->segment = f->segment;
}

/* The name list of a call's keyword arguments, which are the last of its values. */
static inline const Keys *keywords(const Code *code, uint16_t c)
{
  return c == NO_NAMES ? NULL : code->names[c];
}

static inline uint32_t positional(uint32_t all, const Keys *named)
{
  return named ? all - named->count : all;
}

/* ---- frames.c */
/* After a failure: finds the innermost handler of the frames above `base` and makes ready to go on there; false when
 * there is none, and then all those frames are gone. */
bool optic_vm_unwind(Vm *vm, uint32_t base);
/* The variable in a register at this instruction, for "has no value yet". */
bool optic_fail_unset(Vm *vm, const Code *code, uint32_t pc, uint32_t reg);

/* ---- making.c */
Cell *optic_vm_cell_new(Vm *vm, Value content);
bool optic_vm_make_closure(Vm *vm, const Frame *f, const Code *child, Value *out);
bool optic_vm_make_transform(Vm *vm, const TransformDesc *desc, Value *from, Value *out);
bool optic_vm_make_list(Vm *vm, Value *from, uint32_t count, Value *out);
bool optic_vm_make_record(Vm *vm, Keys *keys, Value *from, Value *out);
bool optic_vm_list_spread(Vm *vm, Value *list, Value *from);
bool optic_vm_record_spread(Vm *vm, Value *record, Value *from);
bool optic_vm_make_slice(Vm *vm, Value *from, Value *out);
/* The `before` first items of R[b], with `rest` a list of what is in the middle, then the `after` last. */
bool optic_vm_unpack(Vm *vm, Value *to, Value *from, uint32_t before, uint32_t after, bool rest);

/* ---- steps.c */
/* An operand without a value: names it. */
bool optic_vm_operands_set(Vm *vm, const Code *code, uint32_t pc, const Value *r, const Value *x, const Value *y);
bool optic_vm_slow_arith(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in, Arith op);
bool optic_vm_slow_unary(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in);
bool optic_vm_compare(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in, Arith op, bool *out);
/* `and`, `or` when the left side did not decide: per element where it is an array, else the right side. */
bool optic_vm_both(Vm *vm, Value *r, Value *k, Instr in);
/* R[a], R[a+1] for CALLM. */
bool optic_vm_find_method(Vm *vm, Value *r, Instr in, const Name *name);
bool optic_fail_global(Vm *vm, const Module *m, uint32_t slot);
bool optic_vm_show(Vm *vm, Value v);
bool optic_vm_raise(Vm *vm, const Value *message);
bool optic_vm_add_handler(Vm *vm, Handler h);
/* Calls R[into] or what CALLM found. Closures are entered (the loop goes on in them); the rest is done at once. */
bool optic_vm_call(Vm *vm, Value *r, uint16_t into, Value *args, uint32_t count, const Keys *named);
/* CALLX, CALLMX: arguments from a list and a record. */
bool optic_vm_call_spread(Vm *vm, Value *r, uint16_t into, Value self, Value *list, Value *record);
/* CALLOWN: the argument was read from a global that is about to be assigned; a builtin that keeps its arguments whole
 * when it fails may have the only reference. */
bool optic_vm_call_own(Vm *vm, Module *m, Value *r, Instr in, const Keys *named, Instr word);
bool optic_vm_import(Vm *vm, const Code *code, const Value *path, Value *out);

#endif
