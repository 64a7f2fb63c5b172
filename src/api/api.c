/* api.c: the public functions. See optic.h for their contracts.
 *
 * What comes in: texts and paths of the host. What goes out: output and diagnostics by the host's write hook, and a
 * status. Every call resets the budget of steps, checks that it is not made from inside of another, and leaves the
 * machine ready for the next one, whatever happened.
 * SPDX-License-Identifier: MIT */
#include <optic.h>

#include <stdlib.h>
#include <string.h>

#include "api/literate.h"
#include "base/file.h"
#include "lang/compile.h"
#include "vm/machine.h"

struct optic_context {
  Vm vm;
  atomic_int interrupt;
  optic_config config;
  char *data_dir;
  const char **args;
  size_t arg_count;
  optic_resize_fn *resize;
  void *resize_user;
  bool busy;
};

const char *optic_version(void)
{
  return OPTIC_VERSION;
}

const char *optic_status_text(optic_status status)
{
  switch (status) {
  case OPTIC_OK:
    return "ok";
  case OPTIC_WRONG:
    return "the script is wrong or failed";
  case OPTIC_INCOMPLETE:
    return "the text is incomplete";
  case OPTIC_INTERRUPTED:
    return "interrupted";
  case OPTIC_MISUSE:
    return "the host misused the interface";
  case OPTIC_OOM:
    return "out of memory";
  }
  return "unknown status";
}

optic_config optic_config_default(void)
{
  return (optic_config){
      .config_size = sizeof(optic_config),
      .script_limit = 1u << 20,
      .allow_files = true,
  };
}

/* ---- the machine's hooks ------------------------------------------------------------------------------------- */
static bool write_hook(void *user, VmStream stream, const char *text, size_t size)
{
  const optic_context *optic = user;
  optic_stream to = stream == STREAM_OUT ? OPTIC_OUT : stream == STREAM_ERR ? OPTIC_ERR : OPTIC_PROGRESS;
  return !optic->config.write || optic->config.write(optic->config.write_user, to, text, size);
}

static const char *env_hook(void *user, const char *name)
{
  (void)user;
  return getenv(name);
}

static void *default_resize(void *user, void *block, size_t old_size, size_t new_size)
{
  (void)user;
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  return realloc(block, new_size);
}

/* ---- beginning and end --------------------------------------------------------------------------------------- */
/* Copies what the configuration points to. */
static bool copy_config(optic_context *optic, const optic_config *config)
{
  optic->config = *config;
  if (config->data_dir) {
    size_t size = strlen(config->data_dir) + 1;
    optic->data_dir = optic->resize(optic->resize_user, NULL, 0, size);
    if (!optic->data_dir) {
      return false;
    }
    memcpy(optic->data_dir, config->data_dir, size);
  }
  if (config->arg_count) {
    optic->args = optic->resize(optic->resize_user, NULL, 0, config->arg_count * sizeof *optic->args);
    if (!optic->args) {
      return false;
    }
    for (size_t i = 0; i < config->arg_count; i++) {
      size_t size = strlen(config->args[i]) + 1;
      char *copy = optic->resize(optic->resize_user, NULL, 0, size);
      if (!copy) {
        return false;
      }
      memcpy(copy, config->args[i], size);
      optic->args[optic->arg_count++] = copy;
    }
  }
  return true;
}

static bool possible(const optic_config *config)
{
  if (config->config_size != sizeof *config || (config->arg_count && !config->args) || config->arg_count > 1u << 20) {
    return false;
  }
  for (size_t i = 0; i < config->arg_count; i++) {
    if (!config->args[i]) {
      return false;
    }
  }
  return true;
}

optic_context *optic_create(const optic_config *config)
{
  optic_config fallback = optic_config_default();
  config = config ? config : &fallback;
  if (!possible(config)) {
    return NULL;
  }
  optic_resize_fn *resize = config->resize ? config->resize : default_resize;
  optic_context *optic = resize(config->resize_user, NULL, 0, sizeof *optic);
  if (!optic) {
    return NULL;
  }
  memset(optic, 0, sizeof *optic);
  optic->resize = resize;
  optic->resize_user = config->resize_user;
  atomic_init(&optic->interrupt, 0);
  Limits limits = optic_limits_default();
  limits.steps = config->step_limit;
  limits.script_bytes = config->script_limit ? config->script_limit : UINT64_MAX;
  if (config->depth_limit) {
    limits.depth = config->depth_limit < limits.depth ? config->depth_limit : limits.depth;
    limits.calls = config->depth_limit < limits.calls ? config->depth_limit : limits.calls;
  }
  bool fine = copy_config(optic, config);
  if (config->memory_limit) { /* the machine counts its own; this is what lies around it */
    size_t own =
        sizeof *optic + (optic->data_dir ? strlen(optic->data_dir) + 1 : 0) + config->arg_count * sizeof *optic->args;
    for (size_t i = 0; i < optic->arg_count; i++) {
      own += strlen(optic->args[i]) + 1;
    }
    fine = fine && own < config->memory_limit;
    limits.memory = own < config->memory_limit ? config->memory_limit - own : 1;
  }
  VmHost host = {.write = write_hook,
                 .env = env_hook,
                 .user = optic,
                 .data_dir = optic->data_dir,
                 .forbid_files = !config->allow_files,
                 .args = optic->args,
                 .arg_count = optic->arg_count};
  uint32_t seed = (uint32_t)((uintptr_t)optic >> 4) * 2654435761u;
  fine = optic_vm_init(&optic->vm, resize, config->resize_user, &limits, seed, &host) && fine;
  if (!fine) {
    optic_destroy(optic);
    return NULL;
  }
  optic->vm.core.interrupt = &optic->interrupt;
  const char *eager = getenv("OPTIC_EAGER");
  optic->vm.core.eager = eager && strcmp(eager, "1") == 0;
  return optic;
}

void optic_destroy(optic_context *optic)
{
  if (!optic) {
    return;
  }
  optic_vm_finish(&optic->vm);
  if (optic->data_dir) {
    optic->resize(optic->resize_user, optic->data_dir, strlen(optic->data_dir) + 1, 0);
  }
  for (size_t i = 0; i < optic->arg_count; i++) {
    char *arg = (char *)(uintptr_t)optic->args[i];
    optic->resize(optic->resize_user, arg, strlen(arg) + 1, 0);
  }
  if (optic->args) {
    optic->resize(optic->resize_user, optic->args, optic->config.arg_count * sizeof *optic->args, 0);
  }
  optic->resize(optic->resize_user, optic, sizeof *optic, 0);
}

void optic_interrupt(optic_context *optic)
{
  if (optic) {
    atomic_store_explicit(&optic->interrupt, 1, memory_order_relaxed);
  }
}

/* ---- running ------------------------------------------------------------------------------------------------- */
typedef enum What { RUN, CHECK, DIS } What;

static bool write_diags(optic_context *optic, const Diags *diags)
{
  bool fine = true;
  for (size_t i = 0; i < diags->list.size; i++) {
    Text text;
    optic_text_init(&text, &optic->vm.core.alloc);
    optic_diag_render(&diags->list.at[i], &text, optic->config.colour);
    fine = !text.oom && write_hook(optic, STREAM_ERR, optic_text_cstr(&text), text.size) && fine;
    optic_text_finish(&text);
  }
  size_t kept = diags->list.size, all = diags->errors + diags->warnings;
  if (all > kept) {
    char more[80];
    int n = optic_format(more, sizeof more, "and %zu more\n", all - kept);
    fine = write_hook(optic, STREAM_ERR, more, (size_t)n) && fine;
  }
  return fine;
}

static const char *global_name(void *user, int32_t slot)
{
  const Module *m = ((Vm *)user)->main;
  return slot >= 0 && (uint32_t)slot < m->keys->count ? m->keys->names[slot]->text : NULL;
}

static const char *standard_name(void *user, int32_t index)
{
  const Vm *vm = user;
  return index >= 0 && (uint32_t)index < vm->std_keys->count ? vm->std_keys->names[index]->text : NULL;
}

/* Is the script one expression, which names no variable and so can do no more than make a value? */
static bool is_expression(const Proto *p)
{
  uint32_t shows = 0;
  for (uint32_t i = 0; i < p->code_count; i++) {
    Opcode op = (Opcode)p->code[i].op;
    shows += op == I_SHOW;
    if (op == I_SETGLOBAL || op == I_LOOP || op == I_IMPORT || op == I_METHOD) {
      return false;
    }
  }
  return shows == 1;
}

/* The value of such a script, made within a small budget, without output and without files; V_UNSET where that fails,
 * which is no error here. */
static Value value_of(Vm *vm, const Code *code)
{
  Value value = {.tag = V_UNSET};
  uint64_t stop_at = vm->core.stop_at, small = vm->core.steps_used + 1000000;
  VmHost host = vm->host;
  vm->core.stop_at = small < stop_at ? small : stop_at;
  vm->host.write = NULL;
  vm->host.forbid_files = true;
  vm->shown = &value;
  if (!optic_vm_run(vm, code)) {
    optic_fault_clear(&vm->core.fault);
    optic_trace_reset(vm);
  }
  vm->shown = NULL;
  vm->host = host;
  vm->core.stop_at = stop_at;
  return value;
}

static bool disassemble(optic_context *optic, const char *name, const char *text, size_t size, Diags *diags,
                        bool *incomplete)
{
  Vm *vm = &optic->vm;
  const Code *code = optic_vm_compile(vm, vm->main, name, text, size, true, diags, incomplete);
  if (!code) {
    return false;
  }
  Text out;
  optic_text_init(&out, &vm->core.alloc);
  optic_dis(code->proto, &out, global_name, standard_name, vm);
  Value value = is_expression(code->proto) ? value_of(vm, code) : optic_none();
  bool fine = optic_charge(&vm->core, 0) && (value.tag != V_TRANSFORM || optic_pipeline_text(vm, value, &out));
  optic_drop(vm, value);
  fine = fine &&
         (out.oom ? optic_fail_oom(&vm->core.fault) : optic_vm_write(vm, STREAM_OUT, optic_text_cstr(&out), out.size));
  optic_text_finish(&out);
  return fine;
}

static optic_status status_of(const optic_context *optic, bool fine, bool incomplete, const Diags *diags)
{
  DiagCode code = optic->vm.core.fault.code;
  return fine                                           ? OPTIC_OK
         : incomplete                                   ? OPTIC_INCOMPLETE
         : code == D_interrupted                        ? OPTIC_INTERRUPTED
         : code == D_out_of_memory && !diags->list.size ? OPTIC_OOM
                                                        : OPTIC_WRONG;
}

static optic_status process(optic_context *optic, What what, const char *name, const char *path, const char *text,
                            size_t size)
{
  Vm *vm = &optic->vm;
  Core *core = &vm->core;
  core->steps_used = 0;
  optic_fault_clear(&core->fault);
  optic_trace_reset(vm);
  Diags diags;
  optic_diags_init(&diags, &core->alloc);
  vm->diags = &diags;
  FileBytes bytes = {0};
  bool fine = true, incomplete = false;
  if (path && !text) {
    fine = optic_file_read(core, vm->host.files, path, core->limits.script_bytes, &bytes);
    if (fine && optic_is_literate(path)) {
      optic_literate((char *)bytes.at, bytes.size);
    }
    text = (const char *)bytes.at;
    size = bytes.size;
  }
  text = text ? text : "";
  if (fine) {
    size_t path_size = path ? strlen(path) + 1 : 0;
    char *own = path ? optic_core_alloc(core, path_size) : NULL;
    fine = own || !path;
    if (own) { /* imports are looked for beside the script */
      memcpy(own, path, path_size);
      optic_free(&core->alloc, vm->main->path, strlen(vm->main->path) + 1);
      vm->main->path = own;
    }
    if (!fine) {
      optic_fail_oom(&core->fault);
    } else if (what == CHECK) {
      optic_vm_proto(vm, vm->main, name, text, size, false, true, &diags, &incomplete);
      fine = diags.errors == 0 && core->fault.code == D_none;
    } else if (what == DIS) {
      fine = disassemble(optic, name, text, size, &diags, &incomplete);
    } else {
      const Code *code =
          optic_vm_compile(vm, vm->main, name, text, size, optic->config.show_values, &diags, &incomplete);
      /* Warnings come before what the script prints. */
      if (code && diags.list.size) {
        write_diags(optic, &diags);
        optic_diags_finish(&diags);
        optic_diags_init(&diags, &core->alloc);
      }
      vm->main->running = true; /* a script that imports itself is told so */
      fine = code && optic_vm_run(vm, code);
      vm->main->running = false;
    }
  }
  optic_file_bytes_finish(core, &bytes);
  if (!fine && core->fault.code != D_none) {
    optic_fault_to_diag(vm, &diags);
  }
  optic_status status = status_of(optic, fine, incomplete, &diags);
  if (!write_diags(optic, &diags) && core->fault.code == D_out_of_memory) {
    status = OPTIC_OOM; /* nor could it be said */
  }
  vm->diags = NULL;
  optic_diags_finish(&diags);
  atomic_store_explicit(&optic->interrupt, 0, memory_order_relaxed);
  return status;
}

static optic_status guarded(optic_context *optic, What what, const char *name, const char *path, const char *text,
                            size_t size)
{
  if (!optic || optic->busy || (!path && (!name || !text))) {
    return OPTIC_MISUSE;
  }
  optic->busy = true;
  optic_status status = process(optic, what, name, path, text, size);
  optic->busy = false;
  return status;
}

optic_status optic_run_text(optic_context *optic, const char *name, const char *text, size_t size)
{
  return guarded(optic, RUN, name, NULL, text, size);
}

optic_status optic_run_file(optic_context *optic, const char *path)
{
  return path ? guarded(optic, RUN, path, path, NULL, 0) : OPTIC_MISUSE;
}

optic_status optic_check_text(optic_context *optic, const char *name, const char *text, size_t size)
{
  return guarded(optic, CHECK, name, NULL, text, size);
}

optic_status optic_check_file(optic_context *optic, const char *path)
{
  return path ? guarded(optic, CHECK, path, path, NULL, 0) : OPTIC_MISUSE;
}

optic_status optic_dis_text(optic_context *optic, const char *name, const char *text, size_t size)
{
  return guarded(optic, DIS, name, NULL, text, size);
}

optic_status optic_dis_file(optic_context *optic, const char *path)
{
  return path ? guarded(optic, DIS, path, path, NULL, 0) : OPTIC_MISUSE;
}
