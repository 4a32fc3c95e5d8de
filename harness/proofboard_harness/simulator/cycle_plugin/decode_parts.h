/* Between the decoder's files: fields, and the instructions that several encodings share. */
#ifndef PB_CYCLE_DECODE_PARTS_H
#define PB_CYCLE_DECODE_PARTS_H

#include "instruction.h"

static inline uint32_t pb_field(uint32_t word, unsigned low, unsigned width) {
    return (word >> low) & ((1u << width) - 1u);
}

static inline bool pb_bit(uint32_t word, unsigned number) {
    return ((word >> number) & 1u) != 0;
}

/* Number of registers in a set. */
static inline uint8_t pb_count(pb_registers set) {
    uint8_t count = 0;
    for (; set != 0; set &= set - 1) {
        count++;
    }
    return count;
}

void pb_decode_narrow(pb_instruction *i, uint32_t word, bool in_it);
void pb_decode_wide(pb_instruction *i, uint32_t first, uint32_t second);
void pb_decode_float(pb_instruction *i, uint32_t first, uint32_t second);

/* One load of `bytes` into the registers, one store of them. A load into PC is a jump. */
void pb_make_load(pb_instruction *i, pb_registers targets, uint32_t bytes);
void pb_make_store(pb_instruction *i, pb_registers data, uint32_t bytes);

/* The same for LDM, STM, LDRD, STRD and their floating-point kin: one word a cycle. */
void pb_make_load_multiple(pb_instruction *i, pb_registers targets);
void pb_make_store_multiple(pb_instruction *i, pb_registers data);

void pb_make_jump(pb_instruction *i, pb_registers sources);
void pb_set_flags(pb_instruction *i);
#endif
