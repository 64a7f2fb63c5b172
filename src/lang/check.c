/* check.c: everything that can be known wrong before a script runs. See check.h, check_internal.h.
 *
 * In: a tree. Out: diagnostics. One walk in the order of evaluation. Before a function's body is walked, all names that
 * it assigns are collected (they are local to it); while walking, a name counts as assigned from its first
 * assignment on any path, and in a loop from the loop's beginning, so that what is reported is certain.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/check_internal.h"

/* ---- messages ------------------------------------------------------------------------------------------------- */
static Diag *add(Check *c, bool warning, DiagCode code, Span at, const char *format, va_list args)
{
  char message[600];
  if (c->diags->list.size >= MOST_MESSAGES) {
    *(warning ? &c->diags->warnings : &c->diags->errors) += 1;
    return NULL;
  }
  optic_vformat(message, sizeof message, format, args);
  return (warning ? optic_diag_warn : optic_diag)(c->diags, code, (Place){c->source, at}, "%s", message);
}

Diag *optic_check_error(Check *c, DiagCode code, Span at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  Diag *d = add(c, false, code, at, format, args);
  va_end(args);
  c->errors++;
  return d;
}

Diag *optic_check_warn(Check *c, DiagCode code, Span at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  Diag *d = add(c, true, code, at, format, args);
  va_end(args);
  return d;
}

/* ---- tables of names ------------------------------------------------------------------------------------------ */
static Symbol *slot_of(const SymbolTable *t, const Name *name)
{
  uint32_t i = name->hash & (t->cap - 1);
  while (t->slots[i].name && t->slots[i].name != name) {
    i = (i + 1) & (t->cap - 1);
  }
  return &t->slots[i];
}

Symbol *optic_symbol_find(const SymbolTable *table, const Name *name)
{
  Symbol *s = table->cap && name ? slot_of(table, name) : NULL;
  return s && s->name ? s : NULL;
}

Symbol *optic_symbol_add(Check *c, SymbolTable *table, const Name *name)
{
  if (!name) {
    return NULL;
  }
  if (2 * (table->count + 1) > table->cap) {
    SymbolTable larger = {.count = table->count, .cap = table->cap ? 2 * table->cap : 8};
    larger.slots = larger.cap > table->cap ? optic_arena_array(&c->arena, larger.cap, sizeof *larger.slots) : NULL;
    if (!larger.slots) {
      c->oom = true;
      return NULL;
    }
    for (uint32_t i = 0; i < table->cap; i++) {
      if (table->slots[i].name) {
        *slot_of(&larger, table->slots[i].name) = table->slots[i];
      }
    }
    *table = larger;
  }
  Symbol *s = slot_of(table, name);
  if (!s->name) {
    s->name = name;
    table->count++;
  }
  return s;
}

/* ---- collecting what a function assigns ----------------------------------------------------------------------- */
static void found_binding(Check *c, Scope *s, const Name *name, Span at, const Node *value, bool marking)
{
  Symbol *symbol = marking ? optic_symbol_find(&s->table, name) : optic_symbol_add(c, &s->table, name);
  if (!symbol) {
    return;
  }
  if (marking) {
    symbol->assigned = true;
    return;
  }
  if (symbol->kind == SYMBOL_ABSENT || symbol->kind == SYMBOL_REPORTED) {
    return;
  }
  if (symbol->bindings == 0) {
    symbol->first = at;
    symbol->value = value;
  }
  symbol->bindings++;
}

static void found_target(Check *c, Scope *s, const Node *target, const Node *value, bool marking)
{
  if (!target) {
    return;
  }
  if (target->kind == N_NAME) {
    found_binding(c, s, target->name, target->span, value, marking);
  } else if (target->kind == N_LIST || target->kind == N_SPREAD) {
    for (uint32_t i = 0; i < target->count; i++) {
      found_target(c, s, target->kids[i], NULL, marking);
    }
  }
}

/* Enters into the scope what `n` assigns, inner functions left out. `marking`: notes instead that it may have been
 * assigned; `x += 1` does not count then, since it needs a value already. */
static void collect(Check *c, Scope *s, const Node *n, bool marking)
{
  if (!n) {
    return;
  }
  switch ((int)n->kind) {
  case N_FN:
    if (n->is_statement) {
      found_binding(c, s, n->name, n->name_span, n, marking);
    }
    return;
  case N_TRANSFORM:
    found_binding(c, s, n->name, n->name_span, n, marking);
    return;
  case N_ASSIGN: {
    const Node *value = n->kids[1];
    found_target(c, s, n->kids[0], value && value->kind == N_FN ? value : NULL, marking);
    Symbol *symbol =
        !marking && n->kids[0] && n->kids[0]->kind == N_NAME ? optic_symbol_find(&s->table, n->kids[0]->name) : NULL;
    if (symbol) {
      symbol->plain++;
    }
    break;
  }
  case N_AUGMENT:
    if (!marking && n->kids[0] && n->kids[0]->kind == N_NAME) {
      found_binding(c, s, n->kids[0]->name, n->kids[0]->span, NULL, false);
      found_binding(c, s, n->kids[0]->name, n->kids[0]->span, NULL, false);
    }
    break;
  case N_FOR:
    found_target(c, s, n->kids[0], NULL, marking);
    break;
  case N_TRY:
  case N_IMPORT:
  case N_STATE:
    if (n->name) {
      found_binding(c, s, n->name, n->name_span, NULL, marking);
    }
    break;
  default:
    break;
  }
  for (uint32_t i = 0; i < n->count; i++) {
    collect(c, s, n->kids[i], marking);
  }
}

/* Notes at the top's names which of them the script calls as a function, wherever that is. */
static void collect_calls(Scope *top, const Node *n)
{
  if (!n) {
    return;
  }
  if (n->kind == N_CALL && n->kids[0] && n->kids[0]->kind == N_NAME) {
    Symbol *symbol = optic_symbol_find(&top->table, n->kids[0]->name);
    if (symbol) {
      symbol->called = true;
    }
  }
  for (uint32_t i = 0; i < n->count; i++) {
    collect_calls(top, n->kids[i]);
  }
}

static void bind(Check *c, Scope *s, const Name *name, SymbolKind kind)
{
  Symbol *symbol = optic_symbol_add(c, &s->table, name);
  if (symbol) {
    symbol->kind = kind;
    symbol->assigned = true;
    symbol->bindings = 2;
  }
}

/* ---- assignment ----------------------------------------------------------------------------------------------- */
static void warn_shadow(Check *c, Symbol *symbol, Span at)
{
  Known known;
  if (symbol->warned || symbol->kind != SYMBOL_VARIABLE || !optic_check_known(c, symbol->name, &known) ||
      !known.standard) {
    return;
  }
  symbol->warned = true;
  Diag *d = optic_check_warn(c, D_shadow, at, "`%s` hides the `%s` of the standard library", symbol->name->text,
                             symbol->name->text);
  optic_diag_hint(c->diags, d, "choose another name, unless that is meant");
}

static void now_assigned(Check *c, Scope *s, const Name *name, Span at, bool definition)
{
  Symbol *symbol = optic_symbol_find(&s->table, name);
  if (symbol) {
    symbol->assigned = true;
    if (definition || symbol->called) {
      warn_shadow(c, symbol, at);
    }
  }
}

static void assign_target(Check *c, Scope *s, const Node *t)
{
  if (!t) {
    return;
  }
  switch ((int)t->kind) {
  case N_NAME:
    now_assigned(c, s, t->name, t->span, false);
    return;
  case N_LIST:
  case N_SPREAD:
    for (uint32_t i = 0; i < t->count; i++) {
      assign_target(c, s, t->kids[i]);
    }
    return;
  default:
    optic_check_expr(c, s, t);
    return; /* r.field, xs[i]: reads r, xs, i */
  }
}

/* Two lists written out must have as many elements. */
static void check_unpack(Check *c, const Node *target, const Node *value)
{
  if (!target || !value || target->kind != N_LIST || value->kind != N_LIST) {
    return;
  }
  bool rest = false, spread = false;
  for (uint32_t i = 0; i < target->count; i++) {
    rest |= target->kids[i]->kind == N_SPREAD;
  }
  for (uint32_t i = 0; i < value->count; i++) {
    spread |= value->kids[i]->kind == N_SPREAD;
  }
  uint32_t want = target->count - rest;
  if (!spread && (rest ? value->count < want : value->count != want)) {
    optic_check_error(c, D_unpack, target->span, "%s%u target%s, but %u value%s", rest ? "at least " : "", want,
                      want == 1 ? "" : "s", value->count, value->count == 1 ? "" : "s");
    return;
  }
  for (uint32_t i = 0; !rest && !spread && i < want; i++) {
    check_unpack(c, target->kids[i], value->kids[i]);
  }
}

/* ---- functions ------------------------------------------------------------------------------------------------ */
static Scope inner(Scope *parent, ScopeKind kind, const Node *n)
{
  return (Scope){.kind = kind, .parent = parent, .node = n, .name = n->name};
}

/* Parameters in turn: each default sees those before it. */
static void check_params(Check *c, Scope *s, const Node *params)
{
  const Node *with_default = NULL, *rest = NULL, *named = NULL;
  for (uint32_t i = 0; i < params->count; i++) {
    const Node *p = params->kids[i];
    if (p->kind != N_PARAM) {
      continue;
    }
    const char *name = p->name->text;
    optic_check_expr(c, s, p->kids[0]);
    bool for_all =
        s->kind == SCOPE_MAKER && (p->name == c->name_updates || p->name == c->name_params || p->name == c->name_extra);
    if (optic_symbol_find(&s->table, p->name) && strcmp(name, "_") != 0) {
      optic_check_error(c, D_duplicate, p->name_span, "the parameter `%s` stands twice", name);
    } else if (for_all) {
      Diag *d = optic_check_error(c, D_parameter, p->name_span, "`%s` cannot be a parameter of a transform", name);
      optic_diag_hint(c->diags, d, "the name is taken in its body; choose another");
    } else if (named) {
      optic_check_error(c, D_parameter, p->span, "`**%s` comes last among parameters", named->name->text);
    } else if (rest && (p->param == PARAM_REST || (p->param == PARAM_PLAIN && !p->kids[0]))) {
      /* One with a default is given by name only. */
      Diag *d = optic_check_error(c, D_parameter, p->span, "`*%s` takes all positions that are left", rest->name->text);
      optic_diag_hint(c->diags, d, "put `%s` before it, or give it a default", name);
    } else if (p->param == PARAM_PLAIN && with_default && !p->kids[0]) {
      Diag *d = optic_check_error(c, D_parameter, p->name_span,
                                  "parameter `%s` without a default follows `%s`, which has one", name,
                                  with_default->name->text);
      optic_diag_hint(c->diags, d, "put it before, or give it a default");
    }
    with_default = p->param == PARAM_PLAIN && p->kids[0] ? p : with_default;
    rest = p->param == PARAM_REST ? p : rest;
    named = p->param == PARAM_NAMED ? p : named;
    bind(c, s, p->name, SYMBOL_BOUND);
  }
}

static void check_fn(Check *c, Scope *around, const Node *n, const Name *name)
{
  Scope s = inner(around, SCOPE_FN, n);
  s.name = n->name ? n->name : name;
  if (n->kids[0]) {
    check_params(c, &s, n->kids[0]);
  }
  const Node *body = n->kids[1];
  size_t errors = c->errors;
  if (body && body->kind == N_BLOCK) {
    collect(c, &s, body, false);
    optic_check_block(c, &s, body, 0, USE_TAIL);
  } else {
    collect(c, &s, body, false); /* `x -> if x { y = 1; y } else { 0 }` */
    optic_check_expr(c, &s, body);
  }
  if (c->errors == errors) {
    optic_check_unread(c, &s, body);
  }
}

static void bind_hypers(Check *c, Scope *s, const Node *params)
{
  for (uint32_t i = 0; i < params->count; i++) {
    if (params->kids[i]->kind == N_PARAM && params->kids[i]->is_number) {
      bind(c, s, params->kids[i]->name, SYMBOL_BOUND);
    }
  }
}

/* `state` lines: at init, with params and the arguments. */
static uint32_t check_states(Check *c, Scope *maker, const Node *n, Scope *update)
{
  const Node *block = n->kids[1];
  Scope init = inner(maker, SCOPE_INIT, n);
  uint32_t i = 0;
  bind(c, &init, c->name_params, SYMBOL_BOUND);
  bind(c, &init, c->name_updates, SYMBOL_ABSENT);
  bind(c, &init, c->name_extra, SYMBOL_ABSENT);
  bind_hypers(c, &init, n->kids[0]);
  for (; i < block->count && block->kids[i]->kind == N_STATE; i++) {
    const Node *state = block->kids[i];
    const char *name = state->name->text;
    collect(c, &init, state->kids[0], false);
    optic_check_expr(c, &init, state->kids[0]);
    if (state->name == c->name_updates || state->name == c->name_params || state->name == c->name_extra) {
      optic_check_error(c, D_duplicate, state->name_span,
                        "`%s` cannot be a state: the name is taken in every transform", name);
    } else if (optic_symbol_find(&maker->table, state->name)) {
      optic_check_error(c, D_duplicate, state->name_span, "`%s` is an argument of the transform already", name);
    } else if (optic_symbol_find(&update->table, state->name)) {
      optic_check_error(c, D_duplicate, state->name_span, "the state `%s` is declared twice", name);
    }
    bind(c, update, state->name, SYMBOL_BOUND);
  }
  return i;
}

static void check_transform(Check *c, Scope *around, const Node *n)
{
  Scope maker = inner(around, SCOPE_MAKER, n), update = inner(&maker, SCOPE_UPDATE, n);
  const Node *params = n->kids[0], *block = n->kids[1];
  if (!params || !block) {
    return;
  }
  check_params(c, &maker, params);
  uint32_t body = check_states(c, &maker, n, &update);
  bind(c, &update, c->name_updates, SYMBOL_BOUND);
  bind(c, &update, c->name_params, SYMBOL_BOUND);
  bind(c, &update, c->name_extra, SYMBOL_BOUND);
  bind_hypers(c, &update, params);
  for (uint32_t i = body; i < block->count; i++) {
    collect(c, &update, block->kids[i], false);
  }
  size_t errors = c->errors;
  optic_check_block(c, &update, block, body, USE_TAIL);
  if (!optic_block_yields(block, body)) {
    Span head = {n->span.first, n->name_span.last};
    Diag *d = optic_check_error(c, D_returns_nothing, head, "the transform `%s` returns nothing%s", n->name->text,
                                optic_has_return(block) ? " on some path" : "");
    optic_diag_hint(c->diags, d, "end it with `return updates`");
  }
  if (c->errors == errors) {
    optic_check_unread(c, &update, block);
  }
}

/* ---- expressions ---------------------------------------------------------------------------------------------- */
static void check_record(Check *c, Scope *s, const Node *n)
{
  SymbolTable seen = {0};
  for (uint32_t i = 0; i < n->count; i++) {
    const Node *pair = n->kids[i];
    optic_check_expr(c, s, pair->count ? pair->kids[0] : NULL);
    if (pair->kind != N_PAIR) {
      continue;
    }
    Symbol *symbol = optic_symbol_add(c, &seen, pair->name);
    if (symbol && symbol->bindings++) {
      optic_check_error(c, D_duplicate, pair->name_span, "the key `%s` stands twice in this record", pair->name->text);
    }
  }
}

void optic_check_expr(Check *c, Scope *s, const Node *n)
{
  if (!n) {
    return;
  }
  switch ((int)n->kind) {
  case N_NAME:
    optic_check_read(c, s, n->name, n->span, false);
    return;
  case N_CALL:
    optic_check_call(c, s, n);
    return;
  case N_IF:
    optic_check_if(c, s, n, USE_NEEDED);
    return;
  case N_FN:
    check_fn(c, s, n, NULL);
    return;
  case N_RECORD:
    check_record(c, s, n);
    return;
  case N_BINARY:
    optic_check_expr(c, s, n->kids[0]);
    c->after_slashes = n->op == OP_IDIV ? n->kids[1] : c->after_slashes;
    optic_check_expr(c, s, n->kids[1]);
    return;
  default:
    for (uint32_t i = 0; i < n->count; i++) {
      optic_check_expr(c, s, n->kids[i]);
    }
  }
}

/* ---- statements ----------------------------------------------------------------------------------------------- */
static void check_loop(Check *c, Scope *s, const Node *n)
{
  bool is_for = n->kind == N_FOR;
  const Node *body = n->kids[is_for ? 2 : 1];
  if (is_for) {
    optic_check_expr(c, s, n->kids[1]);
    assign_target(c, s, n->kids[0]);
  }
  collect(c, s, n, true);
  if (!is_for) {
    optic_check_expr(c, s, n->kids[0]);
  }
  s->loops++;
  if (body) {
    optic_check_block(c, s, body, 0, USE_NONE);
  }
  s->loops--;
}

static void check_augment(Check *c, Scope *s, const Node *n)
{
  const Node *target = n->kids[0];
  optic_check_expr(c, s, target);
  optic_check_expr(c, s, n->kids[1]);
  assign_target(c, s, target);
}

static void misplaced_state(Check *c, Scope *s, const Node *n)
{
  const Node *block = s->kind == SCOPE_UPDATE && c->diags->list.size < MOST_MESSAGES ? s->node->kids[1] : NULL;
  bool direct = false;
  for (uint32_t i = 0; block && i < block->count && !direct; i++) {
    direct = block->kids[i] == n;
  }
  if (direct) {
    Diag *d = optic_check_error(c, D_state_order, n->span, "`state` lines come first in a transform's body");
    optic_diag_hint(c->diags, d, "they run at `init`, where `updates` and what was computed from it do not exist");
  } else {
    Diag *d =
        optic_check_error(c, D_misplaced, n->span, "`state` declares only at the beginning of a transform's body");
    optic_diag_hint(c->diags, d,
                    s->kind == SCOPE_UPDATE ? "move it before the other statements" : "assign a variable instead");
  }
}

void optic_check_statement(Check *c, Scope *s, const Node *n, Use use)
{
  switch ((int)n->kind) {
  case N_EXPR:
    if (n->kids[0] && n->kids[0]->kind == N_IF) {
      optic_check_if(c, s, n->kids[0], use);
    } else {
      optic_check_expr(c, s, n->kids[0]);
    }
    return;
  case N_ASSIGN: {
    const Node *target = n->kids[0], *value = n->kids[1];
    if (value && value->kind == N_FN && target && target->kind == N_NAME) {
      check_fn(c, s, value, target->name);
    } else {
      optic_check_expr(c, s, value);
    }
    check_unpack(c, target, value);
    assign_target(c, s, target);
    return;
  }
  case N_AUGMENT:
    check_augment(c, s, n);
    return;
  case N_FN:
  case N_TRANSFORM:
    now_assigned(c, s, n->name, n->name_span, true);
    if (n->kind == N_FN) {
      check_fn(c, s, n, NULL);
    } else {
      check_transform(c, s, n);
    }
    return;
  case N_STATE:
    misplaced_state(c, s, n);
    optic_check_expr(c, s, n->kids[0]);
    now_assigned(c, s, n->name, n->name_span, false);
    return;
  case N_WHILE:
  case N_FOR:
    check_loop(c, s, n);
    return;
  case N_BREAK:
  case N_CONTINUE:
    if (!s->loops) {
      optic_check_error(c, D_misplaced, n->span, "`%s` stands outside of a loop",
                        n->kind == N_BREAK ? "break" : "continue");
    }
    return;
  case N_RETURN:
    optic_check_expr(c, s, n->kids[0]);
    if (s->kind == SCOPE_TOP || s->kind == SCOPE_INIT) {
      optic_check_error(c, D_misplaced, n->span, "`return` stands outside of a function");
    } else if (s->kind == SCOPE_UPDATE && !n->kids[0]) {
      Diag *d =
          optic_check_error(c, D_returns_nothing, n->span, "the transform `%s` returns nothing here", s->name->text);
      optic_diag_hint(c->diags, d, "write `return updates`");
    }
    return;
  case N_TRY:
    if (n->kids[0]) {
      optic_check_block(c, s, n->kids[0], 0, use);
    }
    if (n->name) {
      now_assigned(c, s, n->name, n->name_span, false);
    }
    if (n->kids[1]) {
      optic_check_block(c, s, n->kids[1], 0, use);
    }
    return;
  case N_IMPORT:
    now_assigned(c, s, n->name, n->name_span, false);
    return;
  default:
    optic_check_expr(c, s, n);
    return; /* assert: condition and message */
  }
}

bool optic_check(Core *core, const Source *source, const Node *root, const KnownNames *known, bool is_repl,
                 Diags *diags)
{
  Check c = {.core = core, .source = source, .known = known, .diags = diags, .is_repl = is_repl};
  Scope top = {.kind = SCOPE_TOP};
  c.name_updates = optic_name_cstr(&core->names, "updates");
  c.name_params = optic_name_cstr(&core->names, "params");
  c.name_extra = optic_name_cstr(&core->names, "extra");
  c.oom = !c.name_updates || !c.name_params || !c.name_extra;
  optic_arena_init(&c.arena, &core->alloc);
  if (!c.oom && root && root->kind == N_BLOCK) {
    collect(&c, &top, root, false);
    collect_calls(&top, root);
    optic_check_block(&c, &top, root, 0, is_repl ? USE_TAIL : USE_NONE);
  }
  bool oom = c.oom || c.arena.oom || diags->arena.oom;
  optic_arena_finish(&c.arena);
  if (oom) {
    optic_fail_oom(&core->fault);
  }
  return !oom && c.errors == 0;
}
