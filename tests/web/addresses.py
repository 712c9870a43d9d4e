"""Random addresses of the pages and of the JSON interface: with parameters that fit, are strange, or are unknown."""

import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_PAGES = (
    "/", "/search", "/correlates", "/correlates.csv", "/correlates.xlsx", "/correlates.png", "/pair", "/pair.csv",
    "/gene/{text}", "/categories", "/category/{text}", "/figure/{text}.png", "/figure/scatter.svg",
    "/figure/expression.png", "/figure/matrix.pdf", "/sql", "/learn", "/static/{text}", "/api/complete", "/{text}",
)  # fmt: skip
# Parameters of pages that no endpoint of the JSON interface has.
_OF_PAGES = ("seed", "a", "b", "sort", "order", "page", "filter", "status", "text", "kind", "view", "x", "token")
_FITTING = (
    "NTRK2", "BDNF", "4915", "synapse organization", "GO:0050808", "H0351.2001", "Cx", "true", "false", "all", "gene",
    "probe", "spearman", "bicor", "average", "max_mean", "donor", "0", "1", "5", "0.5", "-1", "select 1 as one",
)  # fmt: skip
_STRANGE = (
    "", " ", "\x00", "\x1b[2J", "\u202e", "\ud800", "a\r\nSet-Cookie: x=1", "<script>alert(1)</script>",
    "'; drop table x; --", "%", "%00", "$1", "\\", "../../etc/passwd", "=1+1", "nan", "inf", "-0", "1e999", "1_000",
    "\u0663", "9" * 400, "x" * 3000, "{}", "{{ 7 * 7 }}", "[]", "null", "None", "\U0001f9e0", "id:", "id:1", "source:",
    "@x", ",", "NTRK2,BDNF", "-",
)  # fmt: skip


class Addresses:
    """Random addresses.

    Parameters
    ----------
    description : mapping
        The description of the JSON interface.
    seed : int
    """

    def __init__(self, description: Mapping[str, Any], seed: int) -> None:
        self._chance = random.Random(seed)
        self._paths = [*_PAGES, *description["paths"]]
        named = {one["name"] for item in description["paths"].values() for one in item["get"]["parameters"]}
        self._names = sorted(named | set(_OF_PAGES))

    def next(self) -> str:
        """Return the next address."""
        path = self._chance.choice(self._paths)
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + self._written(self._text()) + rest.partition("}")[2]
        given = [(self._name(), self._text()) for _ in range(self._chance.choice((0, 1, 1, 2, 3, 6)))]
        query = "&".join(f"{self._written(name)}={self._written(text)}" for name, text in given)
        return f"{path}?{query}" if query else path

    def _name(self) -> str:
        return self._chance.choice(_STRANGE) if self._chance.random() < 0.05 else self._chance.choice(self._names)

    def _text(self) -> str:
        kind = self._chance.random()
        if kind < 0.6:
            return self._chance.choice(_FITTING)
        if kind < 0.95:
            return self._chance.choice(_STRANGE)
        return "".join(chr(self._chance.randrange(1, 0x3000)) for _ in range(self._chance.randrange(30)))

    def _written(self, text: str) -> str:
        """Return a text as part of an address; now and then some of its bytes are wrong."""
        written = quote(text.encode("utf-8", "surrogatepass"), safe="")
        return f"{written}%ff%c3" if self._chance.random() < 0.03 else written
