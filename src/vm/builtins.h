/* builtins.h: the tables of functions written in C. One file of src/vm holds one table, at its foot.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_BUILTINS_H
#define OPTIC_VM_BUILTINS_H

#include "vm/vm.h"

extern const BuiltinTable optic_b_math;   /* elementwise: a row of prim.def each */
extern const BuiltinTable optic_b_array;  /* making arrays */
extern const BuiltinTable optic_b_shape;  /* other shapes and orders */
extern const BuiltinTable optic_b_reduce; /* over axes; linear algebra */
extern const BuiltinTable optic_b_tree;   /* over trees */
extern const BuiltinTable optic_b_select; /* parts of trees by pattern, mask or label */
extern const BuiltinTable optic_b_list;   /* lists and sequences */
extern const BuiltinTable optic_b_record; /* records */
extern const BuiltinTable optic_b_iter;   /* range, zip, enumerate */
extern const BuiltinTable optic_b_batch;  /* batches, progress */
extern const BuiltinTable optic_b_data;   /* data sets, tables, texts; clock, env */
extern const BuiltinTable optic_b_store;  /* save, load */
extern const BuiltinTable optic_b_text;   /* strings, conversions, print */
extern const BuiltinTable optic_b_random;
extern const BuiltinTable optic_b_grad;
extern const BuiltinTable optic_b_flax;      /* keys of parameters */
extern const BuiltinTable optic_b_transform; /* transformation, and the methods of transforms */

/* In args.c: as optic_arg_array, but lists of numbers stay numbers of the language (weak f64). */
bool optic_arg_numbers(Vm *vm, const Value *arg, const char *what, Array **out);

/* In b_text.c: the parts of a string; `sep` is a string or none. */
bool optic_split_text(Vm *vm, const String *s, const Value *sep, Value *result);

/* All of them, and NULL after the last. */
extern const BuiltinTable *const optic_builtin_tables[];

/* Of arguments that none or nothing stands for. */
static inline bool optic_given(Value v)
{
  return v.tag != V_NONE && v.tag != V_UNSET;
}

/* Moves `a`; NULL is the failure of what made it. */
static inline bool optic_yield(Array *a, Value *result)
{
  if (a) {
    *result = optic_array_value(a);
  }
  return a != NULL;
}

#define BUILTIN_TABLE(rows)                                                                                            \
  {                                                                                                                    \
    (rows), sizeof(rows) / sizeof *(rows)                                                                              \
  }

#endif
