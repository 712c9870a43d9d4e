"""How a gene gets its one profile: the rule, and which probes may stand for a gene at all."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from coexpr.errors import OptionError

Scope = Literal["pooled", "per-donor", "common"]
Annotation = Literal["allen", "reannotated"]

Rule = Literal[
    "max-mean",
    "min-mean",
    "max-variance",
    "abs-max-mean",
    "abs-min-mean",
    "average",
    "eigengene",
    "connectivity",
    "diff-stability",
    "pc-loading",
    "corr-intensity",
    "corr-variance",
    "rnaseq",
]
RULES: tuple[Rule, ...] = get_args(Rule)
DEFAULT_RULE: Rule = "max-mean"
# Which probe each rule selects: "the probe ...".
SELECTING: dict[Rule, str] = {
    "max-mean": "with the highest mean expression",
    "min-mean": "with the lowest mean expression",
    "max-variance": "with the highest variance",
    "abs-max-mean": "with the highest mean absolute expression",
    "abs-min-mean": "with the lowest mean absolute expression",
    "connectivity": "with the highest connectivity",
    "diff-stability": "with the highest differential stability",
    "pc-loading": "with the highest loading on the first component",
    "corr-intensity": "with the highest mean r with the others (of two, the one with the higher mean)",
    "corr-variance": "with the highest mean r with the others (of two, the one with the higher variance)",
    "rnaseq": "with the best agreement with RNA-seq",
}
# What each rule builds from a gene's probes: "the ... of its probes".
BUILDING: dict[Rule, str] = {"average": "mean", "eigengene": "first component"}
# Rules whose value is one for all donors together.
_ALWAYS_POOLED = ("diff-stability", "rnaseq", *BUILDING)


@dataclass(frozen=True)
class Choice:
    """How a gene gets its one profile.

    Parameters
    ----------
    rule : str
        One of `RULES`; docs/probes.md says what each does and where it comes from.
    power : float, optional
        Of the rule connectivity: what correlations, mapped to 0 to 1, are raised to; 1 unless said.
    min_present : float, optional
        Leave out probes that are called present in a smaller share of samples, all donors pooled.
    scope : "pooled", "per-donor" or "common"
        Choose over all samples; in each donor by itself, so that a profile may hold several probes; or
        take the probe that most donors choose, the smallest id among equals.
    annotation : "allen" or "reannotated"
        What says which gene a probe measures: the downloads, or Arnatkeviciute et al. 2019.

    Raises
    ------
    OptionError
        For a value that is none of these, or a scope that the rule cannot have.
    """

    rule: Rule = DEFAULT_RULE
    power: float | None = None
    min_present: float | None = None
    scope: Scope = "pooled"
    annotation: Annotation = "allen"

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise OptionError(f"{self.rule!r} is no rule. Expected one of {', '.join(RULES)}.")
        if self.power is not None and self.rule != "connectivity":
            raise OptionError(f"a power belongs to the rule connectivity; the rule here is {self.rule}.")
        if self.power is not None and not 0 < self.power < math.inf:
            raise OptionError(f"power {self.power}: expected a number above 0.")
        if self.min_present is not None and not 0 <= self.min_present <= 1:
            raise OptionError(f"min-present {self.min_present}: expected a share of samples, from 0 to 1.")
        if self.scope not in ("pooled", "per-donor", "common"):
            raise OptionError(f"scope {self.scope!r}: expected pooled, per-donor or common.")
        if self.annotation not in ("allen", "reannotated"):
            raise OptionError(f"annotation {self.annotation!r}: expected allen or reannotated.")
        if self.scope != "pooled" and self.rule in _ALWAYS_POOLED:
            raise OptionError(f"the rule {self.rule} has one value for all donors: its scope is pooled.")

    def with_rule(self, rule: Rule) -> "Choice":
        """Return the same choice by another rule, as near as that can be: some have neither power nor scope."""
        return Choice(
            rule,
            self.power if rule == "connectivity" else None,
            self.min_present,
            "pooled" if rule in _ALWAYS_POOLED else self.scope,
            self.annotation,
        )

    @property
    def exponent(self) -> float:
        """The power of connectivity."""
        return 1 if self.power is None else self.power

    @property
    def is_of_profiles(self) -> bool:
        """Whether it says more than which gene a probe measures."""
        return self != Choice(annotation=self.annotation)

    @property
    def builds(self) -> bool:
        """Whether the rule builds a profile of all probes instead of choosing one."""
        return self.rule in BUILDING

    @property
    def in_words(self) -> str:
        """Which profile a gene gets: "by its probe with the highest mean expression"."""
        words = f"the {BUILDING[self.rule]} of its probes" if self.builds else f"its probe {SELECTING[self.rule]}"
        return f"by {words}{self.conditions}"

    @property
    def conditions(self) -> str:
        """What holds beside the rule, where that is not the default."""
        parts = []
        if self.rule == "connectivity":
            parts.append(f"power {self.exponent:g}")
        if self.scope != "pooled":
            parts.append("chosen in each donor" if self.scope == "per-donor" else "as most donors choose")
        if self.min_present is not None:
            parts.append(f"of those present in at least {self.min_present * 100:g} % of samples")
        if self.annotation != "allen":
            parts.append("by the re-annotation")
        return f" ({', '.join(parts)})" if parts else ""


ChoiceLike = Choice | Rule


def as_choice(given: ChoiceLike | None) -> Choice | None:
    """Return a choice from what a caller gives: a choice, the word for a rule, or nothing.

    Raises
    ------
    OptionError
        If it is neither.
    """
    if given is None or isinstance(given, Choice):
        return given
    if not isinstance(given, str):
        raise OptionError(f"choice {given!r:.80}: expected a Choice, or a rule: {', '.join(RULES)}.")
    return Choice(given)
