"""What files may be called."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from estafeta.attachments.names import LONGEST, ending, safe_name


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Счёт № 5 (копия).pdf", "Счёт № 5 (копия).pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("/a/b/", "b"),
        ("a\x00b\r\nc.txt", "ab c.txt"),
        ("fdp.\u202egpj.exe", "fdp.gpj.exe"),
        ("a\u200bb\ufeff.txt", "ab.txt"),
        (".htaccess", "htaccess"),
        ("...", "document"),
        ("", "document"),
        ("   ", "document"),
        ("\u202e", "document"),
        ("a.txt. . .", "a.txt"),
        ("  two   spaces .txt", "two spaces.txt"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("LPT¹.tar.gz", "_LPT¹.tar.gz"),
        ("CONTRACT.pdf", "CONTRACT.pdf"),
        ('a<b>:"c"|?*.txt', "a_b___c____.txt"),
        ("-rf", "rf"),
        ("~$report.docx", "$report.docx"),
        ("a／b＼c.txt", "c.txt"),
        ("и\u0306.txt", "й.txt"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ("👩\u200d💻.png", "👩\u200d💻.png"),
        ("a\ud800b.txt", "ab.txt"),
        ("tag\U000e0041.txt", "tag.txt"),
        ("архив.tar.gz", "архив.tar.gz"),
    ],
)
def test_names_lose_what_deceives_or_harms(given_name: str, safe: str) -> None:
    assert safe_name(given_name) == safe


def test_a_name_is_made_of_the_kind_and_of_what_the_content_is() -> None:
    assert safe_name("", kind="photo", mime="image/png") == "photo.png"
    assert safe_name("", kind="voice", mime="audio/ogg") == "voice.ogg"
    assert safe_name("", kind="voice") == "voice.ogg"
    assert safe_name("", kind="document", mime="application/octet-stream") == "document"
    assert safe_name("scan", mime="application/pdf") == "scan.pdf"
    assert safe_name("scan.pdf", mime="image/png") == "scan.pdf"


def test_a_long_name_keeps_its_ending() -> None:
    long = safe_name("я" * 500 + ".docx")
    assert len(long) <= LONGEST
    assert long.endswith("я.docx")
    assert len(safe_name("😀" * 500 + ".docx").encode()) <= 240
    assert len(safe_name("a" * 500)) == LONGEST


def test_endings() -> None:
    assert [ending(name) for name in ("a.JPG", "a.tar.gz", "a", ".x", "a.not one")] == ["jpg", "gz", "", "x", ""]


NAMES = st.one_of(
    st.text(max_size=300),
    st.text('./\\:*?"<>|-~ \u202e\u200d\x00CONLPTaux0123.', max_size=40),
    st.builds("{}.{}".format, st.text(max_size=200), st.text(max_size=20)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    NAMES,
    st.sampled_from(["photo", "document", "voice"]),
    st.sampled_from(["", "image/png", "application/octet-stream"]),
)
@example("a" * 117 + " .png", "photo", "")
@example("." * 130, "document", "image/png")
@example("CON .txt", "document", "")
@example("a" * 119 + " .", "document", "image/png")
def test_whatever_is_given_is_safe(tmp_path: Path, name: str, kind: str, mime: str) -> None:
    safe = safe_name(name, kind=kind, mime=mime)  # type: ignore[arg-type]
    assert 0 < len(safe) <= LONGEST
    assert len(safe.encode()) <= 240
    assert not set(safe).intersection('/\\<>:"|?*')
    assert safe[0] not in ".-~ "
    assert safe[-1] not in ". "
    assert unicodedata.is_normalized("NFC", safe)
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in safe)
    assert not any(unicodedata.bidirectional(one) in ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI") for one in safe)
    stem = safe.split(".")[0].upper().rstrip()
    assert stem not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}
    assert safe_name(safe, kind=kind, mime=mime) == safe  # type: ignore[arg-type]
    (tmp_path / safe).write_bytes(b"")
    assert [path.name for path in tmp_path.iterdir()] == [safe]
    (tmp_path / safe).unlink()
