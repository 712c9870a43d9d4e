"""The samples that a question is about: every one, or those of some structures, one side, some donors."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.queries import query, run
from coexpr.database.seeds import as_name_and_number
from coexpr.errors import AmbiguousNameError, NotFoundError, TooFewSamplesError
from coexpr.restriction import FEWEST_SAMPLES, Hemisphere, Restriction

_SIDE = re.compile(r",\s*(left|right)\b", re.IGNORECASE)
# What the route says where nothing limits the samples.
EVERYWHERE = {"structures": "all", "structure_ids": "all", "hemisphere": None}


@dataclass(frozen=True)
class Samples:
    """Samples in the order of the columns of a matrix: by donor_id, then by position.

    Parameters
    ----------
    donor_ids : (S,) int32
    positions : (S,) int32
        The element of the donor's stored lists that each is, from 0.
    structure_ids : (S,) int32
    """

    donor_ids: NDArray[np.int32]
    positions: NDArray[np.int32]
    structure_ids: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.donor_ids)

    def places_in(self, every: "Samples") -> NDArray[np.intp]:
        """Return the column of each in a matrix of every sample."""
        starts = {donor: columns.start for donor, columns in every.columns.items()}
        first = np.array([starts[donor] for donor in self.donor_ids.tolist()], dtype=np.intp)
        return first + self.positions

    def only(self, columns: slice) -> "Samples":
        """Return some of them."""
        return Samples(self.donor_ids[columns], self.positions[columns], self.structure_ids[columns])

    @cached_property
    def columns(self) -> dict[int, slice]:
        """Where the samples of each donor lie, by donor_id."""
        donors, starts = np.unique(self.donor_ids, return_index=True)
        ends = [*starts[1:].tolist(), len(self)][: len(starts)]
        return {
            donor: slice(start, end) for donor, start, end in zip(donors.tolist(), starts.tolist(), ends, strict=True)
        }


def every_sample(connection: duckdb.DuckDBPyConnection) -> Samples:
    """Return every sample of the database."""
    return _as_samples(connection.execute(query("every_sample")).fetchnumpy())


def choose_samples(connection: duckdb.DuckDBPyConnection, restriction: Restriction) -> tuple[Samples, dict[str, Any]]:
    """Return the samples that a restriction leaves, and what the route says of it.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        If a structure or donor is not there, or a name means several.
    TooFewSamplesError
        If fewer than ten samples are left.
    """
    donors = [_find_donor(connection, name) for name in restriction.donors]
    structures = [structure for name in restriction.structures for structure in _find_structures(connection, name)]
    connection.execute(query("create_chosen_structures"))
    if structures:
        ids = np.array([structure["structure_id"] for structure in structures], dtype=np.int32)
        connection.register("asked_structures", {"structure_id": ids})
        connection.execute(query("choose_structures_below"))
        connection.unregister("asked_structures")
    samples = _read(connection, donors, restriction.hemisphere, every_structure=not structures)
    told = {
        "structures": _in_words(structures) if structures else "all",
        "structure_ids": np.unique(samples.structure_ids).tolist() if structures else "all",
        "hemisphere": restriction.hemisphere,
    }
    if restriction.limits and len(samples) < FEWEST_SAMPLES:
        raise TooFewSamplesError(_too_few(len(samples), restriction))
    return samples, told


def refuse_too_few(known: int, restriction: Restriction) -> None:
    """Raise TooFewSamplesError if a restriction leaves too few samples in which the seed is known."""
    if restriction.limits and known < FEWEST_SAMPLES:
        raise TooFewSamplesError(_too_few(known, restriction))


def _too_few(count: int, restriction: Restriction) -> str:
    asked = [f"structure {name}" for name in restriction.structures]
    asked += [f"hemisphere {restriction.hemisphere}"] * bool(restriction.hemisphere)
    asked += [f"donor {name}" for name in restriction.donors]
    return (
        f"{count or 'no'} sample{'s' * (count != 1)} {'are' if count != 1 else 'is'} left ({', '.join(asked)}), and r "
        f"needs at least {FEWEST_SAMPLES}. See how many samples each donor has in each structure: coexpr structures. "
        "Only two donors have samples of the right hemisphere."
    )


def _read(
    connection: duckdb.DuckDBPyConnection, donors: list[int], hemisphere: Hemisphere | None, *, every_structure: bool
) -> Samples:
    connection.register("asked_donors", {"donor_id": np.array(donors, dtype=np.int32)})
    parameters = {"every_donor": not donors, "every_structure": every_structure, "hemisphere": hemisphere}
    found = connection.execute(query("chosen_samples"), parameters).fetchnumpy()
    connection.unregister("asked_donors")
    return _as_samples(found)


def _as_samples(found: dict[str, NDArray[Any]]) -> Samples:
    return Samples(np.asarray(found["donor_id"]), np.asarray(found["position"]) - 1, np.asarray(found["structure_id"]))


def _find_donor(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    found = run(connection, "donors_called", as_name_and_number(name))
    if not found:
        loaded = ", ".join(donor for _, donor in connection.execute(query("donor_names")).fetchall())
        raise NotFoundError(f"this database has no donor {name}. Its donors are: {loaded or 'none'}.")
    return int(found[0]["donor_id"])


def _find_structures(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    found = run(connection, "structures_called", {"name": name})
    if not found:
        near = run(connection, "structures_near", {"name": name.strip()})
        hint = "; ".join(f"{structure['name']} ({structure['acronym']})" for structure in near)
        without_tree = not run(connection, "structure_paths")
        tree = " (Structures above these are known once a full-donor download is loaded.)" if without_tree else ""
        raise NotFoundError(
            f"no structure is named {name!r:.80} in this database.{f' Similar: {hint}.' if hint else ''} "
            f"List structures with: coexpr structures{tree}"
        )
    acronyms = {structure["acronym"] for structure in found}
    if found[0]["way"] == 4 and len(acronyms) > 1:
        raise AmbiguousNameError(
            f"{name} can mean {', '.join(sorted(acronyms))}, which differ by case. Write the one that you mean."
        )
    return found


def _in_words(structures: list[dict[str, Any]]) -> str:
    """Return the names of structures; left and right under one acronym as the name of both."""
    names: dict[str, list[str]] = {}
    for structure in structures:
        names.setdefault(structure["acronym"], []).append(structure["name"])
    return "; ".join(f"{_of_both_sides(called)} ({acronym})" for acronym, called in names.items())


def _of_both_sides(names: list[str]) -> str:
    """Return the name of one structure, or of its left and right one without the side."""
    if len(names) == 1:
        return names[0]
    return min((_SIDE.sub("", name) for name in names), key=len)
