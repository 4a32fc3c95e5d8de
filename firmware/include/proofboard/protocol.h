/* The link's messages. docs/protocol.md describes every byte; all numbers are little-endian.
 * A frame is COBS(type:u8, payload, crc32:u32), zero-delimited. */
#ifndef PROOFBOARD_PROTOCOL_H
#define PROOFBOARD_PROTOCOL_H

#include <stdint.h>

#define PB_PROTOCOL_VERSION 1u
#define PB_CHUNK_SAMPLES 500u /* PCM samples in a clip chunk */
#define PB_MAX_FRAME 1040u /* decoded bytes of the longest frame: a chunk with its head and CRC */
#define PB_MAX_CHUNKS 64u  /* chunks of a clip: one bit each */

enum {
    /* host to target */
    PB_HELLO_REQUEST = 0x01,  /* nonce:u32 */
    PB_CLIP_CHUNK = 0x02,     /* clip:u32 chunk:u16 flags:u16 code:u8[], see pcm_decode.h */
    PB_STATUS_REQUEST = 0x03, /* clip:u32 */
    PB_DUMP_REQUEST = 0x04,   /* clip:u32 layer:u32 */
    /* target to host */
    PB_HELLO = 0x81,
    PB_STATUS = 0x82,
    PB_RESULT = 0x83,
    PB_FAULT = 0x84,
    PB_DUMP = 0x85
};

enum { PB_FLAG_TRACE = 1u }; /* report the CRC of every layer */

#endif
