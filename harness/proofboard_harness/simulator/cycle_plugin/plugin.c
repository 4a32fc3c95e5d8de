/* The plug-in: QEMU's callbacks. Only the first core is counted. */
#include "it_places.h"
#include "memory_allocation.h"
#include "qemu_api.h"
#include "recorder.h"
#include "settings.h"

#include <stdio.h>
#include <string.h>

PB_EXPORT int qemu_plugin_version = PB_PLUGIN_VERSION;

/* QEMU's callbacks of translation carry no data of ours. */
static pb_settings settings;
static pb_recorder recorder;

static pb_it_places it_places;

/* An instruction that accesses memory. */
typedef struct {
    const pb_block *block;
    uint32_t address;
} access_site;

static void read_code(const struct qemu_plugin_insn *instruction, uint16_t code[2]) {
    uint8_t bytes[4] = {0};
    const size_t size = qemu_plugin_insn_size(instruction) < 4 ? 2 : 4;
#if PB_PLUGIN_VERSION >= 3
    (void)qemu_plugin_insn_data(instruction, bytes, size);
#else
    memcpy(bytes, qemu_plugin_insn_data(instruction), size);
#endif
    code[0] = (uint16_t)(bytes[0] | (bytes[1] << 8));
    code[1] = (uint16_t)(bytes[2] | (bytes[3] << 8));
}

static void on_block(unsigned cpu, void *data) {
    if (cpu == 0) {
        pb_recorder_enter(&recorder, data);
    }
}

static void on_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t target, void *data) {
    const access_site *site = data;
    (void)info;
    if (cpu == 0) {
        pb_recorder_access(&recorder, site->block, site->address, (uint32_t)target);
    }
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *translated) {
    const uint32_t count = (uint32_t)qemu_plugin_tb_n_insns(translated);
    const uint32_t start = (uint32_t)qemu_plugin_tb_vaddr(translated);
    pb_instruction *instructions = pb_allocate(count, sizeof *instructions);
    uint32_t address = start;
    pb_it_state state = pb_it_places_at(&it_places, start);
    (void)id;
    for (uint32_t index = 0; index < count; index++) {
        uint16_t code[2];
        read_code(qemu_plugin_tb_get_insn(translated, index), code);
        instructions[index] = pb_decode(code[0], code[1], state);
        state = pb_advance_it(state, code[0]);
        address += instructions[index].size;
        pb_it_places_note(&it_places, address, state);
    }
    pb_block *block = pb_block_new(start, instructions, count);
    block->function = pb_settings_function(&settings, start);
    block->opens_window = pb_settings_is_window(&settings, start);
    qemu_plugin_register_vcpu_tb_exec_cb(translated, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
    address = start;
    for (uint32_t index = 0; index < count; index++) {
        if (instructions[index].bytes_read != 0 || instructions[index].bytes_written != 0) {
            access_site *site = pb_allocate(1, sizeof *site);
            *site = (access_site){block, address};
            qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(translated, index), on_access,
                                             QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, site);
        }
        address += instructions[index].size;
    }
}

static void on_exit(qemu_plugin_id_t id, void *data) {
    (void)id;
    (void)data;
    pb_recorder_finish(&recorder);
    if (!pb_recorder_write(&recorder, settings.output)) {
        (void)fprintf(stderr, "cycle model: can't write %s\n", settings.output);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int count, char **arguments) {
    static const char key[] = "settings=";
    (void)info;
    if (count != 1 || strncmp(arguments[0], key, sizeof key - 1) != 0) {
        (void)fputs("cycle model: expects settings=PATH\n", stderr);
        return 1;
    }
    if (!pb_settings_read(&settings, arguments[0] + sizeof key - 1)) {
        return 1;
    }
    pb_recorder_start(&recorder, &settings.memory, settings.window_count > 0);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit, NULL);
    return 0;
}
