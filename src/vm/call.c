/* call.c: calls: binding arguments to parameters, builtins, and calls from C.
 *
 * What comes in: positional values and after them one for each keyword. What goes out: one value for each parameter,
 * in order. Every fault names the function, the parameter, and the nearest name.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "vm/machine.h"

/* ---- what a function takes ----------------------------------------------------------------------------------- */
/* Parameters of a closure or a builtin, in one shape. */
typedef struct Takes {
  const char *function;
  uint32_t count, required, positional;
  bool has_rest, has_named;
  const Name *const *names; /* builtin */
  const Param *params;      /* closure */
} Takes;

/* A builtin's signature, read once. */
struct BuiltinInfo {
  const Builtin *builtin;
  const Name *name;
  uint32_t count, required, positional;
  bool has_rest, has_named;
  const Name **names;
  Value *defaults; /* V_UNSET: required, or no literal */
};

static const Name *param_name(const Takes *t, uint32_t i)
{
  return t->params ? t->params[i].name : t->names[i];
}

static Takes takes_of(const Proto *p)
{
  return (Takes){.function = p->name ? p->name->text : "this function",
                 .count = p->param_count,
                 .required = p->required,
                 .positional = p->positional,
                 .has_rest = p->has_rest,
                 .has_named = p->has_named,
                 .params = p->params};
}

/* ---- signatures of builtins ---------------------------------------------------------------------------------- */
static bool word_char(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool read_default(Vm *vm, const char *text, size_t size, Value *out)
{
  double x;
  if (size >= 2 && text[0] == '"') {
    return optic_string_value(vm, text + 1, size - 2, out);
  }
  if (size == 4 && memcmp(text, "none", 4) == 0) {
    *out = optic_none();
  } else if (size == 4 && memcmp(text, "true", 4) == 0) {
    *out = optic_bool(true);
  } else if (size == 5 && memcmp(text, "false", 5) == 0) {
    *out = optic_bool(false);
  } else if (optic_number_read(text, size, &x)) {
    *out = optic_number(x);
  } else {
    *out = (Value){.tag = V_UNSET}; /* said in the signature for people; the function finds V_UNSET */
  }
  return true;
}

/* One parameter "name", "name = default", "*rest", "**named", "name: number". */
static bool read_param(Vm *vm, BuiltinInfo *info, const char *text, size_t size)
{
  size_t stars = 0, end;
  while (stars < size && text[stars] == '*') {
    stars++;
  }
  for (end = stars; end < size && word_char(text[end]); end++) {
  }
  if (end == stars) {
    return true;
  }
  if (stars) {
    *(stars == 1 ? &info->has_rest : &info->has_named) = true;
    return true;
  }
  const char *equals = memchr(text, '=', size);
  Value fallback = {.tag = V_UNSET};
  if (equals) {
    size_t from = (size_t)(equals - text) + 1;
    while (from < size && text[from] == ' ') {
      from++;
    }
    if (!read_default(vm, text + from, size - from, &fallback)) {
      return false;
    }
  } else {
    info->required = info->count + 1;
  }
  const Name *name = optic_name(&vm->core.names, text, end);
  if (!name) {
    optic_drop(vm, fallback);
    return optic_fail_oom(&vm->core.fault);
  }
  info->names[info->count] = name;
  info->defaults[info->count++] = fallback;
  info->positional += !info->has_rest;
  return true;
}

static bool read_signature(Vm *vm, BuiltinInfo *info)
{
  const char *s = strchr(info->builtin->signature, '(');
  if (!s) {
    return true;
  }
  s++;
  while (*s && *s != ')') {
    while (*s == ' ' || *s == ',') {
      s++;
    }
    size_t size = 0, depth = 0;
    bool quoted = false;
    for (; s[size]; size++) {
      char c = s[size];
      quoted ^= c == '"';
      if (!quoted && depth == 0 && (c == ',' || c == ')')) {
        break;
      }
      depth += c == '[' || c == '(' ? 1 : 0;
      depth -= (c == ']' || c == ')') && depth ? 1 : 0;
    }
    size_t trimmed = size;
    while (trimmed && s[trimmed - 1] == ' ') {
      trimmed--;
    }
    if (trimmed && !read_param(vm, info, s, trimmed)) {
      return false;
    }
    s += size;
  }
  return true;
}

static size_t info_slot(const Vm *vm, const Builtin *b)
{
  size_t mask = vm->info_cap - 1, i = ((uintptr_t)b / sizeof *b) * 0x9e3779b97f4a7c15u >> 32 & mask;
  while (vm->infos[i] && vm->infos[i]->builtin != b) {
    i = (i + 1) & mask;
  }
  return i;
}

static void info_free(Vm *vm, BuiltinInfo *info)
{
  for (uint32_t i = 0; i < info->count; i++) {
    optic_drop(vm, info->defaults[i]);
  }
  optic_pool_put(&vm->core, info->names, 16 * sizeof *info->names);
  optic_pool_put(&vm->core, info->defaults, 16 * sizeof *info->defaults);
  optic_pool_put(&vm->core, info, sizeof *info);
}

void optic_builtin_infos_finish(Vm *vm)
{
  for (size_t i = 0; i < vm->info_cap; i++) {
    if (vm->infos[i]) {
      info_free(vm, vm->infos[i]);
    }
  }
  optic_free(&vm->core.alloc, vm->infos, vm->info_cap * sizeof *vm->infos);
  vm->infos = NULL;
  vm->info_cap = vm->info_count = 0;
}

static bool infos_grow(Vm *vm)
{
  size_t old_cap = vm->info_cap, cap = old_cap ? old_cap * 2 : 64;
  BuiltinInfo **old = vm->infos, **fresh = optic_core_zalloc(&vm->core, cap * sizeof *fresh);
  if (!fresh) {
    return false;
  }
  vm->infos = fresh;
  vm->info_cap = cap;
  for (size_t i = 0; i < old_cap; i++) {
    if (old[i]) {
      fresh[info_slot(vm, old[i]->builtin)] = old[i];
    }
  }
  optic_free(&vm->core.alloc, old, old_cap * sizeof *old);
  return true;
}

static const BuiltinInfo *info_of(Vm *vm, const Builtin *b)
{
  if (vm->info_cap) {
    BuiltinInfo *known = vm->infos[info_slot(vm, b)];
    if (known) {
      return known;
    }
  }
  if ((vm->info_count + 1) * 2 > vm->info_cap && !infos_grow(vm)) {
    return NULL;
  }
  BuiltinInfo *info = optic_pool_get(&vm->core, sizeof *info);
  if (!info) {
    return NULL;
  }
  *info = (BuiltinInfo){.builtin = b};
  size_t name_size = 0;
  while (word_char(b->signature[name_size]) || b->signature[name_size] == '.') {
    name_size++;
  }
  info->names = optic_pool_get(&vm->core, 16 * sizeof *info->names);
  info->defaults = info->names ? optic_pool_get(&vm->core, 16 * sizeof *info->defaults) : NULL;
  info->name = optic_name(&vm->core.names, b->signature, name_size);
  if (!info->defaults || !info->name || !read_signature(vm, info)) {
    if (!info->defaults) {
      optic_pool_put(&vm->core, info->names, 16 * sizeof *info->names);
      optic_pool_put(&vm->core, info, sizeof *info);
    } else {
      info_free(vm, info);
    }
    optic_fail_oom(&vm->core.fault);
    return NULL;
  }
  vm->infos[info_slot(vm, b)] = info;
  vm->info_count++;
  return info;
}

const Name *optic_builtin_name(Vm *vm, const Builtin *b)
{
  const BuiltinInfo *info = info_of(vm, b);
  return info ? info->name : NULL;
}

/* ---- binding ------------------------------------------------------------------------------------------------- */
static const char *nearest_param(const Takes *t, const Name *wrong)
{
  const char *best = NULL;
  size_t least = 3;
  for (uint32_t i = 0; i < t->count; i++) {
    const Name *name = param_name(t, i);
    size_t d = optic_edit_distance(wrong->text, wrong->size, name->text, name->size, least - 1);
    if (d < least) {
      least = d;
      best = name->text;
    }
  }
  return best;
}

static bool fail_unknown(Vm *vm, const Takes *t, const Name *name)
{
  const char *near = nearest_param(t, name);
  if (near) {
    return optic_fail(&vm->core.fault, D_arguments, "%s has no argument `%s` (did you mean `%s`?)", t->function,
                      name->text, near);
  }
  optic_fail(&vm->core.fault, D_arguments, "%s has no argument `%s`", t->function, name->text);
  char list[256] = "";
  size_t at = 0;
  for (uint32_t i = 0; i < t->count && at < sizeof list - 40; i++) {
    int n = optic_format(list + at, sizeof list - at, "%s`%s`", i ? ", " : "", param_name(t, i)->text);
    at += n > 0 ? (size_t)n : 0;
  }
  return t->count ? optic_fail_hint(&vm->core.fault, "its arguments are %s", list) : false;
}

static bool fail_many(Vm *vm, const Takes *t, uint32_t count)
{
  return optic_fail(&vm->core.fault, D_arguments, "%s takes %s%u argument%s, but %u %s given", t->function,
                    t->required < t->count ? "at most " : "", t->count, t->count == 1 ? "" : "s", count,
                    count == 1 ? "is" : "are");
}

/* Spreads given[0 .. count) and the keywords after them over to[0 .. parameters). Moves them, also when it fails. */
static bool bind(Vm *vm, const Takes *t, Value *given, uint32_t count, const Keys *named, Value *to)
{
  uint32_t all = count + (named ? named->count : 0), rest_at = t->count, named_at = t->count + (t->has_rest ? 1 : 0);
  uint32_t slots = named_at + (t->has_named ? 1 : 0), plain = count < t->positional ? count : t->positional;
  bool fine = true;
  for (uint32_t i = 0; i < slots; i++) {
    to[i] = (Value){.tag = V_UNSET};
  }
  for (uint32_t i = 0; i < plain; i++) {
    to[i] = given[i];
    given[i].tag = V_UNSET;
  }
  if (t->has_rest) {
    List *rest = optic_list_new(vm, count - plain);
    fine = rest != NULL;
    if (fine) {
      to[rest_at] = (Value){.tag = V_LIST, .list = rest};
    }
    for (uint32_t i = plain; fine && i < count; i++) {
      Value item = given[i];
      given[i].tag = V_UNSET;
      fine = optic_list_push(vm, rest, item);
    }
  } else if (count > t->positional) {
    fine = fail_many(vm, t, count);
  }
  if (fine && t->has_named) {
    Record *r = optic_record_new(vm);
    fine = r != NULL;
    if (fine) {
      to[named_at] = (Value){.tag = V_RECORD, .record = r};
    }
  }
  for (uint32_t i = 0; fine && named && i < named->count; i++) {
    Value value = given[count + i];
    const Name *name = named->names[i];
    uint32_t at = 0;
    while (at < t->count && param_name(t, at) != name) {
      at++;
    }
    if (at < t->count && to[at].tag == V_UNSET) {
      to[at] = value;
      given[count + i].tag = V_UNSET;
    } else if (at < t->count) {
      fine = optic_fail(&vm->core.fault, D_arguments, "%s is given `%s` twice", t->function, name->text);
    } else if (t->has_named) {
      given[count + i].tag = V_UNSET;
      fine = optic_record_set(vm, to[named_at].record, name, value);
    } else {
      fine = fail_unknown(vm, t, name);
    }
  }
  for (uint32_t i = 0; fine && i < t->required; i++) {
    if (to[i].tag == V_UNSET) {
      fine =
          optic_fail(&vm->core.fault, D_arguments, "%s needs its argument `%s`", t->function, param_name(t, i)->text);
    }
  }
  for (uint32_t i = 0; i < all; i++) {
    optic_drop(vm, given[i]);
  }
  for (uint32_t i = 0; !fine && i < slots; i++) {
    Value v = to[i];
    to[i].tag = V_UNSET;
    optic_drop(vm, v);
  }
  return fine;
}

enum { MOST_ARGS = 64 };

/* The arguments stand where the parameters belong: they are taken aside first. */
static bool bind_in_place(Vm *vm, const Takes *t, Value *args, uint32_t count, const Keys *named)
{
  uint32_t all = count + (named ? named->count : 0);
  Value few[MOST_ARGS], *given = few;
  if (all > MOST_ARGS) {
    given = optic_pool_get(&vm->core, all * sizeof *given);
    if (!given) {
      for (uint32_t i = 0; i < all; i++) {
        optic_drop(vm, args[i]);
        args[i].tag = V_UNSET;
      }
      return false;
    }
  }
  for (uint32_t i = 0; i < all; i++) {
    given[i] = args[i];
    args[i].tag = V_UNSET;
  }
  bool fine = bind(vm, t, given, count, named, args);
  if (given != few) {
    optic_pool_put(&vm->core, given, all * sizeof *given);
  }
  return fine;
}

bool optic_bind_closure(Vm *vm, const Proto *p, Value *args, uint32_t count, const Keys *named)
{
  Takes t = takes_of(p);
  return bind_in_place(vm, &t, args, count, named);
}

/* ---- builtins ------------------------------------------------------------------------------------------------ */
/* What lies on the C stack is counted in units of about 600 bytes, so that limits.reentry of them, and then a walk
 * through the deepest tree, fit into 64 KiB (tests/api/stack_test.c). */
enum { FOR_WALKS = 24, SHALLOW = 8 };

static uint32_t walk_units(Value v)
{
  uint32_t depth = optic_depth(v);
  return depth > SHALLOW ? (depth - SHALLOW) * 5 / 8 : 0;
}

static bool fail_deep_walk(Vm *vm)
{
  return optic_fail(&vm->core.fault, D_too_deep, "calls and what they work on are together nested too deeply");
}

bool optic_walk_fits(Vm *vm, Value v)
{
  return vm->reentry + walk_units(v) <= vm->core.limits.reentry + FOR_WALKS || fail_deep_walk(vm);
}

static bool reenter(Vm *vm)
{
  if (vm->reentry >= vm->core.limits.reentry) {
    optic_fail(&vm->core.fault, D_too_deep, "functions call each other back deeper than %u", vm->core.limits.reentry);
    return optic_fail_hint(&vm->core.fault,
                           "does a function that is passed to map or the like call itself without end?");
  }
  vm->reentry++;
  return true;
}

/* Runs it on args[0 .. parameters), which it may change; the caller drops them. */
static bool run_builtin(Vm *vm, const BuiltinInfo *info, Value *args, Value *result)
{
  uint32_t slots = info->count + (info->has_rest ? 1u : 0u) + (info->has_named ? 1u : 0u);
  for (uint32_t i = 0; i < info->count; i++) {
    if (args[i].tag == V_UNSET) {
      args[i] = optic_keep(info->defaults[i]);
    }
  }
  Value *top = vm->top;
  const Segment *s = vm->segment;
  /* What it calls back gets registers above: also where the arguments were moved to another segment. */
  if (top < s->at || top > s->at + s->size || args + slots > top) {
    vm->top = args + slots;
  }
  uint32_t units = 0;
  for (uint32_t i = 0; i < slots; i++) {
    uint32_t deep = walk_units(args[i]);
    units = deep > units ? deep : units;
  }
  bool fine = reenter(vm);
  if (fine && vm->reentry + units > vm->core.limits.reentry + FOR_WALKS) {
    vm->reentry--;
    fine = fail_deep_walk(vm);
  }
  if (fine) {
    vm->reentry += units;
    *result = optic_none();
    fine = info->builtin->fn(vm, args, result);
    vm->reentry -= units + 1;
  }
  vm->top = top;
  return fine;
}

static void drop_args(Vm *vm, Value *args, uint32_t count)
{
  for (uint32_t i = 0; i < count; i++) {
    Value v = args[i];
    args[i].tag = V_UNSET;
    optic_drop(vm, v);
  }
}

static bool call_builtin(Vm *vm, const Builtin *b, Value *args, uint32_t count, const Keys *named, Value *result,
                         bool whole)
{
  const BuiltinInfo *info = info_of(vm, b);
  uint32_t all = count + (named ? named->count : 0);
  if (!info) {
    if (!whole) {
      drop_args(vm, args, all);
    }
    return false;
  }
  uint32_t slots = info->count + (info->has_rest ? 1u : 0u) + (info->has_named ? 1u : 0u);
  Segment *before = vm->segment;
  Value *area = optic_stack_room(vm, args, slots > all ? slots : all);
  bool fine = area != NULL;
  if (!fine) {
    drop_args(vm, args, whole ? 0 : all);
    return false;
  }
  if (area != args) {
    for (uint32_t i = 0; i < all; i++) {
      area[i] = args[i];
      args[i].tag = V_UNSET;
    }
  } else {
    /* What the caller left above its arguments would be taken for given ones. */
    for (Value *stale = area + all; stale < area + slots; stale++) {
      Value v = *stale;
      stale->tag = V_UNSET;
      optic_drop(vm, v);
    }
  }
  if (named || info->has_rest || info->has_named || count > info->count || count < info->required) {
    Takes t = {.function = info->name->text,
               .count = info->count,
               .required = info->required,
               .positional = info->positional,
               .has_rest = info->has_rest,
               .has_named = info->has_named,
               .names = info->names};
    fine = bind_in_place(vm, &t, area, count, named);
  }
  if (fine) {
    fine = run_builtin(vm, info, area, result);
  }
  if (fine || !whole) {
    drop_args(vm, area, slots > all ? slots : all);
  } else {
    drop_args(vm, area + all, slots > all ? slots - all : 0); /* defaults */
  }
  vm->segment = before;
  return fine;
}

bool optic_builtin_keeps(Vm *vm, const Builtin *b, const Value *args, uint32_t count)
{
  const BuiltinInfo *info = info_of(vm, b);
  const Segment *s = vm->segment;
  if (!info) {
    optic_fault_clear(&vm->core.fault);
    return false;
  }
  for (uint32_t i = 0; i < count; i++) {
    if (args[i].tag == V_ITER && args[i].iter->type != &optic_range_type) {
      return false; /* it may call the language, which would miss the variable */
    }
  }
  return b->flags & BUILTIN_INPLACE && !info->has_rest && !info->has_named && count <= info->positional &&
         count >= info->required && args >= s->at && info->count <= (size_t)(s->at + s->size - args);
}

bool optic_call_builtin(Vm *vm, const Builtin *b, Value *args, uint32_t count, const Keys *named, Value *result)
{
  return call_builtin(vm, b, args, count, named, result, false);
}

bool optic_call_builtin_whole(Vm *vm, const Builtin *b, Value *args, uint32_t count, const Keys *named, Value *result)
{
  return call_builtin(vm, b, args, count, named, result, true);
}

/* ---- calling anything ---------------------------------------------------------------------------------------- */
static bool call_bound(Vm *vm, const Bound *bound, Value *args, uint32_t count, const Keys *named, Value *result)
{
  uint32_t all = count + (named ? named->count : 0);
  for (uint32_t i = all; i > 0; i--) {
    args[i] = args[i - 1];
  }
  args[0] = optic_keep(bound->self);
  return optic_call_builtin(vm, bound->method, args, count + 1, named, result);
}

static bool not_callable(Vm *vm, Value fn)
{
  optic_fail(&vm->core.fault, D_not_callable, "%s cannot be called", optic_type_noun(vm, fn));
  if (fn.tag == V_TRANSFORM) {
    optic_fail_hint(&vm->core.fault,
                    "a transform has two functions: tx.init(params) and tx.update(updates, state, params)");
  }
  return false;
}

/* With `args` in the registers, or anywhere above them. Moves the arguments, not `fn`. */
bool optic_invoke(Vm *vm, Value fn, Value *args, uint32_t count, const Keys *named, Value *result)
{
  uint32_t all = count + (named ? named->count : 0);
  if (fn.tag == V_BUILTIN) {
    return optic_call_builtin(vm, fn.builtin, args, count, named, result);
  }
  if (fn.tag == V_CLOSURE) {
    if (!reenter(vm)) {
      drop_args(vm, args, all);
      return false;
    }
    uint32_t base = vm->frame_count;
    Value *top = vm->top;
    optic_keep(fn);
    bool fine = optic_enter(vm, fn.closure, fn.closure->code, args, count, named, 0, true) &&
                optic_run_frames(vm, base, result);
    vm->top = top;
    vm->reentry--;
    return fine;
  }
  if (fn.tag == V_BOUND) {
    Segment *before = vm->segment;
    Value *area = optic_stack_room(vm, args, all + 1);
    if (!area) {
      drop_args(vm, args, all);
      return false;
    }
    if (area != args) {
      for (uint32_t i = 0; i < all; i++) {
        area[i] = args[i];
        args[i].tag = V_UNSET;
      }
    } else if (area + all < vm->top) {
      drop_args(vm, area + all, 1);
    }
    optic_keep(fn);
    bool fine = call_bound(vm, fn.bound, area, count, named, result);
    optic_drop(vm, fn);
    vm->segment = before;
    return fine;
  }
  drop_args(vm, args, all);
  return not_callable(vm, fn);
}

bool optic_is_function(Value v)
{
  return v.tag == V_CLOSURE || v.tag == V_BUILTIN || v.tag == V_BOUND;
}

bool optic_call_named(Vm *vm, Value fn, Value *args, size_t count, const Record *named, Value *result)
{
  size_t extra = named ? named->keys->count : 0, all = count + extra;
  Segment *before = vm->segment;
  Value *top = vm->top;
  bool charged = optic_charge(&vm->core, 1);
  Value *area = charged && all < 4000 ? optic_stack_room(vm, top, all + 1) : NULL;
  if (!area) {
    if (all >= 4000) {
      optic_fail(&vm->core.fault, D_arguments, "a call takes at most 4000 arguments, and this has %zu", all);
    }
    for (size_t i = 0; i < count; i++) {
      optic_drop(vm, args[i]);
    }
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    area[i] = args[i];
  }
  for (size_t i = 0; i < extra; i++) {
    area[count + i] = optic_keep(named->at[i]);
  }
  vm->top = area + all;
  bool fine = optic_invoke(vm, fn, area, (uint32_t)count, extra ? named->keys : NULL, result);
  vm->top = top;
  vm->segment = before;
  return fine;
}

bool optic_call(Vm *vm, Value fn, Value *args, size_t count, Value *result)
{
  return optic_call_named(vm, fn, args, count, NULL, result);
}

bool optic_call_within(Vm *vm, Value fn, Value *args, size_t count, Value *result)
{
  vm->reentry += 2;
  bool fine = optic_call(vm, fn, args, count, result);
  vm->reentry -= 2;
  return fine;
}
