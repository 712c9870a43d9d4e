"""Ask at random addresses, and judge the answers."""

import hashlib
import re
from pathlib import Path

import httpx2 as httpx
from helpers.trials import Trial
from helpers.web import Page, command_serving
from web.addresses import Addresses

# Of a request that is wrong, or of a result that is not there or too large.
_REFUSED = frozenset({400, 403, 404, 405, 414, 422})


def ask(trial: Trial, database: Path, *, count: int, seed: int) -> None:
    """Ask at random addresses of `coexpr serve`.

    Each must be answered, or refused with its reason; the process must neither end nor print a traceback, and the
    database must not change.
    """
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    with command_serving(database) as (client, process):
        addresses = Addresses(client.get("/api/openapi.json").json(), seed)
        for address in (addresses.next() for _ in range(count)):
            _judge(trial, address, client)
            if process.poll() is not None:
                trial.fail(f"{address}: the server has ended")
                return
        process.terminate()
        if "Traceback" in (text := process.communicate()[1]):
            trial.fail(text[-2000:])
    if hashlib.sha256(database.read_bytes()).hexdigest() != before:
        trial.fail("the database has changed")


def _judge(trial: Trial, address: str, client: httpx.Client) -> None:
    try:
        answer = client.get(address)
    except httpx.HTTPError as error:
        trial.fail(f"{address[:300]}: {error!r}")
        return
    has_raw_control = any(character in _sentences_of(answer) for character in "\x00\x1b\u202e")
    if answer.status_code not in (200, 303, 307, *_REFUSED):
        trial.fail(f"{address[:300]}: {answer.status_code}, {answer.text[:300]}")
    elif has_raw_control or "x" in answer.cookies:
        trial.fail(f"{address[:300]}: a control character or a cookie of the address")
    elif answer.status_code in _REFUSED and not answer.text.strip():
        trial.fail(f"{address[:300]}: {answer.status_code} without a reason")
    elif answer.status_code in _REFUSED:
        trial.count("refused with its reason")
    else:
        trial.count("an answer")


def _sentences_of(answer: httpx.Response) -> str:
    """Return the text of a page without what was typed, or of an answer that is text."""
    kind = str(answer.headers.get("content-type", ""))
    if kind.startswith("text/html"):
        return Page(re.sub("<textarea.*?</textarea>", "", answer.text, flags=re.DOTALL)).text
    if kind.startswith("application/json"):
        content = answer.json()
        return str(content["error"]["message"]) if isinstance(content, dict) and "error" in content else ""
    return answer.text if kind.startswith("text/") else ""
