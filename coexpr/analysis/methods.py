"""The methods paragraph of a paper, and its references, from the provenance of a result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coexpr.analysis.references import Reference, references
from coexpr.errors import ResultFileError
from coexpr.options import CorrelationMethod, ProbeSelection
from coexpr.readers.download import SYNTHETIC_TITLE
from coexpr.readers.result_file import read_result
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
_WHAT = {
    "correlates": "Co-expression of {seed} with {compared} was computed",
    "pair": "Co-expression of {pair} was computed",
    "correlation_matrix": "Pairwise co-expression of {rows} was computed",
    "network": "A co-expression network of {rows} was computed",
    "expression": "Expression of {rows} was extracted",
    "probes": "The probes of {gene} were compared",
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
        A result as JSON, Parquet or Arrow, with r or expression values: of query, pair, matrix, network, expression or
        probes.

    Raises
    ------
    ResultFileError
        If the file is not such a result, or of a newer version.
    """
    file = read_result(Path(path))
    name = (file.provenance.get("question") or {}).get("method")
    if name not in _WHAT or not isinstance(file.provenance.get("data"), dict):
        raise ResultFileError(
            f"{path} has no methods to describe. Results of query, pair, matrix, network, expression and probes do."
        )
    writer = _Writer(file.provenance, name, len(file.rows))
    try:
        return writer.write()
    except (LookupError, TypeError, AttributeError, ValueError):
        raise ResultFileError(f"{path}: its provenance was changed and is not complete. Write it again.") from None


class _Writer:
    """Writes sentences, and collects what they cite."""

    def __init__(self, provenance: Mapping[str, Any], name: str, rows: int) -> None:
        self._of = provenance
        self._name, self._rows = name, rows
        self._arguments = provenance["question"]["arguments"]
        self._cited: dict[str, Reference] = {}

    def write(self) -> Methods:
        parts: tuple[Callable[[], str], ...] = (
            self._data, self._probes, self._seed, self._method, self._genes, self._statistics, self._files
        )  # fmt: skip
        text = " ".join(sentence for part in parts if (sentence := part()))
        return Methods(text, list(self._cited.values()))

    def _cite(self, *keys: str) -> str:
        """Return references in parentheses, and add them to the list."""
        for key in keys:
            self._cited.setdefault(key, references()[key])
        return f"({'; '.join(references()[key].short for key in keys)})"

    def _data(self) -> str:
        data = self._of["data"]
        structures = f"in {'; '.join(data['structures'])}" if data["structures"] else "in all sampled structures"
        if data.get("hemisphere"):
            structures += f" of the {'left' if data['hemisphere'] == 'L' else 'right'} hemisphere"
        donors = f"{count_of(len(data['donors']), 'donor')} ({', '.join(data['donors'])})"
        what = _WHAT[self._name].format(**self._names())
        is_synthetic = SYNTHETIC_TITLE in data["source"]
        warning = "THESE DATA ARE SYNTHETIC AND NOT FOR PUBLICATION. " if is_synthetic else ""
        return (
            f"{warning}{what} from normalized microarray data of the Allen Human Brain Atlas "
            f"{self._cite('hawrylycz2012')} with coexpr {self._of['coexpr_version']} {self._cite('coexpr')}. Data were "
            f"log2 intensities of {count_of(data['n_samples'], 'sample')} of {donors} {structures}."
        )

    def _names(self) -> dict[str, str]:
        level = self._of.get("level", "gene")
        given = self._arguments
        return {
            "seed": str(given.get("seed")),
            "compared": count_of(self._of.get("compared", 0), level),
            "pair": f"{given.get('a')} and {given.get('b')}",
            "rows": count_of(self._of.get("rows") or len(self._of.get("profiles") or given.get("items") or []), level),
            "gene": str(given.get("gene")),
        }

    def _probes(self) -> str:
        given = self._of.get("probe_selection")
        if not given:
            return ""
        selection = ProbeSelection(**given)
        sources = _SOURCES_OF_RULES[selection.rule]
        if selection.annotation == "reannotated":
            sources = (*sources, "arnatkeviciute2019")
        return f"Each gene was represented {selection.description} {self._cite(*sources)}."

    def _seed(self) -> str:
        seed = self._of.get("seed")
        if not isinstance(seed, dict) or seed["level"] != "gene":
            return ""
        return f"{seed['gene']} was represented by {seed['probe']} ({count_of(seed['probes'], 'probe')} on the array)."

    def _method(self) -> str:
        if not self._of.get("method"):
            return ""
        method = CorrelationMethod(**self._of["method"])
        cited = f" {self._cite('langfelder2012')}" if method.name == "bicor" else ""
        pooled = ", over the samples of all donors pooled" if len(self._of["data"]["donors"]) > 1 else ""
        return f"Correlation was {method.description}{cited}{pooled}."

    def _genes(self) -> str:
        use = self._of.get("gene_filter")
        if not use:
            return ""
        sentences = []
        releases = (self._of.get("sources") or {"releases": {}})["releases"]
        for category in use["categories"]:
            release = f", release {category['release']}" if category["release"] else ""
            accession = f"{category['accession']}, " if category["accession"] else ""
            cited = f" {self._cite('ashburner2000', 'go2023', 'brown2015')}" if category["source"] == "GO" else ""
            sentences.append(
                f'Genes were limited to the category "{category["name"]}" ({accession}{category["source"]}{release})'
                f"{cited}, of whose {category['genes']:,} genes {category['with_expression']:,} had expression data."
            )
            if category["source"] == "GO" and releases:
                dates = "; ".join(f"{name} {release}" for name, release in releases.items())
                sentences.append(f"Members include those of more specific terms over is_a and part_of ({dates}).")
        if use["gene_list"]:
            listed = use["gene_list"]
            sentences.append(
                f"A list of {count_of(listed['names'], 'name')} of genes was used, of which "
                f"{count_of(listed['genes'], 'gene')} had expression data."
            )
        if use["evidence_not"]:
            sentences.append(f"Annotations with evidence {', '.join(use['evidence_not'])} were excluded.")
        return " ".join(dict.fromkeys(sentences))

    def _statistics(self) -> str:
        sentences = []
        if self._arguments.get("by_donor") or self._name == "pair":
            sentences.append(
                "Correlations of single donors were combined by a random-effects meta-analysis of Fisher's z "
                f"{self._cite('dersimonian1986')}."
            )
        if self._arguments.get("stats"):
            sentences.append(
                "P-values are of a t-test of Fisher's z over donors, because samples of one donor are not independent; "
                f"false discovery rates are adjusted for all genes or probes {self._cite('benjamini1995')}."
            )
        if self._arguments.get("mutual_rank"):
            sentences.append(f"Edges have mutual ranks {self._cite('obayashi2009')}.")
        return " ".join(sentences)

    def _files(self) -> str:
        downloads = (self._of.get("sources") or {"downloads": []})["downloads"]
        if not downloads:
            return ""
        names = ", ".join(f"{one['name']} (SHA-256 {one['sha256'][:12]}…)" for one in downloads)
        return f"Files: {names}."
