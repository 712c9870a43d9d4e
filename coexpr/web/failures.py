"""Errors as answers: a status, and the sentence of the error as a page or as JSON."""

import re

from coexpr.errors import (
    AmbiguousNameError,
    CoexprError,
    DatabaseError,
    DatabaseInUseError,
    FigureError,
    LimitError,
    MissingPackageError,
    NoDatabaseError,
    NotFoundError,
    ServerError,
    TooFewSamplesError,
)
from coexpr.web.parameters import RENAMED
from coexpr.wording import abridged, escaped

# The first class that an error is an instance of decides.
_STATUSES: tuple[tuple[type[CoexprError], int], ...] = (
    (NotFoundError, 404),
    (AmbiguousNameError, 422),
    (TooFewSamplesError, 422),
    (LimitError, 422),
    (FigureError, 422),
    (DatabaseError, 503),
    (ServerError, 503),
    (MissingPackageError, 503),
)
_BAD_REQUEST = 400
# Seconds after which it is worth asking again.
RETRY_AFTER = 10
_PARAMETER_OF = {field: name for (_, field), name in RENAMED.items() if field != "name"}


def status_of(error: CoexprError) -> int:
    """Return the status of the answer to a request that an error ended."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), _BAD_REQUEST)


def headers_of(error: CoexprError) -> dict[str, str]:
    """Return the headers of that answer."""
    return {"Retry-After": str(RETRY_AFTER)} if isinstance(error, DatabaseInUseError | ServerError) else {}


def sentence_of(error: CoexprError) -> str:
    """Return the message of an error, with parameters of addresses in place of those of the library."""
    if isinstance(error, DatabaseInUseError):
        return (
            "Another process is writing to the database, such as coexpr ingest. The page can answer again as soon as "
            "it has finished."
        )
    message = re.sub(
        r"`([a-z_]+)`", lambda found: f"`{_PARAMETER_OF.get(found[1], found[1])}`", abridged(escaped(str(error)))
    )
    return message[:1].upper() + message[1:] if isinstance(error, NoDatabaseError) else message
