"""Rubbish, whoever sends it: what customers type, what is half written in a file, what somebody made of a model. It is
told, or it is nothing; it never breaks what reads it, and never holds it up."""

from __future__ import annotations

import errno
import io
import json
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nlu import cases, encoder, likeness, modelfile
from nlu.encoder import Floats, encode_kept
from nlu.findings import TrainingDataError
from nlu.modelfile import ModelRefused
from nlu.normalise import read
from nlu.reading import read_file
from nlu.ready import Setting, find, load
from nlu.registry import Registry
from nlu.replacing import Replacement, replace_files
from nlu.train import Trained, train
from tests.nlu.conftest import ignore
from tests.nlu.test_model import forge, packed, tiny

HEAD = 'version: "3.1"\nnlu:\n- intent: a\n  examples:'


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n    - text: x\n    -\n",
        f"{HEAD}\n    -\n",
        f"{HEAD} |\n    - x\n  metadata:\n    -\n",
        f"{HEAD} &all\n    - text: x\n    - *all\n",
        f"{HEAD} &all\n    - text: x\n    - metadata:\n        - *all\n",
        f"{HEAD} |\n    - x\n  metadata: &all\n    key: *all\n",
    ],
    ids=["dash", "lone dash", "dash in metadata", "in itself", "deep in itself", "metadata in themselves"],
)
def test_an_item_without_an_end_ends(text: str) -> None:
    file = read_file(text, "nlu/x.yml")
    assert [block.name for block in file.blocks] == ["a"] or file.findings


def test_a_dash_that_was_begun_is_told_and_ends_the_item() -> None:
    file = read_file(f"{HEAD}\n    - text: x\n    -\n\n# behind it\n", "nlu/x.yml")
    assert [(one.line, one.text) for one in file.findings if one.severity == "error"] == [
        (6, "an example without a text")
    ]
    assert file.blocks[0].last == 6


def test_a_key_of_metadata_that_is_a_list_of_lists_without_end_is_told() -> None:
    lists = "x0: &x0 [a]\n" + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
    text = f"{lists}nlu:\n- intent: a\n  metadata:\n    ? *x11\n    : 1\n  examples: |\n    - x\n"
    assert "a key must be a plain word" in [one.text for one in read_file(text, "nlu/x.yml").findings]


@pytest.mark.parametrize(
    "text", ["999999999999999к миллиардов рублей", "$999999999999999k млрд", "-999999999999999к млрд €"]
)
def test_more_money_than_there_is_is_no_amount(text: str) -> None:
    assert find(f"{text} или 5 €", ["amount-of-money"], Setting())[-1].value == "5 EUR"


@pytest.mark.parametrize("unit", ["a.b$", "a.b+", "=a.b", "`a.b", "a=", "$"])
def test_signs_before_links_are_bounded_work(unit: str) -> None:
    """At best of three: the machine may stop us at any time, the code may not."""
    load(["url"])
    spent = []
    for _ in range(3):
        began = time.process_time()
        find(read(unit * 2_000).text, ["url"], Setting())
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05


def test_links_with_many_signs_are_found_by_their_scheme() -> None:
    link = "https://shop.ru/?" + "&".join(f"a{n}=b{n}" for n in range(40))
    assert [one.value for one in find(f"см. {link} там", ["url"], Setting())] == [link]


def endless_head() -> bytes:
    """An array whose head begins a bracket that nobody closes."""
    head = b"{'descr': '<f4', 'shape': (".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head


def test_a_model_whose_arrays_have_no_head_is_refused(trained: Trained) -> None:
    forge(trained.path, {"arrays.npz": packed(endless_head())})
    with pytest.raises(ModelRefused, match="damaged"):
        modelfile.load(trained.path)


@pytest.mark.parametrize("bias", [float("nan"), float("inf")])
def test_a_model_that_is_always_sure_is_refused(trained: Trained, bias: float) -> None:
    plain = json.loads((trained.path / "model.json").read_text()) | {"scope_bias": bias}
    forge(trained.path, {"model.json": json.dumps(plain).encode()})
    with pytest.raises(ModelRefused, match="damaged"):
        modelfile.load(trained.path)


def test_a_file_of_endless_size_is_no_model_s(trained: Trained) -> None:
    manifest = json.loads((trained.path / "manifest.json").read_text())
    manifest["files"]["model.json"]["size"] = float("inf")
    (trained.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelRefused, match="does not tell the size"):
        modelfile.load(trained.path)


class Narrow:
    """An encoder of other vectors than those a model was trained with."""

    name, script = "narrow", "latin"
    parts: tuple[int, ...] = (1, 1)

    def encode(self, texts: Sequence[Sequence[str]], *, threads: int = 1) -> Floats:
        return np.ones((len(texts), 2), dtype=np.float32)

    def knows(self, word: str) -> bool:
        return bool(word)


def test_a_model_of_other_vectors_than_its_encoder_s_is_refused(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = modelfile.load(trained.path)
    if not model.pipeline.dense:
        pytest.skip("no encoders here")
    monkeypatch.setitem(encoder._opened, model.pipeline.dense[0].encoder, Narrow())
    with pytest.raises(ModelRefused, match="damaged"):
        modelfile.load(trained.path)


@pytest.mark.parametrize("damage", ["packed in a way of its own", "encrypted", "no head"])
def test_vectors_that_a_disk_spoilt_are_made_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "narrow.npz"
    encode_kept(Narrow(), [["a"]], tmp_path, lambda _: None)
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    if damage == "packed in a way of its own":
        content[entry + 10] = 77
    elif damage == "encrypted":
        content[entry + 8] |= 1
    else:
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr("keys.npy", endless_head())
        content = bytearray(whole.getvalue())
    path.write_bytes(bytes(content))
    np.testing.assert_array_equal(encode_kept(Narrow(), [["a"]], tmp_path, lambda _: None), [[1, 1]])


@pytest.mark.parametrize("spoilt", ["another format", "no JSON", "gone"])
def test_going_back_passes_over_what_cannot_be_read(tmp_path: Path, spoilt: str) -> None:
    registry = Registry(tmp_path / "models")
    first, second, third = (train(tiny(tmp_path, 2, 2 + more), registry.folder, ignore) for more in range(3))
    manifest = second.path / "manifest.json"
    if spoilt == "another format":
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 1}))
    elif spoilt == "no JSON":
        manifest.write_text("{")
    else:
        manifest.unlink()
    assert registry.current() == third.path
    assert registry.roll_back() == first.model_id


def test_a_disk_that_is_full_leaves_no_half_written_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = tmp_path / "shop.yml"
    kept.write_text("before")
    monkeypatch.setattr("nlu.replacing.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_files([Replacement(kept, b"before", b"after")])
    assert [path.name for path in tmp_path.iterdir()] == ["shop.yml"]
    assert kept.read_text() == "before"


def test_a_held_out_file_that_is_no_text_is_told_where_it_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(f"{HEAD} |\n    - ".encode() + b"\xff\n")
    with pytest.raises(TrainingDataError, match=r"a\.yml:5:1: error: this is not UTF-8 text"):
        cases.read([tmp_path], tmp_path)


def test_the_nearest_are_the_same_however_many_are_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [(f"word{n % 7}", f"thing{n % 11}") for n in range(40)]
    together = likeness.nearest(texts, texts, 5)
    monkeypatch.setattr(likeness, "_MOST_CELLS", 100)
    assert likeness.nearest(texts, texts, 5) == together
