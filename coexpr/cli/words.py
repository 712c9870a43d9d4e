"""The provenance of a result in sentences."""

from collections.abc import Mapping
from typing import Any

from coexpr.restriction import FEW_SAMPLES, FEWEST_SAMPLES


def number_of(count: int, thing: str) -> str:
    """Return "1 gene" or "2,164 genes"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def describe_data(route: Mapping[str, Any]) -> list[str]:
    """Say what r is of, and where the data are from."""
    donors = route["donors"]
    where = "all structures" if route["structures"] == "all" else f"structures: {route['structures']}"
    if route["hemisphere"]:
        where += f", {'left' if route['hemisphere'] == 'L' else 'right'} hemisphere"
    lines = [
        f"{route['method_in_words']} over {number_of(route['n_samples'], 'sample')} of "
        f"{number_of(len(donors), 'donor')} ({', '.join(donors)}), {where}."
    ]
    thin = [f"{donor} ({count})" for donor, count in route["samples_of_donors"].items() if count < FEWEST_SAMPLES]
    if thin:
        lines.append(f"Warning: few samples of {', '.join(thin)}.")
    if route["n_samples"] < FEW_SAMPLES:
        lines.append(f"Warning: r over fewer than {FEW_SAMPLES} samples is imprecise.")
    lines.append(
        f"Data: {'; '.join(route['source']) or 'unnamed'}. Database: {route['database']}. "
        f"coexpr {route['coexpr_version']}."
    )
    if route["cache_problem"]:
        lines.append(
            f"Note: the cache of the matrix could not be written ({route['cache_problem']}), so this was slow."
        )
    return lines


def describe_category(category: Mapping[str, Any]) -> str:
    """Say which category it is, and how many of its genes have expression data."""
    if "resolved" in category:
        names = number_of(category["genes"], "name")
        return f"List of genes: {names}, {number_of(category['loaded'], 'gene')} with expression data here."
    accession = category["accession"] or f"source {category['source']}"
    release = f", release {category['release']}" if category["release"] else ""
    return (
        f"Category {category['name']} ({accession}{release}): {category['loaded']:,} of its "
        f"{number_of(category['genes'], 'gene')} have expression data here."
    )


def describe_categories(route: Mapping[str, Any]) -> list[str]:
    """Say to which genes a result was limited."""
    lines = []
    for category in route.get("categories", []):
        lines.append(describe_category(category))
        lines += [f"Note: {problem}." for problem in category.get("problems", [])]
    if len(lines) and len(route["categories"]) > 1:
        how = "all of these" if route["match"] == "all" else "any of these; --match all keeps only those in all"
        lines.append(f"Genes in {how}.")
    if route.get("evidence_not"):
        lines.append(f"Without genes that are members only by evidence {', '.join(route['evidence_not'])}.")
    return lines


def describe_other_name(found_as: str | None, symbol: str | None) -> list[str]:
    """Say that the name given is another one than the atlas's."""
    return [f"{found_as} is another name for {symbol}."] if found_as else []


def describe_disagreement(route: Mapping[str, Any]) -> list[str]:
    """Warn of a representative probe that disagrees with the other probes of its gene."""
    return [
        f"Warning: this probe disagrees with {gene}'s other {number_of(told['others'], 'probe')} "
        f"(mean r {told['mean_r']:.2f}); see `coexpr probes {gene}`."
        for gene, told in route["disagrees"].items()
    ]


def describe_lost(route: Mapping[str, Any]) -> list[str]:
    """Say how many genes are not in a result because they have no usable probe."""
    lost = route["genes_without_profile"]
    return [f"Left out: {number_of(lost, 'gene')} without a usable probe."] if lost else []


def describe_skipped_rules(route: Mapping[str, Any]) -> list[str]:
    """Say which rules were skipped, and why."""
    return [
        f"Rule {rule} was skipped: {reason.replace(f'the rule {rule} ', 'it ', 1)}"
        for rule, reason in route["rules_not_applied"].items()
    ]
