"""coexpr methods: the methods paragraph for a result."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.groups import option


def methods(
    path: Annotated[
        Path, typer.Argument(metavar="RESULT", help="A result as .json, .parquet or .arrow.", show_default=False)
    ],
    bib: Annotated[bool, option(None, "--bib", "Print the references as BibTeX instead.")] = False,
) -> None:
    """Print the methods paragraph for a paper, and its references.

    They are made from the provenance in the result.

    \b
    Examples:
      coexpr methods r.json
      coexpr methods r.json --bib > coexpr.bib
    """
    import functools
    import textwrap

    from coexpr.analysis.methods import describe_methods  # loads numpy, which --help does not need

    found = describe_methods(path)
    if bib:
        typer.echo(found.bibtex)
        return
    # Names of files and DOIs stay whole.
    fill = functools.partial(textwrap.fill, break_long_words=False, break_on_hyphens=False)
    typer.echo(fill(found.text))
    typer.echo("\nReferences")
    for reference in found.references:
        typer.echo(fill(reference.text, initial_indent="- ", subsequent_indent="  "))
