/* The part of Unicorn's interface that is used here, declared from its documentation
 * (https://www.unicorn-engine.org/docs/): the Python package brings the library, and its functions
 * are handed over as pointers. */
#ifndef PB_VIRTUAL_ENGINE_API_H
#define PB_VIRTUAL_ENGINE_API_H

#include <stddef.h>
#include <stdint.h>

#define PB_EXPORT __attribute__((visibility("default")))

typedef struct uc_struct uc_engine; /* not looked into */

/* uc_mem_read: 0 if all bytes could be read. */
typedef int (*pb_engine_read)(uc_engine *engine, uint64_t address, void *bytes, size_t size);

/* uc_reg_read, uc_reg_write: `value` is a uint32_t for the register used here. */
typedef int (*pb_engine_read_register)(uc_engine *engine, int number, void *value);
typedef int (*pb_engine_write_register)(uc_engine *engine, int number, const void *value);
#define PB_REGISTER_XPSR 120 /* UC_ARM_REG_XPSR */
#define PB_XPSR_IT 0x0600FC00u
#endif
