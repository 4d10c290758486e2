"""Which regular expressions of a trainer are run on strangers' texts.

The dangerous ones are the textbook shapes (Davis et al. 2018, The Impact of Regular Expression Denial of
Service in Practice; OWASP, Regular expression Denial of Service) and expressions that libraries were
warned of; the ordinary ones are what trainers write for numbers, codes, dates and addresses.
"""

from __future__ import annotations

import time

import pytest

from estafeta.kernel.patterns import UnsafePattern, compile_pattern
from nlu.entities import EntityFinder
from nlu.normalise import read

DANGEROUS = [
    r"(a+)+",
    r"(a+)+$",
    r"(a*)*b",
    r"(a|a)*b",
    r"(a|aa)+$",
    r"(a|a?)+$",
    r"(.*a){12}",
    r"(.*)*x",
    r"(.+)+\d",
    r"([a-zA-Z]+)*$",
    r"(\w+\s?)+$",
    r"(\w*)+@",
    r"(\d+)*\.",
    r"(\d+\.?)+x",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(x+x+)+y",
    r"(?:\s*\d+\s*)+;",
    r"((ab)*)+c",
    r"(?:a{1,20}){1,20}b",
    r"(?:(?:a?){30}){30}b",
    r"(a?){40}a{40}",
    r"(?=(a+)+b)a",
    r"(?<!x)(a+)+b",
    r"(?:[а-яё]+ ?)+!",
    r"(заказ|заказ\w*)+\d",
    r".*.*.*=.*",
    r"\w*\w*\w*\w*!",
    r"\s*\s*\s*\s*x",
    r"[^,]*[^;]*[^.]*[^!]*#",
    r"(\w+\.)*\w+@(\w+\.)+\w+",
    r"^([a-zA-Z0-9_.-])+@(([a-zA-Z0-9-])+\.)+([a-zA-Z0-9]{2,4})+$",
    r"(([a-z]+\d*)+-?)+z",
    r"(a(b|c+)*)+d",
    r"(?i:(q+)+)w",
    r"(a)\1+",
    r"(?P<x>\d+)(?P=x)+",
    r"a*+b",
    r"(?>a*)*b",
]

ORDINARY = [
    (r"\d{6}", "100272"),
    (r"(?<!\d)\d{6}(?!\d)", "100272"),
    (r"№?\s?\d{5,6}", "№ 10452"),
    (r"#\d+", "#17"),
    (r"[A-Z]{2}\d{9}[A-Z]{2}", "RA123456789RU"),
    (r"[A-ZА-Я]{1,3}-\d{2,8}", "П-10452"),
    (r"\d{14}", "12345678901234"),
    (r"\d{4}[- ]?\d{6}", "4510 123456"),
    (r"\d{10}|\d{12}", "7707083893"),
    (r"\d{3}-\d{3}-\d{3} \d{2}", "112-233-445 95"),
    (r"\d{2}\.\d{2}\.\d{4}", "25.11.2026"),
    (r"\d{4}-\d{2}-\d{2}", "2026-11-25"),
    (r"([01]?\d|2[0-3]):[0-5]\d", "15:30"),
    (r"\+?\d[\d() -]{8,16}\d", "+7 (903) 123-45-67"),
    (r"8 ?\(?\d{3}\)? ?\d{3}-?\d{2}-?\d{2}", "8(903)123-45-67"),
    (r"[\w.+-]+@[\w-]+\.[a-z]{2,}", "anna@example.org"),
    (r"https?://\S+", "https://example.org/a?b=c"),
    (r"(?:заказ|order)\s*№?\s*\d+", "заказ № 17"),
    (r"(?:размер|size) ?(?:xs|s|m|l|xl|xxl)", "размер XL"),
    (r"\d{1,3}(?:[ .,]\d{3}){0,3}", "1 500 000"),
    (r"\d+(?:[.,]\d{1,2})? ?(?:руб|р|₽)", "1500,50 руб"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "123e4567-e89b-12d3-a456-426614174000"),
    (r"(?:\d{1,3}\.){3}\d{1,3}", "192.168.0.1"),
    (r"[A-HJ-NPR-Z\d]{17}", "1HGCM82633A004352"),
    (r"[АВЕКМНОРСТУХ]\d{3}[АВЕКМНОРСТУХ]{2}\d{2,3}", "А123ВС77"),
    (r"\d{1,2}(?:st|nd|rd|th)", "25th"),
    (r"\d{3}-\d{2}-\d{4}", "078-05-1120"),
    (r"\d{5}(?:-\d{4})?", "12345-6789"),
    (r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "SW1A 1AA"),
    (r"(?:вторник|среда|четверг)", "среда"),
    (r"\bkv\.? ?\d{1,4}", "kv. 17"),
    (r"97[89]-?\d-?\d{2,5}-?\d{2,6}-?\d", "978-5-17-118366-1"),
    (r"\$\d+(?:\.\d{2})?", "$15.50"),
    (r"[^@\s]{1,30}@[^@\s]{1,30}", "a@b"),
    (r"v?\d+\.\d+\.\d+", "v1.20.3"),
]


@pytest.mark.parametrize("pattern", DANGEROUS)
def test_a_dangerous_pattern_is_refused_with_a_sentence(pattern: str) -> None:
    with pytest.raises(UnsafePattern) as refused:
        compile_pattern(pattern)
    assert len(str(refused.value)) > 30


@pytest.mark.parametrize(("pattern", "text"), ORDINARY)
def test_an_ordinary_pattern_is_taken_and_found(pattern: str, text: str) -> None:
    finder = EntityFinder(regexes={"e": [pattern]}, phrases={}, synonyms={})
    found = finder.find(read(f"вот {text} да"))
    assert [(entity.value, entity.start) for entity in found] == [(text, 4)]


ATTACKS = ["1" * 2_000, "a" * 2_000, "1 " * 1_000, "a1-." * 500, "a" * 1_999 + "!", "8(903)" * 333, "http://" * 280]


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in ORDINARY])
def test_an_ordinary_pattern_is_quick_on_any_text(pattern: str) -> None:
    """At best of two: the machine may stop us at any time, the pattern may not."""
    finder = EntityFinder(regexes={"e": [pattern]}, phrases={}, synonyms={})
    for text in ATTACKS:
        spent = []
        for _ in range(2):
            began = time.process_time()
            finder.find(read(text))
            spent.append(time.process_time() - began)
        assert min(spent) < 0.3, text[:20]


def test_ways_to_reach_a_separator_multiply() -> None:
    """Each "!" is reached in as many ways as the repeats before it can share out the letters."""
    with pytest.raises(UnsafePattern):
        compile_pattern(r"\w*\w*!" * 8 + "x")
    compile_pattern(r"\w*!" * 8 + "x")
