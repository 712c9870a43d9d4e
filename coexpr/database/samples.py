"""The samples that a query uses: all of them, or those of some structures, one hemisphere or some donors."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.names import as_name_and_number
from coexpr.database.queries import query, registered, run
from coexpr.errors import AmbiguousNameError, NotFoundError, TooFewSamplesError
from coexpr.options import MIN_SAMPLES, Hemisphere, SampleFilter

_SIDE = re.compile(r",\s*(left|right)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Samples:
    """Samples in the order of the columns of a matrix: by donor_id, then by position.

    Parameters
    ----------
    donor_ids : (S,) int32
    positions : (S,) int32
        The element of the donor's stored lists, from 0.
    structure_ids : (S,) int32
    """

    donor_ids: NDArray[np.int32]
    positions: NDArray[np.int32]
    structure_ids: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.donor_ids)

    def columns_in(self, all_samples: "Samples") -> NDArray[np.intp]:
        """Return the column of each sample in a matrix of all samples."""
        starts = {donor: columns.start for donor, columns in all_samples.columns.items()}
        first = np.array([starts[donor] for donor in self.donor_ids.tolist()], dtype=np.intp)
        return first + self.positions

    def take(self, columns: slice | NDArray[np.intp]) -> "Samples":
        """Return some of the samples, in their order."""
        return Samples(self.donor_ids[columns], self.positions[columns], self.structure_ids[columns])

    @cached_property
    def columns(self) -> dict[int, slice]:
        """The columns of each donor, by donor_id."""
        donors, starts = np.unique(self.donor_ids, return_index=True)
        ends = [*starts[1:].tolist(), len(self)][: len(starts)]
        return {
            donor: slice(start, end) for donor, start, end in zip(donors.tolist(), starts.tolist(), ends, strict=True)
        }


@dataclass(frozen=True)
class Region:
    """The structures and the hemisphere that samples are from.

    Parameters
    ----------
    structures : list of str
        Names with acronyms; left and right as one structure where both are used. Empty for all structures.
    structure_ids : list of int
        The structures of the samples; empty for all structures.
    hemisphere : "L" or "R", optional
    """

    structures: list[str] = field(default_factory=list)
    structure_ids: list[int] = field(default_factory=list)
    hemisphere: Hemisphere | None = None


def find_all_samples(connection: duckdb.DuckDBPyConnection) -> Samples:
    """Return every sample of the database."""
    return _as_samples(connection.execute(query("all_samples")).fetchnumpy())


def find_samples(connection: duckdb.DuckDBPyConnection, sample_filter: SampleFilter) -> tuple[Samples, Region]:
    """Return the samples that a filter keeps, and where they are from.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        If a structure or donor does not exist, or a name means several.
    TooFewSamplesError
        If no sample remains.
    """
    donors = [_find_donor(connection, name) for name in sample_filter.donors]
    structures = [structure for name in sample_filter.structures for structure in _find_structures(connection, name)]
    connection.execute(query("create_chosen_structures"))
    if structures:
        ids = np.array([structure["structure_id"] for structure in structures], dtype=np.int32)
        with registered(connection, requested_structures={"structure_id": ids}):
            connection.execute(query("choose_structures_below"))
    samples = _read(connection, donors, sample_filter.hemisphere, all_structures=not structures)
    region = Region(
        _names_of(structures), np.unique(samples.structure_ids).tolist() if structures else [], sample_filter.hemisphere
    )
    if sample_filter and not len(samples):
        raise TooFewSamplesError(f"no sample is left ({_described(sample_filter)}). See: coexpr structures.")
    return samples, region


def refuse_too_few(count: int, sample_filter: SampleFilter) -> None:
    """Raise TooFewSamplesError if a filter leaves too few samples for r."""
    if sample_filter and count < MIN_SAMPLES:
        left = f"{count or 'no'} sample{'s' * (count != 1)} {'are' if count != 1 else 'is'} left"
        raise TooFewSamplesError(
            f"{left} ({_described(sample_filter)}), and r needs at least {MIN_SAMPLES}. See how many samples "
            "each donor has in each structure: coexpr structures. Only two donors have samples of the right hemisphere."
        )


def _described(sample_filter: SampleFilter) -> str:
    """Return what a filter selects: "structure HiF, donor 9861"."""
    parts = [f"structure {name}" for name in sample_filter.structures]
    parts += [f"hemisphere {sample_filter.hemisphere}"] * bool(sample_filter.hemisphere)
    parts += [f"donor {name}" for name in sample_filter.donors]
    return ", ".join(parts)


def _read(
    connection: duckdb.DuckDBPyConnection, donors: list[int], hemisphere: Hemisphere | None, *, all_structures: bool
) -> Samples:
    parameters = {"all_donors": not donors, "all_structures": all_structures, "hemisphere": hemisphere}
    with registered(connection, requested_donors={"donor_id": np.array(donors, dtype=np.int32)}):
        return _as_samples(connection.execute(query("chosen_samples"), parameters).fetchnumpy())


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


def _names_of(structures: list[dict[str, Any]]) -> list[str]:
    """Return the names of structures with acronyms; left and right under one acronym as one name."""
    names: dict[str, list[str]] = {}
    for structure in structures:
        names.setdefault(structure["acronym"], []).append(structure["name"])
    return [f"{_without_side(called)} ({acronym})" for acronym, called in names.items()]


def _without_side(names: list[str]) -> str:
    """Return the name of one structure, or of its left and right one without the side."""
    if len(names) == 1:
        return names[0]
    return min((_SIDE.sub("", name) for name in names), key=len)
