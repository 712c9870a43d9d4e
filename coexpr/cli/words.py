"""The route of an answer in words."""

from collections.abc import Mapping
from typing import Any

from coexpr.restriction import FEW_SAMPLES, FEWEST_SAMPLES


def describe_data(route: Mapping[str, Any]) -> list[str]:
    """Say what r is of, and where the data are from."""
    donors = route["donors"]
    where = "all structures" if route["structures"] == "all" else f"structures: {route['structures']}"
    if route["hemisphere"]:
        where += f", {'left' if route['hemisphere'] == 'L' else 'right'} hemisphere"
    thin = [f"{donor} ({count})" for donor, count in route["samples_of_donors"].items() if count < FEWEST_SAMPLES]
    if thin:
        where += f"; few samples of {', '.join(thin)}"
    slow = [f"This took longer than it need: the matrix could not be kept ({route['cache_problem']})."]
    few = f" With fewer than {FEW_SAMPLES} samples r says little." if route["n_samples"] < FEW_SAMPLES else ""
    return [
        f"{route['method_in_words']}, sample by sample: {route['n_samples']:,} samples of "
        f"{len(donors)} donor{'s' * (len(donors) != 1)} ({', '.join(donors)}), {where}.{few}",
        f"Data: {'; '.join(route['source']) or 'unnamed'}. Database: {route['database']}. "
        f"coexpr {route['coexpr_version']}.",
        *(slow if route["cache_problem"] else []),
    ]


def describe_categories(route: Mapping[str, Any]) -> list[str]:
    """Say which genes an answer was limited to."""
    lines = []
    for limit in route.get("categories", []):
        origin = " ".join(limit[key] for key in ("source", "accession", "release") if limit[key])
        lines.append(
            f"Category: {limit['name']} ({origin}): {limit['genes']:,} genes, {limit['on_chip']:,} known to be on "
            f"the chip, {limit['loaded']:,} loaded."
        )
        lines += [f"  {problem}." for problem in limit.get("problems", [])]
    return lines


def describe_disagreement(route: Mapping[str, Any]) -> list[str]:
    """Warn of a probe that hardly measures what the other probes of its gene do."""
    return [
        f"Caution: the r of this probe with the {told['others']} others of {gene} is {told['mean_r']:.2f} on average. "
        f"`coexpr probes {gene}` compares them; another may serve better."
        for gene, told in route["disagrees"].items()
    ]


def describe_lost(route: Mapping[str, Any]) -> list[str]:
    """Say how many genes are not in an answer because they have no profile."""
    lost = route["genes_without_profile"]
    return [f"Left out: {lost:,} gene{'s' * (lost != 1)} for which no probe may stand."] if lost else []


def describe_unapplied(route: Mapping[str, Any]) -> list[str]:
    """Say which rules could not be applied, and why."""
    return [f"Not told by {rule}: {reason}" for rule, reason in route["rules_not_applied"].items()]
