"""Options that several commands of the command line share: their names, their meaning, what is read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .quantities import read_bytes, read_milliseconds
from .spec import LinkKind

Application = Annotated[str, typer.Argument(help="a shipped application, or the path of its .toml file")]
Board = Annotated[str, typer.Option("--board", help="a shipped board, or the path of its folder")]
Pack = Annotated[
    Path | None, typer.Option("--pack", help="CMSIS pack of the vendor, instead of our target and flash algorithm")
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", help="your own recordings: one sub-folder per class, or a CSV of path,label,group"),
]
MaxRom = Annotated[
    int | None,
    typer.Option("--max-rom", metavar="SIZE", parser=read_bytes, help="budget of flash: 24k; default: the board's"),
]
MaxRam = Annotated[
    int | None,
    typer.Option("--max-ram", metavar="SIZE", parser=read_bytes, help="budget of RAM: 64KiB; default: the board's"),
]
MaxLatency = Annotated[
    float | None,
    typer.Option(
        "--max-latency",
        metavar="TIME",
        parser=read_milliseconds,
        help="budget of time for a decision: 5ms; default: as long as a window lasts",
    ),
]
Margin = Annotated[
    float | None, typer.Option("--margin", help="points that accuracy may fall; default: the application's")
]
Trials = Annotated[
    int | None, typer.Option("--trials", min=1, help="candidates to try; default: the application's number")
]
LinkChoice = Annotated[
    LinkKind | None,
    typer.Option("--link", help="serial port, or memory by the probe; default: the board's"),
]
Inject = Annotated[
    str | None,
    typer.Option(
        metavar="FAULTS", help="faults on purpose: loss, flip, double, delay, reset, pull: loss=1e-4,reset=1/500,seed=7"
    ),
]
Out = Annotated[Path | None, typer.Option("--out", help="folder to write <benchmark>.json and <benchmark>.md to")]
Document = Annotated[
    Path | None, typer.Option("--markdown", help="document whose tables of this benchmark are made anew")
]
