/* check_calls.c: the arguments of a call. See check_internal.h.
 *
 * Order and repetition are checked for every call; number and names where the function is known: one of the script's
 * that its name is bound to once, or one outside of it with a signature.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/check_internal.h"

typedef struct SigParam {
  const char *name;
  size_t size;
  bool has_default;
  bool keyword_only;
} SigParam;

enum { MOST_PARAMS = 64 }; /* a function with more is left to the run */

typedef struct Signature {
  SigParam at[MOST_PARAMS];
  uint32_t count;
  uint32_t positional; /* how many can be given by position */
  bool rest, named;
  char shown[160];
} Signature;

/* ---- where signatures come from ------------------------------------------------------------------------------- */
static bool from_node(Check *c, const Name *name, const Node *fn, Signature *out)
{
  const Node *params = fn->kids[0];
  if (params->count > MOST_PARAMS) {
    return false;
  }
  for (uint32_t i = 0; i < params->count; i++) {
    const Node *p = params->kids[i];
    if (p->kind != N_PARAM) {
      return false;
    }
    if (p->param == PARAM_REST) {
      out->rest = true;
    } else if (p->param == PARAM_NAMED) {
      out->named = true;
    } else {
      out->at[out->count++] = (SigParam){p->name->text, p->name->size, p->kids[0] != NULL, out->rest};
      out->positional += !out->rest;
    }
  }
  size_t size = params->count ? params->kids[params->count - 1]->span.last - params->kids[0]->span.first : 0;
  if (size < 100) {
    optic_format(out->shown, sizeof out->shown, "%s(%.*s)", name->text, (int)size,
                 size ? c->source->text + params->kids[0]->span.first : "");
  }
  if (strchr(out->shown, '\n')) {
    out->shown[0] = 0;
  }
  return true;
}

static bool word_byte(char ch)
{
  return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_' || (ch & 0x80);
}

/* Reads "name(a, b: number = [1, 2], *rest, **named)". */
static bool from_text(const char *text, Signature *out)
{
  const char *s = strchr(text, '(');
  if (!s) {
    return false;
  }
  optic_format(out->shown, sizeof out->shown, "%s", strlen(text) < sizeof out->shown ? text : "");
  bool keyword_only = false;
  for (s++; *s && *s != ')';) {
    s += strspn(s, " ,");
    int stars = (int)strspn(s, "*");
    s += stars;
    const char *start = s;
    while (word_byte(*s)) {
      s++;
    }
    size_t size = (size_t)(s - start);
    bool has_default = false, quoted = false;
    int depth = 0;
    for (; *s && (depth > 0 || quoted || (*s != ',' && *s != ')')); s++) {
      if (*s == '"' && (s[-1] != '\\' || !quoted)) {
        quoted = !quoted;
      } else if (!quoted) {
        depth += strchr("([{", *s) != NULL;
        depth -= strchr(")]}", *s) != NULL;
        has_default |= *s == '=' && depth == 0;
      }
    }
    if (stars == 1) {
      out->rest |= size > 0;
      keyword_only = true;
    } else if (stars == 2) {
      out->named = true;
    } else if (size > 0) {
      if (out->count == MOST_PARAMS) {
        return false;
      }
      out->at[out->count++] = (SigParam){start, size, has_default, keyword_only};
      out->positional += !keyword_only;
    }
  }
  return *s == ')';
}

static bool signature_of(Check *c, const Node *callee, const Symbol *symbol, Signature *out)
{
  out->count = out->positional = 0;
  out->rest = out->named = false;
  out->shown[0] = 0;
  if (symbol) {
    return symbol->kind == SYMBOL_VARIABLE && symbol->bindings == 1 && symbol->value &&
           from_node(c, symbol->name, symbol->value, out);
  }
  Known known;
  return optic_check_known(c, callee->name, &known) && known.signature && from_text(known.signature, out);
}

/* ---- arguments against parameters ----------------------------------------------------------------------------- */
static uint32_t param_index(const Signature *sig, const Name *name)
{
  uint32_t i = 0;
  while (i < sig->count && (sig->at[i].size != name->size || memcmp(sig->at[i].name, name->text, name->size) != 0)) {
    i++;
  }
  return i;
}

static void hint_signature(Check *c, Diag *d, const Signature *sig)
{
  if (sig->shown[0]) {
    optic_diag_hint(c->diags, d, "it is `%s`", sig->shown);
  }
}

/* Names that other libraries use for the same thing. */
static const char *usual_name(const Signature *sig, const char *name)
{
  static const struct {
    const char *theirs, *ours;
  } usual[] = {
      {"lr", "learning_rate"},
      {"step_size", "learning_rate"},
      {"alpha", "learning_rate"},
      {"wd", "weight_decay"},
      {"beta1", "b1"},
      {"beta_1", "b1"},
      {"beta2", "b2"},
      {"beta_2", "b2"},
      {"epsilon", "eps"},
      {"momentum", "decay"},
      {"dim", "axis"},
      {"max_norm", "max_delta"},
  };
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
    if (strcmp(name, usual[i].theirs) == 0) {
      for (uint32_t k = 0; k < sig->count; k++) {
        if (sig->at[k].size == strlen(usual[i].ours) && memcmp(sig->at[k].name, usual[i].ours, sig->at[k].size) == 0) {
          return usual[i].ours;
        }
      }
    }
  }
  return NULL;
}

static void unknown_keyword(Check *c, const char *function, const Signature *sig, const Node *arg)
{
  Nearest near;
  optic_nearest_init(&near, c, arg->name->text, arg->name->size);
  for (uint32_t i = 0; i < sig->count; i++) {
    optic_nearest_try(&near, sig->at[i].name, sig->at[i].size);
  }
  const char *usual = usual_name(sig, arg->name->text);
  const char *meant = usual ? usual : near.best;
  Diag *d =
      meant[0]
          ? optic_check_error(c, D_arguments, arg->name_span, "`%s` has no argument `%s` (did you mean `%s`?)",
                              function, arg->name->text, meant)
          : optic_check_error(c, D_arguments, arg->name_span, "`%s` has no argument `%s`", function, arg->name->text);
  hint_signature(c, d, sig);
}

static void check_against(Check *c, const Node *call, const Signature *sig)
{
  const char *function = call->kids[0]->name->text;
  bool given[MOST_PARAMS] = {false};
  bool spread = false, spread_named = false, unknown = false;
  uint32_t position = 0;
  for (uint32_t i = 1; i < call->count; i++) {
    const Node *arg = call->kids[i];
    if (arg->kind == N_SPREAD) {
      spread = true;
    } else if (arg->kind == N_SPREAD_NAMED) {
      spread_named = true;
    } else if (arg->kind == N_ERROR) {
      return;
    } else if (arg->kind == N_KEYWORD) {
      uint32_t k = param_index(sig, arg->name);
      if (k == sig->count) {
        if (!sig->named) {
          unknown_keyword(c, function, sig, arg);
          unknown = true;
        }
      } else if (given[k] && k < position) {
        Diag *d = optic_check_error(c, D_duplicate, arg->name_span, "`%s` is given twice: by position and by name",
                                    arg->name->text);
        hint_signature(c, d, sig);
      } else {
        given[k] = true;
      }
    } else if (!spread) {
      if (position >= sig->positional && !sig->rest) {
        Diag *d =
            optic_check_error(c, D_arguments, arg->span, "`%s` takes %u argument%s%s", function, sig->positional,
                              sig->positional == 1 ? "" : "s", sig->positional < sig->count ? " by position" : "");
        hint_signature(c, d, sig);
        return;
      }
      if (position < sig->positional) {
        given[position] = true;
      }
      position++;
    }
  }
  for (uint32_t k = 0; k < sig->count && !unknown; k++) {
    bool maybe = spread_named || (spread && k < sig->positional);
    if (!given[k] && !sig->at[k].has_default && !maybe) {
      Diag *d = optic_check_error(c, D_arguments, call->kids[0]->span, "`%s` needs its argument `%.*s`", function,
                                  (int)sig->at[k].size, sig->at[k].name);
      hint_signature(c, d, sig);
      return;
    }
  }
}

/* What holds for every call: positions first, no name twice. True when it does. */
static bool in_order(Check *c, const Node *call)
{
  SymbolTable seen = {0};
  bool keywords = false, right = true;
  for (uint32_t i = 1; i < call->count; i++) {
    const Node *arg = call->kids[i];
    if (arg->kind == N_KEYWORD) {
      Symbol *symbol = optic_symbol_add(c, &seen, arg->name);
      if (symbol && symbol->bindings) {
        optic_check_error(c, D_duplicate, arg->name_span, "the argument `%s` is given twice", arg->name->text);
        right = false;
      } else if (symbol) {
        symbol->bindings = 1;
      }
      keywords = true;
    } else if (arg->kind == N_SPREAD_NAMED) {
      keywords = true;
    } else if (keywords && arg->kind != N_ERROR && right) {
      Diag *d = optic_check_error(c, D_argument_order, arg->span, "positional argument after a keyword argument");
      optic_diag_hint(c->diags, d, "move it before them, or give its name");
      right = false;
    }
  }
  return right;
}

/* Apart from optic_check_call, so that its frame is not on the stack while arguments nest. */
static void __attribute__((noinline)) check_known(Check *c, const Node *call, const Symbol *symbol)
{
  Signature sig;
  if (signature_of(c, call->kids[0], symbol, &sig)) {
    check_against(c, call, &sig);
  }
}

void optic_check_call(Check *c, Scope *s, const Node *call)
{
  const Node *callee = call->kids[0];
  const Symbol *symbol = NULL;
  if (callee && callee->kind == N_NAME) {
    symbol = optic_check_read(c, s, callee->name, callee->span, true);
  } else {
    optic_check_expr(c, s, callee);
  }
  for (uint32_t i = 1; i < call->count; i++) {
    optic_check_expr(c, s, call->kids[i]);
  }
  if (in_order(c, call) && callee && callee->kind == N_NAME) {
    check_known(c, call, symbol);
  }
}
