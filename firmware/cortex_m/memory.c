/* What the start of a session and its greeting call, once, in a tenth of the C library's bytes.
 * memcpy stays the library's: kernels call it, and it is fast. */
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int value, size_t size);
size_t strlen(const char *text);

void *memset(void *to, int value, size_t size) {
    uint8_t *target = to;
    while (size-- > 0) {
        *target++ = (uint8_t)value;
    }
    return to;
}

size_t strlen(const char *text) {
    const char *end = text;
    while (*end != '\0') {
        end++;
    }
    return (size_t)(end - text);
}
