"""Ctrl-C while clips go over: the first one ends the stream behind the clip in hand, the second one at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether a person has asked to stop."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        """Call where it is well to stop.

        Raises:
            KeyboardInterrupt: a person has asked to.
        """
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def deferred_interrupt(told: Callable[[], None]) -> Iterator[Interrupt]:
    """While the block runs, the first SIGINT only sets `asked` and calls `told`; the next one acts as ever.

    A block that ends in order after the first one raises KeyboardInterrupt: none is lost.

    Python hears signals in the main thread only: elsewhere, and where SIGINT is ignored, nothing is changed.
    """
    interrupt = Interrupt()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield interrupt
        return

    def hear(number: int, frame: FrameType | None) -> None:
        interrupt.asked = True
        signal.signal(signal.SIGINT, before)
        told()

    signal.signal(signal.SIGINT, hear)
    try:
        yield interrupt
        interrupt.check()
    finally:
        signal.signal(signal.SIGINT, before)
