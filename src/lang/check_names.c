/* check_names.c: reading a name. See check_internal.h.
 *
 * A name is looked for in the function, in the functions around it, at the top of the script, and outside of it. In its
 * own function (or at the top) it must have been assigned on some path before; functions around are not asked, since
 * an inner function may run later.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/check_internal.h"

enum { COMPARISONS = 300000 };

bool optic_check_known(const Check *c, const Name *name, Known *out)
{
  *out = (Known){0};
  return c->known && c->known->find && c->known->find(c->known->user, name, out);
}

/* ---- suggestions ---------------------------------------------------------------------------------------------- */
void optic_nearest_init(Nearest *n, Check *c, const char *text, size_t size)
{
  *n = (Nearest){.check = c, .text = text, .size = size};
  n->limit = size < 2 ? 0 : size <= 5 ? 1 : size <= 8 ? 2 : 3;
  n->distance = n->limit + 1;
}

void optic_nearest_try(Nearest *n, const char *text, size_t size)
{
  size_t more = size > n->size ? size - n->size : n->size - size;
  if (n->limit == 0 || more >= n->distance || size >= sizeof n->best || n->check->compared > COMPARISONS) {
    return;
  }
  n->check->compared++;
  size_t d = optic_edit_distance(n->text, n->size, text, size, n->distance);
  /* At least half of it must be right. */
  if (d > 0 && d < n->distance && 2 * d <= n->size) {
    n->distance = d;
    memcpy(n->best, text, size);
    n->best[size] = 0;
  }
}

static void visit(void *to, const Name *name)
{
  optic_nearest_try(to, name->text, name->size);
}

static void try_table(Nearest *n, const SymbolTable *table)
{
  for (uint32_t i = 0; i < table->cap; i++) {
    const Symbol *s = &table->slots[i];
    if (s->name && s->kind != SYMBOL_REPORTED && s->kind != SYMBOL_ABSENT) {
      optic_nearest_try(n, s->name->text, s->name->size);
    }
  }
}

/* What people type who come from elsewhere. */
static const char *foreign_hint(const char *name)
{
  static const struct {
    const char *name, *hint;
  } hints[] = {
      {"True", "write `true`"},
      {"False", "write `false`"},
      {"None", "write `none`"},
      {"null", "write `none`"},
      {"nil", "write `none`"},
      {"undefined", "write `none`"},
      {"NaN", "write `nan`"},
      {"Infinity", "write `inf`"},
      {"def", "a function is written `fn name(x) { ... }`"},
      {"lambda", "a function is written `x -> ...`"},
      {"elif", "write `else if`"},
      {"pass", "an empty block is `{ }`"},
      {"self", "there are no classes: use records and functions"},
      {"raise", "`error(\"...\")` raises"},
      {"throw", "`error(\"...\")` raises"},
      {"del", "`remove(r, \"a\")` gives a record without a field"},
      {"float", "write `number(x)`"},
      {"dict", "a record is written `{a: 1}`"},
      {"isinstance", "`type(x)` gives the name of a value's type"},
      {"exit", "a script ends by itself, or with `error(\"...\")`"},
      {"quit", "a script ends by itself, or with `error(\"...\")`"},
      {"ravel", "write `reshape(x, [-1])`"},
      {"optax", "its functions are built in: write `adam(...)`, not `optax.adam(...)`"},
      {"jax", "its functions are built in: write `grad(f)`, not `jax.grad(f)`"},
      {"jnp", "its functions are built in: write `sqrt(x)`, not `jnp.sqrt(x)`"},
      {"np", "its functions are built in: write `sqrt(x)`, not `np.sqrt(x)`"},
      {"numpy", "its functions are built in: write `sqrt(x)`, not `numpy.sqrt(x)`"},
      {"math", "its functions are built in: write `sqrt(x)`, not `math.sqrt(x)`"},
      {"lax", "its functions are built in"},
  };
  for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
    if (strcmp(name, hints[i].name) == 0) {
      return hints[i].hint;
    }
  }
  return NULL;
}

static Scope *top_of(Scope *s)
{
  while (s->parent) {
    s = s->parent;
  }
  return s;
}

/* The transform whose `state` lines are being read, where `name` is one of its states. */
static bool is_state_of(const Scope *s, const Name *name)
{
  for (; s; s = s->parent) {
    if (s->kind == SCOPE_INIT) {
      const Node *block = s->node->kids[1];
      for (uint32_t i = 0; i < block->count && block->kids[i]->kind == N_STATE; i++) {
        if (block->kids[i]->name == name) {
          return true;
        }
      }
    }
  }
  return false;
}

/* Is the name at `at` the right operand of a `//`? */
static bool after_slashes(const Check *c, Span at)
{
  const Node *n = c->after_slashes;
  return n && n->kind == N_NAME && n->span.first == at.first;
}

static void no_such_name(Check *c, Scope *s, const Name *name, Span at, bool called)
{
  const char *what = called ? "function" : "name", *hint = foreign_hint(name->text);
  if (c->diags->list.size >= MOST_MESSAGES) {
    optic_check_error(c, D_unknown_name, at, "no %s `%s`", what, name->text);
  } else if (is_state_of(s, name)) {
    Diag *d = optic_check_error(c, D_unassigned, at, "the state `%s` has no value while `state` lines run", name->text);
    optic_diag_hint(c->diags, d, "they run at `init`, with `params` and the arguments; repeat the expression");
  } else if (hint) {
    optic_diag_hint(c->diags, optic_check_error(c, D_unknown_name, at, "no %s `%s`", what, name->text), "%s", hint);
  } else {
    Nearest near;
    optic_nearest_init(&near, c, name->text, name->size);
    for (const Scope *t = s; t; t = t->parent) {
      try_table(&near, &t->table);
    }
    if (c->known && c->known->each) {
      c->known->each(c->known->user, visit, &near);
    }
    Diag *d = near.best[0] ? optic_check_error(c, D_unknown_name, at, "no %s `%s` (did you mean `%s`?)", what,
                                               name->text, near.best)
                           : optic_check_error(c, D_unknown_name, at, "no %s `%s`", what, name->text);
    if (after_slashes(c, at)) {
      optic_diag_hint(c->diags, d, "a comment begins with `#`");
    }
  }
  Symbol *symbol = optic_symbol_add(c, &top_of(s)->table, name);
  if (symbol) {
    symbol->kind = SYMBOL_REPORTED;
  }
}

/* ---- reading -------------------------------------------------------------------------------------------------- */
/* What to do about a local name that hides one outside; NULL: there is none outside. */
static const char *outside_hint(const Check *c, const Scope *s, const Name *name)
{
  Known known;
  for (const Scope *t = s->parent; t; t = t->parent) {
    const Symbol *symbol = optic_symbol_find(&t->table, name);
    if (symbol && symbol->kind != SYMBOL_REPORTED) {
      return t->kind == SCOPE_MAKER ? "an argument of a transform is not reassigned: give the new value another name"
                                    : "the one outside is another: pass it in, and return the new value";
    }
  }
  return optic_check_known(c, name, &known) ? "give the local variable another name" : NULL;
}

static void no_value_yet(Check *c, const Scope *s, Symbol *symbol, Span at)
{
  const Name *name = symbol->name;
  symbol->assigned = true; /* once is enough */
  const char *hint = s->kind != SCOPE_TOP ? outside_hint(c, s, name) : NULL;
  if (hint) {
    Diag *d =
        optic_check_error(c, D_unassigned, at, "`%s` is local to %s%s%s (it is assigned there) and has no value yet",
                          name->text, s->name ? "`" : "its function", s->name ? s->name->text : "", s->name ? "`" : "");
    optic_diag_hint(c->diags, d, "%s", hint);
    return;
  }
  Diag *d = optic_check_error(c, D_unassigned, at, "`%s` has no value yet", name->text);
  size_t here = 0, there = 0, column;
  if (d) {
    optic_source_place(c->source, at.first, &here, &column);
    optic_source_place(c->source, symbol->first.first, &there, &column);
  }
  if (there > here) {
    optic_diag_hint(c->diags, d, "it gets one on line %zu", there);
  } else {
    optic_diag_hint(c->diags, d, "assign it first");
  }
}

Symbol *optic_check_read(Check *c, Scope *s, const Name *name, Span at, bool called)
{
  Known known;
  for (Scope *t = s; t; t = t->parent) {
    Symbol *symbol = optic_symbol_find(&t->table, name);
    if (!symbol) {
      continue;
    }
    symbol->read = true;
    switch (symbol->kind) {
    case SYMBOL_REPORTED:
      return NULL;
    case SYMBOL_ABSENT: {
      Diag *d = optic_check_error(c, D_unassigned, at, "`%s` does not exist in a `state` line", name->text);
      optic_diag_hint(c->diags, d, "`state` lines run at `init`, with `params` and the arguments");
      return NULL;
    }
    case SYMBOL_VARIABLE:
      if (t == s && !symbol->assigned) {
        if (t->kind == SCOPE_TOP && optic_check_known(c, name, &known)) {
          return NULL;
        }
        no_value_yet(c, t, symbol, at);
      }
      return symbol;
    case SYMBOL_BOUND:
    default:
      return symbol;
    }
  }
  if (!optic_check_known(c, name, &known)) {
    no_such_name(c, s, name, at, called);
  }
  return NULL;
}

/* ---- what nothing reads --------------------------------------------------------------------------------------- */
/* Of the function's own names, and those of the functions around it. */
static void hint_meant(Check *c, const Scope *s, Diag *d, const Name *name)
{
  Nearest near;
  optic_nearest_init(&near, c, name->text, name->size);
  const Node *block = s->kind == SCOPE_UPDATE ? s->node->kids[1] : NULL;
  for (uint32_t i = 0; block && i < block->count && block->kids[i]->kind == N_STATE; i++) {
    optic_nearest_try(&near, block->kids[i]->name->text, block->kids[i]->name->size);
  }
  size_t of_states = near.distance;
  for (const Scope *t = s; t && t->kind != SCOPE_TOP; t = t->parent) {
    try_table(&near, &t->table);
  }
  if (near.best[0]) {
    bool is_state = near.distance <= near.limit && near.distance == of_states;
    optic_diag_hint(c->diags, d, "did you mean %s`%s`?", is_state ? "the state " : "", near.best);
  }
}

void optic_check_unread(Check *c, Scope *s, const Node *body)
{
  if (!body || body->kind == N_FN || body->kind == N_TRANSFORM) {
    return;
  }
  const Node *target = body->kind == N_ASSIGN ? body->kids[0] : NULL;
  Symbol *symbol = target && target->kind == N_NAME ? optic_symbol_find(&s->table, target->name) : NULL;
  if (symbol && symbol->kind == SYMBOL_VARIABLE && !symbol->read && !symbol->warned &&
      symbol->plain == symbol->bindings && symbol->name->text[0] != '_') {
    symbol->warned = true;
    Diag *d = optic_check_warn(c, D_unused_value, target->span, "`%s` is assigned and never read", symbol->name->text);
    if (d) {
      hint_meant(c, s, d, symbol->name);
    }
  }
  for (uint32_t i = 0; i < body->count; i++) {
    optic_check_unread(c, s, body->kids[i]);
  }
}
