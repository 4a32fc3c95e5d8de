/* Decodes codes from standard input, each in memory of exactly its size. A case: samples:u32,
 * size:u32, code. Answer: whole:u8 and, if whole, the samples as int16. */
#include "pcm_decode.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    uint32_t head[2];
    while (fread(head, sizeof head, 1, stdin) == 1) {
        uint8_t *code = malloc(head[1]);
        int16_t *samples = malloc(head[0] * sizeof *samples);
        if (fread(code, 1, head[1], stdin) != head[1]) {
            return 2;
        }
        const uint8_t whole = pb_pcm_decode(code, head[1], samples, head[0]);
        (void)fwrite(&whole, 1, 1, stdout);
        if (whole) {
            (void)fwrite(samples, sizeof *samples, head[0], stdout);
        }
        free(code);
        free(samples);
    }
    return 0;
}
