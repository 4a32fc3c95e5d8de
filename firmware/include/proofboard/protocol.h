/* The link's messages. docs/protocol.md describes every byte; all numbers are little-endian.
 * A frame is COBS(type:u8, payload, crc32:u32), zero-delimited. */
#ifndef PROOFBOARD_PROTOCOL_H
#define PROOFBOARD_PROTOCOL_H

#include <stdint.h>

#define PB_PROTOCOL_VERSION 2u
#define PB_CHUNK_SAMPLES 320u /* PCM samples in a clip chunk */
#define PB_MAX_FRAME 680u  /* decoded bytes of the longest frame: a chunk with its head and CRC */
#define PB_MAX_CHUNKS 128u /* chunks of a clip: one bit each */
#define PB_MAX_LEAP 65536u /* packet numbers left out that are believed */
#define PB_RESULTS 4u      /* results kept, in case the host lost them */

enum {
    /* host to target */
    PB_HELLO_REQUEST = 0x01, /* session:u32 */
    PB_CLIP_CHUNK = 0x02,    /* session:u32 packet:u32 clip:u32 chunk:u8 flags:u8 code:u8[] */
    PB_POLL = 0x03,          /* session:u32 packet:u32 clip:u32 */
    PB_DUMP_REQUEST = 0x04,  /* session:u32 clip:u32 layer:u32 */
    PB_BAUD_REQUEST = 0x05,  /* session:u32 baud:u32 */
    PB_ECHO_REQUEST = 0x06,  /* session:u32 bytes:u8[] */
    /* target to host; all but FAULT begin with session:u32, 0 after a reset */
    PB_HELLO = 0x81,
    PB_ACK = 0x82,
    PB_RESULT = 0x83,
    PB_FAULT = 0x84,
    PB_DUMP = 0x85,
    PB_BAUD = 0x86,
    PB_ECHO = 0x87,
    PB_LOG = 0x88
};

enum { PB_FLAG_TRACE = 1u }; /* report the CRC of every layer */

#endif
