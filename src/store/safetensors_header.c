/* safetensors_header.c: the header of a safetensors file, from JSON. See safetensors_header.h.
 * SPDX-License-Identifier: MIT */
#include "store/safetensors_header.h"

#include <string.h>

typedef struct Parser {
  Core *core;
  const char *what;
  const char *from, *at, *end;
  SafeHeader *out;
  bool metadata_seen;
} Parser;

static const char *const dtypes[EL_COUNT] = {
    [EL_BOOL] = "BOOL", [EL_I8] = "I8",   [EL_U8] = "U8",   [EL_I16] = "I16", [EL_U16] = "U16",
    [EL_I32] = "I32",   [EL_U32] = "U32", [EL_I64] = "I64", [EL_U64] = "U64", [EL_F16] = "F16",
    [EL_BF16] = "BF16", [EL_F32] = "F32", [EL_F64] = "F64",
};

const char *optic_safe_dtype(Element e)
{
  return dtypes[e];
}

/* ---- tokens ------------------------------------------------------------------------------------------------- */
static bool malformed(Parser *p, const char *expected)
{
  return optic_fail(&p->core->fault, D_format, "`%s`: its safetensors header is malformed at byte %llu: %s expected",
                    p->what, (unsigned long long)(p->at - p->from) + 8, expected);
}

static void skip_blanks(Parser *p)
{
  while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')) {
    p->at++;
  }
}

static bool take(Parser *p, char c)
{
  skip_blanks(p);
  if (p->at < p->end && *p->at == c) {
    p->at++;
    return true;
  }
  return false;
}

static bool hex4(Parser *p, uint32_t *out)
{
  *out = 0;
  for (int i = 0; i < 4; i++) {
    char c = p->at < p->end ? *p->at : 0;
    uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                            : 16;
    if (digit == 16) {
      return malformed(p, "four hexadecimal digits");
    }
    *out = *out << 4 | digit;
    p->at++;
  }
  return true;
}

/* What follows a backslash. */
static bool escape(Parser *p)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  Text *text = &p->out->text;
  char c = p->at < p->end ? *p->at : 0;
  const char *known = c ? strchr(from, c) : NULL;
  if (known) {
    p->at++;
    optic_text_char(text, to[known - from]);
    return true;
  }
  if (c != 'u') {
    return malformed(p, "an escape of JSON");
  }
  p->at++;
  uint32_t code, low;
  if (!hex4(p, &code)) {
    return false;
  }
  if (code >= 0xd800 && code < 0xdc00) {
    if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u') {
      return malformed(p, "the second half of a character");
    }
    p->at += 2;
    if (!hex4(p, &low)) {
      return false;
    }
    code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0;
  }
  char bytes[4];
  size_t size = code ? optic_utf8_write(code, bytes) : 0;
  if (!size) {
    return malformed(p, "a character that exists");
  }
  optic_text_add(text, bytes, size);
  return true;
}

static bool string(Parser *p, SafeText *out)
{
  Text *text = &p->out->text;
  if (!take(p, '"')) {
    return malformed(p, "a string");
  }
  out->offset = text->size;
  while (p->at < p->end && *p->at != '"') {
    uint32_t code;
    if (*p->at == '\\') {
      p->at++;
      if (!escape(p)) {
        return false;
      }
      continue;
    }
    size_t size = optic_utf8_read(p->at, (size_t)(p->end - p->at), &code);
    if (!size || (unsigned char)*p->at < 0x20) {
      return malformed(p, "text in UTF-8");
    }
    optic_text_add(text, p->at, size);
    p->at += size;
  }
  if (text->oom) {
    return optic_fail_oom(&p->core->fault);
  }
  out->size = text->size - out->offset;
  return take(p, '"') || malformed(p, "`\"`");
}

static bool integer(Parser *p, uint64_t *out)
{
  skip_blanks(p);
  uint64_t x = 0;
  const char *first = p->at;
  for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
    if (__builtin_mul_overflow(x, 10u, &x) || __builtin_add_overflow(x, (uint64_t)(*p->at - '0'), &x) ||
        x > INT64_MAX) {
      return malformed(p, "a number below 2**63");
    }
  }
  *out = x;
  return (p->at > first && (p->at == first + 1 || *first != '0')) || malformed(p, "a whole number");
}

/* Makes `t` readable as long as no other string is read. */
static SafeText *settle(const Parser *p, SafeText *t)
{
  t->at = optic_text_cstr(&p->out->text) + t->offset;
  return t;
}

static bool equals(const Parser *p, SafeText *t, const char *text)
{
  return optic_safe_text_is(settle(p, t), text);
}

bool optic_safe_text_is(const SafeText *t, const char *text)
{
  return strlen(text) == t->size && !memcmp(t->at, text, t->size);
}

int optic_safe_text_compare(const SafeText *a, const SafeText *b)
{
  int order = memcmp(a->at, b->at, a->size < b->size ? a->size : b->size);
  return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* '[' integers ']', at most `most` of them. */
static bool integers(Parser *p, uint64_t *out, size_t most, size_t *count)
{
  if (!take(p, '[')) {
    return malformed(p, "`[`");
  }
  *count = 0;
  if (take(p, ']')) {
    return true;
  }
  do {
    if (*count == most) {
      return malformed(p, "a shorter list (Optic has at most 8 axes)");
    }
    if (!integer(p, &out[(*count)++])) {
      return false;
    }
  } while (take(p, ','));
  return take(p, ']') || malformed(p, "`,` or `]`");
}

/* ---- structure ---------------------------------------------------------------------------------------------- */
static bool dtype(Parser *p, SafeTensor *t)
{
  SafeText name;
  if (!string(p, &name)) {
    return false;
  }
  for (int e = 0; e < EL_COUNT; e++) {
    if (equals(p, &name, dtypes[e])) {
      t->element = (Element)e;
      return true;
    }
  }
  settle(p, &t->name);
  return optic_fail(&p->core->fault, D_format, "`%s`: `%.*s` has the dtype %.*s, which Optic has nothing for", p->what,
                    (int)(t->name.size < 200 ? t->name.size : 200), t->name.at, (int)(name.size < 40 ? name.size : 40),
                    name.at);
}

static bool tensor_field(Parser *p, SafeTensor *t, unsigned *seen)
{
  static const char *const keys[] = {"dtype", "shape", "data_offsets"};
  SafeText key;
  if (!string(p, &key)) {
    return false;
  }
  unsigned which = 0;
  while (which < 3 && !equals(p, &key, keys[which])) {
    which++;
  }
  if (which == 3 || *seen & 1u << which) {
    return malformed(p, "`dtype`, `shape` and `data_offsets`, each once,");
  }
  *seen |= 1u << which;
  if (!take(p, ':')) {
    return malformed(p, "`:`");
  }
  uint64_t numbers[OPTIC_RANK];
  size_t count;
  switch (which) {
  case 0:
    return dtype(p, t);
  case 1:
    if (!integers(p, numbers, OPTIC_RANK, &count)) {
      return false;
    }
    t->shape.rank = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
      t->shape.at[i] = (int64_t)numbers[i];
    }
    return true;
  default:
    if (!integers(p, numbers, 2, &count)) {
      return false;
    }
    if (count != 2 || numbers[0] > numbers[1]) {
      return malformed(p, "two offsets, the first not larger,");
    }
    t->begin = numbers[0];
    t->end = numbers[1];
    return true;
  }
}

static bool tensor(Parser *p, SafeText name)
{
  SafeTensor t = {.name = name};
  unsigned seen = 0;
  if (!take(p, '{')) {
    return malformed(p, "`{`");
  }
  do {
    if (!tensor_field(p, &t, &seen)) {
      return false;
    }
  } while (take(p, ','));
  if (seen != 7) {
    return malformed(p, "`dtype`, `shape` and `data_offsets`");
  }
  if (!take(p, '}')) {
    return malformed(p, "`}`");
  }
  if (p->out->tensors.size >= p->core->limits.leaves) {
    return optic_fail(&p->core->fault, D_too_large, "`%s` has more than %llu tensors, the limit", p->what,
                      (unsigned long long)p->core->limits.leaves);
  }
  SafeTensor *slot = VEC_PUSH(&p->core->alloc, &p->out->tensors);
  if (!slot) {
    return optic_fail_oom(&p->core->fault);
  }
  *slot = t;
  return true;
}

static bool metadata(Parser *p)
{
  if (p->metadata_seen) {
    return malformed(p, "`__metadata__` only once");
  }
  p->metadata_seen = true;
  if (!take(p, '{')) {
    return malformed(p, "`{`");
  }
  if (take(p, '}')) {
    return true;
  }
  do {
    SafeNote note;
    if (!string(p, &note.key)) {
      return false;
    }
    if (!take(p, ':')) {
      return malformed(p, "`:`");
    }
    if (!take(p, '"')) {
      return malformed(p, "a string");
    }
    note.raw = (size_t)(p->at - p->from);
    p->at--;
    if (!string(p, &note.value)) {
      return false;
    }
    SafeNote *slot = VEC_PUSH(&p->core->alloc, &p->out->notes);
    if (!slot) {
      return optic_fail_oom(&p->core->fault);
    }
    *slot = note;
  } while (take(p, ','));
  return take(p, '}') || malformed(p, "`,` or `}`");
}

static bool header(Parser *p)
{
  if (p->at == p->end || *p->at != '{') {
    return malformed(p, "`{`");
  }
  p->at++;
  if (!take(p, '}')) {
    do {
      SafeText name;
      if (!string(p, &name)) {
        return false;
      }
      if (!take(p, ':')) {
        return malformed(p, "`:`");
      }
      if (!(equals(p, &name, "__metadata__") ? metadata(p) : tensor(p, name))) {
        return false;
      }
    } while (take(p, ','));
    if (!take(p, '}')) {
      return malformed(p, "`,` or `}`");
    }
  }
  while (p->at < p->end && *p->at == ' ') {
    p->at++;
  }
  return p->at == p->end || malformed(p, "nothing behind `}`");
}

void optic_safe_header_finish(Core *core, SafeHeader *h)
{
  optic_text_finish(&h->text);
  VEC_FINISH(&core->alloc, &h->tensors);
  VEC_FINISH(&core->alloc, &h->notes);
}

bool optic_safe_header_parse(Core *core, const char *what, const char *json, size_t size, SafeHeader *out)
{
  *out = (SafeHeader){.tensors = {.size = 0}};
  optic_text_init(&out->text, &core->alloc);
  Parser p = {.core = core, .what = what, .from = json, .at = json, .end = json + size, .out = out};
  if (!header(&p)) {
    optic_safe_header_finish(core, out);
    return false;
  }
  for (size_t i = 0; i < out->tensors.size; i++) {
    settle(&p, &out->tensors.at[i].name);
  }
  for (size_t i = 0; i < out->notes.size; i++) {
    settle(&p, &out->notes.at[i].key);
    settle(&p, &out->notes.at[i].value);
  }
  return true;
}

void optic_safe_quote(Text *out, const char *bytes, size_t size)
{
  optic_text_char(out, '"');
  for (size_t i = 0; i < size; i++) {
    char c = bytes[i];
    if (c == '"' || c == '\\') {
      optic_text_char(out, '\\');
      optic_text_char(out, c);
    } else if ((unsigned char)c < 0x20) {
      optic_text_printf(out, "\\u%04x", (unsigned)c);
    } else {
      optic_text_char(out, c);
    }
  }
  optic_text_char(out, '"');
}
