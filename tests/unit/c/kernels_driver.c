/* Runs operators on cases from standard input, each array in memory of exactly its size, so that
 * the sanitisers see any step outside. A case: operator:u8, then parameters and arrays as `read_*`
 * take them, little-endian. The output goes to standard output. */
#include "proofboard/dense_f32.h"
#include "proofboard/dense_s8.h"
#include "proofboard/quantise.h"
#include "proofboard/to_float.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUANTISE, DENSE_S8, DENSE_S8_S16, TO_FLOAT, DENSE_F32, DENSE_F32_RELU };

static void *take(size_t size) {
    void *bytes = malloc(size);
    if (bytes == NULL || fread(bytes, 1, size, stdin) != size) {
        exit(2);
    }
    return bytes;
}

static int32_t take_i32(void) {
    int32_t *value = take(sizeof *value);
    const int32_t copy = *value;
    free(value);
    return copy;
}

static void give(void *values, size_t size) {
    (void)fwrite(values, 1, size, stdout);
    free(values);
}

static void run_quantise(void) {
    const pb_quantise layer = {(uint16_t)take_i32(), (int16_t)take_i32(), (int16_t)take_i32(),
                               (uint8_t)take_i32()};
    int16_t *input = take(layer.size * sizeof *input);
    int8_t *output = malloc(layer.size);
    pb_quantise_run(&layer, input, output);
    free(input);
    give(output, layer.size);
}

static void run_dense(int kind) {
    pb_dense_s8 layer = {.inputs = (uint16_t)take_i32(), .outputs = (uint16_t)take_i32()};
    layer.zero_point = take_i32();
    layer.low = take_i32();
    layer.high = take_i32();
    int8_t *weights = take((size_t)layer.inputs * layer.outputs);
    int32_t *bias = take(layer.outputs * sizeof *bias);
    int32_t *multiplier = take(layer.outputs * sizeof *multiplier);
    uint8_t *shift = take(layer.outputs);
    int8_t *input = take(layer.inputs);
    layer.weights = weights;
    layer.bias = bias;
    layer.multiplier = multiplier;
    layer.shift = shift;
    const size_t size = layer.outputs * (kind == DENSE_S8 ? sizeof(int8_t) : sizeof(int16_t));
    void *output = malloc(size);
    if (kind == DENSE_S8) {
        pb_dense_s8_run(&layer, input, output);
    } else {
        pb_dense_s8_s16_run(&layer, input, output);
    }
    free(weights);
    free(bias);
    free(multiplier);
    free(shift);
    free(input);
    give(output, size);
}

static void run_to_float(void) {
    const uint32_t size = (uint32_t)take_i32();
    float *scale = take(sizeof *scale);
    int16_t *input = take(size * sizeof *input);
    float *output = malloc(size * sizeof *output);
    pb_to_float_run(*scale, size, input, output);
    free(scale);
    free(input);
    give(output, size * sizeof *output);
}

static void run_dense_float(int kind) {
    pb_dense_f32 layer = {.inputs = (uint16_t)take_i32(), .outputs = (uint16_t)take_i32()};
    float *weights = take((size_t)layer.inputs * layer.outputs * sizeof *weights);
    float *bias = take(layer.outputs * sizeof *bias);
    float *input = take(layer.inputs * sizeof *input);
    float *output = malloc(layer.outputs * sizeof *output);
    layer.weights = weights;
    layer.bias = bias;
    pb_dense_f32_run(&layer, input, output);
    if (kind == DENSE_F32_RELU) {
        pb_relu_f32_run(output, layer.outputs);
    }
    free(weights);
    free(bias);
    free(input);
    give(output, layer.outputs * sizeof *output);
}

int main(void) {
    for (int kind = getchar(); kind != EOF; kind = getchar()) {
        if (kind == QUANTISE) {
            run_quantise();
        } else if (kind == DENSE_S8 || kind == DENSE_S8_S16) {
            run_dense(kind);
        } else if (kind == TO_FLOAT) {
            run_to_float();
        } else {
            run_dense_float(kind);
        }
    }
    return 0;
}
