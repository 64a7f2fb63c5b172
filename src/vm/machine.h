/* machine.h: what the loop (vm.c) and the calls (call.c) share.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_MACHINE_H
#define OPTIC_VM_MACHINE_H

#include "vm/object.h"

/* `need` values from `at` on, or from the beginning of the next segment where they do not fit; NULL: no memory. */
Value *optic_stack_room(Vm *vm, Value *at, size_t need);
/* Is there C stack for a walk through this value? False with the fault set. */
bool optic_walk_fits(Vm *vm, Value v);
bool optic_enter(Vm *vm, Closure *closure, const Code *code, Value *args, uint32_t count, const Keys *named, uint16_t into,
                 bool from_c);
bool optic_run_frames(Vm *vm, uint32_t base, Value *result);
/* Would a call with these positional arguments leave them whole where it fails? */
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

#endif
