"""A synthetic atlas of any size: its genes, samples and values.

No value is measured. Genes follow programs that differ between structures, as in a brain; whole genes are shifted
between donors; probes of a gene agree to different degrees. The gene symbols, the probe names of NTRK2 and BDNF, and
the upper structures are real. All numbers come from a seeded generator.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.database.bundled import shipped_tables
from coexpr.database.engine import connect
from coexpr.database.queries import query
from coexpr.errors import OptionError
from coexpr.readers.donors import DONORS
from coexpr.readers.probe_table import FULL_DONOR_HEADER

# Numbers of samples of the six donors in the real atlas. The first two donors have samples of both hemispheres.
_REAL_SAMPLES = (946, 893, 363, 529, 470, 501)
_BILATERAL_DONORS = 2

_REAL_PROBES = {
    4915: (
        "A_23_P216779",
        "CUST_1359_PI416573500",
        "CUST_1358_PI416573500",
        "CUST_1400_PI416379584",
        "A_24_P343559",
        "CUST_16457_PI416261804",
        "CUST_486_PI416408490",
    ),
    627: ("A_23_P127891", "A_32_P7316"),
}
NERVOUS_SYSTEM_DEVELOPMENT = "GO:0007399"

# id, acronym, name, parent, color: the top of Allen's ontology. Each sampled structure gets a left and a right half.
STRUCTURES = (
    (4005, "Br", "brain", None, "A0A0A0"),
    (4006, "GM", "gray matter", 4005, "787878"),
    (4007, "Tel", "telencephalon", 4006, "D988A3"),
    (4008, "Cx", "cerebral cortex", 4007, "EDA65F"),
    (4009, "FL", "frontal lobe", 4008, "E8CD59"),
    (4084, "PL", "parietal lobe", 4008, "FF6C62"),
    (4132, "TL", "temporal lobe", 4008, "FF937F"),
    (4180, "OL", "occipital lobe", 4008, "E88551"),
    (4249, "HiF", "hippocampal formation", 4008, "FFC466"),
    (4268, "Ins", "insula", 4008, "FEFF61"),
    (4275, "CxN", "cerebral nuclei", 4007, "C96AE6"),
    (4277, "Str", "striatum", 4275, "895BFF"),
    (4327, "Amg", "amygdala", 4275, "FF60DE"),
    (4391, "DiE", "diencephalon", 4006, "94F66E"),
    (4393, "DT", "dorsal thalamus", 4391, "A9E855"),
    (4540, "Hy", "hypothalamus", 4391, "7FFF90"),
    (9001, "MES", "mesencephalon", 4006, "0E7911"),
    (4696, "Cb", "cerebellum", 4006, "03CFF3"),
    (4697, "CbCx", "cerebellar cortex", 4696, "00D5E8"),
    (9131, "Pons", "pons", 4006, "00F3B2"),
    (9132, "Bpons", "basal part of pons", 9131, "00E8BB"),
    (9512, "MY", "myelencephalon", 4006, "1F67CC"),
    (9218, "WM", "white matter", 4005, "F2F1F0"),
)
# The structures of the samples: the distance from the midline of their middle, its MNI y and z, and how far samples are
# from it at most, in mm. These are rough numbers.
PLACES = {
    4009: (32, 30, 28, 22),
    4084: (34, -50, 46, 16),
    4132: (52, -24, -14, 18),
    4180: (18, -84, 8, 14),
    4249: (28, -22, -14, 8),
    4268: (38, 6, 2, 8),
    4277: (20, 8, 4, 8),
    4327: (24, -4, -20, 4),
    4393: (12, -18, 8, 6),
    4540: (6, -4, -10, 3),
    9001: (7, -22, -12, 5),
    4697: (26, -64, -34, 16),
    9132: (7, -26, -34, 5),
    9512: (5, -38, -50, 5),
    9218: (24, -10, 30, 20),
}
SAMPLED = tuple(PLACES)
# Samples of all donors for each part that the halves of sampled structures are divided into. With the samples of the
# real atlas, there are 12 parts and 360 structures with samples; the real atlas has 414.
_SAMPLES_PER_PART = 300
_PROGRAMS = 10
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Plan:
    """The probes, genes and samples of a synthetic atlas, without its values.

    The halves of sampled structures have `parts` parts, numbered from 1; 0 if they are not divided.
    """

    probes: list[dict[str, str]]
    gene_of_probe: NDArray[np.intp]
    developmental: NDArray[np.bool_]
    donor_of_sample: NDArray[np.intp]
    structure_of_sample: NDArray[np.intp]
    part_of_sample: NDArray[np.intp]
    right: NDArray[np.bool_]
    parts: int
    seed: int


def refuse_too_small(probes: int, samples: int) -> None:
    """Raise OptionError for an atlas too small for the probes of NTRK2 and BDNF and ten samples per donor."""
    fewest_probes = sum(map(len, _REAL_PROBES.values()))
    if probes < fewest_probes or samples < 10 * len(DONORS):
        raise OptionError(
            f"a demo atlas needs at least {fewest_probes} probes and {10 * len(DONORS)} samples; "
            f"found {probes} and {samples}."
        )


def design(probes: int, samples: int, seed: int) -> Plan:
    """Choose genes, and distribute probes over genes and samples over donors and structures."""
    refuse_too_small(probes, samples)
    rng = np.random.default_rng(seed)
    rows, genes, developmental = _probe_rows(probes, rng)
    counts = np.array(_REAL_SAMPLES) * samples // sum(_REAL_SAMPLES)
    counts[0] += samples - counts.sum()
    donor_of_sample = np.repeat(np.arange(len(DONORS)), counts)
    structure_of_sample = np.concatenate([np.arange(count) % len(SAMPLED) for count in counts])
    parts = samples // _SAMPLES_PER_PART if samples >= 2 * _SAMPLES_PER_PART else 0
    part_of_sample = np.concatenate(
        [np.arange(count) // len(SAMPLED) % max(parts, 1) + (parts > 0) for count in counts]
    )
    right = (donor_of_sample < _BILATERAL_DONORS) & (rng.random(samples) < 0.5)
    return Plan(rows, genes, developmental, donor_of_sample, structure_of_sample, part_of_sample, right, parts, seed)


def _probe_rows(
    probes: int, rng: np.random.Generator
) -> tuple[list[dict[str, str]], NDArray[np.intp], NDArray[np.bool_]]:
    """Return the rows of Probes.csv, the gene of each, and which genes are in nervous system development."""
    annotated, developmental = _real_genes()
    first = [entrez_id for entrez_id in _REAL_PROBES]
    # Half of the genes of a small atlas are in nervous system development, so that this category is not nearly empty.
    others = rng.permutation([entrez_id for entrez_id in annotated if entrez_id not in first]).tolist()
    inside = [entrez_id for entrez_id in others if entrez_id in developmental]
    outside = [entrez_id for entrez_id in others if entrez_id not in developmental]
    paired = [entrez_id for pair in zip(inside, outside, strict=False) for entrez_id in pair]
    order = iter(first + paired + outside[len(inside) :])
    rows: list[dict[str, str]] = []
    gene_of_probe: list[int] = []
    is_developmental: list[bool] = []
    while len(rows) < probes:
        gene = len(is_developmental)
        # Some probes measure no known gene; as in the real atlas, each has a placeholder gene named after the probe.
        entrez_id = None if gene >= len(first) and rng.random() < 0.15 else next(order, None)
        number = len(rows) + 1
        if entrez_id is None:
            names: tuple[str, ...] = (f"DEMO_P{number}",)
            symbol, gene_name = names[0], f"AGILENT probe {names[0]} (non-RefSeq)"
        else:
            symbol, gene_name = annotated[entrez_id]
            spares = tuple(f"DEMO_P{number + extra}" for extra in range(int(rng.integers(1, 5))))
            names = _REAL_PROBES.get(entrez_id, spares)
        for name in names[: probes - len(rows)]:
            cells = (
                1_000_000 + probes - len(rows),
                name,
                1000 + gene,
                symbol,
                gene_name,
                entrez_id or "",
                "",
            )
            rows.append(dict(zip(FULL_DONOR_HEADER.values(), map(str, cells), strict=True)))
            gene_of_probe.append(gene)
        is_developmental.append(entrez_id in developmental)
    return rows, np.array(gene_of_probe), np.array(is_developmental)


def _real_genes() -> tuple[dict[int, tuple[str, str]], set[int]]:
    """Return symbol and name of every annotated gene, and the genes of nervous system development."""
    with connect() as connection, shipped_tables(connection):
        genes = connection.execute(query("annotated_genes")).fetchall()
        developmental = connection.execute(query("genes_of_term"), {"go_id": NERVOUS_SYSTEM_DEVELOPMENT}).fetchall()
    return {entrez_id: (symbol, name) for entrez_id, symbol, name in genes}, {gene for (gene,) in developmental}


def blocks(plan: Plan) -> Iterator[tuple[int, NDArray[np.float64], np.random.Generator]]:
    """Yield blocks of probes: the first row, the intensities over all samples, and the generator of the block.

    Each block has its own generator, so that its values do not depend on other blocks.
    """
    rng = np.random.default_rng([plan.seed, 1])
    programs = rng.normal(size=(_PROGRAMS, len(SAMPLED)))[:, plan.structure_of_sample]
    states = rng.normal(size=(3, len(plan.donor_of_sample)))
    genes = len(plan.developmental)
    loadings = rng.normal(scale=0.35, size=(genes, _PROGRAMS))
    loadings[:, 0] += np.where(plan.developmental, 0.6, 0)
    loadings[0, 0] = 1.2  # NTRK2 follows the program of its category
    state_loadings = rng.normal(scale=0.25, size=(genes, len(states)))
    base = rng.gamma(9, 0.7, size=genes) + 1.5
    base[0] = 9
    donor_shift = rng.normal(scale=0.25, size=(genes, len(DONORS)))
    for start in range(0, len(plan.probes), _ROWS_AT_ONCE):
        rng = np.random.default_rng([plan.seed, 2, start])
        gene = plan.gene_of_probe[start : start + _ROWS_AT_ONCE]
        profile = loadings[gene] @ programs + state_loadings[gene] @ states
        profile += donor_shift[gene][:, plan.donor_of_sample]
        agreement = rng.beta(4, 1.5, size=(len(gene), 1))
        affinity = rng.normal(scale=0.8, size=(len(gene), 1))
        noise = rng.normal(scale=0.35, size=profile.shape)
        # Values outside 1 to 16 are reflected, not clipped, so that no profile becomes constant.
        values = 1 + np.abs(base[gene, None] + affinity + agreement * profile + noise - 1)
        yield start, 16 - np.abs(16 - values), rng
