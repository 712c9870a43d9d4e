"""The route of an answer in words."""

from collections.abc import Mapping
from typing import Any


def describe_data(route: Mapping[str, Any]) -> list[str]:
    """Say what r is of, and where the data are from."""
    donors = route["donors"]
    return [
        f"Pearson r of log2 intensity, sample by sample: {route['n_samples']:,} samples of "
        f"{len(donors)} donor{'s' * (len(donors) != 1)} ({', '.join(donors)}), all structures.",
        f"Data: {'; '.join(route['source']) or 'unnamed'}. Database: {route['database']}. "
        f"coexpr {route['coexpr_version']}.",
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


def describe_unapplied(route: Mapping[str, Any]) -> list[str]:
    """Say which rules could not be applied, and why."""
    return [f"Not told by {rule}: {reason}" for rule, reason in route["rules_not_applied"].items()]
