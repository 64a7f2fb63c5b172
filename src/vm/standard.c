/* standard.c: the standard library: functions written in C, and the files of stdlib/, each loaded when one of its names
 * is first used, so that starting costs next to nothing.
 *
 * Invariant: vm->std.at[i] belongs to vm->std_keys->names[i]; a name of a file has no value until the file has run.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "vm/builtins.h"
#include "vm/machine.h"
#include "vm/stdlib.h"

static const Name *intern(Vm *vm, const char *text, size_t size)
{
  const Name *name = optic_name(&vm->core.names, text, size);
  if (!name) {
    optic_fail_oom(&vm->core.fault);
  }
  return name;
}

/* Adds a name to keys that only the machine uses; its index, or -1. */
static int32_t add_key(Vm *vm, Keys **keys, const Name *name)
{
  int32_t at = optic_keys_find(*keys, name);
  if (at >= 0) {
    return at;
  }
  if (!optic_keys_add(vm, *keys, name)) {
    return -1;
  }
  return (int32_t)(*keys)->count - 1;
}

static bool add_standard(Vm *vm, const char *text, size_t size, Value value, int32_t file)
{
  const Name *name = intern(vm, text, size);
  int32_t at = name ? add_key(vm, &vm->std_keys, name) : -1;
  if (at < 0) {
    optic_drop(vm, value);
    return false;
  }
  if ((size_t)at == vm->std.size) {
    Standard *s = VEC_PUSH(&vm->core.alloc, &vm->std);
    if (!s) {
      optic_drop(vm, value);
      return optic_fail_oom(&vm->core.fault);
    }
    *s = (Standard){.value = {.tag = V_UNSET}, .file = -1};
  }
  Standard *s = &vm->std.at[at];
  optic_drop(vm, s->value);
  *s = (Standard){.value = value, .file = file};
  return true;
}

static bool add_method(Vm *vm, const Name *name, const Builtin *b)
{
  int32_t at = add_key(vm, &vm->method_keys, name);
  if (at < 0) {
    return false;
  }
  int32_t next = -1;
  if ((size_t)at == vm->method_first.size) {
    uint32_t *first = VEC_PUSH(&vm->core.alloc, &vm->method_first);
    if (!first) {
      return optic_fail_oom(&vm->core.fault);
    }
  } else {
    next = (int32_t)vm->method_first.at[at];
  }
  Method *m = VEC_PUSH(&vm->core.alloc, &vm->methods);
  if (!m) {
    return optic_fail_oom(&vm->core.fault);
  }
  *m = (Method){b, next};
  vm->method_first.at[at] = (uint32_t)(vm->methods.size - 1);
  return true;
}

static bool name_char(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The names that a file of stdlib/ defines: `fn NAME`, `transform NAME` and `NAME =` at the beginning of a line. */
static bool scan_file(Vm *vm, int32_t file)
{
  const StdlibFile *f = &optic_stdlib_files[file];
  bool in_text = false; /* of a """ string */
  for (const char *line = f->text; *line;) {
    const char *end = strchr(line, '\n');
    end = end ? end : line + strlen(line);
    if (!in_text && (name_char(*line))) {
      const char *at = strncmp(line, "fn ", 3) == 0           ? line + 3
                       : strncmp(line, "transform ", 10) == 0 ? line + 10
                                                              : line;
      size_t size = 0;
      while (name_char(at[size])) {
        size++;
      }
      const char *after = at + size;
      while (*after == ' ') {
        after++;
      }
      bool defines = at != line || (*after == '=' && after[1] != '=');
      if (size && defines && !add_standard(vm, at, size, (Value){.tag = V_UNSET}, file)) {
        return false;
      }
    }
    for (const char *q = line; q + 2 < end; q++) {
      if (q[0] == '"' && q[1] == '"' && q[2] == '"') {
        in_text = !in_text;
        q += 2;
      }
    }
    line = *end ? end + 1 : end;
  }
  return true;
}

static bool add_args(Vm *vm)
{
  List *list = optic_list_new(vm, vm->host.arg_count);
  if (!list) {
    return false;
  }
  Value v = {.tag = V_LIST, .list = list};
  for (size_t i = 0; i < vm->host.arg_count; i++) {
    Value text;
    const char *arg = vm->host.args[i];
    if (!optic_string_value(vm, arg, strlen(arg), &text) || !optic_list_push(vm, list, text)) {
      optic_drop(vm, v);
      return false;
    }
  }
  return add_standard(vm, "args", 4, v, -1);
}

bool optic_standard_init(Vm *vm)
{
  for (const BuiltinTable *const *t = optic_builtin_tables; *t; t++) {
    for (size_t i = 0; i < (*t)->count; i++) {
      const Builtin *b = &(*t)->rows[i];
      size_t size = 0;
      while (name_char(b->signature[size])) {
        size++;
      }
      const Name *name = intern(vm, b->signature, size);
      if (!name) {
        return false;
      }
      const unsigned methods = BUILTIN_OF_ARRAY | BUILTIN_OF_LIST | BUILTIN_OF_RECORD | BUILTIN_OF_STRING |
                               BUILTIN_OF_TRANSFORM | BUILTIN_OF_ITER;
      if (!(b->flags & BUILTIN_METHOD_ONLY) &&
          !add_standard(vm, b->signature, size, (Value){.tag = V_BUILTIN, .builtin = b}, -1)) {
        return false;
      }
      if (b->flags & methods && !add_method(vm, name, b)) {
        return false;
      }
    }
  }
  const struct {
    const char *name;
    double value;
  } numbers[] = {{"pi", 3.14159265358979323846}, {"inf", (double)__builtin_inf()}, {"nan", (double)__builtin_nan("")}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (!add_standard(vm, numbers[i].name, strlen(numbers[i].name), optic_number(numbers[i].value), -1)) {
      return false;
    }
  }
  vm->files = optic_core_zalloc(&vm->core, (optic_stdlib_count + 1) * sizeof *vm->files);
  for (size_t i = 0; vm->files && i < optic_stdlib_count; i++) {
    if (!scan_file(vm, (int32_t)i)) {
      return false;
    }
  }
  return vm->files && add_args(vm);
}

void optic_standard_finish(Vm *vm)
{
  for (size_t i = 0; i < vm->std.size; i++) {
    optic_drop(vm, vm->std.at[i].value);
  }
  VEC_FINISH(&vm->core.alloc, &vm->std);
  VEC_FINISH(&vm->core.alloc, &vm->methods);
  VEC_FINISH(&vm->core.alloc, &vm->method_first);
  optic_free(&vm->core.alloc, vm->files, vm->files ? (optic_stdlib_count + 1) * sizeof *vm->files : 0);
  optic_keys_drop(vm, vm->std_keys);
  optic_keys_drop(vm, vm->method_keys);
  vm->std_keys = vm->method_keys = NULL;
}

int32_t optic_standard_index(Vm *vm, const Name *name)
{
  return optic_keys_find(vm->std_keys, name);
}

/* Runs a file of stdlib/ and takes over its globals. */
static bool load_file(Vm *vm, int32_t file)
{
  const StdlibFile *f = &optic_stdlib_files[file];
  Module *m = vm->files[file];
  if (m) {
    return m->running ? optic_fail(&vm->core.fault, D_import, "%s needs itself while it is being loaded", f->name)
                      : true;
  }
  m = optic_module_new(vm, f->name, "", true);
  if (!m) {
    return false;
  }
  vm->files[file] = m;
  m->running = true;
  Diags diags;
  optic_diags_init(&diags, &vm->core.alloc);
  bool incomplete;
  const Code *code = optic_vm_compile(vm, m, f->name, f->text, f->size, false, &diags, &incomplete);
  bool fine = code && optic_vm_run_more(vm, code);
  const Diag *d = NULL;
  for (size_t i = 0; i < diags.list.size && (!d || d->warning); i++) {
    d = &diags.list.at[i];
  }
  /* Without memory what the checker says need not be so. */
  if (!code && vm->core.fault.code == D_none && (diags.arena.oom || !d || !d->at.source)) {
    optic_fail_oom(&vm->core.fault);
  } else if (!code && vm->core.fault.code == D_none) {
    size_t line, column;
    optic_source_place(d->at.source, d->at.span.first, &line, &column);
    optic_fail(&vm->core.fault, D_internal, "%s:%zu:%zu: %s", f->name, line, column, d->message);
  }
  optic_diags_finish(&diags);
  m->running = false;
  if (!fine) {
    vm->files[file] = NULL; /* tried again at the next use; the module stays, empty, until the end */
    return false;
  }
  for (uint32_t i = 0; i < m->keys->count; i++) {
    int32_t at = optic_keys_find(vm->std_keys, m->keys->names[i]);
    if (at >= 0 && vm->std.at[at].file == file) {
      optic_drop(vm, vm->std.at[at].value);
      vm->std.at[at].value = optic_keep(m->globals[i]);
    }
  }
  return true;
}

const Value *optic_standard_value(Vm *vm, int32_t index)
{
  if (vm->std.at[index].value.tag == V_UNSET) {
    if (!load_file(vm, vm->std.at[index].file)) {
      return NULL;
    }
    if (vm->std.at[index].value.tag == V_UNSET) {
      optic_fail(&vm->core.fault, D_internal, "%s does not define `%s`",
                 optic_stdlib_files[vm->std.at[index].file].name, vm->std_keys->names[index]->text);
      return NULL;
    }
  }
  return &vm->std.at[index].value;
}

const char *optic_signature(Vm *vm, Value fn)
{
  (void)vm;
  return fn.tag == V_CLOSURE ? fn.closure->code->proto->signature : fn.tag == V_BUILTIN ? fn.builtin->signature : NULL;
}
