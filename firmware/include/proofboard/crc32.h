/* CRC-32 of IEEE 802.3 (reflected 0xEDB88320), as zlib's crc32. */
#ifndef PROOFBOARD_CRC32_H
#define PROOFBOARD_CRC32_H

#include <stdint.h>

/* Continue `crc` (0 to begin) over `size` bytes. */
uint32_t pb_crc32(uint32_t crc, const void *bytes, uint32_t size);

#endif
