/* What the cycle model has to know of one Thumb instruction. Encodings: Armv8-M Architecture
 * Reference Manual (DDI0553), chapters C2.3 (instruction set encoding) and C2.4 (each instruction).
 */
#ifndef PB_CYCLE_INSTRUCTION_H
#define PB_CYCLE_INSTRUCTION_H

#include <stdbool.h>
#include <stdint.h>

/* Sets of registers: bits 0..15 are R0..R15, bit 16 the condition flags, bits 32..63 S0..S31. */
typedef uint64_t pb_registers;
#define PB_REGISTER(number) ((pb_registers)1 << (number))
#define PB_FLAGS PB_REGISTER(16)
#define PB_SP 13u
#define PB_LR 14u
#define PB_PC 15u
#define PB_FIRST_FLOAT 32u
#define PB_REGISTER_COUNT 64u

/* The order is that of the counts in the output. */
typedef enum {
    PB_CLASS_ALU,
    PB_CLASS_SHIFTED,    /* operand 2 is shifted or a rotated constant */
    PB_CLASS_EXTEND_ADD, /* SXTAB16 and its like */
    PB_CLASS_MULTIPLY,   /* integer, with or without accumulation */
    PB_CLASS_DIVIDE,
    PB_CLASS_LOAD,
    PB_CLASS_LOAD_MULTIPLE, /* LDRD, LDM, POP, VLDM */
    PB_CLASS_STORE,
    PB_CLASS_STORE_MULTIPLE,
    PB_CLASS_BRANCH,
    PB_CLASS_CALL,
    PB_CLASS_IT,
    PB_CLASS_NOP,
    PB_CLASS_FLOAT,
    PB_CLASS_FLOAT_MULTIPLY_ADD,
    PB_CLASS_FLOAT_DIVIDE, /* and square root */
    PB_CLASS_SYSTEM,
    PB_CLASS_UNKNOWN,
    PB_CLASS_COUNT
} pb_class;

/* When the result can be used; pipeline.c has the table. */
typedef enum {
    PB_RESULT_PLAIN,
    PB_RESULT_LATE, /* two stages: multiplies, extend-add, shifted operand 2 */
    PB_RESULT_LOADED,
    PB_RESULT_FLOAT,
    PB_RESULT_FLOAT_MULTIPLY_ADD,
    PB_RESULT_FLOAT_DIVIDE,
    PB_RESULT_COUNT
} pb_result;

/* How control leaves. */
typedef enum {
    PB_FLOW_NEXT,
    PB_FLOW_JUMP, /* B, CBZ, BX, TBB, a load into PC */
    PB_FLOW_CALL  /* BL, BLX */
} pb_flow;

typedef struct {
    pb_registers sources;      /* needed at issue: operands, addresses, conditions */
    pb_registers accumulators; /* needed a stage later: the addend of a multiply-accumulate */
    pb_registers addends;      /* likewise, of SXTAB16 and its like */
    pb_registers stored;       /* likewise, data of a store */
    pb_registers results;      /* written as `result` says; one a cycle if `serial` */
    pb_registers updates;      /* addresses written back, and flags: ready in the next cycle */
    uint8_t size;              /* bytes: 2 or 4 */
    uint8_t issue;             /* cycles until the next may issue, at least 1 */
    uint8_t extra_taken;       /* cycles beyond the refill of a taken branch: a load into PC */
    uint8_t bytes_read;        /* up to 128 */
    uint8_t bytes_written;
    pb_class kind;
    pb_result result;
    pb_flow flow;
    bool serial;
    bool returns; /* BX LR, or a load into PC from the stack or by LDM */
    bool sets_flags;
    bool is_float; /* occupies the FPU */
    bool in_it;    /* executed under the condition of an IT block */
} pb_instruction;

/* The state of an IT block (ITSTATE); 0 outside of one. */
typedef uint8_t pb_it_state;

/* Decode the instruction whose first half-word is `first`; `second` is looked at only if it is a
 * wide one. */
pb_instruction pb_decode(uint16_t first, uint16_t second, pb_it_state state);

/* The state for the instruction behind this one. */
pb_it_state pb_advance_it(pb_it_state state, uint16_t first);

/* Whether an instruction that starts with `first` has 4 bytes. */
static inline bool pb_is_wide(uint16_t first) {
    return (first >> 11) >= 0x1Du;
}
#endif
