"""coexpr matrix: r of every item with every other."""

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coexpr.cli.groups import OUTPUT, option, with_groups
from coexpr.cli.options import (
    Database,
    GeneOptions,
    LevelOption,
    MethodOptions,
    ProbeOptions,
    SampleOptions,
    Threads,
)
from coexpr.cli.summary import (
    describe_correlation,
    describe_gene_filter,
    describe_genes_without_profile,
    describe_representation,
)
from coexpr.errors import OptionError
from coexpr.options import MAX_MATRIX_ROWS

if TYPE_CHECKING:
    from coexpr.analysis.matrix import MatrixProvenance
    from coexpr.result import MatrixResult


class MatrixFormat(StrEnum):
    """How a matrix is written."""

    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    NPZ = "npz"


@with_groups
def matrix(
    items: Annotated[
        list[str] | None, typer.Argument(metavar="[ITEM]...", help="Probes or genes.", show_default=False)
    ] = None,
    level: LevelOption = None,
    *,
    selection: ProbeOptions,
    samples: SampleOptions,
    gene_options: GeneOptions,
    correlation: MethodOptions,
    output_format: Annotated[
        MatrixFormat | None, option(OUTPUT, "--format", "Output format. Default: csv, or the format of -o FILE.")
    ] = None,
    output: Annotated[
        Path | None, option(OUTPUT, "--output -o", "Write to a file: .csv, .tsv, .parquet, .npz.", "FILE")
    ] = None,
    force: Annotated[bool, option(None, "--force", "Lift the limit on the number of rows.")] = False,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Write the matrix of r of ITEMs, or of the genes of a category.

    \b
    Examples:
      coexpr matrix NTRK2 BDNF NTF3
      coexpr matrix --category "synapse organization" -o r.parquet
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.messages import say
    from coexpr.output import formats

    name = output_format or (formats.format_of_file(output, formats.MATRIX_ENDINGS) if output else MatrixFormat.CSV)
    if name in formats.BINARY and output is None:
        raise OptionError(f"{name} is for a file: name it with -o FILE.")
    with Atlas(db, threads=threads) as atlas:
        result = atlas.correlation_matrix(
            items or [],
            level=level,
            probe_selection=selection.selection(),
            sample_filter=samples.sample_filter(),
            gene_filter=gene_options.gene_filter(atlas),
            method=correlation.correlation_method(),
            max_rows=None if force else MAX_MATRIX_ROWS,
            progress=say,
        )
    _write(result, output, name)
    provenance = result.provenance
    for line in [
        *describe_representation(provenance.probe_selection),
        *describe_correlation(provenance),
        *describe_gene_filter(provenance.gene_filter),
        *describe_genes_without_profile(provenance.genes_without_profile),
    ]:
        say(line)
    if provenance.without_r:
        say(f"Rows without r, with a constant or missing profile: {provenance.without_r:,}.")
    if provenance.fewest_samples < provenance.data.n_samples:
        say(f"Some values are missing: two rows share at least {provenance.fewest_samples:,} samples.")


def _write(result: "MatrixResult[MatrixProvenance]", output: Path | None, name: str) -> None:
    from coexpr.cli.messages import say
    from coexpr.output import formats
    from coexpr.output.files import write_binary_file, write_file

    if output is None:
        formats.SEPARATED[name](result, sys.stdout)
        return
    if name in formats.BINARY:
        write_binary_file(output, partial(formats.BINARY[name], result))
    else:
        write_file(output, partial(formats.SEPARATED[name], result))
    say(f"Wrote {output}.")
