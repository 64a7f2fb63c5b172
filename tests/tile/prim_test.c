/* prim_test.c: every row of prim.def, for every type, at every ISA level of this machine: against the scalar form in
 * f64, with odd lengths, odd addresses, single operands, in place, and nothing written past the end.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tile/tile.h"

enum { MOST = 300, ROOM = (MOST + 16) * 8, GUARD = 0xA5 };

static uint64_t seed = 88172645463325252u;
static uint64_t next(void)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

/* A number of interest: an edge, or something random of some size. */
static double draw(size_t i)
{
  static const double edges[] = {
      0.0,    -0.0, 1.0,  -1.0,  0.5,    -0.5, 1.5,   2.5,  -2.5,  INFINITY, -INFINITY, NAN,      2.0,      3.0,  -3.0,
      1e-30,  1e30, 88.0, 89.0,  -104.0, 0.99, -0.99, 1e-8, 1e-42, 700.0,    1e10,      -1e-30,   16777217, 20.0, -20.,
      3.4e38, 0.75, 7.0,  -7.25, 0.3535, 1e5,  1e-4,  2e-4, -87.4, -0.7,     0.41,      0.999999, 128.0,    9.2};
  const size_t count = sizeof edges / sizeof *edges;
  if (i < count && i % 3 != 2) {
    return edges[(i * 7 + next() % 3) % count];
  }
  double u = (double)(next() >> 11) / 9007199254740992.0;
  double size[] = {1, 1, 3, 30, 1000};
  return (2.0 * u - 1.0) * size[next() % 5];
}

static double get(TileType t, const void *p, size_t i)
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
    ((int32_t *)p)[i] = isfinite(x) ? (int32_t)fmod(x, 1000.0) : 3;
    break;
  case T_F32:
    ((float *)p)[i] = (float)x;
    break;
  default:
    ((double *)p)[i] = x;
  }
}

/* Distance in units of the last place of f32. */
static double ulps(float x, double truth)
{
  float near = (float)truth;
  if (isnan(x) || isnan(near)) {
    return isnan(x) && isnan(near) ? 0.0 : INFINITY;
  }
  if (x == near) {
    return 0.0;
  }
  if (isinf(x) || isinf(near)) { /* rounding at the edge of the range */
    return fabs(truth) > 3.4028233e38 && fabs((double)x) > 3.4028233e38 && (x > 0) == (near > 0) ? 1.0 : INFINITY;
  }
  double unit = (double)(nextafterf(fabsf(near), INFINITY) - fabsf(near));
  return fabs((double)x - truth) / unit;
}

static double allowed_ulps(PrimId id, const double *in)
{
  if (id == P_erfinv) { /* 1 - x*x is rounded to f32 (see math.h) */
    return fabs(in[0]) < 0.9 ? 8.0 : fabs(in[0]) < 0.99 ? 32.0 : 1e5;
  }
  bool libm = id == P_tan || id == P_asin || id == P_acos || id == P_atan || id == P_atan2;
  return libm || id == P_rsqrt || id == P_floor_div ? 2.0 : 1.0;
}

static void check(PrimId id, TileType t, TileType result, const void *out, size_t i, const double *in)
{
  const PrimInfo *info = optic_tile_prim(id);
  double got = get(result, out, i), want = optic_tile_scalar(id, in);
  bool same = got == want || (isnan(got) && isnan(want));
  if (t == T_F32 && result == T_F32) {
    double off = ulps((float)got, want);
    same = off <= allowed_ulps(id, in);
  } else if (t == T_I32 && result == T_I32) {
    bool odd = (id == P_floor_div || id == P_mod) && in[1] == 0.0;
    odd = odd || (id == P_pow && (in[1] < 0.0 || fabs(want) > 1e15));
    same = odd || (int32_t)(uint32_t)(int64_t)want == (int32_t)got;
  }
  if (!same) {
    print_error("%s of type %d at %zu: (%.17g, %.17g, %.17g) -> %.17g, not %.17g\n", info->name, (int)t, i, in[0],
                in[1], in[2], got, want);
  }
  assert_true(same);
}

static TileType operand_type(PrimId id, TileType t, int k)
{
  return optic_tile_prim(id)->kind == PK_SELECT && k == 0 ? T_BOOL : t;
}

static void one_case(PrimId id, TileType t, size_t n, size_t offset, unsigned scalars)
{
  static _Alignas(64) unsigned char in[3][ROOM], out[ROOM], first[ROOM];
  const PrimInfo *info = optic_tile_prim(id);
  const TileType result = info->kind == PK_BOOL ? T_BOOL : t;
  void *at[3] = {NULL, NULL, NULL};
  for (int k = 0; k < info->arity; k++) {
    TileType tk = operand_type(id, t, k);
    at[k] = in[k] + offset * optic_tile_size(tk) * (size_t)(k + 1);
    for (size_t i = 0; i < n; i++) {
      put(tk, at[k], i, draw(i));
    }
  }
  for (size_t l = 0; optic_tile_level(l); l++) {
    const TileTable *table = optic_tile_level(l);
    TileFn *fn = table->prim[id][t];
    assert_non_null(fn);
    unsigned char *to = out + 8 + offset * optic_tile_size(result);
    memset(out, GUARD, sizeof out);
    fn(to, at[0], at[1], at[2], scalars, n);
    for (size_t b = 0; b < sizeof out; b++) {
      bool inside = out + b >= to && out + b < to + n * optic_tile_size(result);
      assert_true(inside || out[b] == GUARD);
    }
    for (size_t i = 0; i < n; i++) {
      double x[3] = {0, 0, 0};
      for (int k = 0; k < info->arity; k++) {
        x[k] = get(operand_type(id, t, k), at[k], scalars >> k & 1 ? 0 : i);
      }
      if (l == 0) {
        check(id, t, result, to, i, x);
      } else {
        double a = get(result, first, i), b = get(result, to, i);
        assert_true((isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b)));
      }
    }
    if (l == 0) {
      memcpy(first, to, n * optic_tile_size(result));
    }
    for (int k = 0; k < info->arity; k++) { /* in place of each operand of the same size, single ones too */
      TileType tk = operand_type(id, t, k);
      if (optic_tile_size(tk) != optic_tile_size(result) || n == 0) {
        continue;
      }
      static _Alignas(64) unsigned char copy[ROOM];
      memcpy(copy + offset * 8, at[k], n * optic_tile_size(tk));
      void *with[3] = {at[0], at[1], at[2]};
      with[k] = copy + offset * 8;
      fn(with[k], with[0], with[1], with[2], scalars, n);
      for (size_t i = 0; i < n; i++) {
        double a = get(result, to, i), b = get(result, with[k], i);
        assert_true((isnan(a) && isnan(b)) || a == b);
      }
    }
  }
}

static void test_all(void **state)
{
  (void)state;
  static const size_t lengths[] = {0, 1, 2, 7, 15, 16, 17, 33, 64, 127, 256, 299};
  for (int id = 0; id < P_COUNT; id++) {
    const PrimInfo *info = optic_tile_prim((PrimId)id);
    for (int t = 0; t < T_COUNT; t++) {
      bool has =
          t >= T_F32 || (t == T_I32 && info->kind != PK_FLOAT) || info->kind == PK_BOOL || info->kind == PK_SELECT;
      assert_int_equal(has, optic_tile_level(0)->prim[id][t] != NULL);
      for (size_t i = 0; has && i < sizeof lengths / sizeof *lengths; i++) {
        for (unsigned scalars = 0; scalars < 1u << info->arity; scalars++) {
          one_case((PrimId)id, (TileType)t, lengths[i], i % 4, scalars);
        }
      }
    }
  }
}

/* Each f32 function on a dense sweep of its arguments: how far from the truth at worst. */
static void test_accuracy(void **state)
{
  (void)state;
  enum { N = 4096 };
  static float x[N], y[N];
  static const struct {
    PrimId id;
    double low, high, allowed;
  } cases[] = {
      {P_exp, -104, 89, 0.51},      {P_exp, -1, 1, 0.51},         {P_expm1, -20, 20, 0.51},
      {P_expm1, -1e-3, 1e-3, 0.51}, {P_log, 0, 2, 0.51},          {P_log, 0, 1e20, 0.51},
      {P_log1p, -1, 1, 0.51},       {P_log1p, -1e-6, 1e-6, 0.51}, {P_log1p, 0, 1e9, 0.51},
      {P_log2, 0, 4, 0.51},         {P_tanh, -10, 10, 0.51},      {P_tanh, -1e-3, 1e-3, 0.51},
      {P_sigmoid, -104, 30, 0.51},  {P_sigmoid, -1, 1, 0.51},     {P_softplus, -104, 30, 0.51},
      {P_softplus, -1, 1, 0.51},    {P_sin, -1000, 1000, 1.0},    {P_cos, -1000, 1000, 1.0},
      {P_erf, -4, 4, 1.0},          {P_sqrt, 0, 1e10, 0.51},
  };
  const TileTable *table = optic_tile_choose(NULL);
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    double worst = 0.0;
    for (int round = 0; round < 16; round++) {
      for (size_t i = 0; i < N; i++) {
        double u = ((double)i + (double)(next() >> 12) / 4503599627370496.0) / N;
        x[i] = (float)(cases[c].low + u * (cases[c].high - cases[c].low));
      }
      table->prim[cases[c].id][T_F32](y, x, NULL, NULL, 0, N);
      for (size_t i = 0; i < N; i++) {
        double in[3] = {(double)x[i], 0, 0};
        double off = ulps(y[i], optic_tile_scalar(cases[c].id, in));
        worst = off > worst ? off : worst;
      }
    }
    if (!(worst <= cases[c].allowed)) {
      print_error("%s: %g ulp\n", optic_tile_prim(cases[c].id)->name, worst);
    }
    assert_true(worst <= cases[c].allowed);
  }
}

static int32_t integer(PrimId id, int32_t a, int32_t b, int32_t c)
{
  int32_t out;
  optic_tile_choose(NULL)->prim[id][T_I32](&out, &a, &b, &c, 0, 1);
  return out;
}
static void test_integers(void **state)
{
  (void)state;
  const int32_t least = INT32_MIN, most = INT32_MAX;
  assert_int_equal(integer(P_neg, least, 0, 0), least);
  assert_int_equal(integer(P_abs, least, 0, 0), least);
  assert_int_equal(integer(P_add, most, 1, 0), least);
  assert_int_equal(integer(P_sub, least, 1, 0), most);
  assert_int_equal(integer(P_mul, 65536, 65536, 0), 0);
  assert_int_equal(integer(P_square, 46341, 0, 0), -2147479015);
  /* as jax.numpy says */
  assert_int_equal(integer(P_floor_div, least, -1, 0), least);
  assert_int_equal(integer(P_floor_div, 5, 0, 0), -2);
  assert_int_equal(integer(P_floor_div, -5, 0, 0), -2);
  assert_int_equal(integer(P_floor_div, 0, 0, 0), -1);
  assert_int_equal(integer(P_mod, 5, 0, 0), 0);
  assert_int_equal(integer(P_mod, least, -1, 0), 0);
  assert_int_equal(integer(P_mod, 5, -3, 0), -1);
  assert_int_equal(integer(P_pow, 3, 40, 0), 689956897);
  assert_int_equal(integer(P_pow, -1, 65, 0), -1);
  assert_int_equal(integer(P_pow, 0, 0, 0), 1);
  assert_int_equal(integer(P_pow, 2, -1, 0), 0);
  assert_int_equal(integer(P_pow, -1, -3, 0), -1);
  assert_int_equal(integer(P_clamp, 9, 2, 5), 5);
  assert_int_equal(integer(P_clamp, 1, 5, 2), 2);
}

static void test_choice(void **state)
{
  (void)state;
  assert_string_equal(optic_tile_choose("base")->level, "base");
  assert_null(optic_tile_choose("v9"));
  assert_non_null(optic_tile_choose(NULL));
  size_t count = 0;
  while (optic_tile_level(count)) {
    count++;
  }
  assert_ptr_equal(optic_tile_choose(NULL), optic_tile_level(count - 1));
  assert_null(optic_tile_level(count + 1));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all),
      cmocka_unit_test(test_accuracy),
      cmocka_unit_test(test_integers),
      cmocka_unit_test(test_choice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
