"""What a query may ask for, and how it can be given."""

import pytest

from coexpr.errors import CoexprError, OptionError
from coexpr.options import CorrelationMethod, GeneFilter, ProbeSelection, SampleFilter, as_options


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (ProbeSelection, None, ProbeSelection()),
        (ProbeSelection, "average", ProbeSelection(rule="average")),
        (SampleFilter, "Cx", SampleFilter(structures=("Cx",))),
        (SampleFilter, ["Cx", "HiF"], SampleFilter(structures=("Cx", "HiF"))),
        (GeneFilter, "synapse", GeneFilter(categories=("synapse",))),
        (CorrelationMethod, "bicor", CorrelationMethod("bicor")),
        (CorrelationMethod, CorrelationMethod("spearman"), CorrelationMethod("spearman")),
    ],
)
def test_text_is_the_first_parameter(kind: type, given: object, expected: object) -> None:
    assert as_options(kind, given) == expected


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (ProbeSelection, "mean", "`rule` 'mean': expected one of max-mean"),
        (ProbeSelection, ["average"], "expected a ProbeSelection, or text"),
        (SampleFilter, 3, "expected a SampleFilter, or text or several"),
        (CorrelationMethod, "kendall", "`method` 'kendall': expected one of pearson"),
        (GeneFilter, SampleFilter(), "expected a GeneFilter"),
    ],
)
def test_anything_else_is_refused(kind: type, given: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        as_options(kind, given)


def test_errors_are_the_built_in_errors_that_they_mean() -> None:
    with pytest.raises(ValueError, match="applies to bicor only") as caught:
        CorrelationMethod("pearson", 0.05)
    assert isinstance(caught.value, CoexprError)


def test_a_filter_is_true_if_it_may_exclude_something() -> None:
    assert not SampleFilter()
    assert SampleFilter(hemisphere="L")
    assert not GeneFilter()
    assert GeneFilter(genes="BDNF").genes == ("BDNF",)
