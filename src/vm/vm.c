/* vm.c: the machine: frames, registers, and the loop that carries out instructions.
 *
 * Invariants. A register is always a valid Value. Registers above the running frame's are V_UNSET. A frame's registers
 * may overlap its caller's from the arguments on: that is how arguments are passed. Whatever fails sets core.fault and
 * ends in `unwind`, which looks for a handler, notes each call it leaves, and frees its registers.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "vm/machine.h"

enum { SEGMENT = 8192 };

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

static void clear(Vm *vm, Value *from, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    Value v = from[i];
    from[i].tag = V_UNSET;
    if (v.tag >= V_COUNTED) {
      optic_drop(vm, v);
    }
  }
}

/* ---- frames -------------------------------------------------------------------------------------------------- */
/* Enters a closure whose arguments stand in args[0 .. count), followed by `named`'s. Takes over the closure's reference
 * and the arguments, also when it fails. `into`: the caller's register for the result. */
bool optic_enter(Vm *vm, Closure *closure, const Code *code, Value *args, uint32_t count, const Keys *named, uint16_t into,
                 bool from_c)
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
    clear(vm, args + given, (size_t)(vm->top - args - given)); /* what the caller left above its arguments */
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
  clear(vm, args, given);
  optic_drop(vm, closure ? (Value){.tag = V_CLOSURE, .closure = closure} : optic_none());
  return false;
}

/* Leaves the innermost frame: frees its registers. */
static void leave(Vm *vm)
{
  Frame *f = &vm->frames[--vm->frame_count];
  clear(vm, f->regs, f->code->proto->registers);
  if (f->closure) {
    optic_drop(vm, (Value){.tag = V_CLOSURE, .closure = f->closure});
  }
  while (vm->handlers.size && vm->handlers.at[vm->handlers.size - 1].frame >= vm->frame_count) {
    vm->handlers.size--;
  }
  vm->segment = f->segment;
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
  const char *parts[3][2] = {{"message", fault->message}, {"hint", fault->hint}, {"code", optic_diag_info(fault->code)->code}};
  for (int i = 0; i < 3; i++) {
    Value text;
    if (!optic_string_value(vm, parts[i][1], strlen(parts[i][1]), &text) || !optic_record_set_cstr(vm, r, parts[i][0], text)) {
      optic_drop(vm, (Value){.tag = V_RECORD, .record = r});
      return false;
    }
  }
  *out = (Value){.tag = V_RECORD, .record = r};
  return true;
}

/* After a failure: finds the innermost handler of the frames above `base` and makes ready to go on there; false when
 * there is none, and then all those frames are gone. */
static bool unwind(Vm *vm, uint32_t base)
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
    leave(vm);
  }
  if (vm->frame_count) {
    Frame *f = &vm->frames[vm->frame_count - 1];
    vm->top = f->regs + f->code->proto->registers;
  }
  return false;
}

/* The variable in a register at this instruction, for "has no value yet". */
static bool fail_unset(Vm *vm, const Code *code, uint32_t pc, uint32_t reg)
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

/* ---- slow paths of instructions ------------------------------------------------------------------------------ */
static inline Value *operand(Value *r, Value *k, uint16_t field)
{
  return field & OPERAND_CONST ? &k[field & 0x7fff] : &r[field & OPERAND_INDEX];
}

static inline bool is_temp(uint16_t field)
{
  return (field & (OPERAND_TEMP | OPERAND_CONST)) == OPERAND_TEMP;
}

static void use_up(Vm *vm, Value *r, uint16_t field)
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

/* An operand without a value: names it. */
static bool operands_set(Vm *vm, const Code *code, uint32_t pc, const Value *r, const Value *x, const Value *y)
{
  const Value *bad = x->tag == V_UNSET ? x : y->tag == V_UNSET ? y : NULL;
  return !bad || fail_unset(vm, code, pc, (uint32_t)(bad - r));
}

/* May an operation write over the operand in `field`: one that is used up, or the variable that takes the result?
 * A tree is changed leaf by leaf: a variable that a handler in this function would then find half changed is kept. */
static bool may_reuse(const Vm *vm, uint16_t field, const Value *operand, const Value *result)
{
  bool caught = vm->handlers.size && vm->handlers.at[vm->handlers.size - 1].frame == vm->frame_count - 1;
  return is_temp(field) || (operand == result && !(caught && optic_is_tree(*operand)));
}

static bool slow_arith(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in, Arith op)
{
  Value *x = operand(r, k, in.b), *y = operand(r, k, in.c), *w = &r[in.a], out;
  if (!operands_set(vm, code, pc, r, x, y)) {
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

static bool slow_unary(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in)
{
  Value *x = operand(r, k, in.b), *w = &r[in.a], out;
  if (!operands_set(vm, code, pc, r, x, x) || !optic_walk_fits(vm, *x)) {
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

static bool compare(Vm *vm, const Code *code, uint32_t pc, Value *r, Value *k, Instr in, Arith op, bool *out)
{
  Value *x = operand(r, k, in.b), *y = operand(r, k, in.c), result;
  if (!operands_set(vm, code, pc, r, x, y) || !optic_walk_fits(vm, *x) || !optic_walk_fits(vm, *y) ||
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
static bool both(Vm *vm, Value *r, Value *k, Instr in)
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

static Cell *cell_new(Vm *vm, Value content)
{
  if (vm->cell_count >= vm->cell_threshold) {
    optic_collect(vm);
    vm->cell_threshold = vm->cell_count < 5000 ? 10000 : vm->cell_count * 2;
  }
  Cell *cell = optic_pool_get(&vm->core, sizeof *cell);
  if (cell) {
    *cell = (Cell){.refs = 1, .value = content, .next = vm->cells};
    if (vm->cells) {
      vm->cells->prev = cell;
    }
    vm->cells = cell;
    vm->cell_count++;
  }
  return cell;
}

static bool make_closure(Vm *vm, const Frame *f, const Code *child, Value *out)
{
  const Proto *p = child->proto;
  Closure *c = optic_pool_get(&vm->core, sizeof *c + p->capture_count * sizeof(Cell *));
  if (!c) {
    return false;
  }
  *c = (Closure){.refs = 1, .count = p->capture_count, .code = child};
  for (uint32_t i = 0; i < p->capture_count; i++) {
    const Capture *capture = &p->captures[i];
    c->cells[i] = capture->from_parent ? f->closure->cells[capture->index] : f->regs[capture->index].cell;
    c->cells[i]->refs++;
  }
  *out = (Value){.tag = V_CLOSURE, .closure = c};
  return true;
}

static bool make_transform(Vm *vm, const TransformDesc *desc, Value *from, Value *out)
{
  for (uint32_t i = 0; i < desc->hyper_count; i++) {
    if (!optic_hyper_fits(vm, desc->name, desc->hypers[i], from[2 + i])) {
      return false;
    }
  }
  uint32_t depth = 1;
  for (uint32_t i = 0; i < desc->hyper_count + 2; i++) {
    if (!optic_deepen(vm, &depth, from[i])) {
      return false;
    }
  }
  Transform *t = optic_pool_get(&vm->core, sizeof *t + desc->hyper_count * sizeof(Value));
  if (!t) {
    return false;
  }
  *t = (Transform){.refs = 1, .depth = depth, .name = desc->name, .desc = desc, .init = from[0], .update = from[1], .count = desc->hyper_count};
  for (uint32_t i = 0; i < desc->hyper_count; i++) {
    t->hypers[i] = from[2 + i];
  }
  for (uint32_t i = 0; i < desc->hyper_count + 2; i++) {
    from[i].tag = V_UNSET;
  }
  *out = (Value){.tag = V_TRANSFORM, .transform = t};
  return true;
}

static bool make_list(Vm *vm, Value *from, uint32_t count, Value *out)
{
  List *list = optic_list_new(vm, count);
  if (!list) {
    return false;
  }
  *out = (Value){.tag = V_LIST, .list = list};
  for (uint32_t i = 0; i < count; i++) {
    Value item = from[i];
    from[i].tag = V_UNSET;
    if (!optic_list_push(vm, list, item)) {
      optic_drop(vm, *out);
      return false;
    }
  }
  return true;
}

static bool make_record(Vm *vm, Keys *keys, Value *from, Value *out)
{
  Record *r = optic_record_shaped(vm, keys);
  if (!r) {
    return false;
  }
  for (uint32_t i = 0; i < keys->count; i++) {
    r->at[i] = from[i];
    from[i].tag = V_UNSET;
  }
  *out = (Value){.tag = V_RECORD, .record = r};
  if (!optic_record_settle(vm, r)) {
    optic_drop(vm, *out);
    return false;
  }
  return true;
}

static bool list_spread(Vm *vm, Value *list, Value *from)
{
  Value items;
  if (!optic_to_list(vm, *from, &items)) {
    return vm->core.fault.code == D_type ? optic_fail_hint(&vm->core.fault, "`*` spreads a list or what can be iterated over")
                                         : false;
  }
  bool fine = optic_list_own(vm, list);
  for (size_t i = 0; fine && i < items.list->size; i++) {
    fine = optic_list_push(vm, list->list, optic_keep(items.list->at[i]));
  }
  optic_drop(vm, items);
  put(vm, from, (Value){.tag = V_UNSET});
  return fine;
}

static bool record_spread(Vm *vm, Value *record, Value *from)
{
  if (from->tag != V_RECORD) {
    return optic_fail(&vm->core.fault, D_type, "`**` spreads a record, not %s", optic_type_noun(vm, *from));
  }
  bool fine = optic_record_own(vm, record);
  const Record *other = from->record;
  for (uint32_t i = 0; fine && i < other->keys->count; i++) {
    fine = optic_record_set(vm, record->record, other->keys->names[i], optic_keep(other->at[i]));
  }
  put(vm, from, (Value){.tag = V_UNSET});
  return fine;
}

static bool make_slice(Vm *vm, Value *from, Value *out)
{
  SliceObject *s = optic_pool_get(&vm->core, sizeof *s);
  if (!s) {
    return false;
  }
  for (int i = 0; i < 3; i++) {
    if (from[i].tag == V_ARRAY && from[i].array->count == 1) {
      double x = optic_array_get(from[i].array, 0);
      put(vm, &from[i], optic_number(x));
    }
    if (from[i].tag != V_NUMBER && from[i].tag != V_NONE) {
      optic_pool_put(&vm->core, s, sizeof *s);
      return optic_fail(&vm->core.fault, D_index, "a slice runs between whole numbers, not %s", optic_type_noun(vm, from[i]));
    }
  }
  *s = (SliceObject){.refs = 1, .from = from[0], .to = from[1], .step = from[2]};
  *out = (Value){.tag = V_SLICE, .slice = s};
  return true;
}

/* The `before` first items of R[b], with `rest` a list of what is in the middle, then the `after` last. */
static bool unpack(Vm *vm, Value *to, Value *from, uint32_t before, uint32_t after, bool rest)
{
  Value items, source = *from;
  from->tag = V_UNSET;
  if (!optic_to_list(vm, source, &items)) {
    if (vm->core.fault.code == D_type) { /* and not an interrupt or the like */
      optic_fail(&vm->core.fault, D_unpack, "%s cannot be taken apart into %u names", optic_type_noun(vm, source), before + after);
    }
    optic_drop(vm, source);
    return false;
  }
  optic_drop(vm, source);
  const List *list = items.list;
  bool fine = rest ? list->size >= before + after : list->size == before;
  if (!fine) {
    optic_fail(&vm->core.fault, D_unpack, "%s%u target%s, but %zu value%s", rest ? "at least " : "", before + after,
               before + after == 1 ? "" : "s", list->size, list->size == 1 ? "" : "s");
  }
  uint32_t at = 0;
  for (uint32_t i = 0; fine && i < before; i++) {
    put(vm, &to[at++], optic_keep(list->at[i]));
  }
  if (fine && rest) {
    Value middle;
    List *m = optic_list_new(vm, list->size - before - after);
    fine = m != NULL;
    middle = (Value){.tag = V_LIST, .list = m};
    for (size_t i = before; fine && i < list->size - after; i++) {
      fine = optic_list_push(vm, m, optic_keep(list->at[i]));
    }
    if (fine) {
      put(vm, &to[at++], middle);
    } else if (m) {
      optic_drop(vm, middle);
    }
    for (uint32_t i = 0; fine && i < after; i++) {
      put(vm, &to[at++], optic_keep(list->at[list->size - after + i]));
    }
  }
  optic_drop(vm, items);
  return fine;
}

/* R[a], R[a+1] for CALLM. */
static bool find_method(Vm *vm, Value *r, Instr in, const Name *name)
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

static bool global_unset(Vm *vm, const Module *m, uint32_t slot)
{
  const Name *name = m->keys->names[slot];
  optic_fail(&vm->core.fault, D_undefined, "`%s` has no value yet", name->text);
  return optic_standard_index(vm, name) < 0
             ? false
             : optic_fail_hint(&vm->core.fault, "here it is a variable of the script, which hides the library's `%s`",
                               name->text);
}

static bool show(Vm *vm, Value v)
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

static bool raise(Vm *vm, const Value *message)
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

static bool add_handler(Vm *vm, Handler h)
{
  Handler *slot = VEC_PUSH(&vm->core.alloc, &vm->handlers);
  if (!slot) {
    return optic_fail_oom(&vm->core.fault);
  }
  *slot = h;
  return true;
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

/* Enters a closure in the usual case: positional arguments that are just its parameters, and room for all. False, with
 * nothing done, where it is another; then optic_enter takes care of it. */
static inline bool enter_fast(Vm *vm, Value *r, uint16_t into, uint32_t count)
{
  Closure *closure = r[into].closure;
  const Code *code = closure->code;
  const Proto *p = code->proto;
  Value *args = &r[into + 1], *end = vm->segment->at + vm->segment->size;
  if (count != p->param_count || p->has_rest || p->has_named || vm->frame_count >= vm->frame_cap ||
      vm->frame_count >= vm->core.limits.calls || (size_t)(end - args) < p->registers) {
    return false;
  }
  for (Value *stale = args + count; stale < vm->top; stale++) {
    if (stale->tag >= V_COUNTED) {
      optic_drop(vm, *stale);
    }
    stale->tag = V_UNSET;
  }
  r[into].tag = V_UNSET;
  vm->frames[vm->frame_count++] =
      (Frame){.code = code, .closure = closure, .regs = args, .segment = vm->segment, .into = into};
  return true;
}

/* Calls R[into] or what CALLM found. Closures are entered (the loop goes on in them); the rest is done at once. */
static bool call(Vm *vm, Value *r, uint16_t into, Value *args, uint32_t count, const Keys *named)
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
static bool call_spread(Vm *vm, Value *r, uint16_t into, Value self, Value *list, Value *record)
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
  bool fine = call(vm, r, into, args, plain, keys);
  *(vm->frame_count > frames ? &vm->frames[frames].segment : &vm->segment) = before;
  optic_keys_drop(vm, keys);
  return fine;
}

/* CALLOWN: the argument was read from a global that is about to be assigned; a builtin that keeps its arguments whole
 * when it fails may have the only reference. */
static bool call_own(Vm *vm, Module *m, Value *r, Instr in, const Keys *named, Instr word)
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
  return call(vm, r, in.a, &r[in.a + 1], positional(in.b, named), named);
}

static bool import(Vm *vm, const Code *code, const Value *path, Value *out)
{
  Module *m;
  if (!optic_import(vm, code->module, path->string->text, path->string->size, &m)) {
    return false;
  }
  *out = (Value){.tag = V_MODULE, .module = m};
  return true;
}

/* Of whole numbers this small quotients and products are exact; for the rest see tile/math.h. */
static inline bool is_small_whole(double x)
{
  return fabs(x) < 0x1p52 && x == (double)(int64_t)x;
}

static inline double divide_down(double p, double q)
{
  return is_small_whole(p) && is_small_whole(q) ? floor(p / q) : optic_op_scalar(G_floor_div, (double[]){p, q});
}

static inline double modulo(double p, double q)
{
  return is_small_whole(p) && is_small_whole(q) ? p - q * floor(p / q) : optic_op_scalar(G_mod, (double[]){p, q});
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */
#define NUMBERS(x, y) ((x)->tag == V_NUMBER && (y)->tag == V_NUMBER)
#define TRY_(e) \
  do { \
    if (!(e)) { \
      goto failed; \
    } \
  } while (0)
#define SAVE_PC() (f->pc = (uint32_t)(pc - code->proto->code))
#define ARITH(OP, EXPR) \
  { \
    const Value *x = operand(r, k, in.b), *y = operand(r, k, in.c); \
    if (NUMBERS(x, y)) { \
      double p = x->number, q = y->number; \
      Value *w = &r[in.a]; \
      if (w->tag >= V_COUNTED) { \
        optic_drop(vm, *w); \
      } \
      *w = EXPR; \
      continue; \
    } \
    SAVE_PC(); \
    TRY_(slow_arith(vm, code, f->pc, r, k, in, OP)); \
    continue; \
  }
#define TEST(OP, EXPR) \
  { \
    const Value *x = operand(r, k, in.b), *y = operand(r, k, in.c); \
    bool truth; \
    if (NUMBERS(x, y)) { \
      double p = x->number, q = y->number; \
      truth = EXPR; \
    } else { \
      SAVE_PC(); \
      TRY_(compare(vm, code, f->pc, r, k, in, OP, &truth)); \
    } \
    if (truth == (in.a != 0)) { \
      pc++; \
    } else { \
      pc += pc->d + 1; \
    } \
    continue; \
  }

/* Runs until the frame count is back at `base`; then the value that the last frame returned is in *result. */
bool optic_run_frames(Vm *vm, uint32_t base, Value *result)
{
  Frame *f;
  const Code *code;
  const Instr *pc;
  Value *r, *k;
load:
  f = &vm->frames[vm->frame_count - 1];
  code = f->code;
  pc = code->proto->code + f->pc;
  r = f->regs;
  k = code->consts;
  vm->top = r + code->proto->registers;
  for (;;) {
    const Instr in = *pc++;
    switch ((Opcode)in.op) {
    case I_LOADK:
      put(vm, &r[in.a], optic_keep(k[in.d]));
      continue;
    case I_NONE:
      put(vm, &r[in.a], optic_none());
      continue;
    case I_TRUE:
      put(vm, &r[in.a], optic_bool(true));
      continue;
    case I_FALSE:
      put(vm, &r[in.a], optic_bool(false));
      continue;
    case I_COPY: {
      Value v = r[in.b];
      if (v.tag == V_UNSET) {
        SAVE_PC();
        fail_unset(vm, code, f->pc, in.b);
        goto failed;
      }
      put(vm, &r[in.a], optic_keep(v));
      continue;
    }
    case I_MOVE: {
      Value v = r[in.b];
      if (v.tag == V_UNSET) {
        SAVE_PC();
        fail_unset(vm, code, f->pc, in.b);
        goto failed;
      }
      r[in.b].tag = V_UNSET;
      put(vm, &r[in.a], v);
      continue;
    }
    case I_GETGLOBAL: {
      const Value v = code->module->globals[in.d];
      if (v.tag == V_UNSET) {
        SAVE_PC();
        global_unset(vm, code->module, (uint32_t)in.d);
        goto failed;
      }
      put(vm, &r[in.a], optic_keep(v));
      continue;
    }
    case I_SETGLOBAL: {
      Value v = r[in.a];
      r[in.a].tag = V_UNSET;
      put(vm, &code->module->globals[in.d], v);
      continue;
    }
    case I_GETSTD: {
      const Value *v = &vm->std.at[in.d].value;
      if (v->tag == V_UNSET) {
        SAVE_PC();
        v = optic_standard_value(vm, in.d);
        TRY_(v);
        f = &vm->frames[vm->frame_count - 1]; /* loading a file may have moved the frames */
      }
      put(vm, &r[in.a], optic_keep(*v));
      continue;
    }
    case I_NEWCELL: {
      SAVE_PC();
      Cell *cell = cell_new(vm, r[in.a]);
      TRY_(cell);
      r[in.a] = (Value){.tag = V_CELL, .cell = cell};
      continue;
    }
    case I_GETCELL: {
      const Value v = r[in.b].cell->value;
      if (v.tag == V_UNSET) {
        SAVE_PC();
        fail_unset(vm, code, f->pc, in.b);
        goto failed;
      }
      put(vm, &r[in.a], optic_keep(v));
      continue;
    }
    case I_SETCELL: {
      Value v = r[in.b];
      r[in.b].tag = V_UNSET;
      put(vm, &r[in.a].cell->value, v);
      continue;
    }
    case I_GETUP: {
      const Value v = f->closure->cells[in.b]->value;
      if (v.tag == V_UNSET) {
        SAVE_PC();
        optic_fail(&vm->core.fault, D_undefined, "`%s` has no value yet", code->proto->captures[in.b].name->text);
        goto failed;
      }
      put(vm, &r[in.a], optic_keep(v));
      continue;
    }
    case I_SELF:
      put(vm, &r[in.a], optic_keep((Value){.tag = V_CLOSURE, .closure = f->closure}));
      continue;
    case I_LIST: {
      Value v;
      SAVE_PC();
      TRY_(make_list(vm, &r[in.b], in.c, &v));
      put(vm, &r[in.a], v);
      continue;
    }
    case I_LISTADD: {
      SAVE_PC();
      TRY_(optic_list_own(vm, &r[in.a]));
      Value v = r[in.b];
      r[in.b].tag = V_UNSET;
      TRY_(optic_list_push(vm, r[in.a].list, v));
      continue;
    }
    case I_LISTSPREAD:
      SAVE_PC();
      TRY_(list_spread(vm, &r[in.a], &r[in.b]));
      f = &vm->frames[vm->frame_count - 1];
      continue;
    case I_RECORD: {
      Value v;
      SAVE_PC();
      TRY_(make_record(vm, code->names[in.c], &r[in.b], &v));
      put(vm, &r[in.a], v);
      continue;
    }
    case I_RECADD: {
      SAVE_PC();
      TRY_(optic_record_own(vm, &r[in.a]));
      Value v = r[in.b];
      r[in.b].tag = V_UNSET;
      TRY_(optic_record_set(vm, r[in.a].record, code->proto->consts[in.c].name, v));
      continue;
    }
    case I_RECSPREAD:
      SAVE_PC();
      TRY_(record_spread(vm, &r[in.a], &r[in.b]));
      continue;
    case I_SLICE: {
      Value v;
      SAVE_PC();
      TRY_(make_slice(vm, &r[in.b], &v));
      put(vm, &r[in.a], v);
      continue;
    }
    case I_CLOSURE: {
      Value v;
      SAVE_PC();
      TRY_(make_closure(vm, f, code->protos[in.d], &v));
      put(vm, &r[in.a], v);
      continue;
    }
    case I_TRANSFORM: {
      Value v;
      SAVE_PC();
      TRY_(make_transform(vm, &code->proto->transforms[in.c], &r[in.b], &v));
      put(vm, &r[in.a], v);
      continue;
    }
    case I_ADD:
      ARITH(A_ADD, optic_number(p + q))
    case I_SUB:
      ARITH(A_SUB, optic_number(p - q))
    case I_MUL:
      ARITH(A_MUL, optic_number(p * q))
    case I_DIV:
      ARITH(A_DIV, optic_number(p / q))
    case I_IDIV:
      ARITH(A_IDIV, optic_number(divide_down(p, q)))
    case I_MOD:
      ARITH(A_MOD, optic_number(modulo(p, q)))
    case I_POW:
      ARITH(A_POW, optic_number(q == 2 ? p * p : pow(p, q)))
    case I_EQ:
      ARITH(A_EQ, optic_bool(p == q))
    case I_NE:
      ARITH(A_NE, optic_bool(p != q))
    case I_LT:
      ARITH(A_LT, optic_bool(p < q))
    case I_LE:
      ARITH(A_LE, optic_bool(p <= q))
    case I_GT:
      ARITH(A_GT, optic_bool(p > q))
    case I_GE:
      ARITH(A_GE, optic_bool(p >= q))
    case I_MATMUL:
      SAVE_PC();
      TRY_(slow_arith(vm, code, f->pc, r, k, in, A_MATMUL));
      continue;
    case I_IN:
      SAVE_PC();
      TRY_(slow_arith(vm, code, f->pc, r, k, in, A_IN));
      continue;
    case I_NOTIN:
      SAVE_PC();
      TRY_(slow_arith(vm, code, f->pc, r, k, in, A_NOT_IN));
      continue;
    case I_AND:
    case I_OR:
      SAVE_PC();
      TRY_(both(vm, r, k, in));
      continue;
    case I_NEG: {
      const Value *x = operand(r, k, in.b);
      if (x->tag == V_NUMBER) {
        put(vm, &r[in.a], optic_number(-x->number));
        continue;
      }
      SAVE_PC();
      TRY_(slow_unary(vm, code, f->pc, r, k, in));
      continue;
    }
    case I_NOT: {
      const Value *x = operand(r, k, in.b);
      if (x->tag == V_BOOL) {
        put(vm, &r[in.a], optic_bool(!x->boolean));
        continue;
      }
      SAVE_PC();
      TRY_(slow_unary(vm, code, f->pc, r, k, in));
      continue;
    }
    case I_JUMP:
      pc += in.d;
      continue;
    case I_LOOP:
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      pc += in.d;
      continue;
    case I_JF:
    case I_JT: {
      const Value *x = operand(r, k, in.a);
      bool truth;
      if (x->tag == V_BOOL) {
        truth = x->boolean;
      } else {
        SAVE_PC();
        TRY_(operands_set(vm, code, f->pc, r, x, x));
        TRY_(optic_truth(vm, *x, &truth));
        use_up(vm, r, in.a);
      }
      if (truth == (in.op == I_JT)) {
        pc += in.d;
      }
      continue;
    }
    case I_JAND:
    case I_JOR: {
      bool truth;
      if (r[in.a].tag == V_ARRAY) {
        continue; /* per element: both sides are needed */
      }
      SAVE_PC();
      TRY_(operands_set(vm, code, f->pc, r, &r[in.a], &r[in.a]));
      TRY_(optic_truth(vm, r[in.a], &truth));
      if (truth == (in.op == I_JOR)) {
        pc += in.d;
      }
      continue;
    }
    case I_TESTLT:
      TEST(A_LT, p < q)
    case I_TESTLE:
      TEST(A_LE, p <= q)
    case I_TESTEQ:
      TEST(A_EQ, p == q)
    case I_ITER: {
      Iter *it;
      SAVE_PC();
      TRY_(optic_iterate(vm, r[in.b], &it));
      f = &vm->frames[vm->frame_count - 1];
      put(vm, &r[in.b], (Value){.tag = V_UNSET});
      put(vm, &r[in.a], (Value){.tag = V_ITER, .iter = it});
      continue;
    }
    case I_NEXT: {
      Value v;
      if (r[in.b].iter->type == &optic_range_type) {
        Range *range = (Range *)r[in.b].iter;
        if (range->at < range->count) {
          put(vm, &r[in.a], optic_number(range->start + (double)range->at++ * range->step));
          pc++;
        } else {
          pc += pc->d + 1;
        }
        continue;
      }
      SAVE_PC();
      int got = optic_iter_next(vm, r[in.b].iter, &v);
      f = &vm->frames[vm->frame_count - 1];
      TRY_(got >= 0);
      if (got) {
        put(vm, &r[in.a], v);
        pc++;
      } else {
        pc += pc->d + 1;
      }
      continue;
    }
    case I_UNPACK:
      SAVE_PC();
      TRY_(unpack(vm, &r[in.a], &r[in.b], in.c, 0, false));
      f = &vm->frames[vm->frame_count - 1];
      continue;
    case I_UNPACKREST:
      SAVE_PC();
      TRY_(unpack(vm, &r[in.a], &r[in.b], in.c >> 8, in.c & 0xff, true));
      f = &vm->frames[vm->frame_count - 1];
      continue;
    case I_GETFIELD: {
      const Value *x = operand(r, k, in.b);
      const Name *name = code->proto->consts[in.c].name;
      const Value *field = x->tag == V_RECORD ? optic_record_get(x->record, name) : NULL;
      Value v;
      if (field) {
        v = optic_keep(*field);
      } else {
        SAVE_PC();
        TRY_(operands_set(vm, code, f->pc, r, x, x));
        TRY_(optic_get_field(vm, *x, name, &v));
        f = &vm->frames[vm->frame_count - 1];
      }
      use_up(vm, r, in.b);
      put(vm, &r[in.a], v);
      continue;
    }
    case I_GETINDEX: {
      const Value *x = operand(r, k, in.b), *y = operand(r, k, in.c);
      Value v;
      if (x->tag == V_LIST && y->tag == V_NUMBER && y->number >= 0 && y->number < (double)x->list->size &&
          y->number == (double)(size_t)y->number) {
        v = optic_keep(x->list->at[(size_t)y->number]);
      } else {
        SAVE_PC();
        TRY_(operands_set(vm, code, f->pc, r, x, y));
        TRY_(optic_get_index(vm, *x, *y, &v));
      }
      use_up(vm, r, in.b);
      use_up(vm, r, in.c);
      put(vm, &r[in.a], v);
      continue;
    }
    case I_GETITEMS: {
      const Value *x = operand(r, k, in.b);
      Value v;
      SAVE_PC();
      TRY_(operands_set(vm, code, f->pc, r, x, x));
      TRY_(optic_get_items(vm, *x, r[in.c].list, &v));
      use_up(vm, r, in.b);
      put(vm, &r[in.c], (Value){.tag = V_UNSET});
      put(vm, &r[in.a], v);
      continue;
    }
    case I_SETPATH:
    case I_SETPATHCELL:
    case I_SETPATHGLOBAL: {
      Value *root = in.op == I_SETPATHGLOBAL ? &code->module->globals[in.a]
                    : in.op == I_SETPATHCELL ? &r[in.a].cell->value
                                             : &r[in.a];
      SAVE_PC();
      if (root->tag == V_UNSET) {
        if (in.op == I_SETPATHGLOBAL) {
          global_unset(vm, code->module, in.a);
        } else {
          fail_unset(vm, code, f->pc, in.a);
        }
        goto failed;
      }
      const Const *kinds = &code->proto->consts[in.c];
      Value v = r[in.b + kinds->size];
      r[in.b + kinds->size].tag = V_UNSET;
      TRY_(optic_set_path(vm, root, kinds->text, kinds->size, &r[in.b], v));
      clear(vm, &r[in.b], kinds->size);
      continue;
    }
    case I_CALL: {
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      if (in.c == NO_NAMES && r[in.a].tag == V_CLOSURE && enter_fast(vm, r, in.a, in.b)) {
        goto load;
      }
      const Keys *named = keywords(code, in.c);
      TRY_(call(vm, r, in.a, &r[in.a + 1], positional(in.b, named), named));
      goto load;
    }
    case I_CALLOWN: {
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      f->pc++; /* past the word */
      TRY_(call_own(vm, code->module, r, in, keywords(code, in.c), *pc));
      goto load;
    }
    case I_METHOD:
      SAVE_PC();
      TRY_(find_method(vm, r, in, code->proto->consts[in.c].name));
      f = &vm->frames[vm->frame_count - 1];
      continue;
    case I_CALLM: {
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      uint32_t self = r[in.a + 1].tag != V_UNSET;
      const Keys *named = keywords(code, in.c);
      TRY_(call(vm, r, in.a, &r[in.a + 2 - self], positional(in.b, named) + self, named));
      goto load;
    }
    case I_CALLX:
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      TRY_(call_spread(vm, r, in.a, (Value){.tag = V_UNSET}, &r[in.a + 1], &r[in.a + 2]));
      goto load;
    case I_CALLMX: {
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      Value self = r[in.a + 1];
      r[in.a + 1].tag = V_UNSET;
      TRY_(call_spread(vm, r, in.a, self, &r[in.a + 2], &r[in.a + 3]));
      goto load;
    }
    case I_RETURN:
    case I_RETNONE: {
      Value v = optic_none();
      if (in.op == I_RETURN) {
        v = r[in.a];
        if (v.tag == V_UNSET) {
          SAVE_PC();
          fail_unset(vm, code, f->pc, in.a);
          goto failed;
        }
        r[in.a].tag = V_UNSET;
      }
      bool from_c = f->from_c;
      uint16_t into = f->into;
      leave(vm);
      if (from_c) {
        if (vm->frame_count) {
          Frame *caller = &vm->frames[vm->frame_count - 1];
          vm->top = caller->regs + caller->code->proto->registers;
        }
        *result = v;
        return true;
      }
      put(vm, &vm->frames[vm->frame_count - 1].regs[into], v);
      goto load;
    }
    case I_DEFAULT:
      if (r[in.a].tag != V_UNSET) {
        pc += in.d;
      }
      continue;
    case I_FAIL:
      SAVE_PC();
      raise(vm, operand(r, k, in.a));
      goto failed;
    case I_TRY:
      SAVE_PC();
      TRY_(add_handler(vm, (Handler){.frame = vm->frame_count - 1,
                                     .pc = (uint32_t)(pc + in.d - code->proto->code),
                                     .reg = in.a}));
      continue;
    case I_ENDTRY:
      vm->handlers.size--;
      continue;
    case I_IMPORT: {
      Value v;
      SAVE_PC();
      TRY_(import(vm, code, &k[in.d], &v));
      f = &vm->frames[vm->frame_count - 1];
      put(vm, &r[in.a], v);
      continue;
    }
    case I_SHOW: {
      SAVE_PC();
      Value v = r[in.a];
      r[in.a].tag = V_UNSET;
      if (vm->shown) {
        put(vm, vm->shown, v);
        continue;
      }
      bool fine = show(vm, v);
      optic_drop(vm, v);
      TRY_(fine);
      continue;
    }
    case I_COUNT:
    default:
      __builtin_unreachable(); /* optic_verify has seen to it */
    }
  failed:
    if (!unwind(vm, base)) {
      return false;
    }
    goto load;
  }
}

bool optic_vm_run_more(Vm *vm, const Code *code)
{
  Value result, *top = vm->top;
  uint32_t base = vm->frame_count;
  bool fine = optic_enter(vm, NULL, code, vm->top, 0, NULL, 0, true);
  /* An interrupt may have come before: unwind leaves the frame, and is false. */
  fine = fine && (optic_charge(&vm->core, 0) || unwind(vm, base)) && optic_run_frames(vm, base, &result);
  vm->top = top;
  if (fine) {
    optic_drop(vm, result);
  }
  return fine;
}

bool optic_vm_run(Vm *vm, const Code *code)
{
  optic_trace_reset(vm);
  return optic_vm_run_more(vm, code);
}
