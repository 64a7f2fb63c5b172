/* compile_test.c: listings of snippets (compile.golden), limits, wrong scripts, and that registers are never read
 * before they have a value or after it was used up.
 *
 * OPTIC_GOLDEN=write in the environment writes the listings anew.
 * SPDX-License-Identifier: MIT */
#include "code_test.h"

#include "lang/compile_internal.h"

/* ---- listings ------------------------------------------------------------------------------------------------- */
static char *golden_path(void)
{
  const char *root = getenv("OPTIC_TEST_ROOT"), *rest = "/tests/lang/compile.golden";
  root = root ? root : ".";
  size_t size = strlen(root) + strlen(rest) + 1;
  char *path = malloc(size);
  optic_format(path, size, "%s%s", root, rest);
  return path;
}

static char *read_all(const char *path)
{
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t size = 0, cap = 1 << 20;
  char *text = malloc(cap);
  size = fread(text, 1, cap - 1, file);
  assert_true(size < cap - 1);
  text[size] = 0;
  fclose(file);
  return text;
}

/* "==== show" before a case's source: as a REPL compiles it. "----" before its listing. */
static void add_listing(Text *out, const char *source, size_t size, bool show)
{
  Code c;
  code_open(&c, source, size, show, NULL, NULL);
  for (size_t i = 0; i < c.diags.list.size; i++) {
    const Diag *d = &c.diags.list.at[i];
    optic_text_printf(out, "%s %s\n", optic_diag_info(d->code)->code, d->message);
  }
  if (c.proto) {
    optic_dis(c.proto, out, code_global_name, code_standard_name, &c);
    if (!optic_verify(&c.core, c.proto)) {
      optic_text_printf(out, "NOT VERIFIED: %s\n", c.core.fault.message);
    }
  }
  code_close(&c);
}

static void listings(void **state)
{
  (void)state;
  char *path = golden_path(), *text = read_all(path);
  Alloc alloc;
  optic_alloc_init(&alloc, NULL, NULL, 0);
  Text all, one;
  optic_text_init(&all, &alloc);
  optic_text_init(&one, &alloc);
  size_t cases = 0, wrong = 0;
  char *at = strstr(text, "\n==== ");
  assert_non_null(at);
  optic_text_add(&all, text, (size_t)(at - text) + 1);
  while (at) {
    char *head = at + 1, *source = strchr(head, '\n') + 1, *mark = strstr(source, "\n----\n");
    assert_non_null(mark);
    char *want = mark + 6, *next = strstr(want - 1, "\n==== ");
    size_t want_size = next ? (size_t)(next + 1 - want) : strlen(want);
    optic_text_clear(&one);
    bool show = (size_t)(source - head) > 6 && strstr(head, "show") && strstr(head, "show") < source;
    add_listing(&one, source, (size_t)(mark - source), show);
    optic_text_add(&all, head, (size_t)(want - head));
    optic_text_add(&all, one.at ? one.at : "", one.size);
    if (one.size != want_size || memcmp(optic_text_cstr(&one), want, want_size) != 0) {
      wrong++;
      print_message("---- %.*swant:\n%.*sgot:\n%s", (int)(mark + 1 - head), head, (int)want_size, want,
                    optic_text_cstr(&one));
    }
    cases++;
    at = next;
  }
  const char *mode = getenv("OPTIC_GOLDEN");
  if (mode && !strcmp(mode, "write")) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(all.at, 1, all.size, file);
    fclose(file);
    wrong = 0;
  }
  optic_text_finish(&all);
  optic_text_finish(&one);
  free(text);
  free(path);
  assert_true(cases >= 40);
  assert_int_equal(wrong, 0);
}

/* ---- registers have values when they are read ------------------------------------------------------------------ */
/* A forward data flow: which registers may have had no value yet, and which may have been used up. */
typedef struct Flow {
  RegSet unset, gone;
  bool reached;
} Flow;

typedef struct Uses {
  const Proto *p;
  Flow *before;
  uint32_t *handlers; /* 1 + where the innermost TRY around is; 0: none */
  Flow now;
  uint32_t at;
  char wrong[200];
} Uses;

static void use(Uses *u, uint32_t reg, bool checks, bool consumes)
{
  if (optic_set_has(&u->now.gone, reg) || (!checks && optic_set_has(&u->now.unset, reg))) {
    optic_format(u->wrong, sizeof u->wrong, "%s: instruction %u reads r%u, which may be %s",
                 u->p->name ? u->p->name->text : "?", (unsigned)u->at, (unsigned)reg,
                 optic_set_has(&u->now.gone, reg) ? "used up" : "unset");
  }
  optic_set_remove(&u->now.unset, reg); /* or control does not get on */
  if (consumes) {
    optic_set_add(&u->now.gone, reg);
  }
}

static void use_range(Uses *u, uint32_t first, uint32_t count, bool consumes)
{
  for (uint32_t i = 0; i < count; i++) {
    use(u, first + i, false, consumes);
  }
}

static void define(Uses *u, uint32_t reg)
{
  optic_set_remove(&u->now.unset, reg);
  optic_set_remove(&u->now.gone, reg);
}

static void define_range(Uses *u, uint32_t first, uint32_t count)
{
  for (uint32_t i = 0; i < count; i++) {
    define(u, first + i);
  }
}

static void letters(Uses *u, const Instr *in)
{
  const char *shape = optic_opcodes[in->op].shape;
  const uint16_t fields[3] = {in->a, in->b, in->c};
  for (int i = 0; shape[i]; i++) {
    if (shape[i] == 'o' && !(fields[i] & OPERAND_CONST)) {
      use(u, fields[i] & OPERAND_INDEX, false, (fields[i] & OPERAND_TEMP) != 0);
    } else if (shape[i] == 'r' && in->op != I_DEFAULT) {
      use(u, fields[i], in->op == I_COPY, false);
    } else if (shape[i] == 'm') {
      use(u, fields[i], false, true);
    }
  }
}

/* What an instruction does to registers; `jumped`: on the way of its jump. */
static void effect(Uses *u, const Instr *in)
{
  switch (in->op) {
  case I_LIST:
    use_range(u, in->b, in->c, true);
    break;
  case I_RECORD:
    use_range(u, in->b, u->p->names[in->c].count, true);
    break;
  case I_SLICE:
    use_range(u, in->b, 3, true);
    break;
  case I_TRANSFORM:
    use_range(u, in->b, 2 + u->p->transforms[in->c].hyper_count, true);
    break;
  case I_SETPATH:
  case I_SETPATHCELL:
  case I_SETPATHGLOBAL:
    if (in->op != I_SETPATHGLOBAL) {
      use(u, in->a, false, false);
    }
    use_range(u, in->b, (uint32_t)u->p->consts[in->c].size + 1, true);
    break;
  case I_CALL:
  case I_CALLOWN:
    use_range(u, in->a, 1u + in->b, true);
    break;
  case I_CALLM:
    use_range(u, in->a, 2u + in->b, true);
    break;
  case I_CALLX:
    use_range(u, in->a, 3, true);
    break;
  case I_CALLMX:
    use_range(u, in->a, 4, true);
    break;
  case I_NEWCELL:
    break;
  case I_LISTADD:
  case I_LISTSPREAD:
  case I_RECADD:
  case I_RECSPREAD:
    use(u, in->a, false, false);
    letters(u, in);
    break;
  default:
    letters(u, in);
    break;
  }
  const char *shape = optic_opcodes[in->op].shape;
  if (in->op == I_UNPACK) {
    define_range(u, in->a, in->c);
  } else if (in->op == I_UNPACKREST) {
    define_range(u, in->a, (in->c >> 8) + 1u + (in->c & 255u));
  } else if (in->op == I_METHOD) {
    define_range(u, in->a, 2);
  } else if (shape[0] == 'w' && in->op != I_TRY && in->op != I_NEXT) {
    define(u, in->a);
  }
}

static bool merge(Flow *to, const Flow *from)
{
  Flow old = *to;
  for (int i = 0; i < 4; i++) {
    to->unset.at[i] |= from->unset.at[i];
    to->gone.at[i] |= from->gone.at[i];
  }
  to->reached = true;
  return memcmp(&old, to, sizeof old) != 0;
}

/* An error may come before and after an instruction has used its operands up. */
static bool to_handler(Uses *u)
{
  uint32_t try_at = u->handlers[u->at];
  if (!try_at) {
    return false;
  }
  const Instr *in = &u->p->code[try_at - 1];
  Flow to = u->now;
  optic_set_remove(&to.unset, in->a);
  optic_set_remove(&to.gone, in->a);
  return merge(&u->before[(int64_t)try_at + in->d], &to);
}

static bool visit(Uses *u)
{
  const Proto *p = u->p;
  const Instr *in = &p->code[u->at];
  bool word = optic_opcode_has_word(in->op), changed = false;
  u->now = u->before[u->at];
  changed = to_handler(u) || changed;
  effect(u, in);
  changed = (in->op != I_RETURN && to_handler(u)) || changed;
  if (optic_opcodes[in->op].shape[1] == 'J' && in->op != I_TRY) {
    changed = merge(&u->before[(int64_t)u->at + 1 + in->d], &u->now) || changed;
  }
  if (word && in->op != I_CALLOWN) {
    changed = merge(&u->before[(int64_t)u->at + 2 + in[1].d], &u->now) || changed;
  }
  if (in->op == I_NEXT) {
    define(u, in->a);
  }
  if (in->op != I_RETURN && in->op != I_RETNONE && in->op != I_FAIL && in->op != I_JUMP && in->op != I_LOOP) {
    changed = merge(&u->before[u->at + 1 + word], &u->now) || changed;
  }
  return changed;
}

/* NULL, or what is wrong; parameters have values, captured or not, but for DEFAULT. */
static const char *check_uses(const Proto *p)
{
  static char wrong[200];
  Uses u = {.p = p};
  u.before = calloc(p->code_count + 1u, sizeof *u.before);
  u.handlers = calloc(p->code_count + 1u, sizeof *u.handlers);
  u.before[0].unset = REGSET_ALL;
  u.before[0].reached = true;
  for (uint32_t i = 0; i < p->param_count + p->has_rest + p->has_named; i++) {
    optic_set_remove(&u.before[0].unset, i);
  }
  for (uint32_t i = 0; i < p->code_count; i++) {
    for (uint32_t k = i + 1; p->code[i].op == I_TRY && k < i + 1u + (uint32_t)p->code[i].d; k++) {
      u.handlers[k] = i + 1;
    }
  }
  bool changed = true;
  while (changed && !u.wrong[0]) {
    changed = false;
    for (u.at = 0; u.at < p->code_count && !u.wrong[0]; u.at += 1u + optic_opcode_has_word(p->code[u.at].op)) {
      changed = (u.before[u.at].reached && visit(&u)) || changed;
    }
  }
  memcpy(wrong, u.wrong, sizeof wrong);
  free(u.before);
  free(u.handlers);
  for (uint32_t i = 0; i < p->proto_count && !wrong[0]; i++) {
    check_uses(p->protos[i]);
  }
  return wrong[0] ? wrong : NULL;
}

/* Compiles and checks; false where the text is wrong in a way that a random one may be (nobody has checked it). */
static bool check_text(const char *text, size_t size)
{
  Code c;
  code_open(&c, text, size, false, NULL, NULL);
  DiagCode code = c.diags.list.size ? c.diags.list.at[0].code : D_none;
  bool may = !c.proto && (code == D_builtin_assign || code == D_unassigned || code == D_too_large);
  const char *wrong = may ? NULL : c.proto ? check_uses(c.proto) : code ? c.diags.list.at[0].message : "not compiled";
  if (!may && !wrong && !optic_verify(&c.core, c.proto)) {
    wrong = c.core.fault.message;
  }
  if (wrong) {
    print_message("---- %.*s", (int)size, text); /* in pieces: cmocka's buffer is small */
    print_message("\n%s\n", wrong);
    Text t;
    optic_text_init(&t, &c.core.alloc);
    if (c.proto) {
      optic_dis(c.proto, &t, code_global_name, code_standard_name, &c);
      fprintf(stderr, "%s", optic_text_cstr(&t));
    }
    optic_text_finish(&t);
  }
  assert_null(wrong);
  bool compiled = c.proto;
  code_close(&c);
  return compiled;
}

/* Random scripts: statements over a few variables, nested. */
typedef struct Random {
  uint64_t state;
  Text out;
  int depth, loops;
} Random;

static uint32_t pick(Random *r, uint32_t n)
{
  r->state = r->state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(r->state >> 33) % n;
}

static void say(Random *r, const char *text)
{
  optic_text_str(&r->out, text);
}

static const char *const variables[] = {"a", "b", "c", "d"};

static void random_block(Random *r, int value);
static void random_value(Random *r);

/* A value in a function of its own, outside of loops. */
static void random_inside(Random *r)
{
  int loops = r->loops;
  r->loops = 0;
  random_value(r);
  r->loops = loops;
}

static void random_value(Random *r)
{
  static const char *const ops[] = {" + ", " * ", " ** ", " @ ", " < ", " >= ", " == ", " in ", " and ", " or "};
  const char *v = variables[pick(r, 4)];
  r->depth++;
  switch (r->depth > 4 ? pick(r, 3) : pick(r, 16)) {
  case 0:
    say(r, "1");
    break;
  case 1:
  case 2:
    say(r, v);
    break;
  case 3:
  case 4:
  case 5:
    say(r, "("), random_value(r), say(r, ops[pick(r, 10)]), random_value(r), say(r, ")");
    break;
  case 6:
    say(r, "["), random_value(r), say(r, ", "), random_value(r), say(r, ", *"), random_value(r), say(r, "]");
    break;
  case 7:
    say(r, v), say(r, ".k["), random_value(r), say(r, "]");
    break;
  case 8:
    say(r, "append("), random_value(r), say(r, ", "), random_value(r), say(r, ")");
    break;
  case 9:
    say(r, v), say(r, ".update("), random_value(r), say(r, ", k = "), random_value(r), say(r, ")");
    break;
  case 10:
    say(r, "(if "), random_value(r), random_block(r, 1), say(r, "else"), random_block(r, 1), say(r, ")");
    break;
  case 11:
    say(r, "(not "), random_value(r), say(r, ")");
    break;
  case 12:
    say(r, "map("), say(r, v), say(r, " -> "), random_inside(r), say(r, ", "), random_value(r), say(r, ")");
    break;
  case 13:
    say(r, "{k: "), random_value(r), say(r, ", **"), random_value(r), say(r, "}");
    break;
  case 14:
    say(r, v), say(r, "["), random_value(r), say(r, ":, "), random_value(r), say(r, "]");
    break;
  default:
    say(r, "print(*"), random_value(r), say(r, ", "), random_value(r), say(r, ")");
    break;
  }
  r->depth--;
}

static void random_statement(Random *r)
{
  const char *v = variables[pick(r, 4)], *w = variables[pick(r, 4)];
  r->depth++;
  switch (r->depth > 4 ? pick(r, 6) : pick(r, 16)) {
  case 0:
  case 1:
    say(r, v), say(r, " = "), random_value(r);
    break;
  case 2:
    say(r, v), say(r, " += "), random_value(r);
    break;
  case 3:
    say(r, v), say(r, ", "), say(r, w), say(r, ".k = "), random_value(r);
    break;
  case 4:
    say(r, v), say(r, ", [*"), say(r, w), say(r, "] = "), say(r, w), say(r, ", "), say(r, v);
    break;
  case 5:
    say(r, v), say(r, ".k[1, "), random_value(r), say(r, "] *= "), random_value(r);
    break;
  case 6:
    say(r, "for "), say(r, v), say(r, " in "), random_value(r), r->loops++, random_block(r, 0), r->loops--;
    break;
  case 7:
    say(r, "while "), random_value(r), r->loops++, random_block(r, 0), r->loops--;
    break;
  case 8:
    say(r, "if "), random_value(r), random_block(r, 0);
    break;
  case 9:
    say(r, "if "), random_value(r), random_block(r, 0), say(r, "else"), random_block(r, 0);
    break;
  case 10:
    say(r, "try"), random_block(r, 0), say(r, "catch "), say(r, v), random_block(r, 0);
    break;
  case 11:
    say(r, r->loops ? (pick(r, 2) ? "break" : "continue") : "return a");
    break;
  case 12:
    say(r, "return "), random_value(r);
    break;
  case 13:
    say(r, "assert "), random_value(r), say(r, ", "), random_value(r);
    break;
  case 14: {
    int loops = r->loops;
    r->loops = 0;
    say(r, "fn "), say(r, v), say(r, "(a, b = "), random_value(r), say(r, ", *d)"), random_block(r, 0);
    r->loops = loops;
    break;
  }
  default:
    random_value(r);
    break;
  }
  say(r, "\n");
  r->depth--;
}

static void random_block(Random *r, int value)
{
  say(r, " {\n");
  for (uint32_t n = pick(r, 3) + 1; n > 0; n--) {
    random_statement(r);
  }
  if (value) {
    random_value(r);
    say(r, "\n");
  }
  say(r, "} ");
}

static void random_scripts(void **state)
{
  (void)state;
  Alloc alloc;
  optic_alloc_init(&alloc, NULL, NULL, 0);
  Random r = {.state = 20240601};
  optic_text_init(&r.out, &alloc);
  int compiled = 0;
  for (int i = 0; i < 2000; i++) {
    optic_text_clear(&r.out);
    say(&r, "a, b, c, d = 1, 2, 3, 4\nfn f(a, b)");
    random_block(&r, 0);
    say(&r, "\ntransform t(c, b: number = 2) {\nstate a = c\nstate d = b\n");
    for (int k = 0; k < 4; k++) {
      random_statement(&r);
    }
    say(&r, "return updates\n}\n");
    compiled += check_text(r.out.at, r.out.size);
  }
  optic_text_finish(&r.out);
  assert_true(compiled > 500);
}

static void every_construct(void **state)
{
  (void)state;
  assert_true(check_text(everything, sizeof everything - 1));
}

/* ---- limits and wrong scripts ---------------------------------------------------------------------------------- */
static void limit(const char *text, const Limits *limits, DiagCode code)
{
  Code c;
  code_open(&c, text, strlen(text), false, limits, NULL);
  if ((code == D_none) != (c.proto != NULL)) {
    print_message("---- %.100s\n%s\n", text, c.diags.list.size ? c.diags.list.at[0].message : "no diagnostic");
  }
  assert_int_equal(c.parsed, PARSE_OK);
  if (code == D_none) {
    assert_non_null(c.proto);
    assert_true(optic_verify(&c.core, c.proto));
    assert_null(check_uses(c.proto));
  } else {
    assert_null(c.proto);
    assert_true(c.diags.list.size >= 1);
    assert_string_equal(optic_diag_info(c.diags.list.at[0].code)->id, optic_diag_info(code)->id);
  }
  code_close(&c);
}

/* `unit` with its number in place of %d, `count` times, between `before` and `after`. */
static char *repeated(const char *before, const char *unit, int count, const char *after)
{
  Alloc alloc;
  optic_alloc_init(&alloc, NULL, NULL, 0);
  Text t;
  optic_text_init(&t, &alloc);
  optic_text_str(&t, before);
  for (int i = 0; i < count; i++) {
    const char *mark = strstr(unit, "%d");
    optic_text_add(&t, unit, mark ? (size_t)(mark - unit) : strlen(unit));
    if (mark) {
      optic_text_printf(&t, "%d%s", i, mark + 2);
    }
  }
  optic_text_str(&t, after);
  char *out = text_copy(&t);
  optic_text_finish(&t);
  return out;
}

static void limit_repeated(const char *before, const char *unit, int count, const char *after, DiagCode code)
{
  char *text = repeated(before, unit, count, after);
  limit(text, NULL, code);
  free(text);
}

static void limits(void **state)
{
  (void)state;
  limit_repeated("fn f() {\n", "v%d = 1\n", 249, "v1 }", D_none);
  limit_repeated("fn f() {\n", "v%d = 1\n", 251, "v1 }", D_too_large);
  limit_repeated("fn f() {\n", "v%d = 1\n", 5000, "v1 }", D_too_large);
  limit_repeated("fn f(", "v%d, ", 250, ") { 1 }", D_too_large);
  limit_repeated("fn f(", "v%d, ", 5000, ") { 1 }", D_too_large);
  limit_repeated("x = [", "%d, ", 10000, "]", D_none);
  limit_repeated("x = [", "%d, ", 32800, "]", D_too_large);
  limit_repeated("x = {", "k%d: 1, ", 5000, "}", D_none);
  limit_repeated("print(", "%d, ", 1000, ")", D_none);
  limit_repeated("print(", "k%d = 1, ", 200, ")", D_none);
  limit_repeated("", "x%d, ", 200, "y = [1, 2]", D_none);
  limit_repeated("", "x%d, ", 300, "y = [1, 2]", D_too_large);
  limit_repeated("", "x%d, ", 100, "*y = [1, 2]", D_none);
  limit_repeated("x = ", "(1, ", 100,
                 "2)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
                 ")))))))))))",
                 D_none);
  limit_repeated(
      "x = ", "print(1, 2, ", 100,
      "2))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))",
      D_too_large);
  limit_repeated("x = ", "1 + ", 100, "2", D_none);
  limit_repeated("", "x%d = 1\n", 300, "", D_none);
  Limits few = optic_limits_default();
  few.constants = 4;
  limit("x = [1, 2, 3, 4]", &few, D_none);
  limit("x = [1, 2, 3, 4, 1, 2, 3, 4]", &few, D_none);
  limit("x = [1, 2, 3, 4, 5]", &few, D_too_large);
}

static void wrong_scripts(void **state)
{
  (void)state;
  limit("break", NULL, D_misplaced);
  limit("fn f() { continue }", NULL, D_misplaced);
  limit("for i in [1] { fn f() { break } }", NULL, D_misplaced);
  limit("x = nowhere", NULL, D_unknown_name);
  limit("fn f(a = b, b = 1) { 2 }", NULL, D_unassigned);
  limit("fn f(a = () -> b, b = 1) { 2 }", NULL, D_unassigned);
  limit("fn f(a = () -> a) { 2 }", NULL, D_unassigned);
  limit("fn f(b, a = () -> b) { 2 }", NULL, D_none);
  limit("fn f(a) { fn g() { a.x = 1 } }", NULL, D_builtin_assign);
  limit("r = {}\nfn f() { r.x = 1 }", NULL, D_builtin_assign);
  limit("print.x = 1", NULL, D_builtin_assign);
  limit("fn f() { state x = 1 }", NULL, D_misplaced);
  limit("transform t() { x = 1\nstate y = 2\nreturn updates }", NULL, D_misplaced);
}

/* ---- what the VM shows ----------------------------------------------------------------------------------------- */
static void headers(void **state)
{
  (void)state;
  Code c;
  code_right(&c, "fn f(a, b: number = 1 +\n   2, *rest, **named) {\n  \"Doc.\"\n  a\n}\n"
                 "g = (x, y = [1, 2]) -> x\n"
                 "transform t(b1: number = 0.9, *inner) {\n  \"T.\"\n  state m = 1\n  return updates\n}\n");
  const Proto *f = c.proto->protos[0], *g = c.proto->protos[1], *t = c.proto->protos[2];
  assert_string_equal(f->signature, "f(a, b: number = 1 + 2, *rest, **named)");
  assert_string_equal(f->doc, "Doc.");
  assert_int_equal(f->param_count, 2);
  assert_int_equal(f->required, 1);
  assert_true(f->has_rest && f->has_named && f->params[1].is_number && f->params[1].has_default);
  assert_string_equal(g->name->text, "g");
  assert_string_equal(g->signature, "g(x, y = [1, 2])");
  assert_string_equal(t->doc, "T.");
  assert_string_equal(t->signature, "t(b1: number = 0.9, *inner)");
  assert_string_equal(t->protos[0]->signature, "t.init(params, b1)");
  assert_string_equal(t->protos[1]->signature, "t.update(updates, params, extra, b1, m)");
  assert_int_equal(t->transform_count, 1);
  assert_string_equal(t->transforms[0].name->text, "t");
  assert_string_equal(t->transforms[0].states[0]->text, "m");
  assert_string_equal(t->transforms[0].hypers[0]->text, "b1");
  assert_null(c.proto->name);
  code_close(&c);
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */
static void memory_runs_out(void **state)
{
  (void)state;
  bool done = false;
  for (size_t n = 1; !done; n++) {
    Failing failing = {.fail_at = n};
    Code c;
    code_open(&c, everything, sizeof everything - 1, false, NULL, &failing);
    assert_int_equal(c.parsed, PARSE_OK);
    done = failing.calls < n;
    if (done) {
      assert_non_null(c.proto);
    } else {
      assert_null(c.proto);
      assert_true(c.diags.arena.oom);
    }
    failing.on = false;
    failing.fail_at = 0;
    code_close(&c);
    assert_true(n < 10000);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(listings),        cmocka_unit_test(every_construct), cmocka_unit_test(random_scripts),
      cmocka_unit_test(limits),          cmocka_unit_test(wrong_scripts),   cmocka_unit_test(headers),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
