/* Orders of writing: Renesas FSP 6.3.1, system.c (PMSAR) and bsp_io.h (PWPR, PmnPFS). */
#include "pins.h"
#include "registers.h"

static void unlock(void) {
    PWPR = 0;
    PWPR = PWPR_PFSWE;
}

static void lock(void) {
    PWPR = 0;
    PWPR = PWPR_B0WI;
}

void ra6e1_pins_start(void) {
    PRCR = PRCR_KEY | PRCR_PRC4;
    for (uint32_t port = 0; port < PMSAR_PORTS; port++) {
        PMSAR(port) = 0xFFFF;
    }
    PRCR = PRCR_KEY;
}

void ra6e1_pin_connect(ra6e1_pin pin, uint32_t function) {
    unlock();
    PFS(pin.port, pin.pin) = 0; /* PSEL may change only while PMR is 0 */
    PFS(pin.port, pin.pin) = PFS_PSEL(function);
    PFS(pin.port, pin.pin) = PFS_PSEL(function) | PFS_PMR;
    lock();
}

void ra6e1_pin_drive(ra6e1_pin pin, bool high) {
    unlock();
    PFS(pin.port, pin.pin) = PFS_PDR | (high ? PFS_PODR : 0u);
    lock();
}
