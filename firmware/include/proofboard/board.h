/* What a board gives to the firmware: implemented once in boards/<name>/. */
#ifndef PROOFBOARD_BOARD_H
#define PROOFBOARD_BOARD_H

#include <stdint.h>

/* Byte streams to the host, used side by side; frames go whole over one of them. */
extern const uint32_t pb_board_lanes;

/* Which counter pb_board_ticks reads; see board.toml for its arithmetic. */
typedef enum { PB_COUNTER_SYSTICK = 0, PB_COUNTER_DWT = 1 } pb_counter_kind;
extern const pb_counter_kind pb_board_counter;
extern const uint32_t pb_board_clock_hz;
extern const char pb_board_name[];

/* Which chip this very one is: "<part number> <unique id, 32 hex digits>", or "" where it has none.
 * The text is the board's and stays. */
const char *pb_board_identity(void);

/* Called once, from the reset handler, with .data and .bss ready. */
void pb_board_start(void);

/* Up to `capacity` bytes that have arrived on the lane; returns how many. Never blocks. */
uint32_t pb_board_receive(uint32_t lane, uint8_t *bytes, uint32_t capacity);

/* Sends on lane 0; returns when all bytes are on their way. */
void pb_board_send(const uint8_t *bytes, uint32_t size);

/* Bytes of a lane that are kept while nobody calls pb_board_receive. May be left out: one frame. */
uint32_t pb_board_receive_buffer(void);

/* Rates of lane 0, in bit/s. Setting waits until all is sent; 0 is the rate at start. May be left
 * out by a board that has one rate. */
uint32_t pb_board_has_baud(uint32_t baud);
void pb_board_set_baud(uint32_t baud);

/* Ticks between two moments, `since` being a value of pb_board_ticks taken before; exact as long as
 * the counter has not gone round. */
uint32_t pb_board_ticks(void);
uint32_t pb_board_ticks_between(uint32_t since, uint32_t until);

#endif
