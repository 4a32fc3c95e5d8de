/* Pins of the RA6E1. A pin is {port, pin}: P109 is {1, 9}. */
#ifndef PROOFBOARD_RA6E1_PINS_H
#define PROOFBOARD_RA6E1_PINS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint8_t port;
    uint8_t pin;
} ra6e1_pin;

/* Let this image, which runs secure, write pins of any security attribute: before the others. */
void ra6e1_pins_start(void);

/* Give the pin to a peripheral: its number for PSEL. */
void ra6e1_pin_connect(ra6e1_pin pin, uint32_t function);

/* Drive the pin high or low. */
void ra6e1_pin_drive(ra6e1_pin pin, bool high);

#endif
