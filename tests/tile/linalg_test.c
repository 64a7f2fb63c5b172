/* linalg_test.c: decompositions put together again, orthogonality, signs and order; singular, zero, tiny, huge and NaN
 * matrices end, inside exactly the scratch memory that was asked for.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tile/linalg.h"

enum { SIDE = 80, ALL = SIDE * SIDE };
static double a[ALL], b[ALL], c[ALL], u[ALL], vt[ALL], s[SIDE];

static double any(void)
{
  return 2.0 * rand() / RAND_MAX - 1.0;
}
static void fill(double *x, size_t n, double scale)
{
  for (size_t i = 0; i < n; i++) {
    x[i] = any() * scale;
  }
}
static double most(const double *x, size_t n)
{
  double best = 0.0;
  for (size_t i = 0; i < n; i++) {
    best = fabs(x[i]) > best || isnan(x[i]) ? fabs(x[i]) : best;
  }
  return best;
}
/* The greatest |p q - r|, where p is [m, k], q [k, n] and r [m, n]. */
static double residual(const double *p, const double *q, const double *r, size_t m, size_t k, size_t n)
{
  double worst = 0.0;
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      long double sum = -r[i * n + j];
      for (size_t l = 0; l < k; l++) {
        sum += (long double)p[i * k + l] * q[l * n + j];
      }
      worst = fabs((double)sum) > worst || isnan((double)sum) ? fabs((double)sum) : worst;
    }
  }
  return worst;
}
/* The greatest |x^t x - 1| over the columns of x[m, k]. */
static double skew(const double *x, size_t m, size_t k)
{
  double worst = 0.0;
  for (size_t i = 0; i < k; i++) {
    for (size_t j = 0; j < k; j++) {
      long double sum = i == j ? -1.0 : 0.0;
      for (size_t l = 0; l < m; l++) {
        sum += (long double)x[l * k + i] * x[l * k + j];
      }
      worst = fabs((double)sum) > worst || isnan((double)sum) ? fabs((double)sum) : worst;
    }
  }
  return worst;
}
static double skew_rows(const double *x, size_t k, size_t n)
{
  static double t[ALL];
  for (size_t i = 0; i < k; i++) {
    for (size_t j = 0; j < n; j++) {
      t[j * k + i] = x[i * n + j];
    }
  }
  return skew(t, n, k);
}

static double *scratch(size_t m, size_t n)
{
  return malloc(optic_linalg_scratch(m, n) * sizeof(double));
}

/* Matrices of many kinds. */
enum { KINDS = 9 };
static void make(double *x, size_t m, size_t n, int kind)
{
  fill(x, m * n, kind == 3 ? 1e-300 : kind == 4 ? 1e300 : 1.0);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      double *y = &x[i * n + j];
      *y = kind == 1   ? 0.0
           : kind == 2 ? (double)(i + 1) * (double)(j + 1)                  /* rank 1 */
           : kind == 5 ? (i == j ? 2.0 : 0.0)                               /* all singular values alike */
           : kind == 6 ? 1.0 / (double)(i + j + 1)                          /* Hilbert */
           : kind == 7 ? *y * pow(10.0, -(double)j)                         /* graded */
           : kind == 8 ? (i / 2 == j / 2 ? (i % 2 == j % 2 ? 1 : -1) : 0.0) /* many zeros */
                       : *y;
    }
  }
}

static const size_t shapes[][2] = {{1, 1},   {2, 2},   {3, 3},   {4, 3}, {3, 4}, {10, 10},
                                   {50, 20}, {20, 50}, {33, 32}, {1, 7}, {7, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void test_qr(void **state)
{
  (void)state;
  for (size_t i = 0; i < SHAPES; i++) {
    size_t m = shapes[i][0], n = shapes[i][1], k = m < n ? m : n;
    double *w = scratch(m, n);
    for (int kind = 0; kind < KINDS; kind++) {
      make(a, m, n, kind);
      optic_linalg_qr(u, vt, a, m, n, w);
      assert_true(residual(u, vt, a, m, k, n) <= 1e-14 * (double)m * most(a, m * n));
      assert_true(skew(u, m, k) <= 1e-14 * (double)m);
      for (size_t r = 0; r < k; r++) {
        for (size_t q = 0; q < r; q++) {
          assert_true(vt[r * n + q] == 0.0);
        }
      }
    }
    free(w);
  }
  /* LAPACK's signs, through numpy.linalg.qr */
  const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 10};
  const double r[] = {
      -8.124038404635959, -9.601136296387955, -11.939874624995277, 0, 0.9045340337332927, 1.5075567228888205, 0, 0,
      0.4082482904638626};
  double *w = scratch(3, 3);
  optic_linalg_qr(u, vt, x, 3, 3, w);
  for (size_t i = 0; i < 9; i++) {
    assert_true(fabs(vt[i] - r[i]) < 1e-13);
  }
  free(w);
}

static void test_solve(void **state)
{
  (void)state;
  for (size_t n = 1; n < 40; n += 3) {
    double *w = scratch(n, n);
    fill(a, n * n, 1.0);
    fill(b, n * 5, 1.0);
    assert_true(optic_linalg_solve(c, a, b, n, 5, w));
    assert_true(residual(a, c, b, n, n, 5) < 1e-11 * (1.0 + most(c, n * 5)));
    assert_true(optic_linalg_inv(c, a, n, w));
    memset(b, 0, sizeof b);
    for (size_t i = 0; i < n; i++) {
      b[i * n + i] = 1.0;
    }
    assert_true(residual(a, c, b, n, n, n) < 1e-11 * (1.0 + most(c, n * n)));
    make(a, n, n, 1);
    assert_false(optic_linalg_inv(c, a, n, w));
    assert_false(isfinite(c[0]));
    a[0] = NAN;
    optic_linalg_inv(c, a, n, w);
    /* b b^t + 1 = l l^t */
    fill(b, n * n, 1.0);
    for (size_t i = 0; i < n * n; i++) {
      a[i] = i / n == i % n ? 1.0 : 0.0;
      for (size_t k = 0; k < n; k++) {
        a[i] += b[i / n * n + k] * b[i % n * n + k];
      }
    }
    assert_true(optic_linalg_cholesky(c, a, n));
    for (size_t i = 0; i < n * n; i++) {
      vt[i % n * n + i / n] = c[i];
    }
    assert_true(residual(c, vt, a, n, n, n) < 1e-12 * most(a, n * n));
    a[n * n - 1] = -1.0;
    assert_false(optic_linalg_cholesky(c, a, n));
    free(w);
  }
}

static void test_eigh(void **state)
{
  (void)state;
  static const size_t sizes[] = {1, 2, 3, 5, 10, 33, 70};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    size_t n = sizes[i];
    double *w = scratch(n, n);
    for (int kind = 0; kind < KINDS; kind++) {
      make(b, n, n, kind);
      for (size_t e = 0; e < n * n; e++) {
        a[e] = 0.5 * b[e] + 0.5 * b[e % n * n + e / n];
      }
      assert_true(optic_linalg_eigh(s, u, a, n, w));
      assert_true(skew(u, n, n) <= 1e-14 * (double)n);
      for (size_t e = 0; e < n * n; e++) {
        c[e] = u[e] * s[e % n]; /* u diag(s) */
        vt[e % n * n + e / n] = u[e];
      }
      assert_true(residual(c, vt, a, n, n, n) <= 1e-14 * (double)n * most(a, n * n));
      for (size_t e = 1; e < n; e++) {
        assert_true(s[e - 1] <= s[e]);
      }
    }
    a[n * n / 2] = INFINITY;
    assert_false(optic_linalg_eigh(s, u, a, n, w));
    assert_true(isnan(s[0]) && isnan(u[n * n - 1]));
    free(w);
  }
}

static void test_svd(void **state)
{
  (void)state;
  for (size_t i = 0; i < SHAPES; i++) {
    size_t m = shapes[i][0], n = shapes[i][1], k = m < n ? m : n;
    double *w = scratch(m, n);
    for (int kind = 0; kind < KINDS; kind++) {
      make(a, m, n, kind);
      assert_true(optic_linalg_svd(u, s, vt, a, m, n, w));
      assert_true(skew(u, m, k) <= 1e-13 * (double)m);
      assert_true(skew_rows(vt, k, n) <= 1e-13 * (double)n);
      for (size_t e = 0; e < m * k; e++) {
        c[e] = u[e] * s[e % k];
      }
      assert_true(residual(c, vt, a, m, k, n) <= 2e-14 * (double)(m + n) * most(a, m * n));
      for (size_t e = 0; e < k; e++) {
        assert_true(s[e] >= 0.0 && (e == 0 || s[e] <= s[e - 1]));
      }
    }
    a[m * n / 2] = NAN;
    assert_false(optic_linalg_svd(u, s, vt, a, m, n, w));
    assert_true(isnan(s[0]) && isnan(u[0]) && isnan(vt[k * n - 1]));
    free(w);
  }
}

int main(void)
{
  srand(17);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_qr),
      cmocka_unit_test(test_solve),
      cmocka_unit_test(test_eigh),
      cmocka_unit_test(test_svd),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
