"""Whether a file that was received is what was expected, and not an error page.

Servers answer with pages and error messages of status 200, so the contents decide: the first bytes while a file is
received, and the checksums of the whole file at the end.
"""

import gzip
import hashlib
import html
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from coexpr.bundling import duckdb_wasm
from coexpr.fetching.catalogue import Kind

# How many bytes are needed to recognise a file, and to quote the message that came instead.
HEAD_BYTES = 4096
_LONGEST_QUOTE = 160
_BLOCK = 1 << 20
_STARTS: dict[Kind, bytes] = {
    "zip": b"PK\x03\x04",
    "gzip": b"\x1f\x8b",
    "obo": b"format-version:",
    "wasm": b"\0asm",
    "javascript": b'"use strict";',
}
_NAMES: dict[Kind, str] = {
    "zip": "a zip",
    "gzip": "a gzip file",
    "obo": "an OBO file",
    "wasm": "a WebAssembly file",
    "javascript": "a JavaScript file",
}
# What errors of zipfile, gzip and zlib mean.
_DAMAGE: dict[type[Exception], str] = {
    EOFError: "its end is missing",
    gzip.BadGzipFile: "its checksum is wrong, or other data follow it",
    zlib.error: "its data cannot be decompressed",
    zipfile.BadZipFile: "its end is missing or wrong",
    struct.error: "its directory is wrong",
    ValueError: "its directory is wrong",
    RuntimeError: "it is encrypted, or compressed by an unknown method",
}
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.I | re.S)


def looks_like(kind: Kind, head: bytes) -> bool:
    """Return whether the first bytes of a file are those of a kind of file."""
    start = _STARTS[kind]
    return head.startswith(start[: len(head)]) if head else False


def describe_other(kind: Kind, head: bytes) -> str:
    """Return what a server sent instead of a kind of file, with the message in it: "a web page (…), not a zip"."""
    if not head.strip():
        return f"nothing, not {_NAMES[kind]}"
    text = head.decode("utf-8", errors="replace")
    if "\ufffd" in text[:100] or "\0" in text:
        return f"other data, not {_NAMES[kind]}"
    is_page = re.match(r"\s*<(!doctype|html|head|body)", text, re.I) is not None
    title = _TITLE.search(text)
    text = title[1] if is_page and title else _TAG.sub(" ", _error_in(text))
    message = "".join(character if character.isprintable() else " " for character in html.unescape(text))
    message = " ".join(message.split())
    quote = message if len(message) <= _LONGEST_QUOTE else f"{message[:_LONGEST_QUOTE]}…"
    return f"{'a web page' if is_page else 'a message'} ({quote or 'empty'}), not {_NAMES[kind]}"


def _error_in(text: str) -> str:
    """Return the message in an answer of Allen's API: a JSON string, or "msg" in an object; other text as it is."""
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    if isinstance(answer, dict):
        answer = answer.get("msg")
    return answer if isinstance(answer, str) else text


def damage_of(path: Path, kind: Kind) -> str | None:
    """Return why a file on disk is not a whole file of a kind, such as "is damaged (…)"; None if it is.

    All checksums in it are compared.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not looks_like(kind, head):
        return f"is {describe_other(kind, head)}" if head else "is empty"
    try:
        problem = _TESTS[kind](path)
    except tuple(_DAMAGE) as error:
        problem = next(text for cause, text in _DAMAGE.items() if isinstance(error, cause))
    return f"is damaged ({problem})" if problem else None


def _problem_of_zip(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    return f"the checksum of {damaged} in it is wrong" if damaged else None


def _problem_of_gzip(path: Path) -> None:
    with gzip.open(path) as stream:
        while stream.read(_BLOCK):
            pass  # reading compares the checksum


def _problem_of_obo(path: Path) -> str | None:
    """Return whether the last line is whole: an OBO file has no checksum."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 1))
        return None if stream.read() == b"\n" else "its last line is cut"


def _problem_of_program(path: Path) -> str | None:
    """Return whether a file is not one of DuckDB-Wasm, which browsers run."""
    with path.open("rb") as stream:
        is_pinned = hashlib.file_digest(stream, "sha256").hexdigest() in duckdb_wasm.FILES.values()
    return None if is_pinned else f"its SHA-256 is not that of DuckDB-Wasm {duckdb_wasm.VERSION}"


_TESTS: dict[Kind, Callable[[Path], str | None]] = {
    "zip": _problem_of_zip,
    "gzip": _problem_of_gzip,
    "obo": _problem_of_obo,
    "wasm": _problem_of_program,
    "javascript": _problem_of_program,
}
