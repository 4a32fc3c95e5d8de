/* Sends a PB_FAULT frame with the fault registers and the stacked PC and LR, and again whenever the
 * host asks anything. Registers: Armv8-M Architecture Reference Manual (DDI0553), B11. */
#include "fault.h"
#include "link.h"
#include "proofboard/protocol.h"
#include <stdbool.h>
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SCB_CFSR REGISTER(0xE000ED28u)
#define SCB_HFSR REGISTER(0xE000ED2Cu)
#define SCB_MMFAR REGISTER(0xE000ED34u)
#define SCB_BFAR REGISTER(0xE000ED38u)
#define CFSR_STKOF (1u << 20)
#define CFSR_STACKING ((1u << 12) | (1u << 4)) /* BFSR.STKERR, MMFSR.MSTKERR */
#define STACKED_BYTES 32u                      /* R0 to R3, R12, LR, PC, xPSR */
#define UNKNOWN 0xFFFFFFFFu

extern uint32_t pb_stack_low[], pb_stack_high[];
__attribute__((used)) static uint32_t fault_stack[192];
static pb_frame frame;
static uint32_t program_counter, link_register, exception;

void pb_fault_report(const uint32_t *stacked, uint32_t number);

/* The faulting stack may be full: the report runs on a stack of its own, without a limit. */
__attribute__((naked)) void pb_fault_entry(void) {
    __asm volatile("mov r0, sp\n"
                   "mrs r1, ipsr\n"
                   "movs r2, #0\n"
                   "msr msplim, r2\n"
                   "ldr r2, =fault_stack + %c0\n"
                   "mov sp, r2\n"
                   "b pb_fault_report\n" ::"i"(sizeof fault_stack));
}

static void send_report(void) {
    pb_frame_begin(&frame, PB_FAULT);
    pb_frame_u32(&frame, SCB_CFSR);
    pb_frame_u32(&frame, SCB_HFSR);
    pb_frame_u32(&frame, SCB_MMFAR);
    pb_frame_u32(&frame, SCB_BFAR);
    pb_frame_u32(&frame, program_counter);
    pb_frame_u32(&frame, link_register);
    pb_frame_u32(&frame, exception);
    pb_frame_send(&frame);
}

static void answer_with_report(uint8_t type, const uint8_t *payload, uint32_t size) {
    (void)type, (void)payload, (void)size;
    send_report();
}

__attribute__((noreturn)) static void report_for_ever(void) {
    pb_link_start();
    send_report();
    for (;;) {
        pb_link_poll(answer_with_report);
    }
}

__attribute__((noreturn)) void pb_fault_stop(uintptr_t where) {
    program_counter = (uint32_t)where;
    link_register = UNKNOWN;
    exception = 0;
    report_for_ever();
}

__attribute__((noreturn, used)) void pb_fault_report(const uint32_t *stacked, uint32_t number) {
    /* With a failed or overflowed stacking there is no frame to read. */
    const uintptr_t low = (uintptr_t)pb_stack_low, high = (uintptr_t)pb_stack_high;
    const uintptr_t frame_at = (uintptr_t)stacked;
    const bool readable = (SCB_CFSR & (CFSR_STKOF | CFSR_STACKING)) == 0 && frame_at >= low &&
                          frame_at <= high - STACKED_BYTES;
    link_register = readable ? stacked[5] : UNKNOWN;
    program_counter = readable ? stacked[6] : UNKNOWN;
    exception = number;
    report_for_ever();
}
