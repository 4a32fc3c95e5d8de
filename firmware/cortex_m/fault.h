/* A crash is reported over the link, not left as silence. */
#ifndef PROOFBOARD_FAULT_H
#define PROOFBOARD_FAULT_H

#include <stdint.h>

/* Vector of every exception that must not happen. */
void pb_fault_entry(void);

/* For a board that can't go on: reports exception 0 with `where`, the address of the function that
 * knows why, for its PC; the host turns it into the function's name. The board's port works. */
__attribute__((noreturn)) void pb_fault_stop(uintptr_t where);

#endif
