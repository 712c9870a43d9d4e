"""What a query may ask for, and which combinations are valid.

`ProbeSelection` says how a gene is represented, `SampleFilter` which samples count, `GeneFilter` which genes are
returned, and `CorrelationMethod` how r is computed. Each refuses values that have no meaning when it is created.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from coexpr.errors import OptionError

Level = Literal["probe", "gene"]
Scope = Literal["pooled", "per-donor", "common"]
Annotation = Literal["allen", "reannotated"]
Hemisphere = Literal["L", "R"]
# Whose MNI coordinates of samples: the corrected ones, or those of Allen's downloads.
Space = Literal["corrected", "allen"]
Match = Literal["any", "all"]
MethodName = Literal["pearson", "spearman", "bicor"]
Adjustment = Literal["donor", "structure", "donor+structure"]
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
SPACES: tuple[Space, ...] = get_args(Space)
# The weights of pairs of samples in a spatial null model: the measured covariance of genes, or 1 / distance.
SpatialWeights = Literal["measured", "distance"]
SPATIAL_WEIGHTS: tuple[SpatialWeights, ...] = get_args(SpatialWeights)
# Which mean r count as extreme in a test.
Alternative = Literal["two-sided", "greater", "less"]
ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)
DEFAULT_RULE: Rule = "max-mean"
# The probe that each rule selects: "the probe ...".
SELECTS: dict[Rule, str] = {
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
# The profile that each other rule builds from all probes of a gene: "the ... of its probes".
BUILDS: dict[Rule, str] = {"average": "mean", "eigengene": "first component"}
# Rules that use one value per probe for all donors together.
_ALWAYS_POOLED = ("diff-stability", "rnaseq", *BUILDS)

# r over fewer samples than the first number is refused; over fewer than the second it is reported as imprecise.
MIN_SAMPLES = 10
FEW_SAMPLES = 30
# r over fewer samples is undefined: two samples always lie on a line.
MIN_SAMPLES_FOR_R = 4
# A larger matrix or network is refused unless the limit is lifted.
MAX_MATRIX_ROWS = 5000
MAX_HEATMAP_ROWS = 2000
MAX_NETWORK_EDGES = 100_000_000
MAX_ANALYSES = 10_000

_ADJUSTED_FOR = {"donor": "donors", "structure": "structures", "donor+structure": "donors and structures"}
_METHODS = {"pearson": "Pearson r", "spearman": "Spearman's rank r", "bicor": "bicor"}


@dataclass(frozen=True)
class ProbeSelection:
    """How a gene is represented by one expression profile.

    Parameters
    ----------
    rule : str
        One of `RULES`; docs/probes.md describes each and gives its source.
    power : float, optional
        For the rule connectivity: the exponent applied to correlations mapped to 0 to 1. Default 1.
    min_present : float, optional
        Exclude probes that are called present in a smaller fraction of all samples.
    scope : "pooled", "per-donor" or "common"
        Apply the rule to all samples; to each donor separately, so that a profile may combine several probes; or to
        each donor, and use the probe selected in the largest number of donors (the smallest probe_id among equals).
    annotation : "allen" or "reannotated"
        The annotation that assigns probes to genes: that of the downloads, or Arnatkeviciute et al. 2019.

    Raises
    ------
    OptionError
        For an invalid value, or a scope that the rule does not have.

    Examples
    --------
    >>> ProbeSelection("average").description
    'by the mean of its probes'
    """

    rule: Rule = DEFAULT_RULE
    power: float | None = None
    min_present: float | None = None
    scope: Scope = "pooled"
    annotation: Annotation = "allen"

    def __post_init__(self) -> None:
        _refuse_other("rule", self.rule, RULES)
        _refuse_other("scope", self.scope, get_args(Scope))
        _refuse_other("annotation", self.annotation, get_args(Annotation))
        if self.power is not None and self.rule != "connectivity":
            raise OptionError(f"`power` applies to the rule connectivity only; the rule is {self.rule}.")
        if self.power is not None and not 0 < self.power < math.inf:
            raise OptionError(f"`power` {self.power}: expected a number above 0.")
        if self.min_present is not None and not 0 <= self.min_present <= 1:
            raise OptionError(f"`min_present` {self.min_present}: expected a fraction of samples, from 0 to 1.")
        if self.scope != "pooled" and self.rule in _ALWAYS_POOLED:
            raise OptionError(f"the rule {self.rule} has one value for all donors, so `scope` must be pooled.")

    def with_rule(self, rule: Rule) -> "ProbeSelection":
        """Return the same selection with another rule, without a power or scope that the rule does not have."""
        return ProbeSelection(
            rule,
            self.power if rule == "connectivity" else None,
            self.min_present,
            "pooled" if rule in _ALWAYS_POOLED else self.scope,
            self.annotation,
        )

    @property
    def exponent(self) -> float:
        """The power of the rule connectivity."""
        return 1 if self.power is None else self.power

    @property
    def selects_probes(self) -> bool:
        """Whether anything but the annotation differs from the default."""
        return self != ProbeSelection(annotation=self.annotation)

    @property
    def builds_profile(self) -> bool:
        """Whether the rule builds a profile from all probes instead of selecting one."""
        return self.rule in BUILDS

    @property
    def description(self) -> str:
        """How a gene is represented: "by its probe with the highest mean expression"."""
        profile = f"the {BUILDS[self.rule]} of its probes" if self.builds_profile else f"its probe {SELECTS[self.rule]}"
        return f"by {profile}{self.conditions}"

    @property
    def conditions(self) -> str:
        """The settings that differ from the default, besides the rule, in parentheses."""
        parts = []
        if self.rule == "connectivity":
            parts.append(f"power {self.exponent:g}")
        if self.scope != "pooled":
            parts.append(
                "selected in each donor" if self.scope == "per-donor" else "selected in the largest number of donors"
            )
        if self.min_present is not None:
            parts.append(f"among those present in at least {self.min_present * 100:g} % of samples")
        if self.annotation != "allen":
            parts.append("genes by the re-annotation")
        return f" ({', '.join(parts)})" if parts else ""


@dataclass(frozen=True)
class SampleFilter:
    """Which samples a query uses.

    Parameters
    ----------
    structures : sequence of str
        Acronyms, names or ids. Each includes the structures below it. An acronym, or a name without its side, means
        the structure in both hemispheres. Samples in any of the structures are used.
    hemisphere : "L" or "R", optional
        Samples of one side. Structures on the midline have none.
    donors : sequence of str
        Ids or names. Samples of any of the donors are used.

    Raises
    ------
    OptionError
        For another hemisphere.
    """

    structures: tuple[str, ...] = ()
    hemisphere: Hemisphere | None = None
    donors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _as_tuples(self, "structures", "donors")
        if self.hemisphere is not None:
            _refuse_other("hemisphere", self.hemisphere, get_args(Hemisphere))

    def __bool__(self) -> bool:
        """Return whether any sample may be excluded."""
        return bool(self.structures or self.hemisphere or self.donors)


@dataclass(frozen=True)
class GeneFilter:
    """Which genes a query returns.

    Parameters
    ----------
    categories : sequence of str
        Names of categories, accessions such as GO:0007399, source:name, or id:number.
    genes : sequence of str
        Symbols, aliases, Entrez ids, or names of probes. The list counts as one more category.
    match : "any" or "all"
        Genes of any of the categories, or only those in all of them.
    include_regulates : bool
        Include the genes of the terms that regulate a category, not only those that are part of it.
    evidence_not : sequence of str
        Exclude genes whose only annotations to the categories have these evidence codes, such as IEA.

    Raises
    ------
    OptionError
        For options that have no effect without a category.
    """

    categories: tuple[str, ...] = ()
    genes: tuple[str, ...] = ()
    match: Match = "any"
    include_regulates: bool = False
    evidence_not: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _as_tuples(self, "categories", "genes", "evidence_not")
        _refuse_other("match", self.match, get_args(Match))
        if self.evidence_not and not self.categories:
            raise OptionError("`evidence_not` excludes members of categories, and no category is given.")
        if (self.match != "any" or self.include_regulates) and not self:
            raise OptionError(
                "`match` and `include_regulates` apply to categories, and none is given. Add `categories` or `genes`."
            )

    def __bool__(self) -> bool:
        """Return whether any gene may be excluded."""
        return bool(self.categories or self.genes)


@dataclass(frozen=True)
class CorrelationMethod:
    """How r is computed.

    Parameters
    ----------
    name : "pearson", "spearman" or "bicor"
    max_p_outliers : float
        For bicor: the largest fraction of values on each side of the median that may be treated as outliers. Default
        1, which is no limit.
    adjust : "donor", "structure" or "donor+structure", optional
        Compute a partial correlation: r of the residuals of a linear model with these factors.

    Raises
    ------
    OptionError
        For an invalid value, or an option of another method.
    """

    name: MethodName = "pearson"
    max_p_outliers: float = 1
    adjust: Adjustment | None = None

    def __post_init__(self) -> None:
        _refuse_other("method", self.name, tuple(_METHODS))
        if self.adjust is not None:
            _refuse_other("adjust", self.adjust, tuple(_ADJUSTED_FOR))
        if self.max_p_outliers != 1 and self.name != "bicor":
            raise OptionError(f"`max_p_outliers` applies to bicor only; the method is {self.name}.")
        if not 0 < self.max_p_outliers <= 1:
            raise OptionError(f"`max_p_outliers` {self.max_p_outliers}: expected a fraction above 0, up to 1.")

    @property
    def description(self) -> str:
        """What is computed: "Spearman's rank r of log2 expression, adjusted for donors"."""
        text = f"{_METHODS[self.name]} of log2 expression"
        if self.max_p_outliers != 1:
            text += f", at most {self.max_p_outliers * 100:g} % outliers on each side"
        return text + (f", adjusted for {_ADJUSTED_FOR[self.adjust]}" if self.adjust else "")


_Options = TypeVar("_Options", ProbeSelection, SampleFilter, GeneFilter, CorrelationMethod)
ProbeSelectionLike = ProbeSelection | Rule
SampleFilterLike = SampleFilter | str | Sequence[str]
GeneFilterLike = GeneFilter | str | Sequence[str]
CorrelationMethodLike = CorrelationMethod | MethodName


# The class of each parameter that takes options.
OPTIONS: Mapping[str, Any] = {
    "probe_selection": ProbeSelection,
    "sample_filter": SampleFilter,
    "gene_filter": GeneFilter,
    "method": CorrelationMethod,
}


def as_options(kind: type[_Options], given: "_Options | str | Sequence[str] | None") -> _Options:
    """Return options from what a caller passes.

    Parameters
    ----------
    kind : type
        One of the classes of this module.
    given : instance of kind, str, sequence of str or None
        A string, or several for filters, is the first parameter of the class: a rule, structures, categories, or the
        name of a method. None is the default.

    Raises
    ------
    OptionError
        If it is none of these.
    """
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    takes_several = kind in (SampleFilter, GeneFilter)
    if isinstance(given, str) or (takes_several and _are_text(given)):
        return kind(given)  # type: ignore[arg-type]  # checked when it is created
    expected = f"a {kind.__name__}, or text{' or several' * takes_several}"
    raise OptionError(f"{given!r:.80}: expected {expected}.")


def as_names(given: str | int | Iterable[str | int]) -> tuple[str, ...]:
    """Return one name, or several, as a tuple of text."""
    return (str(given),) if isinstance(given, str | int) else tuple(map(str, given))


def split_names(text: str) -> list[str]:
    """Return the names of a list in one text, with commas, semicolons, tabs or line breaks between them."""
    cells = (cell.strip().strip("\"'") for cell in re.split(r"[,;\t\r\n]", text))
    return [name for name in cells if name]


def _are_text(given: object) -> bool:
    return isinstance(given, Sequence) and all(isinstance(name, str) for name in given)


def _as_tuples(options: SampleFilter | GeneFilter, *names: str) -> None:
    """Let each of these fields also be given as one name or as a list."""
    for name in names:
        object.__setattr__(options, name, as_names(getattr(options, name)))


def _refuse_other(parameter: str, given: object, allowed: Sequence[str]) -> None:
    if given not in allowed:
        raise OptionError(f"`{parameter}` {given!r:.80}: expected one of {', '.join(allowed)}.")
