/* compile_expr.c: values.
 *
 * Everything is computed straight into its destination. The top of the stack of temporaries is where calls are made,
 * so a destination that is the top saves a move.
 * SPDX-License-Identifier: MIT */
#include "lang/compile_internal.h"

enum {
  MOST_AT_ONCE = 48, /* items of a list, fields of a record, arguments of a call that take a register each */
};

bool optic_has_block(const Node *n)
{
  if (n->kind == N_BLOCK) {
    return true;
  }
  if (n->kind == N_FN) {
    return false;
  }
  for (uint32_t i = 0; i < n->count; i++) {
    if (n->kids[i] && optic_has_block(n->kids[i])) {
      return true;
    }
  }
  return false;
}

Opcode optic_binary_opcode(Op op)
{
  switch (op) {
  case OP_ADD:
    return I_ADD;
  case OP_SUB:
    return I_SUB;
  case OP_MUL:
    return I_MUL;
  case OP_DIV:
    return I_DIV;
  case OP_IDIV:
    return I_IDIV;
  case OP_MOD:
    return I_MOD;
  case OP_MATMUL:
    return I_MATMUL;
  case OP_POW:
    return I_POW;
  case OP_EQ:
    return I_EQ;
  case OP_NE:
    return I_NE;
  case OP_LT:
    return I_LT;
  case OP_LE:
    return I_LE;
  case OP_GT:
    return I_GT;
  case OP_GE:
    return I_GE;
  case OP_IN:
    return I_IN;
  case OP_NOT_IN:
    return I_NOTIN;
  case OP_NEG:
    return I_NEG;
  case OP_NOT:
    return I_NOT;
  }
  return I_ADD;
}

/* ---- names ---------------------------------------------------------------------------------------------------- */
static void copy_local(Func *f, uint32_t reg, uint32_t dst, Span span)
{
  if (!optic_set_has(&f->set, reg)) {
    /* COPY finds out whether there is a value; then there is one from here on. */
    uint32_t *check = VEC_PUSH(&f->c->core->alloc, &f->checks);
    if (check) {
      *check = optic_here(f);
    } else {
      f->c->oom = true;
    }
    optic_set_add(&f->set, reg);
  } else if (reg == dst) {
    return;
  }
  optic_emit(f, I_COPY, dst, reg, 0, span);
}

void optic_gen_read(Func *f, Ref ref, uint32_t dst, Span span)
{
  uint32_t index = (uint32_t)ref.index;
  switch (ref.kind) {
  case REF_NONE:
    break;
  case REF_LOCAL:
    copy_local(f, index, dst, span);
    break;
  case REF_CELL:
    optic_emit(f, I_GETCELL, dst, index, 0, span);
    break;
  case REF_SELF:
    optic_emit(f, I_SELF, dst, 0, 0, span);
    break;
  case REF_UP:
    optic_emit(f, I_GETUP, dst, index, 0, span);
    break;
  case REF_GLOBAL:
    optic_emit_d(f, I_GETGLOBAL, dst, ref.index, span);
    break;
  case REF_STD:
    optic_emit_d(f, I_GETSTD, dst, ref.index, span);
    break;
  }
}

/* ---- operands ------------------------------------------------------------------------------------------------- */
static bool is_number(const Node *n, double *out)
{
  if (n->kind == N_NUMBER) {
    *out = n->number;
    return true;
  }
  if (n->kind == N_UNARY && n->op == OP_NEG && n->kids[0]->kind == N_NUMBER) {
    *out = -n->kids[0]->number;
    return true;
  }
  return false;
}

uint16_t optic_gen_operand(Func *f, const Node *n, int32_t into)
{
  double number;
  if (is_number(n, &number)) {
    return (uint16_t)(OPERAND_CONST | optic_const_number(f, number));
  }
  if (n->kind == N_STRING) {
    return (uint16_t)(OPERAND_CONST | optic_const_string(f, n->text, n->size));
  }
  if (n->kind == N_NAME) {
    int32_t local = optic_plain_local(f, n->name);
    if (local >= 0 && optic_set_has(&f->set, (uint32_t)local)) {
      return (uint16_t)local;
    }
  }
  uint32_t t = into >= 0 ? (uint32_t)into : optic_reserve(f, 1, n->span);
  optic_gen_expr(f, n, t);
  return (uint16_t)(OPERAND_TEMP | t);
}

uint16_t optic_gen_operand_before(Func *f, const Node *n, int32_t into, const Node *later)
{
  if (n->kind == N_NAME && optic_plain_local(f, n->name) >= 0 && optic_has_block(later)) {
    uint32_t t = into >= 0 ? (uint32_t)into : optic_reserve(f, 1, n->span);
    optic_gen_expr(f, n, t);
    return (uint16_t)(OPERAND_TEMP | t);
  }
  return optic_gen_operand(f, n, into);
}

static bool uses(uint16_t operand, uint32_t reg)
{
  return !(operand & OPERAND_CONST) && (operand & OPERAND_INDEX) == reg;
}

/* `into` for the next operand: the destination, when it is a temporary that holds nothing yet. */
static int32_t spare(const Func *f, uint32_t dst)
{
  return optic_is_temp(f, dst) ? (int32_t)dst : -1;
}

static void binary(Func *f, const Node *n, uint32_t dst)
{
  uint32_t save = f->next;
  uint16_t a = optic_gen_operand_before(f, n->kids[0], spare(f, dst), n->kids[1]);
  uint16_t b = optic_gen_operand(f, n->kids[1], uses(a, dst) ? -1 : spare(f, dst));
  optic_emit(f, optic_binary_opcode(n->op), dst, a, b, n->span);
  f->next = save;
}

static void unary(Func *f, const Node *n, uint32_t dst)
{
  double number;
  if (is_number(n, &number)) {
    optic_emit_d(f, I_LOADK, dst, (int32_t)optic_const_number(f, number), n->span);
    return;
  }
  uint32_t save = f->next;
  uint16_t a = optic_gen_operand(f, n->kids[0], spare(f, dst));
  optic_emit(f, optic_binary_opcode(n->op), dst, a, 0, n->span);
  f->next = save;
}

/* Where something is built piece by piece: `dst` itself, unless the script could see it there. */
static uint32_t workplace(Func *f, uint32_t dst, Span span)
{
  return optic_is_temp(f, dst) ? dst : optic_reserve(f, 1, span);
}

static void deliver(Func *f, uint32_t from, uint32_t dst, Span span)
{
  if (from != dst) {
    optic_emit(f, I_MOVE, dst, from, 0, span);
  }
}

static void logical(Func *f, const Node *n, uint32_t dst)
{
  bool is_and = n->kind == N_AND;
  uint32_t save = f->next, t = workplace(f, dst, n->span);
  int32_t end = -1;
  optic_gen_expr(f, n->kids[0], t);
  optic_emit_jump(f, is_and ? I_JAND : I_JOR, t, &end, n->kids[0]->span);
  RegSet set = f->set;
  uint16_t b = optic_gen_operand(f, n->kids[1], -1);
  optic_emit(f, is_and ? I_AND : I_OR, t, OPERAND_TEMP | t, b, n->span);
  f->set = set;
  optic_patch_here(f, end);
  deliver(f, t, dst, n->span);
  f->next = save;
}

/* ---- fields and items ----------------------------------------------------------------------------------------- */
static void slice(Func *f, const Node *n, uint32_t dst)
{
  uint32_t save = f->next, first = f->next;
  for (uint32_t i = 0; i < 3; i++) {
    uint32_t t = optic_reserve(f, 1, n->span);
    if (i < n->count && n->kids[i]) {
      optic_gen_expr(f, n->kids[i], t);
    } else {
      optic_emit(f, I_NONE, t, 0, 0, n->span);
    }
  }
  optic_emit(f, I_SLICE, dst, first, 0, n->span);
  f->next = save;
}

void optic_gen_subscripts(Func *f, const Node *index, uint32_t dst)
{
  if (index->count == 2) {
    optic_gen_expr(f, index->kids[1], dst);
    return;
  }
  uint32_t save = f->next, first = f->next, count = 0;
  for (uint32_t i = 1; i < index->count; i++, count++) {
    optic_gen_expr(f, index->kids[i], optic_reserve(f, 1, index->span));
  }
  optic_emit(f, I_LIST, dst, count ? first : dst, count, index->span);
  f->next = save;
}

static void field(Func *f, const Node *n, uint32_t dst)
{
  uint32_t save = f->next;
  uint16_t of = optic_gen_operand(f, n->kids[0], spare(f, dst));
  optic_emit(f, I_GETFIELD, dst, of, optic_const_name(f, n->name), n->name_span);
  f->next = save;
}

static void item(Func *f, const Node *n, uint32_t dst)
{
  uint32_t save = f->next;
  uint16_t of;
  if (n->count == 2) {
    of = optic_gen_operand_before(f, n->kids[0], spare(f, dst), n->kids[1]);
    uint16_t at = optic_gen_operand(f, n->kids[1], uses(of, dst) ? -1 : spare(f, dst));
    optic_emit(f, I_GETINDEX, dst, of, at, n->span);
  } else {
    of = optic_gen_operand_before(f, n->kids[0], spare(f, dst), n);
    uint32_t list = optic_reserve(f, 1, n->span);
    optic_gen_subscripts(f, n, list);
    optic_emit(f, I_GETITEMS, dst, of, list, n->span);
  }
  f->next = save;
}

/* ---- lists and records ---------------------------------------------------------------------------------------- */
/* One more item of a literal, or argument of a call, for the list in `acc`. */
static void add_item(Func *f, const Node *n, uint32_t acc)
{
  uint32_t save = f->next, t = optic_reserve(f, 1, n->span);
  bool spread = n->kind == N_SPREAD;
  optic_gen_expr(f, spread ? n->kids[0] : n, t);
  optic_emit(f, spread ? I_LISTSPREAD : I_LISTADD, acc, t, 0, n->span);
  f->next = save;
}

static void list(Func *f, const Node *n, uint32_t dst)
{
  uint32_t save = f->next, whole = 0;
  while (whole < n->count && whole < MOST_AT_ONCE && n->kids[whole]->kind != N_SPREAD) {
    whole++;
  }
  uint32_t acc = whole == n->count ? dst : workplace(f, dst, n->span);
  uint32_t inner = f->next, first = f->next;
  for (uint32_t i = 0; i < whole; i++) {
    optic_gen_expr(f, n->kids[i], optic_reserve(f, 1, n->kids[i]->span));
  }
  optic_emit(f, I_LIST, acc, whole ? first : acc, whole, n->span);
  f->next = inner;
  for (uint32_t i = whole; i < n->count; i++) {
    add_item(f, n->kids[i], acc);
  }
  deliver(f, acc, dst, n->span);
  f->next = save;
}

static void add_field(Func *f, const Node *n, uint32_t acc)
{
  uint32_t save = f->next, t = optic_reserve(f, 1, n->span);
  optic_gen_expr(f, n->kids[0], t);
  if (n->kind == N_SPREAD_NAMED) {
    optic_emit(f, I_RECSPREAD, acc, t, 0, n->span);
  } else {
    optic_emit(f, I_RECADD, acc, t, optic_const_name(f, n->name), n->span);
  }
  f->next = save;
}

/* The name list of a record's first fields, and their number. A function of its own because of the array, which the
 * recursive ones should not carry. */
static uint32_t field_list(Func *f, const Node *n, uint32_t *count)
{
  const Name *names[MOST_AT_ONCE];
  uint32_t whole = 0;
  while (whole < n->count && whole < MOST_AT_ONCE && n->kids[whole]->kind == N_PAIR) {
    names[whole] = n->kids[whole]->name;
    whole++;
  }
  *count = whole;
  return optic_name_list(f, names, whole);
}

static void record(Func *f, const Node *n, uint32_t dst)
{
  uint32_t save = f->next, whole, list_index = field_list(f, n, &whole);
  uint32_t acc = whole == n->count ? dst : workplace(f, dst, n->span);
  uint32_t inner = f->next, first = f->next;
  for (uint32_t i = 0; i < whole; i++) {
    optic_gen_expr(f, n->kids[i]->kids[0], optic_reserve(f, 1, n->kids[i]->span));
  }
  optic_emit(f, I_RECORD, acc, whole ? first : acc, list_index, n->span);
  f->next = inner;
  for (uint32_t i = whole; i < n->count; i++) {
    add_field(f, n->kids[i], acc);
  }
  deliver(f, acc, dst, n->span);
  f->next = save;
}

/* ---- calls ---------------------------------------------------------------------------------------------------- */
/* What a message about a call points at: the name of what is called. */
static Span callee_span(const Node *callee)
{
  return callee->kind == N_FIELD ? callee->name_span : callee->span;
}

/* Arguments of a call with spreads, or of more than registers are good for: a list at `base`, a record after it. */
static void gather_arguments(Func *f, const Node *n, uint32_t from, uint32_t base)
{
  uint32_t save = f->next, first = f->next, plain = from;
  for (; plain < n->count && plain - from < MOST_AT_ONCE; plain++) {
    NodeKind kind = n->kids[plain]->kind;
    if (kind == N_SPREAD || kind == N_KEYWORD || kind == N_SPREAD_NAMED) {
      break;
    }
    optic_gen_expr(f, n->kids[plain], optic_reserve(f, 1, n->kids[plain]->span));
  }
  optic_emit(f, I_LIST, base, plain > from ? first : base, plain - from, n->span);
  f->next = save;
  optic_emit(f, I_RECORD, base + 1, base + 1, optic_name_list(f, NULL, 0), n->span);
  for (uint32_t i = plain; i < n->count; i++) {
    const Node *a = n->kids[i];
    if (a->kind == N_KEYWORD || a->kind == N_SPREAD_NAMED) {
      add_field(f, a, base + 1);
    } else {
      add_item(f, a, base);
    }
  }
}

static bool needs_gathering(const Node *n, uint32_t from)
{
  for (uint32_t i = from; i < n->count; i++) {
    if (n->kids[i]->kind == N_SPREAD || n->kids[i]->kind == N_SPREAD_NAMED) {
      return true;
    }
  }
  return n->count - from > MOST_AT_ONCE;
}

/* The name list of a call's keywords. A function of its own because of the array, as field_list. */
static uint32_t keyword_list(Func *f, const Node *n, uint32_t from)
{
  const Name *keywords[MOST_AT_ONCE];
  uint32_t count = 0;
  for (uint32_t i = from; i < n->count; i++) {
    const Node *a = n->kids[i];
    if (a->kind == N_KEYWORD) {
      keywords[count++] = a->name;
    } else if (count) {
      COMPILE_ERROR(f->c, D_argument_order, a->span, "a positional argument after a keyword argument");
    }
  }
  return count ? optic_name_list(f, keywords, count) : NO_NAMES;
}

/* Arguments into consecutive registers. Returns where the value of the name `own` went, or -1. */
static int32_t gen_arguments(Func *f, const Node *n, uint32_t from, const Name *own)
{
  int32_t own_reg = -1;
  for (uint32_t i = from; i < n->count; i++) {
    const Node *value = n->kids[i]->kind == N_KEYWORD ? n->kids[i]->kids[0] : n->kids[i];
    uint32_t t = optic_reserve(f, 1, value->span);
    optic_gen_expr(f, value, t);
    if (own && value->kind == N_NAME && value->name == own) {
      own_reg = (int32_t)t;
    }
  }
  return own_reg;
}

void optic_gen_call(Func *f, const Node *n, uint32_t dst, const Name *own)
{
  bool pipe = n->kind == N_PIPE, method = !pipe && n->kids[0]->kind == N_FIELD;
  const Node *callee = pipe ? NULL : n->kids[0];
  Span span = pipe ? n->span : callee_span(callee);
  uint32_t save = f->next, from = pipe ? 0 : 1;
  uint32_t base = optic_is_temp(f, dst) && dst + 1 == f->next ? dst : optic_reserve(f, 1, span);
  if (pipe) {
    optic_gen_read(f, optic_resolve(f, f->c->name_chain, span), base, span);
  } else if (method) {
    optic_gen_expr(f, callee->kids[0], base);
    optic_reserve(f, 1, span);
    optic_emit(f, I_METHOD, base, base, optic_const_name(f, callee->name), span);
  } else {
    optic_gen_expr(f, callee, base);
  }
  if (needs_gathering(n, from)) {
    gather_arguments(f, n, from, optic_reserve(f, 2, span));
    optic_emit(f, method ? I_CALLMX : I_CALLX, base, 0, 0, span);
  } else {
    uint32_t names = keyword_list(f, n, from);
    int32_t own_reg = gen_arguments(f, n, from, own);
    if (own_reg >= 0 && !method) {
      optic_emit(f, I_CALLOWN, base, n->count - from, names, span);
      optic_emit_d(f, I_JUMP, (uint32_t)own_reg, optic_resolve(f, own, span).index, span);
    } else {
      optic_emit(f, method ? I_CALLM : I_CALL, base, n->count - from, names, span);
    }
  }
  deliver(f, base, dst, span);
  f->next = save;
}

/* ---- all kinds ------------------------------------------------------------------------------------------------ */
void optic_gen_expr(Func *f, const Node *n, uint32_t dst)
{
  switch (n->kind) {
  case N_NUMBER:
    optic_emit_d(f, I_LOADK, dst, (int32_t)optic_const_number(f, n->number), n->span);
    break;
  case N_STRING:
    optic_emit_d(f, I_LOADK, dst, (int32_t)optic_const_string(f, n->text, n->size), n->span);
    break;
  case N_NONE:
    optic_emit(f, I_NONE, dst, 0, 0, n->span);
    break;
  case N_TRUE:
    optic_emit(f, I_TRUE, dst, 0, 0, n->span);
    break;
  case N_FALSE:
    optic_emit(f, I_FALSE, dst, 0, 0, n->span);
    break;
  case N_NAME:
    optic_gen_read(f, optic_resolve(f, n->name, n->span), dst, n->span);
    break;
  case N_LIST:
    list(f, n, dst);
    break;
  case N_RECORD:
    record(f, n, dst);
    break;
  case N_UNARY:
    unary(f, n, dst);
    break;
  case N_BINARY:
    binary(f, n, dst);
    break;
  case N_AND:
  case N_OR:
    logical(f, n, dst);
    break;
  case N_PIPE:
  case N_CALL:
    optic_gen_call(f, n, dst, NULL);
    break;
  case N_INDEX:
    item(f, n, dst);
    break;
  case N_SLICE:
    slice(f, n, dst);
    break;
  case N_FIELD:
    field(f, n, dst);
    break;
  case N_FN:
    optic_gen_closure(f, n, NULL, dst);
    break;
  case N_IF:
    optic_gen_if(f, n, (int32_t)dst);
    break;
  case N_PAIR:
  case N_SPREAD:
  case N_SPREAD_NAMED:
  case N_KEYWORD:
  case N_BLOCK:
  case N_ASSIGN:
  case N_AUGMENT:
  case N_EXPR:
  case N_TRANSFORM:
  case N_STATE:
  case N_WHILE:
  case N_FOR:
  case N_BREAK:
  case N_CONTINUE:
  case N_RETURN:
  case N_ASSERT:
  case N_TRY:
  case N_IMPORT:
  case N_PARAMS:
  case N_PARAM:
  case N_ERROR:
    COMPILE_ERROR(f->c, D_no_value, n->span, "this has no value");
    break;
  }
}
