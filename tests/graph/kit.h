/* kit.h: arrays and gradients for tests: short ways to make, compare and differentiate.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_GRAPH_KIT_H
#define TESTS_GRAPH_KIT_H

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "graph/grad.h"

#define SHAPE_OF(...) shape_of(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})
/* The same, where an address is taken. */
#define LVALUE(...) (*(Shape[]){SHAPE_OF(__VA_ARGS__)})
#define SCALAR      ((Shape){.rank = 0})

static inline Shape shape_of(size_t rank, const int64_t *sizes)
{
  Shape s = {.rank = (uint32_t)rank};
  memcpy(s.at, sizes, rank * sizeof *sizes);
  return s;
}

/* Fails requests for memory from the n-th on (0: never), and then all. */
typedef struct Failing {
  uint64_t calls, at;
} Failing;

static inline void *failing_resize(void *user, void *block, size_t old_size, size_t new_size)
{
  Failing *f = user;
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  if (++f->calls == f->at) {
    return NULL;
  }
  return realloc(block, new_size);
}

typedef struct Kit {
  Core core;
  Failing failing;
  uint64_t before; /* bytes in use when it was made */
  uint64_t seed;
} Kit;

static inline int kit_setup(void **state)
{
  Kit *kit = calloc(1, sizeof *kit);
  assert_non_null(kit);
  assert_true(optic_core_init(&kit->core, failing_resize, &kit->failing, NULL, 1));
  kit->before = kit->core.alloc.used;
  kit->seed = 88172645463325252u;
  *state = kit;
  return 0;
}

static inline void kit_no_leak(Kit *kit)
{
  optic_pool_trim(&kit->core);
  assert_int_equal(kit->core.alloc.used, kit->before);
}

static inline int kit_teardown(void **state)
{
  Kit *kit = *state;
  kit_no_leak(kit);
  optic_core_finish(&kit->core);
  free(kit);
  return 0;
}

static inline double kit_random(Kit *kit, double low, double high)
{
  kit->seed ^= kit->seed << 13;
  kit->seed ^= kit->seed >> 7;
  kit->seed ^= kit->seed << 17;
  return low + (high - low) * ((double)(kit->seed >> 11) / 9007199254740992.0);
}

/* An array that must come about. */
static inline Array *ok(Core *core, Array *a)
{
  if (!a) {
    fail_msg("%s (%s)", core->fault.message, core->fault.hint);
  }
  return a;
}

static inline Array *kit_fill(Kit *kit, Dtype t, Shape s, double low, double high)
{
  Array *a = ok(&kit->core, optic_array_new(&kit->core, t, &s));
  for (size_t i = 0; i < a->count; i++) {
    optic_array_set(a, i, kit_random(kit, low, high));
  }
  return a;
}

static inline Array *from_list(Core *core, Dtype t, Shape s, const double *x)
{
  Array *a = ok(core, optic_array_new(core, t, &s));
  for (size_t i = 0; i < a->count; i++) {
    optic_array_set(a, i, x[i]);
  }
  return a;
}
#define ARRAY(core, t, s, ...) from_list(core, t, s, (const double[]){__VA_ARGS__})

static inline void check_is(const Array *a, Dtype t, Shape s, const double *x, double tolerance)
{
  assert_non_null(a);
  assert_int_equal(a->dtype, t);
  assert_true(optic_shape_equal(&a->shape, &s));
  for (size_t i = 0; i < a->count; i++) {
    double have = optic_array_get(a, i);
    bool same = have == x[i] || (isnan(have) && isnan(x[i])) || fabs(have - x[i]) <= tolerance * (1 + fabs(x[i]));
    if (!same) {
      fail_msg("element %zu is %.17g, and not %.17g", i, have, x[i]);
    }
  }
}
/* Checks and drops. */
#define CHECK(core, a, t, s, ...)                                                                                      \
  do {                                                                                                                 \
    Array *check_a = ok(core, a);                                                                                      \
    check_is(check_a, t, s, (const double[]){__VA_ARGS__}, 1e-6);                                                      \
    optic_array_drop(core, check_a);                                                                                   \
  } while (0)

/* Applies, and drops the inputs. */
static inline Array *use1(Core *core, OpId op, Array *a, const Attr *attr)
{
  Array *out = optic_apply1(core, op, a, attr);
  optic_array_drop(core, a);
  return out;
}

static inline Array *use2(Core *core, OpId op, Array *a, Array *b, const Attr *attr)
{
  Array *out = optic_apply2(core, op, a, b, attr);
  optic_array_drop(core, a);
  optic_array_drop(core, b);
  return out;
}

/* ---- derivatives against differences ----------------------------------------------------------------------------- */
typedef struct Function Function;
/* A new reference, or NULL with the fault set; `in` is borrowed. */
typedef Array *Body(Core *core, const Function *f, Array *const *in);
struct Function {
  Body *body;
  size_t count;
  OpId op;
  Attr attr;
  const Function *inner; /* for functions of functions */
};

static inline Array *apply_body(Core *core, const Function *f, Array *const *in)
{
  return optic_apply(core, f->op, in, f->count, &f->attr, 0);
}

/* sum(w * f(in)) with weights that depend on the place only. */
static inline Array *weighted(Core *core, const Function *f, Array *const *in)
{
  Array *y = f->body(core, f, in), *w = NULL, *product = NULL, *sum = NULL;
  if (y) {
    w = optic_array_new(core, DT_F64, &y->shape);
  }
  for (size_t i = 0; w && i < w->count; i++) {
    optic_array_set(w, i, 0.7 + 0.31 * (double)(i % 7) - 0.17 * (double)(i % 3));
  }
  if (w) {
    product = optic_apply2(core, G_mul, w, y, NULL);
  }
  if (product) {
    sum = optic_apply1(core, G_sum, product, NULL);
  }
  optic_array_drop(core, y);
  optic_array_drop(core, w);
  optic_array_drop(core, product);
  return sum;
}

enum { KIT_INPUTS = 4 };

/* Gradients of weighted(f); false with the fault set. */
static inline bool gradients(Core *core, const Function *f, Array *const *in, Array **grads)
{
  unsigned level;
  if (!optic_grad_begin(core, &level)) {
    return false;
  }
  Array *own[KIT_INPUTS] = {NULL}, *floats[KIT_INPUTS];
  size_t count = 0;
  bool made = true;
  for (size_t k = 0; k < f->count && made; k++) {
    bool real = optic_dtype_is_float((Dtype)in[k]->dtype);
    own[k] = real ? optic_grad_input(core, level, in[k]) : optic_array_keep(in[k]);
    made = own[k] != NULL;
    if (real) {
      floats[count++] = own[k];
    }
  }
  Array *y = made ? weighted(core, f, own) : NULL;
  bool done = y && optic_grad_backward(core, level, y, floats, count, grads);
  optic_grad_end(core, level);
  optic_array_drop(core, y);
  for (size_t k = 0; k < f->count; k++) {
    optic_array_drop(core, own[k]);
  }
  for (size_t i = 0; i < count && done; i++) {
    Array *out = optic_grad_detach(core, level, grads[i]);
    optic_array_drop(core, grads[i]);
    grads[i] = out;
    assert_non_null(out);
  }
  return done;
}

/* The sum of all gradients' elements, weighted: a function whose gradient is a second derivative. */
static inline Array *gradient_body(Core *core, const Function *f, Array *const *in)
{
  Array *grads[KIT_INPUTS], *total = NULL;
  size_t count = 0;
  if (!gradients(core, f->inner, in, grads)) {
    return NULL;
  }
  for (size_t k = 0; k < f->count; k++) {
    count += optic_dtype_is_float((Dtype)in[k]->dtype);
  }
  for (size_t i = 0; i < count; i++) {
    Array *square = optic_apply1(core, G_square, grads[i], NULL);
    Array *part = square ? optic_apply1(core, G_sum, square, NULL) : NULL;
    optic_array_drop(core, square);
    optic_array_drop(core, grads[i]);
    Array *sum = part && total ? optic_apply2(core, G_add, total, part, NULL) : NULL;
    if (i == 0) {
      total = part;
    } else {
      optic_array_drop(core, part);
      optic_array_drop(core, total);
      total = sum;
    }
  }
  return total;
}

static inline double value_of(Core *core, const Function *f, Array *const *in)
{
  Array *y = ok(core, weighted(core, f, in));
  double x = optic_array_get(y, 0);
  optic_array_drop(core, y);
  return x;
}

/* Gradients of sum(w * f) by optic_grad_backward and by central differences; inputs in f64. */
static inline void check_gradient(Core *core, const Function *f, Array *const *in, double tolerance)
{
  Array *grads[KIT_INPUTS];
  size_t g = 0;
  if (!gradients(core, f, in, grads)) {
    fail_msg("%s: %s (%s)", optic_op_info(f->op)->name, core->fault.message, core->fault.hint);
  }
  for (size_t k = 0; k < f->count; k++) {
    if (!optic_dtype_is_float((Dtype)in[k]->dtype)) {
      continue;
    }
    assert_int_equal(grads[g]->dtype, in[k]->dtype);
    assert_true(optic_shape_equal(&grads[g]->shape, &in[k]->shape));
    for (size_t i = 0; i < in[k]->count; i++) {
      double x = optic_array_get(in[k], i), h = 1e-5;
      optic_array_set(in[k], i, x + h);
      double up = value_of(core, f, in);
      optic_array_set(in[k], i, x - h);
      double down = value_of(core, f, in);
      optic_array_set(in[k], i, x);
      double slope = (up - down) / (2 * h), have = optic_array_get(grads[g], i);
      if (!(fabs(have - slope) <= tolerance * (1 + fabs(slope)))) {
        fail_msg("%s: derivative %zu of input %zu is %.12g, and the difference %.12g", optic_op_info(f->op)->name, i, k,
                 have, slope);
      }
    }
    optic_array_drop(core, grads[g++]);
  }
}

/* The same for the function, and for the squared length of its gradient. */
static inline void check_twice(Core *core, const Function *f, Array *const *in)
{
  check_gradient(core, f, in, 1e-6);
  Function second = {.body = gradient_body, .count = f->count, .op = f->op, .inner = f};
  check_gradient(core, &second, in, 1e-4);
}

#endif
