/* module.c: modules, imports, and the beginning and end of a machine.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/file.h"
#include "base/pool.h"
#include "vm/machine.h"

/* ---- modules ------------------------------------------------------------------------------------------------- */
Module *optic_module_new(Vm *vm, const char *name, const char *path, bool standard)
{
  Module *m = optic_core_zalloc(&vm->core, sizeof *m);
  if (!m) {
    return NULL;
  }
  m->standard = standard;
  m->next = vm->modules;
  vm->modules = m;
  m->name = optic_name_cstr(&vm->core.names, name);
  m->keys = optic_keys_new(vm, NULL, 0);
  size_t size = strlen(path) + 1;
  m->path = optic_core_alloc(&vm->core, size);
  if (m->path) {
    memcpy(m->path, path, size);
  }
  if (!m->name || !m->keys || !m->path) {
    optic_fail_oom(&vm->core.fault);
    m->failed = true;
    return NULL; /* it stays in the list, and is freed with the machine */
  }
  return m;
}

static void module_free(Vm *vm, Module *m)
{
  for (uint32_t i = 0; m->keys && i < m->keys->count; i++) {
    optic_drop(vm, m->globals[i]);
  }
  optic_free(&vm->core.alloc, m->globals, m->cap * sizeof *m->globals);
  optic_keys_drop(vm, m->keys);
  optic_free(&vm->core.alloc, m->path, m->path ? strlen(m->path) + 1 : 0);
  optic_free(&vm->core.alloc, m, sizeof *m);
}

int32_t optic_module_slot(Vm *vm, Module *m, const Name *name, bool add)
{
  int32_t at = optic_keys_find(m->keys, name);
  if (at >= 0 || !add) {
    return at;
  }
  uint32_t count = m->keys->count;
  if (count == m->cap) {
    uint32_t cap = m->cap ? m->cap * 2 : 16;
    Value *globals = optic_resize(&vm->core.alloc, m->globals, m->cap * sizeof *globals, cap * sizeof *globals);
    if (!globals) {
      return -2;
    }
    m->globals = globals;
    m->cap = cap;
  }
  if (!optic_keys_add(vm, m->keys, name)) {
    return -2;
  }
  m->globals[count] = (Value){.tag = V_UNSET};
  return (int32_t)count;
}

/* ---- imports ------------------------------------------------------------------------------------------------- */
/* One spelling for a path: without `.`, `x/..` and doubled slashes. (A folder that is a link elsewhere is not seen.) */
static void tidy(char *path)
{
  size_t to = *path == '/' ? 1 : 0, root = to; /* what is written; where nothing can be taken back any more */
  for (const char *from = path + to; *from;) {
    size_t n = strcspn(from, "/");
    bool up = n == 2 && memcmp(from, "..", 2) == 0;
    if (up && to > root) {
      for (to--; to > root && path[to - 1] != '/'; to--) {
      }
    } else if (!(n == 0 || (n == 1 && *from == '.'))) {
      memmove(path + to, from, n);
      to += n;
      if (from[n]) {
        path[to++] = '/';
      }
      root = up ? to : root;
    }
    from += n + (from[n] != 0);
  }
  path[to] = 0;
}

/* `path` as the script at `from` means it: beside that script, unless absolute. A new block of *size bytes, or NULL. */
static char *resolve(Vm *vm, const Module *from, const char *path, size_t path_size, size_t *size)
{
  const char *slash = strrchr(from->path, '/');
  size_t folder = path[0] == '/' || !slash ? 0 : (size_t)(slash - from->path) + 1;
  *size = folder + path_size + 1;
  char *full = optic_core_alloc(&vm->core, *size);
  if (full) {
    memcpy(full, from->path, folder);
    memcpy(full + folder, path, path_size);
    full[folder + path_size] = 0;
    tidy(full);
  }
  return full;
}

enum { ON_STACK = 2 }; /* units of vm->reentry that one import takes up */

static bool run_file(Vm *vm, const char *full, Module **out)
{
  FileBytes text;
  if (!optic_file_read(&vm->core, vm->host.files, full, vm->core.limits.script_bytes, &text)) {
    if (vm->core.fault.hint[0] && full[0] != '/') {
      optic_fail_hint(&vm->core.fault, "check the path; it starts beside the script that imports it");
    }
    return false;
  }
  Module *m = optic_module_new(vm, full, full, false);
  Diags own, *diags = vm->diags ? vm->diags : &own;
  optic_diags_init(&own, &vm->core.alloc);
  bool incomplete, fine = m != NULL;
  size_t errors = diags->errors;
  if (fine) {
    m->running = true;
    const Code *code = optic_vm_compile(vm, m, full, (const char *)text.at, text.size, false, diags, &incomplete);
    fine = code && optic_vm_run_more(vm, code);
    m->running = false;
    if (!code && diags->errors > errors) {
      optic_fail(&vm->core.fault, D_import, "`%s` has %zu error%s", full, diags->errors - errors,
                 diags->errors - errors == 1 ? "" : "s");
    }
    m->failed = !fine;
  }
  optic_diags_finish(&own);
  optic_file_bytes_finish(&vm->core, &text);
  *out = m;
  return fine;
}

bool optic_import(Vm *vm, const Module *from, const char *path, size_t path_size, Module **out)
{
  if (!optic_vm_files_allowed(vm)) {
    return false;
  }
  size_t size;
  char *full = resolve(vm, from, path, path_size, &size);
  if (!full) {
    return false;
  }
  for (Module *m = vm->modules; m; m = m->next) {
    if (!m->standard && !m->failed && m->path && strcmp(m->path, full) == 0 && full[0]) {
      bool fine =
          !m->running || optic_fail(&vm->core.fault, D_import, "`%s` imports itself, directly or through others", full);
      optic_free(&vm->core.alloc, full, size);
      *out = m;
      return fine;
    }
  }
  bool fine = vm->reentry + ON_STACK <= vm->core.limits.reentry ||
              optic_fail(&vm->core.fault, D_too_deep, "imports and calls are together nested too deeply");
  if (fine) {
    vm->reentry += ON_STACK;
    fine = run_file(vm, full, out);
    vm->reentry -= ON_STACK;
  }
  optic_free(&vm->core.alloc, full, size);
  return fine;
}

/* ---- the host ------------------------------------------------------------------------------------------------ */
Core *optic_vm_core(Vm *vm)
{
  return &vm->core;
}

Fault *optic_vm_fault(Vm *vm)
{
  return &vm->core.fault;
}

bool optic_vm_write(Vm *vm, VmStream stream, const char *text, size_t size)
{
  if (!optic_charge(&vm->core, size / 256)) {
    return false;
  }
  if (vm->host.write && !vm->host.write(vm->host.user, stream, text, size)) {
    return optic_fail(&vm->core.fault, D_file, "the output could not be written");
  }
  return true;
}

bool optic_vm_files_allowed(Vm *vm)
{
  return !vm->host.forbid_files ||
         optic_fail(&vm->core.fault, D_file, "the host does not allow this script to use files");
}

const FileOps *optic_vm_files(Vm *vm)
{
  return vm->host.files;
}

const char *optic_vm_env(Vm *vm, const char *name)
{
  return vm->host.env && !vm->host.forbid_files ? vm->host.env(vm->host.user, name) : NULL;
}

const char *optic_vm_data_dir(Vm *vm)
{
  return vm->host.data_dir;
}

/* ---- beginning and end --------------------------------------------------------------------------------------- */
bool optic_vm_init(Vm *vm, ResizeFn *resize, void *user, const Limits *limits, uint32_t seed, const VmHost *host)
{
  memset(vm, 0, sizeof *vm);
  if (!optic_core_init(&vm->core, resize, user, limits, seed)) {
    return false;
  }
  vm->host = *host;
  uint64_t stop_at = vm->core.stop_at;
  vm->core.stop_at = UINT64_MAX; /* the beginning is no work of a script's */
  vm->cell_threshold = 10000;
  optic_text_init(&vm->scratch, &vm->core.alloc);
  vm->no_keys = optic_keys_new(vm, NULL, 0);
  vm->std_keys = optic_keys_new(vm, NULL, 0);
  vm->method_keys = optic_keys_new(vm, NULL, 0);
  vm->n_hyperparams = optic_name_cstr(&vm->core.names, "hyperparams");
  vm->n_scheduled = optic_name_cstr(&vm->core.names, "scheduled");
  vm->n_name = optic_name_cstr(&vm->core.names, "name");
  vm->segment = optic_first_segment(vm);
  if (!vm->no_keys || !vm->std_keys || !vm->method_keys || !vm->n_hyperparams || !vm->n_scheduled || !vm->n_name ||
      !vm->segment) {
    return false;
  }
  vm->top = vm->segment->at;
  vm->main = optic_module_new(vm, "main", "", false);
  bool fine = vm->main && optic_standard_init(vm);
  vm->core.stop_at = stop_at;
  return fine;
}

void optic_vm_finish(Vm *vm)
{
  for (Module *m = vm->modules; m; m = m->next) {
    for (uint32_t i = 0; m->keys && i < m->keys->count; i++) {
      Value v = m->globals[i];
      m->globals[i].tag = V_UNSET;
      optic_drop(vm, v);
    }
  }
  optic_standard_finish(vm);
  /* What is left are cycles: emptying every cell undoes them. */
  for (Cell *c = vm->cells; c; c = c->next) {
    c->refs++;
  }
  for (Cell *c = vm->cells; c; c = c->next) {
    Value v = c->value;
    c->value.tag = V_UNSET;
    optic_drop(vm, v);
  }
  while (vm->cells) {
    optic_drop(vm, (Value){.tag = V_CELL, .cell = vm->cells});
  }
  while (vm->modules) {
    Module *m = vm->modules;
    vm->modules = m->next;
    module_free(vm, m);
  }
  optic_builtin_infos_finish(vm);
  optic_codes_finish(vm);
  optic_units_finish(vm);
  optic_keys_drop(vm, vm->no_keys);
  optic_text_finish(&vm->scratch);
  VEC_FINISH(&vm->core.alloc, &vm->handlers);
  optic_free(&vm->core.alloc, vm->frames, vm->frame_cap * sizeof *vm->frames);
  optic_segments_finish(vm);
  if (vm->core.pool) {
    optic_core_finish(&vm->core);
  }
}
