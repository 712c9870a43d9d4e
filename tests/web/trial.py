"""Ask at random addresses, and judge the answers."""

import hashlib
from pathlib import Path

import httpx2 as httpx
from helpers.trials import Trial
from helpers.web import command_serving
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
    has_raw_control = any(character in answer.text for character in "\x00\x1b") and "text/" in _kind_of(answer)
    if answer.status_code not in (200, 303, 307, *_REFUSED):
        trial.fail(f"{address[:300]}: {answer.status_code}, {answer.text[:300]}")
    elif has_raw_control or "x" in answer.cookies:
        trial.fail(f"{address[:300]}: a control character or a cookie of the address")
    elif answer.status_code in _REFUSED:
        trial.count("refused with its reason" if answer.text.strip() else "refused")
    else:
        trial.count("an answer")


def _kind_of(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-type", ""))
