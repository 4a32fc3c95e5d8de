/* The state of IT blocks behind the instructions decoded so far, for a block of code that begins
 * inside one: whoever translates may cut anywhere. */
#ifndef PB_CYCLE_IT_PLACES_H
#define PB_CYCLE_IT_PLACES_H

#include "instruction.h"

#define PB_IT_PLACES 4096u

/* All zeros is an empty one. A place holds the address that came last of those that share it. */
typedef struct {
    struct {
        uint32_t address;
        pb_it_state state;
    } places[PB_IT_PLACES];
} pb_it_places;

/* The state for the instruction at `address`; 0 where none was noted. */
pb_it_state pb_it_places_at(const pb_it_places *table, uint32_t address);

void pb_it_places_note(pb_it_places *table, uint32_t address, pb_it_state state);
#endif
