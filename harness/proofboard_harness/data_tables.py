"""Recordings as tables: what `proofboard data show` and `proofboard data check` print."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from . import product

_VIOLATIONS_SHOWN = 10


def show(dataset: product.Dataset, application: product.Application, console: Console) -> None:
    """Counts, seconds, groups and licences, a row for each side, class and package."""
    title = escape(f"{dataset.name}: {len(dataset.clips):,} clips")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("side", "class", "package"):
        table.add_column(column, overflow="fold")
    for column in ("recordings", "clips", "seconds", "groups"):
        table.add_column(column, justify="right")
    table.add_column("licences", overflow="fold")
    for row in product.describe_dataset(dataset, application):
        package = f"{row.package} {row.version}".strip()
        counts = (f"{row.recordings:,}", f"{row.clips:,}", f"{row.seconds:,.0f}", f"{row.groups:,}")
        # What a person named may hold brackets, which are markup to rich.
        names = (escape(name) for name in (row.split, row.label, package))
        table.add_row(*names, *counts, escape(", ".join(row.licences)))
    console.print(table)
    for notice in dataset.notices:
        console.print(f"note: {notice}", soft_wrap=True, markup=False)


def check(dataset: product.Dataset, application: product.Application, console: Console) -> bool:
    """Each claim with how much was examined; the first violations of one that does not hold."""
    report = product.check_dataset(dataset, application)
    for claim in report.checks:
        mark = "[green]holds[/]" if claim.holds else f"[red]{len(claim.violations)} violations[/]"
        console.print(f"{mark}  {escape(claim.claim)} ({claim.examined:,} examined)", soft_wrap=True)
        for violation in claim.violations[:_VIOLATIONS_SHOWN]:
            console.print(f"    {violation}", soft_wrap=True, markup=False)
    return report.holds
