/* unit.c: text to code that the machine can run, and failures to messages.
 *
 * A unit is one text that was compiled: its copy, its bytecode and their arena live as long as the machine, because
 * closures and messages refer to them.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/check.h"
#include "lang/compile.h"
#include "lang/parse.h"
#include "vm/machine.h"

/* ---- names outside of the script ----------------------------------------------------------------------------- */
typedef struct Outside {
  Vm *vm;
  Module *module;
} Outside;

static bool known_find(void *user, const Name *name, Known *out)
{
  const Outside *o = user;
  Vm *vm = o->vm;
  *out = (Known){0};
  int32_t slot = optic_keys_find(o->module->keys, name);
  if (slot >= 0) {
    out->signature = optic_signature(vm, o->module->globals[slot]);
    return true;
  }
  int32_t index = optic_standard_index(vm, name);
  if (index < 0) {
    return false;
  }
  out->standard = !o->module->standard; /* the library may use its own names */
  if (!o->module->standard) { /* the library's own files must not load each other while one is being checked */
    const Value *v = optic_standard_value(vm, index);
    if (v) {
      out->signature = optic_signature(vm, *v);
    } else {
      optic_fault_clear(&vm->core.fault); /* said when it is used */
    }
  }
  return true;
}

static void known_each(void *user, void (*visit)(void *to, const Name *name), void *to)
{
  const Outside *o = user;
  for (uint32_t i = 0; i < o->module->keys->count; i++) {
    visit(to, o->module->keys->names[i]);
  }
  for (uint32_t i = 0; i < o->vm->std_keys->count; i++) {
    visit(to, o->vm->std_keys->names[i]);
  }
}

static int32_t global_slot(void *user, const Name *name, bool add)
{
  const Outside *o = user;
  return optic_module_slot(o->vm, o->module, name, add);
}

static int32_t standard_index(void *user, const Name *name)
{
  const Outside *o = user;
  return optic_standard_index(o->vm, name);
}

/* ---- Proto to Code ------------------------------------------------------------------------------------------- */
static void code_free(Vm *vm, Code *code)
{
  const Proto *p = code->proto;
  for (uint32_t i = 0; code->consts && i < p->const_count; i++) {
    optic_drop(vm, code->consts[i]);
  }
  for (uint32_t i = 0; code->names && i < p->names_count; i++) {
    optic_keys_drop(vm, code->names[i]);
  }
  optic_free(&vm->core.alloc, code->consts, p->const_count * sizeof *code->consts);
  optic_free(&vm->core.alloc, code->names, p->names_count * sizeof *code->names);
  optic_free(&vm->core.alloc, code->protos, p->proto_count * sizeof *code->protos);
  optic_free(&vm->core.alloc, code, sizeof *code);
}

/* Links a Proto and its children; NULL: no memory (what was linked stays in vm->codes, and goes with the machine). */
static const Code *link(Vm *vm, Module *module, const Proto *p)
{
  Core *core = &vm->core;
  Code *code = optic_core_zalloc(core, sizeof *code);
  if (!code) {
    return NULL;
  }
  *code = (Code){.proto = p, .module = module, .next = vm->codes};
  vm->codes = code;
  code->consts = optic_core_zalloc(core, p->const_count * sizeof *code->consts);
  code->names = optic_core_zalloc(core, p->names_count * sizeof *code->names);
  code->protos = optic_core_zalloc(core, p->proto_count * sizeof *code->protos);
  if ((p->const_count && !code->consts) || (p->names_count && !code->names) || (p->proto_count && !code->protos)) {
    return NULL;
  }
  for (uint32_t i = 0; i < p->const_count; i++) {
    const Const *c = &p->consts[i];
    switch (c->kind) {
    case CONST_NUMBER:
      code->consts[i] = optic_number(c->number);
      break;
    case CONST_STRING:
      if (!optic_string_value(vm, c->text, c->size, &code->consts[i])) {
        return NULL;
      }
      break;
    case CONST_NAME:
      if (!optic_string_value(vm, c->name->text, c->name->size, &code->consts[i])) {
        return NULL;
      }
      break;
    }
  }
  for (uint32_t i = 0; i < p->names_count; i++) {
    code->names[i] = optic_keys_new(vm, p->names[i].at, p->names[i].count);
    if (!code->names[i]) {
      return NULL;
    }
  }
  for (uint32_t i = 0; i < p->proto_count; i++) {
    code->protos[i] = (Code *)(uintptr_t)link(vm, module, p->protos[i]);
    if (!code->protos[i]) {
      return NULL;
    }
  }
  return code;
}

void optic_codes_finish(Vm *vm)
{
  while (vm->codes) {
    Code *code = vm->codes;
    vm->codes = code->next;
    code_free(vm, code);
  }
}

/* ---- text to Code -------------------------------------------------------------------------------------------- */
static Unit *unit_new(Vm *vm, const char *name, const char *text, size_t size)
{
  Unit *u = optic_core_zalloc(&vm->core, sizeof *u);
  if (!u) {
    return NULL;
  }
  optic_arena_init(&u->arena, &vm->core.alloc);
  u->source = (Source){.name = optic_arena_copy(&u->arena, name, strlen(name)),
                       .text = optic_arena_copy(&u->arena, text, size),
                       .size = size};
  u->next = vm->units;
  vm->units = u;
  return u->arena.oom ? (optic_fail_oom(&vm->core.fault), NULL) : u;
}

void optic_units_finish(Vm *vm)
{
  while (vm->units) {
    Unit *u = vm->units;
    vm->units = u->next;
    optic_arena_finish(&u->arena);
    optic_free(&vm->core.alloc, u, sizeof *u);
  }
}

const Proto *optic_vm_proto(Vm *vm, Module *module, const char *name, const char *text, size_t size, bool show,
                            bool check_only, Diags *diags, bool *incomplete)
{
  Outside outside = {vm, module};
  KnownNames known = {.find = known_find, .each = known_each, .user = &outside};
  GlobalNames globals = {.global = global_slot, .standard = standard_index, .user = &outside};
  *incomplete = false;
  Unit *u = unit_new(vm, name, text, size);
  if (!u) {
    return NULL;
  }
  Arena tree;
  optic_arena_init(&tree, &vm->core.alloc);
  Node *root = NULL;
  const Proto *p = NULL;
  ParseResult parsed = optic_parse(&vm->core, &u->source, &tree, diags, &root);
  *incomplete = parsed == PARSE_INCOMPLETE;
  /* After a syntax error only the syntax is spoken of: the rest of the tree may not be what was meant. */
  if (parsed == PARSE_OK && optic_check(&vm->core, &u->source, root, &known, show, diags) && !check_only) {
    p = optic_compile(&vm->core, &u->source, root, &globals, show, &u->arena, diags);
  }
  bool oom = parsed == PARSE_OOM || tree.oom || u->arena.oom || diags->arena.oom;
  optic_arena_finish(&tree);
  if (oom) {
    optic_fail_oom(&vm->core.fault);
    return NULL;
  }
  return p && optic_verify(&vm->core, p) ? p : NULL;
}

const Code *optic_vm_compile(Vm *vm, Module *module, const char *name, const char *text, size_t size, bool show,
                             Diags *diags, bool *incomplete)
{
  optic_fault_clear(&vm->core.fault);
  const Proto *p = optic_vm_proto(vm, module, name, text, size, show, false, diags, incomplete);
  return p ? link(vm, module, p) : NULL;
}

/* ---- failures to messages ------------------------------------------------------------------------------------ */
void optic_fault_to_diag(Vm *vm, Diags *diags)
{
  const Fault *fault = &vm->core.fault;
  /* The place is the innermost in the user's own text; calls further in, inside of the library, are told after it. */
  uint32_t at = 0;
  while (at < vm->trace_count && vm->trace[at].standard) {
    at++;
  }
  Place place = at < vm->trace_count ? vm->trace[at].at : vm->trace_count ? vm->trace[0].at : (Place){0};
  Diag *d = optic_diag(diags, fault->code, place, "%s", fault->message);
  if (!d) {
    return;
  }
  if (fault->hint[0]) {
    optic_diag_hint(diags, d, "%s", fault->hint);
  }
  d->calls = optic_arena_array(&diags->arena, vm->trace_count + 1, sizeof *d->calls);
  if (!d->calls) {
    return;
  }
  /* trace[i] says where in function i the run was; so function i was called from trace[i + 1]'s place. */
  for (uint32_t i = 0; i < vm->trace_count; i++) {
    const TraceCall *t = &vm->trace[i];
    if (!t->function && i + 1 == vm->trace_count) {
      continue; /* the script's top level is no call */
    }
    const char *function = t->function ? t->function->text : "an unnamed function";
    Place called = i + 1 < vm->trace_count ? vm->trace[i + 1].at : (Place){0};
    d->calls[d->call_count++] = (DiagCall){
        .function = optic_arena_copy(&diags->arena, function, strlen(function)), .at = called, .times = t->times};
  }
}
