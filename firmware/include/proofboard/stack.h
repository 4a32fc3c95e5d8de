/* Painted stack: how deep it ever went. */
#ifndef PROOFBOARD_STACK_H
#define PROOFBOARD_STACK_H

#include <stdint.h>

/* The word that start-up code fills the stack with, from its low end to the stack pointer. */
#define PB_STACK_PAINT 0xC5C5C5C5u

/* Bytes between the top of the stack and the lowest word that no longer holds the paint. */
uint32_t pb_stack_high_water(void);

#endif
