/* npy.h: NumPy's format of one array, versions 1 to 3
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_STORE_NPY_H
#define OPTIC_STORE_NPY_H

#include "base/unpack.h"
#include "tree/array.h"

/* Reads header and numbers from `u`, which must end there. Any dtype of numbers that fits one of Optic's, in either
 * order of bytes and of axes. NULL with the fault set. */
Array *optic_npy_read(Unpack *u);

/* The header that goes before the array's numbers (optic_element_write): version 1. Returns its size, at most
 * OPTIC_NPY_HEADER; 0, with the fault set, for bf16, which NumPy does not have. */
enum { OPTIC_NPY_HEADER = 320 };
size_t optic_npy_header(Core *core, const char *what, const Array *a, uint8_t out[OPTIC_NPY_HEADER]);

#endif
