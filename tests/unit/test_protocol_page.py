"""The examples of docs/protocol.md, by which another client would be checked, are what goes over the wire."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pcm_decoder import decode
from proofboard_harness import pcm_code
from proofboard_harness.frames import encode_frame
from proofboard_harness.messages import Kind, hello_request

PAGE = re.sub(r"\s+", " ", (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8"))


def example(pattern: str) -> bytes:
    found = re.search(pattern, PAGE)
    assert found is not None
    return bytes.fromhex(found[1])


def test_a_frame() -> None:
    assert encode_frame(Kind.HELLO_REQUEST, hello_request(1)) == example(
        r"HELLO_REQUEST of session 1 is `([0-9a-f ]+)`"
    )


@pytest.mark.parametrize(
    ("told", "samples"), [("1, −2, 3, −4", [1, -2, 3, -4]), ("100, 101, 103, 106", [100, 101, 103, 106])]
)
def test_a_code(told: str, samples: list[int]) -> None:
    code = example(rf"{told} are `([0-9a-f ]+)`")
    assert decode(code, len(samples)).tolist() == samples
    assert pcm_code.encode(np.array(samples, np.int16)) == code
