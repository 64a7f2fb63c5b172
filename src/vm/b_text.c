/* b_text.c: strings, conversions between types, printing.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include <math.h>
#include <string.h>

#include "vm/builtins.h"
#include "vm/format.h"
#include "vm/object.h"

/* Ends a text: its content as the result where `ok`. */
static bool finish(Vm *vm, Text *t, bool ok, Value *result)
{
  if (ok && t->oom) {
    ok = optic_fail_oom(optic_vm_fault(vm));
  }
  ok = ok && optic_string_value(vm, optic_text_cstr(t), t->size, result);
  optic_text_finish(t);
  return ok;
}

static void begin(Vm *vm, Text *t)
{
  optic_text_init(t, &optic_vm_core(vm)->alloc);
}

/* The first `part` in the string from `at` on; its size where there is none. */
static size_t find(const String *s, size_t at, const String *part)
{
  const char *found = memmem(s->text + at, s->size - at, part->text, part->size);
  return found ? (size_t)(found - s->text) : s->size;
}

/* Going through all of a string counts as work. */
static bool charge_for(Vm *vm, const String *s)
{
  return optic_charge(optic_vm_core(vm), s->size / 256);
}

static bool has(const String *s, const String *part)
{
  return part->size == 0 || find(s, 0, part) < s->size;
}

/* ---- texts of values ------------------------------------------------------------------------------------------- */
static bool b_str(Vm *vm, Value *args, Value *result)
{
  Text t;
  if (args[0].tag == V_STRING) {
    *result = optic_keep(args[0]);
    return true;
  }
  begin(vm, &t);
  return finish(vm, &t, optic_show(vm, args[0], &t, false), result);
}

static bool b_repr(Vm *vm, Value *args, Value *result)
{
  Text t;
  begin(vm, &t);
  return finish(vm, &t, optic_show(vm, args[0], &t, true), result);
}

static bool b_format(Vm *vm, Value *args, Value *result)
{
  const String *format;
  Text t;
  if (!optic_arg_string(vm, &args[0], "format: template", &format)) {
    return false;
  }
  begin(vm, &t);
  return finish(vm, &t, optic_format_values(vm, format, args[1].list, args[2].record, &t), result);
}

static bool b_print(Vm *vm, Value *args, Value *result)
{
  const List *values = args[2].list; /* `*rest` comes after the others */
  const String *sep, *end = NULL;
  Text t;
  (void)result;
  if (!optic_arg_string(vm, &args[0], "print: sep", &sep) ||
      (optic_given(args[1]) && !optic_arg_string(vm, &args[1], "print: end", &end))) {
    return false;
  }
  begin(vm, &t);
  bool ok = true;
  for (size_t i = 0; ok && i < values->size; i++) {
    if (i) {
      optic_text_add(&t, sep->text, sep->size);
    }
    ok = optic_show(vm, values->at[i], &t, false);
  }
  optic_text_add(&t, end ? end->text : "\n", end ? end->size : 1);
  if (ok && t.oom) {
    ok = optic_fail_oom(optic_vm_fault(vm));
  }
  ok = ok && optic_vm_write(vm, STREAM_OUT, optic_text_cstr(&t), t.size);
  optic_text_finish(&t);
  return ok;
}

static bool b_error(Vm *vm, Value *args, Value *result)
{
  Text t;
  (void)result;
  begin(vm, &t);
  if (optic_show(vm, args[0], &t, false)) {
    optic_fail(optic_vm_fault(vm), D_user, "%s", optic_text_cstr(&t));
  }
  optic_text_finish(&t);
  return false;
}

/* ---- parts of strings ------------------------------------------------------------------------------------------ */
static bool change_case(Vm *vm, const Value *args, const char *what, char from, Value *result)
{
  const String *s;
  if (!optic_arg_string(vm, &args[0], what, &s) || !optic_string_value(vm, s->text, s->size, result)) {
    return false;
  }
  for (size_t i = 0; i < s->size; i++) {
    char *c = &result->string->text[i];
    if (*c >= from && *c <= from + 25) {
      *c = (char)(*c ^ 0x20);
    }
  }
  return true;
}

static bool b_upper(Vm *vm, Value *args, Value *result)
{
  return change_case(vm, args, "upper: s", 'a', result);
}

static bool b_lower(Vm *vm, Value *args, Value *result)
{
  return change_case(vm, args, "lower: s", 'A', result);
}

static bool is_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool optic_split_text(Vm *vm, const String *s, const Value *sep_arg, Value *result)
{
  const String *sep = NULL;
  if (optic_given(*sep_arg) && !optic_arg_string(vm, sep_arg, "split: sep", &sep)) {
    return false;
  }
  if (sep && sep->size == 0) {
    return optic_fail(optic_vm_fault(vm), D_value, "split: `sep` must not be empty; list(s) gives the characters");
  }
  List *list = charge_for(vm, s) ? optic_list_new(vm, 8) : NULL;
  bool ok = list != NULL;
  for (size_t at = 0; ok;) {
    if (!sep) {
      while (at < s->size && is_space(s->text[at])) {
        at++;
      }
      if (at == s->size) {
        break;
      }
    }
    size_t end = sep ? find(s, at, sep) : at;
    while (!sep && end < s->size && !is_space(s->text[end])) {
      end++;
    }
    Value part;
    ok = optic_string_value(vm, s->text + at, end - at, &part) && optic_list_push(vm, list, part);
    if (end == s->size) {
      break;
    }
    at = end + (sep ? sep->size : 0);
  }
  Value v = {.tag = V_LIST, .list = list};
  if (ok) {
    *result = v;
  } else if (list) {
    optic_drop(vm, v);
  }
  return ok;
}

static bool b_split(Vm *vm, Value *args, Value *result)
{
  const String *s;
  return optic_arg_string(vm, &args[0], "split: s", &s) && optic_split_text(vm, s, &args[1], result);
}

/* join(list, sep), and sep.join(list) as Python has it. */
static bool b_join(Vm *vm, Value *args, Value *result)
{
  bool swapped = args[0].tag == V_STRING && args[1].tag != V_STRING;
  const String *sep;
  Value items;
  if (!optic_arg_string(vm, &args[swapped ? 0 : 1], "join: sep", &sep) ||
      !optic_to_list(vm, args[swapped ? 1 : 0], &items)) {
    return false;
  }
  Text t;
  bool ok = true;
  begin(vm, &t);
  for (size_t i = 0; ok && i < items.list->size; i++) {
    const String *s;
    ok = optic_arg_string(vm, &items.list->at[i], "join: item", &s);
    if (ok) {
      optic_text_add(&t, sep->text, i ? sep->size : 0);
      optic_text_add(&t, s->text, s->size);
    } else {
      optic_fail_hint(optic_vm_fault(vm), "map(str, xs) makes strings of all items");
    }
  }
  optic_drop(vm, items);
  return finish(vm, &t, ok, result);
}

static bool b_replace(Vm *vm, Value *args, Value *result)
{
  const String *s, *old, *fresh;
  if (!optic_arg_string(vm, &args[0], "replace: s", &s) || !optic_arg_string(vm, &args[1], "replace: old", &old) ||
      !optic_arg_string(vm, &args[2], "replace: new", &fresh)) {
    return false;
  }
  if (old->size == 0) {
    return optic_fail(optic_vm_fault(vm), D_value, "replace: `old` must not be empty");
  }
  if (!charge_for(vm, s)) {
    return false;
  }
  Text t;
  begin(vm, &t);
  for (size_t at = 0;;) {
    size_t end = find(s, at, old);
    optic_text_add(&t, s->text + at, end - at);
    if (end == s->size) {
      break;
    }
    optic_text_add(&t, fresh->text, fresh->size);
    at = end + old->size;
  }
  return finish(vm, &t, true, result);
}

/* Is the character at s one of `chars` (NULL: white space)? Its size, or 0. */
static size_t strippable(const char *s, size_t size, const String *chars)
{
  uint32_t code;
  size_t n = optic_utf8_read(s, size, &code);
  n = n ? n : 1;
  if (!chars) {
    return is_space(*s) ? 1 : 0;
  }
  for (size_t i = 0; i + n <= chars->size; i++) {
    if (memcmp(chars->text + i, s, n) == 0) {
      return n;
    }
  }
  return 0;
}

static bool b_strip(Vm *vm, Value *args, Value *result)
{
  const String *s, *chars = NULL;
  if (!optic_arg_string(vm, &args[0], "strip: s", &s) ||
      (optic_given(args[1]) && !optic_arg_string(vm, &args[1], "strip: chars", &chars))) {
    return false;
  }
  size_t first = 0, last = s->size, n;
  uint64_t each = 1 + (chars ? chars->size / 4 : 0), work = 0;
  while (first < last && (n = strippable(s->text + first, last - first, chars))) {
    first += n;
    if ((work += each) >= 1024 && !optic_charge(optic_vm_core(vm), work / 64)) {
      return false;
    }
    work %= 1024;
  }
  while (last > first) {
    if ((work += each) >= 1024 && !optic_charge(optic_vm_core(vm), work / 64)) {
      return false;
    }
    work %= 1024;
    size_t start = last - 1;
    while (start > first && ((unsigned char)s->text[start] & 0xc0) == 0x80) {
      start--;
    }
    if (strippable(s->text + start, last - start, chars) != last - start) {
      break;
    }
    last = start;
  }
  return optic_string_value(vm, s->text + first, last - first, result);
}

static bool two(Vm *vm, const Value *args, const char *s_name, const char *part_name, const String **s,
                const String **part)
{
  return optic_arg_string(vm, &args[0], s_name, s) && optic_arg_string(vm, &args[1], part_name, part);
}

static bool b_starts_with(Vm *vm, Value *args, Value *result)
{
  const String *s, *p;
  if (!two(vm, args, "starts_with: s", "starts_with: prefix", &s, &p)) {
    return false;
  }
  *result = optic_bool(p->size <= s->size && memcmp(s->text, p->text, p->size) == 0);
  return true;
}

static bool b_ends_with(Vm *vm, Value *args, Value *result)
{
  const String *s, *p;
  if (!two(vm, args, "ends_with: s", "ends_with: suffix", &s, &p)) {
    return false;
  }
  *result = optic_bool(p->size <= s->size && memcmp(s->text + s->size - p->size, p->text, p->size) == 0);
  return true;
}

static bool b_contains(Vm *vm, Value *args, Value *result)
{
  const String *s, *p;
  if (!two(vm, args, "contains: s", "contains: part", &s, &p)) {
    return false;
  }
  *result = optic_bool(has(s, p));
  return charge_for(vm, s);
}

/* ---- conversions ----------------------------------------------------------------------------------------------- */
static bool to_number(Vm *vm, const Value *v, const char *what, double *x)
{
  if (v->tag != V_STRING) {
    return optic_arg_number(vm, v, what, x);
  }
  const char *s = v->string->text;
  size_t size = v->string->size;
  while (size && is_space(*s)) {
    s++;
    size--;
  }
  while (size && is_space(s[size - 1])) {
    size--;
  }
  bool minus = size && *s == '-';
  const char *word = s + minus;
  size_t rest = size - minus;
  if (rest == 3 && (memcmp(word, "inf", 3) == 0 || memcmp(word, "nan", 3) == 0)) {
    *x = *word == 'n' ? NAN : minus ? -INFINITY : INFINITY;
    return true;
  }
  return optic_number_read(s, size, x) ||
         optic_fail(optic_vm_fault(vm), D_value, "\"%.*s\" is not a number", (int)(size > 60 ? 60 : size), s);
}

static bool b_number(Vm *vm, Value *args, Value *result)
{
  double x;
  if (!to_number(vm, &args[0], "number: x", &x)) {
    return false;
  }
  *result = optic_number(x);
  return true;
}

static bool b_int(Vm *vm, Value *args, Value *result)
{
  double x;
  if (!to_number(vm, &args[0], "int: x", &x)) {
    return false;
  }
  if (!isfinite(x)) {
    return optic_fail(optic_vm_fault(vm), D_value, "int: %s is no whole number", isnan(x) ? "nan" : "infinity");
  }
  *result = optic_number(trunc(x) + 0.0); /* never -0 */
  return true;
}

static bool b_bool(Vm *vm, Value *args, Value *result)
{
  bool truth;
  if (!optic_truth(vm, args[0], &truth)) {
    return false;
  }
  *result = optic_bool(truth);
  return true;
}

static bool b_type(Vm *vm, Value *args, Value *result)
{
  const char *name = args[0].tag == V_ARRAY  ? "array"
                     : args[0].tag == V_ITER ? "iterator"
                                             : optic_type_text(vm, args[0]);
  return optic_string_value(vm, name, strlen(name), result);
}

static bool b_doc(Vm *vm, Value *args, Value *result)
{
  const char *doc = NULL;
  if (args[0].tag == V_BUILTIN) {
    doc = args[0].builtin->doc;
  } else if (args[0].tag == V_BOUND) {
    doc = args[0].bound->method->doc;
  } else if (args[0].tag == V_CLOSURE) {
    const Proto *p = args[0].closure->code->proto;
    doc = p->doc ? p->doc : p->transform_count == 1 ? p->transforms[0].doc : NULL;
  } else if (args[0].tag == V_TRANSFORM) {
    doc = args[0].transform->desc ? args[0].transform->desc->doc : NULL;
  } else {
    return optic_fail(optic_vm_fault(vm), D_type, "doc: a function or transform is needed, not %s",
                      optic_type_noun(vm, args[0]));
  }
  if (!doc) {
    *result = optic_none();
    return true;
  }
  return optic_string_value(vm, doc, strlen(doc), result);
}

static const Builtin rows[] = {
    {"print(*values, sep = \" \", end = none)",
     "Writes values with `sep` between them, and `end` (a new line) after them.\n\n"
     ">>> print(1, \"two\", [3])\n1 two [3]",
     b_print, 0},
    {"str(x)", "What print shows of a value, as a string.\n\n>>> str(0.5) + \"!\"\n\"0.5!\"", b_str, 0},
    {"repr(x)", "The same with strings in quotes.\n\n>>> print(repr(\"a\"))\n\"a\"", b_repr, 0},
    {"format(template, *args, **named)",
     "The template with its fields in braces replaced.\n\n"
     "{} is the next of `args`, {0} one by index, {name} a keyword argument; {{ and }} are braces. After a colon "
     "stands\n"
     "Python's format: [[fill]<>^=][+][0][width][,][.digits] and one of d e f g % s x.\n\n"
     ">>> format(\"{}: {:.3f} {:>6} {:,} {:.1%}\", \"loss\", 0.25, \"ab\", 60000, 0.962)\n"
     "\"loss: 0.250     ab 60,000 96.2%\"",
     b_format, BUILTIN_OF_STRING},
    {"error(message)",
     "Ends the script with this error, unless `try` catches it.\n\n"
     ">>> try { error(\"no such layer\") } catch e { print(e.message) }\nno such layer",
     b_error, 0},
    {"upper(s)", "With the letters a to z as capitals.\n\n>>> upper(\"abc\")\n\"ABC\"", b_upper, BUILTIN_OF_STRING},
    {"lower(s)", "With the letters A to Z as small ones.\n\n>>> lower(\"ABC\")\n\"abc\"", b_lower, BUILTIN_OF_STRING},
    {"split(s, sep = none)",
     "The parts of a string between separators, or between runs of white space.\n\n"
     ">>> \"a,b\".split(\",\")\n[\"a\", \"b\"]",
     b_split, BUILTIN_OF_STRING | BUILTIN_METHOD_ONLY},
    {"join(sequence, sep = \"\")",
     "Strings one after another with `sep` between them. sep.join(sequence) is the same.\n\n"
     ">>> join([\"a\", \"b\"], \"-\")\n\"a-b\"",
     b_join, BUILTIN_OF_STRING | BUILTIN_OF_LIST},
    {"replace(s, old, new)", "With every `old` replaced by `new`.\n\n>>> replace(\"banana\", \"an\", \"o\")\n\"booa\"",
     b_replace, BUILTIN_OF_STRING},
    {"strip(s, chars = none)",
     "Without white space, or the characters of `chars`, at both ends.\n\n>>> strip(\"  a b \")\n\"a b\"", b_strip,
     BUILTIN_OF_STRING},
    {"starts_with(s, prefix)", "Does the string begin so?\n\n>>> starts_with(\"kernel\", \"ker\")\ntrue", b_starts_with,
     BUILTIN_OF_STRING},
    {"ends_with(s, suffix)", "Does the string end so?\n\n>>> ends_with(\"a/kernel\", \"/kernel\")\ntrue", b_ends_with,
     BUILTIN_OF_STRING},
    {"contains(s, part)", "Does the string hold the part?\n\n>>> contains(\"Dense_0/bias\", \"bias\")\ntrue",
     b_contains, BUILTIN_OF_STRING},
    {"number(x)", "A string, boolean or array of one element as a number.\n\n>>> number(\"1e-3\") * 2\n0.002", b_number,
     0},
    {"int(x)", "The same, cut to a whole number.\n\n>>> int(-3.7)\n-3", b_int, 0},
    {"bool(x)", "What `if` makes of a value.\n\n>>> bool([])\nfalse", b_bool, 0},
    {"type(x)",
     "The name of a value's type: none, bool, number, string, list, record, array, function, transform, key, iterator "
     "or\n"
     "module.\n\n>>> type([1])\n\"list\"",
     b_type, 0},
    {"doc(f)",
     "The documentation of a function or transform; none where it has none.\n\n"
     ">>> fn f(x) { \"Twice.\"; 2 * x }\n>>> doc(f)\n\"Twice.\"",
     b_doc, 0},
};

const BuiltinTable optic_b_text = BUILTIN_TABLE(rows);
