"""What the driver reports, as a sentence that says what is wrong and what to do.

The driver's own words are not passed on: they may quote documents, and so what customers wrote.
"""

from __future__ import annotations

from bson.errors import BSONError
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidOperation,
    InvalidURI,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
_UNAUTHORIZED, _AUTHENTICATION_FAILED, _OUT_OF_DISK_SPACE = 13, 18, 14031
_UNCONFIRMED = frozenset({50, 64, 91, 100})

TOO_LARGE = frozenset({10334, 4568, 4031700, 17280, 17419, 17420})
"""A document, or the answer of a pipeline, beyond 16 MB; the numbers without a name are $lookup's and updates' own."""


def sentence(place: str, error: PyMongoError | BSONError) -> str:
    match error:
        case InvalidURI() | ConfigurationError():
            return (
                f"the address of MongoDB ({place}) cannot be used: it looks like mongodb://user:password@host:port/"
                "?replicaSet=name, with special characters of the user and the password percent-encoded"
            )
        case InvalidOperation():
            return "the store is not open"
        case ExecutionTimeout() | WTimeoutError():
            return _unconfirmed(place)
        case NetworkTimeout() | ServerSelectionTimeoutError() | ConnectionFailure():
            return f"MongoDB at {place} does not answer: see that it runs, has a primary and can be reached from here"
        case OperationFailure():
            return _refused(place, error)
        case BSONError():
            return _too_large(place)
        case _:
            return f"MongoDB at {place} failed ({type(error).__name__}): its log tells why"


def _refused(place: str, error: OperationFailure) -> str:
    if error.code == _AUTHENTICATION_FAILED:
        return f"MongoDB at {place} does not know this user or password: correct the address of MongoDB"
    if error.code == _UNAUTHORIZED:
        return f"MongoDB at {place} does not let this user work there: give it the role readWrite on that database"
    if error.code == _OUT_OF_DISK_SPACE:
        return f"MongoDB at {place} has no space left: free some on its disk"
    if error.code in _UNCONFIRMED:
        return _unconfirmed(place)
    if error.code in TOO_LARGE:
        return _too_large(place)
    name = (error.details or {}).get("codeName", type(error).__name__)
    return f"MongoDB at {place} refused ({name}, code {error.code}): its log tells why"


def _too_large(place: str) -> str:
    return f"MongoDB at {place} cannot take this: it is larger than a document may be (16 MB)"


def _unconfirmed(place: str) -> str:
    return (
        f"MongoDB at {place} did not confirm in time: see that most members of its replica set are up "
        "and that its disk keeps up"
    )
