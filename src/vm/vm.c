/* vm.c: the loop that carries out instructions.
 *
 * Numbers, and calls of closures with just the arguments that they take, are dealt with here; the rest is in steps.c,
 * making.c and frames.c, which also states the invariants of registers.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "vm/machine.h"

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
#define TRY_(e)                                                                                                        \
  do {                                                                                                                 \
    if (!(e)) {                                                                                                        \
      goto failed;                                                                                                     \
    }                                                                                                                  \
  } while (0)
#define SAVE_PC() (f->pc = (uint32_t)(pc - code->proto->code))
#define ARITH(OP, EXPR)                                                                                                \
  {                                                                                                                    \
    const Value *x = operand(r, k, in.b), *y = operand(r, k, in.c);                                                    \
    if (NUMBERS(x, y)) {                                                                                               \
      double p = x->number, q = y->number;                                                                             \
      Value *w = &r[in.a];                                                                                             \
      if (w->tag >= V_COUNTED) {                                                                                       \
        optic_drop(vm, *w);                                                                                            \
      }                                                                                                                \
      *w = EXPR;                                                                                                       \
      continue;                                                                                                        \
    }                                                                                                                  \
    SAVE_PC();                                                                                                         \
    TRY_(optic_vm_slow_arith(vm, code, f->pc, r, k, in, OP));                                                          \
    continue;                                                                                                          \
  }
#define TEST(OP, EXPR)                                                                                                 \
  {                                                                                                                    \
    const Value *x = operand(r, k, in.b), *y = operand(r, k, in.c);                                                    \
    bool truth;                                                                                                        \
    if (NUMBERS(x, y)) {                                                                                               \
      double p = x->number, q = y->number;                                                                             \
      truth = EXPR;                                                                                                    \
    } else {                                                                                                           \
      SAVE_PC();                                                                                                       \
      TRY_(optic_vm_compare(vm, code, f->pc, r, k, in, OP, &truth));                                                   \
    }                                                                                                                  \
    if (truth == (in.a != 0)) {                                                                                        \
      pc++;                                                                                                            \
    } else {                                                                                                           \
      pc += pc->d + 1;                                                                                                 \
    }                                                                                                                  \
    continue;                                                                                                          \
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
        optic_fail_unset(vm, code, f->pc, in.b);
        goto failed;
      }
      put(vm, &r[in.a], optic_keep(v));
      continue;
    }
    case I_MOVE: {
      Value v = r[in.b];
      if (v.tag == V_UNSET) {
        SAVE_PC();
        optic_fail_unset(vm, code, f->pc, in.b);
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
        optic_fail_global(vm, code->module, (uint32_t)in.d);
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
      Cell *cell = optic_vm_cell_new(vm, r[in.a]);
      TRY_(cell);
      r[in.a] = (Value){.tag = V_CELL, .cell = cell};
      continue;
    }
    case I_GETCELL: {
      const Value v = r[in.b].cell->value;
      if (v.tag == V_UNSET) {
        SAVE_PC();
        optic_fail_unset(vm, code, f->pc, in.b);
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
      TRY_(optic_vm_make_list(vm, &r[in.b], in.c, &v));
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
      TRY_(optic_vm_list_spread(vm, &r[in.a], &r[in.b]));
      f = &vm->frames[vm->frame_count - 1];
      continue;
    case I_RECORD: {
      Value v;
      SAVE_PC();
      TRY_(optic_vm_make_record(vm, code->names[in.c], &r[in.b], &v));
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
      TRY_(optic_vm_record_spread(vm, &r[in.a], &r[in.b]));
      continue;
    case I_SLICE: {
      Value v;
      SAVE_PC();
      TRY_(optic_vm_make_slice(vm, &r[in.b], &v));
      put(vm, &r[in.a], v);
      continue;
    }
    case I_CLOSURE: {
      Value v;
      SAVE_PC();
      TRY_(optic_vm_make_closure(vm, f, code->protos[in.d], &v));
      put(vm, &r[in.a], v);
      continue;
    }
    case I_TRANSFORM: {
      Value v;
      SAVE_PC();
      TRY_(optic_vm_make_transform(vm, &code->proto->transforms[in.c], &r[in.b], &v));
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
      TRY_(optic_vm_slow_arith(vm, code, f->pc, r, k, in, A_MATMUL));
      continue;
    case I_IN:
      SAVE_PC();
      TRY_(optic_vm_slow_arith(vm, code, f->pc, r, k, in, A_IN));
      continue;
    case I_NOTIN:
      SAVE_PC();
      TRY_(optic_vm_slow_arith(vm, code, f->pc, r, k, in, A_NOT_IN));
      continue;
    case I_AND:
    case I_OR:
      SAVE_PC();
      TRY_(optic_vm_both(vm, r, k, in));
      continue;
    case I_NEG: {
      const Value *x = operand(r, k, in.b);
      if (x->tag == V_NUMBER) {
        put(vm, &r[in.a], optic_number(-x->number));
        continue;
      }
      SAVE_PC();
      TRY_(optic_vm_slow_unary(vm, code, f->pc, r, k, in));
      continue;
    }
    case I_NOT: {
      const Value *x = operand(r, k, in.b);
      if (x->tag == V_BOOL) {
        put(vm, &r[in.a], optic_bool(!x->boolean));
        continue;
      }
      SAVE_PC();
      TRY_(optic_vm_slow_unary(vm, code, f->pc, r, k, in));
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
        TRY_(optic_vm_operands_set(vm, code, f->pc, r, x, x));
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
      TRY_(optic_vm_operands_set(vm, code, f->pc, r, &r[in.a], &r[in.a]));
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
      TRY_(optic_vm_unpack(vm, &r[in.a], &r[in.b], in.c, 0, false));
      f = &vm->frames[vm->frame_count - 1];
      continue;
    case I_UNPACKREST:
      SAVE_PC();
      TRY_(optic_vm_unpack(vm, &r[in.a], &r[in.b], in.c >> 8, in.c & 0xff, true));
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
        TRY_(optic_vm_operands_set(vm, code, f->pc, r, x, x));
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
        TRY_(optic_vm_operands_set(vm, code, f->pc, r, x, y));
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
      TRY_(optic_vm_operands_set(vm, code, f->pc, r, x, x));
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
          optic_fail_global(vm, code->module, in.a);
        } else {
          optic_fail_unset(vm, code, f->pc, in.a);
        }
        goto failed;
      }
      const Const *kinds = &code->proto->consts[in.c];
      Value v = r[in.b + kinds->size];
      r[in.b + kinds->size].tag = V_UNSET;
      TRY_(optic_set_path(vm, root, kinds->text, kinds->size, &r[in.b], v));
      clear_registers(vm, &r[in.b], kinds->size);
      continue;
    }
    case I_CALL: {
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      if (in.c == NO_NAMES && r[in.a].tag == V_CLOSURE && enter_fast(vm, r, in.a, in.b)) {
        goto load;
      }
      const Keys *named = keywords(code, in.c);
      TRY_(optic_vm_call(vm, r, in.a, &r[in.a + 1], positional(in.b, named), named));
      goto load;
    }
    case I_CALLOWN: {
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      f->pc++; /* past the word */
      TRY_(optic_vm_call_own(vm, code->module, r, in, keywords(code, in.c), *pc));
      goto load;
    }
    case I_METHOD:
      SAVE_PC();
      TRY_(optic_vm_find_method(vm, r, in, code->proto->consts[in.c].name));
      f = &vm->frames[vm->frame_count - 1];
      continue;
    case I_CALLM: {
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      uint32_t self = r[in.a + 1].tag != V_UNSET;
      const Keys *named = keywords(code, in.c);
      TRY_(optic_vm_call(vm, r, in.a, &r[in.a + 2 - self], positional(in.b, named) + self, named));
      goto load;
    }
    case I_CALLX:
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      TRY_(optic_vm_call_spread(vm, r, in.a, (Value){.tag = V_UNSET}, &r[in.a + 1], &r[in.a + 2]));
      goto load;
    case I_CALLMX: {
      SAVE_PC();
      TRY_(optic_charge(&vm->core, 1));
      Value self = r[in.a + 1];
      r[in.a + 1].tag = V_UNSET;
      TRY_(optic_vm_call_spread(vm, r, in.a, self, &r[in.a + 2], &r[in.a + 3]));
      goto load;
    }
    case I_RETURN:
    case I_RETNONE: {
      Value v = optic_none();
      if (in.op == I_RETURN) {
        v = r[in.a];
        if (v.tag == V_UNSET) {
          SAVE_PC();
          optic_fail_unset(vm, code, f->pc, in.a);
          goto failed;
        }
        r[in.a].tag = V_UNSET;
      }
      bool from_c = f->from_c;
      uint16_t into = f->into;
      leave_frame(vm);
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
      optic_vm_raise(vm, operand(r, k, in.a));
      goto failed;
    case I_TRY:
      SAVE_PC();
      TRY_(optic_vm_add_handler(
          vm, (Handler){.frame = vm->frame_count - 1, .pc = (uint32_t)(pc + in.d - code->proto->code), .reg = in.a}));
      continue;
    case I_ENDTRY:
      vm->handlers.size--;
      continue;
    case I_IMPORT: {
      Value v;
      SAVE_PC();
      TRY_(optic_vm_import(vm, code, &k[in.d], &v));
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
      bool fine = optic_vm_show(vm, v);
      optic_drop(vm, v);
      TRY_(fine);
      continue;
    }
    case I_COUNT:
    default:
      __builtin_unreachable(); /* optic_verify has seen to it */
    }
  failed:
    if (!optic_vm_unwind(vm, base)) {
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
  fine = fine && (optic_charge(&vm->core, 0) || optic_vm_unwind(vm, base)) && optic_run_frames(vm, base, &result);
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
