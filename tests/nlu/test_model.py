"""The served model against scikit-learn, its file, the registry, training and evaluation."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline as SklearnPipeline
from sklearn.pipeline import make_pipeline, make_union

from nlu import fit, kinship, modelfile
from nlu.data import TrainingData
from nlu.evaluate import calibration_error, evaluate
from nlu.modelfile import ModelRefused
from nlu.normalise import read, words
from nlu.pipeline import Calibration, Pipeline, softmax
from nlu.registry import Registry
from nlu.scope import Floats
from nlu.terms import char_terms, word_terms
from nlu.train import Trained, train
from tests.nlu.conftest import SHOP, ignore

UNSEEN = [
    "где моя посылка?",
    "hello, when do you open",
    "qwerty 123",
    "верните деньги",
    "а",
    "доставка доставка DELIVERY",
]


def reference(texts: list[list[str]], intents: list[str], rare: int) -> SklearnPipeline:
    blocks = [TfidfVectorizer(analyzer=terms, sublinear_tf=True, min_df=rare) for terms in (word_terms, char_terms)]
    # For two classes scikit-learn penalises one vector of weights where the softmax has two halves of it.
    strength = fit.STRENGTH * (2 if len(set(intents)) == 2 else 1)
    regression = LogisticRegression(C=strength, max_iter=2_000, tol=1e-6)
    return make_pipeline(make_union(*blocks), regression).fit(texts, intents)


@pytest.mark.parametrize("kind", ["shop", "two intents", "many texts"])
def test_training_and_serving_equal_scikit_learn(
    shop: TrainingData, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "TOLERANCE", 1e-6)
    monkeypatch.setattr(fit, "_RARE_FROM", 1_000)
    monkeypatch.setattr(kinship, "SHARED", 0.0)
    pairs = [(words(read(example.text).text), example.intent) for example in shop.examples]
    if kind == "two intents":
        pairs = [pair for pair in pairs if pair[1] in ("greet", "thanks")]
    if kind == "many texts":
        choice = random.Random(5)
        pairs = [(choice.sample(text, len(text)) + choice.choice(pairs)[0][:2], name) for text, name in pairs * 10]
        assert len(pairs) > 1_000
    texts, intents = [text for text, _ in pairs], [name for _, name in pairs]
    pipeline = fit.fit(fit.count(texts, intents), np.arange(len(texts)))
    expected = reference(texts, intents, rare=2 if kind == "many texts" else 1)
    asked = texts[:300] + [words(read(text).text) for text in UNSEEN]
    assert pipeline.intents == tuple(expected.classes_)
    np.testing.assert_allclose(softmax(pipeline.score(asked).logits), expected.predict_proba(asked), atol=2e-3)


def test_serving_equals_scikit_learn_to_the_last_digit_of_its_weights(shop: TrainingData) -> None:
    """With the regression's own numbers put in, nothing but rounding is left."""
    texts = [words(read(example.text).text) for example in shop.examples]
    intents = [example.intent for example in shop.examples]
    pipeline = fit.fit(fit.count(texts, intents), np.arange(len(texts)))
    expected = reference(texts, intents, rare=1)
    regression = expected[-1]
    regression.coef_ = pipeline.weights.T.astype(float)
    regression.intercept_ = pipeline.bias.astype(float)
    asked = texts + [words(read(text).text) for text in UNSEEN]
    np.testing.assert_allclose(softmax(pipeline.score(asked).logits), expected.predict_proba(asked), atol=1e-5)


def by_count(pipeline: Pipeline, texts: Sequence[Sequence[str]]) -> Floats:
    assert pipeline.by_count is not None
    return replace(pipeline, weights=pipeline.by_count, bias=np.zeros_like(pipeline.bias)).score_words(texts)[0]


def test_what_training_holds_out_is_scored_as_it_is_in_service(shop: TrainingData) -> None:
    counted = fit.count_examples(shop.examples, ())
    fold = fit.folds(counted, 3)
    with fit.workers() as pool:
        held = fit.hold_out(counted, 3, lambda _: None, pool)
    for at in range(3):
        pipeline = fit.fit(counted, np.flatnonzero(fold != at))
        mine = np.isin(held.rows, np.flatnonzero(fold == at))
        texts = counted.pick(held.rows[mine])
        np.testing.assert_allclose(held.by_words[mine], pipeline.score_words(texts)[0], atol=1e-4)
        np.testing.assert_allclose(held.by_count[mine], by_count(pipeline, texts), atol=1e-3)


def test_what_is_counted_equals_naive_bayes_of_scikit_learn(shop: TrainingData) -> None:
    texts = [words(read(example.text).text) for example in shop.examples]
    intents = [example.intent for example in shop.examples]
    pipeline = fit.fit(fit.count(texts, intents), np.arange(len(texts)))
    bayes = MultinomialNB(alpha=fit.SMOOTHING, fit_prior=False)
    expected = make_pipeline(reference(texts, intents, rare=1)[0], bayes).fit(texts, intents)
    asked = texts + [words(read(text).text) for text in UNSEEN]
    np.testing.assert_allclose(softmax(by_count(pipeline, asked)), expected.predict_proba(asked), atol=1e-4)


def test_calibrating_adds_the_two_models_over_words_up(shop: TrainingData) -> None:
    texts = [words(read(example.text).text) for example in shop.examples]
    pipeline = fit.fit(fit.count(texts, [example.intent for example in shop.examples]), np.arange(len(texts)))
    sum_of_both = pipeline.score_words(texts)[0] + 0.25 * by_count(pipeline, texts)
    served = pipeline.calibrated(Calibration(temperature=2.0, by_count=0.25))
    np.testing.assert_allclose(served.score(texts).logits, sum_of_both / 2, atol=1e-4)
    assert served.by_count is None


def test_how_a_text_begins_and_ends_counts() -> None:
    assert word_terms(["где", "заказ"]) == ["где", "заказ", "< где", "где заказ", "заказ >"]
    texts = [["back", "to", "you"], ["you", "to", "back"]] * 3
    pipeline = fit.fit(fit.count(texts, ["one", "other"] * 3), np.arange(6))
    said = pipeline.predict([["back", "x", "you"], ["you", "x", "back"]]).probabilities.argmax(axis=1)
    assert [pipeline.intents[at] for at in said] == ["one", "other"]


def test_a_batch_equals_its_texts_alone(models: Path) -> None:
    pipeline = modelfile.load(Registry(models).current()).pipeline
    texts = [words(read(text).text) for text in UNSEEN]
    alone = np.concatenate([pipeline.predict([text]).confidences for text in texts])
    np.testing.assert_allclose(pipeline.predict(texts).confidences, alone, atol=1e-6)


def test_texts_about_something_else_are_less_certain(models: Path) -> None:
    pipeline = modelfile.load(Registry(models).current()).pipeline
    assert pipeline.scope is not None
    inside = [words(text) for text in ("где мой заказ", "можно оплатить картой", "позовите оператора")]
    outside = [words(text) for text in ("сочини стих про кота", "what is the capital of peru", "курс биткоина")]
    confidences = pipeline.predict(inside + outside).confidences.max(axis=1)
    assert confidences[:3].min() > confidences[3:].max()


def test_a_model_comes_back_from_its_file(trained: Trained, tmp_path: Path) -> None:
    model = modelfile.load(trained.path)
    modelfile.save(tmp_path / "again", model, {"note": 1})
    again = modelfile.load(tmp_path / "again")
    assert again.id == model.id == trained.model_id
    texts = [words(read(text).text) for text in UNSEEN]
    np.testing.assert_array_equal(again.pipeline.predict(texts).confidences, model.pipeline.predict(texts).confidences)
    assert again.entities.to_plain() == model.entities.to_plain()


def forge(folder: Path, change: dict[str, bytes]) -> None:
    """Other files with sums that fit: what a careful forger would leave."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, content in change.items():
        (folder / name).write_bytes(content)
        manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["model.json", "arrays.npz", "manifest.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "longer"])
def test_a_damaged_model_is_refused(trained: Trained, name: str, damage: str) -> None:
    path = trained.path / name
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x81
    pieces = {"flipped": bytes(content), "cut": path.read_bytes()[:-7], "longer": path.read_bytes() + b"x"}
    path.unlink() if damage == "gone" else path.write_bytes(pieces[damage])
    with pytest.raises(ModelRefused, match=r"estafeta train"):
        modelfile.load(trained.path)


def pickled_arrays() -> bytes:
    buffer = io.BytesIO()
    thing: Any = np.array([{"a": 1}], dtype=object)
    np.savez(buffer, idf=thing, weights=thing, bias=thing, scope=thing)
    return buffer.getvalue()


def packed(*members: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for number, content in enumerate(members):
            archive.writestr(f"{number}.npy", content)
    return buffer.getvalue()


def array_of(shape: int, content: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": (shape,)})
    return buffer.getvalue() + content


BOMB = packed(array_of(1_000_000, bytes(4_000_000)), compression=zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    "change",
    [
        {"arrays.npz": pickled_arrays()},
        {"arrays.npz": BOMB},
        {"arrays.npz": packed(array_of(10**15))},
        {"arrays.npz": packed(array_of(10**25))},
        {"model.json": b"[" * 100_000},
        {"arrays.npz": b"PK\x03\x04 no archive"},
        {"arrays.npz": b""},
        {"model.json": b"[]"},
        {"model.json": b"{}"},
        {"model.json": b"\xff"},
    ],
)
def test_a_forged_model_is_refused(trained: Trained, change: dict[str, bytes]) -> None:
    forge(trained.path, change)
    with pytest.raises(ModelRefused, match="damaged"):
        modelfile.load(trained.path)


def test_two_trainers_who_keep_the_same_at_once_leave_it_whole(trained: Trained, tmp_path: Path) -> None:
    model, folder = modelfile.load(trained.path), tmp_path / "kept"
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(modelfile.save, folder, model, {}) for _ in range(40)]:
            done.result()
    assert modelfile.load(folder).id == model.id
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_would_grow_is_not_unpacked(trained: Trained) -> None:
    forge(trained.path, {"arrays.npz": BOMB})
    with pytest.raises(ModelRefused, match="would grow by unpacking"):
        modelfile.load(trained.path)


def test_a_manifest_without_end_is_refused(trained: Trained) -> None:
    (trained.path / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(ModelRefused, match="is no JSON"):
        modelfile.load(trained.path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("temperature", 0), ("temperature", "hot"), ("intents", ["one"]), ("words", []), ("entities", {})],
)
def test_a_model_that_does_not_fit_together_is_refused(trained: Trained, key: str, value: object) -> None:
    plain = json.loads((trained.path / "model.json").read_text()) | {key: value}
    forge(trained.path, {"model.json": json.dumps(plain).encode()})
    with pytest.raises(ModelRefused, match="damaged"):
        modelfile.load(trained.path)


def test_an_entity_pattern_from_a_file_is_judged_too(trained: Trained) -> None:
    plain = json.loads((trained.path / "model.json").read_text())
    plain["entities"]["regexes"]["order_number"] = [r"(\d+)+x"]
    forge(trained.path, {"model.json": json.dumps(plain).encode()})
    with pytest.raises(ModelRefused, match="damaged"):
        modelfile.load(trained.path)


def test_another_format_is_refused(trained: Trained) -> None:
    manifest = json.loads((trained.path / "manifest.json").read_text()) | {"format": 999}
    (trained.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelRefused, match="another format"):
        modelfile.load(trained.path)


def test_training_publishes_and_reports(trained: Trained, tmp_path: Path) -> None:
    assert trained.fresh
    assert (trained.intents, trained.examples) == (8, 108)
    assert 0.6 < trained.accuracy_out_of_fold <= 1
    (kept,) = Registry(tmp_path / "models").models()
    assert (kept.id, kept.current, kept.path) == (trained.model_id, True, trained.path)
    assert kept.report["accuracy_out_of_fold"] == trained.accuracy_out_of_fold


def test_unchanged_data_are_not_trained_again(trained: Trained, tmp_path: Path) -> None:
    before = (trained.path / "manifest.json").stat().st_mtime_ns
    again = train(SHOP, tmp_path / "models", ignore)
    assert not again.fresh
    assert again.accuracy_out_of_fold == trained.accuracy_out_of_fold
    assert (trained.path / "manifest.json").stat().st_mtime_ns == before


def test_a_damaged_model_is_trained_again(trained: Trained, tmp_path: Path) -> None:
    (trained.path / "arrays.npz").write_bytes(b"")
    assert train(SHOP, tmp_path / "models", ignore).fresh
    modelfile.load(trained.path)


def test_the_same_data_make_the_same_model(trained: Trained, tmp_path: Path) -> None:
    other = train(SHOP, tmp_path / "other", ignore)
    assert other.model_id == trained.model_id
    for name in ("model.json", "arrays.npz"):
        one, two = ((path / name).read_bytes() for path in (trained.path, other.path))
        assert hashlib.sha256(one).digest() == hashlib.sha256(two).digest() or name == "arrays.npz"


def test_progress_grows_to_the_whole(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    train(SHOP, tmp_path, lambda what, share: told.append((what, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert all(what for what, _ in told)


def tiny(folder: Path, intents: int, examples: int) -> Path:
    (folder / "nlu").mkdir(parents=True, exist_ok=True)
    lines = ["nlu:"]
    for intent in "abcdefghijklmn"[:intents]:
        lines += [
            f"- intent: {intent}",
            "  examples: |",
            *(f"    - word{intent}q {'other ' * n}" for n in range(examples)),
        ]
    (folder / "nlu" / "t.yml").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize(("intents", "examples"), [(2, 1), (2, 3), (3, 2), (7, 1), (12, 2)])
def test_tiny_data_make_a_model(tmp_path: Path, intents: int, examples: int) -> None:
    trained = train(tiny(tmp_path, intents, examples), tmp_path / "models", ignore)
    pipeline = modelfile.load(trained.path).pipeline
    prediction = pipeline.predict([["wordaq"], ["nothing"]])
    assert pipeline.intents[prediction.confidences[0].argmax()] == "a"
    assert prediction.confidences[0].max() > prediction.confidences[1].max()


def test_models_are_published_and_rolled_back(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    first = train(tiny(tmp_path, 2, 2), registry.folder, ignore)
    second = train(tiny(tmp_path, 2, 3), registry.folder, ignore)
    assert registry.current() == second.path
    assert registry.roll_back() == first.model_id
    assert registry.current() == first.path
    assert {model.id: model.current for model in registry.models()} == {first.model_id: True, second.model_id: False}
    with pytest.raises(ModelRefused, match="no earlier model"):
        registry.roll_back()
    registry.publish(second.model_id)
    assert registry.current() == second.path


def test_of_models_that_are_published_at_once_none_is_forgotten(trained: Trained, tmp_path: Path) -> None:
    names = [f"{number:012x}" for number in range(16)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_bytes((trained.path / "manifest.json").read_bytes())
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda name: Registry(tmp_path).publish(name), names))
    assert sorted(Registry(tmp_path).earlier()) == names


@pytest.mark.parametrize("name", ["../../etc", "", "0123456789AB", "0123456789abc"])
def test_only_ids_are_published(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelRefused, match="no model's id"):
        Registry(tmp_path).publish(name)


def test_an_unknown_model_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="there is no model"):
        Registry(tmp_path).publish("0123456789ab")


def test_an_empty_registry_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="estafeta train"):
        Registry(tmp_path / "none").current()
    assert Registry(tmp_path / "none").models() == []


@pytest.mark.parametrize("content", ["", "[]", '{"models": ["../x"]}', '{"models": 5}'])
def test_a_damaged_pointer_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "current.json").write_text(content)
    with pytest.raises(ModelRefused, match="damaged"):
        Registry(tmp_path).current()


def test_evaluation_counts_every_text_once(shop: TrainingData) -> None:
    evaluation = evaluate(shop, folds=3, progress=ignore)
    assert evaluation.examples == sum(intent.examples for intent in evaluation.intents)
    right = sum(intent.recall * intent.examples for intent in evaluation.intents)
    assert right / evaluation.examples == pytest.approx(evaluation.accuracy)
    assert [intent.f1 for intent in evaluation.intents] == sorted(intent.f1 for intent in evaluation.intents)
    assert 0 <= evaluation.ece <= 1


def test_calibration_error_by_hand() -> None:
    confidences = np.array([0.95, 0.95, 0.15, 0.15])
    right = np.array([True, False, False, False])
    assert calibration_error(confidences, right) == pytest.approx(0.5 * 0.45 + 0.5 * 0.15)
