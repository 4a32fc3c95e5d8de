"""libFuzzer on the firmware's receiver: `make fuzz`, or `python tests/fuzz_target.py --seconds 600`. Needs clang.

New inputs that reach new code are merged into `tests/fuzz/corpus`, which the tests replay without clang. An input that
breaks something is left as `tests/fuzz/finding-*`, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from firmware_example import emit_small_product
from fuzz_build import CORPUS, FUZZ, LONGEST_INPUT, libfuzzer_command
from fuzz_seeds import write_seeds


def fuzz(seconds: int, folder: Path) -> int:
    """Fuzz for so long in `folder`; the exit code."""
    clang = shutil.which("clang")
    if clang is None:
        print("clang is not here: apt-get install clang", file=sys.stderr)
        return 2
    generated, found, seeds, merged = (folder / name for name in ("generated", "found", "seeds", "merged"))
    for path in (generated, found, seeds, merged):
        path.mkdir()
    write_seeds(seeds)
    program = folder / "fuzzer"
    subprocess.run(libfuzzer_command(clang, emit_small_product(generated), program), check=True)
    common = [program, f"-max_len={LONGEST_INPUT}", "-timeout=10"]
    options = [f"-max_total_time={seconds}", "-print_final_stats=1", f"-artifact_prefix={FUZZ}/finding-"]
    code = subprocess.run([*common, *options, found, seeds, CORPUS]).returncode
    if code == 0:
        # By edges, not by how often each was passed: a tenth of the files.
        subprocess.run([*common, "-merge=1", "-use_counters=0", merged, CORPUS, found], check=True)
        shutil.rmtree(CORPUS)
        shutil.copytree(merged, CORPUS)
    return min(code, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        return fuzz(seconds, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
