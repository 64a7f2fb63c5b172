/* transform.c: transforms: init, update, and their states.
 *
 * A transform written as a `transform` block has a state record: one field for each of its `state` lines, and, where it
 * has arguments marked `: number`, `hyperparams` with their present values, and `scheduled` with the number of updates
 * done for each of those that a schedule still sets. A transform made by transformation(init, update) has whatever
 * state its functions make; chain's is a record of its stages' states.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memrchr */
#include <string.h>

#include "base/pool.h"
#include "vm/builtins.h"
#include "vm/object.h"

/* A schedule's value at a step, as a number where it is one. */
static bool schedule_value(Vm *vm, Value schedule, double step, Value *out)
{
  Value arg = optic_number(step), value;
  if (!optic_call(vm, schedule, &arg, 1, &value)) {
    return false;
  }
  if (value.tag == V_ARRAY && value.array->count == 1 && !value.array->node) {
    double x = optic_array_get(value.array, 0);
    optic_drop(vm, value);
    value = optic_number(x);
  }
  if (value.tag != V_NUMBER && value.tag != V_BOOL && !(value.tag == V_ARRAY && value.array->count == 1)) {
    optic_fail(&vm->core.fault, D_type, "a schedule must yield a number, and at step %.15g this one yields %s", step,
               optic_type_noun(vm, value));
    optic_drop(vm, value);
    return false;
  }
  *out = value;
  return true;
}

bool optic_hyper_fits(Vm *vm, const Name *transform, const Name *hyper, Value v)
{
  if (v.tag == V_NUMBER || v.tag == V_BOOL || optic_is_function(v) || (v.tag == V_ARRAY && v.array->shape.rank == 0)) {
    return true;
  }
  optic_fail(&vm->core.fault, D_type, "%s: `%s` must be a number, or a function of the step, not %s", transform->text,
             hyper->text, optic_type_noun(vm, v));
  return false;
}

/* Records of the hyperparameters' values at the beginning and of those that schedules set. NULL: none of that kind. */
static bool hyper_records(Vm *vm, const Transform *t, Record **values, Record **scheduled)
{
  *values = *scheduled = NULL;
  if (t->count == 0) {
    return true;
  }
  *values = optic_record_new(vm);
  bool fine = *values != NULL;
  for (uint32_t i = 0; fine && i < t->count; i++) {
    Value v;
    if (optic_is_function(t->hypers[i])) {
      if (!*scheduled) {
        *scheduled = optic_record_new(vm);
      }
      fine = *scheduled && optic_record_set(vm, *scheduled, t->desc->hypers[i], optic_number(0)) &&
             schedule_value(vm, t->hypers[i], 0, &v);
    } else {
      v = optic_keep(t->hypers[i]);
    }
    fine = fine && optic_record_set(vm, *values, t->desc->hypers[i], v);
  }
  return fine;
}

static void drop_record(Vm *vm, Record *r)
{
  if (r) {
    optic_drop(vm, (Value){.tag = V_RECORD, .record = r});
  }
}

static bool init_block(Vm *vm, Transform *t, Value params, Value *out)
{
  const TransformDesc *d = t->desc;
  Record *values, *scheduled, *state = NULL;
  Value *args = NULL, states = {.tag = V_UNSET};
  bool fine = hyper_records(vm, t, &values, &scheduled);
  if (fine) {
    args = optic_pool_get(&vm->core, (1 + t->count) * sizeof *args);
    fine = args != NULL;
  }
  if (fine) {
    args[0] = optic_keep(params);
    for (uint32_t i = 0; i < t->count; i++) {
      args[1 + i] = optic_keep(values->at[i]);
    }
    fine = optic_call(vm, t->init, args, 1 + t->count, &states);
  }
  optic_pool_put(&vm->core, args, (1 + t->count) * sizeof *args);
  fine = fine && (state = optic_record_new(vm)) != NULL;
  for (uint32_t i = 0; fine && i < d->state_count; i++) {
    fine = optic_record_set(vm, state, d->states[i], optic_keep(states.list->at[i]));
  }
  if (fine && values) {
    fine = optic_record_set(vm, state, vm->n_hyperparams, (Value){.tag = V_RECORD, .record = values});
    values = NULL;
  }
  if (fine && scheduled) {
    fine = optic_record_set(vm, state, vm->n_scheduled, (Value){.tag = V_RECORD, .record = scheduled});
    scheduled = NULL;
  }
  optic_drop(vm, states);
  drop_record(vm, values);
  drop_record(vm, scheduled);
  if (!fine) {
    drop_record(vm, state);
    return false;
  }
  *out = (Value){.tag = V_RECORD, .record = state};
  return true;
}

bool optic_transform_init(Vm *vm, Transform *t, Value params, Value *out)
{
  if (t->desc) {
    return init_block(vm, t, params, out);
  }
  Value arg = optic_keep(params);
  return optic_call(vm, t->init, &arg, 1, out);
}

/* ---- update -------------------------------------------------------------------------------------------------- */
static bool no_state(Vm *vm, const Transform *t, const Name *name)
{
  optic_fail(&vm->core.fault, D_structure, "the state given to %s has no `%s`", t->name->text, name->text);
  return optic_fail_hint(&vm->core.fault,
                         "a state comes from init(params) of the same transform, or from its last update");
}

/* The hyperparameters' values for this step into values[]; advances the schedules in the state, owned alone. */
static bool hyper_values(Vm *vm, const Transform *t, Record *state, Value *values)
{
  const TransformDesc *d = t->desc;
  for (uint32_t i = 0; i < t->count; i++) {
    Value *hypers = optic_record_get(state, vm->n_hyperparams);
    Value *present = hypers && hypers->tag == V_RECORD ? optic_record_get(hypers->record, d->hypers[i]) : NULL;
    if (!present) {
      return no_state(vm, t, hypers ? d->hypers[i] : vm->n_hyperparams);
    }
    Value *scheduled = optic_record_get(state, vm->n_scheduled);
    Value *step = scheduled && scheduled->tag == V_RECORD ? optic_record_get(scheduled->record, d->hypers[i]) : NULL;
    if (step && step->tag == V_NUMBER && optic_is_function(t->hypers[i])) {
      double at = step->number;
      Value v;
      if (!schedule_value(vm, t->hypers[i], at, &v)) {
        return false;
      }
      bool fine = optic_record_own(vm, hypers) && optic_record_set(vm, hypers->record, d->hypers[i], optic_keep(v)) &&
                  optic_record_own(vm, scheduled) &&
                  optic_record_set(vm, scheduled->record, d->hypers[i], optic_number(at + 1));
      if (!fine) {
        optic_drop(vm, v);
        return false;
      }
      values[i] = v;
    } else if (optic_is_function(*present)) {
      optic_fail(&vm->core.fault, D_type, "%s: the state's hyperparameter `%s` is a function", d->name->text,
                 d->hypers[i]->text);
      return optic_fail_hint(&vm->core.fault, "a schedule is given where the transform is made; a state holds numbers");
    } else if (!optic_hyper_fits(vm, d->name, d->hypers[i], *present)) {
      return false;
    } else {
      values[i] = optic_keep(*present);
    }
  }
  return true;
}

static bool update_block(Vm *vm, Transform *t, Value updates, Value state, Value params, Value extra, Value *out)
{
  const TransformDesc *d = t->desc;
  size_t count = 3 + (size_t)t->count + d->state_count;
  Value *args = NULL, given[3] = {updates, params, extra}, result = {.tag = V_UNSET};
  bool fine = state.tag == V_RECORD;
  if (!fine) {
    optic_fail(&vm->core.fault, D_type, "%s.update takes a state record, not %s", t->name->text,
               optic_type_noun(vm, state));
    optic_fail_hint(&vm->core.fault, "updates, state = tx.update(updates, state, params)");
  }
  fine = fine && optic_record_own(vm, &state);
  fine = fine && (args = optic_pool_get(&vm->core, count * sizeof *args)) != NULL;
  if (!fine) {
    optic_drop(vm, updates);
    optic_drop(vm, state);
    optic_drop(vm, params);
    optic_drop(vm, extra);
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    args[i] = i < 3 ? given[i] : (Value){.tag = V_UNSET};
  }
  fine = hyper_values(vm, t, state.record, args + 3);
  for (uint32_t i = 0; fine && i < d->state_count; i++) {
    /* Moved out of the record, so that the body may update it in place. */
    Value *field = optic_record_get(state.record, d->states[i]);
    fine = field ? true : no_state(vm, t, d->states[i]);
    if (fine) {
      args[3 + t->count + i] = *field;
      *field = optic_none();
    }
  }
  if (fine) {
    fine = optic_call(vm, t->update, args, count, &result);
  } else {
    for (size_t i = 0; i < count; i++) {
      optic_drop(vm, args[i]);
    }
  }
  optic_pool_put(&vm->core, args, count * sizeof *args);
  if (fine && result.tag != V_LIST) { /* the body ended without a value on the path that was taken */
    optic_fail(&vm->core.fault, D_returns_nothing, "%s returned nothing", t->name->text);
    fine = optic_fail_hint(&vm->core.fault, "end it with `return updates`");
  }
  fine = fine && optic_list_own(vm, &result);
  for (uint32_t i = 0; fine && i < d->state_count; i++) {
    Value v = result.list->at[1 + i];
    result.list->at[1 + i] = optic_none();
    fine = optic_record_set(vm, state.record, d->states[i], v);
  }
  if (!fine) {
    optic_drop(vm, result);
    optic_drop(vm, state);
    return false;
  }
  for (size_t i = 1; i < result.list->size; i++) {
    optic_drop(vm, result.list->at[i]);
  }
  result.list->size = 1;
  if (!optic_list_push(vm, result.list, state)) {
    optic_drop(vm, result);
    return false;
  }
  *out = result;
  return true;
}

bool optic_transform_update(Vm *vm, Transform *t, Value updates, Value state, Value params, Value extra, Value *out)
{
  if (t->desc) {
    return update_block(vm, t, updates, state, params, extra, out);
  }
  Value args[3] = {updates, state, params};
  bool fine = optic_call_named(vm, t->update, args, 3, extra.tag == V_RECORD ? extra.record : NULL, out);
  optic_drop(vm, extra);
  if (fine && (out->tag != V_LIST || out->list->size != 2)) {
    optic_fail(&vm->core.fault, D_type, "the update function of transform `%s` must return updates and state",
               t->name->text);
    optic_drop(vm, *out);
    return false;
  }
  return fine;
}

/* ---- hyperparameters of a state made of several -------------------------------------------------------------- */
typedef struct Found {
  const Name *name; /* the hyperparameter */
  char path[200];   /* of its stage, "" at the root */
} Found;

typedef struct Search {
  Vm *vm;
  VEC(Found) list;
  char path[200];
  size_t size;
} Search;

/* Can a path name it? A path is taken apart at its slashes. */
static bool can_be_in_path(const Name *name)
{
  return name->size && !memchr(name->text, '/', name->size) && !memchr(name->text, 0, name->size);
}

static bool search(Search *s, Value v)
{
  if (optic_is_tree(v) && !optic_charge(&s->vm->core, 1)) { /* what is shared is met more than once */
    return false;
  }
  if (v.tag == V_LIST) {
    for (size_t i = 0; i < v.list->size; i++) {
      size_t before = s->size;
      int n = optic_format(s->path + before, sizeof s->path - before, "%s%zu", before ? "/" : "", i);
      if (n < 0 || (size_t)n >= sizeof s->path - before) {
        s->path[before] = 0;
        return true;
      }
      s->size += (size_t)n;
      if (!search(s, v.list->at[i])) {
        return false;
      }
      s->size = before;
      s->path[before] = 0;
    }
  }
  if (v.tag != V_RECORD) {
    return true;
  }
  const Record *r = v.record;
  for (uint32_t i = 0; i < r->keys->count; i++) {
    const Name *name = r->keys->names[i];
    if (name == s->vm->n_hyperparams && r->at[i].tag == V_RECORD) {
      const Keys *keys = r->at[i].record->keys;
      for (uint32_t j = 0; j < keys->count; j++) {
        Found *f = VEC_PUSH(&s->vm->core.alloc, &s->list);
        if (!f) {
          return optic_fail_oom(&s->vm->core.fault);
        }
        f->name = keys->names[j];
        memcpy(f->path, s->path, s->size + 1);
      }
      continue;
    }
    if (!can_be_in_path(name)) {
      continue;
    }
    size_t before = s->size;
    int n = optic_format(s->path + before, sizeof s->path - before, "%s%s", before ? "/" : "", name->text);
    if (n >= 0 && (size_t)n < sizeof s->path - before) {
      s->size += (size_t)n;
      if (!search(s, r->at[i])) {
        return false;
      }
    }
    s->size = before;
    s->path[before] = 0;
  }
  return true;
}

/* Follows a path of keys and indices; NULL where it leads nowhere. With `own` everything on the way is owned alone. */
static Value *follow(Vm *vm, Value *at, const char *path, bool own)
{
  while (*path && at) {
    const char *end = strchr(path, '/');
    size_t size = end ? (size_t)(end - path) : strlen(path);
    if (at->tag == V_LIST) {
      double i;
      bool fine =
          optic_number_read(path, size, &i) && i >= 0 && i < (double)at->list->size && (!own || optic_list_own(vm, at));
      at = fine ? &at->list->at[(size_t)i] : NULL;
    } else if (at->tag == V_RECORD) {
      const Name *name = optic_name_find(&vm->core.names, path, size);
      at = !own || optic_record_own(vm, at) ? optic_record_get(at->record, name) : NULL;
    } else {
      at = NULL;
    }
    path += size + (end ? 1 : 0);
  }
  return at;
}

static size_t same_name(const Search *s, const Name *name)
{
  size_t n = 0;
  for (size_t i = 0; i < s->list.size; i++) {
    n += s->list.at[i].name == name;
  }
  return n;
}

bool optic_hyperparams_view(Vm *vm, const Record *state, Value *out, bool *found)
{
  Search s = {.vm = vm};
  Value root = {.tag = V_RECORD, .record = (Record *)(uintptr_t)state};
  *found = false;
  Record *view = NULL;
  bool fine = search(&s, root);
  if (fine && s.list.size) {
    *found = true;
    view = optic_record_new(vm);
    fine = view != NULL;
    for (size_t i = 0; fine && i < s.list.size; i++) {
      const Found *f = &s.list.at[i];
      Value at = root;
      const Value *stage = follow(vm, &at, f->path, false),
                  *hypers = optic_record_get(stage->record, vm->n_hyperparams);
      const Name *key = f->name;
      if (!optic_charge(&vm->core, s.list.size / 64)) {
        fine = false;
        break;
      }
      if (same_name(&s, f->name) > 1) {
        char full[400];
        optic_format(full, sizeof full, "%s/%s", f->path, f->name->text);
        key = optic_name_cstr(&vm->core.names, full);
      }
      fine = key ? optic_record_set(vm, view, key, optic_keep(*optic_record_get(hypers->record, f->name)))
                 : optic_fail_oom(&vm->core.fault);
    }
  }
  VEC_FINISH(&vm->core.alloc, &s.list);
  if (!fine) {
    drop_record(vm, view);
    return false;
  }
  if (*found) {
    *out = (Value){.tag = V_RECORD, .record = view};
  }
  return true;
}

/* Does "adam/scale_by_adam" end with "scale_by_adam", at a border? */
static bool path_ends(const char *path, const char *end, size_t size)
{
  size_t n = strlen(path);
  return size == 0 ||
         (n >= size && memcmp(path + n - size, end, size) == 0 && (n == size || path[n - size - 1] == '/'));
}

/* A hyperparameter that is set by hand is no longer a schedule's. The state is owned alone. */
static bool end_schedule(Vm *vm, Record *state, const Name *name)
{
  Value *scheduled = optic_record_get(state, vm->n_scheduled);
  if (!scheduled || scheduled->tag != V_RECORD || !optic_record_get(scheduled->record, name)) {
    return true;
  }
  if (scheduled->record->keys->count == 1) {
    return optic_record_remove(vm, state, vm->n_scheduled);
  }
  return optic_record_own(vm, scheduled) && optic_record_remove(vm, scheduled->record, name);
}

bool optic_schedule_end(Vm *vm, Record *state, Value name)
{
  const Name *known =
      name.tag == V_STRING ? optic_name_find(&vm->core.names, name.string->text, name.string->size) : NULL;
  return !known || end_schedule(vm, state, known);
}

bool optic_hyperparams_set(Vm *vm, Value *v, const char *name, size_t size, Value value)
{
  Search s = {.vm = vm};
  const char *slash = memrchr(name, '/', size);
  const char *last = slash ? slash + 1 : name;
  size_t last_size = size - (size_t)(last - name), stage_size = slash ? (size_t)(slash - name) : 0;
  bool fine = search(&s, *v);
  const Found *hit = NULL;
  const char *nearest = NULL;
  size_t hits = 0, least = 3;
  char others[300] = "";
  for (size_t i = 0; fine && i < s.list.size; i++) {
    const Found *f = &s.list.at[i];
    size_t d = optic_edit_distance(f->name->text, f->name->size, last, last_size, least - 1);
    if (d < least) {
      least = d;
      nearest = f->name->text;
    }
    if (f->name->size == last_size && memcmp(f->name->text, last, last_size) == 0 &&
        path_ends(f->path, name, stage_size)) {
      size_t at = strlen(others);
      optic_format(others + at, sizeof others - at, "%s`%s/%s`", hits ? ", " : "", f->path, f->name->text);
      hit = f;
      hits++;
    }
  }
  if (fine && hits != 1) {
    int shown = (int)(size < 200 ? size : 200);
    fine = hits ? optic_fail(&vm->core.fault, D_no_field, "there are %zu hyperparameters `%.*s`", hits, shown, name)
                : optic_fail(&vm->core.fault, D_no_field, "there is no hyperparameter `%.*s`", shown, name);
    if (hits) {
      optic_fail_hint(&vm->core.fault, "name one by its path: %s", others);
    } else if (nearest) {
      optic_fail_hint(&vm->core.fault, "did you mean `%s`?", nearest);
    }
  }
  uint32_t depth = 0;
  fine = fine && optic_deepen(vm, &depth, value);
  if (fine && depth > 1) { /* nor would the records around it know how deep they are */
    fine = optic_fail(&vm->core.fault, D_type, "the hyperparameter `%s` must be a number, not %s", hit->name->text,
                      optic_type_noun(vm, value));
  }
  if (fine) {
    Value *stage = follow(vm, v, hit->path, true);
    fine = stage && optic_record_own(vm, stage);
    Value *hypers = fine ? optic_record_get(stage->record, vm->n_hyperparams) : NULL;
    fine = fine && optic_record_own(vm, hypers) && optic_record_set(vm, hypers->record, hit->name, optic_keep(value));
    fine = fine && end_schedule(vm, stage->record, hit->name);
  }
  VEC_FINISH(&vm->core.alloc, &s.list);
  optic_drop(vm, value);
  return fine;
}

bool optic_hyperparams_set_all(Vm *vm, Value *v, const Record *values, bool *made)
{
  Value view;
  bool fine = optic_hyperparams_view(vm, v->record, &view, made);
  if (!fine || !*made) {
    return fine;
  }
  optic_drop(vm, view);
  Value work = optic_keep(*v); /* all of them, or none */
  for (uint32_t i = 0; i < values->keys->count; i++) {
    const Name *name = values->keys->names[i];
    if (!optic_hyperparams_set(vm, &work, name->text, name->size, optic_keep(values->at[i]))) {
      optic_drop(vm, work);
      return false;
    }
  }
  optic_drop(vm, *v);
  *v = work;
  return true;
}

/* ---- builtins ------------------------------------------------------------------------------------------------ */
static bool b_init(Vm *vm, Value *args, Value *result)
{
  return optic_transform_init(vm, args[0].transform, args[1], result);
}

static bool b_update(Vm *vm, Value *args, Value *result)
{
  Value updates = args[1], state = args[2], params = args[3], extra = args[4];
  args[1].tag = args[2].tag = args[3].tag = args[4].tag = V_UNSET;
  return optic_transform_update(vm, args[0].transform, updates, state, params, extra, result);
}

static bool b_transformation(Vm *vm, Value *args, Value *result)
{
  const String *name;
  if (!optic_is_function(args[0]) || !optic_is_function(args[1])) {
    return optic_fail(&vm->core.fault, D_type, "transformation: `init` and `update` must be functions, not %s",
                      optic_type_noun(vm, optic_is_function(args[0]) ? args[1] : args[0]));
  }
  uint32_t depth = 1;
  if (!optic_arg_string(vm, &args[2], "transformation: `name`", &name) || !optic_deepen(vm, &depth, args[0]) ||
      !optic_deepen(vm, &depth, args[1])) {
    return false;
  }
  Transform *t = optic_pool_get(&vm->core, sizeof *t);
  const Name *own = t ? optic_name(&vm->core.names, name->text, name->size) : NULL;
  if (!own) {
    optic_pool_put(&vm->core, t, sizeof *t);
    return optic_fail_oom(&vm->core.fault);
  }
  *t = (Transform){.refs = 1, .depth = depth, .name = own, .init = optic_keep(args[0]), .update = optic_keep(args[1])};
  *result = (Value){.tag = V_TRANSFORM, .transform = t};
  return true;
}

static const Builtin rows[] = {
    {"transformation(init, update, name = \"transformation\")",
     "A transform from two functions: init(params) gives its state; update(updates, state, params, **extra) gives the "
     "new "
     "updates and the new state. `name` is what its state is called in a chain.\n"
     ">>> halve = transformation(params -> {}, fn(updates, state, params, **extra) { return 0.5 * updates, state }, "
     "name = \"halve\")\n"
     ">>> halve.update(array([2, 4]), halve.init(none))[0]\n[1, 2]",
     b_transformation, 0},
    {"init(transform, params)", "The transform's state at the beginning, for parameters like `params`.", b_init,
     BUILTIN_OF_TRANSFORM | BUILTIN_METHOD_ONLY},
    {"update(transform, updates, state, params = none, **extra)",
     "One step: the updates that the transform makes of `updates`, and its new state.", b_update,
     BUILTIN_OF_TRANSFORM | BUILTIN_METHOD_ONLY},
};
const BuiltinTable optic_b_transform = BUILTIN_TABLE(rows);
