/* compile.c: syntax tree to bytecode: entry, functions, transforms, names. See compile.h and compile_internal.h.
 *
 * A frame is: parameters, then a register for each name that the function binds, then temporaries, used as a stack.
 * A name that an inner function captures has a cell in its register. There is one cell for a call of the function:
 * closures made in the rounds of a loop share the loop's variables.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/compile_internal.h"

/* ---- names ---------------------------------------------------------------------------------------------------- */
/* The captured cell of `f` for a name bound by a function around; -1 where none binds it. */
static int32_t captured_cell(Func *f, const Name *name)
{
  int64_t known = optic_map_find(&f->capture_index, name);
  if (known >= 0) {
    return (int32_t)known;
  }
  Func *around = f->around;
  if (!around || !around->scope->parent) {
    return -1;
  }
  Capture capture = {.name = name};
  const Var *v = optic_scope_find(around->scope, name);
  if (v) {
    assert(v->captured);
    capture.index = v->reg;
  } else {
    int32_t index = captured_cell(around, name);
    if (index < 0) {
      return -1;
    }
    capture.from_parent = true;
    capture.index = (uint16_t)index;
  }
  if (f->captures.size >= UINT16_MAX) {
    optic_limit_error(f, f->span, "captured variables", UINT16_MAX);
    return 0;
  }
  Capture *out = VEC_PUSH(&f->c->core->alloc, &f->captures);
  if (!out || !optic_map_set(&f->capture_index, &f->c->scratch, name, (uint32_t)f->captures.size - 1)) {
    f->captures.size -= out != NULL;
    f->c->oom = true;
    return 0;
  }
  *out = capture;
  return (int32_t)f->captures.size - 1;
}

Ref optic_resolve(Func *f, const Name *name, Span span)
{
  Compiler *c = f->c;
  if (f->scope->parent) {
    const Var *v = optic_scope_find(f->scope, name);
    if (v) {
      return (Ref){v->captured ? REF_CELL : v->is_self ? REF_SELF : REF_LOCAL, v->reg};
    }
    int32_t up = captured_cell(f, name);
    if (up >= 0) {
      return (Ref){REF_UP, up};
    }
  }
  int32_t slot = c->names->global(c->names->user, name, false);
  if (slot >= 0) {
    return (Ref){REF_GLOBAL, slot};
  }
  int32_t standard = c->names->standard(c->names->user, name);
  if (standard >= 0) {
    return (Ref){REF_STD, standard};
  }
  if (slot == -2) {
    c->oom = true;
  } else if (!c->oom) {
    COMPILE_ERROR(c, D_unknown_name, span, "no name `%s`", name->text); /* the checker has said more than this */
  }
  return (Ref){REF_NONE, 0};
}

int32_t optic_plain_local(Func *f, const Name *name)
{
  const Var *v = f->scope->parent ? optic_scope_find(f->scope, name) : NULL;
  return v && !v->captured && !v->is_self ? (int32_t)v->reg : -1;
}

/* ---- what a function is to the outside ------------------------------------------------------------------------ */
static void add_source(Func *f, Text *t, Span span)
{
  const Source *s = f->c->source;
  if (span.first > span.last || span.last > s->size || span.last - span.first > 80) {
    optic_text_str(t, "...");
    return;
  }
  bool space = false;
  for (uint32_t i = span.first; i < span.last; i++) {
    char ch = s->text[i];
    if (ch == '\n' || ch == '\r') {
      space = true;
    } else if (!space || (ch != ' ' && ch != '\t')) {
      if (space) {
        optic_text_char(t, ' ');
      }
      space = false;
      optic_text_char(t, ch);
    }
  }
}

/* A copy that stays; the text is finished. */
static const char *taken(Func *f, Text *t)
{
  const char *out = optic_arena_copy(f->c->arena, optic_text_cstr(t), t->size);
  f->c->oom = f->c->oom || t->oom;
  optic_text_finish(t);
  return out;
}

/* "loss(params, batch, scale = 1.0)" */
static const char *signature(Func *f, const Name *name, const Node *params)
{
  Text t;
  optic_text_init(&t, &f->c->core->alloc);
  optic_text_str(&t, name ? name->text : "fn");
  optic_text_char(&t, '(');
  for (uint32_t i = 0; i < params->count; i++) {
    const Node *p = params->kids[i];
    optic_text_str(&t, i ? ", " : "");
    optic_text_str(&t, p->param == PARAM_REST ? "*" : p->param == PARAM_NAMED ? "**" : "");
    optic_text_str(&t, p->name ? p->name->text : "_");
    optic_text_str(&t, p->is_number ? ": number" : "");
    if (p->count && p->kids[0]) {
      optic_text_str(&t, " = ");
      add_source(f, &t, p->kids[0]->span);
    }
  }
  optic_text_char(&t, ')');
  return taken(f, &t);
}

/* The signature of a transform's init or update: its parameters as the VM passes them. */
static const char *plain_signature(Func *f, const Name *name)
{
  Text t;
  optic_text_init(&t, &f->c->core->alloc);
  optic_text_printf(&t, "%s(", name->text);
  for (uint32_t i = 0; i < f->scope->count && f->scope->vars[i].is_param; i++) {
    optic_text_printf(&t, "%s%s", i ? ", " : "", f->scope->vars[i].name->text);
  }
  optic_text_char(&t, ')');
  return taken(f, &t);
}

static const char *copied_doc(Func *f, const char *doc)
{
  return doc ? optic_arena_copy(f->c->arena, doc, strlen(doc)) : NULL;
}

/* ---- begin and finish ----------------------------------------------------------------------------------------- */
static void begin(Func *f, Compiler *c, Func *around, Scope *scope, Span span)
{
  *f = (Func){.c = c, .around = around, .scope = scope, .span = span};
  uint32_t reg = 0;
  for (uint32_t i = 0; i < scope->count; i++) {
    Var *v = &scope->vars[i];
    if (v->is_self && !v->captured) {
      continue; /* SELF yields it each time */
    }
    if (reg >= MOST_REGISTERS) {
      optic_limit_error(f, span, "registers for variables and intermediate values", MOST_REGISTERS);
      break;
    }
    v->reg = (uint16_t)reg++;
  }
  f->first_temp = f->next = f->most = reg;
}

static void new_cell(Func *f, const Var *v)
{
  if (v->captured) {
    optic_emit(f, I_NEWCELL, v->reg, 0, 0, f->span);
  }
}

/* What comes before the body: cells, then defaults in order. A default may look at the parameters before it, and at
 * those without default. */
static void prologue(Func *f, const Node *params)
{
  for (uint32_t i = 0; i < f->scope->count; i++) {
    const Var *v = &f->scope->vars[i];
    if (v->is_self && v->captured) {
      optic_emit(f, I_SELF, v->reg, 0, 0, f->span);
    }
    if (v->is_param && v->has_default) {
      continue;
    }
    new_cell(f, v);
    if (v->is_param) {
      optic_set_add(&f->set, v->reg);
    }
  }
  uint32_t plain = 0;
  for (uint32_t i = 0; params && i < params->count; i++) {
    const Node *p = params->kids[i];
    if (p->kind != N_PARAM || p->param != PARAM_PLAIN || plain >= f->scope->count) {
      continue;
    }
    const Var *v = &f->scope->vars[plain++];
    if (!v->has_default) {
      continue;
    }
    int32_t given = -1;
    optic_emit_jump(f, I_DEFAULT, v->reg, &given, p->span);
    RegSet before = f->set;
    optic_gen_expr(f, p->kids[0], v->reg);
    optic_patch_here(f, given);
    f->set = before;
    optic_set_add(&f->set, v->reg);
    new_cell(f, v);
  }
}

static void *copied(Func *f, const void *at, size_t count, size_t each)
{
  void *out = optic_arena_array(f->c->arena, count, each);
  if (out && count) {
    memcpy(out, at, count * each);
  }
  return out;
}
#define COPIED(f, vec) copied((f), (vec).at, (vec).size, sizeof *(vec).at)

static void finish_locals(Func *f, Proto *p)
{
  const Scope *s = f->scope;
  LocalName *out = s->count ? optic_arena_array(f->c->arena, s->count, sizeof *out) : NULL;
  if (!out) {
    return;
  }
  p->locals = out;
  for (uint32_t i = 0; i < s->count; i++) {
    const Var *v = &s->vars[i];
    if (!v->is_self || v->captured) {
      out[p->local_count++] =
          (LocalName){.name = v->name, .reg = v->reg, .is_cell = v->captured, .last = optic_here(f)};
    }
  }
}

/* Whatever has gone wrong, `f` is emptied; NULL when there is no Proto. */
static Proto *finish(Func *f, const Name *name, const char *doc, bool falls)
{
  Compiler *c = f->c;
  if (falls || !f->code.size || f->label == f->code.size) {
    optic_emit(f, I_RETNONE, 0, 0, 0, (Span){f->span.last - (f->span.last > f->span.first), f->span.last});
  }
  Proto *p = NULL;
  if (!c->oom && !c->failed) {
    optic_mark_last_uses(f);
    p = optic_arena_alloc(c->arena, sizeof *p);
  }
  if (p) {
    *p = (Proto){
        .name = name,
        .doc = copied_doc(f, doc),
        .source = c->source,
        .span = f->span,
        .registers = f->most ? f->most : 1,
        .code = COPIED(f, f->code),
        .spans = COPIED(f, f->spans),
        .code_count = optic_here(f),
        .consts = COPIED(f, f->consts),
        .const_count = (uint32_t)f->consts.size,
        .names = COPIED(f, f->names),
        .names_count = (uint32_t)f->names.size,
        .transforms = COPIED(f, f->transforms),
        .transform_count = (uint32_t)f->transforms.size,
        .captures = COPIED(f, f->captures),
        .capture_count = (uint32_t)f->captures.size,
        .protos = COPIED(f, f->protos),
        .proto_count = (uint32_t)f->protos.size,
    };
    finish_locals(f, p);
  }
  optic_func_finish(f);
  return p;
}

/* The parameters of `fn` and of a transform's maker. */
static void finish_params(Func *f, Proto *p, const Node *params)
{
  p->params = optic_arena_array(f->c->arena, params->count, sizeof *p->params);
  p->signature = signature(f, p->name, params);
  if (!p->params) {
    return;
  }
  for (uint32_t i = 0; i < params->count; i++) {
    const Node *n = params->kids[i];
    if (n->param == PARAM_REST) {
      p->has_rest = true;
    } else if (n->param == PARAM_NAMED) {
      p->has_named = true;
    } else {
      bool has_default = n->count && n->kids[0];
      p->params[p->param_count++] = (Param){.name = n->name, .has_default = has_default, .is_number = n->is_number};
      p->required = has_default ? p->required : p->param_count;
      p->positional += !p->has_rest;
    }
  }
}

/* All parameters of a transform's init or update: plain and required. */
static void finish_plain_params(Func *f, Proto *p)
{
  uint32_t count = 0;
  while (count < f->scope->count && f->scope->vars[count].is_param) {
    count++;
  }
  p->params = optic_arena_array(f->c->arena, count, sizeof *p->params);
  p->signature = plain_signature(f, p->name);
  if (p->params) {
    for (uint32_t i = 0; i < count; i++) {
      p->params[i].name = f->scope->vars[i].name;
    }
    p->param_count = p->required = p->positional = count;
  }
}

/* ---- returning ------------------------------------------------------------------------------------------------ */
static void end_tries(Func *f, Span span)
{
  for (uint32_t i = 0; i < f->tries; i++) {
    optic_emit(f, I_ENDTRY, 0, 0, 0, span);
  }
}

/* A transform's update returns its value and all its states. The function ends here, so states move out of their
 * registers; not while a handler might still look at them. */
static void return_with_states(Func *f, const Node *value, Span span)
{
  uint32_t save = f->next;
  uint32_t first = optic_reserve(f, 1, span), count = 1;
  optic_gen_expr(f, value, first);
  for (uint32_t i = f->first_state; i < f->scope->count && f->scope->vars[i].is_param; i++, count++) {
    const Var *v = &f->scope->vars[i];
    Opcode op = v->captured ? I_GETCELL : f->tries ? I_COPY : I_MOVE;
    optic_emit(f, op, optic_reserve(f, 1, span), v->reg, 0, span);
  }
  optic_emit(f, I_LIST, first, first, count, span);
  end_tries(f, span);
  optic_emit(f, I_RETURN, first, 0, 0, span);
  f->next = save;
}

void optic_gen_return(Func *f, const Node *value, Span span)
{
  if (value && value->kind == N_IF) {
    optic_gen_if(f, value, TAIL);
    return;
  }
  bool update = f->scope->role == ROLE_UPDATE;
  if (!value || (value->kind == N_NONE && !update)) {
    end_tries(f, span);
    optic_emit(f, I_RETNONE, 0, 0, 0, span);
    return;
  }
  if (update) {
    return_with_states(f, value, span);
    return;
  }
  int32_t local = value->kind == N_NAME ? optic_plain_local(f, value->name) : -1;
  uint32_t save = f->next, reg;
  if (local >= 0 && optic_set_has(&f->set, (uint32_t)local)) {
    reg = (uint32_t)local;
  } else {
    reg = optic_reserve(f, 1, span);
    optic_gen_expr(f, value, reg);
  }
  end_tries(f, span);
  optic_emit(f, I_RETURN, reg, 0, 0, span);
  f->next = save;
}

/* ---- functions and transforms --------------------------------------------------------------------------------- */
static Proto *function(Func *around, Scope *scope, const Node *n, const Name *name)
{
  Func f;
  begin(&f, around->c, around, scope, n->span);
  prologue(&f, n->kids[0]);
  bool falls = false;
  if (n->kids[1]->kind == N_BLOCK) {
    falls = optic_gen_block(&f, n->kids[1], 0, TAIL);
  } else {
    optic_gen_return(&f, n->kids[1], n->kids[1]->span);
  }
  Proto *p = finish(&f, name, n->doc, falls);
  if (p) {
    finish_params(&f, p, n->kids[0]);
  }
  return p;
}

static uint32_t state_count(const Node *block)
{
  uint32_t count = 0;
  while (count < block->count && block->kids[count]->kind == N_STATE) {
    count++;
  }
  return count;
}

/* "adam" and ".init" to a name. */
static const Name *joined(Compiler *c, const Name *a, const char *b)
{
  Text t;
  optic_text_init(&t, &c->core->alloc);
  optic_text_printf(&t, "%s%s", a ? a->text : "", b);
  const Name *out = t.oom ? NULL : optic_name(&c->core->names, t.at, t.size);
  c->oom = c->oom || !out;
  optic_text_finish(&t);
  return out;
}

/* init: each state's expression into its variable, then the list of them. */
static void init_body(Func *f, const Node *block, uint32_t states)
{
  for (uint32_t i = 0; i < states; i++) {
    const Node *s = block->kids[i];
    int32_t local = optic_plain_local(f, s->name);
    uint32_t save = f->next;
    if (local >= 0) {
      optic_gen_expr(f, s->kids[0], (uint32_t)local);
      optic_set_add(&f->set, (uint32_t)local);
    } else {
      uint32_t t = optic_reserve(f, 1, s->span);
      optic_gen_expr(f, s->kids[0], t);
      optic_gen_store_name(f, s->name, t, s->span);
    }
    f->next = save;
  }
  uint32_t first = f->next, made = 0;
  for (; made < states; made++) {
    const Node *s = block->kids[made];
    optic_gen_read(f, optic_resolve(f, s->name, s->span), optic_reserve(f, 1, s->span), s->span);
  }
  if (!made) {
    first = optic_reserve(f, 1, f->span);
  }
  optic_emit(f, I_LIST, first, first, made, f->span);
  optic_emit(f, I_RETURN, first, 0, 0, f->span);
}

static Proto *transform_part(Func *maker, const Node *n, Role role)
{
  Scope *scope = optic_scope_child(maker->scope, n, role);
  const Name *name = joined(maker->c, n->name, role == ROLE_INIT ? ".init" : ".update");
  if (!scope || !name) {
    return NULL;
  }
  const Node *block = n->kids[1];
  uint32_t states = state_count(block);
  Func f;
  begin(&f, maker->c, maker, scope, n->span);
  prologue(&f, NULL);
  bool falls = false;
  if (role == ROLE_INIT) {
    init_body(&f, block, states);
  } else {
    uint32_t params = 0;
    while (params < scope->count && scope->vars[params].is_param) {
      params++;
    }
    f.first_state = params - states;
    falls = optic_gen_block(&f, block, states, TAIL);
  }
  Proto *p = finish(&f, name, NULL, falls);
  if (p) {
    finish_plain_params(&f, p);
  }
  return p;
}

static bool add_proto(Func *f, Proto *p, uint32_t *index)
{
  Proto **out = p ? VEC_PUSH(&f->c->core->alloc, &f->protos) : NULL;
  if (!out) {
    f->c->oom = f->c->oom || !f->c->failed;
    return false;
  }
  *out = p;
  *index = (uint32_t)f->protos.size - 1;
  return true;
}

static bool describe(Func *f, const Node *n, uint32_t *index)
{
  const Node *params = n->kids[0], *block = n->kids[1];
  uint32_t states = state_count(block);
  TransformDesc d = {.name = n->name, .doc = copied_doc(f, n->doc)};
  d.states = optic_arena_array(f->c->arena, states, sizeof *d.states);
  d.hypers = optic_arena_array(f->c->arena, params->count, sizeof *d.hypers);
  TransformDesc *out = d.states && d.hypers ? VEC_PUSH(&f->c->core->alloc, &f->transforms) : NULL;
  if (!out) {
    f->c->oom = true;
    return false;
  }
  for (; d.state_count < states; d.state_count++) {
    d.states[d.state_count] = block->kids[d.state_count]->name;
  }
  for (uint32_t i = 0; i < params->count; i++) {
    if (params->kids[i]->is_number) {
      d.hypers[d.hyper_count++] = params->kids[i]->name;
    }
  }
  *out = d;
  *index = (uint32_t)f->transforms.size - 1;
  return true;
}

/* The function that makes a transform: closures of init and update, and its hyperparameters' values. */
static Proto *maker(Func *around, Scope *scope, const Node *n)
{
  Func f;
  begin(&f, around->c, around, scope, n->span);
  prologue(&f, n->kids[0]);
  uint32_t init, update, desc;
  if (add_proto(&f, transform_part(&f, n, ROLE_INIT), &init) &&
      add_proto(&f, transform_part(&f, n, ROLE_UPDATE), &update) && describe(&f, n, &desc)) {
    uint32_t first = optic_reserve(&f, 2, n->name_span);
    optic_emit_d(&f, I_CLOSURE, first, (int32_t)init, n->name_span);
    optic_emit_d(&f, I_CLOSURE, first + 1, (int32_t)update, n->name_span);
    const TransformDesc *d = &f.transforms.at[desc];
    for (uint32_t i = 0; i < d->hyper_count; i++) {
      uint32_t t = optic_reserve(&f, 1, n->name_span);
      optic_gen_read(&f, optic_resolve(&f, d->hypers[i], n->name_span), t, n->name_span);
    }
    optic_emit(&f, I_TRANSFORM, first, first, desc, n->name_span);
    optic_emit(&f, I_RETURN, first, 0, 0, n->name_span);
  }
  Proto *p = finish(&f, n->name, n->doc, false);
  if (p) {
    finish_params(&f, p, n->kids[0]);
  }
  return p;
}

void optic_gen_closure(Func *f, const Node *node, const Name *hint, uint32_t dst)
{
  Scope *scope = optic_scope_child(f->scope, node, ROLE_FN);
  if (!scope) {
    f->c->oom = f->c->oom || !f->c->failed;
    return;
  }
  const Name *name = node->name ? node->name : hint;
  uint32_t index;
  if (add_proto(f, node->kind == N_FN ? function(f, scope, node, name) : maker(f, scope, node), &index)) {
    optic_emit_d(f, I_CLOSURE, dst, (int32_t)index, name && node->name ? node->name_span : node->span);
  }
}

/* ---- entry ---------------------------------------------------------------------------------------------------- */
static Proto *script(Compiler *c, const Node *root)
{
  Scope *scope = optic_scopes(c, root);
  if (!scope || c->scratch.oom || c->oom || c->failed) {
    return NULL;
  }
  Func f;
  begin(&f, c, NULL, scope, root->span);
  bool falls = optic_gen_block(&f, root, 0, DISCARD);
  Proto *p = finish(&f, NULL, NULL, falls);
  if (p) {
    p->signature = "";
  }
  return p;
}

Proto *optic_compile(Core *core, const Source *source, const Node *root, const GlobalNames *names, bool show,
                     Arena *arena, Diags *diags)
{
  Compiler c = {.core = core, .source = source, .names = names, .arena = arena, .diags = diags, .show = show};
  optic_arena_init(&c.scratch, &core->alloc);
  c.name_chain = optic_name_cstr(&core->names, "chain");
  c.name_updates = optic_name_cstr(&core->names, "updates");
  c.name_params = optic_name_cstr(&core->names, "params");
  c.name_extra = optic_name_cstr(&core->names, "extra");
  Proto *p = NULL;
  if (c.name_chain && c.name_updates && c.name_params && c.name_extra) {
    p = script(&c, root);
  } else {
    c.oom = true;
  }
  if (c.oom || c.scratch.oom || arena->oom) {
    diags->arena.oom = true;
    p = NULL;
  }
  optic_arena_finish(&c.scratch);
  return c.failed ? NULL : p;
}
