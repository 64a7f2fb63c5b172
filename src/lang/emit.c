/* emit.c: the compiler's hand: instructions, jumps, registers, constants.
 *
 * Jumps that wait for their goal are chained through their own `d`: it holds the index of the one before, -1 at the
 * end. SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/compile_internal.h"

enum { MOST_CODE = 1 << 24, MOST_CONSTS = 32767 /* what an operand can name */, RECENT_NAME_LISTS = 16 };

void optic_limit_error(Func *f, Span span, const char *what, uint32_t limit)
{
  f->c->failed = true;
  if (!f->limit_said) {
    f->limit_said = true;
    Diag *d = optic_diag(f->c->diags, D_too_large, (Place){f->c->source, span}, "this function needs more than %u %s",
                         (unsigned)limit, what);
    optic_diag_hint(f->c->diags, d, "split it into several functions");
  }
}

/* ---- instructions --------------------------------------------------------------------------------------------- */
static uint32_t push(Func *f, Instr in, Span span)
{
  uint32_t at = optic_here(f);
  if (at >= MOST_CODE) {
    optic_limit_error(f, span, "instructions", MOST_CODE);
    return at - 1;
  }
  Span *s = VEC_PUSH(&f->c->core->alloc, &f->spans);
  Instr *i = s ? VEC_PUSH(&f->c->core->alloc, &f->code) : NULL;
  if (!i) {
    f->spans.size = f->code.size;
    f->c->oom = true;
    return at ? at - 1 : 0;
  }
  *s = span;
  *i = in;
  return at;
}

uint32_t optic_emit(Func *f, Opcode op, uint32_t a, uint32_t b, uint32_t c, Span span)
{
  return push(f, (Instr){.op = (uint16_t)op, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)c}, span);
}

uint32_t optic_emit_d(Func *f, Opcode op, uint32_t a, int32_t d, Span span)
{
  return push(f, (Instr){.op = (uint16_t)op, .a = (uint16_t)a, .d = d}, span);
}

void optic_emit_jump(Func *f, Opcode op, uint32_t a, int32_t *list, Span span)
{
  size_t before = f->code.size;
  uint32_t at = optic_emit_d(f, op, a, *list, span);
  if (f->code.size > before) {
    *list = (int32_t)at;
  }
}

void optic_patch_here(Func *f, int32_t list)
{
  int32_t here = (int32_t)optic_here(f);
  if (list >= 0) {
    f->label = (uint32_t)here;
  }
  while (list >= 0) {
    Instr *in = &f->code.at[list];
    int32_t next = in->d;
    in->d = here - (list + 1);
    list = next;
  }
}

void optic_emit_loop(Func *f, uint32_t head, Span span)
{
  optic_emit_d(f, I_LOOP, 0, (int32_t)head - ((int32_t)optic_here(f) + 1), span);
}

uint32_t optic_reserve(Func *f, uint32_t count, Span span)
{
  uint32_t first = f->next;
  if (count > MOST_REGISTERS || first + count > MOST_REGISTERS) {
    optic_limit_error(f, span, "registers for variables and intermediate values", MOST_REGISTERS);
    return first < MOST_REGISTERS ? first : MOST_REGISTERS - 1;
  }
  f->next = first + count;
  if (f->next > f->most) {
    f->most = f->next;
  }
  return first;
}

/* ---- constants ------------------------------------------------------------------------------------------------ */
static uint32_t const_hash(const Const *k)
{
  uint64_t h = 14695981039346656037u ^ (uint64_t)k->kind;
  switch (k->kind) {
  case CONST_NUMBER: {
    uint64_t bits;
    memcpy(&bits, &k->number, sizeof bits);
    h ^= bits;
    break;
  }
  case CONST_STRING:
    for (size_t i = 0; i < k->size; i++) {
      h = (h ^ (unsigned char)k->text[i]) * 1099511628211u;
    }
    break;
  case CONST_NAME:
    h ^= (uint64_t)k->name->hash << 3;
    break;
  }
  h *= 0x9e3779b97f4a7c15u;
  return (uint32_t)(h >> 32);
}

/* Bits, not values: 0 and -0 are two constants. */
static bool const_equal(const Const *a, const Const *b)
{
  if (a->kind != b->kind) {
    return false;
  }
  switch (a->kind) {
  case CONST_NUMBER:
    return !memcmp(&a->number, &b->number, sizeof a->number);
  case CONST_STRING:
    return a->size == b->size && (!a->size || !memcmp(a->text, b->text, a->size));
  case CONST_NAME:
    return a->name == b->name;
  }
  return false;
}

/* Keeps the hash table at most half full. */
static bool const_room(Func *f)
{
  if ((f->consts.size + 1) * 2 <= f->const_cap) {
    return true;
  }
  uint32_t cap = f->const_cap ? f->const_cap * 2 : 32;
  uint32_t *slots = optic_zalloc(&f->c->core->alloc, cap * sizeof *slots);
  if (!slots) {
    return false;
  }
  for (uint32_t i = 0; i < f->consts.size; i++) {
    uint32_t at = const_hash(&f->consts.at[i]) & (cap - 1);
    while (slots[at]) {
      at = (at + 1) & (cap - 1);
    }
    slots[at] = i + 1;
  }
  optic_free(&f->c->core->alloc, f->const_slots, f->const_cap * sizeof *slots);
  f->const_slots = slots;
  f->const_cap = cap;
  return true;
}

static uint32_t enter(Func *f, Const k)
{
  if (!const_room(f)) {
    f->c->oom = true;
    return 0;
  }
  uint32_t at = const_hash(&k) & (f->const_cap - 1);
  for (; f->const_slots[at]; at = (at + 1) & (f->const_cap - 1)) {
    if (const_equal(&f->consts.at[f->const_slots[at] - 1], &k)) {
      return f->const_slots[at] - 1;
    }
  }
  uint32_t limit = f->c->core->limits.constants;
  limit = limit && limit < MOST_CONSTS ? limit : MOST_CONSTS;
  if (f->consts.size >= limit) {
    optic_limit_error(f, f->span, "different constants", limit);
    return 0;
  }
  if (k.kind == CONST_STRING && !(k.text = optic_arena_copy(f->c->arena, k.text, k.size))) {
    f->c->oom = true;
    return 0;
  }
  Const *out = VEC_PUSH(&f->c->core->alloc, &f->consts);
  if (!out) {
    f->c->oom = true;
    return 0;
  }
  *out = k;
  f->const_slots[at] = (uint32_t)f->consts.size;
  return (uint32_t)f->consts.size - 1;
}

uint32_t optic_const_number(Func *f, double number)
{
  return enter(f, (Const){.kind = CONST_NUMBER, .number = number});
}

uint32_t optic_const_string(Func *f, const char *text, size_t size)
{
  return enter(f, (Const){.kind = CONST_STRING, .text = text, .size = size});
}

uint32_t optic_const_name(Func *f, const Name *name)
{
  return enter(f, (Const){.kind = CONST_NAME, .name = name});
}

uint32_t optic_name_list(Func *f, const Name *const *names, uint32_t count)
{
  /* The same call in a row of statements is common, so a look at the latest lists saves most copies. */
  for (size_t i = f->names.size; i > 0 && f->names.size - i < RECENT_NAME_LISTS; i--) {
    const NameList *l = &f->names.at[i - 1];
    if (l->count == count && (!count || !memcmp(l->at, names, count * sizeof *names))) {
      return (uint32_t)i - 1;
    }
  }
  if (f->names.size >= NO_NAMES) {
    optic_limit_error(f, f->span, "calls and records with different names", NO_NAMES);
    return 0;
  }
  const Name **at = optic_arena_array(f->c->arena, count, sizeof *at);
  NameList *out = at ? VEC_PUSH(&f->c->core->alloc, &f->names) : NULL;
  if (!out) {
    f->c->oom = true;
    return 0;
  }
  if (count) {
    memcpy(at, names, count * sizeof *at);
  }
  *out = (NameList){.at = at, .count = count};
  return (uint32_t)f->names.size - 1;
}

void optic_func_finish(Func *f)
{
  Alloc *a = &f->c->core->alloc;
  VEC_FINISH(a, &f->code);
  VEC_FINISH(a, &f->spans);
  VEC_FINISH(a, &f->consts);
  VEC_FINISH(a, &f->names);
  VEC_FINISH(a, &f->transforms);
  VEC_FINISH(a, &f->captures);
  VEC_FINISH(a, &f->protos);
  VEC_FINISH(a, &f->checks);
  optic_free(a, f->const_slots, f->const_cap * sizeof *f->const_slots);
  f->const_slots = NULL;
  f->const_cap = 0;
}
