from __future__ import annotations

from pathlib import Path

import pytest

from nlu.data import TrainingData, TrainingDataError, read_workspace
from nlu.entities import EntityFinder
from nlu.normalise import read

TWO_INTENTS = 'version: "3.1"\nnlu:\n- intent: a\n  examples: |\n    - one\n- intent: b\n  examples: |\n    - two\n'


def written(folder: Path, text: str | bytes, name: str = "x.yml") -> Path:
    (folder / "nlu").mkdir(exist_ok=True)
    (folder / "nlu" / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def mistakes(folder: Path, text: str | bytes) -> list[tuple[str, int, int, str]]:
    with pytest.raises(TrainingDataError) as error:
        read_workspace(written(folder, text))
    return [(f.file, f.line, f.column, f.text) for f in error.value.findings]


def test_examples_have_their_place(shop: TrainingData) -> None:
    example = next(example for example in shop.examples if example.text == "статус заказа 10452")
    assert (example.intent, example.file) == ("order_status", "nlu/ru.yml")
    line = (Path(__file__).parent / "data/shop/nlu/ru.yml").read_text().splitlines()[example.line - 1]
    assert line.strip() == "- статус заказа [10452](order_number)"


def test_both_markups_are_read(shop: TrainingData) -> None:
    marks = {example.text: example.entities for example in shop.examples if example.entities}
    (number,) = marks["статус заказа 10452"]
    assert (number.name, number.value, number.start, number.end) == ("order_number", "10452", 14, 19)
    (city,) = marks["во сколько обойдётся доставка до питера"]
    assert (city.name, city.value, city.role) == ("city", "Санкт-Петербург", "to")


def test_a_marked_value_is_a_synonym(shop: TrainingData) -> None:
    assert shop.synonyms["питера"] == "Санкт-Петербург"
    assert shop.synonyms["спб"] == "Санкт-Петербург"


def test_tables_and_patterns_are_read(shop: TrainingData) -> None:
    assert shop.regexes == {"order_number": (r"№?\d{5,6}",)}
    assert "Нижний Новгород" in shop.lookups["city"]


def test_lists_long_forms_and_text_beside_brackets_are_read(tmp_path: Path) -> None:
    text = (
        "nlu:\n- intent: a\n  examples:\n  - text: |\n      - one [1] (two)\n    metadata: {x: 1}\n  - three\n"
        "- intent: b\n  examples: '- four [мск](city:Москва)'\n"
    )
    examples = read_workspace(written(tmp_path, text)).examples
    assert [example.text for example in examples] == ["one [1] (two)", "three", "four мск"]
    assert examples[2].entities[0].value == "Москва"


def test_every_mistake_is_told(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "nlu:\n- intent: a\n- regex: r\n  examples: |\n    - [\n")
    assert [finding[1] for finding in found] == [2, 5]


def test_a_text_with_two_intents_is_doubted(tmp_path: Path) -> None:
    written(tmp_path, TWO_INTENTS.replace("two", "ONE "))
    (doubt,) = read_workspace(tmp_path).doubts
    assert (doubt.file, doubt.line) == ("nlu/x.yml", 8)


def test_an_example_without_words_is_doubted(tmp_path: Path) -> None:
    written(tmp_path, TWO_INTENTS + "    - ?!\n")
    (doubt,) = read_workspace(tmp_path).doubts
    assert doubt.line == 9


def test_a_folder_without_data_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="two intents"):
        read_workspace(tmp_path)


def test_the_digest_changes_with_the_content_only(tmp_path: Path) -> None:
    first = read_workspace(written(tmp_path, TWO_INTENTS)).digest
    assert read_workspace(written(tmp_path, "\n# moved\n" + TWO_INTENTS)).digest == first
    assert read_workspace(written(tmp_path, TWO_INTENTS.replace("two", "three"))).digest != first
    more = TWO_INTENTS + "- regex: r\n  examples: |\n    - x\n"
    assert read_workspace(written(tmp_path, more)).digest != first


def test_ready_made_entities_are_switched_on_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "nlu").mkdir()
    text = (
        'version: "3.1"\nentities:\n- phone-number\n- city: {roles: [from, to]}\nnlu:\n'
        "- intent: a\n  examples: |\n    - one\n- intent: b\n  examples: |\n    - two [Tver](city)\n"
    )
    (tmp_path / "nlu/x.yml").write_text(text)
    data = read_workspace(tmp_path)
    assert data.declared == ("city", "phone-number")
    (phone,) = EntityFinder.of(data).find(read("call +7 999 123-45-67"))
    assert (phone.name, phone.value) == ("phone-number", "+79991234567")
    (tmp_path / "nlu/x.yml").write_text(text.replace("- phone-number\n", ""))
    assert EntityFinder.of(read_workspace(tmp_path)).find(read("call +7 999 123-45-67")) == ()
    assert read_workspace(tmp_path).digest != data.digest
