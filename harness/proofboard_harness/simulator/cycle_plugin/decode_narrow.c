/* 16-bit encodings: DDI0553, C2.3.1. */
#include "decode_parts.h"

static pb_registers low_register(uint32_t word, unsigned position) {
    return PB_REGISTER(pb_field(word, position, 3));
}

/* Data processing sets the flags outside of an IT block. */
static void make_alu(pb_instruction *i, pb_registers target, pb_registers sources, bool flags) {
    i->kind = PB_CLASS_ALU;
    i->results = target;
    i->sources = sources;
    if (flags) {
        pb_set_flags(i);
    }
}

static void decode_shift_add_move(pb_instruction *i, uint32_t word, bool in_it) {
    const uint32_t opcode = pb_field(word, 11, 3);
    const pb_registers low = low_register(word, 0), middle = low_register(word, 3),
                       high = low_register(word, 8);
    if (opcode < 3) { /* LSLS, LSRS, ASRS by a constant, MOVS */
        make_alu(i, low, middle, !in_it);
    } else if (opcode == 3) { /* ADDS, SUBS */
        make_alu(i, low, middle | (pb_bit(word, 10) ? 0 : low_register(word, 6)), !in_it);
    } else if (opcode == 4) { /* MOVS constant */
        make_alu(i, high, 0, !in_it);
    } else if (opcode == 5) { /* CMP constant */
        make_alu(i, 0, high, true);
    } else { /* ADDS, SUBS constant */
        make_alu(i, high, high, !in_it);
    }
}

static void decode_data_processing(pb_instruction *i, uint32_t word, bool in_it) {
    enum { ADC = 5, SBC = 6, TST = 8, RSB = 9, CMP = 10, CMN = 11, MUL = 13, MVN = 15 };
    const uint32_t opcode = pb_field(word, 6, 4);
    const pb_registers low = low_register(word, 0), middle = low_register(word, 3);
    if (opcode == TST || opcode == CMP || opcode == CMN) {
        make_alu(i, 0, low | middle, true);
        return;
    }
    const bool one_source = opcode == RSB || opcode == MVN;
    make_alu(i, low, one_source ? middle : low | middle, !in_it);
    if (opcode == ADC || opcode == SBC) {
        i->sources |= PB_FLAGS;
    } else if (opcode == MUL) {
        i->kind = PB_CLASS_MULTIPLY;
        i->result = in_it ? PB_RESULT_LATE : PB_RESULT_PLAIN;
        i->issue = in_it ? 1 : 2; /* two stages and flags */
    }
}

static void decode_high_registers(pb_instruction *i, uint32_t word) {
    const uint32_t opcode = pb_field(word, 8, 2),
                   target = pb_field(word, 0, 3) | (pb_field(word, 7, 1) << 3);
    const pb_registers source = PB_REGISTER(pb_field(word, 3, 4));
    if (opcode == 3) {
        pb_make_jump(i, source);
        i->returns = source == PB_REGISTER(PB_LR);
        if (pb_bit(word, 7)) {
            i->kind = PB_CLASS_CALL;
            i->flow = PB_FLOW_CALL;
            i->returns = false;
            i->results = PB_REGISTER(PB_LR);
        }
    } else if (opcode == 1) {
        make_alu(i, 0, PB_REGISTER(target) | source, true);
    } else {
        make_alu(i, PB_REGISTER(target), opcode == 0 ? PB_REGISTER(target) | source : source,
                 false);
        if (target == PB_PC) {
            pb_make_jump(i, i->sources);
        }
    }
}

static void make_access(pb_instruction *i, bool load, pb_registers data, pb_registers address,
                        uint32_t bytes) {
    if (load) {
        pb_make_load(i, data, bytes);
    } else {
        pb_make_store(i, data, bytes);
    }
    i->sources = address;
}

static void decode_load_store(pb_instruction *i, uint32_t word) {
    static const uint8_t register_bytes[8] = {4, 2, 1, 1, 4, 2, 1, 2};
    const pb_registers low = low_register(word, 0), middle = low_register(word, 3);
    const uint32_t group = pb_field(word, 12, 4);
    if (group == 4) { /* literal */
        make_access(i, true, low_register(word, 8), 0, 4);
    } else if (group == 5) {
        const uint32_t opcode = pb_field(word, 9, 3);
        make_access(i, opcode >= 3, low, middle | low_register(word, 6), register_bytes[opcode]);
    } else if (group == 9) {
        make_access(i, pb_bit(word, 11), low_register(word, 8), PB_REGISTER(PB_SP), 4);
    } else {
        make_access(i, pb_bit(word, 11), low, middle, group == 6 ? 4 : group == 7 ? 1 : 2);
    }
}

static void decode_hint(pb_instruction *i, uint32_t word) {
    if (pb_field(word, 0, 4) != 0) {
        i->kind = PB_CLASS_IT;
        i->sources = PB_FLAGS;
    } else {
        i->kind =
            pb_field(word, 4, 4) == 0 ? PB_CLASS_NOP : PB_CLASS_SYSTEM; /* YIELD, WFE, WFI, SEV */
    }
}

static void decode_miscellaneous(pb_instruction *i, uint32_t word) {
    const uint32_t opcode = pb_field(word, 8, 4);
    const pb_registers low = low_register(word, 0), middle = low_register(word, 3),
                       sp = PB_REGISTER(PB_SP);
    if ((opcode & 5u) == 1) { /* CBZ, CBNZ */
        pb_make_jump(i, low);
    } else if (opcode == 0) {
        make_alu(i, sp, sp, false);
    } else if (opcode == 2 || opcode == 10) { /* extensions, REV */
        make_alu(i, low, middle, false);
    } else if ((opcode & 14u) == 4) {
        pb_make_store_multiple(i,
                               pb_field(word, 0, 8) | (pb_bit(word, 8) ? PB_REGISTER(PB_LR) : 0));
        i->sources = sp;
        i->updates = sp;
    } else if ((opcode & 14u) == 12) {
        pb_make_load_multiple(i, pb_field(word, 0, 8) | (pb_bit(word, 8) ? PB_REGISTER(PB_PC) : 0));
        i->sources = sp;
        i->updates = sp;
    } else if (opcode == 15) {
        decode_hint(i, word);
    } else { /* CPS, BKPT */
        i->kind = PB_CLASS_SYSTEM;
    }
}

static void decode_multiple(pb_instruction *i, uint32_t word) {
    const pb_registers base = low_register(word, 8), list = pb_field(word, 0, 8);
    if (pb_bit(word, 11)) {
        pb_make_load_multiple(i, list);
        i->updates = (list & base) != 0 ? 0 : base;
    } else {
        pb_make_store_multiple(i, list);
        i->updates = base;
    }
    i->sources = base;
}

static void decode_branch(pb_instruction *i, uint32_t word) {
    const uint32_t condition = pb_field(word, 8, 4);
    if (pb_field(word, 11, 5) == 0x1Cu) {
        pb_make_jump(i, 0);
    } else if (condition >= 14) { /* UDF, SVC */
        i->kind = PB_CLASS_SYSTEM;
    } else {
        pb_make_jump(i, PB_FLAGS);
    }
}

void pb_decode_narrow(pb_instruction *i, uint32_t word, bool in_it) {
    switch (pb_field(word, 12, 4)) {
    case 0:
    case 1:
    case 2:
    case 3:
        decode_shift_add_move(i, word, in_it);
        break;
    case 4:
        if (pb_bit(word, 11)) {
            decode_load_store(i, word);
        } else if (pb_bit(word, 10)) {
            decode_high_registers(i, word);
        } else {
            decode_data_processing(i, word, in_it);
        }
        break;
    case 10: /* ADR, ADD SP */
        make_alu(i, low_register(word, 8), pb_bit(word, 11) ? PB_REGISTER(PB_SP) : 0, false);
        break;
    case 11:
        decode_miscellaneous(i, word);
        break;
    case 12:
        decode_multiple(i, word);
        break;
    case 13:
    case 14:
        decode_branch(i, word);
        break;
    default:
        decode_load_store(i, word);
        break;
    }
}
