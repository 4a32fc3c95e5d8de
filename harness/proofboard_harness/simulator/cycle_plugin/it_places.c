#include "it_places.h"

static uint32_t place_of(uint32_t address) {
    return (address >> 1) % PB_IT_PLACES;
}

pb_it_state pb_it_places_at(const pb_it_places *table, uint32_t address) {
    const uint32_t place = place_of(address);
    return table->places[place].address == address ? table->places[place].state : 0;
}

void pb_it_places_note(pb_it_places *table, uint32_t address, pb_it_state state) {
    const uint32_t place = place_of(address);
    if (state != 0 || table->places[place].address == address) {
        table->places[place].address = address;
        table->places[place].state = state;
    }
}
