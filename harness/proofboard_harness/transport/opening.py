"""The link that a board's file names, opened, and opened again after it broke."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .. import pcm_code
from ..bench import Bench
from ..elf import Image
from ..link import Link, open_serial
from ..patience import patience_for
from ..rate import RateControl
from ..spec import LinkKind
from ..symbols import locate
from ..target import LinkStatistics, Target
from .inject import FaultPlan, Injector
from .rtt import RttLink

Encode = Callable[[NDArray[np.int16]], bytes]


def open_target(
    bench: Bench, image: Image, faults: FaultPlan | None = None, statistics: LinkStatistics | None = None
) -> Target:
    """The host's end of the link to `bench`, on which `image` runs or is about to; nobody was greeted yet.

    A serial port is looked up each time it is opened, so that one that came back under another name is found. Its
    sound is coded, as bytes cost time there; over RTT coding would take longer than the bytes that it saves.
    """

    def open_plain() -> Link:
        if bench.spec.link.kind is LinkKind.RTT:
            return RttLink.of_image(bench.probe, image)
        return open_serial(bench.serial_url(), bench.spec.link.baud)

    opened: Callable[[], Link] = open_plain
    if faults is not None:
        injector = Injector(faults, bench.probe.reset)
        opened = lambda: injector.wrap(open_plain())  # noqa: E731 - one expression, and mypy knows its type
    link = bench.spec.link
    rate = RateControl(link.baud, link.fastest) if link.kind is LinkKind.SERIAL else None
    encode: Encode = pcm_code.encode_raw if bench.spec.link.kind is LinkKind.RTT else pcm_code.encode
    return Target(
        opened(),
        bench.watch,
        lambda address: locate(image, address),
        patience_for(max(bench.spec.limits.boot_seconds, bench.spec.limits.clip_seconds)),
        reopen=opened,
        encode=encode,
        statistics=statistics or LinkStatistics(),
        rate=rate,
    )
