"""Small downloads in the file formats of the Allen Institute, as text that a test can damage before it is written."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np

Files = dict[str, str]

STRUCTURES = [
    # id, acronym, name, parent, hemisphere
    (4005, "Br", "brain", "", ""),
    (4009, "FL", "frontal lobe", 4005, ""),
    (40091, "FL", "frontal lobe, left", 4009, "L"),
    (40092, "FL", "frontal lobe, right", 4009, "R"),
    (4697, "CbCx", "cerebellar cortex", 4005, ""),
]
PROBES = [
    # id, name, gene id, symbol, name, Entrez id, chromosome; not sorted, as in real downloads
    (103, "A_23_P216779", 4884, "NTRK2", "neurotrophic tyrosine kinase, receptor, type 2", 4915, "9"),
    (101, "CUST_1359_PI416573500", 4884, "NTRK2", "neurotrophic tyrosine kinase, receptor, type 2", 4915, "9"),
    (104, "A_32_P7316", 624, "BDNF", "brain-derived neurotrophic factor", 627, "11"),
    (102, "A_32_P9207", 1011337, "A_32_P9207", "AGILENT probe A_32_P9207 (non-RefSeq)", "", ""),
]
WELLS = {9861: [594, 2985, 12, 7, 880, 31], 15496: [5001, 5003, 5002, 5009, 5004, 5010]}
NAMES = {9861: "H0351.2001", 15496: "H0351.1015"}
SAMPLED = [40091, 40092, 40091, 4697, 40092, 4697]


def values(donor_id: int = 9861) -> np.ndarray:
    """Return log2 intensities with twelve digits: rows as in PROBES, columns as in WELLS."""
    rng = np.random.default_rng(donor_id)
    program = rng.normal(size=len(WELLS[donor_id]))
    rows = [6 + weight * program + rng.normal(scale=0.4, size=len(program)) for weight in (1.5, 1.2, -0.9, 0.1)]
    return np.round(np.array(rows), 11)


def as_csv(rows: list[tuple], header: str = "") -> str:
    text = io.StringIO(newline="")
    if header:
        text.write(header + "\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def full_donor(donor_id: int = 9861) -> Files:
    """Return the files of a full-donor download."""
    labels = {structure: (acronym, name) for structure, acronym, name, *_ in STRUCTURES}
    paths: dict[object, str] = {"": "/"}
    ontology = []
    for order, (structure, acronym, name, parent, side) in enumerate(STRUCTURES):
        paths[structure] = f"{paths[parent]}{structure}/"
        ontology.append((structure, acronym, name, parent, side, order, paths[structure], "E8CD59"))
    samples = [
        (structure, 22, well, "CX", *labels[structure], 37470 + row, 87, 52, 116 + row, 5.9, -27.7, 49.7)
        for row, (well, structure) in enumerate(zip(WELLS[donor_id], SAMPLED, strict=True))
    ]
    expression = values(donor_id)
    ids = [probe[0] for probe in PROBES]
    return {
        "MicroarrayExpression.csv": as_csv([(key, *row) for key, row in zip(ids, expression.tolist(), strict=True)]),
        "PACall.csv": as_csv(
            [(key, *row) for key, row in zip(ids, (expression > 6).astype(int).tolist(), strict=True)]
        ),
        "Probes.csv": as_csv(PROBES, "probe_id,probe_name,gene_id,gene_symbol,gene_name,entrez_id,chromosome"),
        "SampleAnnot.csv": as_csv(
            samples,
            "structure_id,slab_num,well_id,slab_type,structure_acronym,structure_name,polygon_id,"
            "mri_voxel_x,mri_voxel_y,mri_voxel_z,mni_x,mni_y,mni_z",
        ),
        "Ontology.csv": as_csv(
            ontology, "id,acronym,name,parent_structure_id,hemisphere,graph_order,structure_id_path,color_hex_triplet"
        ),
        "Readme.txt": "=====\nAllen Human Brain Atlas\n=====\n",
    }


def contents(rows: int = 4, resolution: str = "SAMPLES", scale: str = "log2", first: int = 1) -> str:
    return (
        "=========================\nAllen Human Brain Atlas\n=========================\n\n"
        f"This archive contains expression data for rows {first} through {first + rows - 1} of a 'search' search\n"
        f"at a '{resolution}' resolution level, arranged by donors,structures.\n\n"
        f"The file Expression.csv contains expression values, calculated using {scale} normalization.\n"
    )


def heatmap(
    donors: tuple[int, ...] = (9861, 15496),
    probes: tuple[int, ...] = (0, 1, 2, 3),
    columns: tuple[int, ...] = (5, 3, 1, 0, 2, 4),
) -> Files:
    """Return the files of a heatmap download of the same values at four decimals, with columns in another order.

    `probes` are rows of PROBES; `columns` are the columns of each donor, as positions in WELLS.
    """
    labels = {structure: (acronym, name) for structure, acronym, name, *_ in STRUCTURES}
    rows = []
    for donor_id in donors:
        for column in columns:
            structure = SAMPLED[column]
            top = 4697 if structure == 4697 else 4009
            rows.append(
                (
                    *(donor_id, NAMES[donor_id], "24 years", "EC891D", WELLS[donor_id][column], 37470 + column),
                    *(87, 52, 116 + column, structure, labels[structure][1], labels[structure][0], "E8CD59"),
                    *(top, labels[top][1], labels[top][0], "E8CD59"),
                )
            )
    expression = []
    for probe in probes:
        cells = [f"{value:.4f}" for donor_id in donors for value in values(donor_id)[probe, list(columns)]]
        expression.append((PROBES[probe][0], *cells))
    return {
        "Contents.txt": contents(len(probes)),
        "Columns.csv": as_csv(
            rows,
            "donor_id,donor_name,donor_age,donor_color,sample_well,sample_polygon,sample_mri_0,sample_mri_1,"
            "sample_mri_2,structure_id,structure_name,structure_abbreviation,structure_color,top_level_structure_id,"
            "top_level_structure_name,top_level_structure_abbreviation,top_level_structure_color",
        ),
        "Probes.csv": as_csv(
            [(*PROBES[probe], "n/a", "n/a") for probe in probes],
            "id,name,gene-id,gene-symbol,gene-name,entrez-id,chromosome,start-position,end-position",
        ),
        "Expression.csv": as_csv(expression),
    }


def write_folder(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    return folder


def write_zip(path: Path, files: Files, folder: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{folder}{name}", text)
    return path


def donor_folder(parent: Path, donor_id: int = 9861, files: Files | None = None) -> Path:
    return write_folder(parent / f"normalized_microarray_donor{donor_id}", files or full_donor(donor_id))


def replace_cell(files: Files, name: str, row: int, column: int, cell: str) -> Files:
    """Return the files with one cell changed; rows and columns are counted from 1, and a header is row 1."""
    rows = list(csv.reader(io.StringIO(files[name])))
    rows[row - 1][column - 1] = cell
    return files | {name: as_csv(rows)}
