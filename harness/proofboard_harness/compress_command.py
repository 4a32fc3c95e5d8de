"""`proofboard compress`: data, training, search, and the results of it in a folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from . import product
from .compression import Limits, compress_for
from .compression_report import write_search
from .compression_tables import SearchTable, print_search, show_candidates
from .errors import ConfigurationFault
from .events import Event, EventBus, StationAdvanced
from .product import Application
from .run_folder import writing_to
from .spec import BoardSpec


@dataclass(frozen=True)
class CompressOptions:
    """`out`: folder of the results; `deploy`: the line by which a candidate goes onto the board; `anew`: forget what an
    interrupted or ended search has found."""

    application: str
    board: BoardSpec
    limits: Limits
    out: Path
    deploy: str
    data: Path | None = None
    anew: bool = False


def compress(options: CompressOptions, console: Console) -> None:
    """Search, show, and write what was found.

    Raises:
        ConfigurationFault: the application does not search, or nothing that keeps accuracy fits the budgets.
    """
    application = _searching(options.limits.applied(product.load_application(options.application)))
    bus = EventBus()
    with console.status("recordings") as status:
        dataset = product.open_dataset(application, options.data)
        status.update("training the baseline")
        trained = product.train(
            application, dataset, lambda done, total, detail="": status.update(f"training: {detail}")
        )
    if options.anew:
        for folder in product.searches_of(trained):
            shutil.rmtree(folder)
    with show_candidates(console) as table:
        bus.subscribe(_Caption(table))
        found = compress_for(options.board, application, dataset, trained, options.limits, bus, watch=table.add)
    assert found.search is not None
    print_search(found.search, console)
    with writing_to(options.out):
        options.out.mkdir(parents=True, exist_ok=True)
        product.write_network(found, options.out / "compressed.graph.npz")
        paths = write_search(found.search, options.out)
    console.print(f"Written: {', '.join(str(path) for path in paths)}", soft_wrap=True, markup=False)
    console.print(f"Any row goes onto the board by: {options.deploy}", soft_wrap=True, markup=False)


def _searching(application: Application) -> Application:
    if application.compress.scheme != "search":
        raise ConfigurationFault(
            f"the scheme {application.compress.scheme!r} searches nothing",
            where=f"{application.path}: compress.scheme",
            hint='write scheme = "search"',
        )
    return application


class _Caption:
    """What is being tried, under the table."""

    def __init__(self, table: SearchTable) -> None:
        self._table = table

    def __call__(self, event: Event) -> None:
        if isinstance(event, StationAdvanced):
            self._table.doing = f"{event.done} of {event.total}, trying: {event.detail}"
