/* chunk.h: what the compiler makes and the VM runs.
 *
 * A Proto is the code of one function; the code of a script is the Proto of a function without parameters, whose
 * globals are the module's. Protos are immutable, hold no values of the language, and lie in the arena that the
 * caller of optic_compile gave, which must live as long as any closure of them.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_CHUNK_H
#define OPTIC_LANG_CHUNK_H

#include "lang/ast.h"

typedef enum Opcode {
#define OPCODE(name, shape, doc) I_##name,
#include "lang/opcode.def"
#undef OPCODE
  I_COUNT
} Opcode;

typedef struct OpcodeInfo {
  const char *name, *shape, *doc;
} OpcodeInfo;
extern const OpcodeInfo optic_opcodes[];

typedef struct Instr {
  uint16_t op, a;
  union {
    struct {
      uint16_t b, c;
    };
    int32_t d;
  };
} Instr;

enum {
  OPERAND_TEMP = 0x4000,  /* the register is used up */
  OPERAND_CONST = 0x8000, /* a constant instead of a register */
  OPERAND_INDEX = 0x3fff, /* what remains: the register; for a constant all but bit 15 */
  NO_NAMES = 0xffff,      /* no keyword arguments */
  MOST_REGISTERS = 250,   /* of one function */
};

typedef enum ConstKind { CONST_NUMBER, CONST_STRING, CONST_NAME } ConstKind;
typedef struct Const {
  ConstKind kind;
  double number;
  const char *text; /* string */
  size_t size;
  const Name *name;
} Const;

/* Names of keyword arguments of a call, or of a record's fields. */
typedef struct NameList {
  const Name **at;
  uint32_t count;
} NameList;

typedef struct Param {
  const Name *name;
  bool has_default;
  bool is_number;
} Param;

/* Where a closure gets its captured cells when it is made. */
typedef struct Capture {
  bool from_parent; /* a captured cell of the function around; else a register of it, which holds a cell */
  uint16_t index;
  const Name *name;
} Capture;

/* What a `transform` block defines. `init` takes (params, hyperparameters..) and returns the list of its states.
 * `update` takes (updates, params, extra, hyperparameters .., states ..) and returns the list
 * [updates, states ..]. */
typedef struct TransformDesc {
  const Name *name;
  const char *doc; /* or NULL */
  const Name **states;
  uint32_t state_count;
  const Name **hypers; /* parameters marked `: number` */
  uint32_t hyper_count;
} TransformDesc;

/* A local variable's register and the instructions [first, last) during which it is that variable: for messages. */
typedef struct LocalName {
  const Name *name;
  uint16_t reg;
  bool is_cell;
  uint32_t first, last;
} LocalName;

typedef struct Proto Proto;
struct Proto {
  const Name *name;      /* NULL: anonymous */
  const char *doc;       /* or NULL */
  const char *signature; /* "loss(params, batch, scale = 1.0)" with defaults as in the source */
  const Source *source;
  Span span;     /* of the definition */
  Param *params; /* plain ones: in registers 0 .. param_count - 1 */
  uint32_t param_count;
  uint32_t required;   /* plain parameters without default come first */
  uint32_t positional; /* those after *rest are given by name only */
  bool has_rest;       /* *rest: a list, in register param_count */
  bool has_named;      /* **named: a record, in the register after that */
  uint32_t registers;
  Instr *code;
  Span *spans; /* one an instruction */
  uint32_t code_count;
  Const *consts;
  uint32_t const_count;
  NameList *names;
  uint32_t names_count;
  TransformDesc *transforms;
  uint32_t transform_count;
  Capture *captures;
  uint32_t capture_count;
  Proto **protos;
  uint32_t proto_count;
  LocalName *locals;
  uint32_t local_count;
};

#endif
