"""The firmware's receiver on what the fuzzer found worth keeping, and on what comes of it, under the sanitisers."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Compile
from firmware_example import SmallProduct, emit_small_product
from fuzz_build import CORPUS, FUZZ, LONGEST_INPUT, fuzzer_sources, replay_options
from fuzz_seeds import write_seeds
from proofboard_harness.build import firmware_folder

MUTANTS = 4000


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> SmallProduct:
    return emit_small_product(tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def replayer(compile_c: Compile, product: SmallProduct) -> Path:
    return compile_c("replay", [*fuzzer_sources(product), FUZZ / "replay.c"], replay_options(product))


def replay(program: Path, inputs: Sequence[Path]) -> str:
    """What the program says of them; it ends with code 0 only if nothing was broken."""
    done = subprocess.run([program, *inputs], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Seeds and corpus."""
    return [*write_seeds(tmp_path_factory.mktemp("seeds")), *sorted(CORPUS.iterdir())]


def mutant(dice: random.Random, parents: Sequence[bytes]) -> bytes:
    """Two inputs spliced, then a few bytes changed, doubled or taken out."""
    first, second = dice.choice(parents), dice.choice(parents)
    data = bytearray(first[: dice.randint(0, len(first))] + second[dice.randint(0, len(second)) :])
    for _ in range(dice.randint(0, 6)):
        at = dice.randint(0, len(data))
        throw = dice.random()
        if throw < 0.6:
            data[at : at + 1] = bytes([dice.choice([0, 1, 4, 5, 127, 128, 255, dice.randrange(256)])])
        elif throw < 0.8:
            data[at:at] = data[at : at + dice.randint(1, 20)]
        else:
            del data[at : at + dice.randint(1, 20)]
    return bytes(data[:LONGEST_INPUT])


def test_the_corpus_is_small_and_its_work_is_bounded(replayer: Path, inputs: list[Path]) -> None:
    assert 20 < len(inputs) < 300
    assert sum(path.stat().st_size for path in inputs) < 200_000
    said = re.fullmatch(r"most steps: (\d+) for a frame, (\d+) for one that infers\n", replay(replayer, inputs))
    assert said is not None
    assert 1000 < int(said[1]) < int(said[2])  # the counters count: clips were inferred, and it shows


@pytest.mark.slow
def test_mutants_of_the_corpus(replayer: Path, inputs: list[Path], tmp_path: Path) -> None:
    dice, parents = random.Random(20), [path.read_bytes() for path in inputs]
    paths = [tmp_path / f"{number:04}" for number in range(MUTANTS)]
    for path in paths:
        path.write_bytes(mutant(dice, parents))
    replay(replayer, paths)


BUGS = {
    "a chunk past the clip's end": ("session.c", "if (chunk >= CHUNKS) {", "if (chunk > CHUNKS) {"),
    "a result of a clip that is not whole": ("session.c", "chunk = 0; chunk < CHUNKS", "chunk = 1; chunk < CHUNKS"),
    "a session that forgets nothing": ("session.c", "memset(session, 0, sizeof *session);", "session->clip = 0;"),
    "a frame whose CRC is not looked at": ("link.c", "pb_crc32(0, frame, size - 4) !=", "0u * size != 0u *"),
    "a packet number far ahead": ("main.c", "ahead <= PB_MAX_LEAP", "ahead > 0"),
    "a result kept no longer": ("main.c", "session.clip - PB_RESULTS;", "session.clip - PB_RESULTS - 1u;"),
    "an echo of everything": ("frame.c", "frame->size < 1 + PB_MAX_PAYLOAD", "frame->size < 1 + PB_MAX_PAYLOAD + 5"),
    "a frame longer than its buffer": ("cobs.c", "size == decoder->capacity", "size > decoder->capacity"),
    "a ring's offset past its end": ("rtt.c", "|| at >= sizeof down_bytes", ""),
    "a code of other samples": ("pcm_decode.c", "reader.next == reader.end && reader.bits == 0", "true"),
}


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS)
def test_the_corpus_finds_a_bug_that_is_put_in(
    compile_c: Compile, product: SmallProduct, inputs: list[Path], tmp_path: Path, bug: str
) -> None:
    """The firmware with one line spoilt does not pass: neither corpus nor model sleeps."""
    name, right, wrong = BUGS[bug]
    spoilt = tmp_path / "src"
    shutil.copytree(firmware_folder() / "src", spoilt)
    text = (spoilt / name).read_text()
    assert text.count(right) == 1
    (spoilt / name).write_text(text.replace(right, wrong))
    sources = [spoilt / path.name if (spoilt / path.name).exists() else path for path in fuzzer_sources(product)]
    options = [f"-I{spoilt}", *replay_options(product)]
    program = compile_c(f"replay_{name}", [*sources, FUZZ / "replay.c"], options)
    done = subprocess.run([program, *inputs], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "broken:" in done.stderr or "Sanitizer" in done.stderr or "runtime error" in done.stderr
