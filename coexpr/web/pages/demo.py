"""The synthetic atlas for someone without a database, made at the press of a button."""

import asyncio
import tempfile
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from coexpr.demo.downloads import DATABASE, write_downloads
from coexpr.errors import OptionError
from coexpr.loading.downloads import ingest
from coexpr.web.answers import answers_of

# As in `coexpr demo`.
_PROBES, _SAMPLES = 2000, 360
_making = asyncio.Lock()


async def make(request: Request) -> Response:
    """Make the synthetic atlas next to where the database would be, and answer from it."""
    answers = answers_of(request)
    async with _making:
        if answers.path.name != DATABASE:
            if answers.path.exists():
                raise OptionError(f"There is a database at {answers.path}: it is not replaced by the synthetic one.")
            database = answers.path.with_name(DATABASE)
            if not database.exists():
                await asyncio.to_thread(_make, database)
            answers.use(database)
    return RedirectResponse("/", 303)


def _make(database: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ingest(write_downloads(Path(folder), probes=_PROBES, samples=_SAMPLES), database)
