/* matmul_test.c: matrix products in every shape that a block's edge can make, against a loop that rounds in the order
 * that tile.h promises: equal bits at every level, inside exactly the scratch memory that was asked for.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tile/tile.h"

static double at(TileType t, const void *p, size_t i)
{
  return t == T_I32 ? ((const int32_t *)p)[i] : t == T_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

/* One element, as promised. */
static double slow(TileType t, const void *a, const void *b, size_t i, size_t j, size_t m, size_t n, size_t k, bool ta,
                   bool tb)
{
  volatile float f = 0.0f;
  volatile double d = 0.0;
  uint32_t u = 0;
  for (size_t p = 0; p < k; p++) {
    size_t x = ta ? p * m + i : i * k + p, y = tb ? j * k + p : p * n + j;
    if (t == T_I32) {
      u += ((const uint32_t *)a)[x] * ((const uint32_t *)b)[y];
    } else if (t == T_F32) {
      volatile float one = ((const float *)a)[x] * ((const float *)b)[y];
      f = f + one;
    } else {
      volatile double one = ((const double *)a)[x] * ((const double *)b)[y];
      d = d + one;
    }
  }
  return t == T_I32 ? (double)(int32_t)u : t == T_F32 ? (double)f : d;
}

static void fill(TileType t, void *p, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    double x = (double)rand() / RAND_MAX - 0.5;
    if (t == T_I32) {
      ((int32_t *)p)[i] = rand() - RAND_MAX / 2;
    } else if (t == T_F32) {
      ((float *)p)[i] = (float)x;
    } else {
      ((double *)p)[i] = x;
    }
  }
}

static void product(TileType t, size_t m, size_t n, size_t k)
{
  const size_t size = optic_tile_size(t);
  void *a = malloc(m * k * size + 1), *b = malloc(k * n * size + 1);
  unsigned char *out = malloc(m * n * size + 16), *first = malloc(m * n * size + 16);
  fill(t, a, m * k);
  fill(t, b, k * n);
  for (int flags = 0; flags < 4; flags++) {
    const bool ta = flags & 1, tb = flags & 2;
    for (size_t l = 0; optic_tile_level(l); l++) {
      void *scratch = malloc(optic_tile_matmul_scratch(t, m, n, k)); /* exactly: a sanitizer sees the rest */
      memset(out, 0xA5, m * n * size + 16);
      optic_tile_level(l)->matmul(t, out, a, b, m, n, k, ta, tb, scratch);
      free(scratch);
      for (size_t i = 0; i < 16; i++) {
        assert_int_equal(out[m * n * size + i], 0xA5);
      }
      if (l > 0) {
        assert_memory_equal(out, first, m * n * size);
        continue;
      }
      memcpy(first, out, m * n * size);
      size_t step = m * n * k > 2000000 ? 97 : 1;
      for (size_t e = 0; e < m * n; e += step) {
        double want = slow(t, a, b, e / n, e % n, m, n, k, ta, tb);
        if (at(t, out, e) != want) {
          print_error("type %d, %zu x %zu x %zu, flags %d, element %zu: %.17g, not %.17g\n", (int)t, m, n, k, flags, e,
                      at(t, out, e), want);
          fail();
        }
      }
    }
  }
  free(a);
  free(b);
  free(out);
  free(first);
}

static void test_products(void **state)
{
  (void)state;
  static const size_t shapes[][3] = {
      {1, 1, 1},      {2, 3, 4},      {8, 32, 16},    {9, 33, 17},    {7, 31, 5},    {16, 16, 0},
      {0, 5, 3},      {5, 0, 3},      {128, 50, 784}, {784, 50, 128}, {128, 10, 50}, {50, 10, 128},
      {128, 50, 10},  {1, 300, 7},    {300, 1, 7},    {300, 7, 3},    {33, 2, 300},  {1, 1, 1000},
      {260, 40, 257}, {17, 1100, 20}, {1100, 3, 20},  {513, 5, 260},  {64, 64, 513},
  };
  srand(11);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    product(T_F32, shapes[i][0], shapes[i][1], shapes[i][2]);
    product(T_F64, shapes[i][0], shapes[i][1], shapes[i][2]);
    if (shapes[i][0] * shapes[i][1] * shapes[i][2] < 100000) {
      product(T_I32, shapes[i][0], shapes[i][1], shapes[i][2]);
    }
  }
  for (size_t i = 0; i < 60; i++) {
    product(i % 2 ? T_F32 : T_F64, 1 + (size_t)rand() % 70, 1 + (size_t)rand() % 70, 1 + (size_t)rand() % 40);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_products)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
