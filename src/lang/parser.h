/* parser.h: what the scanner, the token layer, the grammar and the tree's constructors share during one parse.
 *
 * Private to lang/ and grammar/. The scanner (optic.l) finds tokens; the layer (layer.c) decides which newlines count,
 * what a `{` opens and which words are names; the grammar (optic.y) sees what the layer delivers.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_PARSER_H
#define OPTIC_LANG_PARSER_H

#include <setjmp.h>

#include "lang/ast.h"

/* What the scanner says of text that is no token; the layer reports it, unless it skips. */
typedef struct BadToken {
  DiagCode code;
  const char *message;
  const char *hint; /* NULL: none */
  bool show_text;   /* the token's text follows the message */
} BadToken;

typedef struct StringValue {
  const char *text;
  size_t size;
} StringValue;

typedef union TokenValue {
  Node *node;
  const Name *name;
  Op op;
  double number;
  StringValue string;
  const BadToken *bad;
} TokenValue;

typedef struct Token {
  int kind;    /* as delivered: T_... of optic.tab.h */
  int scanned; /* as scanned */
  Span at;
  TokenValue value;
  uint32_t line;               /* from 1 */
  uint32_t line_start, indent; /* byte offset of its line; bytes before that line's first token */
  bool first;                  /* nothing stands before it on its line */
} Token;

typedef struct Bracket {
  int kind;   /* T_LPAREN, T_LSQUARE, T_BLOCK or T_RECORD */
  int before; /* the token before it */
  Token token;
} Bracket;

typedef struct Layer {
  void *scanner;
  uint32_t pos; /* how far the scanner is */
  uint32_t line, line_start, indent;
  bool line_empty; /* nothing but white space on this line so far */
  Token ahead;     /* read but not yet looked at */
  bool has_ahead;
  Token seen[3];  /* the latest delivered (or skipped), latest first */
  Token header;   /* the latest word that a block belongs to: `if`, `fn` ... */
  Bracket *stack; /* brackets that are open */
  size_t depth, cap;
  /* Recovery. */
  bool skip;           /* dropping what is left of a wrong statement ... */
  size_t skip_depth;   /* ... whose block is the bracket below this depth */
  bool skip_braces;    /* after a missing `{`: drop one on the next line too */
  bool inject_newline; /* deliver a newline before what is ahead */
  bool ending;         /* the text is over: close what is open, to keep the tree */
  size_t forgiven;     /* brackets given up; as many closing ones are not complained about */
} Layer;

typedef struct Parse {
  Core *core;
  const Source *source;
  Arena *arena;  /* for the tree */
  Arena scratch; /* for the scanner's and the parser's own memory */
  Diags *diags;
  Layer layer;
  Node *root;
  size_t errors;
  bool incomplete; /* an error was the end of the text */
  bool reported;   /* the syntax error that follows has been explained already */
  bool too_deep;   /* said once */
  bool stop;       /* no use in going on */
  bool oom;
  jmp_buf fatal; /* out of flex's allocation failures; nothing else may use it */
} Parse;

/* What the grammar would have taken in place of a token it did not. */
typedef struct Expected {
  bool expression, name, string, operators;
  bool block, colon, comma, assign, in, newline, catch_block, close_round, close_square, close_brace, open_round;
} Expected;

enum { MOST_MESSAGES = 100 }; /* as many as Diags keeps; what follows is only counted, at no cost */

/* Adds an error; NULL when it was dropped. */
Diag *optic_parse_error(Parse *p, DiagCode code, Span at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* scanner (optic.l). `buffer` has `size` bytes and two NULs after them, and is written to. May jump to `fatal`. */
void optic_scan_open(Parse *p, char *buffer, size_t size);
int optic_scan_lex(TokenValue *value, Span *at, void *scanner);

/* layer.c */
int optic_yylex(TokenValue *value, Span *at, Parse *p);
/* To be called on each syntax error: makes the layer skip to where the grammar can go on. */
void optic_layer_recover(Parse *p);
/* The bracket that the latest token gives up, judging by indentation; NULL: none. */
const Bracket *optic_layer_abandoned(const Parse *p);
/* The innermost bracket around the latest token; NULL: none. */
const Bracket *optic_layer_around(const Parse *p);
/* Line and column of a token. */
void optic_token_place(const Parse *p, const Token *t, size_t *line, size_t *column);

/* token.c: turns a NAME, NUMBER or STRING into its value. False: an error was reported. */
bool optic_token_value(Parse *p, Token *t);
/* A word in the sense of "any word is a name here". */
bool optic_token_is_word(const Parse *p, const Token *t);

/* syntax_error.c */
void optic_syntax_error(Parse *p, const Expected *expected);

/* grammar (optic.y) */
int optic_yyparse(Parse *p);
void optic_yyerror(Span *at, Parse *p, const char *message);
void *optic_parse_memory(Parse *p, size_t size);

#endif
