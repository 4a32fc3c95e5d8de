"""Where boards are found: the folders that ship with Proofboard, and any folder a user names."""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path

from .errors import ConfigurationFault
from .spec import BoardSpec, LinkKind, read_board

BOARD_FILE = "board.toml"


def boards_folder() -> Path:
    """The folder of the shipped boards, in a checkout and in an installed package alike."""
    return Path(str(resources.files("proofboard_boards")))


def known_boards() -> list[str]:
    """Names of the shipped boards, sorted."""
    return sorted(path.parent.name for path in boards_folder().glob(f"*/{BOARD_FILE}"))


def load_board(name_or_path: str) -> BoardSpec:
    """A shipped board by its name, or a user's own by the path of its folder or of its `board.toml`.

    Raises ConfigurationFault for an unknown board (listing the known ones) and for a wrong file.
    """
    if name_or_path in known_boards():
        spec = read_board(boards_folder() / name_or_path / BOARD_FILE)
        if spec.name != name_or_path:
            raise ConfigurationFault(
                f"{spec.name!r} is not the name of the folder", where=f"{spec.folder / BOARD_FILE}: board: name"
            )
        return spec
    path = Path(name_or_path)
    file = path if path.name == BOARD_FILE else path / BOARD_FILE
    if not file.is_file():
        raise ConfigurationFault(
            f"unknown board {name_or_path!r}",
            hint=f"known: {', '.join(known_boards())}; or give the path of a folder that holds a {BOARD_FILE}",
        )
    return read_board(file)


def with_pack(spec: BoardSpec, pack: Path | None) -> BoardSpec:
    """The board, its target and flash algorithm taken from a CMSIS pack of the vendor; unchanged without one.

    Raises:
        ConfigurationFault: a simulated board, or one whose file does not say how packs call the target.
    """
    if pack is None:
        return spec
    where = f"board {spec.name}"
    if spec.simulator is not None:
        raise ConfigurationFault("a simulated board takes no pack", where=where)
    if not spec.probe.target:
        raise ConfigurationFault("the pack's name for the target is not known: [probe] target", where=where)
    return dataclasses.replace(spec, probe=dataclasses.replace(spec.probe, pack=pack.absolute()))


def with_link(spec: BoardSpec, kind: LinkKind | None) -> BoardSpec:
    """The board over its other link; unchanged without one."""
    return spec if kind is None else dataclasses.replace(spec, link=dataclasses.replace(spec.link, kind=kind))
