/* compile_live.c: the last use of a local uses it up.
 *
 * In: the finished code of a function. A backward data flow over registers finds, for each instruction that reads a
 * local, whether anyone may look at the local afterwards (a handler of a TRY around included). Where nobody does, an
 * operand is marked OPERAND_TEMP and a COPY becomes a MOVE: the value may then be updated in place, so that
 * `x = append(x, e)`, `mu = b1 * mu + ..` and `updates, state = tx.update(g, state)` copy nothing.
 *
 * Cells and temporaries are left alone; so is a COPY that finds out whether a local has a value.
 * SPDX-License-Identifier: MIT */
#include "lang/compile_internal.h"

enum { MOST_CODE = 1 << 16 /* beyond, code stays as it is: right, but with copies */ };

typedef struct Live {
  Func *f;
  RegSet *in;         /* an instruction: locals that may be read from there on */
  uint32_t *handlers; /* an instruction: where an error in it goes, 0: out of the function */
} Live;

static void join(RegSet *to, const RegSet *from)
{
  for (int i = 0; i < 4; i++) {
    to->at[i] |= from->at[i];
  }
}

static void find_handlers(Live *l)
{
  uint32_t count = optic_here(l->f);
  for (uint32_t i = 0; i < count; i++) {
    const Instr *in = &l->f->code.at[i];
    if (in->op == I_TRY) {
      /* Code between TRY and its handler is the body; an inner TRY comes later and overwrites its part. */
      uint32_t handler = (uint32_t)((int32_t)i + 1 + in->d);
      for (uint32_t k = i + 1; k < handler && k < count; k++) {
        l->handlers[k] = handler;
      }
    }
  }
}

static bool ends(unsigned op)
{
  return op == I_RETURN || op == I_RETNONE || op == I_FAIL || op == I_JUMP || op == I_LOOP;
}

/* Whether R[a] gets a new value on every way on. */
static bool overwrites(const Instr *in)
{
  return optic_opcodes[in->op].shape[0] == 'w' && !optic_opcode_updates(in->op) && in->op != I_NEXT && in->op != I_TRY;
}

/* Locals that may be read after instruction `at` has read its operands. */
static RegSet live_after(const Live *l, uint32_t at)
{
  const Instr *in = &l->f->code.at[at];
  bool word = optic_opcode_has_word(in->op);
  RegSet out = {{0}};
  if (!ends(in->op)) {
    out = l->in[at + 1 + word];
  }
  if (in->op == I_NEXT) {
    optic_set_remove(&out, in->a);
  }
  if (optic_opcodes[in->op].shape[1] == 'J') {
    join(&out, &l->in[(int64_t)at + 1 + in->d]);
  }
  if (word && in->op != I_CALLOWN) {
    join(&out, &l->in[(int64_t)at + 2 + in[1].d]);
  }
  if (overwrites(in)) {
    optic_set_remove(&out, in->a);
  }
  if (l->handlers[at]) {
    join(&out, &l->in[l->handlers[at]]);
  }
  return out;
}

static bool is_register(char letter, uint16_t field)
{
  return letter == 'r' || letter == 'm' || (letter == 'o' && !(field & OPERAND_CONST));
}

static RegSet live_before(const Live *l, uint32_t at)
{
  const Instr *in = &l->f->code.at[at];
  const char *shape = optic_opcodes[in->op].shape;
  RegSet live = live_after(l, at);
  const uint16_t fields[3] = {in->a, in->b, in->c};
  for (uint32_t i = 0; shape[i]; i++) {
    if (is_register(shape[i], fields[i])) {
      optic_set_add(&live, fields[i] & OPERAND_INDEX);
    }
  }
  if (optic_opcode_updates(in->op)) {
    optic_set_add(&live, in->a);
  }
  return live;
}

static bool step(Live *l, uint32_t at)
{
  RegSet live = live_before(l, at);
  bool changed = false;
  for (int i = 0; i < 4; i++) {
    changed = changed || live.at[i] != l->in[at].at[i];
  }
  l->in[at] = live;
  return changed;
}

static void flow(Live *l)
{
  uint32_t count = optic_here(l->f);
  bool changed;
  do {
    changed = false;
    for (uint32_t i = count; i > 0; i--) {
      uint32_t at = i - 1;
      if (at > 0 && optic_opcode_has_word(l->f->code.at[at - 1].op)) {
        continue; /* a word */
      }
      changed = step(l, at) || changed;
    }
  } while (changed);
}

static bool last_use(const Live *l, const RegSet *after, uint16_t field)
{
  return !(field & (OPERAND_CONST | OPERAND_TEMP)) && !optic_is_temp(l->f, field) && !optic_set_has(after, field);
}

static void mark(Live *l)
{
  size_t check = 0;
  for (uint32_t at = 0; at < optic_here(l->f); at += 1u + optic_opcode_has_word(l->f->code.at[at].op)) {
    Instr *in = &l->f->code.at[at];
    const char *shape = optic_opcodes[in->op].shape;
    if (check < l->f->checks.size && l->f->checks.at[check] == at) {
      check++;
      continue;
    }
    if (in->op != I_COPY && shape[0] != 'o' && shape[1] != 'o' && shape[2] != 'o') {
      continue;
    }
    RegSet after = live_after(l, at);
    if (in->op == I_COPY) {
      in->op = last_use(l, &after, in->b) ? I_MOVE : I_COPY;
      continue;
    }
    bool twice = shape[1] == 'o' && shape[2] == 'o' && in->b == in->c;
    uint16_t *fields[3] = {&in->a, &in->b, &in->c};
    for (int i = 0; i < 3 && !twice; i++) {
      if (shape[i] == 'o' && last_use(l, &after, *fields[i])) {
        *fields[i] |= OPERAND_TEMP;
      }
    }
  }
}

void optic_mark_last_uses(Func *f)
{
  uint32_t count = optic_here(f);
  if (!f->first_temp || count > MOST_CODE) {
    return;
  }
  Live l = {.f = f};
  Alloc *a = &f->c->core->alloc;
  l.in = optic_zalloc(a, (count + 2) * sizeof *l.in);
  l.handlers = optic_zalloc(a, count * sizeof *l.handlers);
  if (l.in && l.handlers) {
    find_handlers(&l);
    flow(&l);
    mark(&l);
  } else {
    f->c->oom = true;
  }
  optic_free(a, l.in, (count + 2) * sizeof *l.in);
  optic_free(a, l.handlers, count * sizeof *l.handlers);
}
