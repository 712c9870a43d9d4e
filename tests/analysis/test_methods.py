"""Methods paragraphs: what they say of each option, and what they cite."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from helpers.command import invoke, run
from helpers.folders import TOP

import coexpr
from coexpr.analysis.methods import Methods, describe_methods
from coexpr.analysis.references import references
from coexpr.errors import ResultFileError
from coexpr.loading.categories import add_categories
from coexpr.loading.downloads import ingest
from coexpr.options import RULES

Describe = Callable[..., Methods]
SYNTHETIC = "THESE DATA ARE SYNTHETIC AND NOT FOR PUBLICATION. "
SENTENCES = {  # how each rule is named, and what it cites
    "max-mean": ("by its probe with the highest mean expression", ["miller2011"]),
    "min-mean": ("by its probe with the lowest mean expression", ["miller2011"]),
    "max-variance": ("by its probe with the highest variance", ["miller2011"]),
    "abs-max-mean": ("by its probe with the highest mean absolute expression", ["miller2011"]),
    "abs-min-mean": ("by its probe with the lowest mean absolute expression", ["miller2011"]),
    "average": ("by the mean of its probes", ["miller2011"]),
    "eigengene": ("by the first component of its probes", ["miller2011"]),
    "connectivity": ("by its probe with the highest connectivity (power 1)", ["miller2011"]),
    "diff-stability": ("by its probe with the highest differential stability", ["hawrylycz2015", "markello2021"]),
    "pc-loading": ("by its probe with the highest loading on the first component", ["markello2021"]),
    "corr-intensity": ("by its probe with the highest mean r with the others", ["markello2021"]),
    "corr-variance": ("by its probe with the highest mean r with the others", ["markello2021"]),
    "rnaseq": ("by its probe with the best agreement with RNA-seq", ["miller2014"]),
}
ALWAYS = ["hawrylycz2012", "coexpr"]
ONTOLOGY = ["ashburner2000", "go2021", "brown2015"]


@pytest.fixture(scope="module")
def database(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic atlas with agreement with RNA-seq, a re-annotation and an added category."""
    folder = tmp_path_factory.mktemp("database")
    path = Path(shutil.copy(synthetic_database, folder / "atlas.duckdb"))
    book = openpyxl.Workbook()
    book.active.append([None, None, "m", "b", "R", "P-value", "Q-value", "Pass?", "Average Intensity"])
    for number, probe in enumerate(["A_23_P216779", "A_24_P343559", "A_23_P127891"]):
        book.active.append([probe, "NTRK2", 0.5, 1.25, 0.8 - number / 10, 1e-9, 0.01, True, 10.1])
    book.save(folder / "8.xlsx")
    lines = ["probe_name,gene_symbol,entrez_id,allen_entrez_id,compare", "A_23_P216779,NTRK2,4915,4915,1"]
    (folder / "reannotated.csv").write_text("\n".join([*lines, "A_32_P7316,BDNF,627,627,1"]))
    ingest([folder / "8.xlsx", folder / "reannotated.csv"], path)
    (folder / "mine.gmt").write_text("my genes\t\tBDNF\tSMN1\n")
    add_categories([folder / "mine.gmt"], path, source="lab", release="3")
    return path


@pytest.fixture
def describe(database: Path, tmp_path: Path) -> Describe:
    """A function that runs a command and describes its result; every description is checked."""

    def describe(*words: object) -> Methods:
        path = tmp_path / ("r.parquet" if words[0] == "network" else "r.json")
        run(*words, "-o", path, "--db", database)
        found = describe_methods(path)
        check(found)
        assert found.text.startswith(SYNTHETIC)
        return found

    return describe


def keys(found: Methods) -> list[str]:
    return [key for reference in found.references for key, entry in references().items() if entry == reference]


def check(found: Methods) -> None:
    """Check what holds for each paragraph: its references, its sentences, and what every one contains."""
    assert len(set(keys(found))) == len(found.references)
    cited = [citation for cell in re.findall(r"\(([^()]*\b\d{4})\)", found.text) for citation in cell.split("; ")]
    shorts = [reference.short for reference in found.references]
    assert (
        list(dict.fromkeys(name for name in cited if name in {entry.short for entry in references().values()}))
        == shorts
    )
    assert keys(found)[:2] == ALWAYS
    assert f"with coexpr {coexpr.__version__} (The coexpr developers 2026)" in found.text
    assert re.search(r"The data were log2 intensities of [\d,]+ samples of \d donors? \(H0351\.\d+", found.text)
    assert not re.search(r"None|[{}\[\]]|  | [.,;)]|\( |\.\.|\bnan\b", found.text)
    assert all(start.isupper() for start in re.findall(r"(?<! al)\. (\S)", found.text))
    assert found.text.endswith(").")


@pytest.mark.long
@pytest.mark.parametrize("rule", RULES)
def test_each_rule(describe: Describe, rule: str) -> None:
    found = describe("query", "NTRK2", "--rule", rule)
    words, cited = SENTENCES[rule]
    assert f"Each gene was represented {words}" in found.text
    assert keys(found) == [*ALWAYS, *cited]
    if rule in ("average", "eigengene"):
        assert re.search(r"The profile of NTRK2 was the (mean|first component) of 7 probes\.", found.text)
    else:
        assert re.search(r"The probe of NTRK2 was \w+ \(one of its 7 probes\)\.", found.text)


def test_the_simplest_query_as_a_whole(describe: Describe, database: Path) -> None:
    text = describe("query", "TRKB").text
    assert text.partition(" Data files: ")[0] == (
        f"{SYNTHETIC}Co-expression of NTRK2 with 129 genes was computed from normalized microarray data of the Allen "
        f"Human Brain Atlas (Hawrylycz et al. 2012) with coexpr {coexpr.__version__} (The coexpr developers 2026). The "
        "data were log2 intensities of 90 samples of 6 donors (H0351.2001, H0351.2002, H0351.1009, H0351.1012, "
        "H0351.1015, H0351.1016), in all sampled structures. Each gene was represented by its probe with the highest "
        "mean expression (Miller et al. 2011). The probe of NTRK2 was A_23_P216779 (one of its 7 probes). "
        "Co-expression was measured by Pearson's correlation coefficient (r) of log2 intensities over the pooled "
        "samples of these donors. Results are limited to the 20 genes with the highest r."
    )
    assert text.count("SHA-256") == 8


def test_filters_of_samples(describe: Describe) -> None:
    text = describe("query", "NTRK2", "--structure", "Cx", "--hemisphere", "L", "--all").text
    assert ", in the following structures and those within them: cerebral cortex (Cx) (left hemisphere only)." in text
    assert "Probes were selected over all samples in the database." in text
    assert "Results are limited" not in text
    one = describe("query", "NTRK2", "--donor", "9861", "--by-donor").text
    assert "26 samples of 1 donor (H0351.2001), in all" in one
    assert "of log2 intensities over these samples." in one
    assert "pooled" not in one
    assert "meta-analysis" not in one
    assert "Probes were selected over all" not in describe("query", "A_23_P216779", "--donor", "9861").text


def test_levels(describe: Describe) -> None:
    found = describe("query", "A_23_P216779")
    assert "Co-expression of A_23_P216779 with 299 probes was" in found.text
    assert "represented" not in found.text
    assert keys(found) == ALWAYS
    text = describe("query", "NTRK2", "--level", "probe", "--rule", "min-mean").text
    assert "NTRK2 was represented by its probe with the lowest mean expression" in text
    assert "Each gene" not in text
    text = describe("query", "4915", "--probe", "A_23_P216779").text
    assert "Each other gene was represented by its probe with the highest" in text
    assert "The probe of NTRK2 was A_23_P216779, which was given." in text
    found = describe("query", "4915", "--probe", "A_23_P216779", "--level", "probe")
    assert "represented" not in found.text
    assert keys(found) == ALWAYS
    assert "A_23_P216779 with 130 genes" in describe("query", "A_23_P216779", "--level", "gene", "--include-self").text


@pytest.mark.parametrize(
    ("options", "sentence", "cited"),
    [
        (["--method", "spearman"], "by Spearman's rank correlation coefficient (r) of log2 intensities over", []),
        (["--method", "bicor"], "by the biweight midcorrelation (r) of log2 intensities over the pooled samples of "
         "these donors (Langfelder and Horvath 2012).", ["langfelder2012"]),
        (["--method", "bicor", "--max-p-outliers", "0.05"], ", with at most 5 % of samples treated as outliers on each "
         "side (Langfelder and Horvath 2012).", ["langfelder2012"]),
        (["--adjust", "donor"], "residuals of a linear model of log2 intensities with donor as a factor over", []),
        (["--adjust", "donor+structure"], "with donor and structure as factors over", []),
    ],
)  # fmt: skip
def test_methods(describe: Describe, options: list[str], sentence: str, cited: list[str]) -> None:
    found = describe("query", "NTRK2", *options)
    assert sentence in found.text
    assert keys(found) == [*ALWAYS, "miller2011", *cited]


def test_statistics(describe: Describe) -> None:
    nothing = describe("query", "NTRK2")
    assert not re.search("meta-analysis|P-values|alse discovery|[Nn]aive", nothing.text)
    found = describe("query", "NTRK2", "--by-donor")
    assert "combined by a random-effects meta-analysis of Fisher's z (DerSimonian and Laird 1986)." in found.text
    assert keys(found)[3:] == ["dersimonian1986"]
    found = describe("query", "NTRK2", "--stats")
    assert "P-values are two-sided, from t-tests over donors of whether the mean of Fisher's z is 0" in found.text
    assert "over all genes with expression data (Benjamini and Hochberg 1995)." in found.text
    assert keys(found)[3:] == ["benjamini1995"]
    category = ("--stats", "--category", "my genes")
    both = describe("query", "NTRK2", *category).text
    assert "over all genes with expression data and, separately, over the genes of the filter (" in both
    one = describe("query", "NTRK2", *category, "--no-rank-overall").text
    assert "False discovery rates are over the genes of the filter (" in one
    assert "treat samples as independent, which they are not." in describe("query", "NTRK2", "--naive-p").text


def test_limits_of_rows(describe: Describe) -> None:
    text = describe("query", "NTRK2", "--min-r", "0.1", "--max-r", "0.9", "--ascending", "--top", "1").text
    assert (
        "Results are limited to the 1 gene with the lowest r of those with r of at least 0.1 and at most 0.9." in text
    )
    text = describe("query", "NTRK2", "--min-r", "0.1", "--all").text
    assert re.search(r"limited to the \d+ genes with r of at least 0\.1\.", text)


def test_categories_and_lists(describe: Describe) -> None:
    found = describe("query", "NTRK2", "--category", "GO:0007399", "--evidence-not", "IEA", "--evidence-not", "ISS")
    assert (
        'Genes were limited to the category "nervous system development" (GO:0007399, Gene Ontology, release '
        "2022-07-01; "
    ) in found.text
    assert "specific terms by is_a and part_of (Gene Ontology 2022-07-01; NCBI gene names 2022-09-12;" in found.text
    assert "Genes whose only annotations have the evidence code IEA or ISS were excluded." in found.text
    assert keys(found)[3:] == ONTOLOGY
    found = describe("query", "NTRK2", "--category", "my genes")
    assert 'the category "my genes" (source lab, release 3; 2 genes, 2 with expression data).' in found.text
    assert "is_a" not in found.text
    assert keys(found)[3:] == []
    both = ("--category", "GO:0007399", "--category", "my genes")
    assert 'those in any of the following: the category "nervous' in describe("query", "NTRK2", *both).text
    assert "those in all of the following: " in describe("query", "NTRK2", *both, "--match", "all").text
    found = describe("query", "NTRK2", "--genes", "BDNF,SMN1,NOSUCH")
    assert "Genes were limited to a list of 3 names (2 genes with expression data)." in found.text
    text = describe("query", "NTRK2", "--category", "GO:0007399", "--include-regulates").text
    assert "by is_a and part_of, and those of terms that regulate them (" in text


def test_other_selections_of_probes(describe: Describe) -> None:
    found = describe("query", "NTRK2", "--annotation", "reannotated")
    assert "Probes were assigned to genes by a re-annotation (Arnatkeviciute, Fulcher and Fornito 2019)." in found.text
    assert keys(found)[2:] == ["arnatkeviciute2019", "miller2011"]
    text = describe("query", "NTRK2", "--scope", "common", "--min-present", "0.5").text
    assert "(selected in the largest number of donors, among those present in at least 50 % of samples)" in text
    assert "(power 3)" in describe("query", "NTRK2", "--rule", "connectivity", "--power", "3").text


def test_pairs(describe: Describe) -> None:
    found = describe("pair", "TRKB", "BDNF")
    assert "Co-expression of NTRK2 and BDNF was computed" in found.text
    assert "The probe of NTRK2 was A_23_P216779 and the probe of BDNF was A_32_P7316." in found.text
    assert keys(found) == [*ALWAYS, "miller2011", "dersimonian1986"]
    text = describe("pair", "A_23_P216779", "BDNF").text
    assert "BDNF was represented by its probe" in text
    assert ". The probe of BDNF was A_32_P7316. " in text
    found = describe("pair", "A_23_P216779", "A_32_P7316", "--donor", "9861")
    assert "represented" not in found.text
    assert keys(found) == ALWAYS


def test_other_results(describe: Describe) -> None:
    found = describe("probes", "NTRK2", "--min-present", "0.1")
    assert "The probes of NTRK2 were compared in normalized microarray data" in found.text
    assert "Each of the rules max-mean, min-mean, " in found.text
    assert "Each gene" not in found.text
    assert "Only probes that are present in at least 10 % of samples could be selected." in found.text
    assert set(keys(found)) == {*ALWAYS, "miller2011", "hawrylycz2015", "markello2021", "miller2014"}
    assert "Expression of 2 genes or probes was extracted" in describe("expression", "NTRK2", "A_23_P216779").text
    text = describe("expression", "A_23_P216779").text
    assert "Expression of 1 probe was extracted" in text
    assert not re.search("measured|represented", text)
    assert "Expression of 2 genes was" in describe("expression", "--category", "my genes").text
    assert "Pairwise co-expression of 3 genes was" in describe("matrix", "NTRK2", "BDNF", "SMN1").text
    assert "Pairwise co-expression of 9 probes was" in describe("matrix", "NTRK2", "BDNF", "--level", "probe").text


def test_networks(describe: Describe) -> None:
    found = describe("network", "--top", "3", "--mutual-rank", "--undirected")
    assert "A co-expression network of 130 genes was computed" in found.text
    assert "Edges were the 3 pairs with the highest r of each gene; r was computed in single precision." in found.text
    assert "Each pair was written once" in found.text
    assert "the geometric mean of its two ranks (Obayashi and Kinoshita 2009)." in found.text
    text = describe("network", "--top", "3", "--min-abs-r", "0.3").text
    assert "Edges were the 3 pairs with the highest absolute r of each gene, if it was at least 0.3; r was" in text
    assert "Obayashi" not in text
    text = describe("network", "--category", "GO:0007399", "--min-abs-r", "0.3", "--level", "probe").text
    assert "Edges were all pairs with absolute r of at least 0.3; r was" in text
    assert "represented" not in text


def test_real_data_carry_no_warning(gabra4: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    run("query", "GABRA4", "--level", "probe", "-o", path, "--db", gabra4)
    found = describe_methods(path)
    check(found)
    assert found.text.startswith("Co-expression of GABRA4 with 111 probes was computed from normalized")
    assert "3,702 samples of 6 donors" in found.text
    assert re.search(r"Data files: samples_log2intensities \(SHA-256 [0-9a-f]{12}…\)\.$", found.text)


# --- BibTeX ---


def parse_bibtex(text: str) -> dict[str, dict[str, str]]:
    """Parse BibTeX strictly: entries with fields in braces that balance, and nothing else."""
    entries: dict[str, dict[str, str]] = {}
    place = 0

    def take(pattern: str) -> str:
        nonlocal place
        found = re.compile(pattern).match(text, place)
        assert found, f"expected {pattern} at {text[place : place + 40]!r}"
        place = found.end()
        return found[found.lastindex or 0]

    while place < len(text):
        kind, key = take(r"@(article|misc)\{"), take(r"([a-z]+[0-9]*),\n")
        assert key not in entries
        fields = {"kind": kind}
        while text[place] != "}":
            name = take(r" *([a-z]+) = \{")
            start, depth = place, 1
            while depth:
                depth += {"{": 1, "}": -1}.get(text[place], 0)
                place += 1
            assert name not in fields
            fields[name] = text[start : place - 1]
            take(r",\n")
        take(r"\}(\s*)")
        entries[key] = fields
    return entries


def test_all_references_are_complete() -> None:
    text = (Path(coexpr.__file__).parent / "data" / "references.bib").read_text(encoding="utf-8")
    entries = parse_bibtex(text)
    assert list(entries) == list(references())
    for key, fields in entries.items():
        assert dict(references()[key].fields) == {name: part for name, part in fields.items() if name != "kind"}
        needed = {"author", "title", "year"} | (
            {"journal", "volume", "pages", "doi"} if fields["kind"] == "article" else set()
        )
        assert needed <= fields.keys(), key
        assert all(part.strip() == part and part and part.isprintable() for part in fields.values()), key
        assert re.fullmatch(r"\d{4}", fields["year"]), key
        assert not key[-4:].isdigit() or key.endswith(fields["year"]), key
        assert re.fullmatch(r"10\.\d{4,5}/\S+", fields.get("doi", "10.0000/none")), key
        assert re.fullmatch(r"\w+(--\w+)?", fields.get("pages", "1")), key
    assert len({entry.fields.get("doi") for entry in references().values()}) == len(references())
    assert len({entry.short for entry in references().values()}) == len(references())


def test_documentation_names_the_same_publications() -> None:
    documents = [*(TOP / "docs").glob("*.md"), Path(coexpr.__file__).parent / "data" / "README.md"]
    named = {
        doi.rstrip(".,;)")
        for path in documents
        for doi in re.findall(r"doi[:\s]+(10\.\d{4,5}/\S+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 8
    assert named <= {entry.fields.get("doi") for entry in references().values()}


def test_bibtex_of_a_result(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    run("query", "NTRK2", "--method", "bicor", "--by-donor", "-o", path, "--db", database)
    entries = parse_bibtex(run("methods", path, "--bib").stdout)
    assert list(entries) == [*ALWAYS, "miller2011", "langfelder2012", "dersimonian1986"]
    done = run("methods", path)
    text, _, listed = done.stdout.partition("\nReferences\n")
    assert " ".join(text.split()) == describe_methods(path).text
    assert listed.count("\n- ") == len(entries) - 1
    assert re.search(r"doi\s+10\.1016/0197-2456\(86\)90046-2\n", listed)  # not broken at the hyphen
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("key", ["langfelder2012", "hawrylycz2012", "coexpr", "arnatkeviciute2019"])
def test_references_as_text(key: str) -> None:
    expected = {
        "langfelder2012": ("Langfelder and Horvath 2012", "Langfelder, Peter; Horvath, Steve (2012). Fast R functions"),
        "hawrylycz2012": (
            "Hawrylycz et al. 2012",
            "Hawrylycz, Michael J.; Lein, Ed S.; et al. (2012). An anatomically",
        ),
        "coexpr": ("The coexpr developers 2026", "The coexpr developers (2026). coexpr: gene"),
        "arnatkeviciute2019": (
            "Arnatkeviciute, Fulcher and Fornito 2019",
            "Arnatkeviciute, Aurina; Fulcher, Ben D.; F",
        ),
    }[key]
    reference = references()[key]
    assert (reference.short, reference.text[: len(expected[1])]) == expected


# --- results without methods, and incomplete ones ---


@pytest.mark.parametrize(
    "words", [("structures",), ("verify",), ("sql", "SELECT 1 AS r"), ("genes", "NTRK2"), ("why",)]
)
def test_results_without_methods(database: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    path = tmp_path / "r.json"
    run(*words, "-o", path, "--db", database)
    done = invoke("methods", path)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "has no methods to describe" in done.stderr


def test_each_missing_part_is_reported_or_not_needed(database: Path, tmp_path: Path) -> None:
    """Take each part of a provenance away in turn, and put others in its place."""
    path = tmp_path / "r.json"
    run("query", "NTRK2", "--category", "GO:0007399", "--stats", "-o", path, "--db", database)
    whole = json.loads(path.read_text())
    refused = 0
    for part in whole["provenance"]:
        for value in (..., None, 5, "x", [], {}, [[]], {"x": 1}):
            changed: dict[str, Any] = json.loads(json.dumps(whole))
            if value is ...:
                del changed["provenance"][part]
            else:
                changed["provenance"][part] = value
            path.write_text(json.dumps(changed))
            try:
                found = describe_methods(path)
                if value is ... or value is None:
                    check(found)
            except ResultFileError:
                refused += 1
    assert refused > 60
    del whole["provenance"]["data"]["n_samples"]
    path.write_text(json.dumps(whole))
    with pytest.raises(ResultFileError, match="its provenance was changed and is not complete"):
        describe_methods(path)
