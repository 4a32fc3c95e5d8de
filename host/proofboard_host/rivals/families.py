"""Networks that a user might have trained: what the methods start from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..application import Application
from ..convolutions import LayerSection

_CHANNELS = 24
_EPOCHS = 8


@dataclass(frozen=True)
class Family:
    """A kind of network, as an application that has it; all else is that of the contest's application."""

    title: str
    application: Application


def own(application: Application) -> Family:
    """The application's own network."""
    return Family("the application's own network", application)


def separable(application: Application, channels: int = _CHANNELS, epochs: int = _EPOCHS) -> Family:
    """A depthwise-separable network on the same features, like the keyword spotter of Y. Zhang et al.
    (arXiv:1711.07128) in small: a strided convolution, three separable blocks, the mean over all places."""
    layers = [
        LayerSection("conv", channels, [4, 8], [2, 4]),
        LayerSection("ds-conv", channels),
        LayerSection("ds-conv", 2 * channels, stride=[2, 2]),
        LayerSection("ds-conv", 2 * channels),
    ]
    network = replace(application.network, hidden=[], layers=layers)
    train = replace(application.train, epochs=epochs)
    return Family("a depthwise-separable network", replace(application, network=network, train=train))
