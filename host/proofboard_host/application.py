"""An application is one TOML file: recordings, front end, network, training, compression, what is streamed.

`load_application` turns it into frozen dataclasses; any wrong key or value is one error that names file and key.
"""

from __future__ import annotations

import dataclasses
import math
import re
import tomllib
import types
import typing
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from .convolutions import LayerSection, check_kinds, check_layers, conv_steps
from .errors import ConfigurationFault
from .graph.limits import MAX_LAYERS, MAX_LOGITS, MAX_TENSOR_BYTES, MAX_WINDOW

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SAMPLE_RATES = range(1_000, 192_001)
_LARGEST_BATCH = 4096
"""Rows of one step of training, all in memory at once: a batch is drawn, so it may be larger than the data set."""


@dataclass(frozen=True)
class AudioSection:
    """`sample_rate` in Hz; `window` in samples: what one decision hears."""

    sample_rate: int
    window: int


@dataclass(frozen=True)
class DataSection:
    """`classes` is the order of the logits; `recipe` names an entry of `data.recipes`, empty: recordings are given."""

    classes: list[str]
    positive: str
    recipe: str = ""


@dataclass(frozen=True)
class FrontendSection:
    """`frame` (also the FFT length) and `hop` in samples, `f_min` and `f_max` in Hz."""

    frame: int
    hop: int
    mel_bands: int
    f_min: float
    f_max: float


@dataclass(frozen=True)
class NetworkSection:
    """`hidden`: widths of the fully connected layers in front of the logits; `layers`: convolutions in front of those,
    none for a fully connected network."""

    hidden: list[int]
    layers: list[LayerSection] = field(default_factory=list)


@dataclass(frozen=True)
class TrainSection:
    """`augmentations`: augmented copies made of each training clip."""

    seed: int
    folds: int
    epochs: int
    batch: int
    learning_rate: float
    augmentations: int


@dataclass(frozen=True)
class CompressSection:
    """`scheme`: an entry of `compress.SCHEMES`. The rest is for `search`.

    `margin`, `recall_margin` and `shift_margin`: how far accuracy, recall of the positive class, and accuracy where
    recordings change, may fall, as fractions;
    `trials`: candidates; `time_limit`: minutes after which no other candidate is begun, 0 for none.
    """

    scheme: str
    margin: float = 0.01
    recall_margin: float = 0.1
    shift_margin: float = 0.1
    trials: int = 12
    time_limit: float = 0.0


@dataclass(frozen=True)
class StreamSection:
    """`clips`: how many field clips go to the target when not all are asked for."""

    clips: int


@dataclass(frozen=True)
class Application:
    """All that Proofboard has to know of an application. `path` is the file that it came from."""

    name: str
    title: str
    audio: AudioSection
    data: DataSection
    frontend: FrontendSection
    network: NetworkSection
    train: TrainSection
    compress: CompressSection
    stream: StreamSection
    path: Path

    @property
    def frames(self) -> int:
        """Frames in one window: only whole frames count."""
        return 1 + (self.audio.window - self.frontend.frame) // self.frontend.hop

    @property
    def features(self) -> int:
        """Inputs of the network: frames × mel bands."""
        return self.frames * self.frontend.mel_bands


def known_applications() -> list[str]:
    """Names of the applications that ship with Proofboard."""
    folder = resources.files("proofboard_host.applications")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_application(name_or_path: str) -> Application:
    """Load a shipped application by name, or a user's own by the path of its TOML file."""
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
    else:
        path = Path(str(resources.files("proofboard_host.applications") / f"{name_or_path}.toml"))
        if not path.is_file():
            raise ConfigurationFault(
                f"unknown application {name_or_path!r}",
                hint=f"known: {', '.join(known_applications())}; or give the path of a .toml file",
            )
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = f"give the path of an application's .toml file, or one of {', '.join(known_applications())}"
        raise ConfigurationFault(f"can't be read: {error.strerror}", where=str(path), hint=hint) from error
    except UnicodeDecodeError as error:
        raise ConfigurationFault(f"is not UTF-8 text: {error}", where=str(path), hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationFault(f"is not TOML: {error}", where=str(path), hint="correct the line") from error
    check_kinds(document.get("network"), where=f"{path}: network.layers")
    if "path" in document:  # the one field that the file doesn't give
        raise ConfigurationFault("unknown key 'path'", where=str(path))
    application: Application = read_table(Application, document | {"path": path}, where=str(path))
    _check(application)
    return application


def read_table(kind: type[Any], table: dict[str, Any], *, where: str) -> Any:
    """Fill the dataclass `kind` from a TOML table: exact keys, exact types (an int serves as a float).

    A field with a default may be left out. Nested dataclasses, `list[T]`, `dict[str, T]` and `T | None` are understood.
    """
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in table:
        if key not in fields:
            raise ConfigurationFault(f"unknown key {key!r}", where=where, hint=f"known keys: {', '.join(fields)}")
    values: dict[str, Any] = {}
    for name, entry in fields.items():
        if name in table:
            values[name] = _read_value(hints[name], table[name], where=f"{where}: {name}")
        elif entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING:
            raise ConfigurationFault(f"key {name!r} is missing", where=where)
    return kind(**values)


def _read_value(kind: Any, value: Any, *, where: str) -> Any:
    if isinstance(kind, types.UnionType):
        kind = next(option for option in typing.get_args(kind) if option is not types.NoneType)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, dict):
            raise ConfigurationFault(f"expected a table, found {value!r}", where=where)
        return read_table(kind, value, where=where)
    if typing.get_origin(kind) is list and isinstance(value, list):
        (item,) = typing.get_args(kind)
        return [_read_value(item, entry, where=f"{where}[{index}]") for index, entry in enumerate(value)]
    if typing.get_origin(kind) is dict and isinstance(value, dict):
        _, item = typing.get_args(kind)
        return {key: _read_value(item, entry, where=f"{where}.{key}") for key, entry in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    if kind is Path and isinstance(value, Path):
        return value
    if not isinstance(kind, type) or type(value) is not kind:
        name = getattr(kind, "__name__", str(kind))
        raise ConfigurationFault(f"expected {name}, found {value!r}", where=where)
    return value


def _check(application: Application) -> None:
    """The values that are typed rightly and still make no sense."""

    def require(fact: bool, key: str, seen: str) -> None:
        if not fact:
            raise ConfigurationFault(seen, where=f"{application.path}: {key}")

    require(_NAME.fullmatch(application.name) is not None, "name", f"{application.name!r} can't name a folder")
    rate = application.audio.sample_rate
    require(rate in _SAMPLE_RATES, "audio.sample_rate", f"{rate} Hz is not in {_SAMPLE_RATES[0]}..{_SAMPLE_RATES[-1]}")
    frontend, data, train = application.frontend, application.data, application.train
    frame = frontend.frame
    require(frame in (128, 256, 512, 1024), "frontend.frame", f"{frame} is not 128, 256, 512 or 1024")
    require(0 < frontend.hop <= frame, "frontend.hop", f"{frontend.hop} is not in 1..{frame}")
    window = application.audio.window
    require(frame <= window <= MAX_WINDOW, "audio.window", f"{window} is not in {frame}..{MAX_WINDOW}")
    require(1 <= frontend.mel_bands <= 64, "frontend.mel_bands", f"{frontend.mel_bands} is not in 1..64")
    nyquist = application.audio.sample_rate / 2
    require(
        0 <= frontend.f_min < frontend.f_max <= nyquist,
        "frontend.f_min, f_max",
        f"{frontend.f_min}..{frontend.f_max} Hz does not lie in 0..{nyquist} Hz",
    )
    require(len(set(data.classes)) == len(data.classes) >= 2, "data.classes", "needs two or more different names")
    require(len(data.classes) <= MAX_LOGITS, "data.classes", f"are {len(data.classes)}, an image holds {MAX_LOGITS}")
    require(data.positive in data.classes, "data.positive", f"{data.positive!r} is not one of {data.classes}")
    hidden = application.network.hidden
    widest = MAX_TENSOR_BYTES // 4
    require(all(1 <= width <= widest for width in hidden), "network.hidden", f"a width is not in 1..{widest}")
    require(len(hidden) <= MAX_LAYERS - 2, "network.hidden", f"{len(hidden)} layers, an image holds {MAX_LAYERS - 2}")
    layers, where = application.network.layers, f"{application.path}: network.layers"
    bands = frontend.mel_bands
    check_layers(layers, application.frames, bands, tensor_bytes=MAX_TENSOR_BYTES, where=where)
    steps = len(conv_steps(layers, application.frames, bands))
    room = MAX_LAYERS - 3 - len(hidden)  # input, mean and logits stand beside
    require(not layers or steps <= room, "network.layers", f"{steps} convolutions, an image holds {room} beside hidden")
    require(application.features <= widest, "frontend", f"{application.features} features, an image holds {widest}")
    for key in ("folds", "epochs", "batch"):
        require(getattr(train, key) > (1 if key == "folds" else 0), f"train.{key}", f"{getattr(train, key)} is too few")
    require(train.batch <= _LARGEST_BATCH, "train.batch", f"{train.batch} is more than {_LARGEST_BATCH}")
    require(train.seed >= 0, "train.seed", "is negative")
    step = train.learning_rate
    require(math.isfinite(step) and step > 0, "train.learning_rate", f"{step} is not a positive number")
    require(train.augmentations >= 0, "train.augmentations", "is negative")
    compress = application.compress
    for key in ("margin", "recall_margin", "shift_margin"):
        share = getattr(compress, key)
        require(0 < share < 1, f"compress.{key}", f"{share} is not a fraction between 0 and 1")
    require(compress.trials >= 1, "compress.trials", f"{compress.trials} is too few")
    require(
        0 <= compress.time_limit < math.inf, "compress.time_limit", f"{compress.time_limit} is no number of minutes"
    )
    require(application.stream.clips > 0, "stream.clips", "is not positive")
