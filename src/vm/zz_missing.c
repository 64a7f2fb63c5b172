/* zz_missing.c: stands in for tables that are still being written; goes when they are there.
 * SPDX-License-Identifier: MIT */
#include "vm/builtins.h"
__attribute__((weak)) const BuiltinTable optic_b_text = {0};
__attribute__((weak)) const BuiltinTable optic_b_random = {0};
__attribute__((weak)) const BuiltinTable optic_b_grad = {0};
