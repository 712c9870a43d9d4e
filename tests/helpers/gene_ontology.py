"""A small ontology with annotations, as OBO, GAF and gene2go."""

import gzip
from pathlib import Path

OBO = """format-version: 1.2
data-version: releases/2026-01-01

[Term]
id: GO:0000001
name: nervous system development
namespace: biological_process
alt_id: GO:0000091

[Term]
id: GO:0000002
name: brain development
namespace: biological_process
is_a: GO:0000001 ! nervous system development

[Term]
id: GO:0000003
name: cortex development
namespace: biological_process
relationship: part_of GO:0000002 ! brain development

[Term]
id: GO:0000004
name: regulation of brain development
namespace: biological_process
relationship: regulates GO:0000002 ! brain development

[Term]
id: GO:0000005
name: obsolete one
is_obsolete: true
replaced_by: GO:0000003

[Term]
id: GO:0000006
name: obsolete two
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""


def gaf_line(symbol: str, term: str, relation: str = "involved_in", evidence: str = "IDA", taxon: str = "9606") -> str:
    cells = ["UniProtKB", "P1", symbol, relation, term, "PMID:1", evidence, "", "P", "", "", "protein"]
    return "\t".join([*cells, f"taxon:{taxon}", "20200101", "UniProt", "", ""])


GAF = "\n".join(
    [
        "!gaf-version: 2.2",
        "!comment",
        gaf_line("NTRK2", "GO:0000002"),
        gaf_line("NTRK2", "GO:0000002", evidence="IEA"),
        gaf_line("BDNF", "GO:0000003"),
        gaf_line("NOTCH1", "GO:0000001", relation="NOT|involved_in"),
        gaf_line("MAG", "GO:0000001", evidence="ND"),
        gaf_line("PENK", "GO:0000091"),
        gaf_line("NUMB", "GO:0000005"),
        gaf_line("PLEC", "GO:0000006"),
        gaf_line("ASPA", "GO:0000004"),
        gaf_line("Ntrk2", "GO:0000001", taxon="10090"),
    ]
)
GENE2GO = "\n".join(
    [
        "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory",
        "9606\t4915\tGO:0000002\tIDA\tinvolved_in\tbrain development\t1\tProcess",
        "9606\t627\tGO:0000003\tIDA\tinvolved_in\tcortex development\t1|2\tProcess",
        "9606\t4851\tGO:0000002\tIDA\tNOT involved_in\tbrain development\t-\tProcess",
        "9606\t4099\tGO:0000002\tND\tinvolved_in\tbrain development\t-\tProcess",
        "10090\t18212\tGO:0000002\tIDA\tinvolved_in\tbrain development\t-\tProcess",
    ]
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path
