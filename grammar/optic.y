/* optic.y: the grammar of Opt. LALR(1) without conflicts; precedence is in the layers of rules.
 *
 * In: tokens of the layer (src/lang/layer.c), which decides newlines, kinds of `{` and contextual words.
 * Out: the tree, in Parse.root. Actions call constructors (src/lang/ast_build.h) and do nothing else.
 * SPDX-License-Identifier: MIT */
%define api.pure full
%define api.prefix {optic_yy}
%define api.token.prefix {T_}
%define api.value.type {TokenValue}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {Parse *p}
%initial-action { @$ = (Span){0, 0}; }

%code requires {
#include "lang/parser.h"
}

%code {
#include "lang/ast_build.h"

#define YYLLOC_DEFAULT(Current, Rhs, N)                                                                                \
  do {                                                                                                                 \
    (Current).first = (N) ? YYRHSLOC(Rhs, 1).first : YYRHSLOC(Rhs, 0).last;                                            \
    (Current).last = YYRHSLOC(Rhs, N).last;                                                                            \
  } while (0)

/* The parser's stack comes from the parse's arena. `p` is yyparse's parameter; the helpers of LAC, which have none, see
 * this constant and get no memory, which only means that one look-ahead cannot pass 20 states (it never needs to:
 * only empty rules make it grow). */
static Parse *const p = NULL;
#define YYMALLOC(size) optic_parse_memory(p, (size))
#define YYFREE(block) ((void)(block))
#define YYMAXDEPTH 4000

#define WORD(name, at) ((Word){(name), (at)})
#define NO_WORD ((Word){NULL, {0, 0}})
#define LEAF(kind, at) optic_node(p, (kind), (at), 0, NULL, NULL, NULL)
#define NAME_NODE(at, name) optic_node_named(p, N_NAME, (at), WORD(name, at), 0, NULL, NULL, NULL)
#define NAMED1(kind, at, word, a) optic_node_named(p, (kind), (at), (word), 1, (a), NULL, NULL)
#define NODE1(kind, at, a) optic_node(p, (kind), (at), 1, (a), NULL, NULL)
#define NODE2(kind, at, a, b) optic_node(p, (kind), (at), 2, (a), (b), NULL)
#define NODE3(kind, at, a, b, c) optic_node(p, (kind), (at), 3, (a), (b), (c))
}

%token YYEOF 0 "end of the text" NL "end of the line" BAD
%token <name> NAME STATE "state" TRANSFORM "transform" AS "as"
%token <number> NUMBER
%token <string> STRING
%token <op> CMP "comparison" AUG "operator ="
%token FN "fn" IF "if" ELSE "else" WHILE "while" FOR "for" IN "in" BREAK "break" CONTINUE "continue" RETURN "return"
%token ASSERT "assert" TRY "try" CATCH "catch" IMPORT "import" AND "and" OR "or" NOT "not" NONE "none" TRUE "true"
%token FALSE "false"
%token PIPE "|>" ARROW "->" POW "**" IDIV "//" PLUS "+" MINUS "-" STAR "*" SLASH "/" PERCENT "%" MATMUL "@"
%token ASSIGN "=" COMMA "," DOT "." COLON ":" SEMICOLON ";"
%token LPAREN "(" RPAREN ")" LSQUARE "[" RSQUARE "]" BLOCK "{" RECORD "{ of a record" RBRACE "}"
%token RECORD_END "} of a record"
%token LBRACE /* as scanned; the layer makes it BLOCK or RECORD */

%type <name> name
%type <node> items item statement block exprs starred targets target expr pipe or and not comparison sum product unary
  power postfix primary group if params params1 param args args1 arg list list1 fields fields1 field subs subs1 sub
  bound optional

%%

program: items                            { p->root = $1; }
  ;
items: item                               { $$ = optic_node_list(p, N_BLOCK, @$, $1); }
  | items separator item                  { $$ = optic_node_add(p, $1, $3); }
  ;
separator: NL                             { yyerrok; }
  | ";"                                   { yyerrok; }
  ;
item: %empty                              { $$ = NULL; }
  | statement
  | error                                 { $$ = LEAF(N_ERROR, @$); }
  ;
block: "{" items "}"                      { $$ = $2; yyerrok; }
  ;

statement: exprs                          { $$ = optic_ast_statement(p, @$, $1); }
  | exprs "=" exprs                       { $$ = optic_ast_assign(p, @$, @2, $1, optic_ast_values(p, $3)); }
  | exprs AUG expr                        { $$ = optic_ast_augment(p, @$, @2, $1, $2, $3); }
  | "fn" name "(" params ")" block        { $$ = optic_ast_fn(p, @$, N_FN, WORD($2, @2), $4, $6); }
  | "transform" name "(" params ")" block { $$ = optic_ast_fn(p, @$, N_TRANSFORM, WORD($2, @2), $4, $6); }
  | "state" name "=" expr                 { $$ = NAMED1(N_STATE, @$, WORD($2, @2), $4); }
  | "while" expr block                    { $$ = NODE2(N_WHILE, @$, $2, $3); }
  | "for" targets "in" expr block         { $$ = optic_ast_for(p, @$, $2, $4, $5); }
  | "break"                               { $$ = LEAF(N_BREAK, @$); }
  | "continue"                            { $$ = LEAF(N_CONTINUE, @$); }
  | "return"                              { $$ = NODE1(N_RETURN, @$, NULL); }
  | "return" exprs                        { $$ = NODE1(N_RETURN, @$, optic_ast_values(p, $2)); }
  | "assert" expr                         { $$ = NODE2(N_ASSERT, @$, $2, NULL); }
  | "assert" expr "," expr                { $$ = NODE2(N_ASSERT, @$, $2, $4); }
  | "try" block "catch" block             { $$ = NODE2(N_TRY, @$, $2, $4); }
  | "try" block "catch" name block        { $$ = optic_node_named(p, N_TRY, @$, WORD($4, @4), 2, $2, $5, NULL); }
  | "import" STRING "as" name             { $$ = optic_ast_import(p, @$, $2, WORD($4, @4)); }
  ;
exprs: starred                            { $$ = optic_node_list(p, N_LIST, @$, $1); }
  | exprs "," starred                     { $$ = optic_node_add(p, $1, $3); }
  ;
starred: expr
  | "*" expr                              { $$ = NODE1(N_SPREAD, @$, $2); }
  ;
targets: target                           { $$ = optic_node_list(p, N_LIST, @$, $1); }
  | targets "," target                    { $$ = optic_node_add(p, $1, $3); }
  ;
target: name                              { $$ = NAME_NODE(@$, $1); }
  | "*" target                            { $$ = NODE1(N_SPREAD, @$, $2); }
  | "(" targets ")"                       { $$ = $2; }
  | "[" targets "]"                       { $$ = $2; }
  ;
name: NAME | STATE | TRANSFORM | AS
  ;

expr: pipe
  | name "->" expr                        { $$ = optic_ast_arrow1(p, @$, WORD($1, @1), $3); }
  | group "->" expr                       { $$ = optic_ast_arrow(p, @$, $1, $3); }
  ;
pipe: or
  | pipe "|>" or                          { $$ = optic_ast_pipe(p, @$, $1, $3); }
  ;
or: and
  | or "or" and                           { $$ = NODE2(N_OR, @$, $1, $3); }
  ;
and: not
  | and "and" not                         { $$ = NODE2(N_AND, @$, $1, $3); }
  ;
not: comparison
  | "not" not                             { $$ = optic_ast_unary(p, @$, OP_NOT, $2); }
  ;
comparison: sum
  | sum CMP sum                           { $$ = optic_ast_binary(p, @$, $2, $1, $3); }
  | sum "in" sum                          { $$ = optic_ast_binary(p, @$, OP_IN, $1, $3); }
  | sum "not" "in" sum                    { $$ = optic_ast_binary(p, @$, OP_NOT_IN, $1, $4); }
  ;
sum: product
  | sum "+" product                       { $$ = optic_ast_binary(p, @$, OP_ADD, $1, $3); }
  | sum "-" product                       { $$ = optic_ast_binary(p, @$, OP_SUB, $1, $3); }
  ;
product: unary
  | product "*" unary                     { $$ = optic_ast_binary(p, @$, OP_MUL, $1, $3); }
  | product "/" unary                     { $$ = optic_ast_binary(p, @$, OP_DIV, $1, $3); }
  | product "//" unary                    { $$ = optic_ast_binary(p, @$, OP_IDIV, $1, $3); }
  | product "%" unary                     { $$ = optic_ast_binary(p, @$, OP_MOD, $1, $3); }
  | product "@" unary                     { $$ = optic_ast_binary(p, @$, OP_MATMUL, $1, $3); }
  ;
unary: power
  | "-" unary                             { $$ = optic_ast_unary(p, @$, OP_NEG, $2); }
  ;
power: postfix
  | postfix "**" unary                    { $$ = optic_ast_binary(p, @$, OP_POW, $1, $3); }
  ;
postfix: primary
  | postfix "(" args ")"                  { $$ = optic_ast_call(p, @$, N_CALL, $1, $3); }
  | postfix "[" subs "]"                  { $$ = optic_ast_call(p, @$, N_INDEX, $1, $3); }
  | postfix "." NAME                      { $$ = NAMED1(N_FIELD, @$, WORD($3, @3), $1); }
  ;
primary: name                             { $$ = NAME_NODE(@$, $1); }
  | NUMBER                                { $$ = optic_ast_number(p, @$, $1); }
  | STRING                                { $$ = optic_ast_string(p, @$, $1); }
  | "none"                                { $$ = LEAF(N_NONE, @$); }
  | "true"                                { $$ = LEAF(N_TRUE, @$); }
  | "false"                               { $$ = LEAF(N_FALSE, @$); }
  | group                                 { $$ = optic_ast_group(p, @$, $1); }
  | "[" list "]"                          { $$ = optic_ast_closed(@$, $2); }
  | RECORD fields RECORD_END                    { $$ = optic_ast_closed(@$, $2); }
  | "fn" "(" params ")" block             { $$ = optic_ast_fn(p, @$, N_FN, NO_WORD, $3, $5); }
  | if
  ;
if: "if" expr block                       { $$ = NODE3(N_IF, @$, $2, $3, NULL); }
  | "if" expr block "else" block          { $$ = NODE3(N_IF, @$, $2, $3, $5); }
  | "if" expr block "else" if             { $$ = NODE3(N_IF, @$, $2, $3, $5); }
  ;
group: "(" args ")"                       { $$ = $2; }
  ;

params: %empty                            { $$ = optic_node_list(p, N_PARAMS, @$, NULL); }
  | params1
  | params1 ","
  ;
params1: param                            { $$ = optic_node_list(p, N_PARAMS, @$, $1); }
  | params1 "," param                     { $$ = optic_node_add(p, $1, $3); }
  ;
param: name bound                         { $$ = optic_ast_param(p, @$, WORD($1, @1), PARAM_PLAIN, NO_WORD, $2); }
  | name ":" name bound                   { $$ = optic_ast_param(p, @$, WORD($1, @1), PARAM_PLAIN, WORD($3, @3), $4); }
  | "*" name                              { $$ = optic_ast_param(p, @$, WORD($2, @2), PARAM_REST, NO_WORD, NULL); }
  | "**" name                             { $$ = optic_ast_param(p, @$, WORD($2, @2), PARAM_NAMED, NO_WORD, NULL); }
  ;
bound: %empty                             { $$ = NULL; }
  | "=" expr                              { $$ = $2; }
  ;
args: %empty                              { $$ = optic_node_list(p, N_LIST, @$, NULL); }
  | args1
  | args1 ","                             { $$ = optic_ast_trailing($1); }
  ;
args1: arg                                { $$ = optic_node_list(p, N_LIST, @$, $1); }
  | args1 "," arg                         { $$ = optic_node_add(p, $1, $3); }
  ;
arg: expr
  | name "=" expr                         { $$ = NAMED1(N_KEYWORD, @$, WORD($1, @1), $3); }
  | "*" expr                              { $$ = NODE1(N_SPREAD, @$, $2); }
  | "**" expr                             { $$ = NODE1(N_SPREAD_NAMED, @$, $2); }
  ;
list: %empty                              { $$ = optic_node_list(p, N_LIST, @$, NULL); }
  | list1
  | list1 ","
  ;
list1: starred                            { $$ = optic_node_list(p, N_LIST, @$, $1); }
  | list1 "," starred                     { $$ = optic_node_add(p, $1, $3); }
  ;
fields: %empty                            { $$ = optic_node_list(p, N_RECORD, @$, NULL); }
  | fields1
  | fields1 ","
  ;
fields1: field                            { $$ = optic_node_list(p, N_RECORD, @$, $1); }
  | fields1 "," field                     { $$ = optic_node_add(p, $1, $3); }
  ;
field: NAME ":" expr                      { $$ = NAMED1(N_PAIR, @$, WORD($1, @1), $3); }
  | STRING ":" expr                       { $$ = optic_ast_pair(p, @$, $1, @1, $3); }
  | "**" expr                             { $$ = NODE1(N_SPREAD_NAMED, @$, $2); }
  ;
subs: subs1
  | subs1 ","
  ;
subs1: sub                                { $$ = optic_node_list(p, N_LIST, @$, $1); }
  | subs1 "," sub                         { $$ = optic_node_add(p, $1, $3); }
  ;
sub: expr
  | optional ":" optional                 { $$ = NODE3(N_SLICE, @$, $1, $3, NULL); }
  | optional ":" optional ":" optional    { $$ = NODE3(N_SLICE, @$, $1, $3, $5); }
  ;
optional: %empty                          { $$ = NULL; }
  | expr
  ;

%%

void *optic_parse_memory(Parse *parse, size_t size)
{
  return parse ? optic_arena_alloc(&parse->scratch, size) : NULL;
}

void optic_yyerror(Span *at, Parse *parse, const char *message)
{
  (void)message; /* only ever "memory exhausted", for the stack's limit and for lack of memory alike */
  if (!parse->scratch.oom && !parse->too_deep) {
    parse->too_deep = true;
    optic_parse_error(parse, D_too_deep, *at, "this is nested too deeply");
  }
}

static int yyreport_syntax_error(const yypcontext_t *context, Parse *parse)
{
  yysymbol_kind_t kinds[YYNTOKENS];
  Expected e = {0};
  int count = parse->stop ? 0 : yypcontext_expected_tokens(context, kinds, YYNTOKENS);
  for (int i = 0; i < count; i++) {
    switch (kinds[i]) {
    case YYSYMBOL_NAME: e.name = true; break;
    case YYSYMBOL_NUMBER: e.expression = true; break;
    case YYSYMBOL_STRING: e.string = true; break;
    case YYSYMBOL_SLASH: e.operators = true; break;
    case YYSYMBOL_BLOCK: e.block = true; break;
    case YYSYMBOL_COLON: e.colon = true; break;
    case YYSYMBOL_COMMA: e.comma = true; break;
    case YYSYMBOL_ASSIGN: e.assign = true; break;
    case YYSYMBOL_IN: e.in = true; break;
    case YYSYMBOL_NL: e.newline = true; break;
    case YYSYMBOL_CATCH: e.catch_block = true; break;
    case YYSYMBOL_LPAREN: e.open_round = true; break;
    case YYSYMBOL_RPAREN: e.close_round = true; break;
    case YYSYMBOL_RSQUARE: e.close_square = true; break;
    case YYSYMBOL_RECORD_END:
    case YYSYMBOL_RBRACE: e.close_brace = true; break;
    default: break;
    }
  }
  optic_syntax_error(parse, &e);
  optic_layer_recover(parse);
  return 0;
}
