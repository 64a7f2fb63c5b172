/* builtins.c: the list of the tables of builtins. See builtins.h.
 * SPDX-License-Identifier: MIT */
#include "vm/builtins.h"

const BuiltinTable *const optic_builtin_tables[] = {
    &optic_b_math,      &optic_b_array,  &optic_b_shape, &optic_b_reduce, &optic_b_tree,   &optic_b_select,
    &optic_b_list,      &optic_b_record, &optic_b_iter,  &optic_b_text,   &optic_b_random, &optic_b_grad,
    &optic_b_transform, &optic_b_flax,   &optic_b_batch, &optic_b_data,   &optic_b_store,  NULL,
};
