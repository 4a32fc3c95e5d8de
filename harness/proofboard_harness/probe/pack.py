"""A vendor's CMSIS pack, looked at before pyOCD takes a target from it: it may be no pack, or of another device."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import ParseError

from pyocd.target import normalise_target_type_name
from pyocd.target.pack.cmsis_pack import CmsisPack, MalformedCmsisPackError

from ..errors import ConfigurationFault

_NAMED = 8


def check_pack(pack: Path, target: str) -> None:
    """Whether `pack` is a CMSIS pack that has the device `target`, by pyOCD's name of it.

    Raises:
        ConfigurationFault: it is not there, is no pack, or has other devices only: some are named.
    """
    where = str(pack)
    if not pack.is_file():
        raise ConfigurationFault("there is no such pack", where=where, hint="check --pack, or [probe] pack")
    try:
        names = [normalise_target_type_name(device.part_number) for device in CmsisPack(pack).devices]
    except (MalformedCmsisPackError, ParseError) as error:
        raise ConfigurationFault(
            f"is no CMSIS pack: {error}",
            where=where,
            hint="a pack is the file that ends in .pack, as its vendor has it",
        ) from error
    if normalise_target_type_name(target) not in names:
        known = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        raise ConfigurationFault(
            f"has no device {target!r}, but {known or 'none at all'}",
            where=where,
            hint="set [probe] target in the board file to the pack's name of the device",
        )
