"""A user's own recordings, in each layout; each mistake is one error that says where."""

from __future__ import annotations

from pathlib import Path

import pytest
from data_example import noise, write_wav
from proofboard_host.data.folders import read_own_data, state_of
from proofboard_host.data.layouts import class_of
from proofboard_host.errors import DataFault

CLASSES = ("other", "scream")
AUDIOSET_NAMES = 'index,mid,display_name\n0,/m/09x0r,"Speech"\n1,/m/03qc9zr,"Screaming"\n2,/m/04rlf,"Music, pop"\n'


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("other/a.wav", "other/ann/b.wav", "other/ann/c.wav", "scream/d.wav"):
        write_wav(tmp_path / "mine" / name, noise(1, 0.1))
    (tmp_path / "mine/other/notes.txt").write_text("no sound")
    return tmp_path / "mine"


@pytest.fixture
def audioset(tmp_path: Path) -> Path:
    data = tmp_path / "audioset"
    write_wav(data / "audio" / "AAAAAAAAAAA_30.000.wav", noise(1, 1.0))
    write_wav(data / "audio" / "-BBBBBBBBBB.wav", noise(2, 8.0))
    write_wav(data / "audio" / "CCCCCCCCCCC.wav", noise(3, 2.0))
    (data / "class_labels_indices.csv").write_text(AUDIOSET_NAMES)
    (data / "eval_segments.csv").write_text(
        "# Segments csv created Sun Mar  5 10:54:25 2017\n# num_ytids=3\n"
        "# YTID, start_seconds, end_seconds, positive_labels\n"
        'AAAAAAAAAAA, 30.000, 40.000, "/m/03qc9zr,/m/09x0r"\n'
        '-BBBBBBBBBB, 3.000, 5.000, "/m/09x0r"\n'
        'CCCCCCCCCCC, 20.000, 22.000, "/m/04rlf"\n'
        'DDDDDDDDDDD, 0.000, 10.000, "/m/04rlf"\n'
    )
    return data


@pytest.fixture
def esc50(tmp_path: Path) -> Path:
    data = tmp_path / "esc50"
    for name in ("1-100-A-0.wav", "1-100-B-0.wav", "2-200-A-5.wav"):
        write_wav(data / "audio" / name, noise(1, 0.1))
    (data / "meta").mkdir()
    (data / "meta/esc50.csv").write_text(
        "filename,fold,target,category,esc10,src_file,take\n"
        "1-100-A-0.wav,1,0,dog,True,100,A\n"
        "1-100-B-0.wav,1,0,dog,True,100,B\n"
        "2-200-A-5.wav,2,5,screaming_child,False,200,A\n"
    )
    return data


def test_a_folder_a_class(folders: Path) -> None:
    found = read_own_data(folders, CLASSES).recordings
    assert [(item.label, item.group) for item in found] == [
        ("other", "mine/other/a.wav"),
        ("other", "mine/other/ann"),
        ("other", "mine/other/ann"),
        ("scream", "mine/scream/d.wav"),
    ]
    assert {item.split for item in found} == {None}


def test_an_empty_class_folder(folders: Path) -> None:
    (folders / "scream/d.wav").unlink()
    with pytest.raises(DataFault, match=r"(?s)scream: class 'scream' has no recordings.*\.wav"):
        read_own_data(folders, CLASSES)


def test_a_folder_that_is_no_class(folders: Path) -> None:
    write_wav(folders / "screem/a.wav", noise(1, 0.1))
    with pytest.raises(DataFault, match=r"(?s)'screem'.*other, scream"):
        read_own_data(folders, CLASSES)


def test_unknown_layouts(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"(?s)layout of this folder is unknown.*esc50\.csv"):
        read_own_data(tmp_path, CLASSES)
    with pytest.raises(DataFault, match="no such file or folder"):
        read_own_data(tmp_path / "nowhere", CLASSES)


def test_a_csv(folders: Path) -> None:
    table = folders / "list.csv"
    table.write_text("path, label, group\nother/a.wav, other, x\nscream/d.wav,scream,\n", encoding="utf-8-sig")
    found = read_own_data(table, CLASSES).recordings
    assert [(item.path, item.label, item.group) for item in found] == [
        ("other/a.wav", "other", "mine/x"),
        ("scream/d.wav", "scream", "mine/scream/d.wav"),
    ]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("path,group\nother/a.wav,x\n", "line 1: column 'label' is missing"),
        ("path,label\nother/a.wav,\n", "line 2: the label is missing"),
        ("path,label\nother/a.wav,other\nscream/d.wav,screem\n", "line 3: unknown label 'screem'"),
        ("path,label\nother/z.wav,other\n", "line 2: there is no file 'other/z.wav'"),
        ("path,label\nother/a.wav\n", "line 2: has not 2 fields"),
        ("path,label\nother/a.wav,other\n", "no recording of class 'scream'"),
    ],
)
def test_mistakes_in_a_csv(folders: Path, text: str, seen: str) -> None:
    (folders / "list.csv").write_text(text)
    with pytest.raises(DataFault, match=seen):
        read_own_data(folders / "list.csv", CLASSES)


def test_audioset(audioset: Path) -> None:
    found = read_own_data(audioset, CLASSES)
    assert [(item.label, item.group, item.start, item.stop) for item in found.recordings] == [
        ("scream", "audioset/AAAAAAAAAAA", 0.0, None),
        ("other", "audioset/-BBBBBBBBBB", 3.0, 5.0),
        ("other", "audioset/CCCCCCCCCCC", 0.0, None),
    ]
    assert found.notices == ("1 segments passed over: their sound is not there",)


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ('AAAAAAAAAAA, 0.0, 10.0, ""', "the label is missing"),
        ('AAAAAAAAAAA, 0.0, 10.0, "/m/none"', "'/m/none' is not in class_labels_indices.csv"),
        ('AAAAAAAAAAA, 10.0, 0.0, "/m/09x0r"', "is empty"),
        ('AAAAAAAAAAA, now, 10.0, "/m/09x0r"', "not two times"),
        ("AAAAAAAAAAA, 0.0", "has 2 fields"),
        ('EEEEEEEEEEE, 0.0, 10.0, "/m/09x0r"', "no segment's sound"),
    ],
)
def test_mistakes_in_audioset_segments(audioset: Path, line: str, seen: str) -> None:
    (audioset / "eval_segments.csv").write_text(line + "\n")
    with pytest.raises(DataFault, match=seen):
        read_own_data(audioset, CLASSES)


def test_audioset_without_segments(audioset: Path) -> None:
    (audioset / "eval_segments.csv").unlink()
    with pytest.raises(DataFault, match="segments CSV is missing"):
        read_own_data(audioset, CLASSES)


def test_esc50(esc50: Path) -> None:
    found = read_own_data(esc50, CLASSES).recordings
    assert [(item.label, item.group) for item in found] == [
        ("other", "esc50/100"),
        ("other", "esc50/100"),
        ("scream", "esc50/200"),
    ]


def test_esc50_without_a_file(esc50: Path) -> None:
    (esc50 / "audio/1-100-B-0.wav").unlink()
    with pytest.raises(DataFault, match=r"line 3: there is no file audio/1-100-B-0\.wav"):
        read_own_data(esc50, CLASSES)


def test_names_fit_classes_by_the_beginning_of_a_word() -> None:
    assert class_of(["Screaming"], CLASSES) == "scream"
    assert class_of(["Speech", "Ice cream"], CLASSES) == "other"
    assert class_of(["Dog"], ("cat", "dog")) == "dog"
    assert class_of(["Horse"], ("cat", "dog")) is None


def test_a_changed_file_changes_the_state(folders: Path) -> None:
    before = state_of(folders)
    write_wav(folders / "scream/d.wav", noise(2, 0.2))
    assert state_of(folders) != before
