"""The memory planner: nothing that lives at the same time overlaps, and the arena is near the largest live set."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from graph_example import float_graph, integer_graph, residual_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host.graph.emit import plan_graph
from proofboard_host.graph.plan import ALIGNMENT, Plan, Step, plan_memory

TOLERANCE = 1.10

sizes = st.one_of(st.integers(1, 100), st.integers(1, 8000), st.integers(1, 100).map(lambda n: 64 * n))


@st.composite
def networks(draw: st.DrawFn) -> list[Step]:
    """Up to 16 operators; each reads one or two of those before it, mostly the last."""
    steps: list[Step] = []
    for index in range(draw(st.integers(1, 16))):
        sources: tuple[int, ...] = ()
        if index:
            back = draw(st.sampled_from([1, 1, 1, 2, 4, 8]))
            sources = (draw(st.integers(max(0, index - back), index - 1)),)
            if draw(st.integers(0, 2)) == 0:
                sources += (draw(st.integers(0, index - 1)),)
        scratch = draw(st.one_of(st.just(0), st.integers(1, 3000)))
        steps.append(Step(draw(sizes), sources, scratch, draw(st.booleans())))
    return steps


def last_reader(steps: Sequence[Step], index: int) -> int:
    return max([index, *(later for later, step in enumerate(steps) if index in step.sources)])


def live(steps: Sequence[Step], plan: Plan, now: int) -> list[tuple[int, int, str]]:
    """Start, end and name of everything that must be intact while step `now` runs."""
    found = [
        (plan.outputs[index], plan.outputs[index] + step.output, f"output {index}")
        for index, step in enumerate(steps)
        if index <= now <= last_reader(steps, index)
    ]
    if steps[now].scratch:
        found.append((plan.scratch[now], plan.scratch[now] + steps[now].scratch, "scratch"))
    return sorted(found)


def may_overlap(steps: Sequence[Step], plan: Plan, now: int, pair: set[str]) -> bool:
    """A step computed in place: it begins where a source begins that nobody reads later."""
    step = steps[now]
    return step.in_place and any(
        pair == {f"output {now}", f"output {source}"}
        and plan.outputs[now] == plan.outputs[source]
        and last_reader(steps, source) == now
        and -(-step.output // ALIGNMENT) <= -(-steps[source].output // ALIGNMENT)
        for source in step.sources
    )


@settings(max_examples=300, deadline=None)
@given(networks())
def test_nothing_alive_overlaps(steps: list[Step]) -> None:
    plan = plan_memory(steps)
    assert all(offset % ALIGNMENT == 0 for offset in (*plan.outputs, *plan.scratch))
    for now in range(len(steps)):
        places = live(steps, plan, now)
        assert max(end for _, end, _ in places) <= plan.bytes
        for number, (_, end, name) in enumerate(places):
            for start, _, other in places[number + 1 :]:
                assert start >= end or may_overlap(steps, plan, now, {name, other}), (now, name, other)


@settings(max_examples=300, deadline=None)
@given(networks())
def test_arena_is_near_the_largest_live_set(steps: list[Step]) -> None:
    plan = plan_memory(steps)
    assert plan.live_bytes <= plan.bytes <= TOLERANCE * plan.live_bytes


@settings(max_examples=100, deadline=None)
@given(networks())
def test_live_set_is_what_is_alive(steps: list[Step]) -> None:
    """Without operators in place the bound is the plain sum of what lives at one step, aligned."""
    apart = [Step(step.output, step.sources, step.scratch) for step in steps]
    sums = []
    for now in range(len(apart)):
        alive = [step.output for index, step in enumerate(apart) if index <= now <= last_reader(apart, index)]
        sums.append(sum(-(-size // ALIGNMENT) * ALIGNMENT for size in (*alive, apart[now].scratch)))
    assert plan_memory(apart).live_bytes == max(sums)
    assert plan_memory(steps).live_bytes <= max(sums)


@given(networks())
def test_same_network_gives_the_same_plan(steps: list[Step]) -> None:
    assert plan_memory(steps) == plan_memory(steps)


def test_chain_takes_turns() -> None:
    plan = plan_memory([Step(100, ()), Step(40, (0,)), Step(100, (1,)), Step(8, (2,))])
    assert plan.bytes == plan.live_bytes == 140


def test_in_place_takes_no_room_of_its_own() -> None:
    steps = [Step(100, ()), Step(60, (0,)), Step(60, (1,), in_place=True), Step(4, (2,))]
    assert plan_memory(steps).outputs[2] == plan_memory(steps).outputs[1]
    assert plan_memory(steps).bytes == 160
    still_read = [*steps[:3], Step(4, (1, 2))]
    assert plan_memory(still_read).outputs[2] != plan_memory(still_read).outputs[1]


@pytest.mark.parametrize("seed", range(4))
def test_plan_of_a_graph_has_every_output(seed: int) -> None:
    for graph in (integer_graph(seed, 40), float_graph(seed, 40), residual_graph(seed, 40)):
        plan = plan_graph(graph)
        assert len(plan.outputs) == len(graph.operators)
        assert plan.bytes >= max(operator.output.bytes for operator in graph.operators)


def test_computing_in_place_is_given_up_where_it_costs() -> None:
    """Bound to the large output that it replaces, which lies above that of step 1, the small one of step 3 would lie in
    the middle of the room that step 4 needs."""
    steps = [
        Step(4776, ()),
        Step(2912, (0,), in_place=True),
        Step(5888, (1,)),
        Step(80, (2,), in_place=True),
        Step(7764, (3,)),
        Step(868, (4,)),
        Step(5464, (3, 5)),
    ]
    plan = plan_memory(steps)
    assert plan.outputs[1] != plan.outputs[0] or plan.outputs[3] != plan.outputs[2]
    assert plan.bytes == plan.live_bytes
