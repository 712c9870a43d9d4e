"""The options that several commands share, in groups; each group becomes an argument of the library."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from coexpr.cli.completion import complete_categories, complete_donors, complete_structures
from coexpr.cli.groups import GENES, METHOD, PROBES, SAMPLES, option
from coexpr.errors import OptionError
from coexpr.options import (
    DEFAULT_RULE,
    RULES,
    Adjustment,
    Annotation,
    CorrelationMethod,
    GeneFilter,
    Hemisphere,
    Level,
    Match,
    MethodName,
    ProbeSelection,
    Rule,
    SampleFilter,
    Scope,
    split_names,
)
from coexpr.resources import DATABASE_VARIABLE

if TYPE_CHECKING:
    from coexpr.atlas import Atlas


Database = Annotated[
    Path | None,
    option(
        None,
        "--db",
        "The database. Default: the one in your data folder (coexpr info --path).",
        "FILE",
        envvar=DATABASE_VARIABLE,
    ),
]
Threads = Annotated[
    int | None,
    option(None, "--threads", "Number of threads. Default: COEXPR_THREADS, or one per processor.", "N", min=1),
]
LevelOption = Annotated[
    Level | None, option(None, "--level", "Return probes or genes. Default: probes for a probe, genes for a gene.")
]
GeneColumn = Annotated[
    str | None,
    option(
        GENES,
        "--gene-column --column",
        "Header or number of the column of genes in a file. Default: found by its contents.",
        "NAME",
    ),
]
AnnotationOption = Annotated[
    Annotation | None, option(PROBES, "--annotation", "The annotation that assigns probes to genes. Default: allen.")
]
IncludeRegulates = Annotated[
    bool, option(GENES, "--include-regulates", "Include the genes of terms that regulate the category.")
]
EvidenceNot = Annotated[
    list[str] | None,
    option(
        GENES,
        "--evidence-not",
        "Exclude genes whose only annotations to the category have this evidence code, such as IEA. Repeatable.",
        "CODE",
    ),
]
Mark = Annotated[
    list[str] | None,
    option(
        GENES,
        "--mark",
        "Mark the members of this category, without leaving others out. Repeatable.",
        "NAME",
        autocompletion=complete_categories,
    ),
]


@dataclass(eq=False, repr=False)  # only __init__ is needed, and each method takes time at start-up
class RuleOption:
    """The selection rule."""

    rule: Annotated[
        Rule | None,
        option(
            PROBES,
            "--rule",
            f"The rule that selects a gene's probe (docs/probes.md): {', '.join(RULES)}. Default: {DEFAULT_RULE}.",
            "RULE",
        ),
    ] = None


@dataclass(eq=False, repr=False)
class CandidateOptions:
    """Which probes can represent a gene."""

    power: Annotated[
        float | None, option(PROBES, "--power", "Exponent of (1 + r) / 2 for the rule connectivity. Default: 1.", "P")
    ] = None
    min_present: Annotated[
        float | None,
        option(
            PROBES,
            "--min-present",
            "Exclude probes that are present in a smaller fraction of samples, such as 0.5.",
            "F",
        ),
    ] = None
    scope: Annotated[
        Scope | None,
        option(
            PROBES,
            "--scope",
            "Select over all samples, in each donor, or by the largest number of donors. Default: pooled.",
        ),
    ] = None
    annotation: AnnotationOption = None

    def selection(self) -> ProbeSelection:
        """Return the probe selection that these options give."""
        given: dict[str, Any] = {name: value for name, value in vars(self).items() if value is not None}
        if "rule" not in given and self.power is not None and type(self) is CandidateOptions:
            given["rule"] = "connectivity"  # the command applies every rule; the power is for this one
        return ProbeSelection(**given)


@dataclass(eq=False, repr=False)
class ProbeOptions(CandidateOptions, RuleOption):
    """How a gene is represented: the rule, and which probes it can select."""


@dataclass(eq=False, repr=False)
class SampleOptions:
    """Which samples are used."""

    structure: Annotated[
        list[str] | None,
        option(
            SAMPLES,
            "--structure",
            "Only samples in this structure and those below it: an acronym, name or id. Repeatable.",
            "NAME",
            autocompletion=complete_structures,
        ),
    ] = None
    hemisphere: Annotated[
        Hemisphere | None, option(SAMPLES, "--hemisphere", "Only samples of the left or right hemisphere.")
    ] = None
    donor: Annotated[
        list[str] | None,
        option(
            SAMPLES,
            "--donor",
            "Only samples of this donor: an id or name. Repeatable.",
            "ID",
            autocompletion=complete_donors,
        ),
    ] = None

    def sample_filter(self) -> SampleFilter:
        """Return the sample filter that these options give."""
        return SampleFilter(tuple(self.structure or ()), self.hemisphere, tuple(self.donor or ()))


@dataclass(eq=False, repr=False)
class GeneOptions:
    """Which genes are returned."""

    category: Annotated[
        list[str] | None,
        option(
            GENES,
            "--category",
            "Only genes of this category: a name, an accession such as GO:0007399, source:name, "
            "or id:number. Repeatable.",
            "NAME",
            autocompletion=complete_categories,
        ),
    ] = None
    genes: Annotated[
        str | None,
        option(
            GENES,
            "--genes",
            "Only these genes: names between commas, a file (a list, a table, a GMT of one set), or "
            "- for stdin. With --category: genes of either, unless --match all.",
            "A,B|FILE|-",
        ),
    ] = None
    gene_column: GeneColumn = None
    match: Annotated[
        Match, option(GENES, "--match", "With several categories: genes of any of them, or of all.", show_default=True)
    ] = "any"
    include_regulates: IncludeRegulates = False
    evidence_not: EvidenceNot = None

    def gene_filter(self, atlas: "Atlas") -> GeneFilter:
        """Return the gene filter that these options give, with the names of a file."""
        return GeneFilter(
            tuple(self.category or ()),
            tuple(gene_names(atlas, self.genes, self.gene_column)),
            self.match,
            self.include_regulates,
            tuple(self.evidence_not or ()),
        )


@dataclass(eq=False, repr=False)
class MethodOptions:
    """How r is computed."""

    method: Annotated[MethodName | None, option(METHOD, "--method", "Correlation method. Default: pearson.")] = None
    max_p_outliers: Annotated[
        float | None,
        option(
            METHOD, "--max-p-outliers", "For bicor: the largest fraction of outliers on each side, such as 0.05.", "F"
        ),
    ] = None
    adjust: Annotated[
        Adjustment | None,
        option(METHOD, "--adjust", "Partial correlation: adjust for differences between donors or structures."),
    ] = None

    def correlation_method(self) -> CorrelationMethod:
        """Return the correlation method that these options give."""
        outliers = 1 if self.max_p_outliers is None else self.max_p_outliers
        return CorrelationMethod(self.method or "pearson", outliers, self.adjust)


def gene_names(atlas: "Atlas", given: str | None, gene_column: str | None, name: str = "--genes") -> list[str]:
    """Return the names that --genes gives: of a file or stdin, or between commas; none where it is not given.

    `name` is the option, where it is another one.

    Raises
    ------
    OptionError
        If there is no name, which would exclude nothing, or --gene-column is given without a file.
    """
    from coexpr.cli.messages import say

    if given is None:
        if gene_column is not None:
            raise OptionError(f"--gene-column names the column of a file, and {name} names none.")
        return []
    if path := _file_of(given, name):
        found = atlas.read_genes(path, gene_column=gene_column)
        names = list(found.categories[0].members)
        notes = "; ".join(note.rstrip(".") for note in found.notes)
        say(f"Read {len(names):,} names from {path} ({found.what}{f': {notes}' if notes else ''}).")
    elif gene_column is not None:
        raise OptionError(f"--gene-column names the column of a file, and {name} {given:.60} is none.")
    else:
        names = split_names(given)
    if not names:
        raise OptionError(f"{name} {given!r:.60}: there is no name in this list. Give symbols, Entrez ids or probes.")
    return names


def _file_of(given: str, name: str) -> Path | None:
    """Return the file that an option such as --genes names; None for a list of names.

    Raises
    ------
    OptionError
        If it has the form of a path, and there is no such file.
    """
    if given == "-":
        return Path(given)
    is_list = any(mark in given for mark in ",;\n")
    try:
        if Path(given).is_file():
            return Path(given)
    except (OSError, ValueError):  # longer than a path may be, or with characters that none may have
        return None
    looks_like_a_path = "/" in given or given.lower().endswith((".txt", ".csv", ".tsv", ".gmt", ".gz"))
    if looks_like_a_path and not is_list:
        raise OptionError(f"{name} {given:.200}: there is no such file.")
    return None


# The option for each parameter that messages of the library name.
OPTION_OF: dict[str, str] = {
    "categories": "--category",
    "database": "--db",
    "donor_weights": "--weights",
    "include_seeds": "--include-self",
    "max_rows": "--force",
    "max_analyses": "--force",
    "max_edges": "--force",
    "min_samples": "--all",
    "rank_overall": "--no-rank-overall",
}
_PARAMETERS: tuple[str, ...] = (
    "rule", "power", "min_present", "scope", "annotation", "hemisphere", "match", "include_regulates", "evidence_not",
    "genes", "method", "max_p_outliers", "adjust", "level", "probe", "top", "min_r", "max_r", "by_donor", "stats",
    "naive_p", "observed_r", "min_abs_r", "mutual_rank", "memory", "threads", "name", "source", "release", "format",
    "base_url", "folder", "port", "host", "token", "gene_column", "set_column", "ontology", "donor", "mark", "width",
    "color", "facet", "force", "vary", "duckdb_wasm", "column", "radius", "space", "seeds", "hub_correction",
    "min_size", "max_size", "timeout", "surrogates", "seed_random", "alternative", "part", "undirected",
)  # fmt: skip
OPTION_OF |= {name: "--" + name.replace("_", "-") for name in _PARAMETERS}


def with_options(message: str) -> str:
    """Return a message of the library with options in place of the parameters that it names in backticks."""
    return re.sub(r"`([a-z_]+)`", lambda found: OPTION_OF.get(found[1], found[0]), message)
