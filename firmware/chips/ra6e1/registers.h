/* Registers of the R7FA6E10F (RA6E1) that the firmware and the flash algorithm touch, and no
 * others. Addresses and fields: Renesas FSP 6.3.1, R7FA6E10F.h; of the DMAC, also r_dmac.c
 * (BSD-3-Clause). */
#ifndef PROOFBOARD_RA6E1_REGISTERS_H
#define PROOFBOARD_RA6E1_REGISTERS_H

#include <stdint.h>

#define REGISTER8(address) (*(volatile uint8_t *)(uintptr_t)(address))
#define REGISTER16(address) (*(volatile uint16_t *)(uintptr_t)(address))
#define REGISTER32(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* Clock generation, register protection */
#define SCKDIVCR REGISTER32(0x4001E020u)
#define SCKSCR REGISTER8(0x4001E026u)
#define PLLCCR REGISTER16(0x4001E028u)
#define PLLCR REGISTER8(0x4001E02Au)
#define HOCOCR REGISTER8(0x4001E036u)
#define HOCOCR2 REGISTER8(0x4001E037u)
#define OSCSF REGISTER8(0x4001E03Cu)
#define PRCR REGISTER16(0x4001E3FEu)
#define SYOCDCR REGISTER8(0x4001E40Eu)
#define FWEPROR REGISTER8(0x4001E416u)

#define SCKSCR_MOCO 1u
#define SCKSCR_PLL 5u
#define HOCOCR_HCSTP 1u
#define HOCOCR2_20_MHZ 2u
#define OSCSF_HOCOSF (1u << 0)
#define OSCSF_PLLSF (1u << 5)
#define PRCR_KEY 0xA500u
#define PRCR_PRC0 (1u << 0) /* clocks */
#define PRCR_PRC1 (1u << 1) /* operating modes */
#define PRCR_PRC4 (1u << 4) /* security attributes */
#define SYOCDCR_DBGEN (1u << 7)

/* Caches and wait states */
#define FCACHEE REGISTER16(0x4001C100u)
#define FCACHEIV REGISTER16(0x4001C104u)
#define FLWT REGISTER8(0x4001C11Cu)
#define CCACTL REGISTER32(0x40007000u)
#define CCALCF REGISTER32(0x40007008u)
#define SRAMWTSC REGISTER8(0x40002008u)
#define SRAMPRCR2 REGISTER8(0x4000200Cu)

#define CCALCF_32_BYTES 1u
#define SRAMPRCR2_OPEN 0xF1u
#define SRAMPRCR2_SHUT 0xF0u

/* Module stop: a bit that is 0 lets a module run */
#define MSTPCRA REGISTER32(0x40084000u)
#define MSTPCRB REGISTER32(0x40084004u)
#define MSTPCRA_DMAC (1u << 22)
#define MSTPCRB_SCI(channel) (1u << (31u - (channel)))

/* Independent watchdog: runs from reset where OFS0.IWDTSTRT is 0; otherwise a refresh does nothing.
 * How: Renesas FSP 6.3.1, r_iwdt.c. */
#define IWDTRR REGISTER8(0x40083200u)
#define IWDTRR_FIRST 0x00u
#define IWDTRR_SECOND 0xFFu

/* Pins */
#define PFS(port, pin) REGISTER32(0x40080800u + 0x40u * (port) + 4u * (pin))
#define PWPR REGISTER8(0x40080D03u)
#define PMSAR(port) REGISTER16(0x40080D10u + 2u * (port))
#define PMSAR_PORTS 8u
#define PFS_PODR (1u << 0)
#define PFS_PDR (1u << 2)
#define PFS_PMR (1u << 16)
#define PFS_PSEL(function) ((uint32_t)(function) << 24)
#define PWPR_B0WI 0x80u
#define PWPR_PFSWE 0x40u

/* Serial communication interface: channels 0 to 4 and 9 */
#define SCI(channel, offset) (0x40118000u + 0x100u * (channel) + (offset))
#define SCI_SMR(channel) REGISTER8(SCI(channel, 0x00u))
#define SCI_BRR(channel) REGISTER8(SCI(channel, 0x01u))
#define SCI_SCR(channel) REGISTER8(SCI(channel, 0x02u))
#define SCI_SSR(channel) REGISTER8(SCI(channel, 0x04u))
#define SCI_SCMR(channel) REGISTER8(SCI(channel, 0x06u))
#define SCI_SEMR(channel) REGISTER8(SCI(channel, 0x07u))
#define SCI_FTDRHL(channel) REGISTER16(SCI(channel, 0x0Eu))
#define SCI_FRDRHL(channel) REGISTER16(SCI(channel, 0x10u))
#define SCI_MDDR(channel) REGISTER8(SCI(channel, 0x12u))
#define SCI_FCR(channel) REGISTER16(SCI(channel, 0x14u))
#define SCI_FDR(channel) REGISTER16(SCI(channel, 0x16u))

#define SCR_RIE (1u << 6)
#define SCR_TE (1u << 5)
#define SCR_RE (1u << 4)
#define SSR_ORER (1u << 5)
#define SSR_FER (1u << 4)
#define SSR_PER (1u << 3)
#define SSR_TEND (1u << 2)
#define SCMR_UART 0xF2u
#define SEMR_RXDESEL (1u << 7)
#define SEMR_BGDM (1u << 6)
#define SEMR_ABCS (1u << 4)
#define SEMR_BRME (1u << 2)
#define FCR_FM (1u << 0)
#define FCR_RFRST (1u << 1)
#define FCR_TFRST (1u << 2)
#define FCR_RTRG(count) ((count) << 8)
#define FCR_RSTRG(count) ((count) << 12)
#define FDR_R(value) ((value)&0x1Fu)
#define FDR_T(value) (((value) >> 8) & 0x1Fu)
#define SCI_FIFO_DEPTH 16u

/* DMA: channel 0 to 7, its trigger in the interrupt controller */
#define DELSR(channel) REGISTER32(0x40006280u + 4u * (channel))
#define DMAST REGISTER8(0x40005200u)
#define DMAC(channel, offset) (0x40005000u + 0x40u * (channel) + (offset))
#define DMSAR(channel) REGISTER32(DMAC(channel, 0x00u))
#define DMDAR(channel) REGISTER32(DMAC(channel, 0x04u))
#define DMCRA(channel) REGISTER32(DMAC(channel, 0x08u))
#define DMTMD(channel) REGISTER16(DMAC(channel, 0x10u))
#define DMINT(channel) REGISTER8(DMAC(channel, 0x13u))
#define DMAMD(channel) REGISTER16(DMAC(channel, 0x14u))
#define DMCNT(channel) REGISTER8(DMAC(channel, 0x1Cu))

#define DMCRA_FREE_RUNNING 0u
#define DMTMD_BY_EVENT 1u
#define DMTMD_HALFWORDS (1u << 8)
#define DMTMD_NO_REPEAT_AREA (2u << 12)
#define DMAMD_TO_INCREMENTED (2u << 6)
#define DMAMD_TO_REPEATS(log2_bytes) (log2_bytes)

/* What the chip says of itself: read in 32-bit words */
#define PART_NUMBER(word) REGISTER32(0x010080F0u + 4u * (word))
#define UNIQUE_ID(word) REGISTER32(0x01008190u + 4u * (word))

/* Core: Armv8-M Architecture Reference Manual (DDI0553), B11 and B13 */
#define DEMCR REGISTER32(0xE000EDFCu)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL REGISTER32(0xE0001000u)
#define DWT_CTRL_CYCCNTENA 1u
#define DWT_CYCCNT REGISTER32(0xE0001004u)

#endif
