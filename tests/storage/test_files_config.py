"""Settings of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from estafeta.attachments import Limits
from storage.files.config import FilesConfig


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ESTAFETA_", env_nested_delimiter="__")

    files: FilesConfig = FilesConfig()


def test_what_is_not_set_is_a_folder_and_the_usual_limits() -> None:
    assert FilesConfig().s3 is None
    assert FilesConfig().limits == Limits()


def test_the_environment_sets_all_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "MOST": "1000", "SECONDS": "9.5", "REFUSED": '["zip", "exe"]', "S3__BUCKET": "files", "S3__KEY": "key",
        "S3__SECRET": "value", "S3__ENDPOINT": "http://127.0.0.1:9000/", "S3__PREFIX": "/a/b/",
        "S3__PATH_STYLE": "false",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"ESTAFETA_FILES__{name}", value)
    files = Settings().files
    assert files.limits == Limits(most=1000, seconds=9.5, refused=frozenset({"zip", "exe"}))
    assert files.s3 is not None
    assert (files.s3.endpoint, files.s3.prefix, files.s3.path_style) == ("http://127.0.0.1:9000", "a/b", False)
    assert files.s3.secret.get_secret_value() == "value"
    assert files.s3.place == "http://127.0.0.1:9000, bucket files"


@pytest.mark.parametrize(
    "wrong", [{"most": 0}, {"seconds": 0}, {"refused": [".exe"]}, {"refused": ["EXE"]}, {"more": 1}]
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FilesConfig.model_validate(wrong)
