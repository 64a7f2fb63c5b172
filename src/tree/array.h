/* array.h: arrays of numbers: dtype, shape, and memory that is counted by references.
 *
 * An Array is row-major and dense. Its numbers lie in a Buffer, which several arrays may share (rows of a data set, a
 * reshape): whoever wants to write asks optic_array_unique first. Functions that return an Array give the caller a
 * reference; arguments are borrowed. NULL means failure, with core->fault set.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TREE_ARRAY_H
#define OPTIC_TREE_ARRAY_H

#include "base/core.h"
#include "base/text.h"

enum { OPTIC_RANK = 8 };

typedef enum Dtype { DT_BOOL, DT_U8, DT_I32, DT_F16, DT_BF16, DT_F32, DT_F64, DT_COUNT } Dtype;

size_t optic_dtype_size(Dtype t);
const char *optic_dtype_name(Dtype t); /* "f32" */
/* Takes Optic's names and NumPy's ("float32", "uint8" ..). */
bool optic_dtype_find(const char *text, size_t size, Dtype *out);
static inline bool optic_dtype_is_float(Dtype t)
{
  return t >= DT_F16;
}
/* JAX's lattice with 64-bit types off, but f64 kept where an operand is f64. A weak operand (a number of the language,
 * or a result of numbers only) yields to the other's dtype when that can hold its kind. `*weak` tells whether the
 * result is weak, which needs both to be. An f64 that is weak is a plain number of the language. */
Dtype optic_dtype_promote(Dtype a, bool a_weak, Dtype b, bool b_weak, bool *weak);

typedef struct Shape {
  uint32_t rank;
  int64_t at[OPTIC_RANK];
} Shape;

bool optic_shape_equal(const Shape *a, const Shape *b);
/* Elements; false with the fault set where the product passes limits.tensor_bytes for this dtype. */
bool optic_shape_count(Core *core, const Shape *s, Dtype t, size_t *count);
/* NumPy's rules; false (no fault set) where the shapes do not fit. */
bool optic_shape_broadcast(const Shape *a, const Shape *b, Shape *out);
void optic_shape_text(Text *out, const Shape *s); /* "[3, 4]" */

typedef struct Buffer Buffer;

/* How an array came about, while a gradient is being taken: the head of what graph/node.h defines, so that this layer
 * can drop it without knowing it. `destroy` is called when the last reference goes. */
typedef struct GraphNode {
  uint32_t refs;
  uint32_t levels; /* of differentiation that it depends on, a bit each */
  void (*destroy)(Core *core, struct GraphNode *node);
} GraphNode;

typedef struct Array {
  uint32_t refs;
  uint8_t dtype; /* Dtype */
  bool weak;     /* see optic_dtype_promote */
  Shape shape;
  size_t count;
  Buffer *buffer;
  void *data;      /* into buffer; never NULL, also for count 0 */
  GraphNode *node; /* how it came about, while a gradient is being taken; else NULL. Owned reference */
} Array;

/* Uninitialised numbers. */
Array *optic_array_new(Core *core, Dtype t, const Shape *shape);
Array *optic_array_zeros(Core *core, Dtype t, const Shape *shape);
/* A number of the language: rank 0, f64, weak. */
Array *optic_array_number(Core *core, double x);
/* A second Array over the same numbers with another shape of the same count (no copy, no node). */
Array *optic_array_view(Core *core, Array *a, const Shape *shape);
/* Rows [first, first + rows) along axis 0 (no copy, no node). Bounds are the caller's business. */
Array *optic_array_rows(Core *core, Array *a, int64_t first, int64_t rows);
Array *optic_array_copy(Core *core, const Array *a);
/* Shape and dtype of `a` without its numbers: nothing of its memory is held. Its data must not be read. */
Array *optic_array_shell(Core *core, const Array *a);
/* Makes a shell a second array over a's memory, with a's shape and dtype and without its node. Cannot fail. */
void optic_array_adopt(Array *shell, Array *a);

static inline Array *optic_array_keep(Array *a)
{
  a->refs++;
  return a;
}
void optic_array_drop(Core *core, Array *a); /* NULL is fine */

/* True where this is the only reference to the array and to its buffer, so that it may be written in place. */
bool optic_array_unique(const Array *a);

/* One element as a double, by flat index (no check), and the reverse, rounded to the nearest; for an integer dtype cut
 * towards 0 and kept within its range, NaN as 0. */
double optic_array_get(const Array *a, size_t index);
void optic_array_set(Array *a, size_t index, double x);

/* "f32[784, 50]" */
void optic_array_type_text(Text *out, const Array *a);
/* The numbers as NumPy prints them: aligned columns, long axes shortened with `...`; `indent` columns are already
 * taken on the first line. A rank 0 array is its number. */
void optic_array_text(Text *out, const Array *a, size_t indent);

/* ---- half precision, by bits ---- */
float optic_f16_to_f32(uint16_t h);
uint16_t optic_f32_to_f16(float x); /* round to nearest even */
float optic_bf16_to_f32(uint16_t h);
uint16_t optic_f32_to_bf16(float x); /* round to nearest even; NaN stays NaN */

#endif
