/* vm.h: what functions written in C see of the machine.
 *
 * A builtin is a row {signature, doc, function, flags} in a table at the foot of its file; the signature binds its
 * arguments, so that the function finds one value for each parameter in args[], in order, then `*rest` as a list and
 * `**named` as a record; what was not given as its default (a literal in the signature) or V_UNSET.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_VM_H
#define OPTIC_VM_VM_H

#include "graph/op.h"
#include "vm/value.h"

/* Puts its result in *result and returns true, or returns false with core->fault set. args[] belong to the machine,
 * which drops them afterwards; a function that wants to change an argument in place takes it over and leaves V_UNSET
 * (only once it can no longer fail, if it is flagged BUILTIN_INPLACE). */
typedef bool BuiltinFn(Vm *vm, Value *args, Value *result);

enum {
  BUILTIN_INPLACE = 1,  /* leaves its arguments whole when it fails: may be given the only reference */
  BUILTIN_OF_ARRAY = 2, /* also a method: x.f(..) passes x as first argument */
  BUILTIN_OF_LIST = 4,
  BUILTIN_OF_RECORD = 8,
  BUILTIN_OF_STRING = 16,
  BUILTIN_OF_TRANSFORM = 32,
  BUILTIN_OF_ITER = 64,
  BUILTIN_METHOD_ONLY = 128, /* is no function of its own */
};

struct Builtin {
  const char *signature; /* "sum(x, axis = none, keepdims = false)" */
  const char *doc;       /* first line: what it does; then more, an example `>>> code` and its output */
  BuiltinFn *fn;
  unsigned flags;
};

typedef struct BuiltinTable {
  const Builtin *rows;
  size_t count;
} BuiltinTable;

/* Streams of the host's write hook. */
typedef enum VmStream { STREAM_OUT, STREAM_ERR, STREAM_PROGRESS } VmStream;

Core *optic_vm_core(Vm *vm);
Fault *optic_vm_fault(Vm *vm);
bool optic_vm_write(Vm *vm, VmStream stream, const char *text, size_t size);

/* ---- calling the language back ------------------------------------------------------------------------------- */
/* Calls a function of the language. Moves args[0 .. count) whatever comes. */
bool optic_call(Vm *vm, Value fn, Value *args, size_t count, Value *result);
/* The same from within a walk through a tree or a file, whose frames lie on the C stack too. */
bool optic_call_within(Vm *vm, Value fn, Value *args, size_t count, Value *result);
/* The same with keyword arguments: a record (borrowed; NULL for none). */
bool optic_call_named(Vm *vm, Value fn, Value *args, size_t count, const Record *named, Value *result);
bool optic_is_function(Value v);

/* ---- arguments: each sets a fault that names function and parameter, as in "clip: `max_delta` must be .." ------ */
bool optic_arg_number(Vm *vm, const Value *arg, const char *what, double *out);
bool optic_arg_int(Vm *vm, const Value *arg, const char *what, int64_t low, int64_t high, int64_t *out);
bool optic_arg_bool(Vm *vm, const Value *arg, const char *what, bool *out);
bool optic_arg_string(Vm *vm, const Value *arg, const char *what, const String **out); /* borrowed */
bool optic_arg_list(Vm *vm, const Value *arg, const char *what, List **out);           /* borrowed */
bool optic_arg_record(Vm *vm, const Value *arg, const char *what, Record **out);       /* borrowed */
/* A number or a list of numbers. */
bool optic_arg_shape(Vm *vm, const Value *arg, const char *what, Shape *out);
bool optic_arg_dtype(Vm *vm, const Value *arg, const char *what, Dtype *out); /* a string: "f32" */
bool optic_arg_key(Vm *vm, const Value *arg, const char *what, uint64_t *out);
/* As an array, a new reference: an array itself, a number or boolean (rank 0), nested lists of those (f32, i32 or
 * bool by what they hold; integral numbers in lists become f32 all the same). */
bool optic_arg_array(Vm *vm, const Value *arg, const char *what, Array **out);

/* A result of an array operation as a value: a weak rank-0 array without history becomes a number. Moves. */
Value optic_from_array(Vm *vm, Array *a);
/* The reverse, for operands: arrays, numbers, booleans; a new reference, NULL with the fault set. */
Array *optic_to_array(Vm *vm, Value v);

/* ---- operations on values: numbers, arrays, and trees leaf by leaf -------------------------------------------- */
/* Any elementwise operation, arity 1 to 3, over numbers, arrays and trees. Borrows; bit k of donate as optic_apply. */
bool optic_map_op(Vm *vm, OpId op, Value *in, size_t count, unsigned donate, Value *out);
/* Operators with all their rules (strings, lists ..). */
typedef enum Arith {
  A_ADD,
  A_SUB,
  A_MUL,
  A_DIV,
  A_IDIV,
  A_MOD,
  A_MATMUL,
  A_POW,
  A_EQ,
  A_NE,
  A_LT,
  A_LE,
  A_GT,
  A_GE,
  A_IN,
  A_NOT_IN,
  A_AND,
  A_OR
} Arith;
bool optic_arith(Vm *vm, Arith op, Value a, Value b, unsigned donate, Value *out);

/* ---- trees ---------------------------------------------------------------------------------------------------- */
/* Leaves are what is neither list nor record nor none. Visits them in JAX's order; `path` as in leaf.h. A false from
 * `visit` ends the walk, and is returned. */
typedef bool LeafFn(void *user, Vm *vm, const char *path, size_t path_size, Value leaf);
bool optic_tree_each(Vm *vm, Value tree, LeafFn *visit, void *user);
/* A tree like trees[0] whose leaves are f(leaves at the same place). The others must have its structure (faults name
 * the first leaf that differs); none maps to none. `leaves` are borrowed; *out is a new reference. */
typedef bool MapFn(void *user, Vm *vm, const char *path, size_t path_size, const Value *leaves, size_t count,
                   Value *out);
bool optic_tree_map(Vm *vm, const Value *trees, size_t count, MapFn *f, void *user, Value *out);

/* ---- iterating ------------------------------------------------------------------------------------------------ */
/* A fresh iterator over a list, record (its keys), string (characters), array (rows), or iterable; fault otherwise. */
bool optic_iterate(Vm *vm, Value over, Iter **out);
int optic_iter_next(Vm *vm, Iter *it, Value *out); /* 1, 0 at the end, -1 on failure */
void optic_iter_drop(Vm *vm, Iter *it);
/* Everything it yields, as a list (a new reference). */
bool optic_to_list(Vm *vm, Value over, Value *out);

/* ---- showing -------------------------------------------------------------------------------------------------- */
/* What `print` shows: strings as they are at the top level, quoted inside; trees indented when long. */
bool optic_show(Vm *vm, Value v, Text *out, bool quote);

#endif
