/* The inner loop of a depthwise convolution of 3 x 3, on cores with the DSP extension. */
#ifndef PROOFBOARD_DEPTHWISE_STREAM_H
#define PROOFBOARD_DEPTHWISE_STREAM_H

#include <stdint.h>

/* Runs one channel along a line of `positions`, 3 or more, and gives two lines of outputs.
 *
 * A position is 8 words: of each of four channels two pairs of int16, (line 0, line 1) and
 * (line 2, line 3). slots: the first pair of the channel at the first position. Output i of the two
 * lines, the sum over positions i to i + 2, replaces the pairs at position i; the last two
 * positions are left as they are. The two positions before the first one are overwritten.
 * weights: the pairs (0, 1) of the kernel's weights across lines for its three positions, then the
 * pairs (1, 2). */
void pb_depthwise_stream_run(int32_t *slots, uint32_t positions, const int16_t *weights,
                             int32_t bias);

#endif
