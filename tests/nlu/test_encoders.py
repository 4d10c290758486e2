"""Pretrained encoders: what their vectors promise, what is kept of them, and life without them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from nlu import encoder, fit, modelfile
from nlu.data import TrainingData
from nlu.embedded import EmbeddedUnderstander
from nlu.encoder import EncoderMissing, Floats, encode_kept
from nlu.modelfile import ModelRefused
from nlu.normalise import script, scripts
from nlu.pipeline import Encoded, softmax
from nlu.regression import regress
from nlu.train import Trained, train
from tests.contracts.understander_contract import UnderstanderContract
from tests.nlu.conftest import SHOP, ignore
from tests.nlu.test_embedded import TestEmbedded as WithEncoders
from tests.nlu.test_model import forge

ALL = encoder.installed(("latin", "cyrillic"))
needs_encoders = pytest.mark.skipif(len(ALL) < 2, reason="requirements/encoders.txt is not installed: make encoders")

ALIKE = {
    "minilm-l6": ("turn on the light", "switch the lamp on", "what is the capital of peru"),
    "navec-news": ("где моя посылка", "когда приедет заказ", "сочини стихи о любви"),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model without encoders."""
    return train(SHOP, tmp_path_factory.mktemp("plain"), ignore, encoders=())


class TestWithoutEncoders(UnderstanderContract):
    KNOWN: ClassVar = WithEncoders.KNOWN
    ENTITY = WithEncoders.ENTITY

    @pytest.fixture
    def understander(self, plain: Trained) -> EmbeddedUnderstander:
        return EmbeddedUnderstander.load(plain.path)


del WithEncoders  # or it would be run here once more


@needs_encoders
@pytest.mark.parametrize("name", ALL)
def test_what_means_the_same_lies_near(name: str) -> None:
    vectors = encoder.opened(name).encode([text.split() for text in ALIKE[name]])[:, :300]
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1


@needs_encoders
@pytest.mark.parametrize("name", ALL)
def test_a_vector_does_not_depend_on_its_neighbours(name: str) -> None:
    one = encoder.opened(name)
    texts = [text.split() for text in (*ALIKE[name], "a", "?", "я " * 90, "long " * 90)]
    together = one.encode(texts, threads=2)
    assert together.shape == (len(texts), sum(one.parts))
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, np.concatenate([one.encode([text]) for text in texts]), atol=1e-4)


@needs_encoders
def test_only_encoders_of_the_scripts_in_the_data_are_used(shop: TrainingData) -> None:
    assert set(fit.encoders_for(shop.examples)) == set(ALL)
    english = [example for example in shop.examples if example.text.isascii()]
    assert fit.encoders_for(english) == ("minilm-l6",)
    assert fit.encoders_for(shop.examples, ()) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("where is it", "latin"),
        ("где он", "cyrillic"),
        ("мой order где", "cyrillic"),
        ("00", ""),
        ("订单", ""),
        ("", ""),
    ],
)
def test_the_script_is_that_of_most_letters(text: str, expected: str) -> None:
    assert script(text.split()) == expected


class Counting:
    """An encoder whose vectors are the lengths of the words."""

    name = "counting"
    script = "latin"
    parts: tuple[int, ...] = (1, 1)

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[Sequence[str]], *, threads: int = 1) -> Floats:
        self.read += [" ".join(text) for text in texts]
        return np.array([[len(text), len(text[0])] for text in texts], dtype=np.float32)

    def knows(self, word: str) -> bool:
        return word == "known"


def test_what_was_encoded_once_is_kept(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    texts = [["a"], ["b", "c"], ["a"]]
    vectors = encode_kept(first, texts, tmp_path, lambda _: None)
    assert first.read == ["a", "b c"]
    again = encode_kept(second, [*texts, ["new"]], tmp_path, lambda _: None)
    assert second.read == ["new"]
    np.testing.assert_array_equal(again[:3], vectors)


@pytest.mark.parametrize("damage", ["empty", "cut", "foreign"])
def test_damaged_vectors_are_made_anew(tmp_path: Path, damage: str) -> None:
    encode_kept(Counting(), [["a"]], tmp_path, lambda _: None)
    path = tmp_path / "counting.npz"
    if damage == "foreign":
        np.savez(path, keys=np.zeros((1, 16), dtype=np.uint8), vectors=np.zeros((1, 5), dtype=np.float16))
    else:
        path.write_bytes(b"" if damage == "empty" else path.read_bytes()[:-30])
    again = Counting()
    np.testing.assert_array_equal(encode_kept(again, [["a"]], tmp_path, lambda _: None), [[1, 1]])
    assert again.read == ["a"]


def test_texts_are_picked_with_their_vectors() -> None:
    texts = [["one"], ["два"], ["00"], ["three"], ["four"]]
    encoded = Encoded.of(texts, ["latin", "cyrillic"])
    assert encoded.block.tolist() == [0, 1, -1, 0, 0]
    vectors = (np.array([[1], [3], [4]], dtype=np.float32), np.array([[2]], dtype=np.float32))
    picked = Encoded(encoded.block, encoded.place, vectors).pick(np.array([4, 2, 1, 0]))
    assert picked.block.tolist() == [0, -1, 1, 0]
    assert picked.vectors[0].tolist() == [[4], [1]]
    assert picked.vectors[1].tolist() == [[2]]


def test_dense_features_make_the_same_regression_as_in_scikit_learn() -> None:
    random = np.random.default_rng(3)
    labels = np.repeat(np.arange(4), 30)
    features = (random.normal(size=(120, 12)) + 0.5 * labels[:, None]).astype(np.float32)
    weights, bias = regress(features, labels, strength=2.0, tolerance=1e-6)
    expected = LogisticRegression(C=2.0, max_iter=2_000, tol=1e-8).fit(features, labels)
    # Of the probabilities, not of the logits: where a text is sure, single precision cannot tell how sure.
    np.testing.assert_allclose(softmax(features @ weights + bias), expected.predict_proba(features), atol=1e-3)


@needs_encoders
def test_a_model_with_encoders_comes_back_from_its_file(trained: Trained, tmp_path: Path) -> None:
    model = modelfile.load(trained.path)
    assert {dense.encoder for dense in model.pipeline.dense} == set(ALL)
    modelfile.save(tmp_path / "again", model, {})
    again = modelfile.load(tmp_path / "again")
    texts = [text.split() for text in ("where is my parcel", "где моя посылка", "00", "我")]
    one, two = (each.pipeline.predict(texts).confidences for each in (model, again))
    np.testing.assert_array_equal(one, two)


@needs_encoders
def test_serving_without_the_encoder_is_refused_with_a_sentence(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "_opened", {})
    monkeypatch.setattr(encoder, "find_spec", lambda _: None)
    with pytest.raises(ModelRefused, match=r"onnx.*requirements/encoders.txt.*estafeta train"):
        modelfile.load(trained.path)


def test_training_without_encoders_makes_do_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "find_spec", lambda _: None)
    made = train(SHOP, tmp_path, ignore)
    assert modelfile.load(made.path).pipeline.dense == ()
    assert made.missing == ("minilm-l6", "navec-news")


def test_whoever_wants_no_encoders_misses_none(plain: Trained) -> None:
    assert plain.missing == ()


def test_what_could_be_installed_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "find_spec", lambda _: None)
    assert encoder.missing(scripts(["订单", "00"])) == ()
    assert encoder.advice(()) == ""
    one, two = (encoder.advice(encoder.missing(scripts(texts))) for texts in (["hi"], ["hi", "да"]))
    assert "in Latin letters there is" in one
    assert "in Latin and Cyrillic letters there are" in two
    for told in (one, two):
        assert "make encoders" in told
        assert "\n" not in told


def test_an_unknown_encoder_is_missing() -> None:
    with pytest.raises(EncoderMissing, match="knows no encoder"):
        encoder.opened("nobody")


@needs_encoders
def test_models_with_and_without_encoders_are_two(trained: Trained, plain: Trained) -> None:
    assert trained.model_id != plain.model_id


@needs_encoders
@pytest.mark.parametrize(
    "change", [{"encoder": "nobody"}, {"words_count": -1}, {"scope_bias": "x"}, {"neighbours": 5, "script": None}]
)
def test_a_forged_encoder_part_is_refused(trained: Trained, change: dict[str, object]) -> None:
    told = json.loads((trained.path / "model.json").read_text())
    told["dense"][0] |= change
    if "neighbours" in change:
        told["dense"][0].pop("script")
    forge(trained.path, {"model.json": json.dumps(told).encode()})
    with pytest.raises(ModelRefused):
        modelfile.load(trained.path)


@needs_encoders
async def test_a_word_never_trained_on_is_understood_by_its_meaning(trained: Trained) -> None:
    understander = EmbeddedUnderstander.load(trained.path)
    assert (await understander.understand("has the package been dispatched", deadline=10)).intent == "order_status"
