/* The functions that GCC may call in any program, freestanding ones too (its manual, "Language
 * Standards Supported by GCC"), in fewer bytes than the C library's. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);

/* Armv8-M Mainline loads and stores words at any address. */
typedef uint32_t __attribute__((may_alias, aligned(1))) any_word;

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    const uint8_t *source = from;
    uint8_t *target = to;
    for (; size >= sizeof(any_word); size -= sizeof(any_word)) {
        *(any_word *)target = *(const any_word *)source;
        source += sizeof(any_word);
        target += sizeof(any_word);
    }
    while (size-- > 0) {
        *target++ = *source++;
    }
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *target = to;
    while (size-- > 0) {
        *target++ = (uint8_t)value;
    }
    return to;
}
