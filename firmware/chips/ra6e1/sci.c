/* Order of setting up, dividers: Renesas FSP 6.3.1, r_sci_uart.c. */
#include "sci.h"
#include "registers.h"
#include <stddef.h>

#define POLLS 1000000u
#define LARGEST_BRR 255u
#define MDDR_OFF 256u
#define LEAST_MDDR 128u

/* What FSP sets where the DTC receives. With any other level its interrupt routine has to write
 * RDF = 0 before the next request, which a DMAC does not. */
#define RTRG_EVERY_BYTE 0u

typedef struct {
    uint32_t divider;
    uint8_t semr;
} baud_base;

/* 16 samples a bit, twice; then 8 samples a bit. */
static const baud_base bases[] = {
    {32, 0},
    {16, SEMR_BGDM},
    {8, SEMR_BGDM | SEMR_ABCS},
};

ra6e1_baud ra6e1_baud_for(uint32_t pclka_hz, uint32_t baud) {
    ra6e1_baud best = {0, 0, 0};
    uint64_t least_error = 1, least_of = 0; /* as a fraction: more than any */
    for (uint32_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        const uint32_t unit = bases[i].divider * baud; /* at most 100 MHz x 4 */
        uint32_t count = pclka_hz / unit;              /* too fast by up to one count: MDDR slows */
        if (count == 0 || count > LARGEST_BRR + 1) {
            continue;
        }
        const uint32_t wanted = unit * count; /* at most pclka_hz */
        const uint32_t step = pclka_hz / 256u;
        uint32_t mddr = (wanted + step / 2) / step;
        mddr = mddr < LEAST_MDDR ? LEAST_MDDR : mddr;
        const uint32_t made = step * mddr;
        const uint32_t error = made > wanted ? made - wanted : wanted - made;
        if (error * least_of < least_error * wanted) {
            least_error = error;
            least_of = wanted;
            const uint8_t modulated = mddr < MDDR_OFF ? SEMR_BRME : 0;
            best.semr = (uint8_t)(bases[i].semr | modulated);
            best.brr = (uint8_t)(count - 1);
            best.mddr = (uint8_t)(mddr < MDDR_OFF ? mddr : MDDR_OFF - 1);
        }
    }
    return best;
}

/* While transmitter and receiver are off. SEMR comes last: it switches MDDR's modulation on. */
static void set_baud(uint32_t channel, ra6e1_baud baud) {
    SCI_SEMR(channel) = SEMR_RXDESEL;
    SCI_BRR(channel) = baud.brr;
    SCI_MDDR(channel) = baud.mddr;
    SCI_SEMR(channel) = (uint8_t)(SEMR_RXDESEL | baud.semr);
}

void ra6e1_sci_start(uint32_t channel, ra6e1_baud baud) {
    MSTPCRB &= ~MSTPCRB_SCI(channel);
    (void)MSTPCRB; /* the read waits until the module runs */
    SCI_SCR(channel) = 0;
    const uint16_t fifo = FCR_FM | FCR_RTRG(RTRG_EVERY_BYTE) | FCR_RSTRG(15u);
    SCI_FCR(channel) = (uint16_t)(fifo | FCR_RFRST | FCR_TFRST);
    SCI_FCR(channel) = fifo;
    SCI_SMR(channel) = 0;
    SCI_SCMR(channel) = SCMR_UART;
    set_baud(channel, baud);
}

void ra6e1_sci_stop(uint32_t channel, ra6e1_baud baud) {
    for (uint32_t polls = 0; polls < POLLS && (SCI_SSR(channel) & SSR_TEND) == 0; polls++) {
    }
    SCI_SCR(channel) = 0;
    set_baud(channel, baud);
}

void ra6e1_sci_enable(uint32_t channel) {
    (void)ra6e1_sci_clear_errors(channel);
    SCI_SCR(channel) = SCR_TE | SCR_RE | SCR_RIE;
}

void ra6e1_sci_send(uint32_t channel, const uint8_t *bytes, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        uint32_t polls = 0;
        while (FDR_T(SCI_FDR(channel)) >= SCI_FIFO_DEPTH) {
            if (++polls == POLLS) {
                return;
            }
        }
        SCI_FTDRHL(channel) = bytes[i];
    }
}

uint32_t ra6e1_sci_waiting(uint32_t channel) {
    return FDR_R(SCI_FDR(channel));
}

uint8_t ra6e1_sci_take(uint32_t channel) {
    return (uint8_t)SCI_FRDRHL(channel);
}

bool ra6e1_sci_clear_errors(uint32_t channel) {
    const uint8_t errors = SSR_ORER | SSR_FER | SSR_PER;
    if ((SCI_SSR(channel) & errors) == 0) {
        return false;
    }
    SCI_SSR(channel) = (uint8_t)~errors; /* were read as 1: only then does 0 clear them */
    return true;
}
