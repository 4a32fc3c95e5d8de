/* Floating-point encodings of FPv5, single precision: DDI0553, C2.3.7 and C2.4 under V. */
#include "decode_parts.h"

static pb_registers single(uint32_t number) {
    return PB_REGISTER(PB_FIRST_FLOAT + (number & 31u));
}

/* S0..S31 as Vx:x, D0..D15 as two of them. */
static pb_registers operand(uint32_t four, bool one, bool is_double) {
    return is_double ? single(2u * four) | single(2u * four + 1u)
                     : single(2u * four + (one ? 1u : 0u));
}

static void make_float(pb_instruction *i, pb_registers target, pb_registers sources) {
    i->kind = PB_CLASS_FLOAT;
    i->is_float = true;
    i->result = PB_RESULT_FLOAT;
    i->results = target;
    i->sources = sources;
}

static void decode_move_two(pb_instruction *i, uint32_t first, uint32_t second) {
    const pb_registers core =
        PB_REGISTER(pb_field(first, 0, 4)) | PB_REGISTER(pb_field(second, 12, 4));
    const uint32_t number =
        2u * pb_field(second, 0, 4) + (pb_bit(second, 8) ? 0 : pb_field(second, 5, 1));
    const pb_registers pair = single(number) | single(number + 1u);
    const bool to_core = pb_bit(first, 4);
    make_float(i, to_core ? core : pair, to_core ? pair : core);
    i->result = PB_RESULT_PLAIN;
}

static void decode_load_store(pb_instruction *i, uint32_t first, uint32_t second) {
    const bool is_double = pb_bit(second, 8), load = pb_bit(first, 4),
               write_back = pb_bit(first, 5);
    const pb_registers base = PB_REGISTER(pb_field(first, 0, 4));
    const uint32_t four = pb_field(second, 12, 4);
    const bool one = pb_bit(first, 6);
    pb_registers data = operand(four, one, is_double);
    const bool multiple = !pb_bit(first, 8) || write_back || is_double;
    if (!pb_bit(first, 8) ||
        write_back) { /* VLDM, VSTM, VPUSH, VPOP: so many words from the first on */
        const uint32_t start = is_double ? 2u * four : 2u * four + (one ? 1u : 0u);
        data = 0;
        for (uint32_t number = start; number < start + pb_field(second, 0, 8) && number < 32;
             number++) {
            data |= single(number);
        }
    }
    if (multiple && load) {
        pb_make_load_multiple(i, data);
    } else if (multiple) {
        pb_make_store_multiple(i, data);
    } else if (load) {
        pb_make_load(i, data, 4);
    } else {
        pb_make_store(i, data, 4);
    }
    i->is_float = true;
    i->sources = base & ~PB_REGISTER(PB_PC);
    i->updates = write_back ? base : 0;
}

static void decode_move_one(pb_instruction *i, uint32_t first, uint32_t second) {
    const pb_registers core = PB_REGISTER(pb_field(second, 12, 4));
    const bool to_core = pb_bit(first, 4);
    if (pb_field(first, 5, 3) == 7) { /* VMRS, VMSR */
        const bool to_flags = core == PB_REGISTER(PB_PC);
        make_float(i, to_core && !to_flags ? core : 0, to_core ? PB_FLAGS : core);
        if (to_core && to_flags) {
            pb_set_flags(i);
        }
    } else {
        const pb_registers value = single(2u * pb_field(first, 0, 4) + pb_field(second, 7, 1));
        make_float(i, to_core ? core : value, to_core ? value : core);
    }
    i->result = PB_RESULT_PLAIN;
}

/* VCVT from and to fixed point works in place. */
static bool is_fixed_point(uint32_t opcode) {
    return (opcode & 10u) == 10;
}

/* VMOV, VABS, VNEG, VSQRT, VCVT, VCMP, VRINT: one operand */
static void decode_one_operand(pb_instruction *i, uint32_t first, uint32_t second, pb_registers d,
                               pb_registers m) {
    const uint32_t opcode = pb_field(first, 0, 4);
    if (!pb_bit(second, 6)) { /* VMOV constant */
        make_float(i, d, 0);
        i->result = PB_RESULT_PLAIN;
    } else if (opcode == 4 || opcode == 5) { /* VCMP; the flags of FPSCR stand in for the core's */
        make_float(i, 0, opcode == 5 ? d : d | m);
        i->updates = PB_FLAGS;
    } else if (opcode == 1 && pb_bit(second, 7)) {
        make_float(i, d, m);
        i->kind = PB_CLASS_FLOAT_DIVIDE;
        i->result = PB_RESULT_FLOAT_DIVIDE;
    } else {
        make_float(i, d, is_fixed_point(opcode) ? d : m);
        i->result = opcode < 2 ? PB_RESULT_PLAIN : PB_RESULT_FLOAT;
    }
}

static void decode_arithmetic(pb_instruction *i, uint32_t first, uint32_t second) {
    const bool is_double = pb_bit(second, 8), extended = pb_bit(first, 12);
    const uint32_t opcode = (pb_field(first, 7, 1) << 2) | pb_field(first, 4, 2);
    const pb_registers d = operand(pb_field(second, 12, 4), pb_bit(first, 6), is_double);
    const pb_registers n = operand(pb_field(first, 0, 4), pb_bit(second, 7), is_double);
    const pb_registers m = operand(pb_field(second, 0, 4), pb_bit(second, 5), is_double);
    const bool multiply_add =
        !extended && (opcode == 0 || opcode == 1 || opcode == 5 || opcode == 6);
    if (opcode == 7) {
        decode_one_operand(i, first, second, d, m);
    } else if (multiply_add) {
        make_float(i, d, d | n | m);
        i->kind = PB_CLASS_FLOAT_MULTIPLY_ADD;
        i->result = PB_RESULT_FLOAT_MULTIPLY_ADD;
    } else {
        make_float(i, d, n | m);
        if (!extended && opcode == 4) {
            i->kind = PB_CLASS_FLOAT_DIVIDE;
            i->result = PB_RESULT_FLOAT_DIVIDE;
        }
    }
}

void pb_decode_float(pb_instruction *i, uint32_t first, uint32_t second) {
    const uint32_t coprocessor = pb_field(second, 9, 3);
    if (coprocessor != 5) { /* 10 and 11 are floating point; others don't exist on this core */
        i->kind = PB_CLASS_SYSTEM;
    } else if ((first & 0x0F00u) == 0x0E00u) {
        if (pb_bit(second, 4)) {
            decode_move_one(i, first, second);
        } else {
            decode_arithmetic(i, first, second);
        }
    } else if ((first & 0x0FE0u) == 0x0C40u) {
        decode_move_two(i, first, second);
    } else {
        decode_load_store(i, first, second);
    }
}
