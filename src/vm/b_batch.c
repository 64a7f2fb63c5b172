/* b_batch.c: what feeds a training loop: batches of rows, and the progress of a loop.
 *
 * Batches in the data's order are views: nothing is copied. A shuffled one gathers its rows. Both sequences start anew
 * each time that something iterates over them, and know their lengths.
 * SPDX-License-Identifier: MIT */
#include <time.h>

#include "base/pool.h"
#include "tile/rng.h"
#include "vm/builtins.h"

/* ---- batches --------------------------------------------------------------------------------------------------- */
typedef struct Batches {
  Iter base;
  Value data;   /* a tree of arrays with one length of axis 0 */
  Array *order; /* i32: the rows in the order of taking; NULL: as they come */
  int64_t size; /* of a batch */
  int64_t end;  /* rows that are used */
  int64_t at;
} Batches;

/* Rows [at, at + rows) of an array, or those that `rows_of` names. */
static Array *cut_array(Core *core, Array *a, const Batches *b, int64_t rows, Array *rows_of)
{
  if (rows_of) {
    return optic_apply2(core, G_take, a, rows_of, &(Attr){.axis = 0});
  }
  Attr slice = {.shape = a->shape, .start = {b->at}};
  slice.shape.at[0] = rows;
  for (uint32_t axis = 0; axis < a->shape.rank; axis++) {
    slice.step[axis] = 1;
  }
  return optic_apply1(core, G_slice, a, &slice);
}

/* The same of a whole tree. */
static bool cut_tree(Vm *vm, Value tree, const Batches *b, int64_t rows, Array *rows_of, Value *out)
{
  if (!optic_charge(optic_vm_core(vm), 1)) {
    return false;
  }
  if (tree.tag == V_ARRAY) {
    return optic_yield(cut_array(optic_vm_core(vm), tree.array, b, rows, rows_of), out);
  }
  Value v = {.tag = V_NONE};
  bool ok = true;
  if (tree.tag == V_RECORD) {
    Record *record = optic_record_shaped(vm, tree.record->keys);
    if (!record) {
      return false;
    }
    v = (Value){.tag = V_RECORD, .record = record};
    for (uint32_t i = 0; ok && i < record->keys->count; i++) {
      ok = cut_tree(vm, tree.record->at[i], b, rows, rows_of, &record->at[i]);
    }
    ok = ok && optic_record_settle(vm, record);
  } else if (tree.tag == V_LIST) {
    List *list = optic_list_new(vm, tree.list->size);
    if (!list) {
      return false;
    }
    v = (Value){.tag = V_LIST, .list = list};
    for (size_t i = 0; ok && i < tree.list->size; i++) {
      Value item;
      ok = cut_tree(vm, tree.list->at[i], b, rows, rows_of, &item) && optic_list_push(vm, list, item);
    }
  }
  if (!ok) {
    optic_drop(vm, v);
    return false;
  }
  *out = v;
  return true;
}

static int batches_next(Vm *vm, Iter *self, Value *out)
{
  Batches *b = (Batches *)self;
  int64_t rows = b->end - b->at < b->size ? b->end - b->at : b->size;
  Array *rows_of = NULL;
  if (rows <= 0) {
    return 0;
  }
  if (b->order && !(rows_of = optic_array_rows(optic_vm_core(vm), b->order, b->at, rows))) {
    return -1;
  }
  bool ok = cut_tree(vm, b->data, b, rows, rows_of, out);
  optic_array_drop(optic_vm_core(vm), rows_of);
  b->at += rows;
  return ok ? 1 : -1;
}

static Iter *batches_restart(Vm *vm, Iter *self)
{
  Batches *b = optic_pool_get(optic_vm_core(vm), sizeof *b);
  if (!b) {
    return NULL;
  }
  *b = *(Batches *)self;
  b->base.refs = 1;
  b->at = 0;
  optic_keep(b->data);
  if (b->order) {
    optic_array_keep(b->order);
  }
  return &b->base;
}

static int64_t batches_length(Vm *vm, const Iter *self)
{
  const Batches *b = (const Batches *)self;
  (void)vm;
  return b->end / b->size + (b->end % b->size != 0);
}

static void batches_drop(Vm *vm, Iter *self)
{
  Batches *b = (Batches *)self;
  optic_drop(vm, b->data);
  optic_array_drop(optic_vm_core(vm), b->order);
  optic_pool_put(optic_vm_core(vm), b, sizeof *b);
}

static const IterType batches_type = {"batches", batches_next, batches_restart, batches_length, batches_drop};

/* All leaves must be arrays with as many rows as the first. */
typedef struct Rows {
  int64_t count; /* -1: no leaf yet */
} Rows;

static bool same_rows(void *user, Vm *vm, const char *path, size_t path_size, Value leaf)
{
  Rows *rows = user;
  Fault *fault = optic_vm_fault(vm);
  int shown = path_size < 200 ? (int)path_size : 200;
  if (leaf.tag != V_ARRAY || leaf.array->shape.rank == 0) {
    return optic_fail(fault, D_type, "batches: each leaf must be an array with rows, and `%.*s` is %s", shown, path,
                      optic_type_noun(vm, leaf));
  }
  int64_t count = leaf.array->shape.at[0];
  if (rows->count >= 0 && count != rows->count) {
    return optic_fail(fault, D_shape, "batches: `%.*s` has %lld rows where others have %lld", shown, path,
                      (long long)count, (long long)rows->count);
  }
  rows->count = count;
  return true;
}

/* jax.random.permutation(key, count). */
static Array *shuffled(Core *core, uint64_t key, int64_t count)
{
  size_t bytes;
  if (count > INT32_MAX || !optic_size_mul((size_t)count, 2 * sizeof(uint64_t), &bytes)) {
    optic_fail(&core->fault, D_too_large, "batches: %lld rows are too many to shuffle", (long long)count);
    return NULL;
  }
  Array *order = optic_array_new(core, DT_I32, &(Shape){.rank = 1, .at = {count}});
  uint64_t *scratch = order ? optic_pool_get(core, bytes) : NULL;
  if (!scratch || !optic_charge(core, (uint64_t)count / 4)) {
    optic_pool_put(core, scratch, bytes);
    optic_array_drop(core, order);
    return NULL;
  }
  RngKey words = {{(uint32_t)(key >> 32), (uint32_t)key}};
  optic_rng_permutation(words, (size_t)count, order->data, scratch);
  optic_pool_put(core, scratch, bytes);
  return order;
}

static bool b_batches(Vm *vm, Value *args, Value *result)
{
  const int64_t most = (int64_t)1 << 53;
  Core *core = optic_vm_core(vm);
  Rows rows = {.count = -1};
  int64_t size;
  bool shuffle, drop_remainder;
  uint64_t key = 0;
  if (!optic_arg_int(vm, &args[1], "batches: size", 1, most, &size) ||
      !optic_arg_bool(vm, &args[2], "batches: shuffle", &shuffle) ||
      !optic_arg_bool(vm, &args[4], "batches: drop_remainder", &drop_remainder) ||
      (optic_given(args[3]) && !optic_arg_key(vm, &args[3], "batches: key", &key)) ||
      !optic_tree_each(vm, args[0], same_rows, &rows)) {
    return false;
  }
  if (rows.count < 0) {
    return optic_fail(&core->fault, D_value, "batches: there are no arrays in it");
  }
  if (shuffle != optic_given(args[3])) {
    optic_fail(&core->fault, D_arguments,
               shuffle ? "batches: to shuffle it needs a `key`" : "batches: a `key` is given, but `shuffle` is false");
    return optic_fail_hint(&core->fault, "as in batches(%lld, shuffle = true, key = fold_in(key(0), epoch))",
                           (long long)size);
  }
  Array *order = NULL;
  if (shuffle && !(order = shuffled(core, key, rows.count))) {
    return false;
  }
  Batches *b = optic_pool_get(core, sizeof *b);
  if (!b) {
    optic_array_drop(core, order);
    return false;
  }
  *b = (Batches){.base = {.refs = 1, .type = &batches_type},
                 .data = optic_keep(args[0]),
                 .order = order,
                 .size = size,
                 .end = drop_remainder ? rows.count - rows.count % size : rows.count};
  *result = (Value){.tag = V_ITER, .iter = &b->base};
  return true;
}

/* ---- progress -------------------------------------------------------------------------------------------------- */
enum { DEEP = 32, LONGEST = 200 };
static const double INTERVAL = 0.1; /* seconds between two reports */

typedef struct Progress {
  Iter base;
  Value over; /* what was given */
  Iter *inner;
  Value label, note;
  double begun, told;  /* clock */
  int64_t done, total; /* total 0: not known */
  bool running;        /* begun, and not at the end */
} Progress;

static double seconds_now(void)
{
  struct timespec t = {0};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Adds text as a field of the line: without what separates fields and lines, and not too long. */
static void add_field(Text *line, const char *text, size_t size)
{
  for (size_t i = 0; i < size && i < LONGEST; i++) {
    optic_text_char(line, (unsigned char)text[i] < 0x20 ? ' ' : text[i]);
  }
}

/* The note: a text, or what a function of no arguments gives. */
static bool add_note(Vm *vm, const Progress *p, Text *line)
{
  Value v = {.tag = V_NONE};
  Text text;
  if (!optic_given(p->note)) {
    return true;
  }
  if (!optic_is_function(p->note)) {
    v = optic_keep(p->note);
  } else if (!optic_call_within(vm, p->note, NULL, 0, &v)) {
    return false;
  }
  optic_text_init(&text, &optic_vm_core(vm)->alloc);
  bool ok = v.tag == V_NONE || optic_show(vm, v, &text, false);
  optic_drop(vm, v);
  add_field(line, optic_text_cstr(&text), text.size);
  line->oom |= text.oom;
  optic_text_finish(&text);
  return ok;
}

/* Writes a line for the host: see optic_stream in optic.h. */
static bool report(Vm *vm, Progress *p, int64_t done, int64_t total, double now, bool with_note)
{
  Core *core = optic_vm_core(vm);
  Text line;
  optic_text_init(&line, &core->alloc);
  if (p->label.tag == V_STRING) {
    add_field(&line, p->label.string->text, p->label.string->size);
  }
  optic_text_printf(&line, "\t%lld\t%lld\t%.3f\t", (long long)done, (long long)total, now - p->begun);
  bool ok = !with_note || add_note(vm, p, &line);
  optic_text_char(&line, '\n');
  ok = ok && (line.oom ? optic_fail_oom(&core->fault) : optic_vm_write(vm, STREAM_PROGRESS, line.at, line.size));
  optic_text_finish(&line);
  p->told = now;
  return ok;
}

static int progress_next(Vm *vm, Iter *self, Value *out)
{
  Progress *p = (Progress *)self;
  double now = seconds_now();
  if (!p->running) {
    p->running = true;
    p->begun = now;
    if (!report(vm, p, 0, p->total, now, false)) {
      return -1;
    }
  } else if (p->done != p->total && now - p->told >= INTERVAL && !report(vm, p, p->done, p->total, now, true)) {
    return -1;
  }
  int got = optic_iter_next(vm, p->inner, out);
  if (got > 0) {
    p->done++;
  } else if (got == 0) {
    p->running = false;
    /* Of nothing there is no bar to fill. */
    if (!report(vm, p, p->done ? p->done : -1, p->done, now, p->done > 0)) {
      return -1;
    }
  }
  return got;
}

static void progress_drop(Vm *vm, Iter *self)
{
  Progress *p = (Progress *)self;
  if (p->running) { /* left early, perhaps for a failure, which this must not replace */
    Fault *fault = optic_vm_fault(vm), keep = *fault;
    report(vm, p, -1, p->total, seconds_now(), false);
    *fault = keep;
  }
  optic_iter_drop(vm, p->inner);
  optic_drop(vm, p->over);
  optic_drop(vm, p->label);
  optic_drop(vm, p->note);
  optic_pool_put(optic_vm_core(vm), p, sizeof *p);
}

static Iter *progress_restart(Vm *vm, Iter *self);

static int64_t progress_length(Vm *vm, const Iter *self)
{
  const Iter *inner = ((const Progress *)self)->inner;
  return inner->type->length ? inner->type->length(vm, inner) : -1;
}

static const IterType progress_type = {"progress", progress_next, progress_restart, progress_length, progress_drop};

static Iter *progress_new(Vm *vm, Value over, Value label, Value note)
{
  Core *core = optic_vm_core(vm);
  uint32_t depth = 1;
  if (over.tag == V_ITER && over.iter->depth >= DEEP) {
    optic_fail(&core->fault, D_too_deep, "progress: more than %d sequences inside each other", DEEP);
    return NULL;
  }
  Iter *inner;
  if (!optic_deepen(vm, &depth, over) || !optic_deepen(vm, &depth, note) || !optic_iterate(vm, over, &inner)) {
    return NULL;
  }
  Progress *p = optic_pool_get(core, sizeof *p);
  if (!p) {
    optic_iter_drop(vm, inner);
    return NULL;
  }
  *p = (Progress){.base = {.refs = 1, .depth = depth, .type = &progress_type},
                  .over = optic_keep(over),
                  .inner = inner,
                  .label = optic_keep(label),
                  .note = optic_keep(note)};
  int64_t total = progress_length(vm, &p->base);
  p->total = total > 0 ? total : 0;
  return &p->base;
}

static Iter *progress_restart(Vm *vm, Iter *self)
{
  const Progress *p = (const Progress *)self;
  return progress_new(vm, p->over, p->label, p->note);
}

static bool b_progress(Vm *vm, Value *args, Value *result)
{
  const String *label;
  if (!optic_arg_string(vm, &args[1], "progress: label", &label)) {
    return false;
  }
  Iter *it = progress_new(vm, args[0], args[1], args[2]);
  if (it) {
    *result = (Value){.tag = V_ITER, .iter = it};
  }
  return it != NULL;
}

static const Builtin rows[] = {
    {"batches(data, size, shuffle = false, key = none, drop_remainder = false)",
     "The rows of all arrays of `data` in runs of `size`, as trees like `data`; the last is shorter, or left out with "
     "`drop_remainder`.\n\n"
     "Rows come in order, without being copied, or shuffled by permutation(key, n). Every loop over the result goes "
     "through the same batches; for another order in each epoch give key = fold_in(k, epoch).\n\n"
     ">>> map(b -> b.x.shape, {x: arange(5)}.batches(2))\n[[2], [2], [1]]",
     b_batches, BUILTIN_OF_RECORD},
    {"progress(sequence, label = \"\", note = none)",
     "The items of `sequence`; the program around the script is told how far a loop over them is, and draws a bar.\n\n"
     "`note` stands beside the bar: a text, or a function of no arguments that makes one, such as "
     "() -> format(\"loss {:.3f}\", l).\n\n"
     ">>> list(progress(range(3)))\n[0, 1, 2]",
     b_progress, 0},
};

const BuiltinTable optic_b_batch = BUILTIN_TABLE(rows);
