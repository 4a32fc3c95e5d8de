"""Faults on purpose: a link that loses, flips, doubles and delays bytes, and boards that are reset or unplugged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction

from ..errors import BenchFault, ConfigurationFault
from ..link import Link

_LONGEST_DELAY = 0.05


@dataclass(frozen=True)
class FaultPlan:
    """How often what goes wrong, from a seed.

    `loss`, `flip`, `double`: of each byte, either way: gone, one bit of it wrong, there twice. Of each frame that is
    sent: `delay`: held back for up to 50 ms; `reset`: the target is reset after it; `pull`: the port is closed under
    it, as if the cable was pulled and put back.
    """

    loss: float = 0.0
    flip: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    reset: float = 0.0
    pull: float = 0.0
    seed: int = 1

    @classmethod
    def parse(cls, text: str) -> FaultPlan:
        """`loss=1e-4,flip=1e-5,reset=1/500,seed=7`.

        Raises:
            ConfigurationFault: an unknown fault, or no probability.
        """
        known = {entry.name for entry in fields(cls)}
        values: dict[str, float] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, number = part.partition("=")
            if name not in known:
                raise ConfigurationFault(
                    f"unknown fault {name!r}", where="--inject", hint=f"known: {', '.join(sorted(known))}"
                )
            try:
                values[name] = int(number) if name == "seed" else float(Fraction(number))
            except (ValueError, ZeroDivisionError) as error:
                raise ConfigurationFault(f"{part!r} gives no number", where="--inject") from error
            if name != "seed" and not 0 <= values[name] < 1:
                raise ConfigurationFault(f"{part!r} is no probability below 1", where="--inject")
        return cls(**values)  # type: ignore[arg-type]

    def __str__(self) -> str:
        """As `parse` takes it, without what never happens."""
        told = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return ",".join(f"{name}={value:g}" for name, value in told.items() if value or name == "seed")

    def elsewhere(self, number: int) -> FaultPlan:
        """The same faults at other places: a second try must not meet the very same ones. One number, one plan."""
        return replace(self, seed=random.Random(f"{self.seed}/{number}").getrandbits(32))


@dataclass
class Injector:
    """The dice of one run; links opened one after the other share them.

    Args:
        reset: resets the target.
    """

    plan: FaultPlan
    reset: Callable[[], None]
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.plan.seed)

    def wrap(self, link: Link) -> FaultyLink:
        """The same stream with faults."""
        return FaultyLink(link, self)

    def happens(self, probability: float) -> bool:
        """Throw the dice once."""
        return probability > 0 and self._random.random() < probability

    def damage(self, data: bytes) -> bytes:
        """What arrives of `data`."""
        plan, dice = self.plan, self._random
        whole = plan.loss + plan.flip + plan.double
        if not whole:
            return data
        arrived = bytearray()
        for byte in data:
            throw = dice.random()
            if throw < plan.loss:
                continue
            if throw < plan.loss + plan.flip:
                arrived.append(byte ^ 1 << dice.randrange(8))
            elif throw < whole:
                arrived += bytes([byte, byte])
            else:
                arrived.append(byte)
        return bytes(arrived)

    def hold_back(self) -> None:
        """Wait, perhaps."""
        if self.happens(self.plan.delay):
            time.sleep(self._random.random() * _LONGEST_DELAY)


class FaultyLink:
    """A `Link` with the faults of an `Injector`."""

    def __init__(self, link: Link, injector: Injector) -> None:
        self._link = link
        self._injector = injector

    @property
    def busy_seconds(self) -> float:
        """As of the link below."""
        return self._link.busy_seconds

    def write(self, data: bytes) -> None:
        """Send what is left of `data`."""
        injector = self._injector
        if injector.happens(injector.plan.pull):
            self._link.close()
            raise BenchFault("the stream to the target broke: pulled on purpose", where="--inject pull")
        injector.hold_back()
        self._link.write(injector.damage(data))
        if injector.happens(injector.plan.reset):
            injector.reset()

    def read(self, timeout: float) -> bytes:
        """What is left of the bytes that have come."""
        return self._injector.damage(self._link.read(timeout))

    def set_baud(self, baud: int) -> None:
        """As on the link below."""
        self._link.set_baud(baud)

    def close(self) -> None:
        """Close the link below."""
        self._link.close()
