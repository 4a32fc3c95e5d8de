/* 32-bit encodings without floating point: DDI0553, C2.3.2 to C2.3.6. */
#include "decode_parts.h"

static const unsigned field_n = 0, field_d = 8, field_t = 12, field_a = 12, field_m = 0;

static pb_registers register_at(uint32_t word, unsigned position) {
    return PB_REGISTER(pb_field(word, position, 4));
}

/* 15 in the place of an operand means that there is none. */
static pb_registers unless_pc(pb_registers set) {
    return set & ~PB_REGISTER(PB_PC);
}

static void decode_multiple(pb_instruction *i, uint32_t first, uint32_t second) {
    const pb_registers base = register_at(first, field_n);
    if (pb_bit(first, 4)) {
        pb_make_load_multiple(i, second & 0xDFFFu);
    } else {
        pb_make_store_multiple(i, second & 0x5FFFu);
    }
    i->sources = base;
    i->updates = pb_bit(first, 5) ? base : 0;
}

/* STREX, LDREX, STRD, LDRD, TBB, TBH, load-acquire, store-release, TT */
static void decode_dual_exclusive(pb_instruction *i, uint32_t first, uint32_t second) {
    const pb_registers base = register_at(first, field_n), data = register_at(second, field_t);
    const pb_registers other = register_at(second, 8);
    const bool load = pb_bit(first, 4), before = pb_bit(first, 8), write_back = pb_bit(first, 5);
    const uint32_t opcode = pb_field(second, 4, 4);
    if (before || write_back) {
        if (load) {
            pb_make_load_multiple(i, data | other);
            i->serial = data < other; /* else both are taken to come with the second */
        } else {
            pb_make_store_multiple(i, data | other);
            i->issue = 2;
            i->bytes_written = 8;
        }
        i->sources = unless_pc(base);
        i->updates = write_back ? base : 0;
        return;
    }
    if (!pb_bit(first, 7)) { /* word: LDREX, STREX, TT */
        if (!load && pb_field(second, 12, 4) == 15) {
            i->kind = PB_CLASS_SYSTEM;
            i->results = other;
        } else if (load) {
            pb_make_load(i, data, 4);
        } else {
            pb_make_store(i, data, 4);
            i->results = other;
        }
        i->sources = base;
        return;
    }
    if (load && opcode < 2) { /* TBB, TBH: an entry is loaded and goes to PC */
        pb_make_load(i, 0, 1u << opcode);
        i->kind = PB_CLASS_BRANCH;
        i->flow = PB_FLOW_JUMP;
        i->extra_taken = 1;
        i->sources = base | register_at(second, field_m);
        return;
    }
    const uint32_t bytes = 1u << (opcode & 3u);
    if (load) {
        pb_make_load(i, data, bytes);
    } else {
        pb_make_store(i, data, bytes);
        i->results = (opcode & 12u) == 8 ? 0 : register_at(second, field_m);
    }
    i->sources = base;
}

/* `shifted` says that the second operand needs the shifter and that there is work behind it. */
static void decode_data_processing(pb_instruction *i, uint32_t first, uint32_t second,
                                   pb_registers operand, bool shifted, bool constant) {
    enum { AND, BIC, ORR, ORN, EOR, PKH = 6, ADD = 8, ADC = 10, SBC = 11, SUB = 13, RSB = 14 };
    const uint32_t opcode = pb_field(first, 5, 4), n = pb_field(first, 0, 4),
                   d = pb_field(second, 8, 4);
    const bool flags = pb_bit(first, 4), compares = d == 15 && flags;
    const bool moves = (opcode == ORR || opcode == ORN) && n == 15;
    i->kind = shifted && !moves ? PB_CLASS_SHIFTED : PB_CLASS_ALU;
    i->result = shifted && !moves ? PB_RESULT_LATE : PB_RESULT_PLAIN;
    i->sources = operand | (moves ? 0 : PB_REGISTER(n));
    i->results = compares ? 0 : PB_REGISTER(d);
    if (opcode == ADC || opcode == SBC) {
        i->sources |= PB_FLAGS;
    }
    if (opcode == PKH && !constant) { /* bit 4 of the first half-word is not S here */
        i->kind = PB_CLASS_ALU;
        i->result = PB_RESULT_PLAIN;
        return;
    }
    if (!flags) {
        return;
    }
    i->sets_flags = true;
    if (i->result == PB_RESULT_PLAIN) {
        i->updates |= PB_FLAGS;
    } else if (constant) { /* two stages and flags */
        i->updates |= PB_FLAGS;
        i->issue = 2;
        i->result = PB_RESULT_PLAIN;
    } else {
        i->results |= PB_FLAGS;
    }
}

static void decode_shifted_register(pb_instruction *i, uint32_t first, uint32_t second) {
    const uint32_t amount = (pb_field(second, 12, 3) << 2) | pb_field(second, 6, 2),
                   type = pb_field(second, 4, 2);
    const bool shifted = amount != 0 || type != 0;
    decode_data_processing(i, first, second, register_at(second, field_m), shifted, false);
    if (type == 3 && amount == 0) { /* RRX */
        i->sources |= PB_FLAGS;
    }
}

static void decode_modified_constant(pb_instruction *i, uint32_t first, uint32_t second) {
    const uint32_t pattern = (pb_field(first, 10, 1) << 3) | pb_field(second, 12, 3);
    decode_data_processing(i, first, second, 0, pattern >= 4, true);
}

/* ADDW, SUBW, MOVW, MOVT, SSAT, USAT, SBFX, UBFX, BFI, BFC */
static void decode_plain_constant(pb_instruction *i, uint32_t first, uint32_t second) {
    enum { ADDW = 0, MOVW = 4, SUBW = 10, MOVT = 12, BFI = 22 };
    const uint32_t opcode = pb_field(first, 4, 5);
    i->kind = PB_CLASS_ALU;
    i->results = register_at(second, field_d);
    i->sources = opcode == MOVW ? 0 : unless_pc(register_at(first, field_n));
    if (opcode == MOVT) {
        i->sources = i->results;
    } else if (opcode == BFI) {
        i->sources |= i->results;
    }
}

static void decode_branch(pb_instruction *i, uint32_t first, uint32_t second) {
    const bool link = pb_bit(second, 14), wide = pb_bit(second, 12);
    if (link) {
        pb_make_jump(i, 0);
        i->kind = PB_CLASS_CALL;
        i->flow = PB_FLOW_CALL;
        i->results = PB_REGISTER(PB_LR);
    } else if (wide) {
        pb_make_jump(i, 0);
    } else if (pb_field(first, 7, 3) != 7) {
        pb_make_jump(i, PB_FLAGS);
    } else { /* MSR, MRS, barriers, hints */
        const uint32_t opcode = pb_field(first, 4, 7);
        const bool hint = opcode == 0x3Au && pb_field(second, 0, 11) == 0;
        i->kind = hint ? PB_CLASS_NOP : PB_CLASS_SYSTEM;
        if ((opcode & 0x7Eu) == 0x3Eu) {
            i->results = register_at(second, field_d);
        } else if ((opcode & 0x7Eu) == 0x38u) {
            i->sources = register_at(first, field_n);
        }
    }
}

static void decode_single_access(pb_instruction *i, uint32_t first, uint32_t second) {
    const bool load = pb_bit(first, 4), long_offset = pb_bit(first, 7);
    const uint32_t bytes = 1u << pb_field(first, 5, 2);
    const pb_registers base = register_at(first, field_n), data = register_at(second, field_t);
    const bool literal = pb_field(first, 0, 4) == PB_PC && load;
    if (load && bytes < 4 && data == PB_REGISTER(PB_PC)) { /* PLD, PLI: hints */
        i->kind = PB_CLASS_NOP;
        i->sources = unless_pc(base);
        return;
    }
    if (load) {
        pb_make_load(i, data, bytes);
    } else {
        pb_make_store(i, data, bytes);
    }
    i->sources = literal ? 0 : base;
    if (literal || long_offset) {
        return;
    }
    if (pb_bit(second, 11)) { /* pre- or post-indexed, or a negative offset */
        i->updates = pb_bit(second, 8) ? base : 0;
        i->returns = i->flow == PB_FLOW_JUMP && base == PB_REGISTER(PB_SP);
    } else {
        i->sources |= register_at(second, field_m);
    }
}

static void decode_register_processing(pb_instruction *i, uint32_t first, uint32_t second) {
    const pb_registers n = register_at(first, field_n), m = register_at(second, field_m);
    const uint32_t opcode = pb_field(first, 4, 4);
    i->kind = PB_CLASS_ALU;
    i->results = register_at(second, field_d);
    if (opcode < 8 && !pb_bit(second, 7)) { /* LSL, LSR, ASR, ROR by a register */
        i->sources = n | m;
        if (pb_bit(first, 4)) {
            pb_set_flags(i);
        }
    } else if (opcode < 8) { /* SXTB, SXTAB16 and their like */
        i->sources = m;
        if (pb_field(first, 0, 4) != 15) {
            i->kind = PB_CLASS_EXTEND_ADD;
            i->result = PB_RESULT_LATE;
            i->addends = n;
        }
    } else if (pb_bit(second, 7) && opcode >= 9 && opcode != 10) { /* REV, RBIT, CLZ */
        i->sources = m;
    } else { /* QADD, parallel additions, SEL */
        i->sources = n | m;
    }
}

static void decode_multiply(pb_instruction *i, uint32_t first, uint32_t second) {
    const pb_registers addend = register_at(second, field_a);
    i->kind = PB_CLASS_MULTIPLY;
    i->result = PB_RESULT_LATE;
    i->results = register_at(second, field_d);
    i->sources = register_at(first, field_n) | register_at(second, field_m);
    i->accumulators = unless_pc(addend);
}

static void decode_long_multiply(pb_instruction *i, uint32_t first, uint32_t second) {
    const uint32_t opcode = pb_field(first, 4, 3);
    const pb_registers low = register_at(second, field_t), high = register_at(second, field_d);
    i->sources = register_at(first, field_n) | register_at(second, field_m);
    if (opcode == 1 || opcode == 3) { /* SDIV, UDIV */
        i->kind = PB_CLASS_DIVIDE;
        i->issue = 2;
        i->results = high;
        return;
    }
    i->kind = PB_CLASS_MULTIPLY;
    i->result = PB_RESULT_LATE;
    i->results = low | high;
    i->accumulators = opcode >= 4 ? low | high : 0;
}

void pb_decode_wide(pb_instruction *i, uint32_t first, uint32_t second) {
    const uint32_t major = pb_field(first, 11, 2), opcode = pb_field(first, 4, 7);
    if (major == 1) {
        if ((opcode & 0x60u) == 0x20u) {
            decode_shifted_register(i, first, second);
        } else if (pb_bit(first, 6)) {
            decode_dual_exclusive(i, first, second);
        } else {
            decode_multiple(i, first, second);
        }
    } else if (major == 2) {
        if (pb_bit(second, 15)) {
            decode_branch(i, first, second);
        } else if (pb_bit(first, 9)) {
            decode_plain_constant(i, first, second);
        } else {
            decode_modified_constant(i, first, second);
        }
    } else if ((opcode & 0x60u) == 0) {
        decode_single_access(i, first, second);
    } else if ((opcode & 0x70u) == 0x20u) {
        decode_register_processing(i, first, second);
    } else if ((opcode & 0x78u) == 0x30u) {
        decode_multiply(i, first, second);
    } else if ((opcode & 0x78u) == 0x38u) {
        decode_long_multiply(i, first, second);
    }
}
