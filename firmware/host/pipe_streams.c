/* Lane 0 of a board that is a program: its standard input and output. It ends with its input. */
#include "proofboard/board.h"
#include <stdlib.h>
#include <unistd.h>

/* Waits for the first byte: a program must not burn the processor as a board may. */
uint32_t pb_board_receive(uint32_t lane, uint8_t *bytes, uint32_t capacity) {
    (void)lane;
    const ssize_t count = read(STDIN_FILENO, bytes, capacity);
    if (count <= 0) {
        exit(0);
    }
    return (uint32_t)count;
}

void pb_board_send(const uint8_t *bytes, uint32_t size) {
    while (size > 0) {
        const ssize_t count = write(STDOUT_FILENO, bytes, size);
        if (count <= 0) {
            exit(1);
        }
        bytes += count;
        size -= (uint32_t)count;
    }
}
