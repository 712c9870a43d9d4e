"""What is said of the way to an answer, and the names of the profiles in it."""

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

import coexpr
from coexpr.analysis.design import Basis
from coexpr.analysis.profiles import Profiles
from coexpr.choice import Choice
from coexpr.database.expression import Expression
from coexpr.database.queries import run
from coexpr.database.seeds import Seed

LABELS = ("probe_id", "probe_name", "gene_symbol", "gene_name", "entrez_id")


def describe_choice(choice: Choice) -> dict[str, Any]:
    """Return what the route says of how genes get their profiles."""
    return {
        "rule": choice.rule,
        "power": choice.exponent if choice.rule == "connectivity" else None,
        "min_present": choice.min_present,
        "scope": choice.scope,
        "annotation": choice.annotation,
        "profile_in_words": choice.in_words,
        "conditions": choice.conditions,
    }


def describe_seed(
    connection: duckdb.DuckDBPyConnection, seed: Seed, profile: Profiles, choice: Choice, probe: str | None
) -> dict[str, Any]:
    """Return what the route says of the probe or gene that was asked about, and of its one profile."""
    if seed.level == "probe":
        probe_id, probe_name, gene_symbol = seed.probe_id, seed.probe_name, seed.gene_symbol
    else:
        ((probe_id, probe_name, gene_symbol, *_),) = labels_of(connection, profile, np.array([0]))
    return {
        "seed": seed.name,
        "seed_probe": probe_name,
        "seed_probe_id": probe_id,
        "seed_gene": gene_symbol,
        "seed_found_as": seed.found_as,
        "seed_probe_chosen_by": choice.rule if seed.level == "gene" and probe is None else "name",
        "seed_probe_candidates": int(profile.candidates[0]),
        "seed_probes": int(profile.totals[0]),
    }


def describe_data(expression: Expression, basis: Basis, known: NDArray[np.bool_]) -> dict[str, Any]:
    """Return what the route says of the data.

    Parameters
    ----------
    expression : Expression
    basis : Basis
    known : (S,) bool
        The samples in which what was asked about is known.
    """
    names = expression.donor_names
    return {
        "method": basis.method.name,
        "max_p_outliers": basis.method.max_p_outliers if basis.method.name == "bicor" else None,
        "adjust": basis.method.adjust,
        "method_in_words": basis.method.in_words,
        "scale": "log2",
        "resolution": "samples",
        **basis.told,
        "donors": [names[donor_id] for donor_id, samples in basis.samples.columns.items() if known[samples].any()],
        "samples_of_donors": {
            names[donor_id]: int(np.count_nonzero(known[samples]))
            for donor_id, samples in basis.samples.columns.items()
            if known[samples].any()
        },
        "n_samples": int(np.count_nonzero(known)),
        "source": expression.titles,
        "database": str(expression.path),
        "cache_problem": expression.cache_problem,
        "coexpr_version": coexpr.__version__,
    }


def labels_of(
    connection: duckdb.DuckDBPyConnection, profiles: Profiles, rows: NDArray[np.intp]
) -> list[tuple[Any, ...]]:
    """Return probe_id, probe_name, gene_symbol, gene_name and entrez_id of some of the profiles, in their order."""
    reported = {
        "place": np.arange(len(rows), dtype=np.int32),
        "probe_id": profiles.probe_ids[rows],
        "gene_id": profiles.gene_ids[rows],
    }
    connection.register("reported_profiles", reported)
    labels = run(connection, "labels_of_reported_profiles")
    connection.unregister("reported_profiles")
    named = []
    for row, label in zip(rows.tolist(), labels, strict=True):
        made_of = profiles.made_of[row]
        probe = (None, made_of) if made_of else (int(profiles.probe_ids[row]), label["probe_name"])
        named.append((*probe, label["gene_symbol"], label["gene_name"], label["entrez_id"]))
    return named
