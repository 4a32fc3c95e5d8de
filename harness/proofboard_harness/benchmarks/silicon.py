"""Published times of Cortex-M33 boards, to hold the cycle model against.

Source: results of MLPerf Tiny, repositories mlcommons/tiny_results_v0.7 and tiny_results_v1.1: latency of the
performance run at the clock that the submission names.
"""

from __future__ import annotations

from dataclasses import dataclass

AUTOENCODER, KEYWORD_SPOTTER = "autoencoder", "ds_cnn_8"
"""Names of the networks: MLPerf Tiny's anomaly detector (dense layers only) and keyword spotter."""

TITLES = {AUTOENCODER: "autoencoder", KEYWORD_SPOTTER: "DS-CNN"}

MACS = {AUTOENCODER: 264_192, KEYWORD_SPOTTER: 2_656_768}


@dataclass(frozen=True)
class Published:
    """One result: `milliseconds` an inference at `megahertz`."""

    network: str
    board: str
    software: str
    round: str
    megahertz: float
    milliseconds: float

    @property
    def cycles_per_mac(self) -> float:
        """Time × clock over the network's multiply-accumulates."""
        return self.milliseconds * 1e3 * self.megahertz / MACS[self.network]


PUBLISHED = (
    Published(AUTOENCODER, "NUCLEO-U575ZI-Q", "Plumerai 2023.05", "v1.1", 160.0, 3.67),
    Published(AUTOENCODER, "NUCLEO-U575ZI-Q", "Bosch HALE 1.0, gcc 12.2", "v1.1", 160.0, 3.80),
    Published(AUTOENCODER, "nRF5340-DK", "microTVM with CMSIS-NN", "v1.1", 128.0, 6.29),
    Published(AUTOENCODER, "EK-RA6M4", "TFLM with CMSIS-NN", "v0.7", 200.0, 4.61),
    Published(KEYWORD_SPOTTER, "NUCLEO-U575ZI-Q", "Plumerai 2023.05", "v1.1", 160.0, 30.04),
    Published(KEYWORD_SPOTTER, "nRF5340-DK", "microTVM with CMSIS-NN", "v1.1", 128.0, 76.5),
    Published(KEYWORD_SPOTTER, "EK-RA6M4", "TFLM with CMSIS-NN", "v0.7", 200.0, 50.57),
)
