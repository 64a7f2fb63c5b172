/* b_data.c: data sets, tables and texts from files; the clock and the environment.
 * SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include "data/csv.h"
#include "data/idx.h"
#include "data/mnist.h"
#include "vm/builtins.h"
#include "vm/host.h"

/* ---- files ----------------------------------------------------------------------------------------------------- */
bool optic_arg_path(Vm *vm, const Value *arg, const char *what, const char **out)
{
  const String *s;
  if (!optic_arg_string(vm, arg, what, &s)) {
    return false;
  }
  if (!s->size || memchr(s->text, 0, s->size)) {
    const char *colon = strchr(what, ':');
    return optic_fail(optic_vm_fault(vm), D_value, "%.*s: `%s` must be the path of a file", (int)(colon - what), what,
                      colon + 2);
  }
  *out = s->text;
  return optic_vm_files_allowed(vm);
}

static bool b_read_text(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  const char *path;
  FileBytes bytes;
  if (!optic_arg_path(vm, &args[0], "read_text: path", &path) ||
      !optic_file_read(core, optic_vm_files(vm), path, core->limits.tensor_bytes, &bytes)) {
    return false;
  }
  const char *text = bytes.at ? (const char *)bytes.at : "";
  bool ok = (optic_utf8_valid(text, bytes.size) && !memchr(text, 0, bytes.size)) ||
            optic_fail(&core->fault, D_not_utf8, "`%s` is not text in UTF-8", path);
  ok = ok && optic_string_value(vm, text, bytes.size, result);
  optic_file_bytes_finish(core, &bytes);
  return ok;
}

static bool b_write_text(Vm *vm, Value *args, Value *result)
{
  const char *path;
  const String *text;
  *result = optic_none();
  return optic_arg_path(vm, &args[0], "write_text: path", &path) &&
         optic_arg_string(vm, &args[1], "write_text: text", &text) &&
         optic_file_write(optic_vm_core(vm), optic_vm_files(vm), path, text->text, text->size);
}

static bool b_read_idx(Vm *vm, Value *args, Value *result)
{
  const char *path;
  return optic_arg_path(vm, &args[0], "read_idx: path", &path) &&
         optic_yield(optic_idx_read(optic_vm_core(vm), optic_vm_files(vm), path), result);
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */
static bool columns_value(Vm *vm, const Leaves *columns, Value *result)
{
  Core *core = optic_vm_core(vm);
  Record *record = optic_record_new(vm);
  bool ok = record != NULL;
  for (size_t i = 0; ok && i < columns->list.size; i++) {
    const Leaf *leaf = &columns->list.at[i];
    const Name *name = optic_name(&core->names, leaf->path, leaf->path_size);
    ok = name ? optic_record_set(vm, record, name, optic_array_value(optic_array_keep(leaf->array)))
              : optic_fail_oom(&core->fault);
  }
  Value v = {.tag = V_RECORD, .record = record};
  if (ok) {
    *result = v;
  } else if (record) {
    optic_drop(vm, v);
  }
  return ok;
}

static bool csv_options(Vm *vm, const Value *args, CsvOptions *out)
{
  const String *separator;
  bool header = false;
  *out = (CsvOptions){.header = CSV_GUESS};
  if (!optic_arg_dtype(vm, &args[2], "read_csv: dtype", &out->dtype) ||
      !optic_arg_string(vm, &args[3], "read_csv: separator", &separator) ||
      (optic_given(args[1]) && !optic_arg_bool(vm, &args[1], "read_csv: header", &header))) {
    return false;
  }
  if (optic_given(args[1])) {
    out->header = header ? CSV_NAMES : CSV_NO_NAMES;
  }
  static const char allowed[] = ",;\t|:";
  if (separator->size != 1 || !strchr(allowed, separator->text[0])) {
    return optic_fail(optic_vm_fault(vm), D_value, "read_csv: `separator` is one of , ; | : and \\t");
  }
  out->separator = separator->text[0];
  return true;
}

static bool b_read_csv(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  const char *path;
  CsvOptions options;
  Csv csv;
  if (!optic_arg_path(vm, &args[0], "read_csv: path", &path) || !csv_options(vm, args, &options) ||
      !optic_csv_read(core, optic_vm_files(vm), path, &options, &csv)) {
    return false;
  }
  bool ok = csv.table ? optic_yield(optic_array_keep(csv.table), result) : columns_value(vm, &csv.columns, result);
  optic_csv_finish(core, &csv);
  return ok;
}

/* ---- data sets ------------------------------------------------------------------------------------------------- */
static bool set_part(Vm *vm, Record *into, const char *name, const MnistPart *part)
{
  Record *record = optic_record_new(vm);
  if (!record) {
    return false;
  }
  Value v = {.tag = V_RECORD, .record = record};
  if (!optic_record_set_cstr(vm, record, "image", optic_array_value(optic_array_keep(part->image))) ||
      !optic_record_set_cstr(vm, record, "label", optic_array_value(optic_array_keep(part->label)))) {
    optic_drop(vm, v);
    return false;
  }
  return optic_record_set_cstr(vm, into, name, v);
}

static bool set_text(Vm *vm, Record *into, const char *name, const char *text, size_t size)
{
  Value v;
  return optic_string_value(vm, text, size, &v) && optic_record_set_cstr(vm, into, name, v);
}

static bool data_set(Vm *vm, MnistKind kind, const Value *dir, const char *what, Value *result)
{
  Core *core = optic_vm_core(vm);
  MnistPlaces places = {.dir = NULL};
  Text data_dir, xdg;
  Mnist mnist;
  if (optic_given(*dir) ? !optic_arg_path(vm, dir, what, &places.dir) : !optic_vm_files_allowed(vm)) {
    return false;
  }
  /* A variable's text lasts until the next is asked for. */
  optic_text_init(&data_dir, &core->alloc);
  optic_text_init(&xdg, &core->alloc);
  const char *text = optic_vm_data_dir(vm);
  if (text || (text = optic_vm_env(vm, "OPTIC_DATA"))) {
    optic_text_str(&data_dir, text);
    places.data_dir = optic_text_cstr(&data_dir);
  }
  if ((text = optic_vm_env(vm, "XDG_DATA_HOME"))) {
    optic_text_str(&xdg, text);
    places.xdg_data_home = optic_text_cstr(&xdg);
  }
  places.home = optic_vm_env(vm, "HOME");
  bool ok = data_dir.oom || xdg.oom ? optic_fail_oom(&core->fault)
                                    : optic_mnist_load(core, optic_vm_files(vm), kind, &places, &mnist);
  optic_text_finish(&data_dir);
  optic_text_finish(&xdg);
  if (!ok) {
    return false;
  }
  Record *record = optic_record_new(vm);
  ok = record && set_text(vm, record, "name", mnist.name, strlen(mnist.name)) &&
       set_text(vm, record, "place", optic_text_cstr(&mnist.place), mnist.place.size) &&
       set_part(vm, record, "train", &mnist.train) && set_part(vm, record, "test", &mnist.test);
  optic_mnist_finish(core, &mnist);
  Value v = {.tag = V_RECORD, .record = record};
  if (ok) {
    *result = v;
  } else if (record) {
    optic_drop(vm, v);
  }
  return ok;
}

static bool b_mnist(Vm *vm, Value *args, Value *result)
{
  return data_set(vm, MNIST_DIGITS, &args[0], "mnist: dir", result);
}

static bool b_fashion_mnist(Vm *vm, Value *args, Value *result)
{
  return data_set(vm, MNIST_FASHION, &args[0], "fashion_mnist: dir", result);
}

/* ---- the world around ------------------------------------------------------------------------------------------ */
static bool b_clock(Vm *vm, Value *args, Value *result)
{
  struct timespec t = {0};
  (void)vm;
  (void)args;
  clock_gettime(CLOCK_MONOTONIC, &t);
  *result = optic_number((double)t.tv_sec + (double)t.tv_nsec * 1e-9);
  return true;
}

static bool b_env(Vm *vm, Value *args, Value *result)
{
  const String *name;
  if (!optic_arg_string(vm, &args[0], "env: name", &name) || !optic_vm_files_allowed(vm)) {
    return false;
  }
  const char *text = memchr(name->text, 0, name->size) ? NULL : optic_vm_env(vm, name->text);
  if (!text) {
    *result = optic_none();
    return true;
  }
  size_t size = strlen(text);
  if (!optic_utf8_valid(text, size)) {
    return optic_fail(optic_vm_fault(vm), D_not_utf8, "env: the variable `%s` is not text in UTF-8", name->text);
  }
  return optic_string_value(vm, text, size, result);
}

static const Builtin rows[] = {
    {"mnist(dir = none)",
     "The MNIST digits: .train and .test with .image u8[n, 28, 28, 1] and .label i32[n]; .name and .place.\n\n"
     "The four IDX files, gzip or not, are looked for in `dir` alone if given; else in $OPTIC_DATA (or mnist/ in it), "
     "data/mnist, and optic/mnist of the user's data directory (XDG).",
     b_mnist, 0},
    {"fashion_mnist(dir = none)",
     "Fashion-MNIST, in the form of mnist(), whose places are looked at with fashion-mnist for mnist, and then where "
     "Debian's package dataset-fashion-mnist puts it.",
     b_fashion_mnist, 0},
    {"read_csv(path, header = none, dtype = \"f32\", separator = \",\")",
     "A table of numbers: with a line of names first a record of columns, else an array [rows, columns].\n\n"
     "`header` tells whether there are names; none: there are if the first line has a cell that is not a number.",
     b_read_csv, 0},
    {"read_idx(path)", "The array in an IDX file, gzip or not: the format of the MNIST data sets.", b_read_idx, 0},
    {"read_text(path)", "The text in a file, which must be UTF-8.", b_read_text, 0},
    {"write_text(path, text)", "Write a text to a file: the old content stays until the new one is complete.",
     b_write_text, 0},
    {"clock()", "Seconds since some moment in the past: the difference of two calls is a duration.", b_clock, 0},
    {"env(name)", "A variable of the environment as a string, or none.", b_env, 0},
};

const BuiltinTable optic_b_data = BUILTIN_TABLE(rows);
