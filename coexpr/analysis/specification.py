"""The analyses of a specification curve: every combination of sensible choices, and the data of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal, get_args

from coexpr.analysis.design import Design, find_design
from coexpr.database.expression import Expression
from coexpr.database.samples import Samples
from coexpr.errors import LimitError, NotFoundError, OptionError, TooFewSamplesError
from coexpr.options import RULES, Adjustment, Annotation, CorrelationMethod, MethodName, ProbeSelection, SampleFilter
from coexpr.progress import Progress
from coexpr.stats.measures import Estimator

ChoiceName = Literal["rule", "min_present", "annotation", "method", "adjust", "without_donor"]
CHOICES: tuple[ChoiceName, ...] = get_args(ChoiceName)
# How many of them are about the probe of a gene; they come first.
OF_SELECTION = 3
# The level of a choice that leaves something out: no threshold, no adjustment, no donor.
NONE = "none"
_MIN_PRESENT = (None, 0.5)


@dataclass(frozen=True)
class Specification:
    """One analysis: how a gene is represented, how r is computed, and the donor that is left out.

    Parameters
    ----------
    selection : ProbeSelection
    method : CorrelationMethod
    without_donor : str, optional
    """

    selection: ProbeSelection
    method: CorrelationMethod
    without_donor: str | None = None

    @property
    def levels(self) -> tuple[str, ...]:
        """The level of each of `CHOICES`, as text."""
        return tuple(
            level_name(level)
            for level in (
                self.selection.rule,
                self.selection.min_present,
                self.selection.annotation,
                self.method.name,
                self.method.adjust,
                self.without_donor,
            )
        )


@dataclass(frozen=True)
class Specifications:
    """The combinations of the levels of all choices, in the order of `CHOICES`, the last varying fastest.

    The levels of each choice begin with that of the default analysis, so the first combination is the default.

    Parameters
    ----------
    default : Specification
    levels : dict of str to tuple
        The levels of each of `CHOICES`.
    """

    default: Specification
    levels: dict[ChoiceName, tuple[Any, ...]]

    def __len__(self) -> int:
        size = 1
        for count in self.shape:
            size *= count
        return size

    def __iter__(self) -> Iterator[Specification]:
        for selection, (method, without_donor) in product(
            self.selections(), product(self.methods(), self.levels["without_donor"])
        ):
            yield Specification(selection, method, without_donor)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of levels of each choice."""
        return tuple(len(self.levels[choice]) for choice in CHOICES)

    @property
    def varied(self) -> tuple[ChoiceName, ...]:
        """The choices with several levels."""
        return tuple(choice for choice in CHOICES if len(self.levels[choice]) > 1)

    def selections(self) -> Iterator[ProbeSelection]:
        """Yield every combination of the choices about probes."""
        base = self.default.selection
        rules: tuple[Any, ...]
        rules, thresholds, annotations = (self.levels[choice] for choice in CHOICES[:OF_SELECTION])
        for rule, min_present, annotation in product(rules, thresholds, annotations):
            yield replace(base.with_rule(rule), min_present=min_present, annotation=annotation)

    def methods(self) -> Iterator[CorrelationMethod]:
        """Yield every combination of method and adjustment."""
        for name, adjust in product(self.levels["method"], self.levels["adjust"]):
            yield self.method(name, adjust)

    def method(self, name: MethodName, adjust: Adjustment | None) -> CorrelationMethod:
        """Return a method; a limit of outliers is that of the default, and applies to bicor."""
        outliers = self.default.method.max_p_outliers if name == "bicor" else 1
        return CorrelationMethod(name, outliers, adjust)


def find_specifications(
    vary: Sequence[str],
    selection: ProbeSelection,
    method: CorrelationMethod,
    donors: Sequence[str],
    *,
    has_genes: bool,
) -> Specifications:
    """Return the analyses that vary some choices, all by default; the others stay as given.

    Parameters
    ----------
    vary : sequence of str
        Some of `CHOICES`; empty for all that have an effect.
    selection, method
        The default analysis.
    donors : sequence of str
        The donors of its samples.
    has_genes : bool
        Whether a gene is represented, or else the choices about probes have no effect.

    Raises
    ------
    OptionError
        For another choice, or one without an effect.
    """
    if not has_genes and selection.selects_probes:
        raise OptionError(
            "`rule`, `min_present` and `scope` select the probe of a gene, and here are only probes. Leave them out."
        )
    for choice in vary:
        if choice not in CHOICES:
            raise OptionError(f"`vary` {choice!r:.80}: expected some of {', '.join(CHOICES)}.")
        if not has_genes and choice in CHOICES[:OF_SELECTION]:
            raise OptionError(f"`vary` {choice}: it selects the probe of a gene, and here are only probes.")
    some = vary or (CHOICES if has_genes else CHOICES[OF_SELECTION:])
    default = Specification(selection, method)
    given: dict[ChoiceName, tuple[Any, Sequence[Any]]] = {
        "rule": (selection.rule, RULES),
        "min_present": (selection.min_present, _MIN_PRESENT),
        "annotation": (selection.annotation, get_args(Annotation)),
        "method": (method.name, get_args(MethodName)),
        "adjust": (method.adjust, (None, *get_args(Adjustment))),
        "without_donor": (None, donors),
    }
    levels = {
        choice: (own, *(level for level in others if level != own)) if choice in some else (own,)
        for choice, (own, others) in given.items()
    }
    return Specifications(default, levels)


def refuse_too_many(specifications: Specifications, max_analyses: int | None, what: str, progress: Progress) -> None:
    """Report the number of analyses and what they take, and refuse too many.

    Raises
    ------
    LimitError
        If there are more than the limit.
    """
    factors = " x ".join(f"{len(specifications.levels[choice])} {_PLURALS[choice]}" for choice in specifications.varied)
    size = f"{len(specifications):,} analyses ({factors or 'nothing varies'}){what}"
    if max_analyses is not None and len(specifications) > max_analyses:
        raise LimitError(f"{size}, and the limit is {max_analyses:,}. Name fewer in `vary`; `max_analyses` lifts it.")
    progress.say(f"{size}.")


_PLURALS: dict[ChoiceName, str] = {
    "rule": "rules",
    "min_present": "thresholds of presence",
    "annotation": "annotations",
    "method": "methods",
    "adjust": "adjustments",
    "without_donor": "sets of donors",
}


def level_name(level: object) -> str:
    """Return a level as text."""
    return NONE if level is None else f"{level:g}" if isinstance(level, float) else str(level)


def find_designs(
    expression: Expression, sample_filter: SampleFilter, specifications: Specifications, samples: Samples
) -> dict[tuple[Adjustment | None, str | None], Design | str]:
    """Return the design of each adjustment with each donor left out, by Pearson's r; or why there is none.

    Parameters
    ----------
    expression : Expression
    sample_filter : SampleFilter
    specifications : Specifications
    samples : Samples
        Those of the default analysis.
    """
    donors = [expression.donor_names[donor_id] for donor_id in samples.columns]
    designs: dict[tuple[Adjustment | None, str | None], Design | str] = {}
    for adjust, without in product(specifications.levels["adjust"], specifications.levels["without_donor"]):
        others = tuple(donor for donor in donors if donor != without)
        if not others:
            designs[adjust, without] = f"{without} is the only donor, so it cannot be left out."
            continue
        kept = sample_filter if without is None else replace(sample_filter, donors=others)
        try:
            designs[adjust, without] = find_design(expression, kept, CorrelationMethod(adjust=adjust))
        except (TooFewSamplesError, NotFoundError) as reason:
            designs[adjust, without] = str(reason)
    return designs


def estimators_of(design: Design, specifications: Specifications) -> list[Estimator]:
    """Return the estimators of all methods with the factors of a design."""
    methods = (specifications.method(name, None) for name in specifications.levels["method"])
    return [replace(design.estimator, method=method.name, max_p_outliers=method.max_p_outliers) for method in methods]
