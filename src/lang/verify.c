/* verify.c: checks code before it runs, so that the VM need not: every register, constant, name list, child and jump
 * is there, control cannot run off the end, loops go through LOOP (which looks for interrupts), each TRY is ended on
 * every way, and what is used as a cell is one.
 *
 * Cells: the register of a NEWCELL holds a cell from there on. No jump may pass over a NEWCELL, so "from there on" is
 * the order of the code; later instructions may use the register only where a cell is expected.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/compile_internal.h"

enum { IS_WORD = 1, DEPTH_UNKNOWN = 0xffff };

typedef struct Verify {
  Core *core;
  const Proto *p;
  uint8_t *marks;   /* an instruction: IS_WORD */
  uint16_t *depths; /* an instruction: how many TRY are open before it */
  uint32_t *cells;  /* an instruction: how many NEWCELL come before it */
  RegSet cell;      /* registers that hold a cell here */
  uint32_t at;      /* the instruction being checked */
  uint32_t last;    /* of the operands' checks: registers */
} Verify;

static bool wrong(Verify *v, const char *what)
{
  const Proto *p = v->p;
  return optic_fail(&v->core->fault, D_internal, "wrong bytecode in `%s`, instruction %u: %s",
                    p->name ? p->name->text : "script", (unsigned)v->at, what);
}

/* `count` registers that hold or get plain values. */
static bool plain(Verify *v, uint32_t first, uint32_t count)
{
  if (first + count > v->p->registers) {
    return wrong(v, "a register that the function does not have");
  }
  for (uint32_t i = first; i < first + count; i++) {
    if (optic_set_has(&v->cell, i)) {
      return wrong(v, "a cell is used as a value");
    }
  }
  return true;
}

static bool is_cell(Verify *v, uint32_t reg)
{
  return reg < v->p->registers && optic_set_has(&v->cell, reg) ? true : wrong(v, "a value is used as a cell");
}

static bool constant(Verify *v, int64_t index, bool names, bool strings, bool numbers)
{
  if (index < 0 || index >= v->p->const_count) {
    return wrong(v, "a constant that the function does not have");
  }
  ConstKind kind = v->p->consts[index].kind;
  bool fits = kind == CONST_NAME ? names : kind == CONST_STRING ? strings : kind == CONST_NUMBER && numbers;
  return fits || wrong(v, "a constant of the wrong kind");
}

static bool jump(Verify *v, uint32_t at, int32_t d, bool back)
{
  int64_t to = (int64_t)at + 1 + d;
  if (to < 0 || to >= v->p->code_count || v->marks[to] == IS_WORD) {
    return wrong(v, "a jump to nowhere");
  }
  if ((to <= at) != back) {
    return wrong(v, back ? "a loop that goes forwards" : "a jump backwards");
  }
  return v->cells[to] == v->cells[at] || wrong(v, "a jump past the making of a cell");
}

static bool wide(Verify *v, const Instr *in, char letter)
{
  switch (letter) {
  case 'K':
    return constant(v, in->d, false, true, in->op != I_IMPORT);
  case 'J':
    return jump(v, v->at, in->d, in->op == I_LOOP);
  case 'P':
    return (in->d >= 0 && (uint32_t)in->d < v->p->proto_count) || wrong(v, "a function that is not there");
  default:
    return in->d >= 0 || wrong(v, "a negative slot");
  }
}

static bool narrow(Verify *v, char letter, uint16_t value)
{
  switch (letter) {
  case 'o':
    if (value & OPERAND_CONST) {
      return constant(v, value & ~(unsigned)OPERAND_CONST, false, true, true);
    }
    return plain(v, value & OPERAND_INDEX, 1);
  case 'w':
  case 'r':
  case 'm':
    return plain(v, value, 1);
  case 'k':
    return constant(v, value, false, true, true);
  case 'N':
    return constant(v, value, true, false, false);
  case 'S':
    return constant(v, value, false, true, false);
  default:
    return true;
  }
}

/* ---- what the shapes do not say ------------------------------------------------------------------------------- */
static bool name_list(Verify *v, uint32_t index, uint32_t *count)
{
  if (index >= v->p->names_count) {
    return wrong(v, "a name list that is not there");
  }
  *count = v->p->names[index].count;
  return true;
}

/* The registers of a call: what is called, `extra` more, then the arguments. */
static bool call(Verify *v, const Instr *in, uint32_t extra)
{
  uint32_t names = 0;
  if (in->c != NO_NAMES && !name_list(v, in->c, &names)) {
    return false;
  }
  return names <= in->b ? plain(v, in->a, 1 + extra + in->b) : wrong(v, "more keywords than arguments");
}

static bool path(Verify *v, const Instr *in)
{
  const Const *k = &v->p->consts[in->c];
  for (size_t i = 0; i < k->size; i++) {
    if (!strchr("fim", k->text[i]) || !k->text[i]) {
      return wrong(v, "a path with an unknown step");
    }
  }
  return k->size && k->size < MOST_REGISTERS ? plain(v, in->b, (uint32_t)k->size + 1)
                                             : wrong(v, "a path without steps");
}

static bool children_captures(Verify *v, const Proto *child)
{
  for (uint32_t i = 0; i < child->capture_count; i++) {
    const Capture *c = &child->captures[i];
    if (c->from_parent ? c->index >= v->p->capture_count : !is_cell(v, c->index)) {
      return wrong(v, "a capture of something that is no cell");
    }
  }
  return true;
}

static bool specific(Verify *v, const Instr *in)
{
  uint32_t count = 0;
  switch (in->op) {
  case I_LIST:
    return plain(v, in->b, in->c);
  case I_RECORD:
    return name_list(v, in->c, &count) && plain(v, in->b, count);
  case I_SLICE:
    return plain(v, in->b, 3);
  case I_TRANSFORM:
    return in->c < v->p->transform_count ? plain(v, in->b, 2 + v->p->transforms[in->c].hyper_count)
                                         : wrong(v, "a transform that is not there");
  case I_UNPACK:
    return plain(v, in->a, in->c);
  case I_UNPACKREST:
    return plain(v, in->a, (in->c >> 8) + 1u + (in->c & 255u));
  case I_SETPATH:
  case I_SETPATHCELL:
  case I_SETPATHGLOBAL:
    return path(v, in);
  case I_CALL:
    return call(v, in, 0);
  case I_CALLOWN:
    return (in[1].a > in->a && in[1].a <= in->a + in->b && in[1].d >= 0) ? call(v, in, 0)
                                                                         : wrong(v, "an owned argument that is none");
  case I_CALLM:
    return call(v, in, 1);
  case I_METHOD:
    return in->b >= in->a ? plain(v, in->a, 2) : wrong(v, "a method below its object");
  case I_CALLX:
    return plain(v, in->a, 3);
  case I_CALLMX:
    return plain(v, in->a, 4);
  case I_GETUP:
    return in->b < v->p->capture_count || wrong(v, "a captured cell that is not there");
  case I_DEFAULT:
    return in->a < v->p->param_count || wrong(v, "a default of something that is no parameter");
  case I_CLOSURE:
    return children_captures(v, v->p->protos[in->d]);
  default:
    return true;
  }
}

/* Fields that name cells, which the shapes call registers. */
static bool cell_field(const Instr *in, uint32_t field)
{
  return (in->op == I_GETCELL && field == 1) || ((in->op == I_SETCELL || in->op == I_SETPATHCELL) && field == 0);
}

static bool instruction(Verify *v)
{
  const Instr *in = &v->p->code[v->at];
  const char *shape = optic_opcodes[in->op].shape;
  const uint16_t fields[3] = {in->a, in->b, in->c};
  for (uint32_t i = 0; shape[i]; i++) {
    bool ok = strchr("KJGBP", shape[i]) ? wide(v, in, shape[i])
              : cell_field(in, i)       ? is_cell(v, fields[i])
                                        : narrow(v, shape[i], fields[i]);
    if (!ok) {
      return false;
    }
  }
  if (optic_opcode_has_word(in->op) && in->op != I_CALLOWN && !jump(v, v->at + 1, in[1].d, false)) {
    return false;
  }
  if (!specific(v, in)) {
    return false;
  }
  if (in->op == I_NEWCELL) {
    optic_set_add(&v->cell, in->a);
  }
  return true;
}

/* ---- TRY ------------------------------------------------------------------------------------------------------ */
static bool arrive(Verify *v, int64_t at, uint16_t depth)
{
  if (v->depths[at] != DEPTH_UNKNOWN && v->depths[at] != depth) {
    return wrong(v, "TRY and ENDTRY do not match");
  }
  v->depths[at] = depth;
  return true;
}

/* Jumps but those of LOOP go forwards, so one pass knows the depth of each instruction that can be reached. */
static bool balanced(Verify *v)
{
  const Instr *in = &v->p->code[v->at];
  uint16_t depth = v->depths[v->at];
  uint32_t next = v->at + 1 + optic_opcode_has_word(in->op);
  if (depth == DEPTH_UNKNOWN) {
    return true; /* never reached */
  }
  if (in->op == I_RETURN || in->op == I_RETNONE) {
    return !depth || wrong(v, "a return inside of TRY");
  }
  if (in->op == I_FAIL) {
    return true;
  }
  if (in->op == I_ENDTRY && !depth) {
    return wrong(v, "ENDTRY without TRY");
  }
  const char *shape = optic_opcodes[in->op].shape;
  if (shape[1] == 'J' && !arrive(v, (int64_t)v->at + 1 + in->d, depth)) {
    return false;
  }
  if (optic_opcode_has_word(in->op) && in->op != I_CALLOWN && !arrive(v, (int64_t)v->at + 2 + in[1].d, depth)) {
    return false;
  }
  if (in->op == I_JUMP || in->op == I_LOOP) {
    return true;
  }
  if (depth >= DEPTH_UNKNOWN - 1) {
    return wrong(v, "too many TRY");
  }
  depth = (uint16_t)(in->op == I_TRY ? depth + 1 : in->op == I_ENDTRY ? depth - 1 : depth);
  return arrive(v, next, depth);
}

/* ---- functions ------------------------------------------------------------------------------------------------ */
/* Opcodes, words, and the numbers of NEWCELL before each place. */
static bool layout(Verify *v)
{
  const Proto *p = v->p;
  uint32_t cells = 0, last = 0;
  for (v->at = 0; v->at < p->code_count; v->at++) {
    const Instr *in = &p->code[v->at];
    last = in->op;
    v->depths[v->at] = DEPTH_UNKNOWN;
    v->cells[v->at] = cells;
    if (in->op >= I_COUNT) {
      return wrong(v, "no such instruction");
    }
    cells += in->op == I_NEWCELL;
    if (optic_opcode_has_word(in->op)) {
      if (v->at + 1 >= p->code_count || in[1].op != I_JUMP) {
        return wrong(v, "the next word is missing");
      }
      v->marks[++v->at] = IS_WORD;
      v->depths[v->at] = DEPTH_UNKNOWN;
      v->cells[v->at] = cells;
    }
  }
  v->at = p->code_count ? p->code_count - 1 : 0;
  bool ends = last == I_RETURN || last == I_RETNONE || last == I_JUMP || last == I_LOOP || last == I_FAIL;
  return (p->code_count && ends) || wrong(v, "control runs off the end");
}

static bool header(Verify *v)
{
  const Proto *p = v->p;
  uint64_t params = (uint64_t)p->param_count + p->has_rest + p->has_named;
  v->at = 0;
  return (p->registers && p->registers <= MOST_REGISTERS && params <= p->registers && p->required <= p->param_count) ||
         wrong(v, "parameters and registers do not fit");
}

static bool code(Verify *v)
{
  const Proto *p = v->p;
  if (!header(v) || !layout(v)) {
    return false;
  }
  for (v->at = 0; v->at < p->code_count; v->at += 1u + optic_opcode_has_word(p->code[v->at].op)) {
    if (!instruction(v)) {
      return false;
    }
  }
  v->depths[0] = 0;
  for (v->at = 0; v->at < p->code_count; v->at += 1u + optic_opcode_has_word(p->code[v->at].op)) {
    if (!balanced(v)) {
      return false;
    }
  }
  return true;
}

static bool function(Core *core, const Proto *p)
{
  Verify v = {.core = core, .p = p};
  size_t n = (size_t)p->code_count + 1;
  v.marks = optic_core_zalloc(core, n * sizeof *v.marks);
  v.depths = optic_core_zalloc(core, n * sizeof *v.depths);
  v.cells = optic_core_zalloc(core, n * sizeof *v.cells);
  bool ok = v.marks && v.depths && v.cells && code(&v);
  optic_free(&core->alloc, v.marks, n * sizeof *v.marks);
  optic_free(&core->alloc, v.depths, n * sizeof *v.depths);
  optic_free(&core->alloc, v.cells, n * sizeof *v.cells);
  for (uint32_t i = 0; ok && i < p->proto_count; i++) {
    ok = function(core, p->protos[i]);
  }
  return ok;
}

bool optic_verify(Core *core, const Proto *proto)
{
  if (proto->capture_count) {
    Verify v = {.core = core, .p = proto};
    return wrong(&v, "a script that captures something");
  }
  return function(core, proto);
}
