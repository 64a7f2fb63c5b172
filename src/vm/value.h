/* value.h: the values of the language.
 *
 * A Value is a tag and a payload, 16 bytes. None, booleans, numbers and keys lie in it; the rest is an object counted
 * by references (the count is its first field). Everything behaves as a value: an object with more than one reference
 * is never changed; whoever wants to write makes its own copy first (optic_list_own, optic_record_own, ..). Ownership:
 * a Value in a variable, list, record or register is one reference. Functions that take `Value x` and say "moves" take
 * over the reference, also when they fail; otherwise they borrow. Functions that yield a Value give one.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_VALUE_H
#define OPTIC_VM_VALUE_H

#include "tree/array.h"

typedef struct Vm Vm;

typedef enum Tag {
  V_UNSET, /* no value: a variable before its first assignment, an argument that was not given */
  V_NONE,
  V_BOOL,
  V_NUMBER,
  V_KEY,     /* PRNG key: two words of 32 bits, high one first */
  V_BUILTIN, /* a function written in C; its description is static */
  V_MODULE,  /* lives as long as the Vm */
  V_COUNTED, /* not a tag: from here on the payload is a counted object */
  V_STRING = V_COUNTED,
  V_LIST,
  V_RECORD,
  V_ARRAY,
  V_CLOSURE,
  V_BOUND, /* a method with its object: `tx.update` */
  V_TRANSFORM,
  V_ITER,  /* something to iterate over: range, batches, zip .. */
  V_SLICE, /* i:j:k, only as a subscript */
  V_CELL,  /* a captured variable; never seen by a script */
} Tag;

typedef struct String String;
typedef struct List List;
typedef struct Record Record;
typedef struct Closure Closure;
typedef struct Bound Bound;
typedef struct Transform Transform;
typedef struct Iter Iter;
typedef struct SliceObject SliceObject;
typedef struct Cell Cell;
typedef struct Builtin Builtin;
typedef struct Module Module;

typedef struct Value {
  Tag tag;
  union {
    bool boolean;
    double number;
    uint64_t key;
    uint32_t *refs; /* the count of any counted object */
    String *string;
    List *list;
    Record *record;
    Array *array;
    Closure *closure;
    Bound *bound;
    Transform *transform;
    Iter *iter;
    SliceObject *slice;
    Cell *cell;
    const Builtin *builtin;
    Module *module;
  };
} Value;

struct String {
  uint32_t refs;
  size_t size;
  char text[]; /* UTF-8, NUL after `size` bytes */
};

struct List {
  uint32_t refs;
  uint32_t depth; /* 1 + the deepest item's; at most limits.depth */
  size_t size, cap;
  Value *at;
};

/* The names of a record, in the order of their making; shared by the records that have the same. */
typedef struct Keys {
  uint32_t refs;
  uint32_t count, cap;
  const Name **names;
  uint32_t *sorted; /* indices in the order of names, which is JAX's order of leaves; NULL until asked for */
  uint32_t *slots;  /* hash index, slot_cap entries of index + 1; NULL for few names */
  uint32_t slot_cap;
} Keys;

struct Record {
  uint32_t refs;
  uint32_t depth;
  Keys *keys;
  uint32_t cap;
  Value *at; /* keys->count values */
};

struct SliceObject {
  uint32_t refs;
  Value from, to, step; /* number or none */
};

struct Cell {
  uint32_t refs;
  Value value;
  Cell *next, *prev; /* all cells of the Vm: they alone can form reference cycles */
  Cell *next_dead;   /* while cells are being collected or freed */
  bool dead;
};

/* A restartable sequence. `next` puts the next value in *out and returns 1, or returns 0 at the end, -1 on failure. */
typedef struct IterType {
  const char *name;
  int (*next)(Vm *vm, Iter *self, Value *out);
  Iter *(*restart)(Vm *vm, Iter *self);        /* a new one that stands at the beginning; NULL with the fault set */
  int64_t (*length)(Vm *vm, const Iter *self); /* how many values a fresh one yields; -1: not known */
  void (*drop)(Vm *vm, Iter *self);            /* frees what it holds and itself */
} IterType;
struct Iter {
  uint32_t refs;
  uint32_t depth; /* as a list's, with iterators; their makers bound how many stand in each other, for they recurse */
  const IterType *type;
};

/* range(..), in b_iter.c; the machine's loop steps it by itself. */
typedef struct Range {
  Iter base;
  double start, step;
  int64_t at, count;
} Range;
extern const IterType optic_range_type;

/* ---- making values ------------------------------------------------------------------------------------------- */
static inline Value optic_none(void)
{
  return (Value){.tag = V_NONE, .key = 0};
}
static inline Value optic_number(double x)
{
  return (Value){.tag = V_NUMBER, .number = x};
}
static inline Value optic_bool(bool x)
{
  return (Value){.tag = V_BOOL, .boolean = x};
}
static inline Value optic_array_value(Array *a) /* moves */
{
  return (Value){.tag = V_ARRAY, .array = a};
}

static inline Value optic_keep(Value v)
{
  if (v.tag >= V_COUNTED) {
    ++*v.refs;
  }
  return v;
}
void optic_drop_object(Vm *vm, Value v);
static inline void optic_drop(Vm *vm, Value v)
{
  if (v.tag >= V_COUNTED && --*v.refs == 0) {
    optic_drop_object(vm, v);
  }
}

/* NULL (fault set) when there is no memory. */
String *optic_string_new(Vm *vm, const char *text, size_t size);
bool optic_string_value(Vm *vm, const char *text, size_t size, Value *out);

List *optic_list_new(Vm *vm, size_t cap);
/* Moves `item`. The list must be owned alone. False with the fault set (memory, depth). */
bool optic_list_push(Vm *vm, List *list, Value item);
/* Makes *v (a list) the only reference to its list, by a copy of one level where need be. */
bool optic_list_own(Vm *vm, Value *v);

Record *optic_record_new(Vm *vm);
/* A record with these names (no duplicates) and room for their values, all V_UNSET: the caller sets them at once. */
Record *optic_record_shaped(Vm *vm, Keys *keys);
/* Sets or adds a field; moves `value`. The record must be owned alone. */
bool optic_record_set(Vm *vm, Record *record, const Name *name, Value value);
bool optic_record_set_cstr(Vm *vm, Record *record, const char *name, Value value);
bool optic_record_remove(Vm *vm, Record *record, const Name *name);
/* Borrowed; NULL when there is no such field. */
Value *optic_record_get(const Record *record, const Name *name);
Value *optic_record_get_cstr(Vm *vm, const Record *record, const char *name);
bool optic_record_own(Vm *vm, Value *v);
/* After writing into record->at or list->at directly: recomputes depth; false (too deep) with the fault set. */
bool optic_record_settle(Vm *vm, Record *record);
bool optic_list_settle(Vm *vm, List *list);
/* Everything that holds values is as deep as the deepest of them and one more, and a chain of closures is bounded by
 * the way cells are freed: so whatever walks or frees values may recurse. Raises *depth for `item`; false, with the
 * fault set, past limits.depth. */
bool optic_deepen(Vm *vm, uint32_t *depth, Value item);
/* The same for an item of something that itself stands `above` levels deep. */
bool optic_deepen_inside(Vm *vm, uint32_t *depth, Value item, uint32_t above);
uint32_t optic_depth(Value v); /* 0 for what holds no values */

Keys *optic_keys_new(Vm *vm, const Name *const *names, uint32_t count);
static inline Keys *optic_keys_keep(Keys *k)
{
  k->refs++;
  return k;
}
void optic_keys_drop(Vm *vm, Keys *keys);
int32_t optic_keys_find(const Keys *keys, const Name *name); /* index or -1 */
/* keys->sorted, computed at first need; NULL with the fault set. */
const uint32_t *optic_keys_sorted(Vm *vm, Keys *keys);

/* ---- asking about values ------------------------------------------------------------------------------------- */
/* "number", "list", "f32[3, 4]" .. ; in a buffer of the Vm that the next call overwrites. */
const char *optic_type_text(Vm *vm, Value v);
/* The same with its article: "a number", "an f32[3, 4]", "none" .. */
const char *optic_type_noun(Vm *vm, Value v);
/* Condition of an `if`: booleans; none is false; numbers, strings, lists, records as in Python; arrays of one
 * element. False with the fault set for what has no truth (arrays of more than one element, functions). */
bool optic_truth(Vm *vm, Value v, bool *out);
/* Whole comparison: arrays without axes as numbers, others bit for bit. Counts as work; where the run is to stop it
 * gives false, so that the caller asks optic_charge(core, 0) afterwards. */
bool optic_same(Vm *vm, Value a, Value b);
static inline bool optic_is_tree(Value v) /* a list or record: nodes of parameter trees */
{
  return v.tag == V_LIST || v.tag == V_RECORD;
}

#endif
