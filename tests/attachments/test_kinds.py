"""What a file is by what it holds."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estafeta.attachments.kinds import INERT, UNKNOWN, Look, ending_of, kind_of, look
from estafeta.attachments.limits import PROGRAMS
from tests.attachments import samples


def seen(folder: Path, data: bytes) -> Look:
    path = folder / "file"
    path.write_bytes(data)
    return look(path)


def each(groups: dict[str, list[bytes]]) -> list[object]:
    return [pytest.param(name, data, id=f"{name}-{n}") for name, many in groups.items() for n, data in enumerate(many)]


@pytest.mark.parametrize(("mime", "data"), each(samples.INERT))
def test_what_is_inert_is_named_as_what_it_is(mime: str, data: bytes, tmp_path: Path) -> None:
    assert seen(tmp_path, data) == Look(mime, INERT[mime][0])


def test_there_is_a_sample_of_every_kind() -> None:
    assert set(samples.INERT) == set(INERT)


@pytest.mark.parametrize(("kind", "data"), each(samples.UNNAMED))
def test_all_else_is_only_bytes(kind: str, data: bytes, tmp_path: Path) -> None:
    assert seen(tmp_path, data).mime == UNKNOWN


@pytest.mark.parametrize(("ending", "data"), each(samples.PROGRAMS))
def test_programs_are_known_for_programs(ending: str, data: bytes, tmp_path: Path) -> None:
    assert seen(tmp_path, data) == Look(UNKNOWN, ending)
    assert ending in PROGRAMS


def test_an_empty_file_is_nothing_in_particular(tmp_path: Path) -> None:
    assert seen(tmp_path, b"") == Look(UNKNOWN, "")


def test_the_name_on_disk_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"<script>alert(1)</script>")
    assert look(tmp_path / "photo.jpg").mime == UNKNOWN


def test_a_page_that_begins_late_in_a_text_is_text(tmp_path: Path) -> None:
    """As `text/plain` no browser runs it; what begins like a page is not even called text."""
    assert seen(tmp_path, b"see <script>").mime == "text/plain"


def test_a_zip_that_says_its_directory_is_huge_is_just_a_zip(tmp_path: Path) -> None:
    data = bytearray(samples.zipped("[Content_Types].xml", "word/document.xml"))
    struct.pack_into("<L", data, data.rfind(b"PK\5\6") + 12, 0xFFFFFFFF)
    assert seen(tmp_path, bytes(data)).mime == "application/zip"


def test_what_a_kind_is_sent_as() -> None:
    assert [kind_of(mime) for mime in ("image/jpeg", "image/gif", "audio/ogg", "video/mp4", "text/html", "")] == [
        "photo", "document", "audio", "video", "document", "document",
    ]  # fmt: skip
    assert [ending_of(mime) for mime in ("image/jpeg", UNKNOWN)] == ["jpg", ""]


BEGINNINGS = st.sampled_from(
    [data for group in (samples.INERT, samples.PROGRAMS) for many in group.values() for data in many]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), BEGINNINGS, st.integers(0, 200), st.binary(max_size=40))
def test_damaged_files_are_looked_at_without_harm(
    tmp_path: Path, noise: bytes, beginning: bytes, at: int, other: bytes
) -> None:
    beginning = beginning[:5000]
    for data in (noise, beginning[:at], beginning[:at] + noise, beginning[:at] + other + beginning[at + len(other) :]):
        found = seen(tmp_path, data)
        assert found.mime in INERT or found.mime == UNKNOWN


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(),
    st.sampled_from(["<html>", "<!doctype html>", "<svg>", "<script>", "<?xml ?>", "<!--"]),
    st.text(" \n\t\r"),
)
def test_what_a_browser_could_take_for_a_page_is_never_named(tmp_path: Path, rest: str, tag: str, space: str) -> None:
    assert seen(tmp_path, (space + tag + rest).encode("utf-8", "replace")).mime == UNKNOWN
