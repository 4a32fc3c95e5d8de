"""How the fuzzer of the firmware's receiver is built: with libFuzzer, or to replay files under the sanitisers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from firmware_example import SmallProduct, firmware_sources
from proofboard_harness.build import firmware_folder

FUZZ = Path(__file__).parent / "fuzz"
CORPUS = FUZZ / "corpus"
LONGEST_INPUT = 4096

_IN_ONE_PIECE = ("main.c", "session.c", "link.c", "rtt.c", "stack.c")
"""What target_fuzzer.c includes, so that it can reset what they keep; `stack.c` is a board's."""

_SANITISERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")


def fuzzer_sources(product: SmallProduct) -> list[Path]:
    """The fuzzer, the firmware and the small product, without an entry point."""
    own = [path for path in sorted(FUZZ.glob("*.c")) if path.name != "replay.c"]
    return [*own, *firmware_sources(*_IN_ONE_PIECE), *product.sources]


def replay_options(product: SmallProduct) -> list[str]:
    """What a compiler is told beside the firmware's own folders; with gcc the work of each frame is counted."""
    return [*_SANITISERS, "-O1", "-fsanitize-coverage=trace-pc", f"-I{FUZZ}", f"-I{product.folder}"]


def libfuzzer_command(clang: str, product: SmallProduct, program: Path) -> Sequence[str]:
    """The command that makes `program`, libFuzzer around the firmware's receiver."""
    firmware = firmware_folder()
    folders = (FUZZ, product.folder, firmware / "include", firmware / "src")
    options = ["-std=gnu11", "-ffp-contract=off", "-fsanitize=fuzzer", *_SANITISERS, "-O2"]
    includes = [f"-I{folder}" for folder in folders]
    return [clang, *options, *includes, *map(str, fuzzer_sources(product)), "-o", str(program)]
