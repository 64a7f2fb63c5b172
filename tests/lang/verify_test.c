/* verify_test.c: the verifier takes what the compiler makes, refuses what it must not let through, and neither it nor
 * the disassembler breaks on any bytecode.
 * SPDX-License-Identifier: MIT */
#include "code_test.h"

#include "lang/compile_internal.h"

/* ---- by hand --------------------------------------------------------------------------------------------------- */
typedef struct Case {
  const char *text; /* compiled; its first function is changed, or, with `script`, the script */
  bool script;
  uint32_t at; /* instruction: as it is in `before` */
  Instr before, after;
  const char *wrong; /* part of the message; NULL: still right */
} Case;

#define ABC(o, x, y, z)                                                                                                \
  {                                                                                                                    \
    .op = I_##o, .a = (x), .b = (y), .c = (z)                                                                          \
  }
#define AD(o, x, y)                                                                                                    \
  {                                                                                                                    \
    .op = I_##o, .a = (x), .d = (y)                                                                                    \
  }

static const char sum[] = "fn f(a, b) { c = a + b; c }";
static const char loop[] = "fn f(a) { while a { a = a - 1 } }";
static const char cell[] = "fn f(a) { if a { a = 2 }; () -> a }";
static const char caught[] = "fn f(a) { try { print(a) } catch { } }";

static const Case cases[] = {
    /* ADD r2, r0~, r1~; RETURN r2 */
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(MUL, 2, 0x4000, 1), NULL},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(ADD, 3, 0, 1), "a register that the function does not have"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(ADD, 2, 3, 1), "a register that the function does not have"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(ADD, 2, 0, 0x8000), "a constant that the function does not have"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(COUNT, 2, 0, 1), "no such instruction"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(JUMP, 0, 1), "a jump to nowhere"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(JUMP, 0, -1), "a jump backwards"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(JUMP, 0, 0), NULL},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(LOOP, 0, 0), "a loop that goes forwards"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(LOOP, 0, -1), NULL},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(LOOP, 0, INT32_MIN), "a jump to nowhere"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(JUMP, 0, INT32_MAX), "a jump to nowhere"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(CLOSURE, 0, 0), "a function that is not there"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(LIST, 0, 1, 3), "a register that the function does not have"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(LIST, 0, 0, 3), NULL},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(LIST, 0, 1, 0xffff), "a register that the function does not have"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(RECORD, 0, 0, 0), "a name list that is not there"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(UNPACK, 1, 0, 3), "a register that the function does not have"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(UNPACKREST, 1, 0, 0x101), "a register that the function does not"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(UNPACKREST, 1, 0, 0x001), NULL},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(CALL, 0, 2, NO_NAMES), NULL},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(CALL, 0, 3, NO_NAMES),
     "a register that the function does not have"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(CALLM, 0, 2, NO_NAMES), "a register that the function does not"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(CALLX, 0, 0, 0), NULL},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(CALLMX, 0, 0, 0), "a register that the function does not have"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(CALLOWN, 0, 1, NO_NAMES), "the next word is missing"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(NEXT, 0, 1, 0), "the next word is missing"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(GETUP, 0, 0, 0), "a captured cell that is not there"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(GETCELL, 0, 1, 0), "a value is used as a cell"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(SETCELL, 0, 1, 0), "a value is used as a cell"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(TRANSFORM, 0, 0, 0), "a transform that is not there"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(ENDTRY, 0, 0, 0), "ENDTRY without TRY"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(TRY, 0, 0), "TRY and ENDTRY do not match"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(DEFAULT, 2, 0), "a default of something that is no parameter"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(DEFAULT, 1, 0), NULL},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), AD(GETSTD, 1, -1), "a negative slot"},
    {sum, false, 0, ABC(ADD, 2, 0x4000, 0x4001), ABC(METHOD, 1, 0, 0), "a constant that the function does not have"},
    {sum, false, 1, ABC(RETURN, 2, 0, 0), ABC(NOT, 2, 2, 0), "control runs off the end"},
    {sum, false, 1, ABC(RETURN, 2, 0, 0), ABC(FAIL, 2, 0, 0), NULL},
    /* JF r0 -> 3; SUB r0, r0~, 1; LOOP -> 0; RETNONE */
    {loop, false, 1, ABC(SUB, 0, 0x4000, 0x8000), ABC(GETFIELD, 0, 0, 0), "a constant of the wrong kind"},
    {loop, false, 1, ABC(SUB, 0, 0x4000, 0x8000), AD(IMPORT, 0, 0), "a constant of the wrong kind"},
    {loop, false, 1, ABC(SUB, 0, 0x4000, 0x8000), ABC(SETPATH, 0, 0, 0), "a constant of the wrong kind"},
    {loop, false, 2, AD(LOOP, 0, -3), AD(JUMP, 0, -3), "a jump backwards"},
    {loop, false, 2, AD(LOOP, 0, -3), AD(LOOP, 0, -4), "a jump to nowhere"},
    /* NEWCELL r0; GETCELL r1, r0; JF r1~ -> 5; LOADK r1, 2; SETCELL r0, r1~; CLOSURE r1, #0; RETURN r1 */
    {cell, false, 0, ABC(NEWCELL, 0, 0, 0), ABC(NONE, 0, 0, 0), "a value is used as a cell"},
    {cell, false, 1, ABC(GETCELL, 1, 0, 0), ABC(COPY, 1, 0, 0), "a cell is used as a value"},
    {cell, false, 1, ABC(GETCELL, 1, 0, 0), ABC(NONE, 0, 0, 0), "a cell is used as a value"},
    {cell, false, 1, ABC(GETCELL, 1, 0, 0), ABC(NEWCELL, 0, 0, 0), "a cell is used as a value"},
    {cell, false, 1, ABC(GETCELL, 1, 0, 0), ABC(LIST, 1, 0, 1), "a cell is used as a value"},
    {cell, false, 6, ABC(RETURN, 1, 0, 0), ABC(RETURN, 0, 0, 0), "a cell is used as a value"},
    {cell, false, 3, AD(LOADK, 1, 0), AD(LOOP, 0, -3), NULL},
    {cell, false, 3, AD(LOADK, 1, 0), AD(LOOP, 0, -4), "a jump past the making of a cell"},
    /* TRY r1 -> 6; GETSTD r2; MOVE r3, r0~; CALL r2, 1; ENDTRY; JUMP -> 7; NONE r1; RETNONE */
    {caught, false, 4, ABC(ENDTRY, 0, 0, 0), ABC(NONE, 1, 0, 0), "TRY and ENDTRY do not match"},
    {caught, false, 4, ABC(ENDTRY, 0, 0, 0), ABC(RETNONE, 0, 0, 0), "a return inside of TRY"},
    {caught, false, 4, ABC(ENDTRY, 0, 0, 0), ABC(FAIL, 0, 0, 0), NULL},
    {caught, false, 6, ABC(NONE, 1, 0, 0), ABC(ENDTRY, 0, 0, 0), "ENDTRY without TRY"},
    /* the script's: CLOSURE r0, #0; SETGLOBAL r0~, f; RETNONE */
    {sum, true, 0, AD(CLOSURE, 0, 0), AD(CLOSURE, 0, 1), "a function that is not there"},
    {sum, true, 1, AD(SETGLOBAL, 0, 0), AD(SETGLOBAL, 1, 0), "a register that the function does not have"},
};

static bool same(const Instr *a, const Instr *b)
{
  return a->op == b->op && a->a == b->a && a->b == b->b && a->c == b->c;
}

static void by_hand(void **state)
{
  (void)state;
  size_t bad = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const Case *k = &cases[i];
    Code c;
    code_right(&c, k->text);
    Proto *p = k->script ? c.proto : c.proto->protos[0];
    assert_true(optic_verify(&c.core, c.proto));
    assert_true(k->at < p->code_count && same(&p->code[k->at], &k->before));
    p->code[k->at] = k->after;
    bool right = optic_verify(&c.core, c.proto);
    const char *got = right ? "nothing" : c.core.fault.message, *want = k->wrong ? k->wrong : "nothing";
    if (!strstr(got, want)) {
      print_message("case %zu: want %s, got %s\n", i, want, got);
      bad++;
    }
    if (!right) {
      assert_int_equal(c.core.fault.code, D_internal);
    }
    code_close(&c);
  }
  assert_int_equal(bad, 0);
}

static void headers(void **state)
{
  (void)state;
  Code c;
  code_right(&c, "fn f(a, *b, **c) { () -> a }");
  Proto *f = c.proto->protos[0], *g = f->protos[0];
  Proto keep = *f, inner = *g;
  f->registers = MOST_REGISTERS + 1;
  assert_false(optic_verify(&c.core, c.proto));
  *f = keep;
  f->registers = 2;
  assert_false(optic_verify(&c.core, c.proto));
  *f = keep;
  f->required = 2;
  assert_false(optic_verify(&c.core, c.proto));
  *f = keep;
  f->code_count = 0;
  assert_false(optic_verify(&c.core, c.proto));
  *f = keep;
  f->captures = inner.captures;
  f->capture_count = 1;
  assert_true(optic_verify(&c.core, c.proto) == false); /* the script has no cell to capture */
  *f = keep;
  g->captures[0].from_parent = true;
  assert_false(optic_verify(&c.core, c.proto));
  g->captures[0].from_parent = false;
  g->captures[0].index = 1;
  assert_false(optic_verify(&c.core, c.proto));
  assert_non_null(strstr(c.core.fault.message, "`f`"));
  g->captures[0].index = 0;
  assert_true(optic_verify(&c.core, c.proto));
  assert_false(optic_verify(&c.core, g)); /* not a script: it captures */
  code_close(&c);
}

/* ---- at random ------------------------------------------------------------------------------------------------- */
static uint64_t seed = 99;

static uint32_t pick(uint32_t n)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

static Proto *any_proto(Proto *p)
{
  while (p->proto_count && pick(4)) {
    p = p->protos[pick(p->proto_count)];
  }
  return p;
}

/* Values that are near to something that matters. */
static uint16_t any_field(const Proto *p)
{
  switch (pick(6)) {
  case 0:
    return (uint16_t)(p->registers - 1 + pick(3));
  case 1:
    return (uint16_t)(OPERAND_CONST | (p->const_count - 1 + pick(3)));
  case 2:
    return (uint16_t)(OPERAND_TEMP | pick(p->registers + 1));
  case 3:
    return (uint16_t)pick(6);
  case 4:
    return (uint16_t)(0xfffc + pick(4));
  default:
    return (uint16_t)pick(0x10000);
  }
}

static void at_random(void **state)
{
  (void)state;
  Code c;
  code_right(&c, everything);
  Text t;
  optic_text_init(&t, &c.core.alloc);
  size_t right = 0, wrong = 0;
  for (int round = 0; round < 60000; round++) {
    Proto *p = any_proto(c.proto);
    Instr *in = &p->code[pick(p->code_count)], keep = *in;
    switch (pick(5)) {
    case 0:
      in->op = (uint16_t)pick(I_COUNT + 1);
      break;
    case 1:
      in->a = any_field(p);
      break;
    case 2:
      in->b = any_field(p);
      break;
    case 3:
      in->c = any_field(p);
      break;
    default:
      in->d = (int32_t)pick(p->code_count * 2) - (int32_t)p->code_count;
      break;
    }
    if (optic_verify(&c.core, c.proto)) {
      right++;
    } else {
      wrong++;
      assert_int_equal(c.core.fault.code, D_internal);
    }
    if (round % 20 == 0) {
      optic_text_clear(&t);
      optic_dis(c.proto, &t, round % 40 ? code_global_name : NULL, round % 40 ? code_standard_name : NULL, &c);
      assert_true(t.size > 100);
    }
    *in = keep;
  }
  assert_true(right > 100 && wrong > 1000);
  assert_true(optic_verify(&c.core, c.proto));
  optic_text_finish(&t);
  code_close(&c);
}

static void memory_runs_out(void **state)
{
  (void)state;
  Failing failing = {0};
  Code c;
  code_open(&c, everything, sizeof everything - 1, false, NULL, &failing);
  assert_non_null(c.proto);
  for (size_t n = 1;; n++) {
    failing = (Failing){.fail_at = n};
    bool right = optic_verify(&c.core, c.proto);
    if (failing.calls < n) {
      assert_true(right);
      break;
    }
    assert_false(right);
    assert_int_equal(c.core.fault.code, D_out_of_memory);
  }
  failing = (Failing){0};
  code_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_hand),
      cmocka_unit_test(headers),
      cmocka_unit_test(at_random),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
