/* The time of the virtual core: what each block of instructions adds to it, counted by hooks of
 * Unicorn without a word of Python.
 *
 * Fast: an instruction is a cycle. Modelled: the cycles of simulator/cycle_plugin, which
 * docs/cycle-model.md describes: pipeline, wait states, cache, the most that a division takes. A
 * modelled block is charged when the next one begins, since only then is it known whether its
 * branch is taken. */
#ifndef PB_VIRTUAL_CORE_H
#define PB_VIRTUAL_CORE_H

#include "engine_api.h"

#include <stdbool.h>
#include <stdint.h>

/* The first seven members are read and written from outside, in this order. */
typedef struct {
    uint64_t cycles;       /* since power-on, skipped ones included */
    uint64_t instructions; /* since power-on */
    uint64_t deadline; /* `service` is called before the first block that begins at it or later */
    void (*service)(void);
    pb_engine_read read;
    pb_engine_read_register read_register;
    pb_engine_write_register write_register;
} pb_virtual_clock;

typedef struct pb_virtual_core pb_virtual_core;

/* A core at time 0. It lives as long as the process. The clock is its own. */
PB_EXPORT pb_virtual_core *pb_virtual_core_new(bool modelled);
PB_EXPORT pb_virtual_clock *pb_virtual_core_clock(pb_virtual_core *core);

/* The code in memory may have changed. */
PB_EXPORT void pb_virtual_core_forget(pb_virtual_core *core);

/* A memory of the model: first and last address; at most PB_MAX_REGIONS. Its number is returned. */
PB_EXPORT uint32_t pb_virtual_core_add_region(pb_virtual_core *core, uint32_t first, uint32_t last);
PB_EXPORT void pb_virtual_core_set_waits(pb_virtual_core *core, uint32_t region, uint32_t waits,
                                         bool cached);

/* Lines of 2^line_shift bytes, both powers of two; the cache is empty afterwards. */
PB_EXPORT void pb_virtual_core_set_cache(pb_virtual_core *core, uint32_t lines, uint32_t line_shift,
                                         uint32_t fill_cycles);

/* Hooks of Unicorn: UC_HOOK_BLOCK in the two speeds, and UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE. The
 * last argument of each is the core. */
PB_EXPORT void pb_virtual_on_block_fast(uc_engine *engine, uint64_t address, uint32_t size,
                                        void *core);
PB_EXPORT void pb_virtual_on_block_modelled(uc_engine *engine, uint64_t address, uint32_t size,
                                            void *core);
PB_EXPORT void pb_virtual_on_access(uc_engine *engine, int type, uint64_t address, int size,
                                    int64_t value, void *core);
#endif
