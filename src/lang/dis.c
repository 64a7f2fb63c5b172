/* dis.c: bytecode as text, for people and for golden tests. Driven by the shapes of opcode.def.
 *
 * r2 is a register, r2~ one that the instruction uses up, a number or a string a constant; `-> 7` a jump's goal.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/compile_internal.h"

typedef struct Dis {
  const Proto *p;
  Text *out;
  const char *(*global_name)(void *user, int32_t slot);
  const char *(*std_name)(void *user, int32_t index);
  void *user;
  bool first; /* the next field is the instruction's first */
} Dis;

static void separate(Dis *d)
{
  optic_text_str(d->out, d->first ? "" : ", ");
  d->first = false;
}

static void constant(Dis *d, uint32_t index)
{
  if (index >= d->p->const_count) {
    optic_text_printf(d->out, "k%u?", (unsigned)index);
    return;
  }
  const Const *k = &d->p->consts[index];
  switch (k->kind) {
  case CONST_NUMBER:
    optic_text_number(d->out, k->number);
    break;
  case CONST_STRING:
    optic_text_quoted(d->out, k->text, k->size);
    break;
  case CONST_NAME:
    optic_text_shown(d->out, k->name->text, k->name->size);
    break;
  }
}

static void name_or(Dis *d, const char *name, const char *letter, int32_t index)
{
  if (name) {
    optic_text_shown(d->out, name, strlen(name));
  } else {
    optic_text_printf(d->out, "%s%d", letter, (int)index);
  }
}

static void name_list(Dis *d, uint32_t index)
{
  optic_text_char(d->out, '{');
  if (index >= d->p->names_count) {
    optic_text_char(d->out, '?');
  } else {
    const NameList *l = &d->p->names[index];
    for (uint32_t i = 0; i < l->count; i++) {
      optic_text_str(d->out, i ? ", " : "");
      optic_text_shown(d->out, l->at[i]->text, l->at[i]->size);
    }
  }
  optic_text_char(d->out, '}');
}

static void proto_name(Dis *d, const Proto *p)
{
  if (p->name) {
    optic_text_shown(d->out, p->name->text, p->name->size);
  } else {
    optic_text_str(d->out, "fn");
  }
}

static void wide(Dis *d, char letter, uint32_t at, int32_t value)
{
  switch (letter) {
  case 'K':
    constant(d, (uint32_t)value);
    break;
  case 'J':
    optic_text_printf(d->out, "-> %lld", (long long)at + 1 + value);
    break;
  case 'G':
    name_or(d, d->global_name ? d->global_name(d->user, value) : NULL, "g", value);
    break;
  case 'B':
    name_or(d, d->std_name ? d->std_name(d->user, value) : NULL, "std", value);
    break;
  case 'P':
    optic_text_printf(d->out, "#%d ", (int)value);
    if (value >= 0 && (uint32_t)value < d->p->proto_count) {
      proto_name(d, d->p->protos[value]);
    }
    break;
  default:
    break;
  }
}

static void narrow(Dis *d, const Instr *in, uint32_t field, char letter, uint16_t value)
{
  switch (letter) {
  case 'w':
  case 'r':
    optic_text_printf(d->out, "r%u", (unsigned)value);
    break;
  case 'm':
    optic_text_printf(d->out, "r%u~", (unsigned)value);
    break;
  case 'o':
    if (value & OPERAND_CONST) {
      constant(d, value & ~(unsigned)OPERAND_CONST);
    } else {
      optic_text_printf(d->out, "r%u%s", (unsigned)(value & OPERAND_INDEX), value & OPERAND_TEMP ? "~" : "");
    }
    break;
  case 'k':
  case 'N':
  case 'S':
    constant(d, value);
    break;
  default: /* n: a plain number, or what it stands for */
    if (field == 2 && optic_opcode_has_names(in->op)) {
      name_list(d, value);
    } else if (in->op == I_SETPATHGLOBAL) {
      wide(d, 'G', 0, value);
    } else if (in->op == I_UNPACKREST) {
      optic_text_printf(d->out, "%u *1 %u", value >> 8, value & 255u);
    } else if (in->op == I_GETUP && value < d->p->capture_count) {
      optic_text_printf(d->out, "^%s", d->p->captures[value].name->text);
    } else if (in->op == I_TESTLT || in->op == I_TESTLE || in->op == I_TESTEQ) {
      optic_text_str(d->out, value ? "true" : "false");
    } else {
      optic_text_printf(d->out, "%u", (unsigned)value);
    }
  }
}

static void instruction(Dis *d, uint32_t at)
{
  const Instr *in = &d->p->code[at];
  const OpcodeInfo *info = in->op < I_COUNT ? &optic_opcodes[in->op] : NULL;
  optic_text_printf(d->out, "%5u  ", (unsigned)at);
  if (!info) {
    optic_text_printf(d->out, "?%u\n", (unsigned)in->op);
    return;
  }
  bool bare = !strcmp(info->shape, "---");
  optic_text_str(d->out, info->name);
  optic_text_repeat(d->out, ' ', bare ? 0 : strlen(info->name) < 13 ? 13 - strlen(info->name) : 1);
  d->first = true;
  const uint16_t fields[3] = {in->a, in->b, in->c};
  for (uint32_t i = 0; info->shape[i]; i++) {
    char letter = info->shape[i];
    if (letter == '-' || (i == 2 && optic_opcode_has_names(in->op) && fields[i] == NO_NAMES)) {
      continue;
    }
    separate(d);
    if (strchr("KJGBP", letter)) {
      wide(d, letter, at, in->d);
    } else {
      narrow(d, in, i, letter, fields[i]);
    }
  }
  if (optic_opcode_has_word(in->op) && at + 1 < d->p->code_count) {
    const Instr *word = in + 1;
    if (in->op == I_CALLOWN) {
      optic_text_printf(d->out, "  own r%u = ", (unsigned)word->a);
      wide(d, 'G', 0, word->d);
    } else {
      optic_text_str(d->out, in->op == I_NEXT ? "  end " : "  else ");
      wide(d, 'J', at + 1, word->d);
    }
  }
  optic_text_char(d->out, '\n');
}

static void header(Dis *d)
{
  const Proto *p = d->p;
  bool script = !p->name && p->signature && !p->signature[0];
  optic_text_str(d->out, script ? "script " : "function ");
  const char *what = script ? p->source->name : p->signature ? p->signature : "?";
  optic_text_shown(d->out, what, strlen(what));
  optic_text_printf(d->out, "  %u register%s\n", (unsigned)p->registers, p->registers == 1 ? "" : "s");
  if (p->doc) {
    optic_text_str(d->out, "  doc ");
    optic_text_quoted(d->out, p->doc, strlen(p->doc));
    optic_text_char(d->out, '\n');
  }
  for (uint32_t i = 0; i < p->local_count; i++) {
    const LocalName *l = &p->locals[i];
    optic_text_printf(d->out, "%sr%u %s%s", i ? ", " : "  variables ", (unsigned)l->reg, l->name->text,
                      l->is_cell ? " (cell)" : "");
  }
  optic_text_str(d->out, p->local_count ? "\n" : "");
  for (uint32_t i = 0; i < p->capture_count; i++) {
    const Capture *c = &p->captures[i];
    optic_text_printf(d->out, "%s^%s = %s%u", i ? ", " : "  captures ", c->name->text, c->from_parent ? "^" : "r",
                      (unsigned)c->index);
  }
  optic_text_str(d->out, p->capture_count ? "\n" : "");
  for (uint32_t i = 0; i < p->transform_count; i++) {
    const TransformDesc *t = &p->transforms[i];
    optic_text_printf(d->out, "  transform %u: numbers {", (unsigned)i);
    for (uint32_t k = 0; k < t->hyper_count; k++) {
      optic_text_printf(d->out, "%s%s", k ? ", " : "", t->hypers[k]->text);
    }
    optic_text_str(d->out, "} states {");
    for (uint32_t k = 0; k < t->state_count; k++) {
      optic_text_printf(d->out, "%s%s", k ? ", " : "", t->states[k]->text);
    }
    optic_text_str(d->out, "}\n");
  }
}

/* The line that holds byte `at`, as a heading for the instructions that come from it. */
static void source_line(Dis *d, size_t line, uint32_t at)
{
  const Source *s = d->p->source;
  size_t first = at < s->size ? at : s->size, last = first;
  while (first > 0 && s->text[first - 1] != '\n') {
    first--;
  }
  while (last < s->size && s->text[last] != '\n' && s->text[last] != '\r') {
    last++;
  }
  while (first < last && (s->text[first] == ' ' || s->text[first] == '\t')) {
    first++;
  }
  optic_text_printf(d->out, " %u | ", (unsigned)line);
  optic_text_shown(d->out, s->text + first, last - first);
  optic_text_char(d->out, '\n');
}

/* Lines are counted from the last place, forwards or back, since instructions nearly follow the text. */
typedef struct Lines {
  size_t line, at;
} Lines;

static size_t line_of(Lines *l, const Source *s, size_t at)
{
  for (; l->at < at && l->at < s->size; l->at++) {
    l->line += s->text[l->at] == '\n';
  }
  for (; l->at > at; l->at--) {
    l->line -= s->text[l->at - 1] == '\n';
  }
  return l->line;
}

void optic_dis(const Proto *proto, Text *out, const char *(*global_name)(void *user, int32_t slot),
               const char *(*std_name)(void *user, int32_t index), void *user)
{
  Dis d = {.p = proto, .out = out, .global_name = global_name, .std_name = std_name, .user = user};
  Lines lines = {.line = 1};
  header(&d);
  size_t shown = 0;
  for (uint32_t i = 0; i < proto->code_count; i++) {
    size_t line = line_of(&lines, proto->source, proto->spans[i].first);
    if (line != shown) {
      source_line(&d, line, proto->spans[i].first);
      shown = line;
    }
    instruction(&d, i);
    i += optic_opcode_has_word(proto->code[i].op);
  }
  for (uint32_t i = 0; i < proto->proto_count; i++) {
    optic_text_char(out, '\n');
    optic_dis(proto->protos[i], out, global_name, std_name, user);
  }
}
