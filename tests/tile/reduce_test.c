/* reduce_test.c: reductions and cumulative sums against long double loops, in every layout and at every level; their
 * accuracy on long and hostile input; NaN, infinities, nothing at all.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tile/tile.h"

static double at(TileType t, const void *p, size_t i)
{
  switch (t) {
  case T_BOOL:
    return ((const uint8_t *)p)[i];
  case T_I32:
    return ((const int32_t *)p)[i];
  case T_F32:
    return (double)((const float *)p)[i];
  default:
    return ((const double *)p)[i];
  }
}
static void put(TileType t, void *p, size_t i, double x)
{
  switch (t) {
  case T_BOOL:
    ((uint8_t *)p)[i] = x > 0.0;
    break;
  case T_I32:
    ((int32_t *)p)[i] = (int32_t)x;
    break;
  case T_F32:
    ((float *)p)[i] = (float)x;
    break;
  default:
    ((double *)p)[i] = x;
  }
}

/* The reduction of n numbers that are `stride` apart, the slow way. */
static double slow(TileReduce op, TileType t, const void *in, size_t first, size_t stride, size_t n)
{
  long double sum = op == RED_PROD || op == RED_ALL ? 1.0L : 0.0L;
  double best = op == RED_MAX ? -INFINITY : INFINITY;
  size_t where = 0;
  for (size_t i = 0; i < n; i++) {
    double x = at(t, in, first + i * stride), b = n > 0 ? at(t, in, first + where * stride) : 0.0;
    switch (op) {
    case RED_SUM:
      sum += x;
      break;
    case RED_PROD:
      sum *= x;
      break;
    case RED_SUM_SQUARES:
      sum += (long double)x * x;
      break;
    case RED_ANY:
      sum = sum != 0.0L || x != 0.0;
      break;
    case RED_ALL:
      sum = sum != 0.0L && x != 0.0;
      break;
    case RED_MAX:
      best = isnan(x) || x > best ? x : best;
      break;
    case RED_MIN:
      best = isnan(x) || x < best ? x : best;
      break;
    case RED_ARGMAX:
      where = (isnan(x) && !isnan(b)) || x > b ? i : where;
      break;
    default:
      where = (isnan(x) && !isnan(b)) || x < b ? i : where;
    }
  }
  return op == RED_MAX || op == RED_MIN ? best : op == RED_ARGMAX || op == RED_ARGMIN ? (double)where : (double)sum;
}

static bool has(TileReduce op, TileType t)
{
  switch (op) {
  case RED_SUM:
  case RED_PROD:
    return t != T_BOOL;
  case RED_ANY:
  case RED_ALL:
    return t == T_BOOL;
  case RED_SUM_SQUARES:
    return t >= T_F32;
  default:
    return true;
  }
}
static TileType result_of(TileReduce op, TileType t)
{
  return op == RED_ARGMAX || op == RED_ARGMIN ? T_I32 : op == RED_SUM_SQUARES ? T_F64 : t;
}

static void one(TileReduce op, TileType t, size_t outer, size_t n, size_t inner, bool poison)
{
  static unsigned char in[8 * 20000], out[8 * 4000], first[8 * 4000];
  for (size_t i = 0; i < outer * n * inner; i++) {
    double x = op == RED_PROD && t == T_I32 ? (rand() % 2 ? 1 : 3)
               : op == RED_PROD             ? 0.9 + 0.2 * rand() / RAND_MAX
                                            : rand() % 41 - 20;
    put(t, in, i, op == RED_ALL ? rand() % 50 : x);
    if (poison && t >= T_F32 && rand() % 10 == 0) {
      put(t, in, i, NAN);
    }
  }
  TileType to = result_of(op, t);
  for (size_t l = 0; optic_tile_level(l); l++) {
    memset(out, 0xA5, sizeof out);
    optic_tile_level(l)->reduce(op, t, out, in, outer, n, inner);
    for (size_t i = outer * inner * optic_tile_size(to); i < sizeof out; i++) {
      assert_int_equal(out[i], 0xA5);
    }
    for (size_t o = 0; o < outer * inner; o++) {
      double want = slow(op, t, in, o / inner * n * inner + o % inner, inner, n), got = at(to, out, o);
      if (op == RED_PROD && t == T_I32) {
        uint32_t p = 1;
        for (size_t i = 0; i < n; i++) {
          p *= (uint32_t)at(t, in, o / inner * n * inner + o % inner + i * inner);
        }
        want = (double)(int32_t)p;
      }
      double slack = op == RED_PROD && t >= T_F32 ? fabs(want) * (t == T_F32 ? 6e-8 : 1e-13) : 0.0;
      if (!(fabs(got - want) <= slack || (isnan(got) && isnan(want)))) {
        print_error("reduction %d, type %d, [%zu, %zu, %zu]: %.17g, not %.17g\n", (int)op, (int)t, outer, n, inner, got,
                    want);
        fail();
      }
    }
    if (l == 0) {
      memcpy(first, out, sizeof out);
    } else if (!poison) {
      assert_memory_equal(first, out, outer * inner * optic_tile_size(to));
    }
  }
}

static void test_layouts(void **state)
{
  (void)state;
  static const size_t layouts[][3] = {{1, 1, 1},    {1, 17, 1}, {3, 33, 1}, {5, 100, 1},  {1, 5000, 1},
                                      {2, 8200, 1}, {1, 7, 3},  {4, 9, 11}, {2, 13, 129}, {1, 5000, 3},
                                      {3, 1, 5},    {0, 5, 2},  {2, 5, 0},  {40, 10, 10}};
  srand(3);
  for (int op = 0; op < RED_COUNT; op++) {
    for (int t = 0; t < T_COUNT; t++) {
      for (size_t i = 0; has((TileReduce)op, (TileType)t) && i < sizeof layouts / sizeof *layouts; i++) {
        one((TileReduce)op, (TileType)t, layouts[i][0], layouts[i][1], layouts[i][2], false);
        if (op >= RED_MAX && op != RED_SUM_SQUARES) {
          one((TileReduce)op, (TileType)t, layouts[i][0], layouts[i][1], layouts[i][2], true);
        }
      }
    }
  }
}

static void test_nothing(void **state)
{
  (void)state;
  const TileTable *t = optic_tile_choose(NULL);
  for (size_t inner = 1; inner < 3; inner++) {
    float f[2];
    int32_t i[2];
    uint8_t b[2];
    t->reduce(RED_SUM, T_F32, f, f, 1, 0, inner);
    assert_true(f[0] == 0.0f && !signbit(f[0]));
    t->reduce(RED_PROD, T_F32, f, f, 1, 0, inner);
    assert_true(f[0] == 1.0f);
    t->reduce(RED_MAX, T_F32, f, f, 1, 0, inner);
    assert_true(f[0] == -INFINITY);
    t->reduce(RED_MIN, T_I32, i, i, 1, 0, inner);
    assert_int_equal(i[0], INT32_MAX);
    t->reduce(RED_ALL, T_BOOL, b, b, 1, 0, inner);
    assert_int_equal(b[0], 1);
    t->reduce(RED_ANY, T_BOOL, b, b, 1, 0, inner);
    assert_int_equal(b[0], 0);
    t->reduce(RED_ARGMAX, T_F32, i, f, 1, 0, inner);
    assert_int_equal(i[0], 0);
  }
}

/* A sum that keeps what each addition loses (Neumaier). No long double: valgrind computes it as a double. */
typedef struct Exact {
  double sum, lost;
} Exact;

static void exact_add(Exact *e, double x)
{
  double sum = e->sum + x;
  e->lost += fabs(e->sum) >= fabs(x) ? (e->sum - sum) + x : (x - sum) + e->sum;
  e->sum = sum;
}

static double exact(const Exact *e)
{
  return e->sum + e->lost;
}

static void test_accuracy(void **state)
{
  (void)state;
  enum { N = 1 << 20 };
  float *f = malloc(N * sizeof *f);
  double *d = malloc(N * sizeof *d);
  const TileTable *t = optic_tile_choose(NULL);
  for (size_t inner = 1; inner <= 4; inner += 3) {
    Exact sum = {0, 0}, squares = {0, 0}, dsum = {0, 0};
    srand(5);
    for (size_t i = 0; i < N; i++) {
      f[i] = (float)rand() / (float)RAND_MAX;
      d[i] = (double)rand() / RAND_MAX;
      if (i % inner == 0) {
        exact_add(&sum, (double)f[i]);
        exact_add(&squares, (double)f[i] * (double)f[i]); /* exact: twice 24 bits */
        exact_add(&dsum, d[i]);
      }
    }
    float got[4];
    double square[4], dgot[4];
    t->reduce(RED_SUM, T_F32, got, f, 1, N / inner, inner);
    assert_true(got[0] == (float)exact(&sum));
    t->reduce(RED_SUM_SQUARES, T_F32, square, f, 1, N / inner, inner);
    assert_true(fabs(square[0] / exact(&squares) - 1.0) < 1e-14);
    t->reduce(RED_SUM, T_F64, dgot, d, 1, N / inner, inner);
    assert_true(fabs(dgot[0] / exact(&dsum) - 1.0) < 2e-15);
    /* what f32 alone would lose */
    for (size_t i = 0; i < N; i++) {
      f[i] = i % 2 ? 1e20f : 1e-30f;
    }
    t->reduce(RED_SUM_SQUARES, T_F32, square, f, 1, 2, 1);
    assert_true(fabs(square[0] / 1e40 - 1.0) < 1e-6);
    /* infinities survive the correction terms */
    for (size_t i = 0; i < 8; i++) {
      d[i] = i == 2 ? INFINITY : 1.0;
    }
    t->reduce(RED_SUM, T_F64, dgot, d, 1, 8, 1);
    assert_true(dgot[0] == INFINITY);
    t->reduce(RED_SUM, T_F64, dgot, d, 1, 4, 2);
    assert_true(dgot[0] == INFINITY && dgot[1] == 4.0);
  }
  free(f);
  free(d);
}

static void test_cumsum(void **state)
{
  (void)state;
  enum { OUTER = 3, N = 21, INNER = 133, ALL = OUTER * N * INNER };
  static int32_t i32[ALL], i_out[ALL];
  static float f32[ALL], f_out[ALL];
  static double f64[ALL], d_out[ALL];
  for (size_t i = 0; i < ALL; i++) {
    i32[i] = (int32_t)(i % 17) - 8;
    f32[i] = (float)i32[i];
    f64[i] = i32[i];
  }
  for (size_t l = 0; optic_tile_level(l); l++) {
    for (int mode = 0; mode < 4; mode++) {
      const TileTable *t = optic_tile_level(l);
      const bool reverse = mode & 1;
      const size_t inner = mode & 2 ? 1 : INNER, n = mode & 2 ? INNER * N : N;
      t->cumsum(T_I32, i_out, i32, OUTER, n, inner, reverse);
      t->cumsum(T_F32, f_out, f32, OUTER, n, inner, reverse);
      memcpy(d_out, f64, sizeof f64);
      t->cumsum(T_F64, d_out, d_out, OUTER, n, inner, reverse); /* in place */
      for (size_t o = 0; o < OUTER; o++) {
        for (size_t k = 0; k < inner; k++) {
          int32_t sum = 0;
          for (size_t i = 0; i < n; i++) {
            size_t here = (o * n + (reverse ? n - 1 - i : i)) * inner + k;
            sum += i32[here];
            assert_int_equal(i_out[here], sum);
            assert_true(f_out[here] == (float)sum && d_out[here] == sum);
          }
        }
      }
    }
  }
}

static void test_transpose(void **state)
{
  (void)state;
  static uint64_t in[37 * 50], out[37 * 50];
  for (size_t i = 0; i < sizeof in; i++) {
    ((unsigned char *)in)[i] = (unsigned char)(i * 31 + i / 256);
  }
  for (size_t l = 0; optic_tile_level(l); l++) {
    for (size_t size = 1; size <= 8; size *= 2) {
      optic_tile_level(l)->transpose(size, out, in, 37, 50);
      for (size_t i = 0; i < 37 * 50; i++) {
        assert_memory_equal((unsigned char *)out + (i % 50 * 37 + i / 50) * size, (unsigned char *)in + i * size, size);
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_layouts), cmocka_unit_test(test_nothing),   cmocka_unit_test(test_accuracy),
      cmocka_unit_test(test_cumsum),  cmocka_unit_test(test_transpose),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
