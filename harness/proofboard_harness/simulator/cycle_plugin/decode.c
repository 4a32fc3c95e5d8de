#include "decode_parts.h"

void pb_make_load(pb_instruction *i, pb_registers targets, uint32_t bytes) {
    i->kind = PB_CLASS_LOAD;
    i->result = PB_RESULT_LOADED;
    i->results = targets;
    i->bytes_read = (uint8_t)bytes;
    if ((targets & PB_REGISTER(PB_PC)) != 0) {
        i->flow = PB_FLOW_JUMP;
        i->extra_taken = 1;
    }
}

void pb_make_store(pb_instruction *i, pb_registers data, uint32_t bytes) {
    i->kind = PB_CLASS_STORE;
    i->stored = data;
    i->bytes_written = (uint8_t)bytes;
}

static uint8_t at_least_one(uint8_t count) {
    return count > 0 ? count : 1;
}

void pb_make_load_multiple(pb_instruction *i, pb_registers targets) {
    const uint8_t count = pb_count(targets);
    pb_make_load(i, targets, 4u * count);
    i->kind = PB_CLASS_LOAD_MULTIPLE;
    i->issue = at_least_one(count);
    i->serial = true;
    i->returns = (targets & PB_REGISTER(PB_PC)) != 0;
}

void pb_make_store_multiple(pb_instruction *i, pb_registers data) {
    const uint8_t count = pb_count(data);
    pb_make_store(i, data, 4u * count);
    i->kind = PB_CLASS_STORE_MULTIPLE;
    i->issue = at_least_one(count);
}

void pb_make_jump(pb_instruction *i, pb_registers sources) {
    i->kind = PB_CLASS_BRANCH;
    i->flow = PB_FLOW_JUMP;
    i->sources = sources;
}

void pb_set_flags(pb_instruction *i) {
    i->sets_flags = true;
    i->updates |= PB_FLAGS;
}

static bool is_it(uint32_t word) {
    return (word & 0xFF00u) == 0xBF00u && (word & 0xFu) != 0;
}

pb_it_state pb_advance_it(pb_it_state state, uint16_t first) {
    if (state == 0) {
        return is_it(first) ? (pb_it_state)(first & 0xFFu) : 0;
    }
    return (state & 7u) == 0 ? 0 : (pb_it_state)((state & 0xE0u) | ((state << 1) & 0x1Fu));
}

pb_instruction pb_decode(uint16_t first, uint16_t second, pb_it_state state) {
    const bool in_it = state != 0;
    pb_instruction i = {.size = 2, .issue = 1, .kind = PB_CLASS_UNKNOWN};
    if (pb_is_wide(first)) {
        i.size = 4;
        if ((first & 0xEC00u) == 0xEC00u) {
            pb_decode_float(&i, first, second);
        } else {
            pb_decode_wide(&i, first, second);
        }
    } else {
        pb_decode_narrow(&i, first, in_it);
    }
    if (in_it) {
        i.in_it = true;
        i.sources |= PB_FLAGS;
    }
    return i;
}
