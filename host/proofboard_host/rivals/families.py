"""Networks that a user might have trained: what the methods start from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..application import Application
from ..convolutions import LayerSection
from ..search.student import Effort
from .recipes import Tuning

_CHANNELS = 16
_EPOCHS = 6
_TUNING = Tuning(Effort(400, 2e-3, batch=128, decay=0.05))


@dataclass(frozen=True)
class Family:
    """A kind of network, as an application that has it; all else is that of the contest's application.

    `tuning`: training of the rivals after they have pruned it.
    """

    title: str
    application: Application
    tuning: Tuning


def own(application: Application, tuning: Tuning = _TUNING) -> Family:
    """The application's own network."""
    return Family("the application's own network", application, tuning)


def separable(
    application: Application, tuning: Tuning = _TUNING, channels: int = _CHANNELS, epochs: int = _EPOCHS
) -> Family:
    """A depthwise-separable network on the same features, like the keyword spotter of Y. Zhang et al.
    (arXiv:1711.07128) in small: a strided convolution, two separable blocks, the mean over all places.

    With 16 channels it has about as many multiply-accumulates as the shipped application's own network.
    """
    layers = [
        LayerSection("conv", channels, [4, 8], [2, 4]),
        LayerSection("ds-conv", channels),
        LayerSection("ds-conv", 2 * channels, stride=[2, 2]),
    ]
    network = replace(application.network, hidden=[], layers=layers)
    train = replace(application.train, epochs=epochs)
    return Family("a depthwise-separable network", replace(application, network=network, train=train), tuning)
