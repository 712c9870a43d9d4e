"""The methods paragraph of a paper, and its references, from the provenance of a result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coexpr.analysis.methods_of_sets import WITH_NULL, describe_null, names_of_sets
from coexpr.analysis.references import Reference, references
from coexpr.database.bundled import ONTOLOGY_SOURCE
from coexpr.errors import ResultFileError
from coexpr.options import BUILDS, CorrelationMethod, ProbeSelection
from coexpr.readers.download import SYNTHETIC_TITLE
from coexpr.readers.gene_cells import is_probe_name
from coexpr.readers.result_file import printable, read_result
from coexpr.wording import count_of

# The publications of each selection rule, after docs/probes.md.
_SOURCES_OF_RULES = {
    "max-mean": ("miller2011",),
    "min-mean": ("miller2011",),
    "max-variance": ("miller2011",),
    "abs-max-mean": ("miller2011",),
    "abs-min-mean": ("miller2011",),
    "average": ("miller2011",),
    "eigengene": ("miller2011",),
    "connectivity": ("miller2011",),
    "diff-stability": ("hawrylycz2015", "markello2021"),
    "pc-loading": ("markello2021",),
    "corr-intensity": ("markello2021",),
    "corr-variance": ("markello2021",),
    "rnaseq": ("miller2014",),
}
# What was done, before "normalized microarray data".
_WHAT = {
    "correlates": "Co-expression of {seed} with {compared} was computed from",
    "correlates_of_set": "Co-expression of {seeds} with {compared} was computed from",
    "map": "The correlation of a map of the brain with the expression of {compared} was computed from",
    "pair": "Co-expression of {pair} was computed from",
    "curve": "Co-expression of {pair} was computed in {analyses} analyses from",
    "curve_of_correlates": "Co-expression of {seed} with {compared} was computed in {analyses} analyses from",
    "correlation_matrix": "Pairwise co-expression of {rows} was computed from",
    "network": "A co-expression network of {rows} was computed from",
    "expression": "Expression of {rows} was extracted from",
    "expression_by_structure": "Mean expression of {rows} in each structure was computed from",
    "probes": "The probes of {gene} were compared in",
    "enrich": "Mean correlations of {seeds} with {categories} were computed from",
    "enrich_map": "Mean correlations of a map of the brain with {categories} were computed from",
    "coexpression": "Mean correlations {sets} were computed from",
}
_COEFFICIENTS = {
    "pearson": "Pearson's correlation coefficient",
    "spearman": "Spearman's rank correlation coefficient",
    "bicor": "the biweight midcorrelation",
}


@dataclass(frozen=True)
class Methods:
    """A methods paragraph.

    Parameters
    ----------
    text : str
    references : list of Reference
        In the order in which the text cites them.
    """

    text: str
    references: list[Reference]

    @property
    def bibtex(self) -> str:
        """The references as a BibTeX file."""
        return "\n\n".join(reference.bibtex for reference in self.references)


def describe_methods(path: Path | str) -> Methods:
    """Return the methods paragraph for a result.

    Parameters
    ----------
    path : path
        A result as JSON, Parquet or Arrow, with r or expression values: of query, map, enrich, pair, matrix, network,
        expression or probes.

    Raises
    ------
    ResultFileError
        If the file is not such a result, or of a newer version.
    """
    file = read_result(Path(path))
    question = file.provenance.get("question")
    name = question.get("method") if isinstance(question, dict) else None
    if not isinstance(name, str) or name not in _WHAT or not isinstance(file.provenance.get("data"), dict):
        raise ResultFileError(
            f"{path} has no methods to describe. Results of query, map, enrich, pair, matrix, network, expression and "
            "probes do."
        )
    try:
        rows = sum(row.get("table") != "seeds" for row in file.rows)
        return _Writer(file.provenance, name, rows).write()
    except (LookupError, TypeError, AttributeError, ValueError):
        raise ResultFileError(f"{path}: its provenance was changed and is not complete. Write it again.") from None


class _Writer:
    """Writes sentences, and collects what they cite."""

    def __init__(self, provenance: Mapping[str, Any], name: str, rows: int) -> None:
        self._of, self._data = provenance, provenance["data"]
        # A curve is described by its default analysis, with one more sentence.
        self._name, self._rows = {"curve": "pair", "curve_of_correlates": "correlates"}.get(name, name), rows
        self._asked = name
        self._arguments = provenance["question"]["arguments"]
        self._cited: dict[str, Reference] = {}

    def write(self) -> Methods:
        parts: tuple[Callable[[], str], ...] = (
            self._samples, self._map, self._choices, self._probes, self._profiles, self._method, self._set, self._null,
            self._genes, self._reported, self._edges, self._statistics, self._files,
        )  # fmt: skip
        text = " ".join(sentence for part in parts if (sentence := part()))
        return Methods(printable(text), list(self._cited.values()))

    def _cite(self, *keys: str) -> str:
        """Return references in parentheses, and add them to the list."""
        for key in keys:
            self._cited.setdefault(key, references()[key])
        return f"({'; '.join(references()[key].short for key in keys)})"

    @property
    def _level(self) -> str:
        """What rows are: genes, probes, or both."""
        if "level" in self._of:
            return {"gene": "gene", "probe": "probe"}[self._of["level"]]
        if not self._of["probe_selection"]:
            return "probe"
        are_genes = self._arguments.get("level") == "gene" or not self._arguments.get("items")
        return "gene" if are_genes or not any(map(is_probe_name, self._arguments["items"])) else "gene or probe"

    def _samples(self) -> str:
        data = self._data
        where = "in all sampled structures"
        if data["structures"]:
            where = f"in the following structures and those within them: {'; '.join(data['structures'])}"
        if data["hemisphere"]:
            where += f" ({'left' if data['hemisphere'] == 'L' else 'right'} hemisphere only)"
        donors = f"{count_of(len(data['donors']), 'donor')} ({', '.join(data['donors'])})"
        is_synthetic = SYNTHETIC_TITLE in data["source"]
        warning = "THESE DATA ARE SYNTHETIC AND NOT FOR PUBLICATION. " if is_synthetic else ""
        return (
            f"{warning}{_WHAT[self._asked].format_map(self._names())} normalized microarray data of the Allen Human "
            f"Brain Atlas {self._cite('hawrylycz2012')} with coexpr {self._of['coexpr_version']} "
            f"{self._cite('coexpr')}. The data were log2 intensities of {count_of(data['n_samples'], 'sample')} of "
            f"{donors}, {where}."
        )

    def _map(self) -> str:
        """Return how a map of the brain was matched to samples."""
        use = self._of.get("map")
        if not use:
            return ""
        thing = {"structures": "structure", "samples": "sample"}.get(use["kind"], "point")
        matched = f"{use['matched']:,} of {count_of(use['rows'], thing)}"
        if use["kind"] == "coordinates":
            space = "corrected MNI coordinates" if use["space"] == "corrected" else "the atlas's MNI coordinates"
            return (
                f"The value of each point of the map was assigned to the nearest sample within {use['radius']:g} mm by "
                f"{space} ({matched} matched), and averaged where a sample was nearest to several; "
                f"{count_of(use['samples'], 'sample')} had a value."
            )
        to = "all samples in and below it, except those in a lower structure of the map"
        to = "the sample" if use["kind"] == "samples" else to
        return (
            f"The value of each {thing} of the map was assigned to {to} ({matched} matched); "
            f"{count_of(use['samples'], 'sample')} had a value."
        )

    def _choices(self) -> str:
        """Return the choices of a specification curve."""
        choices = self._of.get("choices")
        if not choices:
            return ""
        varied = "; ".join(f"{name} ({', '.join(levels)})" for name, levels in choices.items() if len(levels) > 1)
        left_out = self._of["analyses"] - self._of["run"]
        missing = f"; {left_out:,} of {self._of['analyses']:,} combinations could not be computed" if left_out else ""
        return (
            f"The analyses were the combinations of these choices {self._cite('simonsohn2020')}: {varied or 'none'}"
            f"{missing}. The default analysis was as follows."
        )

    def _names(self) -> dict[str, str]:
        return self._names_of_result() | {"analyses": f"{self._of.get('run', 1):,}"}

    def _names_of_result(self) -> dict[str, str]:
        if self._name in ("correlates", "map"):
            seed = {"seed": self._seed} if self._name == "correlates" else {}
            return seed | {"compared": _count(self._of["compared"], self._level)}
        if self._name == "correlates_of_set":
            names = [one["seed"]["name"] for one in self._of["seeds"]]
            return {"seeds": _listed(names), "compared": _count(self._of["compared"], self._level)}
        if self._name in WITH_NULL:
            return names_of_sets(self._of)
        if self._name in ("pair", "probes"):
            return {"pair": " and ".join(self._of.get("names", ())), "gene": str(self._of.get("gene"))}
        if self._name in ("expression", "expression_by_structure") and self._level == "gene":
            return {"rows": _count(len(self._of["profiles"]), "gene")}
        return {"rows": _count(self._of.get("rows") or len(set(self._arguments["items"])), self._level)}

    @property
    def _seed(self) -> str:
        seed = self._of["seed"]
        return str(seed["gene"] if seed["level"] == "gene" else seed["probe"])

    def _probes(self) -> str:
        """Return how genes are represented: all, or those of a seed or pair."""
        if not self._of["probe_selection"]:
            return ""
        selection = ProbeSelection(**self._of["probe_selection"])
        sources = _SOURCES_OF_RULES[selection.rule]
        sentences = []
        if selection.annotation == "reannotated":
            sentences.append(f"Probes were assigned to genes by a re-annotation {self._cite('arnatkeviciute2019')}.")
        if self._name == "probes":
            applied = [rule for rule in _SOURCES_OF_RULES if rule not in self._of["rules_skipped"]]
            cited = self._cite(*dict.fromkeys(key for rule in applied for key in _SOURCES_OF_RULES[rule]))
            selecting = ", ".join(rule for rule in applied if rule not in BUILDS)
            sentences.append(f"Each of the rules {selecting} was applied to select a probe {cited}.")
            if selection.min_present is not None:
                present = f"{selection.min_present * 100:g} %"
                sentences.append(f"Only probes that are present in at least {present} of samples could be selected.")
        elif genes := self._represented_genes:
            how = replace(selection, annotation="allen").description
            sentences.append(f"{genes} represented {how} {self._cite(*sources)}.")
        if self._arguments.get("sample_filter") and sentences:
            sentences.append("Probes were selected over all samples in the database.")
        return " ".join(sentences)

    @property
    def _represented_genes(self) -> str:
        """Which genes are represented by the rule, with the verb."""
        if self._name == "pair":
            genes = self._genes_of_pair
            return "Each gene was" if len(genes) == 2 else f"{next(iter(genes))} was"
        if self._name == "correlates_of_set" and self._level == "probe":
            return "Each gene among the seeds was"
        if self._name != "correlates":
            return "Each gene was"
        is_given = self._of["seed"]["selected_by"] == "name" and self._of["seed"]["level"] == "gene"
        if self._level == "gene":
            return "Each other gene was" if is_given else "Each gene was"
        return "" if is_given else f"{self._seed} was"

    @property
    def _genes_of_pair(self) -> dict[str, str]:
        """The genes of a pair, with the probe of each or what its profile is built from."""
        sides = zip(self._of["names"], self._of["levels"], self._of["profiles"], strict=True)
        return {name: profile for name, level, profile in sides if level == "gene"}

    def _profiles(self) -> str:
        """Return which profiles represent a seed or a pair."""
        if self._name == "pair" and ProbeSelection(**self._of["probe_selection"] or {}).rule not in BUILDS:
            parts = [f"the probe of {gene} was {profile}" for gene, profile in self._genes_of_pair.items()]
            return f"T{' and '.join(parts)[1:]}." if parts else ""
        if self._name == "correlates_of_set":
            used = [(one["seed"]["name"], one["seed"]["probe"]) for one in self._of["seeds"]]
            parts = [f"{name} by {profile}" for name, profile in used if name != profile]
            return f"Of the seeds, {_listed(parts)} {'were' if len(parts) > 1 else 'was'} represented." if parts else ""
        if self._name != "correlates" or self._of["seed"]["level"] != "gene":
            return ""
        seed = self._of["seed"]
        if seed["probe_id"] is None:
            return f"The profile of {self._seed} was the {seed['probe']}."
        if seed["selected_by"] == "name":
            return f"The probe of {self._seed} was {seed['probe']}, which was given."
        among = f"one of its {seed['probes']:,} probes" if seed["probes"] > 1 else "its only probe"
        if seed["candidates"] < seed["probes"]:
            among += f", {seed['candidates']:,} of which could be selected"
        return f"The probe of {self._seed} was {seed['probe']} ({among})."

    def _method(self) -> str:
        if not self._of.get("method"):
            return ""
        method = CorrelationMethod(**self._of["method"])
        cited = f" {self._cite('langfelder2012')}" if method.name == "bicor" else ""
        of = "log2 intensities"
        if method.adjust:
            factors = method.adjust.replace("+", " and ")
            of = f"the residuals of a linear model of log2 intensities with {factors} as {_factors(factors)}"
        outliers = ""
        if method.max_p_outliers != 1:
            outliers = f", with at most {method.max_p_outliers * 100:g} % of samples treated as outliers on each side"
        over = "the pooled samples of these donors" if len(self._data["donors"]) > 1 else "these samples"
        if self._of.get("weights"):
            over = "the samples of each donor"
        what = "Correlation" if self._of.get("map") else "Co-expression"
        text = f"{what} was measured by {_COEFFICIENTS[method.name]} (r) of {of} over {over}{outliers}{cited}."
        fewest = self._of.get("fewest_samples")
        if fewest is not None and fewest < self._data["n_samples"]:
            text += (
                f" Where values were missing, r was computed over the others, at least {count_of(fewest, 'sample')}."
            )
        return text

    def _set(self) -> str:
        """Return how r with several seeds becomes one number."""
        if self._name != "correlates_of_set":
            return ""
        weighted = ", averaged over donors" if self._of["weights"] else ""
        ranked = f"{self._level.capitalize()}s were ranked by their mean r with the seeds{weighted}"
        if self._of["hub_correction"]:
            ranked += f", minus their mean r with all {self._level}s {self._cite('zhu2015')}"
        if not self._of["weights"]:
            return f"{ranked}."
        shares = ", ".join(f"{one['weight']:.3f} ({one['donor']})" for one in self._of["weights"])
        return (
            f"{ranked}. Donors were weighted by how well the seeds retrieved each other within them, measured by "
            f"rank-biased precision with p = 0.99 {self._cite('zhu2015', 'moffat2008')}: {shares}."
        )

    def _null(self) -> str:
        """Return how p of categories were computed."""
        return describe_null(self._of, self._cite) if self._name in WITH_NULL else ""

    def _genes(self) -> str:
        use = self._of.get("gene_filter")
        if not use:
            return ""
        limits = [_category(category) for category in use["categories"]]
        if use["gene_list"]:
            names, genes = (
                count_of(use["gene_list"][key], thing) for key, thing in (("names", "name"), ("genes", "gene"))
            )
            limits.append(f"a list of {names} ({genes} with expression data)")
        are_terms = any(map(_is_term, use["categories"]))
        cited = f" {self._cite('ashburner2000', 'go2021', 'brown2015')}" if are_terms else ""
        those = "" if len(limits) == 1 else f"those in {use['match']} of the following: "
        sentences = [f"Genes were limited to {those}{'; '.join(limits)}{cited}."]
        if are_terms:
            releases = self._releases_of(use["categories"])
            more = ", and those of terms that regulate them" if use["include_regulates"] else ""
            sentences.append(f"Terms include the genes of more specific terms by is_a and part_of{more}{releases}.")
        if use["evidence_not"]:
            codes = " or ".join(use["evidence_not"])
            sentences.append(f"Genes whose only annotations have the evidence code {codes} were excluded.")
        return " ".join(sentences)

    def _releases_of(self, categories: Sequence[Mapping[str, Any]]) -> str:
        """Return the releases in the database in parentheses; files that were added have their own."""
        if all(category["source"] != ONTOLOGY_SOURCE for category in categories):
            return ""
        releases = (self._of.get("sources") or {"releases": {}})["releases"]
        return f" ({'; '.join(f'{name} {release}' for name, release in releases.items())})" if releases else ""

    def _reported(self) -> str:
        """Return which rows of a query are reported."""
        ranks = self._of.get("ranks")
        if not ranks:
            return ""
        r = "mean r" if self._name == "correlates_of_set" else "r"
        by = f"corrected {r}" if self._of.get("hub_correction") else r
        limits = [f"at least {ranks['min_r']:g}"] if ranks["min_r"] is not None else []
        limits += [f"at most {ranks['max_r']:g}"] if ranks["max_r"] is not None else []
        with_r = f" with {r} of {' and '.join(limits)}" if limits else ""
        if self._rows < self._of["matching"]:
            which = "lowest" if ranks["ascending"] else "highest"
            those = f" of those{with_r}" if limits else ""
            return f"Results are limited to the {_count(self._rows, self._level)} with the {which} {by}{those}."
        return f"Results are limited to the {_count(self._of['matching'], self._level)}{with_r}." if limits else ""

    def _edges(self) -> str:
        """Return which edges a network has."""
        edges = self._of.get("edges")
        if not edges:
            return ""
        least, top = edges["min_abs_r"], edges["top"]
        r = "r" if least is None else "absolute r"
        which = f"the {top:,} pairs with the highest {r} of each {self._level}" if top else "all pairs"
        limit = "" if least is None else f" with absolute r of at least {least:g}"
        if top and limit:
            limit = f", if it was at least {least:g}"
        text = f"Edges were {which}{limit}; r was computed in single precision."
        if edges["undirected"]:
            text += " Each pair was written once, with the better rank of its two directions."
        if edges["mutual_rank"]:
            text += f" The mutual rank of an edge is the geometric mean of its two ranks {self._cite('obayashi2009')}."
        return text

    def _statistics(self) -> str:
        sentences = []
        donors = len(self._data["donors"])
        if (self._arguments.get("by_donor") or self._asked == "pair") and donors > 1:
            sentences.append(
                "Correlations within each donor were combined by a random-effects meta-analysis of Fisher's z "
                f"{self._cite('dersimonian1986')}."
            )
        if self._arguments.get("stats"):
            is_overall = self._of["ranks"]["rank_overall"] or not self._of["gene_filter"]
            families = [f"all {self._level}s with expression data"] if is_overall else []
            families += [f"the {self._level}s of the filter"] if self._of["gene_filter"] else []
            sentences.append(
                "P-values are two-sided, from t-tests over donors of whether the mean of Fisher's z is 0: the donor "
                "was the unit, because samples of one donor are not independent. False discovery rates are over "
                f"{' and, separately, over '.join(families)} {self._cite('benjamini1995')}."
            )
        if self._arguments.get("naive_p") and self._name == "correlates":
            sentences.append(
                "Naive p-values are from t-tests of r that treat samples as independent, which they are not."
            )
        return " ".join(sentences)

    def _files(self) -> str:
        downloads = (self._of.get("sources") or {"downloads": []})["downloads"]
        if not downloads:
            return ""
        names = ", ".join(f"{one['name']} (SHA-256 {one['sha256'][:12]}…)" for one in downloads)
        return f"Data files: {names}."


def _count(count: int, level: str) -> str:
    """Return "1 gene", "20 probes" or "3 genes or probes"."""
    plural = "s" * (count != 1)
    return f"{count:,} {level.replace(' or ', f'{plural} or ')}{plural}"


def _listed(names: Sequence[str]) -> str:
    """Return "A, B and C"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _factors(names: str) -> str:
    return "factors" if " and " in names else "a factor"


def _is_term(category: Mapping[str, Any]) -> bool:
    """Return whether a category is of the Gene Ontology: shipped, or of a file of annotations."""
    return bool(category["source"] == ONTOLOGY_SOURCE or category["source"].startswith(f"{ONTOLOGY_SOURCE}-"))


def _category(category: Mapping[str, Any]) -> str:
    """Return a category with what identifies it, and its numbers of genes."""
    source = "Gene Ontology" if _is_term(category) else f"source {category['source']}"
    parts = [category["accession"], source, category["release"] and f"release {category['release']}"]
    genes = f"{count_of(category['genes'], 'gene')}, {category['with_expression']:,} with expression data"
    return f'the category "{category["name"]}" ({", ".join(part for part in parts if part)}; {genes})'
