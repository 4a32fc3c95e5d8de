/* Runs every generated call RUNS times: inputs in, one after the other, outputs out. On the host
 * they travel through standard input and output, on a simulated core through the semihosting files
 * inputs.bin and outputs.bin (Arm, "Semihosting for AArch32 and AArch64"). Working memory and
 * outputs begin as rubbish. Leaves with 0, with 1 if a call wrote behind an array, or with 2 if an
 * input is missing. */
#include "kernel_case.h"
#include <string.h>

enum { RUBBISH = 0xA5 };

int main(void);

#ifdef __arm__

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { OPEN_READ = 1, OPEN_WRITE = 5 };

static uint32_t input_file, output_file;

static uint32_t semihost(uint32_t operation, const uint32_t *block) {
    register uint32_t result __asm("r0") = operation;
    register const uint32_t *argument __asm("r1") = block;
    __asm volatile("bkpt 0xAB" : "+r"(result) : "r"(argument) : "memory");
    return result;
}

static uint32_t open_file(const char *name, uint32_t mode) {
    return semihost(SYS_OPEN, (const uint32_t[]){(uint32_t)name, mode, (uint32_t)strlen(name)});
}

__attribute__((noreturn)) static void leave(uint32_t code) {
    for (;;) {
        (void)semihost(SYS_EXIT_EXTENDED, (const uint32_t[]){0x20026, code});
    }
}

void pb_fault_entry(void);
void pb_fault_entry(void) {
    leave(3);
}

static void start(void) {
    input_file = open_file("inputs.bin", OPEN_READ);
    output_file = open_file("outputs.bin", OPEN_WRITE);
}

static void take(kernel_array array) {
    if (semihost(SYS_READ, (const uint32_t[]){input_file, (uint32_t)array.values, array.bytes}) !=
        0) {
        leave(2);
    }
}

static void give(kernel_array array) {
    (void)semihost(SYS_WRITE, (const uint32_t[]){output_file, (uint32_t)array.values, array.bytes});
}

#else

#include <stdio.h>
#include <stdlib.h>

static void start(void) {
}

__attribute__((noreturn)) static void leave(uint32_t code) {
    exit((int)code);
}

static void take(kernel_array array) {
    if (fread(array.values, 1, array.bytes, stdin) != array.bytes) {
        leave(2);
    }
}

static void give(kernel_array array) {
    (void)fwrite(array.values, 1, array.bytes, stdout);
}

#endif

static void spoil(kernel_array array) {
    if (array.values != NULL) {
        memset(array.values, RUBBISH, array.bytes + GUARD);
    }
}

static void check_guard(kernel_array array) {
    for (uint32_t i = 0; array.values != NULL && i != GUARD; i++) {
        if (array.values[array.bytes + i] != RUBBISH) {
            leave(1);
        }
    }
}

static void run(const kernel_case *item) {
    spoil(item->scratch);
    spoil(item->target);
    for (uint32_t i = 0; i < SOURCES; i++) {
        spoil(item->sources[i]);
        if (item->sources[i].values != NULL) {
            take(item->sources[i]);
        }
    }
    item->run();
    check_guard(item->scratch);
    for (uint32_t i = 0; i < SOURCES; i++) {
        check_guard(item->sources[i]);
    }
    if (item->target.values != item->sources[0].values &&
        item->target.values != item->sources[1].values) {
        check_guard(item->target);
    }
    give(item->target);
}

int main(void) {
    start();
    for (uint32_t i = 0; i < kernel_batch_count; i++) {
        for (uint32_t j = 0; j < kernel_batches[i].count; j++) {
            for (uint32_t k = 0; k < RUNS; k++) {
                run(&kernel_batches[i].cases[j]);
            }
        }
    }
    leave(0);
}
