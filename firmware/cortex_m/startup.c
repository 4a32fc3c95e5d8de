/* Reset on any Armv8-M Mainline core: vector table, FPU, stack limit and paint, data, bss, main.
 * Register addresses: Armv8-M Architecture Reference Manual (DDI0553), B11. */
#include "fault.h"
#include "proofboard/stack.h"
#include <stdint.h>

extern uint32_t pb_stack_low[], pb_stack_high[];
extern uint32_t pb_data_start[], pb_data_end[], pb_bss_start[], pb_bss_end[];
extern const uint32_t pb_data_load[];

int main(void);
void pb_reset(void);
void pb_start(void);

typedef void (*pb_vector)(void);

__attribute__((section(".vectors"), used)) static const pb_vector vectors[16] = {
    (pb_vector)(uintptr_t)pb_stack_high,
    pb_reset,
    pb_fault_entry, /* NMI */
    pb_fault_entry, /* HardFault */
    pb_fault_entry, /* MemManage */
    pb_fault_entry, /* BusFault */
    pb_fault_entry, /* UsageFault */
    pb_fault_entry, /* SecureFault */
    0,
    0,
    0,
    pb_fault_entry, /* SVCall */
    pb_fault_entry, /* DebugMonitor */
    0,
    pb_fault_entry, /* PendSV */
    pb_fault_entry, /* SysTick: its interrupt is never enabled */
};

/* In assembly because a C prologue may already push FPU registers, which faults until CPACR allows
 * it. Paints the stack, sets its limit, then enters C. */
__attribute__((naked, noreturn)) void pb_reset(void) {
    __asm volatile("ldr r0, =vectors\n"
                   "ldr r1, =0xE000ED08\n" /* VTOR: undefined after reset on some parts */
                   "str r0, [r1]\n"
                   "ldr r1, =0xE000ED88\n" /* CPACR: full access to CP10 and CP11 */
                   "ldr r0, [r1]\n"
                   "orr r0, r0, #(0xF << 20)\n"
                   "str r0, [r1]\n"
                   "ldr r1, =0xE000ED24\n" /* SHCSR: MemManage, BusFault, UsageFault */
                   "ldr r0, [r1]\n"
                   "orr r0, r0, #(7 << 16)\n"
                   "str r0, [r1]\n"
                   "dsb\n"
                   "isb\n"
                   "ldr r0, =pb_stack_low\n"
                   "msr msplim, r0\n"
                   "ldr r1, =%c0\n"
                   "mov r2, sp\n"
                   "1: cmp r0, r2\n"
                   "it lo\n"
                   "strlo r1, [r0], #4\n"
                   "blo 1b\n"
                   "b pb_start\n" ::"i"(PB_STACK_PAINT));
}

__attribute__((noreturn, used)) void pb_start(void) {
    const uint32_t *from = pb_data_load;
    for (uint32_t *to = pb_data_start; to < pb_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = pb_bss_start; to < pb_bss_end;) {
        *to++ = 0;
    }
    (void)main();
    for (;;) {
    }
}
