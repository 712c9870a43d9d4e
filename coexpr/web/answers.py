"""Answers to the questions of pages: computed by a worker, or kept from a moment ago.

A page of a table and the next one, and its file, are the same question. The last answers are kept as long as the
database file is the same, up to a number of rows.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sized
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from starlette.requests import Request

from coexpr.atlas import Atlas
from coexpr.errors import CoexprError
from coexpr.web.workers import Gone, GoneError, Workers

# Rows of all kept answers: about 100 MB.
MAX_ROWS = 200_000
# What an answer has besides its rows takes as much memory as this many rows.
_ROWS_OF_PROVENANCE = 50

T = TypeVar("T")


class Answers:
    """The workers of a server, and their last answers.

    Parameters
    ----------
    workers : Workers
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._stamp: list[Any] = []

    @property
    def path(self) -> Path:
        """The database."""
        return self._workers.path

    @property
    def seconds(self) -> float:
        """How long a statement may take."""
        return self._workers.times.statement

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer within this block."""
        async with self._workers.running():
            yield

    def use(self, path: Path) -> None:
        """Answer from another database from now on."""
        self._workers.path = path

    async def ask(self, request: Request, call: Callable[[Atlas], T], *, is_statement: bool = False) -> T:
        """Return what a function returns for an open Atlas; see `Workers.ask`."""
        return await self._workers.ask(call, request.is_disconnected, is_statement=is_statement)

    async def ask_method(self, request: Request, method: str, arguments: dict[str, Any]) -> Any:
        """Return what a method of `Atlas` returns, which needs no open Atlas, computed or kept."""
        key = f"{method} {sorted(arguments.items())!r}"
        return await self.ask_or_keep(request, key, lambda atlas: getattr(atlas, method)(**arguments))

    async def ask_or_keep(self, request: Request, key: str, call: Callable[[Atlas], Any]) -> Any:
        """Return what a function returns for an open Atlas, or what it returned before for the same key."""
        return await self._ask_or_keep(key, call, request.is_disconnected)

    async def prepare(self, key: str, call: Callable[[Atlas], Any]) -> None:
        """Compute what is asked first, if there is a database."""

        async def is_gone() -> bool:
            return False

        with suppress(CoexprError, GoneError):
            await self._ask_or_keep(key, call, is_gone)

    async def _ask_or_keep(self, key: str, call: Callable[[Atlas], Any], gone: Gone) -> Any:
        if (stamp := self._workers.stamp) != self._stamp:
            self._kept.clear()
            self._stamp = stamp
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        answer = await self._workers.ask(call, gone)
        if self._workers.stamp == stamp:
            self._kept[key] = answer
            while sum(map(_rows, self._kept.values())) > MAX_ROWS:
                self._kept.popitem(last=False)
        return answer


def answers_of(request: Request) -> Answers:
    """Return the answers of the application that received a request."""
    answers: Answers = request.app.state.answers
    return answers


def _rows(answer: object) -> int:
    return _ROWS_OF_PROVENANCE + (len(answer) if isinstance(answer, Sized) else 0)
