/* graph_test.c: the n-th request for memory fails, for every n, over operations and gradients: nothing leaks, no input
 * is changed, and what is tried again succeeds.
 * SPDX-License-Identifier: MIT */
#include "graph/kit.h"

typedef bool Scenario(Core *core, Array *const *in); /* false with the fault set and nothing owned */

static void sweep(Kit *kit, Scenario *run, Array *const *in, size_t count)
{
  Core *core = &kit->core;
  Array *copies[KIT_INPUTS];
  for (size_t k = 0; k < count; k++) {
    copies[k] = ok(core, optic_array_copy(core, in[k]));
  }
  optic_pool_trim(core);
  uint64_t before = core->alloc.used;
  bool done = false;
  uint64_t n = 0;
  for (n = 1; !done; n++) {
    assert_true(n < 100000);
    optic_fault_clear(&core->fault);
    kit->failing = (Failing){.at = n};
    done = run(core, in);
    bool failed = kit->failing.calls >= n;
    kit->failing = (Failing){0};
    if (!done && (!failed || core->fault.code != D_out_of_memory)) {
      fail_msg("request %d: %s", (int)n, core->fault.message);
    }
    assert_int_equal(core->recording, 0);
    assert_int_equal(core->grad_depth, 0);
    optic_pool_trim(core);
    assert_int_equal(core->alloc.used, before);
    for (size_t k = 0; k < count; k++) {
      assert_int_equal(in[k]->refs, 1);
      assert_memory_equal(in[k]->data, copies[k]->data, in[k]->count * optic_dtype_size((Dtype)in[k]->dtype));
    }
  }
  assert_true(n > 2);
  for (size_t k = 0; k < count; k++) {
    optic_array_drop(core, copies[k]);
  }
}

static bool finish(Core *core, Array *const *owned, size_t count, bool done)
{
  for (size_t i = 0; i < count; i++) {
    optic_array_drop(core, owned[i]);
  }
  return done;
}

/* relu(x @ w + b) through softmax cross entropy, and its gradient. */
static Array *perceptron_body(Core *core, const Function *f, Array *const *in)
{
  Array *own[8] = {NULL};
  (void)f;
  size_t n = 0;
  bool done = (own[n++] = optic_apply2(core, G_matmul, in[0], in[1], NULL)) &&
              (own[n++] = optic_apply2(core, G_add, own[0], in[2], NULL)) &&
              (own[n++] = optic_apply1(core, G_relu, own[1], NULL)) &&
              (own[n++] = optic_apply1(core, G_log_softmax, own[2], NULL)) &&
              (own[n++] = optic_apply1(core, G_sort, own[3], NULL)) &&
              (own[n++] = optic_apply(core, G_stack, (Array *[]){own[3], own[4]}, 2, &(Attr){.axis = 0}, 0)) &&
              (own[n++] = optic_apply1(core, G_var, own[5], &(Attr){.axis = 0}));
  Array *out = done ? optic_array_keep(own[n - 1]) : NULL;
  finish(core, own, n, done);
  return out;
}

static bool perceptron(Core *core, Array *const *in)
{
  Function f = {.body = perceptron_body, .count = 3};
  Array *grads[3];
  if (!gradients(core, &f, in, grads)) {
    optic_grad_end(core, 0);
    return false;
  }
  return finish(core, grads, 3, true);
}

static bool second(Core *core, Array *const *in)
{
  Function f = {.body = perceptron_body, .count = 3}, g = {.body = gradient_body, .count = 3, .inner = &f};
  Array *grads[3];
  if (!gradients(core, &g, in, grads)) {
    optic_grad_end(core, 0);
    return false;
  }
  return finish(core, grads, 3, true);
}

static bool decompositions(Core *core, Array *const *in)
{
  Array *own[12] = {NULL};
  bool done =
      optic_apply_svd(core, in[0], &own[0], &own[1], &own[2]) && optic_apply_qr(core, in[0], &own[3], &own[4]) &&
      (own[5] = optic_apply2(core, G_matmul, in[0], in[0], &(Attr){.flags = {true}})) &&
      optic_apply_eigh(core, own[5], &own[6], &own[7]) && (own[8] = optic_apply1(core, G_det, own[5], NULL)) &&
      (own[9] = optic_apply2(core, G_solve, own[5], own[7], &(Attr){.flags = {true}})) &&
      (own[10] = optic_apply1(core, G_inv, own[5], NULL)) && (own[11] = optic_apply1(core, G_cholesky, own[5], NULL));
  return finish(core, own, 12, done);
}

static bool mixture(Core *core, Array *const *in)
{
  Array *own[16] = {NULL};
  size_t n = 0;
  bool done = (own[n++] = optic_apply2(core, G_add, in[0], in[1], NULL)) && /* f32 and i32 */
              (own[n++] = optic_apply2(core, G_take, in[0], in[1], &(Attr){.axis = 0})) &&
              (own[n++] = optic_apply2(core, G_set_slice, in[0], in[1], &(Attr){.shape = in[0]->shape})) &&
              (own[n++] = optic_apply1(core, G_mean, in[1], NULL)) &&
              (own[n++] = optic_apply1(core, G_norm, in[1], NULL)) &&
              (own[n++] = optic_apply1(core, G_logsumexp, in[1], NULL)) &&
              (own[n++] = optic_apply1(core, G_argsort, in[0], NULL)) &&
              (own[n++] = optic_apply1(core, G_astype, in[0], &(Attr){.dtype = DT_BF16})) &&
              (own[n++] = optic_apply1(core, G_softmax, own[7], NULL)) &&
              (own[n++] = optic_apply(core, G_mul, (Array *[]){own[0], own[8]}, 2, NULL, 3)) &&
              (own[n++] = optic_apply1(core, G_tril, in[0], NULL)) &&
              (own[n++] = optic_apply1(core, G_u_sum_to, in[0], &(Attr){.shape = SHAPE_OF(1)})) &&
              (own[n++] = optic_apply1(core, G_one_hot, in[1], &(Attr){.dtype = DT_F32, .n = 3}));
  return finish(core, own, n, done);
}

#define SWEEP(name, run, ...)                                                                                          \
  static void name##_sweep(void **state)                                                                               \
  {                                                                                                                    \
    Kit *kit = *state;                                                                                                 \
    Array *in[] = {__VA_ARGS__};                                                                                       \
    const size_t count = sizeof in / sizeof *in;                                                                       \
    sweep(kit, run, in, count);                                                                                        \
    finish(&kit->core, in, count, true);                                                                               \
  }
#define FILL(t, ...) kit_fill(kit, t, SHAPE_OF(__VA_ARGS__), 0, 2)

SWEEP(gradient, perceptron, FILL(DT_F32, 6, 4), FILL(DT_F64, 4, 5), FILL(DT_F32, 5))
SWEEP(second, second, FILL(DT_F32, 2, 4), FILL(DT_F64, 4, 5), FILL(DT_F32, 5))
SWEEP(linear, decompositions, FILL(DT_F32, 5, 4))
SWEEP(mixture, mixture, FILL(DT_F32, 2, 2), FILL(DT_I32, 2, 2))

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
  const struct CMUnitTest tests[] = {TEST(gradient_sweep), TEST(second_sweep), TEST(linear_sweep), TEST(mixture_sweep)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
