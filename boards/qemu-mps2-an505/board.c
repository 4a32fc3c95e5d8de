/* QEMU's mps2-an505: CMSDK UARTs and SysTick.
 * Addresses: Arm AN505 application note and QEMU's hw/arm/mps2-tz.c; UART registers: Arm CMSDK
 * (DDI0479), chapter 4; SysTick: Armv8-M ARM (DDI0553), B11. */
#include "proofboard/board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART(lane, offset) REGISTER(0x40200000u + 0x1000u * (lane) + (offset))
#define UART_DATA(lane) UART(lane, 0x00u)
#define UART_STATE(lane) UART(lane, 0x04u)
#define UART_CTRL(lane) UART(lane, 0x08u)
#define UART_BAUDDIV(lane) UART(lane, 0x10u)
#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define SHORTEST_BIT 16u /* clocks: the least that the hardware takes */
#define CTRL_TX_RX_ENABLE 3u

#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define SYSTICK_MASK 0xFFFFFFu

const uint32_t pb_board_lanes = 4;
const pb_counter_kind pb_board_counter = PB_COUNTER_SYSTICK;
const uint32_t pb_board_clock_hz = 20000000u;
const char pb_board_name[] = "qemu-mps2-an505";

const char *pb_board_identity(void) {
    return "";
}

void pb_board_start(void) {
    for (uint32_t lane = 0; lane < pb_board_lanes; lane++) {
        UART_BAUDDIV(lane) = SHORTEST_BIT; /* QEMU sends at once */
        UART_CTRL(lane) = CTRL_TX_RX_ENABLE;
    }
    SYST_RVR = SYSTICK_MASK;
    SYST_CVR = 0;
    SYST_CSR = 5; /* processor clock, no interrupt, enabled */
}

uint32_t pb_board_receive(uint32_t lane, uint8_t *bytes, uint32_t capacity) {
    uint32_t count = 0;
    while (count < capacity && (UART_STATE(lane) & STATE_RX_FULL) != 0) {
        bytes[count++] = (uint8_t)UART_DATA(lane);
    }
    return count;
}

/* QEMU holds back what the UART has not taken yet. */
uint32_t pb_board_receive_buffer(void) {
    return 0x10000u;
}

uint32_t pb_board_has_baud(uint32_t baud) {
    return baud >= 300u && baud <= 1000000u;
}

void pb_board_set_baud(uint32_t baud) {
    UART_BAUDDIV(0) =
        baud == 0 ? SHORTEST_BIT : pb_board_clock_hz / baud; /* of no effect in QEMU */
}

void pb_board_send(const uint8_t *bytes, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        while ((UART_STATE(0) & STATE_TX_FULL) != 0) {
        }
        UART_DATA(0) = bytes[i];
    }
}

uint32_t pb_board_ticks(void) {
    return SYST_CVR;
}

uint32_t pb_board_ticks_between(uint32_t since, uint32_t until) {
    return (since - until) & SYSTICK_MASK; /* SysTick counts down */
}
