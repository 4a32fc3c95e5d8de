/* What the plug-in is told: a text file, one setting a line, numbers in hexadecimal.
 *
 *   output PATH                         where the counts go when QEMU ends
 *   cache LINES LINE_SHIFT FILL_CYCLES  lines of 2^LINE_SHIFT bytes, both powers of two
 *   region FIRST LAST WAITS CACHED      a memory; CACHED is 0 or 1
 *   function FIRST END                  in order of address; its number is its place in the file
 *   window FIRST                        count only in calls of the function that starts here
 */
#ifndef PB_CYCLE_SETTINGS_H
#define PB_CYCLE_SETTINGS_H

#include "memory.h"

#include <stddef.h>

#define PB_MAX_WINDOWS 64u
#define PB_MAX_PATH 4096u

typedef struct {
    uint32_t start, end;
} pb_function;

typedef struct {
    char output[PB_MAX_PATH];
    pb_memory memory;
    pb_function *functions;
    size_t function_count, function_capacity;
    uint32_t windows[PB_MAX_WINDOWS];
    uint32_t window_count;
} pb_settings;

/* Whether the file could be read and makes sense; if not, what is wrong has been said on the error
 * stream. */
bool pb_settings_read(pb_settings *settings, const char *path);

/* The number of the function that holds the address, or UINT32_MAX. */
uint32_t pb_settings_function(const pb_settings *settings, uint32_t address);
bool pb_settings_is_window(const pb_settings *settings, uint32_t address);
#endif
