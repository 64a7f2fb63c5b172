/* format.h: format("{:.4f}", x). Only b_text.c needs it.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_FORMAT_H
#define OPTIC_VM_FORMAT_H

#include "vm/vm.h"

/* Adds `format` with its fields in braces replaced: {} by the next of `args`, {0} by index, {name} from `named`. After
 * a colon stands Python's format specification: [[fill]align][sign][0][width][,][.precision][d e f g % s x]. False
 * with the fault set. */
bool optic_format_values(Vm *vm, const String *format, const List *args, const Record *named, Text *out);

#endif
