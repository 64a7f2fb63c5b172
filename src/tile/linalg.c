/* linalg.c: QR, LU, Cholesky, symmetric eigenvalues and singular values. See linalg.h.
 *
 * Textbook methods, arranged so that inner loops run along rows: Householder reflections (G. Golub, C. Van Loan,
 * "Matrix Computations", 5.1), tridiagonal QL with implicit shifts (8.3), one-sided Jacobi rotations (8.6).
 * Loops that iterate to convergence have a bound.
 * SPDX-License-Identifier: MIT */
#include "tile/linalg.h"

#include <float.h>
#include <math.h>
#include <string.h>

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#endif
#define SIMD _Pragma("omp simd")

size_t optic_linalg_scratch(size_t m, size_t n)
{
  size_t big = m > n ? m : n, small = m > n ? n : m;
  return 5 * big * small + 4 * small * small + 8 * big + 8;
}

/* ---- rows ---- */

static double dot(const double *x, const double *y, size_t n)
{
  double part[8] = {0};
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    SIMD for (size_t j = 0; j < 8; j++)
    {
      part[j] += x[i + j] * y[i + j];
    }
  }
  double sum = ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
  for (; i < n; i++) {
    sum += x[i] * y[i];
  }
  return sum;
}
/* y += f * x */
static void add_times(double *y, double f, const double *x, size_t n)
{
  SIMD for (size_t i = 0; i < n; i++)
  {
    y[i] += f * x[i];
  }
}
/* (x, y) := (c x - s y, s x + c y) */
static void turn(double *x, double *y, double c, double s, size_t n)
{
  SIMD for (size_t i = 0; i < n; i++)
  {
    double a = x[i], b = y[i];
    x[i] = c * a - s * b;
    y[i] = s * a + c * b;
  }
}
static void transpose(double *out, const double *in, size_t m, size_t n)
{
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      out[j * m + i] = in[i * n + j];
    }
  }
}
static void fill(double *x, double value, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    x[i] = value;
  }
}
/* The greatest |x|, or NaN if a number is NaN or infinite. */
static double greatest(const double *x, size_t n)
{
  double most = 0.0, poison = 0.0;
  for (size_t i = 0; i < n; i++) {
    double a = fabs(x[i]);
    most = a > most ? a : most;
    poison += x[i] - x[i]; /* 0, or NaN */
  }
  return poison == 0.0 ? most : (double)NAN;
}
/* A power of two near `most`, to divide by without rounding; 1 for 0. */
static double power_near(double most)
{
  int exponent = 0;
  frexp(most, &exponent);
  exponent = exponent > 1000 ? 1000 : exponent < -1000 ? -1000 : exponent;
  return most > 0.0 ? ldexp(1.0, exponent) : 1.0;
}

/* ---- Householder reflections: H = 1 - tau v v^T with v[0] = 1 ---- */

/* Finds H with H x = (beta, 0 ..), overwrites x with v, and returns tau. LAPACK's choice: beta has the sign opposite to
 * x[0]'s, and H is 1 where there is nothing to do. */
static double reflector(double *x, size_t n, double *beta)
{
  double first = x[0];
  double most = 0.0;
  for (size_t i = 1; i < n; i++) {
    double a = fabs(x[i]);
    most = a > most || a != a ? a : most;
  }
  x[0] = 1.0;
  if (most == 0.0) {
    *beta = first;
    return 0.0;
  }
  double unit = power_near(most > fabs(first) ? most : fabs(first));
  double sum = (first / unit) * (first / unit);
  for (size_t i = 1; i < n; i++) {
    sum += (x[i] / unit) * (x[i] / unit);
  }
  *beta = -copysign(sqrt(sum) * unit, first);
  double under = first - *beta;
  for (size_t i = 1; i < n; i++) {
    x[i] /= under;
  }
  return (*beta - first) / *beta;
}
/* a := H a for the rows and columns of a[rows, cols] (rows `stride` apart); `work` has cols. */
static void reflect(double *a, size_t rows, size_t cols, size_t stride, const double *v, double tau, double *work)
{
  if (tau == 0.0) {
    return;
  }
  fill(work, 0.0, cols);
  for (size_t i = 0; i < rows; i++) {
    add_times(work, v[i], a + i * stride, cols);
  }
  for (size_t i = 0; i < rows; i++) {
    add_times(a + i * stride, -tau * v[i], work, cols);
  }
}

void optic_linalg_qr(double *q, double *r, const double *a, size_t m, size_t n, double *scratch)
{
  const size_t k = m < n ? m : n;
  double *full = scratch, *vs = full + m * n, *tau = vs + k * m, *work = tau + k;
  memcpy(full, a, m * n * sizeof *full);
  for (size_t j = 0; j < k; j++) {
    double *v = vs + j * m;
    for (size_t i = j; i < m; i++) {
      v[i] = full[i * n + j];
    }
    double beta;
    tau[j] = reflector(v + j, m - j, &beta);
    full[j * n + j] = beta;
    reflect(full + j * n + j + 1, m - j, n - j - 1, n, v + j, tau[j], work);
  }
  for (size_t i = 0; i < k; i++) {
    for (size_t j = 0; j < n; j++) {
      r[i * n + j] = j < i ? 0.0 : full[i * n + j];
    }
  }
  fill(q, 0.0, m * k);
  for (size_t j = k; j-- > 0;) {
    q[j * k + j] = 1.0;
    reflect(q + j * k + j, m - j, k - j, k, vs + j * m + j, tau[j], work);
  }
}

/* ---- LU and Cholesky ---- */

static void swap_rows(double *x, double *y, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    double t = x[i];
    x[i] = y[i];
    y[i] = t;
  }
}

bool optic_linalg_solve(double *x, const double *a, const double *b, size_t n, size_t cols, double *scratch)
{
  double *lu = scratch;
  bool regular = true;
  memcpy(lu, a, n * n * sizeof *lu);
  if (x != b) {
    memcpy(x, b, n * cols * sizeof *x);
  }
  for (size_t j = 0; j < n; j++) {
    size_t pivot = j;
    for (size_t i = j + 1; i < n; i++) {
      if (fabs(lu[i * n + j]) > fabs(lu[pivot * n + j])) {
        pivot = i;
      }
    }
    if (pivot != j) {
      swap_rows(lu + j * n, lu + pivot * n, n);
      swap_rows(x + j * cols, x + pivot * cols, cols);
    }
    regular = regular && lu[j * n + j] != 0.0;
    for (size_t i = j + 1; i < n; i++) {
      double f = lu[i * n + j] / lu[j * n + j];
      add_times(lu + i * n + j + 1, -f, lu + j * n + j + 1, n - j - 1);
      add_times(x + i * cols, -f, x + j * cols, cols);
    }
  }
  for (size_t j = n; j-- > 0;) {
    for (size_t c = 0; c < cols; c++) {
      x[j * cols + c] /= lu[j * n + j];
    }
    for (size_t i = 0; i < j; i++) {
      add_times(x + i * cols, -lu[i * n + j], x + j * cols, cols);
    }
  }
  return regular;
}

bool optic_linalg_inv(double *x, const double *a, size_t n, double *scratch)
{
  fill(x, 0.0, n * n);
  for (size_t i = 0; i < n; i++) {
    x[i * n + i] = 1.0;
  }
  return optic_linalg_solve(x, a, x, n, n, scratch);
}

bool optic_linalg_cholesky(double *l, const double *a, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      if (j > i) {
        l[i * n + j] = 0.0;
        continue;
      }
      double rest = a[i * n + j] - dot(l + i * n, l + j * n, j);
      if (i == j && !(rest > 0.0)) {
        fill(l, (double)NAN, n * n);
        return false;
      }
      l[i * n + j] = i == j ? sqrt(rest) : rest / l[j * n + j];
    }
  }
  return true;
}

/* ---- symmetric eigenvalues ---- */

/* a := T with a = q T q^T, T tridiagonal with diagonal d and off-diagonal e[0 .. n-2]. vs has n*n, work 2*n. */
static void tridiagonal(double *a, double *q, double *d, double *e, size_t n, double *vs, double *work)
{
  double *tau = work, *p = work + n;
  for (size_t k = 0; k + 2 < n; k++) {
    size_t len = n - k - 1;
    double *v = vs + k * n + k + 1, *rest = a + (k + 1) * n + k + 1;
    for (size_t i = 0; i < len; i++) {
      v[i] = a[(k + 1 + i) * n + k];
    }
    tau[k] = reflector(v, len, &e[k]);
    /* rest := H rest H = rest - v w^T - w v^T, w = p - (tau / 2) (p . v) v, p = tau rest v */
    for (size_t i = 0; i < len; i++) {
      p[i] = tau[k] * dot(rest + i * n, v, len);
    }
    add_times(p, -0.5 * tau[k] * dot(p, v, len), v, len);
    for (size_t i = 0; i < len; i++) {
      add_times(rest + i * n, -v[i], p, len);
      add_times(rest + i * n, -p[i], v, len);
    }
  }
  for (size_t i = 0; i < n; i++) {
    d[i] = a[i * n + i];
  }
  if (n >= 2) {
    e[n - 2] = a[(n - 1) * n + n - 2];
  }
  fill(q, 0.0, n * n);
  for (size_t i = 0; i < n; i++) {
    q[i * n + i] = 1.0;
  }
  for (size_t k = n < 2 ? 0 : n - 2; k-- > 0;) {
    reflect(q + (k + 1) * n + k + 1, n - k - 1, n - k - 1, n, vs + k * n + k + 1, tau[k], p);
  }
}

/* Implicit QL on (d, e): d becomes the eigenvalues, and each row of z is turned along. False: it did not converge. */
static bool diagonalize(double *d, double *e, double *z, size_t n)
{
  e[n - 1] = 0.0;
  for (size_t l = 0; l < n; l++) {
    for (unsigned turns = 0;; turns++) {
      size_t m = l; /* the block l .. m does not decompose */
      while (m + 1 < n && fabs(e[m]) > DBL_EPSILON * (fabs(d[m]) + fabs(d[m + 1])) && fabs(e[m]) > DBL_MIN) {
        m++;
      }
      if (m == l) {
        break;
      }
      if (turns == 80) {
        return false;
      }
      double g = (d[l + 1] - d[l]) / (2.0 * e[l]);
      g = d[m] - d[l] + e[l] / (g + copysign(hypot(g, 1.0), g)); /* Wilkinson's shift */
      double s = 1.0, c = 1.0, p = 0.0;
      bool split = false;
      for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i], r = hypot(f, g);
        e[i + 1] = r;
        if (r == 0.0) { /* it decomposed on the way */
          d[i + 1] -= p;
          split = true;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2.0 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        turn(z + i * n, z + (i + 1) * n, c, s, n);
      }
      e[m] = 0.0;
      if (!split) {
        d[l] -= p;
        e[l] = g;
      }
    }
  }
  return true;
}

bool optic_linalg_eigh(double *w, double *v, const double *a, size_t n, double *scratch)
{
  if (n == 0) {
    return true;
  }
  double *t = scratch, *vs = t + n * n, *z = vs + n * n, *d = z + n * n, *e = d + n, *work = e + n;
  double most = greatest(a, n * n);
  double unit = power_near(most);
  bool fine = most == most;
  if (fine) {
    for (size_t i = 0; i < n; i++) {
      for (size_t j = 0; j < n; j++) {
        t[i * n + j] = 0.5 * (a[i * n + j] / unit + a[j * n + i] / unit);
      }
    }
    tridiagonal(t, v, d, e, n, vs, work);
    transpose(z, v, n, n);
    fine = diagonalize(d, e, z, n);
  }
  if (!fine) {
    fill(w, (double)NAN, n);
    fill(v, (double)NAN, n * n);
    return false;
  }
  for (size_t c = 0; c < n; c++) { /* the least of those left; n is small beside n * n */
    size_t least = c;
    for (size_t i = c + 1; i < n; i++) {
      least = d[i] < d[least] ? i : least;
    }
    if (least != c) {
      double x = d[c];
      d[c] = d[least];
      d[least] = x;
      swap_rows(z + c * n, z + least * n, n);
    }
    w[c] = d[c] * unit;
  }
  transpose(v, z, n, n);
  return true;
}

/* ---- singular values ---- */

/* Turns pairs of rows of w[n, n], and of v[n, n] along, until the rows of w are orthogonal. */
static void orthogonalize(double *w, double *v, size_t n)
{
  for (unsigned sweep = 0; sweep < 60; sweep++) {
    bool turned = false;
    for (size_t i = 0; i + 1 < n; i++) {
      for (size_t j = i + 1; j < n; j++) {
        double *x = w + i * n, *y = w + j * n;
        double xx = dot(x, x, n), yy = dot(y, y, n), xy = dot(x, y, n);
        if (fabs(xy) <= 4.0 * DBL_EPSILON * sqrt(xx) * sqrt(yy) || fabs(xy) < DBL_MIN) {
          continue;
        }
        turned = true;
        double zeta = (yy - xx) / (2.0 * xy);
        double t = copysign(1.0, zeta) / (fabs(zeta) + hypot(1.0, zeta));
        double c = 1.0 / sqrt(1.0 + t * t), s = c * t;
        turn(x, y, c, s, n);
        turn(v + i * n, v + j * n, c, s, n);
      }
    }
    if (!turned) {
      return;
    }
  }
}

/* Makes row `at` of u[.., n] a unit vector orthogonal to the rows before it, near what it holds if that is possible. */
static void complete_row(double *u, size_t at, size_t n)
{
  double *x = u + at * n;
  for (size_t axis = 0; axis <= n; axis++) {
    for (unsigned twice = 0; twice < 2; twice++) {
      for (size_t i = 0; i < at; i++) {
        add_times(x, -dot(x, u + i * n, n), u + i * n, n);
      }
    }
    double length = sqrt(dot(x, x, n));
    if (length > 0.5 / sqrt((double)n)) { /* some axis is at least 1 / sqrt(n) away from the others' span */
      for (size_t i = 0; i < n; i++) {
        x[i] /= length;
      }
      return;
    }
    fill(x, 0.0, n);
    if (axis < n) {
      x[axis] = 1.0;
    }
  }
}

bool optic_linalg_svd(double *u, double *s, double *vt, const double *a, size_t m, size_t n, double *scratch)
{
  const bool wide = m < n;
  const size_t rows = wide ? n : m, k = wide ? m : n;
  const double most = greatest(a, m * n);
  if (most != most) {
    fill(u, (double)NAN, m * k);
    fill(s, (double)NAN, k);
    fill(vt, (double)NAN, k * n);
    return false;
  }
  /* tall = q r; then r v = left diag(s), with the columns of r and v as rows of w and of v. */
  double *tall = scratch, *q = tall + rows * k, *r = q + rows * k, *w = r + k * k, *v = w + k * k, *rest = v + k * k;
  const double unit = power_near(most);
  if (wide) {
    transpose(tall, a, m, n);
  } else {
    memcpy(tall, a, m * n * sizeof *tall);
  }
  for (size_t i = 0; i < rows * k; i++) {
    tall[i] /= unit;
  }
  optic_linalg_qr(q, r, tall, rows, k, rest);
  transpose(w, r, k, k);
  fill(v, 0.0, k * k);
  for (size_t i = 0; i < k; i++) {
    v[i * k + i] = 1.0;
  }
  orthogonalize(w, v, k);
  for (size_t i = 0; i < k; i++) {
    s[i] = sqrt(dot(w + i * k, w + i * k, k));
  }
  for (size_t c = 0; c < k; c++) {
    size_t top = c;
    for (size_t i = c + 1; i < k; i++) {
      top = s[i] > s[top] ? i : top;
    }
    if (top != c) {
      double x = s[c];
      s[c] = s[top];
      s[top] = x;
      swap_rows(w + c * k, w + top * k, k);
      swap_rows(v + c * k, v + top * k, k);
    }
    double *x = w + c * k;
    if (s[c] > (double)k * DBL_EPSILON * s[0]) {
      for (size_t i = 0; i < k; i++) {
        x[i] /= s[c];
      }
    } else { /* nothing but rounding: any direction that is left */
      fill(x, 0.0, k);
      complete_row(w, c, k);
    }
  }
  /* Long side: the rows of q, seen along the rows of w. Short side: the rows of v. */
  for (size_t i = 0; i < rows; i++) {
    for (size_t c = 0; c < k; c++) {
      double x = dot(q + i * k, w + c * k, k);
      if (wide) {
        vt[c * n + i] = x;
      } else {
        u[i * k + c] = x;
      }
    }
  }
  if (wide) {
    transpose(u, v, k, k);
  } else {
    memcpy(vt, v, k * k * sizeof *vt);
  }
  for (size_t c = 0; c < k; c++) {
    s[c] *= unit;
  }
  return true;
}
