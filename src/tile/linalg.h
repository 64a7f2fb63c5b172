/* linalg.h: decompositions of dense matrices, in f64.
 *
 * Matrices are row-major and do not overlap. `scratch` has optic_linalg_scratch(m, n) doubles, where m and n are the
 * input's (n and n for square ones). Every function ends, whatever the numbers are; where an input is NaN or infinite,
 * results are NaN. k is min(m, n).
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_LINALG_H
#define OPTIC_TILE_LINALG_H

#include <stdbool.h>
#include <stddef.h>

/* In doubles; enough for each of the functions below. */
size_t optic_linalg_scratch(size_t m, size_t n);

/* a[m, n] = q[m, k] r[k, n]; q has orthonormal columns, r is upper triangular, signs as LAPACK's Householder QR. */
void optic_linalg_qr(double *q, double *r, const double *a, size_t m, size_t n, double *scratch);

/* a[n, n] x[n, cols] = b[n, cols], by LU with partial pivoting. False where a pivot is 0: x then has infinities and
 * NaNs, as in JAX. x may be b. */
bool optic_linalg_solve(double *x, const double *a, const double *b, size_t n, size_t cols, double *scratch);
bool optic_linalg_inv(double *x, const double *a, size_t n, double *scratch);

/* a[n, n] = l l^T with l lower triangular; only a's lower half is read. False, and l all NaN, unless a is positive
 * definite. */
bool optic_linalg_cholesky(double *l, const double *a, size_t n);

/* (a + a^T) / 2 = v diag(w) v^T; w ascending, eigenvectors in v's columns. False, and all NaN, for non-finite input. */
bool optic_linalg_eigh(double *w, double *v, const double *a, size_t n, double *scratch);

/* a[m, n] = u[m, k] diag(s) vt[k, n]; s descending, not negative; u's columns and vt's rows orthonormal. False, and all
 * NaN, for non-finite input. */
bool optic_linalg_svd(double *u, double *s, double *vt, const double *a, size_t m, size_t n, double *scratch);

#endif
