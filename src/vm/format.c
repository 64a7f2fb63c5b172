/* format.c: Python's format strings for values of the language. See format.h.
 * SPDX-License-Identifier: MIT */
#include "vm/format.h"

#include <math.h>
#include <string.h>

enum { MOST_WIDTH = 10000, MOST_PRECISION = 400 };

typedef struct Spec {
  char fill[5]; /* one character */
  char align;   /* < > ^ =, or 0: by type */
  char sign;    /* + - or space */
  bool commas;
  int width;
  int precision; /* -1: not given */
  char type;     /* 0: not given */
} Spec;

static bool bad_spec(Vm *vm, const char *spec, size_t size, const char *why)
{
  optic_fail(optic_vm_fault(vm), D_value, "format: `%.*s` %s", (int)(size > 40 ? 40 : size), spec, why);
  return optic_fail_hint(optic_vm_fault(vm), "after the colon stand [[fill]<>^=][+][0][width][,][.digits][defgx%%s]");
}

static bool is_align(char c)
{
  return c == '<' || c == '>' || c == '^' || c == '=';
}

/* Digits from *at on; -1 where there are none. */
static int digits(const char *spec, size_t size, size_t *at)
{
  int n = -1;
  for (; *at < size && spec[*at] >= '0' && spec[*at] <= '9'; ++*at) {
    n = n < 0 ? 0 : n;
    n = n > 100000 ? n : n * 10 + (spec[*at] - '0');
  }
  return n;
}

static bool read_spec(Vm *vm, const char *spec, size_t size, Spec *s)
{
  size_t at = 0;
  uint32_t code;
  size_t first = optic_utf8_read(spec, size, &code);
  *s = (Spec){.fill = " ", .sign = '-', .precision = -1};
  if (first && first < size && is_align(spec[first])) {
    memset(s->fill, 0, sizeof s->fill);
    memcpy(s->fill, spec, first);
    s->align = spec[first];
    at = first + 1;
  } else if (size && is_align(spec[0])) {
    s->align = spec[0];
    at = 1;
  }
  if (at < size && (spec[at] == '+' || spec[at] == '-' || spec[at] == ' ')) {
    s->sign = spec[at++];
  }
  if (at < size && spec[at] == '0' && !s->align) {
    s->fill[0] = '0';
    s->align = '=';
    at++;
  }
  int width = digits(spec, size, &at);
  s->width = width < 0 ? 0 : width;
  if (at < size && spec[at] == ',') {
    s->commas = true;
    at++;
  }
  if (at < size && spec[at] == '.') {
    at++;
    s->precision = digits(spec, size, &at);
    if (s->precision < 0) {
      return bad_spec(vm, spec, size, "has no digits after its point");
    }
  }
  if (at < size && strchr("deEfFgGxs%", spec[at])) {
    s->type = spec[at++];
  }
  if (at < size) {
    return bad_spec(vm, spec, size, "is no format");
  }
  if (s->width > MOST_WIDTH || s->precision > MOST_PRECISION) {
    return bad_spec(vm, spec, size, "asks for too many columns");
  }
  return true;
}

/* Commas between thousands of the digits that `text` begins with. */
static void add_grouped(const char *text, Text *out)
{
  size_t whole = strspn(text, "0123456789");
  for (size_t i = 0; i < whole; i++) {
    if (i && (whole - i) % 3 == 0) {
      optic_text_char(out, ',');
    }
    optic_text_char(out, text[i]);
  }
  optic_text_str(out, text + whole);
}

/* The magnitude, without sign. */
static bool magnitude(Vm *vm, double x, bool single, const Spec *s, const char *spec, size_t size, Text *out)
{
  int precision = s->precision < 0 ? 6 : s->precision;
  if (!isfinite(x)) {
    optic_text_str(out, isnan(x) ? "nan" : "inf");
    optic_text_str(out, s->type == '%' ? "%" : "");
    return true;
  }
  switch (s->type) {
  case 'd':
  case 'x':
    if (x != floor(x) || s->precision >= 0) {
      return bad_spec(vm, spec, size, s->precision >= 0 ? "cannot have digits after a point" : "needs a whole number");
    }
    if (s->type == 'x' && x >= 0x1p64) {
      return bad_spec(vm, spec, size, "takes numbers below 2 ** 64");
    }
    if (s->type == 'x') {
      optic_text_printf(out, "%llx", (unsigned long long)x);
    } else {
      optic_text_printf(out, "%.0f", x);
    }
    break;
  case 'e':
    optic_text_printf(out, "%.*e", precision, x);
    break;
  case 'E':
    optic_text_printf(out, "%.*E", precision, x);
    break;
  case 'f':
  case 'F':
    optic_text_printf(out, "%.*f", precision, x);
    break;
  case 'g':
    optic_text_printf(out, "%.*g", precision, x);
    break;
  case 'G':
    optic_text_printf(out, "%.*G", precision, x);
    break;
  case '%':
    optic_text_printf(out, "%.*f%%", precision, x * 100);
    break;
  default:
    if (s->precision >= 0) {
      optic_text_printf(out, "%.*g", s->precision ? s->precision : 1, x);
    } else if (single) {
      optic_text_float(out, (float)x);
    } else {
      optic_text_number(out, x);
    }
  }
  return true;
}

/* Adds sign and body, filled up to the width; `left` where nothing says how to align. */
static void aligned(const Spec *s, const char *sign, const Text *body, bool left, Text *out)
{
  size_t taken = strlen(sign) + optic_utf8_width(optic_text_cstr(body), body->size);
  size_t room = (size_t)s->width > taken ? (size_t)s->width - taken : 0;
  char align = s->align ? s->align : left ? '<' : '>';
  size_t before = align == '>' ? room : align == '^' ? room / 2 : 0, between = align == '=' ? room : 0;
  for (size_t i = 0; i < before; i++) {
    optic_text_str(out, s->fill);
  }
  optic_text_str(out, sign);
  for (size_t i = 0; i < between; i++) {
    optic_text_str(out, s->fill);
  }
  optic_text_add(out, optic_text_cstr(body), body->size);
  for (size_t i = before + between; i < room; i++) {
    optic_text_str(out, s->fill);
  }
}

static bool format_number(Vm *vm, double x, bool single, const Spec *s, const char *spec, size_t size, Text *out)
{
  Text plain, grouped;
  optic_text_init(&plain, &optic_vm_core(vm)->alloc);
  optic_text_init(&grouped, &optic_vm_core(vm)->alloc);
  bool ok = magnitude(vm, fabs(x), single, s, spec, size, &plain);
  if (ok) {
    const char *sign = signbit(x) && !isnan(x) ? "-" : s->sign == '+' ? "+" : s->sign == ' ' ? " " : "";
    if (s->commas) {
      add_grouped(optic_text_cstr(&plain), &grouped);
    }
    aligned(s, sign, s->commas ? &grouped : &plain, false, out);
    out->oom |= plain.oom || grouped.oom;
  }
  optic_text_finish(&plain);
  optic_text_finish(&grouped);
  return ok;
}

static bool format_text(Vm *vm, Value v, const Spec *s, const char *spec, size_t size, Text *out)
{
  if ((s->type && s->type != 's') || s->commas || s->sign != '-' || s->align == '=') {
    optic_fail(optic_vm_fault(vm), D_type, "format: `%.*s` is for a number, and the value is %s",
               (int)(size > 40 ? 40 : size), spec, optic_type_noun(vm, v));
    return false;
  }
  Text body;
  optic_text_init(&body, &optic_vm_core(vm)->alloc);
  bool ok = optic_show(vm, v, &body, false);
  if (ok && s->precision >= 0) { /* so many characters */
    size_t at = 0;
    for (int n = 0; n < s->precision && at < body.size; n++) {
      uint32_t code;
      size_t one = optic_utf8_read(body.at + at, body.size - at, &code);
      at += one ? one : 1;
    }
    body.size = at;
    if (body.at) {
      body.at[at] = 0;
    }
  }
  if (ok) {
    aligned(s, "", &body, true, out);
  }
  optic_text_finish(&body);
  return ok;
}

static bool format_value(Vm *vm, Value v, const char *spec, size_t size, Text *out)
{
  Spec s;
  if (size == 0) {
    return optic_show(vm, v, out, false);
  }
  if (!read_spec(vm, spec, size, &s) ||
      !optic_charge(optic_vm_core(vm), ((uint64_t)s.width + (uint64_t)(s.precision > 0 ? s.precision : 0)) / 32)) {
    return false;
  }
  if (v.tag == V_NUMBER && s.type != 's') {
    return format_number(vm, v.number, false, &s, spec, size, out);
  }
  if (v.tag == V_BOOL && s.type && s.type != 's') {
    return format_number(vm, v.boolean, false, &s, spec, size, out);
  }
  if (v.tag == V_ARRAY && v.array->shape.rank == 0 && v.array->dtype != DT_BOOL && s.type != 's') {
    return format_number(vm, optic_array_get(v.array, 0), v.array->dtype != DT_F64, &s, spec, size, out);
  }
  return format_text(vm, v, &s, spec, size, out);
}

/* The value that a field names; NULL with the fault set. */
static const Value *field_value(Vm *vm, const char *name, size_t size, size_t *next, const List *args,
                                const Record *named)
{
  size_t i = 0, index = 0;
  for (; i < size && name[i] >= '0' && name[i] <= '9'; i++) {
    index = index > 1000000 ? index : index * 10 + (size_t)(name[i] - '0');
  }
  if (i == size) {
    index = size ? index : (*next)++;
    if (index < args->size) {
      return &args->at[index];
    }
    optic_fail(optic_vm_fault(vm), D_value, "format: field {%zu} has no value: %zu %s given", index, args->size,
               args->size == 1 ? "is" : "are");
    return NULL;
  }
  const Name *key = optic_name_find(&optic_vm_core(vm)->names, name, size);
  const Value *found = key ? optic_record_get(named, key) : NULL;
  if (!found) {
    optic_fail(optic_vm_fault(vm), D_value, "format: there is no value for {%.*s}", (int)(size > 60 ? 60 : size), name);
    optic_fail_hint(optic_vm_fault(vm), "pass it as a keyword argument; a brace itself is written {{ or }}");
  }
  return found;
}

bool optic_format_values(Vm *vm, const String *format, const List *args, const Record *named, Text *out)
{
  const char *s = format->text;
  size_t size = format->size, next = 0;
  for (size_t i = 0; i < size;) {
    size_t plain = i;
    while (plain < size && s[plain] != '{' && s[plain] != '}') {
      plain++;
    }
    optic_text_add(out, s + i, plain - i);
    i = plain;
    if (i == size) {
      break;
    }
    if (i + 1 < size && s[i + 1] == s[i]) {
      optic_text_char(out, s[i]);
      i += 2;
      continue;
    }
    const char *end = s[i] == '{' ? memchr(s + i, '}', size - i) : NULL;
    if (!end) {
      optic_fail(optic_vm_fault(vm), D_value, "format: `%c` stands alone", s[i]);
      return optic_fail_hint(optic_vm_fault(vm), "a brace itself is written {{ or }}");
    }
    const char *name = s + i + 1, *colon = memchr(name, ':', (size_t)(end - name));
    size_t name_size = (size_t)((colon ? colon : end) - name);
    const char *spec = colon ? colon + 1 : end;
    const Value *v = field_value(vm, name, name_size, &next, args, named);
    if (!v || !format_value(vm, *v, spec, (size_t)(end - spec), out)) {
      return false;
    }
    i = (size_t)(end - s) + 1;
  }
  return !out->oom || optic_fail_oom(optic_vm_fault(vm));
}
