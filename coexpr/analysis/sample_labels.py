"""The labels of samples: donors, structures and coordinates. They are read from the database when first needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.expression import Expression
from coexpr.database.samples import Samples
from coexpr.errors import DatabaseError

if TYPE_CHECKING:
    from coexpr.output.figures.palette import Groups

LABELS = (
    "sample_id",
    "donor",
    "structure_id",
    "acronym",
    "structure_name",
    "hemisphere",
    "mni_x",
    "mni_y",
    "mni_z",
)
_NO_STRUCTURE = "unknown"


class Structure(NamedTuple):
    """A structure: its id, names, Allen's color and its place in the tree; with the same of its top-level structure."""

    structure_id: int
    acronym: str
    name: str
    color: str | None
    place: int
    top_level_id: int | None
    top_level_acronym: str | None
    top_level_name: str | None
    top_level_color: str | None
    top_level_place: int | None


@dataclass(frozen=True)
class SampleLabels:
    """The labels of some samples.

    Parameters
    ----------
    expression : Expression
        Of an open database.
    samples : Samples
    """

    expression: Expression
    samples: Samples

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def rows(self) -> list[tuple[Any, ...]]:
        """`LABELS` of each sample."""
        with _open_database():
            found = self.expression.sample_labels
            return [found[column] for column in self._columns]

    @cached_property
    def structures(self) -> list[Structure]:
        """The structure of each sample."""
        with _open_database():
            found = self.expression.sample_structures
            return [Structure(**found[column]) for column in self._columns]

    @cached_property
    def top_level(self) -> "Groups":
        """The samples grouped by top-level structure, in the order of the tree; those without one come last."""
        from coexpr.output.figures.palette import Groups, hex_color

        keys = [structure.top_level_id for structure in self.structures]
        groups = {structure.top_level_id: structure for structure in self.structures}
        order = sorted(groups, key=lambda key: _place_in_tree(groups[key])[:2])
        return Groups(
            [groups[key].top_level_acronym or _NO_STRUCTURE for key in order],
            [groups[key].top_level_name or _NO_STRUCTURE for key in order],
            [hex_color(groups[key].top_level_color) for key in order],
            _places(keys, order),
        )

    @cached_property
    def by_structure(self) -> tuple[list[Structure], NDArray[np.intp]]:
        """The structures with samples, and the place of each sample's structure in them.

        They are in the order of the tree, top-level structure by top-level structure.
        """
        found = {structure.structure_id: structure for structure in self.structures}
        order = sorted(found.values(), key=_place_in_tree)
        ids = [structure.structure_id for structure in order]
        return order, _places([structure.structure_id for structure in self.structures], ids)

    @cached_property
    def donors(self) -> tuple[list[str], NDArray[np.intp]]:
        """The names of donors, and the place of each sample's donor in them."""
        ids = list(self.samples.columns)
        with _open_database():
            names = [self.expression.donor_names[donor_id] for donor_id in ids]
        return names, _places(self.samples.donor_ids.tolist(), ids)

    @property
    def _columns(self) -> list[int]:
        columns: list[int] = self.samples.columns_in(self.expression.all_samples).tolist()
        return columns


def _places(keys: Sequence[object], order: Sequence[object]) -> NDArray[np.intp]:
    """Return the place of each key in an order."""
    places = {key: place for place, key in enumerate(order)}
    return np.array([places[key] for key in keys], dtype=np.intp)


def _place_in_tree(structure: Structure) -> tuple[bool, int, int, int]:
    """Return what structures are sorted by; those without a top-level structure come last."""
    top_level = structure.top_level_place
    return (top_level is None, top_level or 0, structure.place, structure.structure_id)


@contextmanager
def _open_database() -> Iterator[None]:
    try:
        yield
    except duckdb.ConnectionException:
        raise DatabaseError("the Atlas is closed: ask for samples and figures before closing it.") from None


def shortest(profile: NDArray[np.floating]) -> list[float | None]:
    """Return values as the shortest decimal numbers that are stored as they are: 6.5945, not 6.594500064849854."""
    numbers = profile.tolist() if profile.dtype == np.float64 else [float(str(value)) for value in profile]
    return [None if np.isnan(number) else number for number in numbers]
