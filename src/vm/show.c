/* show.c: values as people read them. See vm.h.
 *
 * What fits into a line of 80 columns is one line; longer lists of short things fill lines; other lists and records
 * take a line an item, indented. Arrays inside of them show dtype, shape and their first numbers.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "vm/object.h"

enum {
  COLUMNS = 80,
  WHOLE = 8, /* arrays up to this size are shown whole inside lists and records */
  FIRST = 6, /* of longer ones so many numbers */
  LONG = 56, /* bytes */
};

/* ---- arrays inside of something ---------------------------------------------------------------------------------- */
static void element(const Array *a, size_t i, bool brief, Text *out)
{
  double x = optic_array_get(a, i);
  if (a->dtype == DT_BOOL) {
    optic_text_str(out, x != 0 ? "true" : "false");
  } else if (brief || a->dtype == DT_F16 || a->dtype == DT_BF16) {
    optic_text_printf(out, optic_dtype_is_float((Dtype)a->dtype) ? "%.4g" : "%.0f", x);
  } else if (a->dtype == DT_F32) {
    optic_text_float(out, (float)x);
  } else {
    optic_text_number(out, x);
  }
}

/* The numbers from `index` on along `axis`; `*left` counts what may still be shown. */
static void elements(const Array *a, uint32_t axis, size_t index, bool brief, size_t *left, Text *out)
{
  if (axis == a->shape.rank) {
    element(a, index, brief, out);
    *left -= 1;
    return;
  }
  size_t n = (size_t)a->shape.at[axis];
  optic_text_char(out, '[');
  for (size_t i = 0; i < n; i++) {
    if (i) {
      optic_text_str(out, ", ");
    }
    if (*left == 0) {
      optic_text_str(out, "...");
      break;
    }
    elements(a, axis + 1, index * n + i, brief, left, out);
  }
  optic_text_char(out, ']');
}

static void inner_array(const Array *a, Text *out)
{
  if (a->shape.rank == 0) {
    optic_array_text(out, a, 0);
    return;
  }
  bool whole = a->count <= WHOLE;
  size_t left = whole ? WHOLE + 1 : FIRST;
  optic_array_type_text(out, a);
  optic_text_char(out, ' ');
  size_t start = out->size;
  if (a->count == 0) {
    optic_text_str(out, "[]");
    return;
  }
  elements(a, 0, 0, !whole, &left, out);
  if (whole && out->size - start > LONG && !out->oom) { /* with fewer digits */
    out->size = start;
    left = WHOLE + 1;
    elements(a, 0, 0, true, &left, out);
  }
}

/* ---- things in one line ------------------------------------------------------------------------------------------ */
static bool is_word(const char *s, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)s[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0xa0 || (c >= 0x80 && i);
    if (!letter && !(i && c >= '0' && c <= '9')) {
      return false;
    }
  }
  return size > 0 && optic_utf8_valid(s, size);
}

static void key_text(const Name *key, Text *out)
{
  if (is_word(key->text, key->size)) {
    optic_text_shown(out, key->text, key->size);
  } else {
    optic_text_quoted(out, key->text, key->size);
  }
  optic_text_str(out, ": ");
}

/* Names of the transforms that a transform was made of: what its functions captured. */
static void stage_names(Value v, int depth, bool *first, Text *out)
{
  if (v.tag == V_TRANSFORM) {
    optic_text_str(out, *first ? "" : ", ");
    optic_text_str(out, v.transform->name ? v.transform->name->text : "transform");
    *first = false;
  } else if (v.tag == V_LIST && depth < 2) {
    for (size_t i = 0; i < v.list->size; i++) {
      stage_names(v.list->at[i], depth + 1, first, out);
    }
  } else if (v.tag == V_RECORD && depth < 2) {
    for (uint32_t i = 0; i < v.record->keys->count; i++) {
      stage_names(v.record->at[i], depth + 1, first, out);
    }
  }
}

static void transform_text(const Transform *t, Text *out)
{
  bool first = true;
  optic_text_str(out, "transform");
  if (t->name) {
    optic_text_char(out, ' ');
    optic_text_str(out, t->name->text);
  }
  optic_text_char(out, '(');
  const Closure *c = t->update.tag == V_CLOSURE ? t->update.closure : NULL;
  for (uint32_t i = 0; c && i < c->count; i++) {
    stage_names(c->cells[i]->value, 0, &first, out);
  }
  for (uint32_t i = 0; t->desc && i < t->count && i < t->desc->hyper_count; i++) {
    optic_text_printf(out, "%s%s = ", first ? "" : ", ", t->desc->hypers[i]->text);
    if (t->hypers[i].tag == V_NUMBER) {
      optic_text_number(out, t->hypers[i].number);
    } else {
      optic_text_str(out, t->hypers[i].tag == V_NONE ? "none" : optic_is_function(t->hypers[i]) ? "fn" : "array");
    }
    first = false;
  }
  optic_text_char(out, ')');
}

static void function_text(const Proto *p, Text *out)
{
  optic_text_str(out, p->signature && !p->name ? "" : "fn ");
  if (p->signature) {
    optic_text_str(out, p->signature);
  } else {
    optic_text_str(out, p->name ? p->name->text : "(..)");
  }
}

static void iter_text(Vm *vm, const Iter *it, Text *out)
{
  int64_t n = it->type->length ? it->type->length(vm, it) : -1;
  optic_text_str(out, it->type->name);
  if (n >= 0) {
    optic_text_printf(out, " of %" PRId64 " item%s", n, n == 1 ? "" : "s");
  }
}

/* Everything but lists and records. */
static void leaf_text(Vm *vm, Value v, bool quote, Text *out)
{
  switch (v.tag) {
  case V_NONE:
    optic_text_str(out, "none");
    break;
  case V_BOOL:
    optic_text_str(out, v.boolean ? "true" : "false");
    break;
  case V_NUMBER:
    optic_text_number(out, v.number);
    break;
  case V_KEY:
    optic_text_printf(out, "key(0x%08" PRIx32 ", 0x%08" PRIx32 ")", (uint32_t)(v.key >> 32), (uint32_t)v.key);
    break;
  case V_BUILTIN:
    optic_text_printf(out, "builtin %s", v.builtin->signature);
    break;
  case V_MODULE:
    optic_text_printf(out, "module %s", v.module->name ? v.module->name->text : "");
    break;
  case V_STRING:
    if (quote) {
      optic_text_quoted(out, v.string->text, v.string->size);
    } else {
      optic_text_add(out, v.string->text, v.string->size);
    }
    break;
  case V_ARRAY:
    inner_array(v.array, out);
    break;
  case V_CLOSURE:
    function_text(v.closure->code->proto, out);
    break;
  case V_BOUND:
    if (v.bound->self.tag == V_LIST && v.bound->self.list->size && optic_is_function(v.bound->self.list->at[0])) {
      Value f = v.bound->self.list->at[0];
      optic_text_str(out, f.tag == V_CLOSURE ? "gradient of " : "gradient of a function"); /* grad(f) */
      if (f.tag == V_CLOSURE) {
        function_text(f.closure->code->proto, out);
      }
    } else {
      optic_text_printf(out, "builtin %s", v.bound->method->signature);
    }
    break;
  case V_TRANSFORM:
    transform_text(v.transform, out);
    break;
  case V_ITER:
    iter_text(vm, v.iter, out);
    break;
  case V_SLICE:
    leaf_text(vm, v.slice->from, true, out);
    optic_text_char(out, ':');
    leaf_text(vm, v.slice->to, true, out);
    break;
  case V_UNSET:
  case V_LIST:
  case V_RECORD:
  case V_CELL:
    optic_text_str(out, "nothing");
    break;
  }
}

/* Adds v in one line; false (and then what was added is of no use) where that passes `limit` bytes in all. */
static bool line(Vm *vm, Value v, size_t limit, Text *out)
{
  if (v.tag == V_LIST) {
    optic_text_char(out, '[');
    for (size_t i = 0; i < v.list->size; i++) {
      optic_text_str(out, i ? ", " : "");
      if (!line(vm, v.list->at[i], limit, out)) {
        return false;
      }
    }
    optic_text_char(out, ']');
  } else if (v.tag == V_RECORD) {
    optic_text_char(out, '{');
    for (uint32_t i = 0; i < v.record->keys->count; i++) {
      optic_text_str(out, i ? ", " : "");
      key_text(v.record->keys->names[i], out);
      if (!line(vm, v.record->at[i], limit, out)) {
        return false;
      }
    }
    optic_text_char(out, '}');
  } else if (v.tag == V_STRING && v.string->size > limit) {
    return false;
  } else {
    leaf_text(vm, v, true, out);
  }
  return out->size <= limit && !out->oom;
}

/* ---- things in many lines --------------------------------------------------------------------------------------- */
static bool short_thing(Value v)
{
  return v.tag == V_NUMBER || v.tag == V_BOOL || v.tag == V_NONE || (v.tag == V_STRING && v.string->size <= 24) ||
         (v.tag == V_ARRAY && v.array->shape.rank == 0);
}

static bool all_short(const List *list)
{
  for (size_t i = 0; i < list->size; i++) {
    if (!short_thing(list->at[i])) {
      return false;
    }
  }
  return true;
}

static void new_line(Text *out, size_t indent)
{
  optic_text_char(out, '\n');
  optic_text_repeat(out, ' ', indent);
}

/* Numbers and the like, as many a line as fit. `column` is where the text stands. */
static void filled(Vm *vm, const List *list, size_t indent, size_t column, Text *out, Text *scratch)
{
  optic_text_char(out, '[');
  column++;
  for (size_t i = 0; i < list->size; i++) {
    optic_text_clear(scratch);
    leaf_text(vm, list->at[i], true, scratch);
    size_t width = optic_utf8_width(optic_text_cstr(scratch), scratch->size) + 1;
    if (i && column + width + 1 > COLUMNS) {
      new_line(out, indent + 1);
      column = indent + 1;
    } else if (i) {
      optic_text_char(out, ' ');
      column++;
    }
    optic_text_add(out, optic_text_cstr(scratch), scratch->size);
    optic_text_char(out, i + 1 < list->size ? ',' : ']');
    out->oom |= scratch->oom;
    column += width;
  }
}

/* `column` columns of the line are taken; further lines begin at `indent`. */
static void tree(Vm *vm, Value v, size_t indent, size_t column, Text *out, Text *scratch)
{
  optic_text_clear(scratch);
  if (!optic_charge(&vm->core, 1 + (v.tag == V_LIST ? v.list->size / 16 : 0))) {
    out->oom = true; /* ends it; optic_show tells the two apart */
    return;
  }
  if (!optic_is_tree(v) || (column < COLUMNS && line(vm, v, COLUMNS - column, scratch))) {
    if (optic_is_tree(v)) {
      optic_text_add(out, optic_text_cstr(scratch), scratch->size);
    } else {
      leaf_text(vm, v, true, out);
    }
    return;
  }
  if (scratch->oom) {
    out->oom = true;
    return;
  }
  if (v.tag == V_LIST && all_short(v.list)) {
    filled(vm, v.list, indent, column, out, scratch);
    return;
  }
  size_t count = v.tag == V_LIST ? v.list->size : v.record->keys->count;
  optic_text_char(out, v.tag == V_LIST ? '[' : '{');
  for (size_t i = 0; i < count && !out->oom; i++) {
    new_line(out, indent + 2);
    size_t start = out->size, taken = indent + 2;
    if (v.tag == V_RECORD) {
      key_text(v.record->keys->names[i], out);
      taken += out->oom ? 0 : optic_utf8_width(out->at + start, out->size - start);
    }
    tree(vm, v.tag == V_LIST ? v.list->at[i] : v.record->at[i], indent + 2, taken, out, scratch);
    optic_text_str(out, v.tag == V_LIST && i + 1 < count ? "," : "");
  }
  new_line(out, indent);
  optic_text_char(out, v.tag == V_LIST ? ']' : '}');
}

bool optic_show(Vm *vm, Value v, Text *out, bool quote)
{
  if (optic_is_tree(v)) {
    Text scratch;
    optic_text_init(&scratch, &vm->core.alloc);
    tree(vm, v, 0, 0, out, &scratch);
    out->oom |= scratch.oom;
    optic_text_finish(&scratch);
  } else if (v.tag == V_ARRAY) {
    optic_array_text(out, v.array, 0);
  } else {
    leaf_text(vm, v, quote, out);
  }
  return optic_charge(&vm->core, 0) && (!out->oom || optic_fail_oom(&vm->core.fault));
}
