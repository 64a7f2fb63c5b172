/* layer.c: between scanner and grammar; everything in the language that depends on context.
 *
 * In: raw tokens. Out: the tokens that the grammar is written for:
 * - a newline only where the innermost open bracket is a block or none, the token before does not ask for more, and
 *   what follows does not continue the line (`|>`; `else` and `catch` after `}`);
 * - `{` as BLOCK where the token before can end an expression or is `else`, `try` or `catch`, as RECORD otherwise;
 * - words after `.`, and where a record's key stands, as NAME;
 * - brackets in pairs: a closing one of the wrong kind is reported here, with its opener;
 * - names, numbers and strings with their values.
 * After an error it skips to the end of the statement, so that one mistake gives one message.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/parser.h"

#include "optic.tab.h"

void optic_token_place(const Parse *p, const Token *t, size_t *line, size_t *column)
{
  *line = t->line;
  *column = optic_utf8_width(p->source->text + t->line_start, t->at.first - t->line_start) + 1;
}

/* ---- raw tokens, with their lines ----------------------------------------------------------------------------- */
static Token raw(Parse *p)
{
  Layer *l = &p->layer;
  if (l->has_ahead) {
    l->has_ahead = false;
    return l->ahead;
  }
  Token t = {0};
  t.scanned = t.kind = optic_scan_lex(&t.value, &t.at, l->scanner);
  if (t.kind == T_YYEOF) {
    t.at.first = t.at.last = (uint32_t)p->source->size;
  }
  if (l->line_empty) {
    l->indent = t.at.first - l->line_start;
  }
  t.line = l->line;
  t.line_start = l->line_start;
  t.indent = l->indent;
  t.first = l->line_empty;
  l->line_empty = false;
  if (t.kind == T_NL) {
    l->line++;
    l->line_start = t.at.last;
    l->line_empty = true;
  } else if (t.kind == T_STRING || t.kind == T_BAD) {
    for (uint32_t i = t.at.first; i < t.at.last; i++) {
      if (p->source->text[i] == '\n') {
        l->line++;
        l->line_start = i + 1;
      }
    }
  }
  return t;
}

static void push_back(Parse *p, Token t)
{
  t.kind = t.scanned;
  p->layer.ahead = t;
  p->layer.has_ahead = true;
}

/* ---- what kinds of tokens do ---------------------------------------------------------------------------------- */
static bool ends_expression(int kind)
{
  switch (kind) {
  case T_NAME:
  case T_STATE:
  case T_TRANSFORM:
  case T_AS:
  case T_NUMBER:
  case T_STRING:
  case T_TRUE:
  case T_FALSE:
  case T_NONE:
  case T_RPAREN:
  case T_RSQUARE:
  case T_RBRACE:
  case T_RECORD_END:
  case T_BAD:
    return true;
  default:
    return false;
  }
}

/* A newline after it is white space. */
static bool wants_more(int kind)
{
  switch (kind) {
  case T_PLUS:
  case T_MINUS:
  case T_STAR:
  case T_SLASH:
  case T_PERCENT:
  case T_MATMUL:
  case T_POW:
  case T_IDIV:
  case T_CMP:
  case T_IN:
  case T_AND:
  case T_OR:
  case T_NOT:
  case T_ARROW:
  case T_PIPE:
  case T_ASSIGN:
  case T_AUG:
  case T_COMMA:
  case T_DOT:
  case T_COLON:
    return true;
  default:
    return false;
  }
}

static bool heads_block(int kind)
{
  switch (kind) {
  case T_IF:
  case T_ELSE:
  case T_WHILE:
  case T_FOR:
  case T_FN:
  case T_TRANSFORM:
  case T_TRY:
  case T_CATCH:
    return true;
  default:
    return false;
  }
}

/* ---- brackets ------------------------------------------------------------------------------------------------- */
static int top(const Layer *l)
{
  return l->depth ? l->stack[l->depth - 1].kind : T_BLOCK;
}

static const char *opener_text(int kind)
{
  return kind == T_LPAREN ? "(" : kind == T_LSQUARE ? "[" : "{";
}

static void open_bracket(Parse *p, Token *t)
{
  Layer *l = &p->layer;
  if (l->depth >= p->core->limits.depth) {
    if (!p->too_deep) {
      optic_parse_error(p, D_too_deep, t->at, "this is nested more than %u levels deep", p->core->limits.depth);
    }
    p->too_deep = p->stop = true;
    t->kind = T_BAD;
    return;
  }
  if (l->depth == l->cap) {
    size_t cap = l->cap ? 2 * l->cap : 16;
    Bracket *fresh = optic_arena_array(&p->scratch, cap, sizeof *fresh);
    if (!fresh) {
      p->stop = true;
      t->kind = T_BAD;
      return;
    }
    if (l->depth) {
      memcpy(fresh, l->stack, l->depth * sizeof *fresh);
    }
    l->stack = fresh;
    l->cap = cap;
  }
  l->stack[l->depth++] = (Bracket){.kind = t->kind, .before = l->seen[0].kind, .token = *t};
}

/* Reports a closing bracket that fits nothing, once for each that was not given up before. */
static void wrong_closer(Parse *p, Token *t, const Bracket *open)
{
  if (p->layer.skip) {
    return;
  }
  p->reported = true;
  char c = p->source->text[t->at.first];
  if (p->layer.forgiven && !open) {
    p->layer.forgiven--;
  } else if (open && p->diags->list.size < MOST_MESSAGES) {
    size_t line, column;
    optic_token_place(p, &open->token, &line, &column);
    Diag *d = optic_parse_error(p, D_bracket, t->at, "`%c` does not close the `%s` opened at %zu:%zu", c,
                                opener_text(open->kind), line, column);
    const char *right = open->kind == T_LPAREN ? ")" : open->kind == T_LSQUARE ? "]" : "}";
    optic_diag_hint(p->diags, d, "close it with `%s`", right);
  } else {
    optic_parse_error(p, D_bracket, t->at, "`%c` closes nothing", c);
  }
}

static void close_bracket(Parse *p, Token *t)
{
  Layer *l = &p->layer;
  int closed = top(l);
  bool brace = t->kind == T_RBRACE;
  bool fits = t->kind == T_RPAREN    ? closed == T_LPAREN
              : t->kind == T_RSQUARE ? closed == T_LSQUARE
                                     : closed == T_BLOCK || closed == T_RECORD;
  if (l->depth && fits) {
    l->depth--;
    t->kind = closed == T_RECORD ? T_RECORD_END : t->kind;
    return;
  }
  if (brace) {
    /* It most likely closes the nearest brace, and what was opened since is not closed. */
    size_t d = l->depth;
    while (d > 0 && l->stack[d - 1].kind != T_BLOCK && l->stack[d - 1].kind != T_RECORD) {
      d--;
    }
    if (d > 0) {
      wrong_closer(p, t, &l->stack[l->depth - 1]);
      l->depth = d - 1;
      t->kind = l->stack[d - 1].kind == T_RECORD ? T_RECORD_END : T_RBRACE;
      return; /* the grammar finds it wrong, and silently ends the block */
    }
  }
  wrong_closer(p, t, l->depth && closed != T_BLOCK ? &l->stack[l->depth - 1] : NULL);
  if (l->depth && closed != T_BLOCK && closed != T_RECORD && !brace) {
    l->depth--; /* the wrong kind, but meant for it */
  }
  t->kind = T_BAD;
}

/* Depth up to which brackets are blocks' business: one above the innermost block. */
static size_t block_depth(const Layer *l, size_t depth)
{
  while (depth > 0 && l->stack[depth - 1].kind != T_BLOCK) {
    depth--;
  }
  return depth;
}

/* Does a token begin a line no further right than the line where an open bracket stands? Then the bracket was
 * forgotten. */
static const Bracket *abandoned(const Layer *l, const Token *t, size_t depth)
{
  size_t base = block_depth(l, depth);
  if (base == depth || !t->first || t->kind == T_RPAREN || t->kind == T_RSQUARE || t->kind == T_RBRACE) {
    return NULL;
  }
  const Bracket *b = &l->stack[base];
  return t->line > b->token.line && t->indent <= b->token.indent ? b : NULL;
}

static bool opens(int kind)
{
  return kind == T_LPAREN || kind == T_LSQUARE || kind == T_BLOCK || kind == T_RECORD;
}

/* The brackets around the latest token: itself does not count. */
static size_t around(const Layer *l)
{
  bool own = l->depth && opens(l->seen[0].kind) && l->stack[l->depth - 1].token.at.first == l->seen[0].at.first;
  return l->depth - own;
}

const Bracket *optic_layer_abandoned(const Parse *p)
{
  return abandoned(&p->layer, &p->layer.seen[0], around(&p->layer));
}

const Bracket *optic_layer_around(const Parse *p)
{
  size_t depth = around(&p->layer);
  return depth ? &p->layer.stack[depth - 1] : NULL;
}

/* ---- from raw to delivered ------------------------------------------------------------------------------------ */
static void see(Layer *l, const Token *t)
{
  l->seen[2] = l->seen[1];
  l->seen[1] = l->seen[0];
  l->seen[0] = *t;
}

/* True where the newline `t` counts. */
static bool newline_counts(Parse *p, const Token *t)
{
  Layer *l = &p->layer;
  int before = l->seen[0].kind;
  if (top(l) == T_BLOCK && wants_more(before)) {
    return false;
  }
  Token next;
  do {
    next = raw(p);
  } while (next.kind == T_NL);
  push_back(p, next);
  if (top(l) != T_BLOCK) {
    if (l->skip && l->depth > l->skip_depth && abandoned(l, &next, l->depth) &&
        block_depth(l, l->depth) == l->skip_depth) {
      l->forgiven += l->depth - l->skip_depth;
      l->depth = l->skip_depth;
      return true;
    }
    return false;
  }
  (void)t;
  bool closed = before == T_RBRACE || (l->skip_braces && before == T_RECORD_END); /* a block, or meant as one */
  return next.kind != T_PIPE && !((next.kind == T_ELSE || next.kind == T_CATCH) && closed);
}

/* Fits a token into its surroundings; false: it is white space. */
static bool cook(Parse *p, Token *t)
{
  Layer *l = &p->layer;
  int before = l->seen[0].kind;
  if (t->kind == T_NL) {
    return newline_counts(p, t);
  }
  bool key = top(l) == T_RECORD && (before == T_RECORD || before == T_COMMA);
  if ((before == T_DOT || key) && optic_token_is_word(p, t)) {
    t->kind = T_NAME;
  }
  if (t->kind == T_LBRACE) {
    bool block = ends_expression(before) || before == T_ELSE || before == T_TRY || before == T_CATCH;
    t->kind = block ? T_BLOCK : T_RECORD;
  }
  if (opens(t->kind)) {
    open_bracket(p, t);
  } else if (t->kind == T_RPAREN || t->kind == T_RSQUARE || t->kind == T_RBRACE) {
    close_bracket(p, t);
  } else if (heads_block(t->kind)) {
    l->header = *t;
  }
  return true;
}

/* While skipping: is this where the grammar can go on? */
static bool resumes(Parse *p, const Token *t)
{
  Layer *l = &p->layer;
  if (t->kind == T_YYEOF || p->stop) {
    return true;
  }
  if (t->kind == T_NL || t->kind == T_SEMICOLON) {
    bool brace_follows = l->has_ahead && l->ahead.kind == T_LBRACE && l->skip_braces;
    return l->depth == l->skip_depth && !brace_follows;
  }
  return t->kind == T_RBRACE && l->depth + 1 == l->skip_depth;
}

void optic_layer_recover(Parse *p)
{
  Layer *l = &p->layer;
  Token t = l->seen[0];
  size_t depth = around(l);
  p->reported = false;
  l->skip_braces = false;
  switch (t.kind) {
  case T_YYEOF:
  case T_RBRACE:
    return;
  case T_SEMICOLON:
    l->skip_depth = block_depth(l, l->depth);
    l->skip = l->skip_depth != l->depth;
    return;
  case T_NL:
    if (l->has_ahead && l->ahead.kind == T_LBRACE) {
      l->skip = l->skip_braces = true;
      l->skip_depth = block_depth(l, l->depth);
    }
    return;
  default:
    break;
  }
  const Bracket *open = abandoned(l, &t, depth);
  if (open) {
    size_t base = block_depth(l, depth);
    l->forgiven += depth - base;
    l->depth = base;
    push_back(p, t);
    l->inject_newline = true;
    return;
  }
  l->skip = l->skip_braces = true;
  l->skip_depth = block_depth(l, depth);
}

/* At the end of the text after an error: closing braces for the blocks that are open. */
static bool close_open_blocks(Parse *p, Token *t)
{
  Layer *l = &p->layer;
  l->depth = block_depth(l, l->depth);
  if (l->depth == 0) {
    return false;
  }
  l->depth--;
  l->ending = true;
  t->kind = T_RBRACE;
  return true;
}

static Token next_token(Parse *p)
{
  Layer *l = &p->layer;
  if (l->inject_newline) {
    l->inject_newline = false;
    Token t = l->ahead;
    t.kind = t.scanned = T_NL;
    t.at.last = t.at.first;
    return t;
  }
  for (;;) {
    Token t = raw(p);
    if (!p->stop && t.kind != T_YYEOF) {
      if (!cook(p, &t)) {
        continue;
      }
    }
    if (p->stop && t.kind != T_BAD) {
      t.kind = T_YYEOF;
    }
    if (l->skip) {
      if (!resumes(p, &t)) {
        see(l, &t);
        continue;
      }
      l->skip = l->skip_braces = false;
      l->ending = t.kind == T_YYEOF && !p->stop;
    }
    if (t.kind == T_YYEOF && l->ending) {
      close_open_blocks(p, &t);
    }
    if (t.kind == T_BAD && !p->stop && t.scanned == T_BAD) {
      const BadToken *bad = t.value.bad;
      Diag *d;
      if (bad->show_text) {
        int size = t.at.last - t.at.first < 60 ? (int)(t.at.last - t.at.first) : 60;
        d = optic_parse_error(p, bad->code, t.at, "%s `%.*s`", bad->message, size, p->source->text + t.at.first);
      } else {
        d = optic_parse_error(p, bad->code, t.at, "%s", bad->message);
      }
      if (bad->hint) {
        optic_diag_hint(p->diags, d, "%s", bad->hint);
      }
      p->incomplete |= bad->code == D_incomplete;
      p->reported = true;
    }
    return t;
  }
}

int optic_yylex(TokenValue *value, Span *at, Parse *p)
{
  Token t = next_token(p);
  if ((t.kind == T_NAME || t.kind == T_STATE || t.kind == T_TRANSFORM || t.kind == T_AS || t.kind == T_NUMBER ||
       t.kind == T_STRING) &&
      !optic_token_value(p, &t)) {
    t.kind = T_BAD;
    p->reported = true;
  }
  see(&p->layer, &t);
  *value = t.value;
  *at = t.at;
  return t.kind;
}
