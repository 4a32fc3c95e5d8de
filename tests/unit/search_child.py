"""A search as a process of its own: `python search_child.py FOLDER [KILLED]`.

Trains the small application into FOLDER/trained, searches into FOLDER/searches, prints points and winner as JSON. With
KILLED it kills itself, as an out-of-memory killer would, when that candidate is finished.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from pathlib import Path
from typing import cast

from proofboard_host.data.clips import Dataset
from proofboard_host.progress import silent
from proofboard_host.search import workbench
from proofboard_host.search.pipeline import compress_application
from proofboard_host.search.points import Point
from search_example import QUICK, ROOMY, CountingCosts, Recordings, make_trained, searching_application


def main() -> None:
    folder, killed = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None
    (folder / "trained").mkdir(exist_ok=True)
    workbench.Efforts = lambda: QUICK  # type: ignore[assignment,misc]

    def watch(point: Point) -> None:
        if point.number == killed:
            os.kill(os.getpid(), signal.SIGKILL)

    application = searching_application()
    found = compress_application(
        application,
        cast(Dataset, Recordings()),
        make_trained(application, folder / "trained"),
        CountingCosts(),
        ROOMY,
        cache=folder / "searches",
        progress=silent,
        watch=watch,
    )
    assert found.search is not None
    points = [dataclasses.asdict(point) for point in found.search.points]
    print(json.dumps({"points": points, "winner": found.search.winner, "graph": found.network.graph.digest}))


if __name__ == "__main__":
    main()
