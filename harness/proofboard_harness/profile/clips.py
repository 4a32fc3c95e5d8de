"""The clips that a run keeps for profiles, so that its folder is all that a later profile needs."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import DataFault
from ..report.codec import write_whole_bytes
from .session import ProfileClips

FILE = "profile-clips.npz"
KEPT = 8
"""Clips that a run keeps."""

_Item = TypeVar("_Item")


def spread(items: Sequence[_Item], most: int) -> list[_Item]:
    """`most` of the items, or all, evenly over their order: of every class when they are in order of class."""
    kept = min(most, len(items))
    return [items[index * len(items) // kept] for index in range(kept)]


def save_clips(folder: Path, pcm: NDArray[np.int16], words: Mapping[str, NDArray[np.int32]]) -> None:
    """Keep clips, int16 [clips, window], with the reference's logit words of each image, int32 [clips, logits].

    Raises:
        BenchFault: the file can't be written.
    """
    file = io.BytesIO()
    arrays: dict[str, Any] = {_words_key(image): values for image, values in words.items()}
    np.savez_compressed(file, pcm=pcm, **arrays)
    write_whole_bytes(folder / FILE, file.getvalue())


def load_clips(folder: Path, image: str, most: int) -> ProfileClips:
    """At most that many of the clips that a run kept, with the words of one image.

    Raises:
        DataFault: the run kept none, or the file is damaged.
    """
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as stored:
            pcm, words = stored["pcm"], stored[_words_key(image)]
    except OSError as error:
        raise DataFault(f"can't be read: {error.strerror}", where=str(path), hint="name a run that ended") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataFault(f"holds no clips: {error}", where=str(path), hint="run the application again") from error
    chosen = spread(range(len(pcm)), most)
    return ProfileClips(pcm[chosen], words[chosen])


def _words_key(image: str) -> str:
    return f"{image}_words"
