"""Application files: the shipped ones load, every wrong key or value is one error with its place."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_host.application import (
    Application,
    CompressSection,
    known_applications,
    load_application,
    read_table,
)
from proofboard_host.errors import ConfigurationFault

SCREAM = (resources.files("proofboard_host.applications") / "scream.toml").read_text(encoding="utf-8")


def write(tmp_path: Path, old: str, new: str) -> str:
    """The shipped file with one line changed."""
    assert SCREAM.count(old) == 1
    path = tmp_path / "mine.toml"
    path.write_text(SCREAM.replace(old, new), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", known_applications())
def test_shipped_applications_load(name: str) -> None:
    application = load_application(name)
    assert application.name == name
    assert application.path.is_file()


def test_scream_has_the_article_s_macs() -> None:
    application = load_application("scream")
    widths = [application.features, *application.network.hidden, len(application.data.classes)]
    macs = sum(inputs * outputs for inputs, outputs in pairwise(widths))
    assert application.frames == 31
    assert abs(macs - 129_680) <= 0.01 * 129_680


def documented(tmp_path: Path) -> Path:
    """The file that docs/application.md shows."""
    text = (Path(__file__).parents[2] / "docs" / "application.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "documented.toml"
    path.write_text(code, encoding="utf-8")
    return path


def test_the_documented_file_is_whole_and_names_every_key(tmp_path: Path) -> None:
    path = documented(tmp_path)
    application = load_application(str(path))
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    for section in dataclasses.fields(Application):
        value = getattr(application, section.name)
        if dataclasses.is_dataclass(value):
            keys = {field.name for field in dataclasses.fields(value)} - {"recipe"}  # stands in the text
            assert set(given[section.name]) == keys, section.name


def test_the_documented_defaults_are_the_defaults(tmp_path: Path) -> None:
    compress = load_application(str(documented(tmp_path))).compress
    assert compress == CompressSection(scheme=compress.scheme)


def test_own_file_by_its_path(tmp_path: Path) -> None:
    assert load_application(write(tmp_path, "hop = 512", "hop = 256")).frames == 61


WRONG = {
    "frame": ("frame = 512", "frame = 500", "frontend.frame: 500 is not 128"),
    "hop of nothing": ("hop = 512", "hop = 0", "frontend.hop: 0 is not in 1..512"),
    "hop over the frame": ("hop = 512", "hop = 513", "frontend.hop: 513"),
    "hop is text": ("hop = 512", 'hop = "512"', "frontend: hop: expected int, found '512'"),
    "hop is a float": ("hop = 512", "hop = 512.0", "frontend: hop: expected int, found 512.0"),
    "hop is true": ("hop = 512", "hop = true", "frontend: hop: expected int, found True"),
    "bands": ("mel_bands = 32", "mel_bands = 65", "frontend.mel_bands: 65"),
    "too high": ("f_max = 7600.0", "f_max = 8001.0", "does not lie in 0..8000"),
    "upside down": ("f_min = 60.0", "f_min = 7700.0", "does not lie in"),
    "no number": ("f_min = 60.0", "f_min = nan", "does not lie in"),
    "short window": ("window = 16000", "window = 511", "audio.window: 511 is not in 512..40960"),
    "long window": ("window = 16000", "window = 40961", "audio.window: 40961 is not in 512..40960"),
    "one class": ('classes = ["other", "scream"]', 'classes = ["scream"]', "two or more"),
    "class twice": ('classes = ["other", "scream"]', 'classes = ["scream", "scream"]', "two or more"),
    "class is a number": ('classes = ["other", "scream"]', 'classes = ["other", 1]', "data: classes[1]: expected str"),
    "17 classes": (
        'classes = ["other", "scream"]',
        f"classes = {['scream', *map(str, range(16))]}",
        "data.classes: are 17, an image holds 16",
    ),
    "positive": ('positive = "scream"', 'positive = "shout"', "data.positive: 'shout' is not one of"),
    "no width": ("hidden = [128, 20]", "hidden = [128, 0]", "network.hidden: a width is not in 1..16383"),
    "endless width": ("hidden = [128, 20]", "hidden = [20000]", "network.hidden: a width"),
    "too deep": ("hidden = [128, 20]", f"hidden = {[8] * 15}", "network.hidden: 15 layers, an image holds 14"),
    "hidden is a number": ("hidden = [128, 20]", "hidden = 128", "network: hidden: expected"),
    "unknown layer": (
        "hidden = [128, 20]",
        'hidden = []\nlayers = [{kind = "conv", channels = 4}, {kind = "lstm", units = 3}]',
        "network.layers[1]: layer 2 of 2 is a 'lstm', which is not supported",
    ),
    "kernel of one number": (
        "hidden = [128, 20]",
        'hidden = []\nlayers = [{kind = "conv", channels = 4, kernel = [3]}]',
        "network.layers[0]: layer 1 of 1 ('conv'): kernel [3] is not two numbers",
    ),
    "huge kernel": (
        "hidden = [128, 20]",
        'hidden = []\nlayers = [{kind = "conv", channels = 4, kernel = [3, 65]}]',
        "kernel [3, 65] is over twice as large as its input (31, 32, 1)",
    ),
    "no channel": (
        "hidden = [128, 20]",
        'hidden = []\nlayers = [{kind = "ds-conv", channels = 0}]',
        "layer 1 of 1 ('ds-conv'): 0 channels are too few",
    ),
    "large output": (
        "hidden = [128, 20]",
        'hidden = []\nlayers = [{kind = "conv", channels = 17}]',
        "an output of 31 × 32 × 17 takes 67,456 bytes",
    ),
    "too many convolutions": (
        "hidden = [128, 20]",
        "hidden = [8]\nlayers = [" + '{kind = "ds-conv", channels = 4}, ' * 7 + "]",
        "network.layers: 14 convolutions, an image holds 12 beside hidden",
    ),
    "too many features": ("hop = 512", "hop = 16", "frontend: 31008 features, an image holds 16383"),
    "one fold": ("folds = 5", "folds = 1", "train.folds: 1 is too few"),
    "no epoch": ("epochs = 24", "epochs = 0", "train.epochs: 0 is too few"),
    "huge batch": ("batch = 128", "batch = 100000", "train.batch: 100000 is more than 4096"),
    "no name": ('name = "scream"', 'name = ""', "name: '' can't name a folder"),
    "name with a slash": ('name = "scream"', 'name = "a/b"', "name: 'a/b' can't name a folder"),
    "name above": ('name = "scream"', 'name = ".."', "name: '..' can't name a folder"),
    "no sample rate": ("sample_rate = 16000", "sample_rate = 0", "audio.sample_rate: 0 Hz is not in 1000..192000"),
    "empty batch": ("batch = 128", "batch = 0", "train.batch: 0 is too few"),
    "seed": ("seed = 20", "seed = -1", "train.seed: is negative"),
    "no rate": ("learning_rate = 3e-3", "learning_rate = 0", "train.learning_rate: 0.0 is not a positive number"),
    "endless rate": ("learning_rate = 3e-3", "learning_rate = inf", "train.learning_rate: inf"),
    "augmentations": ("augmentations = 1", "augmentations = -1", "train.augmentations: is negative"),
    "no clips": ("clips = 200", "clips = 0", "stream.clips: is not positive"),
    "unknown key": ("hop = 512", "hop = 512\nhopp = 1", "frontend: unknown key 'hopp'"),
    "missing key": ("hop = 512", "", "frontend: key 'hop' is missing"),
    "unknown table": ("[stream]", "[steam]", "unknown key 'steam'"),
    "path": ('name = "scream"', 'name = "scream"\npath = "x"', "unknown key 'path'"),
    "no table": ('title = "Scream detector"', 'title = "x"\naudio = 3', "is not TOML"),
    "no TOML": ("[stream]", "[stream", "is not TOML"),
}


@pytest.mark.parametrize(("old", "new", "seen"), WRONG.values(), ids=WRONG.keys())
def test_wrong_value_is_told_with_its_place(old: str, new: str, seen: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFault) as caught:
        load_application(write(tmp_path, old, new))
    assert seen in str(caught.value)
    assert str(tmp_path / "mine.toml") in caught.value.where


def test_table_that_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "x"\ntitle = "y"\naudio = 3\n')
    with pytest.raises(ConfigurationFault, match="expected a table, found 3"):
        load_application(str(path))


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationFault, match="unknown application 'screem'") as caught:
        load_application("screem")
    assert "scream" in caught.value.hint


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFault, match="can't be read"):
        load_application(str(tmp_path / "none.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigurationFault, match="can't be read"):
        load_application(str(tmp_path / "folder.toml"))


def test_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationFault, match="is not UTF-8"):
        load_application(str(path))


@given(st.binary(max_size=300))
def test_no_file_is_a_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("toml") / "any.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationFault):
        load_application(str(path))


@dataclass(frozen=True)
class Inner:
    size: int


@dataclass(frozen=True)
class Outer:
    """Every kind of field that the reader understands."""

    ratio: float
    inner: Inner | None = None
    many: list[Inner] | None = None
    named: dict[str, Inner] | None = None
    label: str = "none"


def test_reader_understands_nested_tables() -> None:
    table = {"ratio": 1, "inner": {"size": 2}, "many": [{"size": 3}], "named": {"a": {"size": 4}}}
    outer = read_table(Outer, table, where="f")
    assert outer == Outer(1.0, Inner(2), [Inner(3)], {"a": Inner(4)})
    assert isinstance(outer.ratio, float)
    assert read_table(Outer, {"ratio": 0.5}, where="f") == Outer(0.5)


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"ratio": 1, "inner": {"size": "x"}}, "f: inner: size"),
        ({"ratio": 1, "many": [{"size": 1}, {"size": None}]}, "f: many[1]: size"),
        ({"ratio": 1, "named": {"a": 3}}, "f: named.a"),
        ({"ratio": 1, "label": Path("x")}, "f: label"),
    ],
)
def test_reader_names_the_place(table: dict[str, object], place: str) -> None:
    with pytest.raises(ConfigurationFault) as caught:
        read_table(Outer, table, where="f")
    assert caught.value.where == place
