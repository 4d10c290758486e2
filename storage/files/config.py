"""Where files are kept and which are taken, checked before any comes."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

from estafeta.attachments.limits import PROGRAMS, Limits

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ENDPOINT = re.compile(r"https?://[^\s/?#@]+/?")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")

Ending = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,12}$")]


class S3Config(BaseModel):
    """One bucket of Amazon S3, or of anything that speaks its protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    bucket: str = Field(description="the bucket's name; setting it makes the bucket the place for files")
    key: SecretStr = Field(description="the access key's id")
    secret: SecretStr = Field(description="the secret that belongs to it")
    endpoint: str = Field(
        default="", description="https://host of a service other than Amazon's, or a region's own; empty: Amazon's"
    )
    region: str = Field(default="us-east-1", description="the region of the bucket; many other services take any")
    prefix: str = Field(default="", description="a folder in the bucket, for one that others use too")
    path_style: bool = Field(
        default=True, description="whether the bucket's name is in the path (else before the endpoint's host)"
    )
    seconds: float = Field(default=30.0, gt=0, description="seconds one request may take; large files take several")

    @field_validator("bucket")
    @classmethod
    def _bucket_is_a_name(cls, bucket: str) -> str:
        if not _BUCKET.fullmatch(bucket):
            raise ValueError("a bucket's name is 3 to 63 characters out of a-z, 0-9, . and -")
        return bucket

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_one(cls, endpoint: str) -> str:
        if endpoint and not _ENDPOINT.fullmatch(endpoint):
            raise ValueError("the endpoint is https://host or http://host:port, without a path, a user or a password")
        return endpoint.rstrip("/")

    @field_validator("prefix")
    @classmethod
    def _prefix_is_a_folder(cls, prefix: str) -> str:
        prefix = prefix.strip("/")
        if prefix and (not _PREFIX.fullmatch(prefix) or {".", ".."}.intersection(prefix.split("/"))):
            raise ValueError("the prefix is names out of A-Z, a-z, 0-9, _, . and -, with slashes between them")
        return prefix

    @property
    def place(self) -> str:
        """For sentences: nothing of it is secret."""
        return f"{self.endpoint or f'Amazon S3 in {self.region}'}, bucket {self.bucket}"


class FilesConfig(BaseModel):
    """Files that people send."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    most: int = Field(default=50 * 1024 * 1024, gt=0, description="bytes of one file; larger ones are not taken")
    seconds: float = Field(default=180.0, gt=0, description="seconds to fetch one file in")
    refused: tuple[Ending, ...] = Field(
        default=tuple(sorted(PROGRAMS)), description="endings of files that are not taken, in small letters"
    )
    s3: S3Config | None = None

    @property
    def limits(self) -> Limits:
        return Limits(most=self.most, seconds=self.seconds, refused=frozenset(self.refused))
