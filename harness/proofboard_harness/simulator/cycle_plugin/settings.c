#include "settings.h"

#include "memory_allocation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_power_of_two(uint32_t value) {
    return value != 0 && (value & (value - 1u)) == 0;
}

static bool add_region(pb_memory *memory, const char *line) {
    uint32_t first, last, waits, cached;
    if (memory->region_count == PB_MAX_REGIONS ||
        sscanf(line, "region %" SCNx32 " %" SCNx32 " %" SCNx32 " %" SCNx32, &first, &last, &waits,
               &cached) != 4) {
        return false;
    }
    memory->regions[memory->region_count++] = (pb_region){first, last, waits, cached != 0};
    return true;
}

static bool set_cache(pb_memory *memory, const char *line) {
    if (sscanf(line, "cache %" SCNx32 " %" SCNx32 " %" SCNx32, &memory->lines, &memory->line_shift,
               &memory->fill_cycles) != 3) {
        return false;
    }
    return is_power_of_two(memory->lines) && memory->lines <= PB_MAX_LINES &&
           memory->line_shift >= 2 && memory->line_shift < 16;
}

static bool add_function(pb_settings *settings, const char *line) {
    pb_function function;
    if (sscanf(line, "function %" SCNx32 " %" SCNx32, &function.start, &function.end) != 2) {
        return false;
    }
    settings->functions = pb_grow(settings->functions, &settings->function_capacity,
                                  settings->function_count + 1, sizeof *settings->functions);
    settings->functions[settings->function_count++] = function;
    return true;
}

static bool add_window(pb_settings *settings, const char *line) {
    return settings->window_count < PB_MAX_WINDOWS &&
           sscanf(line, "window %" SCNx32, &settings->windows[settings->window_count++]) == 1;
}

static bool set_output(pb_settings *settings, const char *line) {
    const char *path = strchr(line, ' ') + 1;
    memcpy(settings->output, path, strlen(path) + 1);
    return *path != '\0';
}

static bool begins(const char *line, const char *word) {
    return strncmp(line, word, strlen(word)) == 0;
}

static bool apply(pb_settings *settings, const char *line) {
    if (begins(line, "output ")) {
        return set_output(settings, line);
    }
    if (begins(line, "cache ")) {
        return set_cache(&settings->memory, line);
    }
    if (begins(line, "region ")) {
        return add_region(&settings->memory, line);
    }
    if (begins(line, "function ")) {
        return add_function(settings, line);
    }
    return begins(line, "window ") && add_window(settings, line);
}

bool pb_settings_read(pb_settings *settings, const char *path) {
    FILE *file = fopen(path, "r");
    char line[PB_MAX_PATH];
    if (file == NULL) {
        (void)fprintf(stderr, "cycle model: can't read %s\n", path);
        return false;
    }
    bool good = true;
    while (good && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        good = apply(settings, line);
    }
    (void)fclose(file);
    if (!good || settings->output[0] == '\0') {
        (void)fprintf(stderr, "cycle model: bad setting in %s: %s\n", path,
                      good ? "no output" : line);
        return false;
    }
    return true;
}

uint32_t pb_settings_function(const pb_settings *settings, uint32_t address) {
    size_t low = 0, high = settings->function_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const pb_function *function = &settings->functions[middle];
        if (address < function->start) {
            high = middle;
        } else if (address >= function->end) {
            low = middle + 1;
        } else {
            return (uint32_t)middle;
        }
    }
    return UINT32_MAX;
}

bool pb_settings_is_window(const pb_settings *settings, uint32_t address) {
    for (uint32_t index = 0; index < settings->window_count; index++) {
        if (settings->windows[index] == address) {
            return true;
        }
    }
    return false;
}
