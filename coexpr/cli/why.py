"""coexpr why: why a gene is missing, or how many genes are left."""

from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.groups import GENES, option
from coexpr.cli.options import Database, ProbeOptions
from coexpr.cli.output_options import OutputOptions
from coexpr.cli.table import Layout

if TYPE_CHECKING:
    from coexpr.analysis.funnel import Funnel
    from coexpr.cli.screen import Screen

_STEPS = Layout(keys=("step", "probes", "genes"), drop=("probes_removed", "genes_removed"), wrap=("note",))
_PROBES = Layout(keys=("probe_name", "removed_by", "selected"), drop=("probe_id", "reannotated"))


def why(
    gene: Annotated[
        str | None,
        typer.Argument(
            metavar="[GENE]",
            help="A gene. Default: all genes.",
            show_default=False,
            autocompletion=complete_genes_and_probes,
        ),
    ] = None,
    *,
    selection: ProbeOptions,
    with_entrez_id: Annotated[
        bool, option(GENES, "--with-entrez-id", "Only genes with an Entrez id, which all categories consist of.")
    ] = False,
    result_options: OutputOptions,
    db: Database = None,
) -> None:
    """Show why a gene is missing, or how many are left.

    From the probes on the chip to the selected ones. A step that is not applied shows what it would leave.

    \b
    Examples:
      coexpr why GABRQ --min-present 0.5
      coexpr why --annotation reannotated --min-present 0.5 --with-entrez-id
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, tell
    from coexpr.sentences.funnel import describe_funnel

    with open_atlas(db) as atlas:
        found = atlas.why(gene, probe_selection=selection.selection(), with_entrez_id=with_entrez_id)

    def draw(_: Any, stream: "IO[str]", screen: "Screen") -> None:
        _draw(found, stream, screen)

    deliver(found.steps, result_options, draw=draw)
    tell(describe_funnel(found))


def _draw(found: "Funnel", stream: IO[str], screen: "Screen") -> None:
    from coexpr.cli.screen import write_table

    write_table(found.steps, stream, screen, _STEPS)
    if len(found.probes):
        stream.write("\n")
        write_table(found.probes, stream, screen, _PROBES)
