#include "proofboard/stack.h"

extern uint32_t pb_stack_low[];  /* from the linker script: lowest word of the stack */
extern uint32_t pb_stack_high[]; /* one past its highest */

uint32_t pb_stack_high_water(void) {
    const uint32_t *word = pb_stack_low;
    while (word < pb_stack_high && *word == PB_STACK_PAINT) {
        word++;
    }
    return (uint32_t)((const uint8_t *)pb_stack_high - (const uint8_t *)word);
}
