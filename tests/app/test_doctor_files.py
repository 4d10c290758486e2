"""`estafeta doctor` about where files are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from estafeta.app.config import Settings
from estafeta.app.doctor import servers
from estafeta.app.doctor.finding import Finding

S3 = {"bucket": "shop-files", "key": "the-key-of-the-shop", "secret": "the-secret-of-the-shop"}


async def found(folder: Path, **more: Any) -> list[Finding]:
    return [finding async for finding in servers.files(Settings(data=folder, **more))]


async def test_a_folder_is_fine_and_is_not_made(tmp_path: Path) -> None:
    (finding,) = await found(tmp_path)
    assert (finding.level, finding.about) == ("ok", "files")
    assert not (tmp_path / "files").exists()


async def test_a_folder_that_other_machines_do_not_see_is_told(tmp_path: Path) -> None:
    (finding,) = await found(tmp_path, mongo={"url": "mongodb://127.0.0.1:9"})
    assert finding.level == "warning"
    assert "ESTAFETA_FILES__S3__BUCKET" in finding.text


async def test_a_bucket_that_does_not_answer_is_told_without_its_secret(tmp_path: Path) -> None:
    s3 = {**S3, "endpoint": "http://127.0.0.1:9", "seconds": 1.0}
    (finding,) = await found(tmp_path, files={"s3": s3})
    assert finding.level == "error"
    assert "127.0.0.1:9" in finding.text
    assert not any(S3[name] in finding.text for name in ("key", "secret"))
