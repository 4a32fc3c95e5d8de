/* encode: standard input as one frame. decode CAPACITY: every frame in standard input, each as
 * size:u32 and its bytes, then the count of dropped ones as u32. The decoder's buffer has exactly
 * CAPACITY bytes. */
#include "proofboard/cobs.h"
#include "proofboard/crc32.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(const uint8_t *bytes, uint32_t size) {
    (void)fwrite(bytes, 1, size, stdout);
}

static void encode(void) {
    uint8_t *bytes = malloc(1);
    uint32_t size = 0;
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        bytes = realloc(bytes, size + 1);
        bytes[size++] = (uint8_t)byte;
    }
    pb_cobs_encode(bytes, size, put);
    free(bytes);
}

static void decode(uint32_t capacity) {
    pb_cobs_decoder decoder = {.frame = malloc(capacity), .capacity = capacity};
    pb_cobs_reset(&decoder);
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        const uint32_t size = pb_cobs_take(&decoder, (uint8_t)byte);
        if (size > 0) {
            (void)fwrite(&size, sizeof size, 1, stdout);
            put(decoder.frame, size);
        }
    }
    (void)fwrite(&decoder.dropped, sizeof decoder.dropped, 1, stdout);
    free(decoder.frame);
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "decode") == 0) {
        decode((uint32_t)strtoul(arguments[2], NULL, 10));
    } else {
        encode();
    }
    return 0;
}
