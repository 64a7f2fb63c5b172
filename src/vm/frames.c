/* frames.c: registers, frames, and what happens when something fails.
 *
 * Invariants. A register is always a valid Value. Registers above the running frame's are V_UNSET. A frame's registers
 * may overlap its caller's from the arguments on: that is how arguments are passed. Whatever fails sets core.fault and
 * ends in optic_vm_unwind, which looks for a handler, notes each call it leaves, and frees its registers.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/pool.h"
#include "vm/machine.h"

enum { SEGMENT = 8192 }; /* values, at least */

/* ---- registers ----------------------------------------------------------------------------------------------- */
static Segment *segment_new(Vm *vm, size_t need)
{
  size_t size = need > SEGMENT ? need : SEGMENT;
  Segment *s = optic_core_zalloc(&vm->core, sizeof *s + size * sizeof(Value));
  if (s) {
    s->size = (uint32_t)size;
  }
  return s;
}

Segment *optic_first_segment(Vm *vm)
{
  return segment_new(vm, SEGMENT);
}

void optic_segments_finish(Vm *vm)
{
  Segment *s = vm->segment;
  while (s && s->prev) {
    s = s->prev;
  }
  while (s) {
    Segment *dead = s;
    s = s->next;
    optic_free(&vm->core.alloc, dead, sizeof *dead + dead->size * sizeof(Value));
  }
  vm->segment = NULL;
}

/* `need` values from `at` on, or from the beginning of the next segment when they do not fit here. */
Value *optic_stack_room(Vm *vm, Value *at, size_t need)
{
  Segment *s = vm->segment;
  if (at >= s->at && at <= s->at + s->size && need <= (size_t)(s->at + s->size - at)) {
    return at;
  }
  if (s->next && s->next->size < need) {
    for (Segment *rest = s->next; rest;) {
      Segment *dead = rest;
      rest = rest->next;
      optic_free(&vm->core.alloc, dead, sizeof *dead + dead->size * sizeof(Value));
    }
    s->next = NULL;
  }
  if (!s->next) {
    s->next = segment_new(vm, need);
    if (!s->next) {
      return NULL;
    }
    s->next->prev = s;
  }
  vm->segment = s->next;
  return vm->segment->at;
}

/* ---- frames -------------------------------------------------------------------------------------------------- */
/* Enters a closure whose arguments stand in args[0 .. count), followed by `named`'s. Takes over the closure's reference
 * and the arguments, also when it fails. `into`: the caller's register for the result. */
bool optic_enter(Vm *vm, Closure *closure, const Code *code, Value *args, uint32_t count, const Keys *named,
                 uint16_t into, bool from_c)
{
  const Proto *p = code->proto;
  uint32_t given = count + (named ? named->count : 0);
  Segment *before = vm->segment;
  if (vm->frame_count >= vm->core.limits.calls) {
    optic_fail(&vm->core.fault, D_too_deep, "calls are nested deeper than %u", vm->core.limits.calls);
    optic_fail_hint(&vm->core.fault, "does a function call itself without end?");
    goto failed;
  }
  if (vm->frame_count == vm->frame_cap) {
    uint32_t cap = vm->frame_cap ? vm->frame_cap * 2 : 32;
    Frame *frames = optic_resize(&vm->core.alloc, vm->frames, vm->frame_cap * sizeof *frames, cap * sizeof *frames);
    if (!frames) {
      optic_fail_oom(&vm->core.fault);
      goto failed;
    }
    vm->frames = frames;
    vm->frame_cap = cap;
  }
  size_t need = p->registers > given ? p->registers : given;
  Value *regs = optic_stack_room(vm, args, need);
  if (!regs) {
    goto failed;
  }
  if (regs != args) {
    for (uint32_t i = 0; i < given; i++) {
      regs[i] = args[i];
      args[i].tag = V_UNSET;
    }
    args = regs;
  } else if (vm->top > args + given) {
    clear_registers(vm, args + given, (size_t)(vm->top - args - given)); /* what the caller left above its arguments */
  }
  if ((named || count != p->param_count || p->has_rest || p->has_named) &&
      !optic_bind_closure(vm, p, args, count, named)) {
    vm->segment = before;
    optic_drop(vm, closure ? (Value){.tag = V_CLOSURE, .closure = closure} : optic_none());
    return false;
  }
  vm->frames[vm->frame_count++] =
      (Frame){.code = code, .closure = closure, .regs = regs, .segment = before, .into = into, .from_c = from_c};
  vm->top = regs + p->registers;
  return true;
failed:
  clear_registers(vm, args, given);
  optic_drop(vm, closure ? (Value){.tag = V_CLOSURE, .closure = closure} : optic_none());
  return false;
}

/* ---- failures ------------------------------------------------------------------------------------------------ */
void optic_trace_reset(Vm *vm)
{
  vm->trace_count = 0;
}

static void note_call(Vm *vm, const Frame *f)
{
  const Proto *p = f->code->proto;
  /* The top level of a file that is imported goes by the file's name. */
  bool imported = !f->closure && f->code->module != vm->main;
  TraceCall call = {.function = imported ? f->code->module->name : p->name,
                    .at = {p->source, f->pc ? p->spans[f->pc - 1] : p->span},
                    .times = 1,
                    .standard = f->code->module->standard};
  TraceCall *last = vm->trace_count ? &vm->trace[vm->trace_count - 1] : NULL;
  if (last && last->function == call.function && last->at.source == call.at.source &&
      last->at.span.first == call.at.span.first) {
    last->times++;
  } else if (vm->trace_count < TRACE) {
    vm->trace[vm->trace_count++] = call;
  } else {
    *last = call; /* the outermost one is kept at any rate */
  }
}

static bool catchable(DiagCode code)
{
  return code != D_interrupted && code != D_out_of_steps && code != D_internal;
}

static bool error_record(Vm *vm, Value *out)
{
  const Fault *fault = &vm->core.fault;
  Record *r = optic_record_new(vm);
  if (!r) {
    return false;
  }
  const char *parts[3][2] = {
      {"message", fault->message}, {"hint", fault->hint}, {"code", optic_diag_info(fault->code)->code}};
  for (int i = 0; i < 3; i++) {
    Value text;
    if (!optic_string_value(vm, parts[i][1], strlen(parts[i][1]), &text) ||
        !optic_record_set_cstr(vm, r, parts[i][0], text)) {
      optic_drop(vm, (Value){.tag = V_RECORD, .record = r});
      return false;
    }
  }
  *out = (Value){.tag = V_RECORD, .record = r};
  return true;
}

/* After a failure: finds the innermost handler of the frames above `base` and makes ready to go on there; false when
 * there is none, and then all those frames are gone. */
bool optic_vm_unwind(Vm *vm, uint32_t base)
{
  while (vm->frame_count > base) {
    uint32_t top = vm->frame_count - 1;
    Frame *f = &vm->frames[top];
    if (vm->handlers.size && vm->handlers.at[vm->handlers.size - 1].frame == top && catchable(vm->core.fault.code)) {
      Handler h = vm->handlers.at[--vm->handlers.size];
      Value error;
      vm->top = f->regs + f->code->proto->registers;
      if (error_record(vm, &error)) {
        optic_drop(vm, f->regs[h.reg]);
        f->regs[h.reg] = error;
        f->pc = h.pc;
        optic_fault_clear(&vm->core.fault);
        optic_trace_reset(vm);
        return true;
      }
      continue;
    }
    note_call(vm, f);
    leave_frame(vm);
  }
  if (vm->frame_count) {
    Frame *f = &vm->frames[vm->frame_count - 1];
    vm->top = f->regs + f->code->proto->registers;
  }
  return false;
}

/* The variable in a register at this instruction, for "has no value yet". */
bool optic_fail_unset(Vm *vm, const Code *code, uint32_t pc, uint32_t reg)
{
  const Proto *p = code->proto;
  for (uint32_t i = 0; i < p->local_count; i++) {
    const LocalName *l = &p->locals[i];
    if (l->reg == reg && pc > l->first && pc <= l->last + 1) {
      return optic_fail(&vm->core.fault, D_undefined, "`%s` has no value yet", l->name->text);
    }
  }
  return optic_fail(&vm->core.fault, D_undefined, "a variable is read that has no value yet");
}
