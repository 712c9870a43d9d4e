"""The tree of structures, with the number of samples of each donor."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coexpr.database.expression import Expression
from coexpr.database.queries import run
from coexpr.output.figures.drawable import Drawable
from coexpr.output.figures.palette import hex_color
from coexpr.result import Provenance, Result

if TYPE_CHECKING:
    from coexpr.output.figures.tree import Tree


_DESCRIBED = ("structure_id", "acronym", "name", "hemisphere", "depth")


@dataclass(frozen=True, kw_only=True)
class StructuresProvenance(Provenance):
    """The provenance of the tree of structures.

    Parameters
    ----------
    source : list of str
        Titles of the atlas, as its downloads give them.
    with_fewer_samples : int
        How many structures were left out because they have too few samples.
    """

    source: list[str]
    with_fewer_samples: int

    @property
    def caption(self) -> str:
        """Where the samples are from."""
        return f"Data: {'; '.join(self.source) or 'unnamed'}. {super().caption}"


@dataclass(frozen=True, repr=False)
class StructureTree(Result[StructuresProvenance], Drawable):
    """Structures with samples, in the order of the tree.

    Parameters
    ----------
    colors : list of str or None
        Allen's color of each row.
    """

    colors: list[str | None]

    def drawing(self) -> "Tree":
        """Return the tree with a bar of the number of samples of each structure, in Allen's colors."""
        from coexpr.output.figures.tree import Tree

        names = [
            f"{acronym}  {name}" for acronym, name in zip(self.column("acronym"), self.column("name"), strict=True)
        ]
        colors = [hex_color(color) for color in self.colors]
        return Tree(names, self.column("depth"), self.column("samples"), colors, "Samples in structures and below")


def structure_tree(expression: Expression, search: str | None, min_samples: int) -> StructureTree:
    """Return structures with samples; see `Atlas.structures`."""
    donors = expression.donor_names
    structures: dict[int, dict[str, Any]] = {}
    by_donor: dict[int, dict[int, int]] = {}
    for row in run(expression.connection, "structure_tree", {"search": None if search is None else search.strip()}):
        structures.setdefault(row["structure_id"], row)
        by_donor.setdefault(row["structure_id"], {})[row["donor_id"]] = row["samples"]
    rows = [
        (
            *(structure[name] for name in _DESCRIBED),
            sum(by_donor[structure_id].values()),
            *(by_donor[structure_id].get(donor_id, 0) for donor_id in donors),
        )
        for structure_id, structure in structures.items()
    ]
    colors = [structure["color"] for structure in structures.values()]
    kept = [place for place, row in enumerate(rows) if row[len(_DESCRIBED)] >= min_samples]
    provenance = StructuresProvenance(
        database=str(expression.path), source=expression.titles, with_fewer_samples=len(rows) - len(kept)
    )
    columns = [*_DESCRIBED, "samples", *donors.values()]
    return StructureTree(columns, [rows[place] for place in kept], provenance, [colors[place] for place in kept])
