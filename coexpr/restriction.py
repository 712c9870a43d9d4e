"""What limits the samples of a question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from coexpr.errors import OptionError

Hemisphere = Literal["L", "R"]

# With fewer samples an r says nothing; with fewer than the second number it says little.
FEWEST_SAMPLES = 10
FEW_SAMPLES = 30
# r of fewer is no r: two samples always lie on a line.
FEWEST_FOR_R = 4


def as_names(given: str | int | Iterable[str | int]) -> tuple[str, ...]:
    """Return one name, or several, as a tuple of text."""
    return (str(given),) if isinstance(given, str | int) else tuple(map(str, given))


@dataclass(frozen=True)
class Restriction:
    """What limits the samples of a question.

    Parameters
    ----------
    structures : sequence of str
        Each an acronym, a name or an id; with everything below. Left and right share an acronym, which
        means both; so does a name without its side. Samples of any of them count.
    hemisphere : "L" or "R", optional
        One side; midline structures have none.
    donors : sequence of str
        Ids or names; any of them.

    Raises
    ------
    OptionError
        For another hemisphere.
    """

    structures: tuple[str, ...] = ()
    hemisphere: Hemisphere | None = None
    donors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("structures", "donors"):  # one of them may come by itself
            given = getattr(self, name)
            object.__setattr__(self, name, as_names(given))
        if self.hemisphere not in (None, "L", "R"):
            raise OptionError(f"hemisphere {self.hemisphere!r}: expected L or R.")

    @property
    def limits(self) -> bool:
        """Whether it leaves out anything at all."""
        return bool(self.structures or self.hemisphere or self.donors)


RestrictionLike = Restriction | str | Sequence[str]


def as_restriction(given: RestrictionLike | None) -> Restriction:
    """Return a restriction from what a caller gives: a restriction, names of structures, or nothing.

    Raises
    ------
    OptionError
        If it is none of these.
    """
    if given is None:
        return Restriction()
    if isinstance(given, Restriction):
        return given
    if isinstance(given, str) or (isinstance(given, Sequence) and all(isinstance(name, str) for name in given)):
        return Restriction(structures=as_names(given))
    raise OptionError(f"restriction {given!r:.80}: expected a Restriction, or names of structures.")
