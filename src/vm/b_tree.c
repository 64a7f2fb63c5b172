/* b_tree.c: functions of whole trees. Leaves come in the sorted order of keys, as in JAX; none holds no leaf.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "graph/grad.h"
#include "tree/leaf.h"
#include "vm/builtins.h"

/* What a message shows of a path. */
static int shown(size_t path_size)
{
  return path_size > 200 ? 200 : (int)path_size;
}

static bool wrong_leaf(Vm *vm, const char *name, const char *path, size_t path_size, Value leaf)
{
  return path_size
             ? optic_fail(optic_vm_fault(vm), D_type, "%s: the leaf `%.*s` is %s, not an array", name, shown(path_size),
                          path, optic_type_noun(vm, leaf))
             : optic_fail(optic_vm_fault(vm), D_type, "%s: %s is no tree of arrays", name, optic_type_noun(vm, leaf));
}

static bool numeric(Value v)
{
  return v.tag == V_ARRAY || v.tag == V_NUMBER || v.tag == V_BOOL;
}

/* ---- mapping --------------------------------------------------------------------------------------------------- */
typedef struct Mapping {
  Value f;
  bool with_path;
  Value *args; /* room for the path and a leaf of each tree */
} Mapping;

static bool map_leaf(void *user, Vm *vm, const char *path, size_t path_size, const Value *leaves, size_t count,
                     Value *out)
{
  const Mapping *m = user;
  size_t at = 0;
  if (m->with_path && !optic_string_value(vm, path, path_size, &m->args[at++])) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    m->args[at++] = optic_keep(leaves[i]);
  }
  return optic_call_within(vm, m->f, m->args, at, out);
}

/* args: f, tree, the list of the other trees */
static bool map_tree(Vm *vm, const Value *args, bool with_path, Value *result)
{
  Core *core = optic_vm_core(vm);
  const List *rest = args[2].list;
  size_t count = rest->size + 1, room, bytes;
  if (!optic_is_function(args[0])) {
    optic_fail(&core->fault, D_type, "%s: `f` must be a function, not %s",
               with_path ? "tree_map_with_path" : "tree_map", optic_type_noun(vm, args[0]));
    return optic_is_tree(args[0]) || numeric(args[0]) ? optic_fail_hint(&core->fault, "the function comes first")
                                                      : false;
  }
  if (!optic_size_mul(count, 2, &room) || !optic_size_add(room, 1, &room) ||
      !optic_size_mul(room, sizeof(Value), &bytes)) {
    return optic_fail_oom(&core->fault);
  }
  Value *trees = optic_core_alloc(core, bytes);
  if (!trees) {
    return false;
  }
  trees[0] = args[1];
  if (rest->size) {
    memcpy(trees + 1, rest->at, rest->size * sizeof *trees);
  }
  Mapping m = {.f = args[0], .with_path = with_path, .args = trees + count};
  bool ok = optic_tree_map(vm, trees, count, map_leaf, &m, result);
  optic_free(&core->alloc, trees, bytes);
  return ok;
}

static bool b_tree_map(Vm *vm, Value *args, Value *result)
{
  return map_tree(vm, args, false, result);
}

static bool b_tree_map_with_path(Vm *vm, Value *args, Value *result)
{
  return map_tree(vm, args, true, result);
}

static bool stop_leaf(void *user, Vm *vm, const char *path, size_t path_size, const Value *leaves, size_t count,
                      Value *out)
{
  (void)user, (void)path, (void)path_size, (void)count;
  if (leaves[0].tag != V_ARRAY || !leaves[0].array->node) {
    *out = optic_keep(leaves[0]);
    return true;
  }
  Array *a = optic_stop_gradient(optic_vm_core(vm), leaves[0].array);
  if (a) {
    *out = optic_from_array(vm, a);
  }
  return a != NULL;
}

static bool b_stop_gradient(Vm *vm, Value *args, Value *result)
{
  return optic_tree_map(vm, &args[0], 1, stop_leaf, NULL, result);
}

/* ---- listing --------------------------------------------------------------------------------------------------- */
static bool push_leaf(void *user, Vm *vm, const char *path, size_t path_size, Value leaf)
{
  (void)path, (void)path_size;
  return optic_list_push(vm, user, optic_keep(leaf));
}

static bool push_path(void *user, Vm *vm, const char *path, size_t path_size, Value leaf)
{
  Value v;
  (void)leaf;
  return optic_string_value(vm, path, path_size, &v) && optic_list_push(vm, user, v);
}

static bool list_leaves(Vm *vm, Value tree, LeafFn *push, Value *result)
{
  List *list = optic_list_new(vm, 8);
  if (!list) {
    return false;
  }
  Value v = {.tag = V_LIST, .list = list};
  if (!optic_tree_each(vm, tree, push, list)) {
    optic_drop(vm, v);
    return false;
  }
  *result = v;
  return true;
}

static bool b_tree_leaves(Vm *vm, Value *args, Value *result)
{
  return list_leaves(vm, args[0], push_leaf, result);
}

static bool b_tree_paths(Vm *vm, Value *args, Value *result)
{
  return list_leaves(vm, args[0], push_path, result);
}

/* ---- reducing -------------------------------------------------------------------------------------------------- */
typedef struct Total {
  const char *name;
  Array *sum;   /* NULL: nothing yet */
  bool squares; /* the sum of squares, in f64 */
  double count;
} Total;

/* Moves `term`. */
static bool add_term(Vm *vm, Total *t, Array *term)
{
  Core *core = optic_vm_core(vm);
  if (!term || !t->sum) {
    t->sum = term;
    return term != NULL;
  }
  Array *both = optic_apply(core, G_add, (Array *[]){t->sum, term}, 2, NULL, 3);
  optic_array_drop(core, term);
  optic_array_drop(core, t->sum);
  t->sum = both;
  return both != NULL;
}

static bool sum_leaf(void *user, Vm *vm, const char *path, size_t path_size, Value leaf)
{
  Core *core = optic_vm_core(vm);
  Total *t = user;
  if (!numeric(leaf)) {
    return wrong_leaf(vm, t->name, path, path_size, leaf);
  }
  Array *x = optic_to_array(vm, leaf);
  if (x && t->squares) {
    Array *wide = optic_apply1(core, G_astype, x, &(Attr){.dtype = DT_F64, .flags = {true, false}});
    Array *square = wide ? optic_apply(core, G_square, &wide, 1, NULL, 1) : NULL;
    optic_array_drop(core, wide);
    optic_array_drop(core, x);
    x = square;
  }
  Array *term = x ? optic_apply1(core, G_sum, x, &(Attr){.axis = OPTIC_ALL_AXES}) : NULL;
  optic_array_drop(core, x);
  if (!term) {
    optic_array_drop(core, t->sum);
    t->sum = NULL;
    return false;
  }
  return add_term(vm, t, term);
}

static bool b_tree_sum(Vm *vm, Value *args, Value *result)
{
  Total t = {.name = "tree_sum"};
  if (!optic_tree_each(vm, args[0], sum_leaf, &t)) {
    optic_array_drop(optic_vm_core(vm), t.sum);
    return false;
  }
  *result = t.sum ? optic_from_array(vm, t.sum) : optic_number(0);
  return true;
}

static bool b_global_norm(Vm *vm, Value *args, Value *result)
{
  Core *core = optic_vm_core(vm);
  Total t = {.name = "global_norm", .squares = true};
  if (!optic_tree_each(vm, args[0], sum_leaf, &t)) {
    optic_array_drop(core, t.sum);
    return false;
  }
  if (!t.sum) {
    *result = optic_number(0);
    return true;
  }
  Array *root = optic_apply(core, G_sqrt, &t.sum, 1, NULL, 1);
  optic_array_drop(core, t.sum);
  if (root) {
    *result = optic_from_array(vm, root);
  }
  return root != NULL;
}

static bool size_leaf(void *user, Vm *vm, const char *path, size_t path_size, Value leaf)
{
  Total *t = user;
  if (!numeric(leaf)) {
    return wrong_leaf(vm, t->name, path, path_size, leaf);
  }
  t->count += leaf.tag == V_ARRAY ? (double)leaf.array->count : 1;
  return true;
}

static bool b_tree_size(Vm *vm, Value *args, Value *result)
{
  Total t = {.name = "tree_size"};
  if (!optic_tree_each(vm, args[0], size_leaf, &t)) {
    return false;
  }
  *result = optic_number(t.count);
  return true;
}

/* x * 0 is 0 exactly where x is finite, so sums tell without a branch an element. */
static bool floats_finite(const float *x, size_t n)
{
  for (size_t i = 0; i < n;) {
    float sum = 0;
    size_t end = n - i > 4096 ? i + 4096 : n;
#pragma omp simd reduction(+ : sum)
    for (size_t k = i; k < end; k++) {
      sum += x[k] * 0.0f;
    }
    if (!(sum == 0)) {
      return false;
    }
    i = end;
  }
  return true;
}

static bool array_finite(const Array *a)
{
  if (a->dtype == DT_F32) {
    return floats_finite(a->data, a->count);
  }
  for (size_t i = 0; optic_dtype_is_float((Dtype)a->dtype) && i < a->count; i++) {
    if (!isfinite(optic_array_get(a, i))) {
      return false;
    }
  }
  return true;
}

typedef struct Finite {
  bool all;
} Finite;

static bool finite_leaf(void *user, Vm *vm, const char *path, size_t path_size, Value leaf)
{
  Finite *f = user;
  if (!numeric(leaf)) {
    return wrong_leaf(vm, "all_finite", path, path_size, leaf);
  }
  if (leaf.tag == V_ARRAY) {
    if (!optic_charge(optic_vm_core(vm), leaf.array->count / 64)) {
      return false;
    }
    f->all = f->all && array_finite(leaf.array);
  } else if (leaf.tag == V_NUMBER) {
    f->all = f->all && isfinite(leaf.number);
  }
  return true;
}

static bool b_all_finite(Vm *vm, Value *args, Value *result)
{
  Finite f = {.all = true};
  if (!optic_tree_each(vm, args[0], finite_leaf, &f)) {
    return false;
  }
  *result = optic_bool(f.all);
  return true;
}

/* ---- one place of a tree ---------------------------------------------------------------------------------------- */
/* The item of a node that a segment of a path names; NULL, with the fault set, where there is none. */
static Value *item_at(Vm *vm, const char *name, Value node, const char *path, size_t begin, size_t end)
{
  const char *key = path + begin;
  size_t size = end - begin;
  if (node.tag == V_RECORD) {
    const Name *field = optic_name_find(&optic_vm_core(vm)->names, key, size);
    Value *found = field ? optic_record_get(node.record, field) : NULL;
    if (found) {
      return found;
    }
  } else if (node.tag == V_LIST) {
    double x;
    if (optic_number_read(key, size, &x) && x >= 0 && x < (double)node.list->size && x == floor(x)) {
      return &node.list->at[(size_t)x];
    }
  }
  optic_fail(optic_vm_fault(vm), D_no_field, "%s: there is no `%.*s` in the tree", name, shown(end), path);
  if (node.tag == V_RECORD && node.record->keys->count) {
    const Keys *keys = node.record->keys;
    const Name *nearest = NULL;
    size_t best = 3;
    for (uint32_t i = 0; i < keys->count; i++) {
      size_t d = optic_edit_distance(key, size, keys->names[i]->text, keys->names[i]->size, best);
      if (d < best) {
        best = d;
        nearest = keys->names[i];
      }
    }
    if (nearest) {
      optic_fail_hint(optic_vm_fault(vm), "did you mean `%.*s%s`?", (int)begin, path, nearest->text);
    }
  }
  return NULL;
}

static size_t segment_end(const String *path, size_t begin)
{
  const char *slash = memchr(path->text + begin, '/', path->size - begin);
  return slash ? (size_t)(slash - path->text) : path->size;
}

static bool b_tree_get(Vm *vm, Value *args, Value *result)
{
  const String *path;
  Value at = args[0];
  if (!optic_arg_string(vm, &args[1], "tree_get: path", &path)) {
    return false;
  }
  for (size_t begin = 0; begin < path->size;) {
    size_t end = segment_end(path, begin);
    const Value *item = item_at(vm, "tree_get", at, path->text, begin, end);
    if (!item) {
      return false;
    }
    at = *item;
    begin = end + 1;
  }
  *result = optic_keep(at);
  return true;
}

/* Copies what lies on the way, so that failing leaves the tree as it was; *out is a new reference. */
static bool set_at(Vm *vm, Value node, const String *path, size_t begin, Value value, Value *out)
{
  if (begin >= path->size) {
    *out = optic_keep(value);
    return true;
  }
  size_t end = segment_end(path, begin);
  const Value *item = item_at(vm, "tree_set", node, path->text, begin, end);
  Value fresh, copy = optic_keep(node);
  if (!item || !set_at(vm, *item, path, end + 1, value, &fresh)) {
    optic_drop(vm, copy);
    return false;
  }
  bool ok;
  if (node.tag == V_RECORD) {
    const Name *name = node.record->keys->names[item - node.record->at];
    ok = optic_record_own(vm, &copy);
    if (ok) {
      ok = optic_record_set(vm, copy.record, name, fresh);
    } else {
      optic_drop(vm, fresh);
    }
  } else {
    size_t i = (size_t)(item - node.list->at);
    ok = optic_list_own(vm, &copy);
    if (ok) {
      Value old = copy.list->at[i];
      copy.list->at[i] = fresh;
      optic_drop(vm, old);
      ok = optic_list_settle(vm, copy.list);
    } else {
      optic_drop(vm, fresh);
    }
  }
  if (!ok) {
    optic_drop(vm, copy);
    return false;
  }
  *out = copy;
  return true;
}

static bool b_tree_set(Vm *vm, Value *args, Value *result)
{
  const String *path;
  return optic_arg_string(vm, &args[1], "tree_set: path", &path) && set_at(vm, args[0], path, 0, args[2], result);
}

static bool b_path_matches(Vm *vm, Value *args, Value *result)
{
  const String *pattern, *path;
  if (!optic_arg_string(vm, &args[0], "path_matches: pattern", &pattern) ||
      !optic_arg_string(vm, &args[1], "path_matches: path", &path)) {
    return false;
  }
  *result = optic_bool(optic_path_matches(pattern->text, pattern->size, path->text, path->size));
  return true;
}

/* A leaf of tree_fit: the dtype of its like, whose shape it must have. */
static bool fit_leaf(void *user, Vm *vm, const char *path, size_t path_size, const Value *in, size_t count, Value *out)
{
  (void)user;
  (void)path;
  (void)path_size;
  (void)count;
  if (in[0].tag != V_ARRAY || in[1].tag != V_ARRAY) {
    if (in[0].tag == V_ARRAY && in[1].tag == V_NUMBER && in[0].array->shape.rank > 0) {
      return optic_fail(optic_vm_fault(vm), D_shape, "a number cannot become %s", optic_type_noun(vm, in[0]));
    }
    *out = optic_keep(in[0]);
    return true;
  }
  Array *a = in[0].array, *like = in[1].array;
  if (!optic_shape_equal(&a->shape, &like->shape)) {
    char have[128];
    optic_format(have, sizeof have, "%s", optic_type_text(vm, in[1]));
    return optic_fail(optic_vm_fault(vm), D_shape, "%s would become %s", have, optic_type_text(vm, in[0]));
  }
  if (a->dtype == like->dtype) {
    *out = optic_keep(in[0]);
    return true;
  }
  Attr attr = {.dtype = (Dtype)like->dtype};
  Array *cast = optic_apply1(optic_vm_core(vm), G_astype, a, &attr);
  if (cast) {
    *out = optic_array_value(cast);
  }
  return cast != NULL;
}

static bool b_tree_fit(Vm *vm, Value *args, Value *result)
{
  return optic_tree_map(vm, args, 2, fit_leaf, NULL, result);
}

static const Builtin rows[] = {
    {"tree_map(f, tree, *rest)",
     "A tree like `tree` whose leaves are f(leaf, ..) of the leaves at the same place in all the trees.\n\n"
     "The others must have the structure of the first. none stays none.\n\n"
     ">>> tree_map((a, b) -> a + b, {x: 1, y: [2, 3]}, {x: 10, y: [20, 30]})\n{x: 11, y: [22, 33]}",
     b_tree_map, 0},
    {"tree_map_with_path(f, tree, *rest)",
     "As tree_map, but the function gets the leaf's path first.\n\n"
     ">>> tree_map_with_path((path, leaf) -> path, {a: {b: 1}, c: [2]})\n{a: {b: \"a/b\"}, c: [\"c/0\"]}",
     b_tree_map_with_path, 0},
    {"tree_leaves(tree)", "The leaves, in the sorted order of keys.\n\n>>> tree_leaves({b: 1, a: [2, 3]})\n[2, 3, 1]",
     b_tree_leaves, 0},
    {"tree_paths(tree)",
     "The leaves' paths, in the sorted order of keys.\n\n>>> tree_paths({b: 1, a: [2, 3]})\n[\"a/0\", \"a/1\", \"b\"]",
     b_tree_paths, 0},
    {"tree_sum(tree)", "The sum of all elements of all leaves.\n\n>>> tree_sum({a: ones([2, 2]), b: 3})\n7", b_tree_sum,
     0},
    {"tree_size(tree)", "How many elements all leaves have together.\n\n>>> tree_size({a: ones([2, 2]), b: 3})\n5",
     b_tree_size, 0},
    {"global_norm(tree)",
     "The Euclidean norm of all elements of all leaves, sqrt(tree_sum(tree ** 2)).\n\n"
     "Taken in f64, so it neither overflows nor vanishes; the result is a number, and takes the dtype of what it\n"
     "meets.\n\n>>> global_norm({a: [3, 0], b: 4})\n5",
     b_global_norm, 0},
    {"all_finite(tree)",
     "True where no element of any leaf is NaN or infinite.\n\n>>> all_finite({a: 1, b: array([1, 2])})\ntrue",
     b_all_finite, 0},
    {"tree_fit(tree, like)",
     "The tree with the dtypes of `like`, leaf by leaf. A leaf of another shape than its like is an error.\n\n"
     ">>> tree_fit({w: array([1, 2])}, {w: zeros([2], \"bf16\")}).w.dtype\n\"bf16\"",
     b_tree_fit, 0},
    {"stop_gradient(tree)",
     "The same values; a gradient takes them for constants.\n\n>>> grad(x -> x * stop_gradient(x))(3)\n3",
     b_stop_gradient, 0},
    {"tree_get(tree, path)", "What lies at a path.\n\n>>> tree_get({a: [{b: 7}]}, \"a/0/b\")\n7", b_tree_get, 0},
    {"tree_set(tree, path, value)",
     "The tree with another value at a path that it has.\n\n>>> tree_set({a: [1, 2]}, \"a/1\", 5)\n{a: [1, 5]}",
     b_tree_set, 0},
    {"path_matches(pattern, path)",
     "Does a path pattern take a path? `*` is any run of characters in one segment, `**` any number of segments.\n\n"
     ">>> path_matches(\"**/kernel\", \"net/Dense_0/kernel\")\ntrue",
     b_path_matches, 0},
};

const BuiltinTable optic_b_tree = BUILTIN_TABLE(rows);
