"""The command line. Each command hands over to the module that does the work; every expected error is one message."""

from __future__ import annotations

import errno
import signal
import sys
from enum import StrEnum
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from .cli_options import (
    Application,
    Board,
    DataFolder,
    Document,
    Inject,
    LinkChoice,
    Margin,
    MaxLatency,
    MaxRam,
    MaxRom,
    Out,
    Pack,
    Trials,
)
from .errors import BenchFault, ProbeFault, ProofboardError, TargetFault

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Look at an application's recordings.", no_args_is_help=True)
app.add_typer(data_app, name="data")
bench_app = typer.Typer(help="Compare with what others publish or ship.", no_args_is_help=True)
app.add_typer(bench_app, name="bench")


class ImageName(StrEnum):
    """The images of a run."""

    BASELINE = "baseline"
    COMPRESSED = "compressed"


# A quota and a limit of the file's size end a write as a full disk does.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"proofboard {metadata.version('proofboard')}")
        raise typer.Exit


@app.callback()
def proofboard(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="say which version this is")
    ] = False,
) -> None:
    """Prove that the network on the board is the network that was trained, and see what it costs there."""


# Imports stand inside the commands: `proofboard boards` shall not wait for SciPy.


@app.command()
def run(
    application: Application,
    board: Board = "qemu-mps2-an505",
    clips: Annotated[
        int | None, typer.Option(min=1, help="field clips to stream; default: the application's number")
    ] = None,
    all_clips: Annotated[bool, typer.Option("--all-clips", help="stream every field clip")] = False,
    stress: Annotated[int, typer.Option(min=0, help="random and adversarial clips for the C on this machine")] = 2000,
    data: DataFolder = None,
    runs: Annotated[Path, typer.Option(help="where run folders are made")] = Path("runs"),
    resume: Annotated[Path | None, typer.Option(help="go on with an interrupted run's folder")] = None,
    candidate: Annotated[
        int | None, typer.Option(min=0, help="deploy this candidate of the search instead of the winner")
    ] = None,
    max_rom: MaxRom = None,
    max_ram: MaxRam = None,
    max_latency: MaxLatency = None,
    margin: Margin = None,
    trials: Trials = None,
    pack: Pack = None,
    inject: Inject = None,
    link: LinkChoice = None,
) -> None:
    """The main job: train, compress, build, flash, stream, compare, report."""
    from .boards import load_board, with_link, with_pack
    from .compression import Limits
    from .dashboard import open_dashboard
    from .events import EventBus
    from .product import load_application
    from .report.verdict import passed
    from .resume import ResumeAdvice
    from .run import RunOptions
    from .run import run as run_stations
    from .stations import stations_of
    from .tables import print_outcome
    from .transport.inject import FaultPlan

    spec = with_link(with_pack(load_board(board), pack), link)
    faults = None if inject is None else FaultPlan.parse(inject)
    chosen = None if all_clips else clips or load_application(application).stream.clips
    limits = Limits(max_rom, max_ram, max_latency, margin, trials)
    options = RunOptions(application, spec, chosen, stress, data, runs, resume, limits, candidate, faults)
    console, bus, advice = Console(), EventBus(), ResumeAdvice(sys.argv[1:])
    bus.subscribe(advice)
    try:
        with open_dashboard(bus, stations_of(spec), console):
            record, report = run_stations(options, bus)
    except KeyboardInterrupt as interrupt:
        _stderr().print(f"interrupted: {advice.text}", markup=False)
        raise typer.Exit(128 + signal.SIGINT) from interrupt
    except (BenchFault, ProbeFault, TargetFault, OSError) as error:
        if advice.resumable:
            error.add_note(advice.text)
        raise
    print_outcome(record, console, report)
    if not passed(record):
        raise typer.Exit(1)


@app.command()
def compress(
    application: Application,
    board: Board = "qemu-mps2-an505",
    max_rom: MaxRom = None,
    max_ram: MaxRam = None,
    max_latency: MaxLatency = None,
    margin: Margin = None,
    trials: Trials = None,
    resume: Annotated[
        bool, typer.Option("--resume/--anew", help="go on with an interrupted search, or forget earlier ones")
    ] = True,
    out: Annotated[Path, typer.Option("--out", help="folder for the table, the plot and the graph")] = Path(
        "compressed"
    ),
    data: DataFolder = None,
) -> None:
    """Find the smallest image that keeps accuracy: every candidate linked, judged out of fold, the best confirmed."""
    from .boards import load_board
    from .compress_command import CompressOptions
    from .compress_command import compress as search
    from .compression import Limits
    from .resume import candidate_command

    limits = Limits(max_rom, max_ram, max_latency, margin, trials)
    try:
        deploy = candidate_command(sys.argv[1:])
        search(CompressOptions(application, load_board(board), limits, out, deploy, data, anew=not resume), Console())
    except KeyboardInterrupt as interrupt:
        _stderr().print("interrupted: the same command goes on where it stopped", markup=False)
        raise typer.Exit(128 + signal.SIGINT) from interrupt


@app.command()
def sizes(
    target: Annotated[Path, typer.Argument(metavar="RUN|ELF", help="the folder of a run, or an image")],
    pieces: Annotated[int, typer.Option(min=0, help="pieces of each group to name")] = 6,
) -> None:
    """Where each byte of an image's flash goes: start-up, link, front end, kernels, weights, tables."""
    from .size_tables import print_sizes

    print_sizes(target, Console(), pieces=pieces)


@app.command()
def profile(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="the folder of a run that ended")],
    image: Annotated[ImageName | None, typer.Option(help="only this image")] = None,
    clips: Annotated[int, typer.Option(min=1, max=8, help="clips to stream to each image")] = 2,
    board: Annotated[str | None, typer.Option(help="the run's board, where it is a folder of your own")] = None,
) -> None:
    """Cycles of a run's images by layer and by function; exit code 1 if an answer is not the reference's."""
    from .profile.command import ProfileOptions, profile_run
    from .profile.tables import print_profiles

    console = Console()
    images = tuple(ImageName) if image is None else (image,)
    with console.status("profile") as status:
        options = ProfileOptions(folder, images, clips, board)
        profiles, file = profile_run(options, lambda done, total, of: status.update(f"{of}: {done} of {total} clips"))
    print_profiles(profiles, console, file)
    if any(found.mismatches for found in profiles):
        raise typer.Exit(1)


@data_app.command("show")
def data_show(application: Application, data: DataFolder = None) -> None:
    """Counts, seconds, groups and licences, by side, class and package."""
    from .data_tables import show
    from .product import load_application, open_dataset

    loaded = load_application(application)
    show(open_dataset(loaded, data), loaded, Console())


@data_app.command("check")
def data_check(application: Application, data: DataFolder = None) -> None:
    """Prove from the samples that no near-duplicate stands on two sides; exit code 1 if one does."""
    from .data_tables import check
    from .product import load_application, open_dataset

    loaded = load_application(application)
    if not check(open_dataset(loaded, data), loaded, Console()):
        raise typer.Exit(1)


@bench_app.command("kernels")
def bench_kernels(out: Out = None, document: Document = None) -> None:
    """Our kernels and CMSIS-NN's: cycles per multiply-accumulate, bytes, outputs; exit code 1 if a bound is missed."""
    from .benchmarks import command, kernels

    if not command.run(kernels.bench_kernels, out, document, Console()):
        raise typer.Exit(1)


@bench_app.command("frontend")
def bench_frontend(out: Out = None, document: Document = None) -> None:
    """Our front end and CMSIS-DSP's functions: cycles of a frame and its stages, error; exit code 1 as above."""
    from .benchmarks import command, frontend

    if not command.run(frontend.bench_frontend, out, document, Console()):
        raise typer.Exit(1)


@bench_app.command("compression")
def bench_compression(
    application: Application = "scream",
    seeds: Annotated[int, typer.Option(min=1, max=100, help="baselines, and everything that is made of them")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="show that all steps work, with hardly any training")] = False,
    board: Board = "qemu-mps2-an505",
    out: Out = None,
    document: Document = None,
    data: DataFolder = None,
) -> None:
    """Ours and what others do, ROM at equal accuracy, and the worth of each lever; exit code 1 if ours is beaten."""
    from .benchmarks import command, compression
    from .boards import load_board
    from .product import ContestOrder

    console = Console()
    order = ContestOrder(seeds, "quick" if quick else "full")
    bench = compression.CompressionBench(application, load_board(board), order, data)
    try:
        report = compression.bench_compression(bench, console)
    except KeyboardInterrupt as interrupt:
        _stderr().print("interrupted: the same command goes on where it stopped", markup=False)
        raise typer.Exit(128 + signal.SIGINT) from interrupt
    if not command.deliver(report, out, document, console):
        raise typer.Exit(1)


@bench_app.command("link")
def bench_link(
    out: Out = None,
    document: Document = None,
    clips: Annotated[int, typer.Option(min=1, help="recordings for the simulated board")] = 1000,
) -> None:
    """Goodput on a paced wire and a simulated board, with losses, and what limits it; exit code 1 as above."""
    from .benchmarks import command, link

    console = Console()
    with console.status("link") as status:
        report = link.bench_link(clips, status.update)
    if not command.deliver(report, out, document, console):
        raise typer.Exit(1)


@bench_app.command("link-faults")
def bench_link_faults(
    out: Out = None,
    document: Document = None,
    clips: Annotated[int, typer.Option(min=1, help="recordings of the field set")] = 1487,
    generated: Annotated[int, typer.Option(min=0, help="random and adversarial clips beside them")] = 1000,
    uart: Annotated[int, typer.Option(min=20, help="of all these, over the plain UART too")] = 60,
) -> None:
    """The same clips with bytes lost, targets reset, the harness killed; exit code 1 if an answer differs."""
    from .benchmarks import command, link_faults

    console, chosen = Console(), link_faults.FaultClips(clips, generated, uart)
    with console.status("link-faults") as status:
        report = link_faults.bench_faults(chosen, status.update)
    if not command.deliver(report, out, document, console):
        raise typer.Exit(1)


@bench_app.command("virtual")
def bench_virtual(
    out: Out = None,
    document: Document = None,
    runs: Annotated[int, typer.Option(min=1, help="of the network at each speed")] = 30,
) -> None:
    """Instructions a second of the virtual RA6E1, running a network; exit code 1 if below 20 million."""
    from .benchmarks import command, virtual

    console = Console()
    with console.status("virtual") as status:
        report = virtual.bench_virtual(runs, status.update)
    if not command.deliver(report, out, document, console):
        raise typer.Exit(1)


@app.command()
def boards() -> None:
    """List the boards that Proofboard knows."""
    from .doctor import print_boards

    print_boards(Console())


@app.command()
def doctor() -> None:
    """List tools, versions, boards, probes and ports, and how to get what is missing; exit code 1 if a tool is."""
    from .doctor import print_doctor

    if not print_doctor(Console()):
        raise typer.Exit(1)


@app.command()
def sim(board: Board = "qemu-mps2-an505") -> None:
    """Start a simulator in the foreground and say how pyOCD and a terminal reach it."""
    from .boards import load_board
    from .foreground import run_in_foreground

    run_in_foreground(load_board(board), Console())


def main() -> None:
    """Entry point: an expected error becomes one message on stderr and exit code 1; only bugs show a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an ASCII terminal gets "?", not a traceback
    try:
        app()
    except ProofboardError as error:
        _complain(error, error)
        sys.exit(1)
    except OSError as error:
        fault = _fault_of(error)
        if fault is None:
            raise
        _complain(fault, error)
        sys.exit(1)


def _fault_of(error: OSError) -> BenchFault | None:
    """What a person can set right about the disk; None for an error that is nobody's but ours."""
    where = str(error.filename or "")
    if error.errno in _DISK_FULL:
        return BenchFault(f"the disk is full: {error.strerror}", where=where, hint="free some space, run again")
    if error.errno in _FORBIDDEN:
        return BenchFault(f"{error.strerror}", where=where, hint="choose a place that you may read and write")
    return None


def _complain(fault: ProofboardError, raised: Exception) -> None:
    where = f"{fault.where}: " if fault.where else ""
    console = _stderr()
    console.print(Text.assemble((f"error ({fault.who}): ", "bold red"), f"{where}{fault.seen}"))
    for advice in (fault.hint, *getattr(raised, "__notes__", ())):
        if advice:
            console.print(Text(f"  → {advice}"))


def _stderr() -> Console:
    return Console(stderr=True, soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
