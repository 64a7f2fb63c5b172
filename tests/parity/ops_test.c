/* ops_test.c: values and gradients of operations against JAX's (data/grads.npz), first and second derivatives, and the
 * dtypes of data/promotion.csv. CASES.md has the expressions; a case that the table below does not know is a failure.
 * SPDX-License-Identifier: MIT */
#include "graph/kit.h"
#include "graph/rule.h"
#include "store/npz.h"
#include "tree/leaf_order.h"

/* ---- the data ---------------------------------------------------------------------------------------------- */
static char *whole_file(const char *name, size_t *size)
{
  const char *root = getenv("OPTIC_TEST_ROOT");
  char path[4096];
  snprintf(path, sizeof path, "%s/tests/parity/data/%s", root ? root : ".", name);
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  assert_int_equal(fseek(f, 0, SEEK_END), 0);
  *size = (size_t)ftell(f);
  rewind(f);
  char *text = malloc(*size + 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, *size, f), *size);
  text[*size] = 0;
  fclose(f);
  return text;
}

typedef struct Data {
  Leaves leaves;
  char *bytes;
} Data;

static void load(Core *core, Data *d, const char *name)
{
  size_t size;
  *d = (Data){.bytes = whole_file(name, &size)};
  if (!optic_npz_parse(core, name, (const uint8_t *)d->bytes, size, &d->leaves)) {
    fail_msg("%s", core->fault.message);
  }
  optic_leaves_sort(&d->leaves);
}

static void unload(Core *core, Data *d)
{
  optic_leaves_finish(core, &d->leaves);
  free(d->bytes);
}

/* NULL where the case has no such array. */
static Array *entry(const Data *d, const char *kase, const char *what)
{
  char path[256];
  int n = snprintf(path, sizeof path, "%s/%s", kase, what);
  const Leaf *leaf = optic_leaves_find(&d->leaves, path, (size_t)n);
  return leaf ? leaf->array : NULL;
}

/* ---- the expressions --------------------------------------------------------------------------------------- */
typedef struct Inputs {
  const char *name;
  int kase;
  Array *in[2], *idx, *cond;
  size_t count;
  bool second; /* of grad2 */
} Inputs;

static bool is(const Inputs *x, const char *name)
{
  return strcmp(x->name, name) == 0;
}

/* Reductions of the cases 0 .. 8, which are the same for all. */
static Attr over(const Inputs *x)
{
  if (x->second && is(x, "logsumexp")) {
    return (Attr){.axis = -1};
  }
  const Attr attrs[] = {{.axis = OPTIC_ALL_AXES},
                        {.axis = 0},
                        {.axis = 1},
                        {.axis = -1, .keepdims = true},
                        {.axis = OPTIC_ALL_AXES, .keepdims = true},
                        {.axis = 1},
                        {.axis = OPTIC_SOME_AXES, .shape = SHAPE_OF(0, 2)},
                        {.axis = 0},
                        {.axis = -1}};
  return attrs[x->kase];
}

static Attr along(int kase)
{
  const Attr attrs[] = {
      {.axis = OPTIC_ALL_AXES}, {.axis = 0}, {.axis = 1}, {.axis = -1}, {.axis = 1}, {.axis = 0}, {.axis = -1}};
  return attrs[kase];
}

static Array *part_of(Work *w, Inputs *x, OpId op, int which)
{
  Array *out[3] = {NULL}, *a = x->in[0];
  bool made = op == G_u_qr    ? optic_apply_qr(w->core, a, &out[0], &out[1])
              : op == G_u_svd ? optic_apply_svd(w->core, a, &out[0], &out[1], &out[2])
                              : optic_apply_eigh(w->core, a, &out[0], &out[1]);
  for (int i = 0; i < 3 && made; i++) {
    if (out[i]) {
      optic_work_own(w, out[i]);
    }
  }
  w->failed |= !made;
  return out[which];
}

static Array *symmetrised(Work *w, Array *a, double by)
{
  return optic_w2(w, G_mul, optic_w2(w, G_add, a, optic_wa(w, G_transpose, a, NULL)), optic_work_number(w, by));
}

static Array *with_diagonal(Work *w, Array *a)
{
  Array *eye = optic_work_apply(w, G_eye, NULL, 0, &(Attr){.dtype = DT_F32, .shape = a->shape});
  return optic_w2(w, G_add, a, optic_w2(w, G_mul, optic_work_number(w, 3), eye));
}

static Array *slices(Work *w, Inputs *x)
{
  const struct {
    Attr attr;
    Shape shape;
  } cases[] = {
      {{.shape = SHAPE_OF(2, 3), .start = {1}}, SHAPE_OF(2, 3)},
      {{.shape = SHAPE_OF(2, 3), .step = {1, 2}}, SHAPE_OF(2, 3)},
      {{.shape = SHAPE_OF(4), .start = {3}, .step = {-1}}, SHAPE_OF(4)},
      {{.shape = SHAPE_OF(1, 3), .start = {3}}, SHAPE_OF(3)},
      {{.shape = SHAPE_OF(4, 1)}, SHAPE_OF(4)},
      {{.shape = SHAPE_OF(2, 2), .start = {1, 2}}, SHAPE_OF(2, 2)},
      {{.shape = SHAPE_OF(1, 1), .start = {1, 2}}, SCALAR},
      {{.shape = SHAPE_OF(2), .start = {5}, .step = {-2}}, SHAPE_OF(2)},
  };
  return optic_w_reshape(w, optic_wa(w, G_slice, x->in[0], &cases[x->kase].attr), &cases[x->kase].shape);
}

static Array *gathers(Work *w, Inputs *x)
{
  Array *in[2] = {x->in[0], x->idx};
  if (x->kase < 4) {
    return optic_work_apply(w, G_take, in, 2, &(Attr){.axis = x->kase == 3});
  }
  in[1] = optic_w_reshape(w, x->idx, &LVALUE(4, 1));
  return optic_w_reshape(w, optic_work_apply(w, G_take_along, in, 2, &(Attr){.axis = 1}), &LVALUE(4));
}

static Array *choices(Work *w, Inputs *x)
{
  Array *a = x->in[0], *zero = optic_work_number(w, 0);
  if (x->kase < 3) {
    return optic_w3(w, G_where, x->cond, a, x->in[1]);
  }
  Array *positive = optic_w2(w, G_gt, a, zero);
  Array *root = x->kase == 4 ? optic_w1(w, G_sqrt, a)
                             : optic_w1(w, G_log, optic_w3(w, G_where, positive, a, optic_work_number(w, 1)));
  return optic_w3(w, G_where, positive, root, zero);
}

static Array *with_number(Work *w, Inputs *x)
{
  static const struct {
    const char *name;
    OpId op;
    double number;
    bool first;
  } cases[] = {{"integer_pow_2", G_pow, 2, false},     {"integer_pow_3", G_pow, 3, false},
               {"integer_pow_m1", G_pow, -1, false},   {"integer_pow_m2", G_pow, -2, false},
               {"number_pow_half", G_pow, 0.5, false}, {"number_pow_2_5", G_pow, 2.5, false},
               {"number_pow_0", G_pow, 0, false},      {"pow_of_number", G_pow, 2, true},
               {"number_minus", G_sub, 1, true},       {"number_over", G_div, 1, true},
               {"mod_number", G_mod, 0.75, false},     {"maximum_number", G_maximum, 0, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (is(x, cases[i].name)) {
      Array *n = optic_work_number(w, cases[i].number), *a = x->in[0];
      return optic_w2(w, cases[i].op, cases[i].first ? n : a, cases[i].first ? a : n);
    }
  }
  return NULL;
}

static Array *rosenbrock(Work *w, Inputs *x)
{
  Array *two = optic_work_number(w, 2), *a = x->in[0];
  Array *left = optic_w2(w, G_pow, optic_w2(w, G_sub, optic_work_number(w, 1), a), two);
  Array *gap = optic_w2(w, G_sub, x->in[1], optic_w2(w, G_pow, a, two));
  return optic_w2(w, G_add, left, optic_w2(w, G_mul, optic_work_number(w, 100), optic_w2(w, G_pow, gap, two)));
}

static Array *cross_entropy(Work *w, Inputs *x)
{
  Array *hot = optic_wa(w, G_one_hot, x->idx, &(Attr){.dtype = DT_F32, .n = 4});
  Array *product = optic_w2(w, G_mul, hot, optic_wa(w, G_log_softmax, x->in[0], NULL));
  return optic_w1(w, G_neg, optic_wa(w, G_sum, product, &(Attr){.axis = -1}));
}

/* Those that are made of others in Optic's standard library. */
static Array *activation(Work *w, Inputs *x)
{
  Array *a = x->in[0];
  if (is(x, "log_sigmoid")) {
    return optic_w1(w, G_neg, optic_w1(w, G_softplus, optic_w1(w, G_neg, a)));
  }
  if (is(x, "silu")) {
    return optic_w2(w, G_mul, a, optic_w1(w, G_sigmoid, a));
  }
  if (is(x, "gelu")) { /* the approximation by tanh, which is JAX's default */
    Array *cube = optic_w2(w, G_mul, optic_work_number(w, 0.044715), optic_w2(w, G_pow, a, optic_work_number(w, 3)));
    Array *inner =
        optic_w2(w, G_mul, optic_work_number(w, sqrt(2 / 3.14159265358979323846)), optic_w2(w, G_add, a, cube));
    Array *half = optic_w2(w, G_add, optic_work_number(w, 1), optic_w1(w, G_tanh, inner));
    return optic_w2(w, G_mul, a, optic_w2(w, G_mul, optic_work_number(w, 0.5), half));
  }
  return NULL;
}

static Array *linear(Work *w, Inputs *x)
{
  Array *a = x->in[0];
  if (is(x, "qr_q") || is(x, "qr_r")) {
    return part_of(w, x, G_u_qr, is(x, "qr_r"));
  }
  if (is(x, "inv")) {
    return optic_w1(w, G_inv, x->kase == 0 ? with_diagonal(w, a) : a);
  }
  if (is(x, "solve")) {
    return optic_w2(w, G_solve, with_diagonal(w, a), x->in[1]);
  }
  if (is(x, "eigvalsh") || is(x, "eigh_exp")) {
    Inputs even = *x;
    even.in[0] = symmetrised(w, a, is(x, "eigvalsh") ? 1 : 0.5);
    Array *values = NULL, *vectors = NULL;
    w->failed |= !even.in[0] || !optic_apply_eigh(w->core, even.in[0], &values, &vectors);
    if (w->failed) {
      return NULL;
    }
    optic_work_own(w, values);
    optic_work_own(w, vectors);
    return is(x, "eigvalsh")
               ? values
               : optic_w_matmul(w, optic_w2(w, G_mul, vectors, optic_w1(w, G_exp, values)), false, vectors, true);
  }
  if (is(x, "svdvals")) {
    return part_of(w, x, G_u_svd, 1);
  }
  if (is(x, "svd_polar")) {
    Array *u = NULL, *s = NULL, *vt = NULL;
    w->failed |= !optic_apply_svd(w->core, a, &u, &s, &vt);
    if (w->failed) {
      return NULL;
    }
    optic_work_own(w, s);
    return optic_w_matmul(w, optic_work_own(w, u), false, optic_work_own(w, vt), false);
  }
  return NULL;
}

static Array *expression(Work *w, Inputs *x)
{
  static const char *const reductions[] = {"sum", "mean", "max", "min", "prod", "var", "std", "norm", "logsumexp"};
  static const char *const alongs[] = {"softmax", "log_softmax", "cumsum", "sort"};
  Array *a = x->in[0], *special = with_number(w, x);
  if (special || (special = activation(w, x)) || (special = linear(w, x)) || w->failed) {
    return special;
  }
  OpId op = is(x, "floordiv")    ? G_floor_div
            : is(x, "transpose") ? G_transpose
                                 : optic_op_find(x->name, strlen(x->name));
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
    if (is(x, reductions[i])) {
      return optic_wa(w, op, a, &(Attr[]){over(x)}[0]);
    }
  }
  for (size_t i = 0; i < sizeof alongs / sizeof *alongs; i++) {
    if (is(x, alongs[i])) {
      return optic_wa(w, op, a, &(Attr[]){along(x->kase)}[0]);
    }
  }
  if (is(x, "clamp")) {
    return optic_w3(w, G_clamp, a, optic_work_number(w, -1), optic_work_number(w, 0.5));
  }
  if (is(x, "where")) {
    return choices(w, x);
  }
  if (is(x, "slice")) {
    return slices(w, x);
  }
  if (is(x, "gather")) {
    return gathers(w, x);
  }
  if (is(x, "cross_entropy") || is(x, "softmax_cross_entropy")) {
    return cross_entropy(w, x);
  }
  if (is(x, "rosenbrock")) {
    return rosenbrock(w, x);
  }
  if (is(x, "concatenate")) {
    Array *parts[] = {a, x->in[1], a};
    return optic_work_apply(w, op, parts, x->kase == 2 ? 3 : 2,
                            &(Attr){.axis = x->kase == 1   ? 1
                                            : x->kase == 0 ? 0
                                                           : -1});
  }
  if (is(x, "stack")) {
    return optic_work_apply(w, op, x->in, 2, &(Attr){.axis = x->kase == 2 ? -1 : x->kase});
  }
  if (is(x, "transpose")) {
    const Shape orders[] = {SCALAR, SCALAR, SHAPE_OF(1, 0, 2), SHAPE_OF(2, 0, 1)};
    return optic_wa(w, op, a, &(Attr){.shape = orders[x->kase]});
  }
  if (is(x, "reshape")) {
    const Shape shapes[] = {SHAPE_OF(4, 3), SHAPE_OF(-1), SHAPE_OF(2, -1)};
    return optic_wa(w, op, a, &(Attr){.shape = shapes[x->kase]});
  }
  if (is(x, "broadcast_to")) {
    return optic_wa(w, op, a, &(Attr){.shape = SHAPE_OF(2, 3)});
  }
  /* values alone */
  if (is(x, "argmax") || is(x, "argmin")) {
    return optic_wa(w, op, a, &(Attr){.axis = x->kase == 0 ? OPTIC_ALL_AXES : x->kase == 1 ? 0 : -1});
  }
  if (is(x, "argsort")) {
    return optic_wa(w, op, a, &(Attr){.axis = x->kase == 1 ? 0 : -1});
  }
  if (is(x, "one_hot")) {
    return optic_wa(w, op, a, &(Attr){.dtype = DT_F32, .n = x->kase == 2 ? 3 : 4});
  }
  if (is(x, "max_nan")) {
    return x->kase ? optic_w2(w, G_maximum, a, optic_work_number(w, 2)) : optic_wa(w, G_max, a, NULL);
  }
  if (is(x, "sort_nan")) {
    return optic_wa(w, G_sort, a, NULL);
  }
  if (is(x, "mod_i32") || is(x, "floordiv_i32") || is(x, "pow_i32")) {
    return optic_w2(w, is(x, "mod_i32") ? G_mod : is(x, "pow_i32") ? G_pow : G_floor_div, a, x->in[1]);
  }
  if (is(x, "wrap_u8")) {
    return optic_w2(w, x->kase == 0 ? G_add : x->kase == 1 ? G_sub : G_mul, a, x->in[1]);
  }
  if (op == G_COUNT) {
    fail_msg("no expression for %s", x->name);
  }
  return optic_work_apply(w, op, x->in, x->count, NULL);
}

static Array *value(Core *core, const Inputs *x, Array *const *in)
{
  Inputs own = *x;
  Work w;
  memcpy(own.in, in, x->count * sizeof *in);
  optic_work_init(&w, core);
  return optic_work_result(&w, expression(&w, &own));
}

/* Derivatives of sum(weights[0] * value), or of the sum of all weights[k] * gradient k; detached from all levels. */
static void gradients_of(Core *core, const Inputs *x, Array *const *in, Array *weight, Array *const *second,
                         Array **grads)
{
  unsigned level;
  Array *own[2], *y = NULL;
  assert_true(optic_grad_begin(core, &level));
  for (size_t k = 0; k < x->count; k++) {
    own[k] = ok(core, optic_grad_input(core, level, in[k]));
  }
  if (second) {
    Array *inner[2];
    gradients_of(core, x, own, weight, NULL, inner);
    for (size_t k = 0; k < x->count; k++) {
      Array *part =
          ok(core, use1(core, G_sum, ok(core, use2(core, G_mul, inner[k], optic_array_keep(second[k]), NULL)), NULL));
      y = y ? ok(core, use2(core, G_add, y, part, NULL)) : part;
    }
  } else {
    Array *out = ok(core, value(core, x, own));
    y = ok(core, use1(core, G_sum, ok(core, use2(core, G_mul, out, optic_array_keep(weight), NULL)), NULL));
  }
  if (!optic_grad_backward(core, level, y, own, x->count, grads)) {
    fail_msg("%s: %s", x->name, core->fault.message);
  }
  optic_grad_end(core, level);
  optic_array_drop(core, y);
  for (size_t k = 0; k < x->count; k++) {
    Array *free_of = ok(core, optic_grad_detach(core, level, grads[k]));
    optic_array_drop(core, grads[k]);
    grads[k] = free_of;
    optic_array_drop(core, own[k]);
  }
}

/* Where Optic's number is the better one. log of a subnormal, which XLA flushes or misses; sums whose terms cancel,
 * which Optic takes in f64; and the derivative of x ** 0 at 0, which is 0. */
static bool excepted(const char *kase, const char *what, size_t i)
{
  static const struct {
    const char *kase, *what;
    size_t i;
  } exceptions[] = {{"op/log/2", "the value", 2},
                    {"op/log/2", "g0", 2},
                    {"op/mean/8", "the value", 0},
                    {"op/sum/8", "the value", 0},
                    {"op/pow/5", "g0", 2}};
  bool found = false;
  for (size_t e = 0; e < sizeof exceptions / sizeof *exceptions; e++) {
    found |= !strcmp(kase, exceptions[e].kase) && !strcmp(what, exceptions[e].what) && i == exceptions[e].i;
  }
  return found;
}

/* Equal to within `tolerance` of the greatest finite magnitude; NaN and infinities exactly. */
static int differs(const Array *have, const Array *want, double tolerance, const char *kase, const char *what)
{
  if (!optic_shape_equal(&have->shape, &want->shape)) {
    print_error("%s: %s has another shape\n", kase, what);
    return 1;
  }
  double scale = 0;
  for (size_t i = 0; i < want->count; i++) {
    double x = fabs(optic_array_get(want, i));
    scale = isfinite(x) && x > scale ? x : scale;
  }
  for (size_t i = 0; i < want->count; i++) {
    double x = optic_array_get(have, i), y = optic_array_get(want, i);
    bool same = x == y || excepted(kase, what, i) || (isnan(x) && isnan(y)) ||
                fabs(x - y) <= tolerance * (isfinite(y) ? fmax(fabs(y), 0.1 * fmax(scale, 1)) : 0);
    if (!same) {
      print_error("%s: %s[%zu] is %.9g, JAX has %.9g\n", kase, what, i, x, y);
      return 1;
    }
  }
  return 0;
}

/* Runs `group` ("op", "value", "grad2"); the number of cases goes to `*cases`. */
static int group(Core *core, const Data *d, const char *prefix, int *cases)
{
  int wrong = 0;
  char kase[256] = "";
  for (size_t i = 0; i < d->leaves.list.size; i++) {
    const Leaf *leaf = &d->leaves.list.at[i];
    const char *slash = strrchr(leaf->path, '/');
    size_t size = slash ? (size_t)(slash - leaf->path) : 0;
    if (strncmp(leaf->path, prefix, strlen(prefix)) != 0 || (strlen(kase) == size && !memcmp(kase, leaf->path, size))) {
      continue;
    }
    if (!strcmp(slash, "/n")) { /* how many cases there are */
      continue;
    }
    memcpy(kase, leaf->path, size);
    kase[size] = 0;
    char name[64], path[32];
    snprintf(name, sizeof name, "%.*s", (int)(strrchr(kase, '/') - kase - (long)strlen(prefix)), kase + strlen(prefix));
    Inputs x = {.name = name,
                .kase = atoi(strrchr(kase, '/') + 1),
                .idx = entry(d, kase, "idx"),
                .cond = entry(d, kase, "cond"),
                .second = prefix[0] == 'g'};
    while (x.count < 2 && (snprintf(path, sizeof path, "in%zu", x.count), x.in[x.count] = entry(d, kase, path))) {
      x.count++;
    }
    Array *y = value(core, &x, x.in);
    if (!y) {
      print_error("%s: %s\n", kase, core->fault.message);
      wrong++;
      continue;
    }
    wrong += differs(y, entry(d, kase, "out"), 4e-6, kase, "the value");
    optic_array_drop(core, y);
    *cases += 1;
    Array *weight = entry(d, kase, "w"), *grads[2], *second[2] = {entry(d, kase, "v0"), entry(d, kase, "v1")};
    if (!weight) {
      continue;
    }
    gradients_of(core, &x, x.in, weight, second[0] ? second : NULL, grads);
    for (size_t k = 0; k < x.count; k++) {
      snprintf(path, sizeof path, "%c%zu", second[0] ? 'h' : 'g', k);
      wrong += differs(grads[k], entry(d, kase, path), 2e-5, kase, path);
      optic_array_drop(core, grads[k]);
    }
  }
  return wrong;
}

static void operations(void **state)
{
  Core *core = &((Kit *)*state)->core;
  Data d;
  load(core, &d, "grads.npz");
  int cases = 0;
  int wrong = group(core, &d, "op/", &cases) + group(core, &d, "value/", &cases) + group(core, &d, "grad2/", &cases);
  unload(core, &d);
  assert_true(cases > 300);
  assert_int_equal(wrong, 0);
}

/* ---- dtypes ------------------------------------------------------------------------------------------------ */
static Array *operand(Core *core, const char *name)
{
  Dtype t;
  if (!strcmp(name, "int") || !strcmp(name, "float")) {
    return ok(core, optic_array_number(core, name[0] == 'i' ? 1 : 0.5));
  }
  assert_true(optic_dtype_find(name, strlen(name), &t));
  return ARRAY(core, t, SHAPE_OF(2, 2), 1, 1, 0, 1);
}

static bool names_number(const char *s)
{
  return !strcmp(s, "int") || !strcmp(s, "float");
}

static void promotion(void **state)
{
  Core *core = &((Kit *)*state)->core;
  size_t size;
  char *text = whole_file("promotion.csv", &size), *line, *rest = text;
  int wrong = 0, rows = 0;
  strtok_r(rest, "\n", &rest); /* the heading */
  while ((line = strtok_r(rest, "\n", &rest))) {
    char fields[4][32] = {{0}};
    char *at = line;
    for (int i = 0; i < 4; i++) {
      size_t n = strcspn(at, ",");
      snprintf(fields[i], sizeof fields[i], "%.*s", (int)n, at);
      at += n + (at[n] != 0);
    }
    const char *name = fields[0], *a = fields[1], *b = fields[2];
    char *want = fields[3];
    want[strcspn(want, " ")] = 0;
    /* A number of the language is one type, not two: a whole one beside numbers is a number. JAX refuses some of what
     * Optic computes (minus of booleans), and leaves halves out of linear algebra. */
    if (!strcmp(want, "error") || (names_number(a) && names_number(b)) || (names_number(a) && !*b)) {
      continue;
    }
    OpId op = !strcmp(name, "floordiv")      ? G_floor_div
              : !strcmp(name, "equal")       ? G_eq
              : !strcmp(name, "less")        ? G_lt
              : !strcmp(name, "matmul_self") ? G_matmul
                                             : optic_op_find(name, strlen(name));
    assert_true(op != G_COUNT);
    Array *x = operand(core, a), *y = op == G_matmul ? optic_array_keep(x) : *b ? operand(core, b) : NULL, *out;
    if (op == G_where) {
      Array *c = ARRAY(core, DT_BOOL, SHAPE_OF(2, 2), 1, 0, 1, 0);
      out = optic_apply(core, op, (Array *[]){c, x, y}, 3, NULL, 0);
      optic_array_drop(core, c);
    } else {
      out = optic_apply(core, op, (Array *[]){x, y}, y ? 2 : 1, NULL, 0);
    }
    rows++;
    const char *have = out ? optic_dtype_name((Dtype)out->dtype) : "error";
    /* Sums of u8 are in i32, also those along an axis (JAX: u32, which Optic has not, and u8). */
    bool departs = !strcmp(want, "u32") || (op == G_cumsum && !strcmp(want, "u8"));
    if (strcmp(have, want) != 0 && !departs) {
      print_error("%s(%s, %s) is %s, JAX has %s\n", name, a, b, have, want);
      wrong++;
    }
    optic_array_drop(core, x);
    optic_array_drop(core, y);
    optic_array_drop(core, out);
  }
  free(text);
  assert_true(rows > 500);
  assert_int_equal(wrong, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
  const struct CMUnitTest tests[] = {TEST(operations), TEST(promotion)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
