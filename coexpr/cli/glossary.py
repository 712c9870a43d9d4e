"""coexpr glossary: what columns and terms mean. The same sentences end the help of each command."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated

import typer

from coexpr.errors import NotFoundError

GLOSSARY = {
    "accession": "The category's id in its source, such as GO:0007399.",
    "acronym": "Allen's short name of a structure; left and right share one.",
    "by": 'What an r is of: "probes" for two single probes, else the rule by which genes are represented.',
    "category": "A named set of genes, from a named source and release.",
    "ci95_high": "Upper end of the 95 % interval of donor_mean_r (Student's t, donors as the unit).",
    "ci95_low": "Lower end of the 95 % interval of donor_mean_r (Student's t, donors as the unit).",
    "correlate": "A gene or probe in the result of a query, ranked by its r with the seed.",
    "current_symbol": "The gene's symbol in NCBI Gene today; the atlas has symbols of about 2010.",
    "depth": "How many structures are above this one.",
    "diff_stability": "Differential stability: mean over pairs of donors of Spearman's correlation of the probe's "
    "averages by structure.",
    "direct": "Whether the source lists the gene for this very category, not only for one below it.",
    "donor": "A brain of the atlas, such as H0351.2001.",
    "donor_mean_r": "Mean over donors of Fisher's z of r in each donor, as an r.",
    "donors": "How many donors an r is combined from; in a comparison of scales, whether they are pooled or averaged.",
    "donors_used": "How many donors donor_mean_r, p and q are from.",
    "entrez_id": "Id of the gene in NCBI Gene.",
    "evidence": "Evidence codes of the annotations that make the gene a member, such as IDA (direct assay) and IEA "
    "(electronic).",
    "explanation": "What the name means, in words; for an unknown name, similar ones.",
    "expression": "log2 intensity of a probe in a sample.",
    "gene": "A gene of the atlas, shown by its symbol in the atlas.",
    "gene_name": "Full name of the gene.",
    "gene_symbol": "Symbol of the gene in the atlas.",
    "genes": "How many genes the category has.",
    "hemisphere": "L or R; nothing for midline structures and structures of both sides.",
    "highest_without_one": "The highest pooled r that remains when one donor is left out.",
    "I2": "Share of the variation between donors that sampling does not explain.",
    "id": "What --category takes to mean this very category.",
    "with_expression": "How many genes of the category have expression data in this database.",
    "lowest_r": "The lowest r of the probe with another probe of its gene.",
    "lowest_r_with": "The probe with which that r is.",
    "lowest_without_one": "The lowest pooled r that remains when one donor is left out.",
    "matched_by": "By what a name was matched: probe name, probe id, Entrez id, atlas symbol, current symbol or alias.",
    "mean_log2": "Mean expression (log2 intensity) of the probe over all samples of all donors.",
    "mean_r": "Mean r of the probe with the other probes of its gene.",
    "n": "How many samples an r is over: those in which both profiles have a value.",
    "naive_ci95_high": "Upper end of R's 95 % interval, as if samples were independent; they are not.",
    "naive_ci95_low": "Lower end of R's 95 % interval, as if samples were independent; they are not.",
    "naive_p": "p of R's cor.test, as if samples were independent; they are not.",
    "naive_t": "t of R's cor.test, as if samples were independent; they are not.",
    "name": "Name.",
    "on_chip": "How many genes of the category have probes on the chip, as far as lists of probes are loaded.",
    "p": "p of donor_mean_r by Student's t, donors as the unit.",
    "present_fraction": "Share of the samples in which the probe is called present, that is, above background.",
    "probe": "A short sequence on the microarray that measures one gene; most genes have several.",
    "probe_a": "The probe, or what is built from the probes, of the first of the two.",
    "probe_b": "The probe, or what is built from the probes, of the second of the two.",
    "probe_id": "Allen's id of the probe.",
    "probe_name": "Allen's name of the probe, such as A_23_P216779.",
    "probes": "How many probes the gene has.",
    "probes_with_expression": "How many probes of the gene have expression data in this database.",
    "Q": "Cochran's Q: heterogeneity of r between donors.",
    "q": "False discovery rate (Benjamini and Hochberg) of p over everything that was tested.",
    "q_category": "False discovery rate of p over the category only.",
    "r": "Correlation of two profiles over samples: 1 for the same pattern, 0 for no relation, -1 for the opposite.",
    "random_high": "Upper end of the 95 % interval of random_r.",
    "random_low": "Lower end of the 95 % interval of random_r.",
    "random_r": "Random-effects mean of r over donors (DerSimonian and Laird).",
    "rank": "Place by r, among the genes of the category where one is given.",
    "rank_overall": "Place by r among all genes or probes, whatever the category.",
    "release": "Release of the source.",
    "representative probe": "The probe that a selection rule selects to represent its gene.",
    "resolution": "What an r is over: samples, or averages by structure as the site's heatmaps show them.",
    "rnaseq_q": "False discovery rate of rnaseq_r (Miller et al. 2014, Additional file 8).",
    "rnaseq_r": "r of the probe with RNA-seq of its gene (Miller et al. 2014, Additional file 8).",
    "rule": "How a gene with several probes is represented by one profile; docs/probes.md explains each.",
    "same_sign": "In how many donors r has the sign of random_r.",
    "sample": "A piece of tissue of one donor.",
    "sample_id": "Allen's id of the sample (well_id).",
    "samples": "How many samples.",
    "selected_by": "The selection rules that select the probe.",
    "seed": "The gene or probe that a query starts from.",
    "source": "Where the category is from.",
    "status": "What the database has of the gene: with expression data, on the chip, or not at all.",
    "structure": "A part of the brain in Allen's ontology.",
    "structure_id": "Allen's id of the structure; --structure takes it.",
    "tau2": "Variance of r (as Fisher's z) between donors.",
    "variance_log2": "Variance of the probe's expression over all samples of all donors.",
    "z-score": "Expression minus its mean, divided by its standard deviation; in the site's heatmaps, within donors.",
}


def explain(*names: str) -> str:
    """Return the end of the help of a command: what its columns mean."""
    lines = [f"{name}: {GLOSSARY[name]}" for name in names]
    return "\n\n".join(["Columns (coexpr glossary has more):", *lines])


def glossary(
    term: Annotated[
        str | None, typer.Argument(metavar="[TERM]", help="A column or a term. Without it: all.", show_default=False)
    ] = None,
) -> None:
    """Explain a column of a result, or a term.

    Example: coexpr glossary mean_r
    """
    names: Sequence[str] = sorted(GLOSSARY, key=str.lower) if term is None else [_find(term)]
    width = max(map(len, names))
    typer.echo("\n".join(f"{name:<{width}}  {GLOSSARY[name]}" for name in names))


def _find(term: str) -> str:
    """Return the term of the glossary that is meant: in the same case before any other.

    Raises
    ------
    NotFoundError
        If there is none; the message lists similar ones.
    """
    plain = term.strip().lower().replace("-", "_").replace(" ", "_")
    by_plain = {name.lower().replace("-", "_").replace(" ", "_"): name for name in reversed(GLOSSARY)}
    if plain.startswith(("r_h0351", "n_h0351")):
        plain = plain[0]
    if term in GLOSSARY:
        return term
    if plain in by_plain:
        return by_plain[plain]
    near = get_close_matches(plain, by_plain, n=3, cutoff=0.6)
    hint = f" Similar: {', '.join(by_plain[name] for name in near)}." if near else ""
    raise NotFoundError(f"the glossary has no term {term!r:.60}.{hint} All terms: coexpr glossary")
