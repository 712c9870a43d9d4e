"""coexpr glossary: the meaning of columns and terms, which is also shown at the end of the help of commands."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated

import typer

from coexpr.errors import NotFoundError

GLOSSARY = {
    "accession": "The category's id in its source, such as GO:0007399.",
    "acronym": "Allen's short name of a structure; left and right share one.",
    "analyses": "Number of analyses; in a table of hits, of those in which the hit has an r.",
    "best_rank": "Highest place of the hit among all genes or probes, over all analyses.",
    "by": 'What an r is computed from: "probes" for two single probes, or the rule by which genes are represented.',
    "category": "A named set of genes, from a named source and release.",
    "choice": "What varies between analyses: rule, min_present, annotation, method, adjust or without_donor.",
    "ci95_high": "Upper limit of the 95 % interval of donor_mean_r (Student's t, donors as the unit).",
    "ci95_low": "Lower limit of the 95 % interval of donor_mean_r (Student's t, donors as the unit).",
    "correlate": "A gene or probe in the result of a query, ranked by its r with the seed.",
    "current_symbol": "Symbol of the gene in the current NCBI Gene; the symbols of the atlas are from about 2010.",
    "default_r": "r in the default analysis.",
    "depth": "Number of structures above this one in the tree.",
    "diff_stability": "Differential stability: mean over pairs of donors of Spearman's correlation of the probe's "
    "averages by structure.",
    "direct": "Whether the source lists the gene for this category itself, not only for a category below it.",
    "donor": "A person whose brain is in the atlas, such as H0351.2001.",
    "donor_mean_r": "Mean over donors of Fisher's z of r in each donor, transformed back to r.",
    "donors": "Number of donors that an r is combined from; in a comparison of scales, whether donors are pooled or "
    "averaged.",
    "donors_used": "Number of donors from which donor_mean_r, p and q are computed.",
    "entrez_id": "Id of the gene in NCBI Gene.",
    "evidence": "Evidence codes of the annotations that make the gene a member, such as IDA (direct assay) and IEA "
    "(electronic).",
    "explanation": "Explanation of what the name means; similar names if it is not recognised.",
    "expression": "log2 intensity of a probe in a sample.",
    "gene": "A gene of the atlas, shown by its symbol in the atlas.",
    "gene_name": "Full name of the gene.",
    "gene_symbol": "Symbol of the gene in the atlas.",
    "genes": "Number of genes in the category.",
    "hemisphere": "L or R; empty for midline structures and structures of both sides.",
    "highest_level": "The level of the choice with the highest mean r.",
    "highest_mean_r": "Mean r over all analyses with highest_level.",
    "highest_without_one": "The highest pooled r when one donor is left out.",
    "I2": "Fraction of the variation between donors that sampling does not explain.",
    "hub_r": "Mean r of the gene with all other genes.",
    "corrected_r": "mean_r minus hub_r.",
    "id": "Identifier that selects exactly this category with --category.",
    "lowest_level": "The level of the choice with the lowest mean r.",
    "lowest_mean_r": "Mean r over all analyses with lowest_level.",
    "max_r": "The highest r over all analyses.",
    "median_r": "Median of r over all analyses.",
    "median_rank": "Median of the rank over all analyses.",
    "min_r": "The lowest r over all analyses.",
    "moved_most_by": "The choice with the largest range_of_mean_r.",
    "q25_r": "Lower quartile of r over all analyses.",
    "q25_rank": "Lower quartile of the rank over all analyses.",
    "q75_r": "Upper quartile of r over all analyses.",
    "q75_rank": "Upper quartile of the rank over all analyses.",
    "range_of_mean_r": "How far the choice moves r: highest_mean_r minus lowest_mean_r.",
    "same_sign_share": "Fraction of the analyses in which r has the sign of the default analysis.",
    "with_expression": "Number of genes of the category with expression data in this database.",
    "lowest_r": "The lowest r of the probe with another probe of its gene.",
    "lowest_r_with": "The probe with which r is lowest_r.",
    "lowest_without_one": "The lowest pooled r when one donor is left out.",
    "matched_by": "How a name was matched: probe name, probe id, Entrez id, atlas symbol, current symbol or alias.",
    "mean_log2": "Mean expression (log2 intensity) of the probe over all samples of all donors.",
    "mean_r": "Mean r: of a probe with the other probes of its gene, of a gene with several seeds, or of a seed with "
    "the genes of a category.",
    "n": "Number of samples that an r is computed over: those in which both profiles have a value.",
    "naive_ci95_high": "Upper limit of R's 95 % interval, as if samples were independent; they are not.",
    "naive_ci95_low": "Lower limit of R's 95 % interval, as if samples were independent; they are not.",
    "naive_p": "p of R's cor.test, as if samples were independent; in an enrichment, p against sets of random genes, "
    "as if genes were independent. They are not.",
    "naive_t": "t of R's cor.test, as if samples were independent; they are not.",
    "name": "Name of the category or structure, or the name that was looked up.",
    "on_chip": "Number of genes of the category with probes on the chip, according to the loaded downloads.",
    "p": "p of donor_mean_r by Student's t, donors as the unit.",
    "present_fraction": "Fraction of samples in which the probe is called present, which means above background.",
    "probe": "A short sequence on the microarray that measures one gene; most genes have several.",
    "probe_a": "The first probe, or how the profile of the first gene is built from its probes.",
    "probe_b": "The second probe, or how the profile of the second gene is built from its probes.",
    "probe_id": "Allen's id of the probe.",
    "probe_name": "Allen's name of the probe, such as A_23_P216779.",
    "probes": "Number of probes of the gene.",
    "probes_with_expression": "Number of probes of the gene with expression data in this database.",
    "cochran_q": "Cochran's Q: heterogeneity of r between donors.",
    "q": "False discovery rate (Benjamini and Hochberg) of p over all genes or probes tested.",
    "q_category": "False discovery rate of p over the genes of the category only.",
    "r": "Correlation of two profiles over samples: 1 for the same pattern, 0 for no relation, -1 for the opposite.",
    "random_high": "Upper limit of the 95 % interval of random_r.",
    "random_low": "Lower limit of the 95 % interval of random_r.",
    "random_r": "Random-effects mean of r over donors (DerSimonian and Laird).",
    "rank": "Rank by r, among the genes of the category if one is given.",
    "rank_overall": "Rank by r among all genes or probes, regardless of the category.",
    "release": "Release of the source.",
    "representative probe": "The probe that a selection rule selects to represent its gene.",
    "resolution": "What an r is computed over: samples, or averages by structure as in the site's heatmaps.",
    "rnaseq_q": "False discovery rate of rnaseq_r (Miller et al. 2014, Additional file 8).",
    "rnaseq_r": "r of the probe with RNA-seq of its gene (Miller et al. 2014, Additional file 8).",
    "rule": "How a gene with several probes is represented by one profile; docs/probes.md explains each.",
    "same_sign": "Number of donors in which r has the sign of random_r.",
    "sample": "A piece of tissue of one donor.",
    "sample_id": "Allen's id of the sample (well_id).",
    "samples": "Number of samples.",
    "selected_by": "The selection rules that select the probe.",
    "seed": "The gene or probe that a query starts from.",
    "source": "Source of the category, such as GO.",
    "status": "Whether the gene has expression data in this database, is on the chip without data, or neither.",
    "structure": "A part of the brain in Allen's ontology.",
    "structure_id": "Allen's id of the structure; --structure takes it.",
    "tau2": "Variance of r (as Fisher's z) between donors.",
    "variance_log2": "Variance of the probe's expression over all samples of all donors.",
    "worst_rank": "Lowest place of the hit among all genes or probes, over all analyses.",
    "z-score": "Expression minus its mean, divided by its standard deviation; in the site's heatmaps, within donors.",
    "p_spatial": "How often a surrogate of the seed, a random map with the same spatial autocorrelation, has a mean r "
    "as extreme.",
    "q_spatial": "False discovery rate of p_spatial over the categories that were tested.",
    "percentile": "Percentage of genes whose mean r with the category is lower. It is no p.",
    "p_camera": "p of CAMERA: whether the r of the category's genes differ from those of the other genes, given how "
    "correlated they are.",
    "t_camera": "t of CAMERA; see p_camera.",
    "n_genes": "Number of genes of the category that are used: those with expression data, without the seed's.",
    "null_low": "2.5 % quantile of mean r of surrogates.",
    "null_high": "97.5 % quantile of mean r of surrogates.",
    "scope": "The samples that are used: all, those of a donor, or those of a structure.",
}


def explain(*names: str) -> str:
    """Return the meaning of columns as text for the end of a command's help."""
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
    """Return the term of the glossary that matches best: the same spelling, or else the same letters in another case.

    Raises
    ------
    NotFoundError
        If no term matches. The message lists similar terms.
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
