/* object.h: the machine's own objects, and the machine. For src/vm only; builtins need vm.h.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_OBJECT_H
#define OPTIC_VM_OBJECT_H

#include "lang/chunk.h"
#include "vm/host.h"
#include "vm/vm.h"

/* What the program around the machine lends it. */
typedef struct VmHost {
  bool (*write)(void *user, VmStream stream, const char *text,
                size_t size);                       /* false: could not be written. NULL: dropped */
  const char *(*env)(void *user, const char *name); /* NULL: a script sees no variable */
  void *user;
  const char *data_dir; /* NULL: none */
  const FileOps *files; /* NULL: the system's */
  bool forbid_files;
  const char *const *args; /* the script's arguments */
  size_t arg_count;
} VmHost;

/* A Proto with its constants as values. Owned by its module. */
typedef struct Code Code;
struct Code {
  const Proto *proto;
  Module *module;
  Value *consts; /* proto->const_count */
  Keys **names;  /* proto->names_count: the name lists, ready to be a record's keys */
  Code **protos; /* proto->proto_count */
  Code *next;    /* all Code of the Vm */
};

struct Closure {
  uint32_t refs;
  uint32_t count;
  const Code *code;
  Cell *cells[];
};

struct Bound {
  uint32_t refs;
  uint32_t depth;
  const Builtin *method; /* its first parameter takes `self` */
  Value self;
};

/* Made by a `transform` block (desc is set) or by transformation(init, update) (desc is NULL). */
struct Transform {
  uint32_t refs;
  uint32_t depth;
  const Name *name;
  const TransformDesc *desc;
  Value init, update; /* closures as TransformDesc says; else functions of the language */
  uint32_t count;     /* hyperparameters */
  Value hypers[];     /* as given: numbers, or functions of the step (schedules) */
};

/* A script or a file of the standard library, with its global variables. */
struct Module {
  const Name *name;
  char *path;   /* owned copy; "" for text */
  Module *next; /* all modules of the Vm */
  Keys *keys;   /* names of globals; slot i is globals[i] */
  Value *globals;
  uint32_t cap;
  bool standard; /* of the standard library */
  bool running;  /* being imported: a cycle if met again */
  bool failed;   /* its file did: the next import tries again */
};

/* A text that was compiled, with everything made from it. */
typedef struct Unit Unit;
struct Unit {
  Unit *next;
  Arena arena;
  Source source; /* name and text lie in the arena */
};

typedef struct Segment Segment;
typedef struct Frame {
  const Code *code;
  Closure *closure; /* owned; NULL for a script's top level */
  Value *regs;
  Segment *segment; /* the caller's */
  uint32_t pc;      /* of the next instruction: the one in progress is just before */
  uint16_t into;    /* register of the caller that takes the result */
  bool from_c;      /* called by optic_call: return there */
} Frame;

typedef struct Handler {
  uint32_t frame; /* index */
  uint32_t pc;    /* where to go on */
  uint16_t reg;
} Handler;

/* Registers lie in segments that never move, so that builtins may hold addresses across calls. */
struct Segment {
  Segment *prev, *next;
  uint32_t size;
  Value at[];
};

enum { TRACE = 24 };
typedef struct TraceCall {
  const Name *function; /* NULL: the top level */
  Place at;             /* where in it the run was */
  uint32_t times;       /* as often in a row: recursion */
  bool standard;
} TraceCall;

typedef struct Standard { /* a name of the standard library */
  Value value;            /* V_UNSET until its file is loaded */
  int32_t file;           /* of stdlib/, or -1 */
} Standard;

typedef struct Method { /* builtins of one name, for different types, are linked */
  const Builtin *builtin;
  int32_t next; /* index or -1 */
} Method;

typedef struct BuiltinInfo BuiltinInfo; /* a builtin's signature, read (call.c) */

struct Vm {
  Core core;
  VmHost host;
  Frame *frames;
  uint32_t frame_count, frame_cap;
  VEC(Handler) handlers;
  Segment *segment; /* the one in use */
  Value *top;       /* first free register of it */
  uint32_t reentry;
  /* where the current fault happened, innermost call first */
  TraceCall trace[TRACE];
  uint32_t trace_count;
  BuiltinInfo **infos; /* by address of the builtin */
  size_t info_count, info_cap;
  /* the standard library */
  Keys *std_keys;
  VEC(Standard) std;
  Module **files; /* loaded files of stdlib/, by index; NULL: not yet */
  /* builtins that are methods, by name: method_first.at[i] belongs to method_keys->names[i] */
  Keys *method_keys;
  VEC(uint32_t) method_first;
  VEC(Method) methods;
  /* everything that lives as long as the Vm */
  Module *modules;
  Module *main;
  Unit *units;
  Code *codes;
  Cell *cells;
  uint32_t cell_count, cell_threshold;
  Cell *reached; /* while collecting: known to live, what they reach not yet looked at */
  Cell *dropped; /* while a cell ends: those that end with it */
  bool dropping;
  Keys *no_keys; /* of the empty record */
  Diags *diags;  /* where compile-time diagnostics of imports go; set by the host's call */
  Text scratch;  /* for optic_type_text */
  Value *shown;  /* where SHOW leaves its value instead of showing it; NULL: it shows */
  const Name *n_hyperparams, *n_scheduled, *n_name;
};

/* ---- vm.c */
/* Runs a script's top level. False with the fault and vm->trace set. */
bool optic_vm_run(Vm *vm, const Code *code);
Module *optic_module_new(Vm *vm, const char *name, const char *path, bool standard);
int32_t optic_module_slot(Vm *vm, Module *m, const Name *name, bool add);
void optic_trace_reset(Vm *vm);

/* ---- call.c: binding of arguments */
/* Puts the arguments where a function with these parameters expects them. `args` has `count` positional values and
 * after them one for each of `named`'s names (NULL: none); `room` values may be written from `args` on. The values are
 * moved, also on failure. */
bool optic_bind_closure(Vm *vm, const Proto *p, Value *args, uint32_t count, const Keys *named);
/* Runs a builtin on such arguments, which are moved, also on failure. */
bool optic_call_builtin(Vm *vm, const Builtin *b, Value *args, uint32_t count, const Keys *named, Value *result);
/* Calls anything; args lie in the registers. Moves the arguments, borrows fn. */
bool optic_invoke(Vm *vm, Value fn, Value *args, uint32_t count, const Keys *named, Value *result);
const Name *optic_builtin_name(Vm *vm, const Builtin *b); /* NULL: no memory */
void optic_builtin_infos_finish(Vm *vm);

/* ---- access.c: fields, items, stores */
bool optic_get_field(Vm *vm, Value v, const Name *name, Value *out);
/* A method of v's type; false without a fault where there is none. */
bool optic_find_method(Vm *vm, Value v, const Name *name, const Builtin **out);
bool optic_get_index(Vm *vm, Value v, Value subscript, Value *out);
bool optic_get_items(Vm *vm, Value v, const List *subscripts, Value *out);
/* Assigns `value` (moved) at the end of a path within *root. `kinds` as in opcode.def. */
bool optic_set_path(Vm *vm, Value *root, const char *kinds, size_t steps, Value *path, Value value);

/* ---- transform.c */
bool optic_transform_init(Vm *vm, Transform *t, Value params, Value *out);
/* Moves its arguments. `extra` is a record. */
bool optic_transform_update(Vm *vm, Transform *t, Value updates, Value state, Value params, Value extra, Value *out);
/* `state.hyperparams` of a state made of several: a record of all, by name where that is unique, else by path. */
bool optic_hyperparams_view(Vm *vm, const Record *state, Value *out, bool *found);
/* Sets a hyperparameter by name or path somewhere below the state *v; ends its schedule. */
bool optic_hyperparams_set(Vm *vm, Value *v, const char *name, size_t size, Value value);
/* False with the fault set for what cannot stand for a parameter marked `: number`. */
bool optic_hyper_fits(Vm *vm, const Name *transform, const Name *hyper, Value v);

/* Sets each of a record's: `state.hyperparams = {..}`. `*made`: the state has hyperparameters somewhere below. */
bool optic_hyperparams_set_all(Vm *vm, Value *v, const Record *values, bool *made);
/* Ends the schedule, if there is one, of the hyperparameter named in a state record that is owned alone. */
bool optic_schedule_end(Vm *vm, Record *state, Value name);

/* ---- standard.c: the standard library */
bool optic_standard_init(Vm *vm);
int32_t optic_standard_index(Vm *vm, const Name *name);
/* The value, loading its file at first need. Borrowed; NULL with the fault set. */
const Value *optic_standard_value(Vm *vm, int32_t index);
/* The signature for the checker, or NULL. */
const char *optic_signature(Vm *vm, Value fn);

/* ---- compile.c of the vm: text to Code */
/* Parses, checks and compiles. NULL where there were errors (in diags), or with the fault set (no memory). */
const Code *optic_vm_compile(Vm *vm, Module *module, const char *name, const char *text, size_t size, bool show,
                             Diags *diags, bool *incomplete);
/* Adds the current fault, with its place and calls, to diags. */
void optic_fault_to_diag(Vm *vm, Diags *diags);
bool optic_import(Vm *vm, const Module *from, const char *path, size_t size, Module **out);

/* ---- pipeline.c: the stages of a transform and the operations of each, as text */
bool optic_pipeline_text(Vm *vm, Value transform, Text *out);

/* Frees reference cycles, which only captured variables can form. Called now and then, and at the end. */
void optic_collect(Vm *vm);

bool optic_vm_init(Vm *vm, ResizeFn *resize, void *user, const Limits *limits, uint32_t seed, const VmHost *host);
void optic_vm_finish(Vm *vm);

#endif
