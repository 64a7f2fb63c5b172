/* access.c: fields, items, and assignment within values.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "vm/builtins.h"
#include "vm/object.h"

/* ---- nearest names ------------------------------------------------------------------------------------------- */
typedef struct Nearest {
  const char *wrong;
  size_t size;
  const char *best;
  size_t least;
} Nearest;

static void consider(Nearest *n, const char *name, size_t size)
{
  size_t d = optic_edit_distance(n->wrong, n->size, name, size, n->least - 1);
  if (d < n->least) {
    n->least = d;
    n->best = name;
  }
}

static bool hint_nearest(Vm *vm, const Nearest *n)
{
  return n->best ? optic_fail_hint(&vm->core.fault, "did you mean `%s`?", n->best) : false;
}

static Nearest nearest_to(const char *text, size_t size)
{
  return (Nearest){.wrong = text, .size = size, .least = size < 2 ? 1 : size < 4 ? 2 : 3};
}

/* ---- fields -------------------------------------------------------------------------------------------------- */
static unsigned method_flag(Value v)
{
  switch (v.tag) {
  case V_ARRAY:
    return BUILTIN_OF_ARRAY;
  case V_LIST:
    return BUILTIN_OF_LIST;
  case V_RECORD:
    return BUILTIN_OF_RECORD;
  case V_STRING:
    return BUILTIN_OF_STRING;
  case V_TRANSFORM:
    return BUILTIN_OF_TRANSFORM;
  case V_ITER:
    return BUILTIN_OF_ITER;
  case V_UNSET:
  case V_NONE:
  case V_BOOL:
  case V_NUMBER:
  case V_KEY:
  case V_BUILTIN:
  case V_MODULE:
  case V_CLOSURE:
  case V_BOUND:
  case V_SLICE:
  case V_CELL:
    break;
  }
  return 0;
}

bool optic_find_method(Vm *vm, Value v, const Name *name, const Builtin **out)
{
  unsigned flag = method_flag(v);
  int32_t at = flag ? optic_keys_find(vm->method_keys, name) : -1;
  for (int32_t i = at < 0 ? -1 : (int32_t)vm->method_first.at[at]; i >= 0; i = vm->methods.at[i].next) {
    if (vm->methods.at[i].builtin->flags & flag) {
      *out = vm->methods.at[i].builtin;
      return true;
    }
  }
  return false;
}

static const char *const array_fields[] = {"shape", "dtype", "ndim", "size", "T"};

static bool array_field(Vm *vm, Array *a, const Name *name, Value *out, bool *known)
{
  *known = true;
  if (strcmp(name->text, "shape") == 0) {
    List *list = optic_list_new(vm, a->shape.rank);
    if (!list) {
      return false;
    }
    for (uint32_t i = 0; i < a->shape.rank; i++) {
      list->at[list->size++] = optic_number((double)a->shape.at[i]);
    }
    *out = (Value){.tag = V_LIST, .list = list};
    return true;
  }
  if (strcmp(name->text, "dtype") == 0) {
    const char *text = optic_dtype_name((Dtype)a->dtype);
    return optic_string_value(vm, text, strlen(text), out);
  }
  if (strcmp(name->text, "ndim") == 0) {
    *out = optic_number(a->shape.rank);
    return true;
  }
  if (strcmp(name->text, "size") == 0) {
    *out = optic_number((double)a->count);
    return true;
  }
  if (strcmp(name->text, "T") == 0) {
    Attr attr = {0};
    Array *t = optic_apply1(&vm->core, G_transpose, a, &attr);
    if (!t) {
      return false;
    }
    *out = optic_array_value(t);
    return true;
  }
  *known = false;
  return true;
}

static bool bind_method(Vm *vm, const Builtin *method, Value self, Value *out)
{
  uint32_t depth = 1;
  Bound *b = optic_deepen(vm, &depth, self) ? optic_pool_get(&vm->core, sizeof *b) : NULL;
  if (!b) {
    return false;
  }
  *b = (Bound){.refs = 1, .depth = depth, .method = method, .self = optic_keep(self)};
  *out = (Value){.tag = V_BOUND, .bound = b};
  return true;
}

static bool no_field(Vm *vm, Value v, const Name *name)
{
  Nearest n = nearest_to(name->text, name->size);
  if (v.tag == V_RECORD) {
    optic_fail(&vm->core.fault, D_no_field, "the record has no field `%s`", name->text);
    for (uint32_t i = 0; i < v.record->keys->count; i++) {
      consider(&n, v.record->keys->names[i]->text, v.record->keys->names[i]->size);
    }
    if (!n.best) {
      char list[300] = "";
      size_t at = 0;
      for (uint32_t i = 0; i < v.record->keys->count && at < sizeof list - 60; i++) {
        int m = optic_format(list + at, sizeof list - at, "%s`%.40s`", i ? ", " : "", v.record->keys->names[i]->text);
        at += m > 0 ? (size_t)m : 0;
      }
      return v.record->keys->count ? optic_fail_hint(&vm->core.fault, "its fields are %s", list) : false;
    }
    return hint_nearest(vm, &n);
  }
  optic_fail(&vm->core.fault, D_no_field, "%s has no field or method `%s`", optic_type_noun(vm, v), name->text);
  if (v.tag == V_MODULE) {
    for (uint32_t i = 0; i < v.module->keys->count; i++) {
      consider(&n, v.module->keys->names[i]->text, v.module->keys->names[i]->size);
    }
  }
  for (size_t i = 0; v.tag == V_ARRAY && i < sizeof array_fields / sizeof *array_fields; i++) {
    consider(&n, array_fields[i], strlen(array_fields[i]));
  }
  for (uint32_t i = 0; i < vm->method_keys->count; i++) {
    const Builtin *b;
    if (optic_find_method(vm, v, vm->method_keys->names[i], &b)) {
      consider(&n, vm->method_keys->names[i]->text, vm->method_keys->names[i]->size);
    }
  }
  if (optic_is_function(v) && (strcmp(name->text, "init") == 0 || strcmp(name->text, "update") == 0)) {
    return optic_fail_hint(&vm->core.fault, "call it first: with its arguments it makes the transform");
  }
  if (v.tag != V_MODULE && optic_standard_index(vm, name) >= 0) {
    return optic_fail_hint(&vm->core.fault, "it is a function: `%s(x)`", name->text);
  }
  return hint_nearest(vm, &n);
}

bool optic_get_field(Vm *vm, Value v, const Name *name, Value *out)
{
  if (v.tag == V_RECORD) {
    const Value *field = optic_record_get(v.record, name);
    if (field) {
      *out = optic_keep(*field);
      return true;
    }
    if (name == vm->n_hyperparams) {
      bool found, fine = optic_hyperparams_view(vm, v.record, out, &found);
      if (found || !fine) {
        return fine;
      }
    }
  } else if (v.tag == V_MODULE) {
    int32_t slot = optic_keys_find(v.module->keys, name);
    if (slot >= 0 && v.module->globals[slot].tag != V_UNSET) {
      *out = optic_keep(v.module->globals[slot]);
      return true;
    }
  } else if (v.tag == V_ARRAY) {
    bool known, fine = array_field(vm, v.array, name, out, &known);
    if (known) {
      return fine;
    }
  } else if (v.tag == V_TRANSFORM && name == vm->n_name) {
    return optic_string_value(vm, v.transform->name->text, v.transform->name->size, out);
  }
  const Builtin *method;
  if (optic_find_method(vm, v, name, &method)) {
    return bind_method(vm, method, v, out);
  }
  return no_field(vm, v, name);
}

/* ---- subscripts ---------------------------------------------------------------------------------------------- */
/* A whole number from a subscript, counted from the end when negative. */
static bool position(Vm *vm, Value subscript, int64_t size, const char *of, int64_t *out)
{
  double x;
  if (subscript.tag == V_NUMBER) {
    x = subscript.number;
  } else if (subscript.tag == V_ARRAY && subscript.array->count == 1 &&
             !optic_dtype_is_float((Dtype)subscript.array->dtype)) {
    x = optic_array_get(subscript.array, 0);
  } else {
    return optic_fail(&vm->core.fault, D_index, "%s is indexed with a whole number or a slice, not %s", of,
                      optic_type_noun(vm, subscript));
  }
  if (x != floor(x) || fabs(x) > 9e15) {
    char shown[40];
    optic_format(shown, sizeof shown, "%.15g", x);
    return optic_fail(&vm->core.fault, D_index, "an index is a whole number, not %s", shown);
  }
  int64_t i = (int64_t)x;
  if (i < -size || i >= size) {
    return optic_fail(&vm->core.fault, D_index, "index %lld is out of range for %s of %lld", (long long)i, of,
                      (long long)size);
  }
  *out = i < 0 ? i + size : i;
  return true;
}

/* Where a slice begins, its step, and how many it takes, by Python's rules. */
static bool slice_range(Vm *vm, const SliceObject *s, int64_t size, int64_t *start, int64_t *step, int64_t *count)
{
  double by = s->step.tag == V_NUMBER ? s->step.number : 1;
  if (by == 0 || by != floor(by)) {
    return optic_fail(&vm->core.fault, D_index, "a slice's step is a whole number other than 0");
  }
  double low = by > 0 ? 0 : -1, high = by > 0 ? (double)size : (double)size - 1;
  double ends[2] = {by > 0 ? low : high, by > 0 ? high : low};
  const Value given[2] = {s->from, s->to};
  for (int i = 0; i < 2; i++) {
    if (given[i].tag == V_NUMBER) {
      double x = given[i].number;
      if (x != floor(x)) {
        return optic_fail(&vm->core.fault, D_index, "a slice runs between whole numbers");
      }
      x += x < 0 ? (double)size : 0;
      ends[i] = x < low ? low : x > high ? high : x;
    }
  }
  double n = ceil((ends[1] - ends[0]) / by);
  *start = (int64_t)ends[0];
  *step = fabs(by) > 1e15 ? (by > 0 ? (int64_t)1 << 50 : -((int64_t)1 << 50)) : (int64_t)by;
  *count = n > 0 ? (int64_t)n : 0;
  return true;
}

/* What a list of subscripts means for an array: a slice of every axis, then the axes that stay. */
typedef struct Cut {
  Attr slice;
  Shape kept;
  bool whole;         /* the slice takes everything */
  const Array *items; /* one subscript is an array of indices: taken along item_axis after slicing */
  int64_t item_axis;
  Array *made; /* `items`, if made here of a list */
} Cut;

static bool cut_of(Vm *vm, const Array *a, const Value *subs, size_t count, Cut *cut)
{
  *cut = (Cut){.whole = true};
  size_t axes = 0;
  for (size_t i = 0; i < count; i++) {
    axes += subs[i].tag != V_NONE;
  }
  if (axes > a->shape.rank) {
    return optic_fail(&vm->core.fault, D_index, "%zu subscripts for %s, which has %u ax%s", axes,
                      optic_type_text(vm, (Value){.tag = V_ARRAY, .array = (Array *)(uintptr_t)a}), a->shape.rank,
                      a->shape.rank == 1 ? "is" : "es");
  }
  cut->slice.shape = a->shape;
  uint32_t axis = 0;
  for (size_t i = 0; i < count; i++) {
    if (cut->kept.rank >= OPTIC_RANK) {
      return optic_fail(&vm->core.fault, D_index, "more than %d axes", OPTIC_RANK);
    }
    if (subs[i].tag == V_NONE) {
      cut->kept.at[cut->kept.rank++] = 1;
      continue;
    }
    int64_t size = a->shape.at[axis], start = 0, step = 1, n = size;
    bool scalar = false;
    if (subs[i].tag == V_SLICE) {
      if (!slice_range(vm, subs[i].slice, size, &start, &step, &n)) {
        return false;
      }
    } else if ((subs[i].tag == V_ARRAY && subs[i].array->shape.rank > 0) || subs[i].tag == V_LIST) {
      if (cut->items) {
        return optic_fail(&vm->core.fault, D_index, "only one subscript can be an array of indices");
      }
      const Array *items = subs[i].array;
      if (subs[i].tag == V_LIST) {
        Array *made;
        if (!optic_arg_array(vm, &subs[i], "index", &made)) {
          return false;
        }
        Attr as = {.dtype = DT_I32};
        cut->made = optic_apply1(&vm->core, G_astype, made, &as);
        optic_array_drop(&vm->core, made);
        items = cut->made;
        if (!items) {
          return false;
        }
      }
      if (optic_dtype_is_float((Dtype)items->dtype) || items->dtype == DT_BOOL) {
        optic_fail(&vm->core.fault, D_index, "an array of indices is i32, not %s",
                   optic_dtype_name((Dtype)items->dtype));
        return optic_fail_hint(&vm->core.fault, items->dtype == DT_BOOL
                                                    ? "to choose by a mask write where(mask, a, b)"
                                                    : "write a list, or convert it: astype(x, \"i32\")");
      }
      for (size_t k = 0; k < items->count; k++) {
        double x = optic_array_get(items, k);
        if (x < -(double)size || x >= (double)size) {
          return optic_fail(&vm->core.fault, D_index, "index %.0f is out of range for an axis of %lld", x,
                            (long long)size);
        }
      }
      cut->items = items;
      cut->item_axis = cut->kept.rank;
    } else if (position(vm, subs[i], size, "an axis", &start)) {
      n = 1;
      scalar = true;
    } else {
      return false;
    }
    cut->slice.start[axis] = start;
    cut->slice.step[axis] = step;
    cut->slice.shape.at[axis] = n;
    cut->whole &= n == size && step == 1;
    axis++;
    if (!scalar) {
      cut->kept.at[cut->kept.rank++] = n;
    }
  }
  for (; axis < a->shape.rank; axis++) {
    cut->slice.step[axis] = 1;
    if (cut->kept.rank >= OPTIC_RANK) {
      return optic_fail(&vm->core.fault, D_index, "more than %d axes", OPTIC_RANK);
    }
    cut->kept.at[cut->kept.rank++] = a->shape.at[axis];
  }
  return true;
}

static bool get_array(Vm *vm, Array *a, const Value *subs, size_t count, Value *out)
{
  Cut cut;
  Core *core = &vm->core;
  Array *result = NULL;
  if (cut_of(vm, a, subs, count, &cut)) {
    result = cut.whole ? optic_array_keep(a) : optic_apply1(core, G_slice, a, &cut.slice);
    if (result && !optic_shape_equal(&result->shape, &cut.kept)) {
      Attr shape = {.shape = cut.kept};
      Array *reshaped = optic_apply1(core, G_reshape, result, &shape);
      optic_array_drop(core, result);
      result = reshaped;
    }
    if (result && cut.items) {
      Attr along = {.axis = cut.item_axis};
      Array *taken = optic_apply2(core, G_take, result, (Array *)(uintptr_t)cut.items, &along);
      optic_array_drop(core, result);
      result = taken;
    }
  }
  optic_array_drop(core, cut.made);
  if (!result) {
    return false;
  }
  *out = optic_from_array(vm, result);
  return true;
}

static bool slice_list(Vm *vm, const List *list, const SliceObject *s, Value *out)
{
  int64_t start, step, count;
  if (!slice_range(vm, s, (int64_t)list->size, &start, &step, &count)) {
    return false;
  }
  List *result = optic_list_new(vm, (size_t)count);
  if (!result) {
    return false;
  }
  *out = (Value){.tag = V_LIST, .list = result};
  for (int64_t i = 0; i < count; i++) {
    if (!optic_list_push(vm, result, optic_keep(list->at[start + i * step]))) {
      optic_drop(vm, *out);
      return false;
    }
  }
  return true;
}

/* Characters of a string, by code points. */
static bool get_text(Vm *vm, const String *s, Value subscript, Value *out)
{
  int64_t size = (int64_t)optic_utf8_width(s->text, s->size), start, step = 1, count = 1;
  if (!optic_charge(&vm->core, s->size / 1024)) {
    return false;
  }
  if (subscript.tag == V_SLICE ? !slice_range(vm, subscript.slice, size, &start, &step, &count)
                               : !position(vm, subscript, size, "a string", &start)) {
    return false;
  }
  Text text;
  optic_text_init(&text, &vm->core.alloc);
  bool ascii = (size_t)size == s->size;
  for (int64_t i = 0; i < count; i++) {
    size_t want = (size_t)(start + i * step), at = ascii ? want : 0, n = 1;
    uint32_t code;
    for (size_t seen = 0; !ascii; seen++) {
      n = optic_utf8_read(s->text + at, s->size - at, &code);
      n = n ? n : 1;
      if (seen == want) {
        break;
      }
      at += n;
    }
    optic_text_add(&text, s->text + at, n);
    if (!optic_charge(&vm->core, ascii ? (i & 63) == 63 : 1 + want / 64)) {
      optic_text_finish(&text);
      return false;
    }
  }
  bool fine =
      text.oom ? optic_fail_oom(&vm->core.fault) : optic_string_value(vm, optic_text_cstr(&text), text.size, out);
  optic_text_finish(&text);
  return fine;
}

static bool record_key(Vm *vm, Value subscript, const Name **name)
{
  if (subscript.tag != V_STRING) {
    return optic_fail(&vm->core.fault, D_index, "a record is indexed with a string, not %s",
                      optic_type_noun(vm, subscript));
  }
  if (subscript.string->size > vm->core.limits.name_bytes) {
    return optic_fail(&vm->core.fault, D_too_large, "a record's key is longer than %u bytes",
                      vm->core.limits.name_bytes);
  }
  *name = optic_name(&vm->core.names, subscript.string->text, subscript.string->size);
  return *name || optic_fail_oom(&vm->core.fault);
}

bool optic_get_index(Vm *vm, Value v, Value subscript, Value *out)
{
  int64_t i;
  const Name *name;
  switch (v.tag) {
  case V_LIST:
    if (subscript.tag == V_SLICE) {
      return slice_list(vm, v.list, subscript.slice, out);
    }
    if (!position(vm, subscript, (int64_t)v.list->size, "a list", &i)) {
      return false;
    }
    *out = optic_keep(v.list->at[i]);
    return true;
  case V_RECORD:
    name = subscript.tag == V_STRING ? optic_name_find(&vm->core.names, subscript.string->text, subscript.string->size)
                                     : NULL; /* looking makes no new name: those are kept for ever */
    const Value *field = optic_record_get(v.record, name);
    if (!field) {
      return record_key(vm, subscript, &name) && no_field(vm, v, name);
    }
    *out = optic_keep(*field);
    return true;
  case V_STRING:
    return get_text(vm, v.string, subscript, out);
  case V_ARRAY:
    return get_array(vm, v.array, &subscript, 1, out);
  case V_UNSET:
  case V_NONE:
  case V_BOOL:
  case V_NUMBER:
  case V_KEY:
  case V_BUILTIN:
  case V_MODULE:
  case V_CLOSURE:
  case V_BOUND:
  case V_TRANSFORM:
  case V_ITER:
  case V_SLICE:
  case V_CELL:
    break;
  }
  optic_fail(&vm->core.fault, D_type, "%s cannot be indexed", optic_type_noun(vm, v));
  return v.tag == V_ITER ? optic_fail_hint(&vm->core.fault, "make a list of it: list(x)") : false;
}

bool optic_get_items(Vm *vm, Value v, const List *subscripts, Value *out)
{
  if (v.tag != V_ARRAY) {
    return optic_fail(&vm->core.fault, D_type, "only an array takes several subscripts, not %s",
                      optic_type_noun(vm, v));
  }
  return get_array(vm, v.array, subscripts->at, subscripts->size, out);
}

/* ---- assignment within a value ------------------------------------------------------------------------------- */
/* The numbers of a list take the array's dtype, as a number alone does: integers only whole ones. */
static bool numbers_like(Vm *vm, const Array *a, const Value *list, Array **out)
{
  Array *numbers;
  if (!optic_arg_numbers(vm, list, "value", &numbers)) {
    return false;
  }
  for (size_t i = 0; !optic_dtype_is_float((Dtype)a->dtype) && i < numbers->count; i++) {
    double x = optic_array_get(numbers, i);
    if (x != floor(x)) {
      optic_array_drop(&vm->core, numbers);
      return optic_fail(&vm->core.fault, D_dtype, "%.15g cannot be an element of an %s array", x,
                        optic_dtype_name((Dtype)a->dtype));
    }
  }
  Attr as = {.dtype = (Dtype)a->dtype};
  *out = optic_apply1(&vm->core, G_astype, numbers, &as);
  optic_array_drop(&vm->core, numbers);
  return *out != NULL;
}

static bool set_array(Vm *vm, Value *root, const Value *subs, size_t count, Value value)
{
  Cut cut;
  Core *core = &vm->core;
  Array *a = root->array, *v = NULL, *result = NULL;
  bool fine = cut_of(vm, a, subs, count, &cut);
  if (fine && cut.items) {
    fine = optic_fail(&core->fault, D_index, "assigning to an array of indices is not possible");
    optic_fail_hint(&core->fault, "use where(mask, new, old)");
  }
  fine = fine && (value.tag == V_LIST ? numbers_like(vm, a, &value, &v) : (v = optic_to_array(vm, value)) != NULL);
  if (fine && !optic_shape_equal(&cut.kept, &cut.slice.shape) && v->shape.rank > 0) {
    /* Axes that an index took away are put back, so that the value's axes stand where they belong. */
    Shape want = cut.kept;
    if (v->shape.rank < want.rank || !optic_shape_equal(&v->shape, &want)) {
      Attr spread = {.shape = want};
      Array *wide = optic_apply1(core, G_broadcast_to, v, &spread);
      if (!wide && core->fault.code == D_shape) {
        Text shapes[2];
        for (int i = 0; i < 2; i++) {
          optic_text_init(&shapes[i], &core->alloc);
          optic_shape_text(&shapes[i], i ? &want : &v->shape);
        }
        optic_fail(&core->fault, D_shape, "a value of shape %s cannot be assigned to elements of shape %s",
                   optic_text_cstr(&shapes[0]), optic_text_cstr(&shapes[1]));
        optic_text_finish(&shapes[0]);
        optic_text_finish(&shapes[1]);
      }
      optic_array_drop(core, v);
      v = wide;
    }
    if (v) {
      Attr shape = {.shape = cut.slice.shape};
      Array *reshaped = optic_apply1(core, G_reshape, v, &shape);
      optic_array_drop(core, v);
      v = reshaped;
    }
    fine = v != NULL;
  }
  if (fine) {
    Array *in[2] = {a, v};
    result = optic_apply(core, G_set_slice, in, 2, &cut.slice, 1);
  }
  optic_array_drop(core, v);
  optic_array_drop(core, cut.made);
  optic_drop(vm, value);
  if (!result) {
    return false;
  }
  optic_array_drop(core, a);
  *root = optic_array_value(result);
  return true;
}

static bool is_step(Value step, const Name *name)
{
  return step.tag == V_STRING && step.string->size == name->size &&
         memcmp(step.string->text, name->text, name->size) == 0;
}

/* *root stands `above` levels deep in what is assigned within. */
static bool set_one(Vm *vm, Value *root, char kind, Value step, uint32_t above, Value value)
{
  int64_t i;
  const Name *name;
  uint32_t depth = 0;
  if (root->tag == V_ARRAY && kind != 'f') {
    return kind == 'm' ? set_array(vm, root, step.list->at, step.list->size, value)
                       : set_array(vm, root, &step, 1, value);
  }
  bool fine = false, made;
  if (root->tag == V_RECORD && value.tag == V_RECORD && is_step(step, vm->n_hyperparams) &&
      !optic_record_get(root->record, vm->n_hyperparams)) {
    fine = optic_hyperparams_set_all(vm, root, value.record, &made);
    if (made || !fine) {
      optic_drop(vm, value);
      return fine;
    }
    fine = false;
  }
  if (root->tag == V_RECORD && kind != 'm') {
    fine = record_key(vm, step, &name) && optic_deepen_inside(vm, &depth, value, above) && optic_record_own(vm, root);
    if (fine) {
      return optic_record_set(vm, root->record, name, value);
    }
  } else if (root->tag == V_LIST && kind == 'i') {
    if (step.tag == V_SLICE) {
      fine = optic_fail(&vm->core.fault, D_index, "a slice of a list cannot be assigned");
      optic_fail_hint(&vm->core.fault, "build the list anew: [*xs[:i], *new, *xs[j:]]");
    } else {
      fine = position(vm, step, (int64_t)root->list->size, "a list", &i) && optic_list_own(vm, root) &&
             optic_deepen_inside(vm, &root->list->depth, value, above);
    }
    if (fine) {
      Value old = root->list->at[i];
      root->list->at[i] = value;
      optic_drop(vm, old);
      return true;
    }
  } else {
    fine = optic_fail(&vm->core.fault, D_type,
                      kind == 'f' ? "%s has no fields that can be assigned" : "%s has no items that can be assigned",
                      optic_type_noun(vm, *root));
  }
  optic_drop(vm, value);
  return false;
}

/* The place in *root that a step leads to, owned alone as far as it goes; NULL with the fault set. */
static Value *descend(Vm *vm, Value *root, char kind, Value step)
{
  int64_t i;
  const Name *name;
  if (root->tag == V_RECORD && kind != 'm') {
    if (!record_key(vm, step, &name)) {
      return NULL;
    }
    if (!optic_record_get(root->record, name)) {
      no_field(vm, *root, name);
      return NULL;
    }
    return optic_record_own(vm, root) ? optic_record_get(root->record, name) : NULL;
  }
  if (root->tag == V_LIST && kind == 'i') {
    bool fine = position(vm, step, (int64_t)root->list->size, "a list", &i) && optic_list_own(vm, root);
    return fine ? &root->list->at[i] : NULL;
  }
  optic_fail(&vm->core.fault, D_type, "%s has nothing of that name to assign within", optic_type_noun(vm, *root));
  return NULL;
}

static bool set_within(Vm *vm, Value *root, const char *kinds, size_t steps, Value *path, uint32_t above, Value value)
{
  if (steps == 1) {
    return set_one(vm, root, kinds[0], path[0], above, value);
  }
  if (root->tag == V_ARRAY && kinds[0] != 'f') { /* x[0][1] = v: the row is taken out, changed, and put back */
    Value row;
    bool fine =
        kinds[0] == 'm' ? optic_get_items(vm, *root, path[0].list, &row) : optic_get_index(vm, *root, path[0], &row);
    if (!fine) {
      optic_drop(vm, value);
      return false;
    }
    if (!set_within(vm, &row, kinds + 1, steps - 1, path + 1, above + 1, value)) {
      optic_drop(vm, row);
      return false;
    }
    return set_one(vm, root, kinds[0], path[0], above, row);
  }
  if (root->tag == V_RECORD && is_step(path[0], vm->n_hyperparams)) {
    if (!optic_record_get(root->record, vm->n_hyperparams)) {
      if (path[1].tag == V_STRING && steps == 2) {
        return optic_hyperparams_set(vm, root, path[1].string->text, path[1].string->size, value);
      }
    } else if (!optic_record_own(vm, root) || !optic_schedule_end(vm, root->record, path[1])) {
      optic_drop(vm, value);
      return false;
    }
  }
  Value *child = descend(vm, root, kinds[0], path[0]);
  if (!child) {
    optic_drop(vm, value);
    return false;
  }
  if (!set_within(vm, child, kinds + 1, steps - 1, path + 1, above + 1, value)) {
    return false;
  }
  /* It has room: set_one has seen to that. */
  return optic_deepen_inside(vm, root->tag == V_RECORD ? &root->record->depth : &root->list->depth, *child, above);
}

bool optic_set_path(Vm *vm, Value *root, const char *kinds, size_t steps, Value *path, Value value)
{
  return set_within(vm, root, kinds, steps, path, 0, value);
}
