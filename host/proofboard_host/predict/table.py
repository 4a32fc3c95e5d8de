"""The costs of the firmware's routines, by `tests/sim/fit_costs.py --write`; docs/prediction.md says how.

Modelled Cortex-M33 cycles without wait states and executed instructions, for GCC 12.2 and the flags of
`firmware/CMakeLists.txt`.
"""

from __future__ import annotations

from types import MappingProxyType

from .coefficients import Coefficients, Rate

CORTEX_M33: Coefficients = MappingProxyType(
    {
        "quantise": {
            "call": Rate(39.63, 21.02),
            "some fours": Rate(15.13, 12.67),
            "four": Rate(28.0, 25.0),
            "single": Rate(12.68, 12.99),
        },
        "dense_s8": {
            "call": Rate(50.02, 25.42),
            "input step": Rate(7.92, 7.04),
            "group int16": Rate(39.56, 32.21),
            "group word": Rate(19.03, 14.99),
            "row int16": Rate(15.25, 12.92),
            "row word": Rate(8.01, 7.01),
            "group of odd words": Rate(1.78, 1.12),
            "group int8": Rate(39.5, 35.29),
            "row int8": Rate(15.43, 14.4),
        },
        "dense_s4": {
            "call": Rate(59.42, 34.83),
            "input step": Rate(9.97, 9.01),
            "group int16": Rate(36.77, 29.16),
            "group word": Rate(42.02, 38.98),
            "row int16": Rate(15.24, 12.77),
            "row word": Rate(15.0, 12.05),
            "filled step": Rate(5.8, 4.91),
            "group int8": Rate(36.78, 32.18),
            "row int8": Rate(14.94, 14.14),
        },
        "dense_s2": {
            "call": Rate(56.63, 33.5),
            "input step": Rate(28.12, 25.11),
            "group int16": Rate(39.18, 27.19),
            "group word": Rate(77.98, 75.96),
            "row int16": Rate(16.7, 13.0),
            "row word": Rate(26.94, 20.98),
            "filled step": Rate(11.97, 9.5),
            "group int8": Rate(38.99, 30.27),
            "row int8": Rate(16.42, 14.43),
        },
        "dense_s8_wide": {
            "call": Rate(49.41, 24.74),
            "input step": Rate(6.99, 6.0),
            "group int16": Rate(38.81, 28.84),
            "group word": Rate(23.99, 21.0),
            "row int16": Rate(13.26, 12.32),
            "row word": Rate(9.01, 8.0),
            "group int8": Rate(38.54, 32.01),
            "row int8": Rate(13.18, 14.29),
        },
        "conv_engine": {
            "call": Rate(-174.89, -18.79),
            "pass": Rate(319.61, 127.49),
            "pair": Rate(113.95, 64.67),
            "lonely pixel": Rate(-16.2, -16.32),
            "patch quad": Rate(14.53, 11.49),
            "patch odd value": Rate(19.28, 17.59),
            "patch filled up": Rate(13.95, 14.99),
            "block": Rate(60.97, 51.89),
            "block of odd quads": Rate(0.35, -0.23),
            "quad": Rate(29.34, 27.33),
            "copy": Rate(27.62, 23.88),
            "copied byte": Rate(0.97, 1.01),
        },
        "conv_widen_s4": {
            "quad": Rate(118.35, 109.36),
        },
        "conv_widen_s8": {
            "quad": Rate(41.7, 34.15),
        },
        "conv_widen_s2": {
            "quad": Rate(101.82, 93.92),
        },
        "conv_gather": {
            "pixel": Rate(64.01, 47.69),
            "line": Rate(37.81, 35.73),
            "line outside": Rate(6.91, 8.6),
            "line of words": Rate(-2.29, -0.35),
            "word": Rate(4.66, 3.69),
            "line of odd bytes": Rate(1.59, 3.33),
            "odd byte": Rate(4.43, 3.38),
            "filled part": Rate(-4.94, -1.34),
            "filled byte": Rate(4.28, 3.25),
        },
        "depthwise": {
            "call": Rate(105.72, 54.97),
            "widened block": Rate(39.92, 26.47),
            "widened pair": Rate(22.55, 19.75),
            "widened tap": Rate(8.42, 14.8),
            "row": Rate(22.8, 26.08),
            "pixel": Rate(61.88, 31.87),
            "whole pixel": Rate(19.92, 13.28),
            "placement": Rate(22.08, 22.59),
            "placed row": Rate(14.97, 13.12),
            "placed tap": Rate(12.87, 13.76),
            "tap beside the image": Rate(16.19, 15.79),
            "tap above or below": Rate(9.2, 8.41),
            "block": Rate(44.37, 35.15),
            "four taps": Rate(38.92, 35.88),
            "block of odd taps": Rate(-2.85, 0.22),
            "odd tap": Rate(14.13, 11.71),
        },
        "depthwise_single": {
            "call": Rate(-3.31, 3.56),
            "row of pixels": Rate(9.54, 9.0),
            "pixel": Rate(58.76, 57.79),
            "channel": Rate(37.2, 33.19),
            "row": Rate(8.94, 9.98),
            "tap": Rate(8.02, 8.02),
        },
        "depthwise_unpack_s4": {
            "call": Rate(49.52, 20.71),
            "weight": Rate(11.85, 10.97),
        },
        "depthwise_unpack_s2": {
            "call": Rate(62.53, 38.77),
            "weight": Rate(11.88, 10.91),
        },
        "depthwise_3x3": {
            "call": Rate(60.98, 47.43),
            "block": Rate(338.87, 300.24),
            "two lines": Rate(531.97, 370.5),
            "two lines of odd length": Rate(9.84, 4.56),
            "line": Rate(48.33, 26.65),
            "two values": Rate(19.48, 15.21),
            "two outputs": Rate(89.13, 81.5),
            "output": Rate(21.48, 21.47),
        },
        "average_pool": {
            "call": Rate(45.51, 23.13),
            "row": Rate(19.76, 16.95),
            "pixel": Rate(17.29, 15.78),
            "pixel of fours": Rate(9.53, 6.82),
            "pixel of singles": Rate(4.06, 6.01),
            "four": Rate(50.91, 46.32),
            "four value": Rate(7.05, 6.01),
            "single": Rate(25.02, 25.99),
            "single row": Rate(6.11, 7.04),
            "single value": Rate(5.95, 5.98),
            "four row": Rate(19.45, 12.69),
            "four part": Rate(7.21, 12.19),
        },
        "max_pool": {
            "call": Rate(39.0, 19.0),
            "row": Rate(15.0, 13.0),
            "pixel": Rate(19.0, 16.0),
            "pixel of fours": Rate(12.0, 8.0),
            "pixel of singles": Rate(10.0, 12.0),
            "four": Rate(21.0, 22.0),
            "four value": Rate(7.0, 7.0),
            "single": Rate(14.0, 15.0),
            "single row": Rate(6.0, 7.0),
            "single value": Rate(7.0, 8.0),
            "four row": Rate(5.0, 7.0),
        },
        "add": {
            "call": Rate(41.83, 21.09),
            "four": Rate(36.05, 35.09),
            "single": Rate(16.18, 16.74),
        },
        "to_float": {
            "call": Rate(4.0, 4.0),
            "output": Rate(10.0, 7.0),
        },
        "dense_f32": {
            "call": Rate(17.0, 11.0),
            "output": Rate(7.0, 7.0),
            "product": Rate(8.0, 6.0),
        },
        "relu_f32": {
            "call": Rate(4.0, 4.0),
            "output": Rate(10.0, 8.0),
        },
        "finish_int16": {
            "call": Rate(14.92, 7.15),
            "layer": Rate(6.14, 4.54),
            "logit": Rate(14.39, 12.86),
        },
        "finish_float32": {
            "call": Rate(45.17, 35.12),
            "layer": Rate(4.97, 4.07),
            "logit": Rate(14.83, 12.84),
        },
        "frontend": {
            "call": Rate(39.0, 27.0),
            "frame": Rate(53.0, 36.0),
        },
        "frontend_shift": {
            "frame": Rate(18.0, 13.0),
            "step": Rate(16.0, 15.0),
        },
        "frontend_window_radix4": {
            "frame": Rate(69.0, 32.0),
            "butterfly": Rate(56.0, 50.0),
        },
        "frontend_fft": {
            "frame": Rate(27.0, 14.0),
            "stage": Rate(41.0, 21.0),
            "block": Rate(4.0, 5.0),
            "butterfly": Rate(34.0, 33.0),
        },
        "frontend_power": {
            "frame": Rate(23.0, 11.0),
            "pair": Rate(22.0, 21.0),
        },
        "frontend_mel": {
            "frame": Rate(54.0, 28.0),
            "run": Rate(39.0, 34.0),
            "band": Rate(45.0, 43.0),
            "empty segment": Rate(3.0, 0.0),
            "bin": Rate(5.0, 5.0),
        },
        "frontend_window_radix2": {
            "frame": Rate(42.0, 23.0),
            "butterfly": Rate(24.0, 24.0),
        },
    }
)
