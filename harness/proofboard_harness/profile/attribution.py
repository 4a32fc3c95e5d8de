"""From the tree of calls to stages, layers, functions and the frames of the flame graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..errors import FirmwareFault
from ..simulator.cycle_tree import CallTree, Counts, by_function
from .figures import Cycles, Frame, FunctionCost, LayerCost, LayerFacts

FRONTEND = "pb_frontend_run"
NETWORK = "pb_generated_network_run"
WINDOWS = (FRONTEND, NETWORK)
"""The functions in whose calls is counted."""

REST = "rest"
"""Calls of the stages, and loops over frames; behind the last layer, logits copied and the largest found."""

_FRAME_LOOP = (FRONTEND, "pb_frontend_frame")  # whether the second is inlined into the first is the compiler's choice
_STAGE_PREFIX = "pb_frontend_"


@dataclass(frozen=True)
class Predictions:
    """Of the graph and the front end's specification alone, in cycles of one clip."""

    layers: tuple[LayerFacts, ...]
    frontend: float
    network: float


@dataclass(frozen=True)
class Attribution:
    """The parts of a profile that come from the tree of calls; see `ImageProfile`."""

    frontend: LayerCost
    network: LayerCost
    stages: tuple[LayerCost, ...]
    layers: tuple[LayerCost, ...]
    functions: tuple[FunctionCost, ...]
    frames: tuple[Frame, ...]


def attribute(
    tree: CallTree, clips: int, predictions: Predictions, layer_of: Callable[[int], int | None]
) -> Attribution:
    """Means over the clips of what was counted.

    Args:
        tree: counted in calls of `WINDOWS`, the image having run each once for a clip.
        clips: how many.
        predictions: to stand beside.
        layer_of: the layer that a call in `NETWORK`, at that address, belongs to; None behind the last layer.

    Raises:
        FirmwareFault: front end or network did not run once for each clip.
    """
    frontend, network = (_window(tree, function, clips) for function in WINDOWS)
    stages = _stages(frontend)
    layers = _layers(network, layer_of, len(predictions.layers))
    behind = predictions.network - sum(facts.predicted for facts in predictions.layers)
    return Attribution(
        frontend=LayerCost("front end", "", 1, _total(frontend, clips), predictions.frontend),
        network=LayerCost(
            "network",
            "",
            1,
            _total(network, clips),
            predictions.network,
            sum(facts.macs for facts in predictions.layers),
        ),
        stages=(
            *(LayerCost(name, "", _calls(nodes, clips), _total(nodes, clips)) for name, nodes in stages.items()),
            LayerCost(REST, "", 1, _mean(_own(frontend, stages.values()), clips)),
        ),
        layers=(
            *(
                LayerCost(facts.name, facts.kind, 1, _total(nodes, clips), facts.predicted, facts.macs)
                for facts, nodes in zip(predictions.layers, layers[:-1], strict=True)
            ),
            LayerCost(REST, "", 1, _mean(_own(network, layers[:-1]), clips), behind),
        ),
        functions=tuple(
            FunctionCost(row.function, row.calls / clips, _mean(row.own, clips), _mean(row.total, clips))
            for row in by_function(tree)
        ),
        frames=(
            Frame("front end", "frontend", 1, _total(frontend, clips), _frames(_below(frontend), "frontend", clips)),
            Frame(
                "network",
                "network",
                1,
                _total(network, clips),
                (
                    *(
                        Frame(facts.name, "network", 1, _total(nodes, clips), _frames(nodes, "network", clips))
                        for facts, nodes in zip(predictions.layers, layers[:-1], strict=True)
                    ),
                    *_frames(layers[-1], "network", clips),
                ),
            ),
        ),
    )


def _window(tree: CallTree, function: str, clips: int) -> tuple[CallTree, ...]:
    nodes = tuple(child for child in tree.children if child.function == function)
    calls = sum(node.calls for node in nodes)
    if calls != clips:
        raise FirmwareFault(f"{function} ran {calls} times for {clips} clips", hint="look at the firmware's main.c")
    return nodes


def _below(nodes: Iterable[CallTree]) -> list[CallTree]:
    return [child for node in nodes for child in node.children]


def _stages(nodes: Sequence[CallTree]) -> dict[str, list[CallTree]]:
    """What the loop over frames calls, by name."""
    stages: dict[str, list[CallTree]] = defaultdict(list)
    for child in _below(nodes):
        if child.function in _FRAME_LOOP:
            for name, found in _stages([child]).items():
                stages[name] += found
        else:
            stages[child.function.removeprefix(_STAGE_PREFIX)].append(child)
    return stages


def _layers(network: Sequence[CallTree], layer_of: Callable[[int], int | None], count: int) -> list[list[CallTree]]:
    """The calls of each layer, then those behind the last one."""
    layers: list[list[CallTree]] = [[] for _ in range(count + 1)]
    for child in _below(network):
        index = layer_of(child.call_site)
        layers[count if index is None else index].append(child)
    return layers


def _frames(nodes: Iterable[CallTree], part: str, clips: int) -> tuple[Frame, ...]:
    return tuple(
        Frame(node.function, part, node.calls / clips, _mean(node.total, clips), _frames(node.children, part, clips))
        for node in nodes
    )


def _own(nodes: Sequence[CallTree], parts: Iterable[Sequence[CallTree]]) -> Counts:
    """What is in none of the parts."""
    whole, taken = _sum(nodes), _sum(node for part in parts for node in part)
    return Counts(
        whole.instructions - taken.instructions,
        whole.low - taken.low,
        whole.high - taken.high,
        whole.bytes_read - taken.bytes_read,
        whole.bytes_written - taken.bytes_written,
    )


def _calls(nodes: Iterable[CallTree], clips: int) -> float:
    return sum(node.calls for node in nodes) / clips


def _total(nodes: Iterable[CallTree], clips: int) -> Cycles:
    return _mean(_sum(nodes), clips)


def _sum(nodes: Iterable[CallTree]) -> Counts:
    return sum((node.total for node in nodes), Counts())


def _mean(counts: Counts, clips: int) -> Cycles:
    return Cycles(
        counts.low / clips,
        counts.high / clips,
        counts.instructions / clips,
        counts.bytes_read / clips,
        counts.bytes_written / clips,
    )
