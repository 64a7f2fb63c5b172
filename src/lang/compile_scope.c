/* compile_scope.c: who binds which name.
 *
 * In: the tree. Out: a Scope for each function, with the names it binds and whether an inner function captures them.
 * Two walks over each function: the first collects what it assigns (a use may come before the assignment in the
 * text), the second resolves what it uses, and enters inner functions.
 *
 * A function defined by `fn name` (or `name = x -> ..`) inside a function, and assigned nowhere else, finds its own
 * name in itself instead of in the function around. A recursive local function would otherwise own the cell that
 * owns it, and reference counts would never free the two.
 * SPDX-License-Identifier: MIT */
#include "lang/compile_internal.h"

/* ---- tables of names ------------------------------------------------------------------------------------------ */
int64_t optic_map_find(const NameMap *map, const Name *name)
{
  if (map->cap) {
    for (uint32_t i = name->hash & (map->cap - 1); map->names[i]; i = (i + 1) & (map->cap - 1)) {
      if (map->names[i] == name) {
        return map->values[i];
      }
    }
  }
  return -1;
}

static void place(NameMap *map, const Name *name, uint32_t value)
{
  uint32_t i = name->hash & (map->cap - 1);
  while (map->names[i] && map->names[i] != name) {
    i = (i + 1) & (map->cap - 1);
  }
  map->count += !map->names[i];
  map->names[i] = name;
  map->values[i] = value;
}

bool optic_map_set(NameMap *map, Arena *arena, const Name *name, uint32_t value)
{
  if ((map->count + 1) * 2 > map->cap) {
    NameMap grown = {.cap = map->cap ? map->cap * 2 : 8};
    grown.names = optic_arena_array(arena, grown.cap, sizeof *grown.names);
    grown.values = optic_arena_array(arena, grown.cap, sizeof *grown.values);
    if (!grown.names || !grown.values) {
      return false;
    }
    for (uint32_t i = 0; i < map->cap; i++) {
      if (map->names[i]) {
        place(&grown, map->names[i], map->values[i]);
      }
    }
    *map = grown;
  }
  place(map, name, value);
  return true;
}

/* ---- scopes --------------------------------------------------------------------------------------------------- */
Var *optic_scope_find(const Scope *scope, const Name *name)
{
  int64_t index = optic_map_find(&scope->index, name);
  return index < 0 ? NULL : &scope->vars[index];
}

Scope *optic_scope_child(Scope *scope, const Node *node, Role role)
{
  /* The compiler meets functions nearly always in the order of this pass, so the cursor makes this one step. */
  for (int round = 0; round < 2; round++) {
    for (Scope *s = round ? scope->first : scope->cursor; s; s = s->next) {
      if (s->node == node && s->role == role) {
        scope->cursor = s->next;
        return s;
      }
    }
  }
  return NULL;
}

static Scope *new_scope(Compiler *c, Scope *parent, const Node *node, Role role)
{
  Scope *s = optic_arena_alloc(&c->scratch, sizeof *s);
  if (!s) {
    return NULL;
  }
  s->node = node;
  s->role = role;
  s->parent = parent;
  if (parent) {
    if (parent->last) {
      parent->last->next = s;
    } else {
      parent->first = parent->cursor = s;
    }
    parent->last = s;
  }
  return s;
}

static Var *new_var(Compiler *c, Scope *s, const Name *name)
{
  if (s->count == s->cap) {
    uint32_t cap = s->cap ? s->cap * 2 : 8;
    Var *vars = optic_arena_array(&c->scratch, cap, sizeof *vars);
    if (!vars) {
      return NULL;
    }
    for (uint32_t i = 0; i < s->count; i++) {
      vars[i] = s->vars[i];
    }
    s->vars = vars;
    s->cap = cap;
  }
  if (!optic_map_set(&s->index, &c->scratch, name, s->count)) {
    return NULL;
  }
  Var *v = &s->vars[s->count++];
  *v = (Var){.name = name};
  return v;
}

static void too_many(Compiler *c, Span at)
{
  if (!c->failed) {
    COMPILE_ERROR(c, D_too_large, at, "this function has more than %u parameters and variables",
                  (unsigned)MOST_REGISTERS);
  }
}

static void declare_global(Compiler *c, const Name *name)
{
  if (c->names->global(c->names->user, name, true) < 0) {
    c->oom = true;
  }
}

/* `def`: the function or transform that is assigned, or NULL. */
static void declare(Compiler *c, Scope *s, const Name *name, const Node *def, Span at)
{
  if (!name) {
    return;
  }
  if (!s->parent) {
    declare_global(c, name);
    return;
  }
  Var *v = optic_scope_find(s, name);
  if (!v && s->count > MOST_REGISTERS) {
    too_many(c, at); /* one message, and no quadratic search through the rest */
    return;
  }
  v = v ? v : new_var(c, s, name);
  if (v) {
    v->assigns++;
    v->def = def;
  }
}

static void declare_in(Compiler *c, Scope *s, const Node *n);

static void declare_kids(Compiler *c, Scope *s, const Node *n)
{
  for (uint32_t i = 0; i < n->count; i++) {
    if (n->kids[i]) {
      declare_in(c, s, n->kids[i]);
    }
  }
}

static void declare_target(Compiler *c, Scope *s, const Node *target, const Node *value)
{
  if (target->kind == N_NAME) {
    declare(c, s, target->name, value && value->kind == N_FN ? value : NULL, target->span);
  } else if (target->kind == N_LIST) {
    for (uint32_t i = 0; i < target->count; i++) {
      declare_target(c, s, target->kids[i], NULL);
    }
  } else if (target->kind == N_SPREAD) {
    declare_target(c, s, target->kids[0], NULL);
  } else {
    declare_in(c, s, target);
  }
}

/* What is assigned in `n`, without entering inner functions. */
static void declare_in(Compiler *c, Scope *s, const Node *n)
{
  if (n->kind == N_FN) {
    if (n->is_statement) {
      declare(c, s, n->name, n, n->span);
    }
  } else if (n->kind == N_TRANSFORM) {
    declare(c, s, n->name, n, n->span);
  } else if (n->kind == N_ASSIGN || n->kind == N_FOR || n->kind == N_AUGMENT) {
    declare_target(c, s, n->kids[0], n->kind == N_ASSIGN ? n->kids[1] : NULL);
    for (uint32_t i = 1; i < n->count; i++) {
      declare_in(c, s, n->kids[i]);
    }
  } else {
    if (n->kind == N_TRY || n->kind == N_IMPORT || n->kind == N_STATE) {
      declare(c, s, n->name, NULL, n->name_span);
    }
    declare_kids(c, s, n);
  }
}

/* ---- uses ----------------------------------------------------------------------------------------------------- */
static void refer(Compiler *c, Scope *from, const Name *name, Span at)
{
  for (Scope *s = from; s->parent; s = s->parent) {
    Var *v = optic_scope_find(s, name);
    if (!v && s->self == name && (v = new_var(c, s, name))) {
      v->is_self = true;
    }
    if (v) {
      v->captured = v->captured || s != from;
      /* Defaults are computed in order, and a captured parameter's cell is made after its own. */
      if (s->default_at && v->is_param && v->has_default && v->param + 1 >= s->default_at) {
        COMPILE_ERROR(c, D_unassigned, at, "`%s` has no value yet where this default is computed", name->text);
      }
      return;
    }
  }
}

static void uses_in(Compiler *c, Scope *s, const Node *n);

static void uses_in_kids(Compiler *c, Scope *s, const Node *n)
{
  for (uint32_t i = 0; i < n->count; i++) {
    if (n->kids[i]) {
      uses_in(c, s, n->kids[i]);
    }
  }
}

static Var *declare_param(Compiler *c, Scope *s, const Name *name, Span at)
{
  if (s->count > MOST_REGISTERS) {
    too_many(c, at);
    return NULL;
  }
  Var *v = new_var(c, s, name); /* also where the name is there already: registers are counted by position */
  if (v) {
    v->is_param = true;
    v->param = s->count - 1;
  }
  return v;
}

/* The parameters of `fn` and of a transform's maker; the plain ones first, as their registers. */
static void declare_params(Compiler *c, Scope *s, const Node *params)
{
  for (int kind = PARAM_PLAIN; kind <= PARAM_NAMED; kind++) {
    for (uint32_t i = 0; i < params->count; i++) {
      const Node *p = params->kids[i];
      if (p->kind == N_PARAM && (int)p->param == kind) {
        Var *v = declare_param(c, s, p->name, p->span);
        if (v) {
          v->has_default = p->count > 0 && p->kids[0];
        }
      }
    }
  }
  for (uint32_t i = 0; i < params->count; i++) {
    declare_kids(c, s, params->kids[i]);
  }
}

static void uses_in_defaults(Compiler *c, Scope *s, const Node *params)
{
  uint32_t plain = 0;
  for (uint32_t i = 0; i < params->count; i++) {
    const Node *p = params->kids[i];
    if (p->kind == N_PARAM && p->param == PARAM_PLAIN) {
      s->default_at = ++plain;
      uses_in_kids(c, s, p);
    }
  }
  s->default_at = 0;
}

/* Whether the function `node` in `around` may find its own name in itself. */
static const Name *self_name(const Scope *around, const Node *node)
{
  if (around->parent) {
    for (uint32_t i = 0; i < around->count; i++) {
      const Var *v = &around->vars[i];
      if (v->def == node && v->assigns == 1 && !v->is_param) {
        return v->name;
      }
    }
  }
  return NULL;
}

static void in_transform(Compiler *c, Scope *maker, const Node *n)
{
  const Node *params = n->kids[0], *block = n->kids[1];
  for (int role = ROLE_INIT; role <= ROLE_UPDATE; role++) {
    Scope *s = new_scope(c, maker, n, (Role)role);
    if (!s) {
      return;
    }
    if (role == ROLE_UPDATE) {
      declare_param(c, s, c->name_updates, n->span);
    }
    declare_param(c, s, c->name_params, n->span);
    if (role == ROLE_UPDATE) {
      declare_param(c, s, c->name_extra, n->span);
    }
    for (uint32_t i = 0; i < params->count; i++) {
      if (params->kids[i]->kind == N_PARAM && params->kids[i]->is_number) {
        declare_param(c, s, params->kids[i]->name, params->kids[i]->span);
      }
    }
    uint32_t body = 0;
    for (; body < block->count && block->kids[body]->kind == N_STATE; body++) {
      if (role == ROLE_UPDATE) {
        declare_param(c, s, block->kids[body]->name, block->kids[body]->span);
      }
    }
    uint32_t from = role == ROLE_INIT ? 0 : body, to = role == ROLE_INIT ? body : block->count;
    for (uint32_t i = from; i < to; i++) {
      declare_in(c, s, block->kids[i]);
    }
    for (uint32_t i = from; i < to; i++) {
      uses_in(c, s, block->kids[i]);
    }
  }
}

static void in_function(Compiler *c, Scope *around, const Node *n)
{
  Scope *s = new_scope(c, around, n, ROLE_FN);
  if (!s) {
    return;
  }
  s->self = self_name(around, n);
  declare_params(c, s, n->kids[0]);
  if (n->kind == N_FN) {
    declare_in(c, s, n->kids[1]);
  }
  uses_in_defaults(c, s, n->kids[0]);
  if (n->kind == N_FN) {
    uses_in(c, s, n->kids[1]);
  } else {
    in_transform(c, s, n);
  }
}

static void uses_in(Compiler *c, Scope *s, const Node *n)
{
  if (n->kind == N_FN || n->kind == N_TRANSFORM) {
    in_function(c, s, n);
    return;
  }
  if (n->kind == N_NAME) {
    refer(c, s, n->name, n->span);
  } else if (n->kind == N_PIPE) {
    refer(c, s, c->name_chain, n->span);
  }
  uses_in_kids(c, s, n);
}

Scope *optic_scopes(Compiler *c, const Node *root)
{
  Scope *s = new_scope(c, NULL, root, ROLE_MODULE);
  if (s) {
    declare_in(c, s, root);
    uses_in(c, s, root);
  }
  return s;
}
