"""A CMSIS pack that is none, or is of another device, is one error before a probe is opened."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from proofboard_harness.boards import load_board, with_pack
from proofboard_harness.errors import ConfigurationFault
from proofboard_harness.probe.flasher import open_pyocd_probe
from proofboard_harness.probe.pack import check_pack

DEVICES = """<package><vendor>Renesas</vendor><name>RA_DFP</name><devices>
<family Dfamily="RA Series" Dvendor="Renesas:117"><processor Dcore="Cortex-M33"/>
<device Dname="R7FA6E10F"/><device Dname="R7FA6E10F_dual"/></family></devices></package>"""


def pack_of(folder: Path, description: str | None, name: str = "Renesas.RA_DFP.pdsc") -> Path:
    path = folder / "ra.pack"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")
        if description is not None:
            archive.writestr(name, description)
    return path


def test_pack_with_the_device(tmp_path: Path) -> None:
    check_pack(pack_of(tmp_path, DEVICES), "r7fa6e10f")


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (None, r"is no CMSIS pack: .* is missing a \.pdsc file"),
        ("<package", "is no CMSIS pack: unclosed token"),
        ("<package/>", "has no device 'r7fa6e10f', but none at all"),
        (DEVICES.replace("R7FA6E10F", "R7FA6M5BH"), "has no device 'r7fa6e10f', but r7fa6m5bh, r7fa6m5bh_dual"),
    ],
)
def test_a_pack_that_is_of_no_use(tmp_path: Path, description: str | None, message: str) -> None:
    board = with_pack(load_board("fpb-ra6e1"), pack_of(tmp_path, description))
    with pytest.raises(ConfigurationFault, match=message) as caught:
        open_pyocd_probe(board)
    assert caught.value.where == str(tmp_path / "ra.pack")


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "ra.pack"
    with pytest.raises(ConfigurationFault, match="there is no such pack"):
        check_pack(path, "r7fa6e10f")
    path.write_bytes(b"not a zip file")
    with pytest.raises(ConfigurationFault, match=r"is no CMSIS pack: .*not a zip file"):
        check_pack(path, "r7fa6e10f")
