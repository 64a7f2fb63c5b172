/* syntax_error.c: what is said when the grammar meets a token that it cannot take.
 *
 * In: the latest tokens, the innermost bracket, and what the grammar would have taken. Out: one diagnostic that names
 * the cause, and as a hint the remedy. The mistakes known by name (those of people who write Python) come first, in
 * an order in which the earlier is the surer; then "unexpected ..., expected ...".
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/parser.h"

#include "optic.tab.h"

typedef struct Case {
  Parse *p;
  const Expected *want;
  const Token *t, *before, *before2;
  const Bracket *around; /* NULL: none */
  const char *text;
  int size;
  char what[80]; /* the token as messages name it */
} Case;

static bool is(const Case *c, const char *word)
{
  return (size_t)c->size == strlen(word) && memcmp(c->text, word, (size_t)c->size) == 0;
}

static bool token_is(const Case *c, const Token *t, const char *word)
{
  size_t size = t->at.last - t->at.first;
  return t->kind == T_NAME && size == strlen(word) && memcmp(c->p->source->text + t->at.first, word, size) == 0;
}

static bool is_keyword(int kind)
{
  switch (kind) {
  case T_FN:
  case T_IF:
  case T_ELSE:
  case T_WHILE:
  case T_FOR:
  case T_IN:
  case T_BREAK:
  case T_CONTINUE:
  case T_RETURN:
  case T_ASSERT:
  case T_TRY:
  case T_CATCH:
  case T_IMPORT:
  case T_AND:
  case T_OR:
  case T_NOT:
  case T_NONE:
  case T_TRUE:
  case T_FALSE:
    return true;
  default:
    return false;
  }
}

static void name_token(Case *c)
{
  const char *kind = c->t->kind == T_NAME ? "name " : c->t->kind == T_NUMBER ? "number " : "";
  if (c->t->kind == T_NL) {
    optic_format(c->what, sizeof c->what, "end of the line");
  } else if (c->t->kind == T_STRING && c->size > 40) {
    optic_format(c->what, sizeof c->what, "string");
  } else {
    optic_format(c->what, sizeof c->what, "%s`%.*s`", kind, c->size < 48 ? c->size : 48, c->text);
  }
}

/* "an expression, `,` or `)`", or "" where it would be too much to read. */
static void list_expected(const Expected *w, char *out, size_t size)
{
  const char *items[12];
  size_t n = 0, used = 0;
  if (w->expression) {
    items[n++] = "an expression";
  } else if (w->name) {
    items[n++] = "a name";
  } else if (w->string) {
    items[n++] = "a string";
  }
  struct {
    bool wanted;
    const char *text;
  } rest[] = {{w->block, "`{`"},
              {w->assign && !w->operators, "`=`"},
              {w->in && !w->operators, "`in`"},
              {w->catch_block, "`catch`"},
              {w->colon, "`:`"},
              {w->open_round && !w->expression && !w->operators, "`(`"},
              {w->comma, "`,`"},
              {w->close_round, "`)`"},
              {w->close_square, "`]`"},
              {w->close_brace, "`}`"},
              {w->newline && !w->expression, "a new line"}};
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
    if (rest[i].wanted) {
      items[n++] = rest[i].text;
    }
  }
  out[0] = 0;
  for (size_t i = 0; i < n && n <= 4; i++) {
    int added = optic_format(out + used, size - used, "%s%s",
                             i == 0       ? ", expected "
                             : i + 1 == n ? " or "
                                          : ", ",
                             items[i]);
    used += added > 0 ? (size_t)added : 0;
    if (used >= size) {
      return;
    }
  }
}

/* ---- the text ends -------------------------------------------------------------------------------------------- */
static void at_end(Case *c)
{
  Parse *p = c->p;
  Span at = {c->before->at.last, c->before->at.last};
  p->incomplete = true;
  if (c->around) {
    size_t line, column;
    const Token *open = &c->around->token;
    optic_token_place(p, open, &line, &column);
    Diag *d = optic_parse_error(p, D_incomplete, at, "the text ends, but the `%c` opened at %zu:%zu is not closed",
                                p->source->text[open->at.first], line, column);
    optic_diag_hint(p->diags, d, "close it with `%s`",
                    open->kind == T_LPAREN    ? ")"
                    : open->kind == T_LSQUARE ? "]"
                                              : "}");
    return;
  }
  char expected[120];
  list_expected(c->want, expected, sizeof expected);
  int size = (int)(c->before->at.last - c->before->at.first);
  if (size > 0 && size < 40 && c->before->kind != T_NL) {
    optic_parse_error(p, D_incomplete, at, "the text ends after `%.*s`%s", size, p->source->text + c->before->at.first,
                      expected);
  } else {
    optic_parse_error(p, D_incomplete, at, "the text ends too early%s", expected);
  }
}

/* ---- mistakes known by name: each returns a message or NULL, and may set a hint ------------------------------- */
typedef struct Said {
  DiagCode code;
  Span at;
  char message[200];
  char hint[200];
} Said;

static bool say(Said *s, const char *message, const char *hint)
{
  optic_format(s->message, sizeof s->message, "%s", message);
  optic_format(s->hint, sizeof s->hint, "%s", hint);
  return true;
}

/* Words of other languages before, or as, the token that surprised. */
static bool foreign_word(const Case *c, Said *s)
{
  static const struct {
    const char *word, *hint;
  } before[] = {
      {"def", "a function is written `fn name(x) { ... }`"},
      {"function", "a function is written `fn name(x) { ... }`"},
      {"func", "a function is written `fn name(x) { ... }`"},
      {"lambda", "a function is written `x -> ...`"},
      {"class", "there are no classes: use records and functions"},
      {"let", "a variable needs no declaration: `name = value`"},
      {"var", "a variable needs no declaration: `name = value`"},
      {"const", "a variable needs no declaration: `name = value`"},
      {"global", "pass the value in, and return the new one"},
      {"nonlocal", "pass the value in, and return the new one"},
      {"from", "a module is imported with `import \"file.opt\" as name`"},
      {"elif", "write `else if`"},
      {"elseif", "write `else if`"},
      {"elsif", "write `else if`"},
      {"is", "to compare write `==`"},
      {"del", "`remove(r, \"a\")` gives a record without a field"},
      {"raise", "`error(\"...\")` raises"},
      {"throw", "`error(\"...\")` raises"},
      {"with", "there is no `with`"},
      {"yield", "there are no generators: return a list"},
      {"async", "there is no `async`"},
      {"await", "there is no `await`"},
      {"except", "errors are caught with `try { } catch e { }`"},
  };
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    if ((c->t->kind == T_NAME && is(c, before[i].word)) || token_is(c, c->before, before[i].word)) {
      optic_format(s->hint, sizeof s->hint, "%s", before[i].hint);
      return true;
    }
  }
  return false;
}

static bool in_record(Case *c, Said *s)
{
  if (!c->around || c->around->kind != T_RECORD || !c->want->colon) {
    return false;
  }
  if (c->around->before == T_ARROW) {
    return say(s, "expected `:`, because after `->` a `{` opens a record",
               "a body with statements is written `fn(x) { ... }`");
  }
  if (c->t->kind == T_ASSIGN) {
    say(s, "expected `:` in a record", "");
    optic_format(s->hint, sizeof s->hint, "a record's field is written `%.*s: ...`",
                 (int)(c->before->at.last - c->before->at.first > 60 ? 60 : c->before->at.last - c->before->at.first),
                 c->p->source->text + c->before->at.first);
    return true;
  }
  if (c->t->kind == T_COMMA || c->t->kind == T_RECORD_END) {
    optic_format(s->hint, sizeof s->hint, "a record's field is written `key: value`, a list `[a, b]`");
    return false;
  }
  int outside = c->around->before;
  if (outside == T_NL || outside == T_YYEOF || outside == T_SEMICOLON || outside == T_BLOCK) {
    return say(s, "expected `:`, because here a `{` opens a record",
               "a block stands on the line of its `if`, `for`, `while`, `fn(...)`");
  }
  return false;
}

static bool about_assign(Case *c, Said *s)
{
  if (c->t->kind != T_ASSIGN && c->t->kind != T_AUG) {
    return false;
  }
  int header = c->p->layer.header.kind;
  if (c->want->block && c->t->kind == T_ASSIGN && (header == T_FN || header == T_TRANSFORM)) {
    return say(s, "expected `{`, not `=`", "a function is written `fn f(x) { ... }` or `f = x -> ...`");
  }
  if (c->want->block && c->t->kind == T_ASSIGN) {
    return say(s, "unexpected `=` in a condition", "to compare write `==`");
  }
  if (is_keyword(c->before->kind) && c->t->kind == T_ASSIGN) {
    optic_format(s->hint, sizeof s->hint, "a word of the language cannot be a name: choose another");
    return false;
  }
  if (c->want->newline || c->want->close_round || c->want->close_square || c->want->comma) {
    return say(s, "assignment is a statement, not an expression", "put it on a line of its own; to compare write `==`");
  }
  return false;
}

static bool about_colon(Case *c, Said *s)
{
  if (c->t->kind != T_COLON) {
    return false;
  }
  if (c->around && c->around->kind == T_LPAREN && c->before->kind == T_NAME) {
    int size = (int)(c->before->at.last - c->before->at.first);
    optic_format(s->message, sizeof s->message, "unexpected `:` in a call");
    optic_format(s->hint, sizeof s->hint, "a keyword argument is written `%.*s = ...`", size < 60 ? size : 60,
                 c->p->source->text + c->before->at.first);
    return true;
  }
  if (c->want->block) {
    return say(s, "expected `{`, not `:`", "a block is written `{ ... }`");
  }
  if (c->want->newline && c->before->kind == T_NAME) {
    optic_format(s->hint, sizeof s->hint, "a variable has no type, a block is written `{ ... }`");
  }
  return false;
}

static bool about_line(Case *c, Said *s)
{
  const Token *t = c->t;
  if (c->want->catch_block) {
    c->p->incomplete |= t->kind == T_NL && c->p->layer.has_ahead && c->p->layer.ahead.kind == T_YYEOF;
    return say(s, "a `try` needs its `catch`", "write `try { ... } catch e { ... }`");
  }
  if (t->kind == T_NL && c->want->block) {
    const Token *h = &c->p->layer.header;
    int size = (int)(h->at.last - h->at.first);
    optic_format(s->message, sizeof s->message, "expected `{` on the same line as its `%.*s`", size < 20 ? size : 0,
                 c->p->source->text + h->at.first);
    optic_format(s->hint, sizeof s->hint, "on a line of its own a `{` opens a record");
    return true;
  }
  if (t->kind == T_IDIV && t->first) {
    return say(s, "a line cannot begin with `//`", "a comment begins with `#`");
  }
  bool operator= t->kind == T_PLUS || t->kind == T_STAR || t->kind == T_SLASH || t->kind == T_PERCENT ||
      t->kind == T_MATMUL || t->kind == T_POW || t->kind == T_IDIV || t->kind == T_CMP || t->kind == T_AND ||
      t->kind == T_OR || t->kind == T_IN || t->kind == T_DOT || t->kind == T_COMMA || t->kind == T_ARROW ||
      t->kind == T_ASSIGN || t->kind == T_AUG;
  if (operator&& c->before->kind == T_NL && t->first) {
    optic_format(s->message, sizeof s->message, "a line cannot begin with %s", c->what);
    optic_format(s->hint, sizeof s->hint, "end line %u with it (only `|>` may begin a line)",
                 c->before->line < t->line ? c->before->line : t->line - 1);
    return true;
  }
  return false;
}

static bool about_expression(Case *c, Said *s)
{
  const Token *t = c->t;
  switch (t->kind) {
  case T_IF:
    return c->want->operators && say(s, "unexpected `if`", "a conditional value is written `if c { a } else { b }`");
  case T_FOR:
    if (c->around && c->around->kind != T_BLOCK) {
      return say(s, "there are no comprehensions", "write `map(x -> ..., xs)`, and `filter(x -> ..., xs)`");
    }
    return false;
  case T_CMP:
  case T_IN:
    if (c->want->operators) {
      return say(s, "comparisons do not chain", "write `a < b and b < c`");
    }
    return false;
  case T_ARROW:
    if (c->want->block) {
      return say(s, "expected `{`, not `->`", "write `fn(x) { ... }`, or `x -> e` without `fn`");
    }
    return say(s, "unexpected `->`",
               "on its left stands a name or `(a, b)`; the function may need parentheses around it");
  case T_ELSE:
    return say(s, "`else` without its `if`", "it stands after the `}` of an `if`");
  case T_CATCH:
    return say(s, "`catch` without its `try`", "it stands after the `}` of a `try`");
  case T_BLOCK:
    return (!c->want->open_round || c->want->operators) &&
           say(s, "unexpected `{`",
               "after a value a `{` opens a block, which belongs to `if`, `for`, `while`, `fn(...)` "
               "or `transform`");
  case T_PLUS:
    if (c->before->kind == T_PLUS && c->before->at.last == t->at.first) {
      return say(s, "there is no `++`", "write `x += 1`");
    }
    return say(s, "unexpected `+`", "a sign is only ever `-`");
  case T_STRING:
    if (c->before->kind == T_NAME && c->before->at.last == t->at.first) {
      return say(s, "a string takes no prefix", "write `format(\"{}\", x)` to put values into a text");
    }
    return false;
  case T_PIPE:
    return say(s, "unexpected `|>`", "it stands between two transforms");
  case T_SEMICOLON:
    return say(s, "unexpected `;`", "it separates statements");
  default:
    return false;
  }
}

static bool about_words(Case *c, Said *s)
{
  if (c->before2->kind != T_IDIV && c->t->kind == T_NAME && foreign_word(c, s)) {
    return false; /* the general message, with this hint */
  }
  if (c->want->name && !c->want->expression && is_keyword(c->t->kind)) {
    optic_format(s->hint, sizeof s->hint, "%s is a word of the language: choose another name", c->what);
  } else if (c->before2->kind == T_STATE && c->t->kind == T_COMMA) {
    optic_format(s->hint, sizeof s->hint, "a `state` line has one name");
  } else if (c->t->kind == T_NUMBER && c->around && c->around->kind == T_RECORD) {
    optic_format(s->hint, sizeof s->hint, "a record's key is a name or a string");
  } else if (c->before->kind == T_IMPORT || c->before2->kind == T_IMPORT) {
    optic_format(s->hint, sizeof s->hint, "a module is imported with `import \"file.opt\" as name`");
  } else if (c->before->kind == T_NAME) {
    if (c->before2->kind == T_IDIV) {
      optic_format(s->hint, sizeof s->hint, "a comment begins with `#`");
    } else if (!foreign_word(c, s) && c->t->kind == T_STRING && c->want->open_round) {
      optic_format(s->hint, sizeof s->hint, "a call is written with parentheses");
    }
  } else if (c->before->kind == T_RBRACE && c->want->newline) {
    optic_format(s->hint, sizeof s->hint, "after a `}` the next statement begins on a new line");
  }
  return false;
}

void optic_syntax_error(Parse *p, const Expected *expected)
{
  const Token *t = &p->layer.seen[0];
  if (p->stop || p->reported) {
    return;
  }
  Case c = {.p = p, .want = expected, .t = t, .before = t + 1, .before2 = t + 2, .around = optic_layer_around(p)};
  c.text = p->source->text + t->at.first;
  c.size = (int)(t->at.last - t->at.first);
  name_token(&c);
  if (t->kind == T_YYEOF) {
    at_end(&c);
    return;
  }
  const Bracket *open = optic_layer_abandoned(p);
  if (open) {
    Diag *d = optic_parse_error(p, D_bracket, open->token.at, "this `%c` is not closed",
                                p->source->text[open->token.at.first]);
    optic_diag_hint(p->diags, d, "line %u, which begins with %s, looks like the next statement", t->line, c.what);
    return;
  }
  Said s = {.code = D_syntax, .at = t->at};
  if (t->kind == T_NL) {
    s.at = (Span){c.before->at.last, c.before->at.last};
  }
  if (!in_record(&c, &s) && !about_line(&c, &s) && !about_assign(&c, &s) && !about_colon(&c, &s) &&
      !about_expression(&c, &s) && !about_words(&c, &s)) {
    char list[120];
    list_expected(expected, list, sizeof list);
    optic_format(s.message, sizeof s.message, "unexpected %s%s", c.what, list);
  }
  Diag *d = optic_parse_error(p, s.code, s.at, "%s", s.message);
  if (s.hint[0]) {
    optic_diag_hint(p->diags, d, "%s", s.hint);
  }
}
