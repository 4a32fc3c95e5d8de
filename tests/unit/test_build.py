"""Builds: what the cache's key holds, what is said when a tool is missing or the C is wrong, nothing half-made."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from graph_example import integer_graph
from proofboard_harness import build as build_module
from proofboard_harness import toolchain
from proofboard_harness.boards import boards_folder
from proofboard_harness.build import Build, build_host_library, build_image, firmware_folder
from proofboard_harness.errors import BenchFault, FirmwareFault, ToolMissing
from proofboard_host.application import load_application
from proofboard_host.frontend.emit import emit_c
from proofboard_host.frontend.specification import build_specification
from proofboard_host.graph.emit import emit_network, emit_sizes

BOARD = boards_folder() / "qemu-mps2-an505"
GENERATED = {"generated_network.c": "/* one */", "generated_sizes.h": "/* two */"}
FAKE_CMAKE = 'if [ "$1" = --build ]; then mkdir -p "$2"; : > "$2/image.elf"; : > "$2/libproofboard.so"; fi'


def write_program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tools that only pretend, the first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    write_program(folder, "cmake", FAKE_CMAKE)
    for name in ("ninja", "arm-none-eabi-gcc", "cc"):
        write_program(folder, name, "echo version 1")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the firmware that may be changed."""
    folder = tmp_path / "firmware"
    shutil.copytree(firmware_folder(), folder)
    monkeypatch.setattr(build_module, "firmware_folder", lambda: folder)
    return folder


def test_same_content_is_built_once(tools: Path, tmp_path: Path) -> None:
    first = build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    second = build_image(dict(reversed(GENERATED.items())), BOARD, cache=tmp_path / "cache")
    assert not first.cached
    assert second.cached
    assert first.product == second.product
    assert (first.generated / "generated_network.c").read_text() == "/* one */"


def change_generated(tools: Path, sources: Path, board: Path) -> dict[str, str]:
    return GENERATED | {"generated_network.c": "/* other */"}


def rename_generated(tools: Path, sources: Path, board: Path) -> dict[str, str]:
    return {"generated_network.h" if name == "generated_sizes.h" else name: text for name, text in GENERATED.items()}


def change_source(tools: Path, sources: Path, board: Path) -> dict[str, str]:
    with (sources / "src" / "dense_s8.c").open("a") as file:
        file.write("\n")
    return GENERATED


def change_flags(tools: Path, sources: Path, board: Path) -> dict[str, str]:
    with (sources / "CMakeLists.txt").open("a") as file:
        file.write("# other\n")
    return GENERATED


def add_source(tools: Path, sources: Path, board: Path) -> dict[str, str]:
    (sources / "src" / "more.c").touch()
    return GENERATED


def change_board(tools: Path, sources: Path, board: Path) -> dict[str, str]:
    with (board / "link.ld").open("a") as file:
        file.write("\n")
    return GENERATED


def change_compiler(tools: Path, sources: Path, board: Path) -> dict[str, str]:
    write_program(tools, "arm-none-eabi-gcc", "echo version 2")
    return GENERATED


CHANGES = (
    change_generated,
    rename_generated,
    change_source,
    change_flags,
    add_source,
    change_board,
    change_compiler,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_other_content_is_built_anew(
    change: Callable[[Path, Path, Path], dict[str, str]], tools: Path, sources: Path, tmp_path: Path
) -> None:
    board, cache = tmp_path / "board", tmp_path / "cache"
    shutil.copytree(BOARD, board)
    first = build_image(GENERATED, board, cache=cache)
    second = build_image(change(tools, sources, board), board, cache=cache)
    assert not second.cached
    assert first.product != second.product


def test_image_and_library_do_not_share_a_key(tools: Path, tmp_path: Path) -> None:
    image = build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    library = build_host_library(GENERATED, cache=tmp_path / "cache")
    assert image.generated != library.generated


@pytest.mark.parametrize("tool", [toolchain.ARM_GCC, toolchain.CMAKE, toolchain.NINJA], ids=lambda tool: tool.program)
def test_missing_tool_is_named_with_its_package(
    tool: toolchain.Tool, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tools / tool.program).unlink()
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(ToolMissing, match=tool.program) as caught:
        build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    assert caught.value.hint == f"sudo apt-get install {tool.package}"
    assert not (tmp_path / "cache").exists()


def test_missing_host_compiler(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="cc is not on the PATH"):
        build_host_library(GENERATED, cache=tmp_path / "cache")


def test_failed_step_leaves_nothing_and_is_told_with_its_end(tools: Path, tmp_path: Path) -> None:
    write_program(tools, "cmake", "seq 1 100; echo out of luck >&2; exit 3")
    with pytest.raises(FirmwareFault, match="configuring the build failed with exit code 3") as caught:
        build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    assert "out of luck" in caught.value.seen
    assert "\n    89\n" not in caught.value.seen
    assert list((tmp_path / "cache" / "builds").iterdir()) == []


def test_full_disk_is_told_as_such(tools: Path, tmp_path: Path) -> None:
    write_program(tools, "cmake", "echo 'fatal: No space left on device'; seq 40; exit 1")
    with pytest.raises(FirmwareFault) as caught:
        build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    assert caught.value.hint.startswith("the disk is full: free some space")


def test_cache_that_can_not_be_written(tools: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(BenchFault, match="can't write the build"):
        build_image(GENERATED, BOARD, cache=tmp_path / "cache")


def test_interrupted_build_leaves_no_product(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(command: list[str], *, what: str) -> None:
        run(command, what=what)
        if what == "compiling":
            raise KeyboardInterrupt

    run = toolchain.run
    with monkeypatch.context() as patch:
        patch.setattr(toolchain, "run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    assert list((tmp_path / "cache" / "builds").iterdir()) == []
    assert not build_image(GENERATED, BOARD, cache=tmp_path / "cache").cached


def test_folder_without_a_product_is_replaced(tools: Path, tmp_path: Path) -> None:
    """As after a cleaner has been there, or a power cut."""
    first = build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    first.product.unlink()
    second = build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    assert not second.cached
    assert second.product.is_file()


@pytest.mark.parametrize(
    "build",
    [
        lambda cache: build_image(GENERATED, BOARD, cache=cache),
        lambda cache: build_host_library(GENERATED, cache=cache),
    ],
)
def test_a_product_that_was_changed_is_built_anew(tools: Path, tmp_path: Path, build: Callable[[Path], Build]) -> None:
    whole = build(tmp_path / "cache").product.read_bytes()
    build(tmp_path / "cache").product.write_bytes(b"junk")
    again = build(tmp_path / "cache")
    assert not again.cached
    assert again.product.read_bytes() == whole
    assert build(tmp_path / "cache").cached


def test_two_builds_of_the_same_at_once(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later one takes what the earlier one left."""
    run = toolchain.run
    others = []

    def build_other_first(command: list[str], *, what: str) -> None:
        run(command, what=what)
        if what == "compiling" and not others:
            others.append(None)
            others.append(build_image(GENERATED, BOARD, cache=tmp_path / "cache"))

    monkeypatch.setattr(toolchain, "run", build_other_first)
    later = build_image(GENERATED, BOARD, cache=tmp_path / "cache")
    assert later.product == others[1].product
    assert [entry.name for entry in (tmp_path / "cache" / "builds").iterdir()] == [later.product.parents[1].name]


def real_sources() -> dict[str, str]:
    application = load_application("scream")
    graph, window = integer_graph(1, application.features), application.audio.window
    return {
        "generated_network.c": emit_network(graph, window=window),
        "generated_frontend.c": emit_c(build_specification(application)),
        "generated_sizes.h": emit_sizes(graph, window=window),
    }


def test_wrong_c_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FirmwareFault, match="compiling failed") as caught:
        build_host_library(real_sources() | {"generated_network.c": "int oops = nothing;\n"}, cache=tmp_path)
    assert "generated_network.c:1" in caught.value.seen


def test_image_does_not_depend_on_its_folder(tmp_path: Path) -> None:
    images = [build_image(real_sources(), BOARD, cache=tmp_path / name).product for name in ("a", "other/place")]
    assert images[0] != images[1]
    assert sections(images[0]) == sections(images[1])


def sections(path: Path) -> dict[str, bytes]:
    """All that is programmed, the build id included."""
    with path.open("rb") as file:
        return {
            s.name: s.data()
            for s in ELFFile(file).iter_sections()
            if s["sh_flags"] & 2 and s["sh_type"] != "SHT_NOBITS"
        }


def test_nothing_can_be_linked_into_option_memory(tmp_path: Path) -> None:
    generated = real_sources()
    generated["generated_options.c"] = (
        '__attribute__((section(".option_setting_ofs0"), used)) static const unsigned ofs0 = 0xFFFFFFFFu;\n'
    )
    with pytest.raises(FirmwareFault, match=r"option-setting memory \(0x0100A000\) must never be linked into"):
        build_image(generated, boards_folder() / "fpb-ra6e1", cache=tmp_path)
