/* opcode.c: what is known of each instruction, from opcode.def.
 * SPDX-License-Identifier: MIT */
#include "lang/compile_internal.h"

const OpcodeInfo optic_opcodes[] = {
#define OPCODE(name, shape, doc) {#name, shape, doc},
#include "lang/opcode.def"
#undef OPCODE
};

static_assert(sizeof optic_opcodes / sizeof *optic_opcodes == I_COUNT, "one row an opcode");

bool optic_opcode_has_word(unsigned op)
{
  return op == I_TESTLT || op == I_TESTLE || op == I_TESTEQ || op == I_NEXT || op == I_CALLOWN;
}

bool optic_opcode_has_names(unsigned op)
{
  return op == I_CALL || op == I_CALLOWN || op == I_CALLM || op == I_RECORD;
}

bool optic_opcode_updates(unsigned op)
{
  return op == I_NEWCELL || op == I_LISTADD || op == I_LISTSPREAD || op == I_RECADD || op == I_RECSPREAD ||
         op == I_SETPATH || op == I_CALLX || op == I_CALLMX || op == I_CALL || op == I_CALLOWN || op == I_CALLM;
}
