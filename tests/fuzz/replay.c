/* Runs the fuzzer's entry point on each file named: the corpus, without libFuzzer. */
#include "wire_steps.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LARGEST 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **paths) {
    static uint8_t bytes[LARGEST];
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(paths[i], "rb");
        if (file == NULL) {
            (void)fprintf(stderr, "%s: can't be opened\n", paths[i]);
            return 2;
        }
        const size_t size = fread(bytes, 1, sizeof bytes, file);
        (void)fclose(file);
        (void)fprintf(stderr, "%s\n", paths[i]); /* the last one named is the culprit */
        (void)LLVMFuzzerTestOneInput(bytes, size);
    }
    steps_print();
    return 0;
}
