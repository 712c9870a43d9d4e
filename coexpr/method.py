"""How r is measured: the names of methods, and what goes together."""

from dataclasses import dataclass
from typing import Literal

from coexpr.errors import OptionError

MethodName = Literal["pearson", "spearman", "bicor"]
Adjust = Literal["donor", "structure", "donor+structure"]

_FACTORS = {
    "donor": "donors",
    "structure": "structures",
    "donor+structure": "donors and structures",
}
_IN_WORDS = {"pearson": "Pearson r", "spearman": "Spearman's rank r", "bicor": "bicor"}


@dataclass(frozen=True)
class Method:
    """How r is measured; see `coexpr.stats.measures.Measure`.

    Parameters
    ----------
    name : "pearson", "spearman" or "bicor"
    max_p_outliers : float
        Of bicor: the largest share of values on a side that may count as outliers; 1 for no limit.
    adjust : "donor", "structure" or "donor+structure", optional
        Take off first what these factors explain, and measure what is left: a partial r.

    Raises
    ------
    OptionError
        For a value that is none of these, or an option of another method.
    """

    name: MethodName = "pearson"
    max_p_outliers: float = 1
    adjust: Adjust | None = None

    def __post_init__(self) -> None:
        if self.name not in _IN_WORDS:
            raise OptionError(f"method {self.name!r}: expected one of {', '.join(_IN_WORDS)}.")
        if self.adjust not in (None, *_FACTORS):
            raise OptionError(f"adjust {self.adjust!r}: expected donor, structure or donor+structure.")
        if self.max_p_outliers != 1 and self.name != "bicor":
            raise OptionError(f"max-p-outliers belongs to bicor; the method here is {self.name}.")
        if not 0 < self.max_p_outliers <= 1:
            raise OptionError(f"max-p-outliers {self.max_p_outliers}: expected a share above 0, up to 1.")

    @property
    def in_words(self) -> str:
        """What is measured: "Spearman's rank r of log2 expression, adjusted for donors"."""
        words = f"{_IN_WORDS[self.name]} of log2 expression"
        if self.max_p_outliers != 1:
            words += f", at most {self.max_p_outliers * 100:g} % outliers on a side"
        return words + (f", adjusted for {_FACTORS[self.adjust]}" if self.adjust else "")


MethodLike = Method | MethodName


def as_method(given: MethodLike | None) -> Method | None:
    """Return a method from what a caller gives: a method, the word for one, or nothing.

    Raises
    ------
    OptionError
        If it is neither.
    """
    if given is None or isinstance(given, Method):
        return given
    if not isinstance(given, str):
        raise OptionError(f"method {given!r:.80}: expected a Method, or one of {', '.join(_IN_WORDS)}.")
    return Method(given)
