"""`proofboard bench compression`: ours beside what others do, at equal accuracy, and the worth of each lever."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from .. import product
from ..compression import BoardLinker
from ..spec import BoardSpec
from ..toolchain import ARM_GCC
from .compression_rows import lever_table, method_rows, method_table
from .sparse_code import decoder_bytes
from .tables import BenchReport
from .versions import tool_versions

NAME = "compression"


@dataclass(frozen=True)
class CompressionBench:
    """What to compare: an application by name or path, on a board's linker, with own recordings or the shipped ones."""

    application: str
    board: BoardSpec
    order: product.ContestOrder
    data: Path | None = None

    @property
    def command(self) -> str:
        """That makes it again."""
        quick = " --quick" if self.order.extent == "quick" else ""
        return f"proofboard bench compression {self.application} --seeds {self.order.seeds}{quick}"


def bench_compression(bench: CompressionBench, console: Console) -> BenchReport:
    """Go on with the comparison until it is done; what is made is told to `console`.

    Raises:
        ConfigurationFault, DataFault: the application or its recordings are not what they should be.
        ModelFault: the baseline can't be trained.
    """
    application = product.load_application(bench.application)
    with console.status("recordings") as status:

        def tell(text: str) -> None:
            status.update(text)
            if not console.is_terminal:
                console.print(text, markup=False, highlight=False, soft_wrap=True)

        dataset = product.open_dataset(application, bench.data)
        trained = product.train(
            application, dataset, lambda done, total, detail="": status.update(f"training: {detail}")
        )
        linker = BoardLinker(bench.board, product.cache_folder())
        result = product.contest(application, dataset, trained, linker, bench.order, tell)
    with tempfile.TemporaryDirectory(prefix="proofboard-bench-") as folder:
        decoders = decoder_bytes(Path(folder))
    return report_of(bench, result, decoders)


def report_of(bench: CompressionBench, result: product.ContestResult, decoders: dict[str, int]) -> BenchReport:
    """Tables of a comparison; `decoders`: bytes of code of each sparse coding's kernel."""
    families = dict.fromkeys(method.family for method in result.methods)
    rows = {family: method_rows(result, family, decoders) for family in families}
    tables = [method_table(family, found, result, decoders) for family, found in rows.items()]
    missed = [
        f"ours on {family} is not the smallest"
        for family, found in rows.items()
        if bench.order.extent == "full" and min(found, key=lambda row: row.mean_rom) is not found[-1]
    ]
    versions = tool_versions()
    return BenchReport(
        NAME,
        bench.command,
        {ARM_GCC.program: versions[ARM_GCC.program]},
        (*tables, lever_table(result)),
        {"decoders": decoders, "result": asdict(result)},
        tuple(missed),
    )
