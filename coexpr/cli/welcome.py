"""What `coexpr` alone says: what is loaded, and the next useful step."""

from pathlib import Path

from coexpr.resources import DATABASE_VARIABLE, database_path


def welcome() -> list[str]:
    """Return what the user's database has, and what to type next."""
    from coexpr.cli.messages import program_name
    from coexpr.errors import CoexprError

    path = database_path()
    program = program_name()
    lines = ["coexpr: which genes are co-expressed with this gene in the human brain?", ""]
    try:
        steps = _with_data(path, program) if path.exists() else _without_data(path, program)
    except CoexprError as error:
        steps = [f"The database cannot be used: {str(error).replace('`database`', DATABASE_VARIABLE)}"]
    return [*lines, *steps, "", f"All commands: {program} --help. Something is wrong? {program} doctor"]


def _without_data(path: Path, program: str) -> list[str]:
    return [
        f"There is no database yet (it will be {path}).",
        "",
        f"  {program} demo                 try it with a small synthetic atlas",
        f"  {program} fetch --ingest       get the whole atlas from the Allen Institute and load it",
        f"  {program} ingest ~/Downloads   load what you have downloaded",
    ]


def _with_data(path: Path, program: str) -> list[str]:
    from coexpr.atlas import Atlas  # loads DuckDB, which a first contact without data does not need
    from coexpr.cli.screen import counts

    with Atlas(path) as atlas:
        totals = atlas.contents().provenance
        gene = atlas.example_gene
    lines = [f"{path} has {counts(vars(totals), 'donors', 'samples', 'probes', 'genes')}."]
    if gene is None:
        return [*lines, "It has no expression data of a gene. Load a download:", "", f"  {program} ingest PATH"]
    if totals.genes == 1:
        return [
            *lines,
            "",
            f"  {program} probes {gene:<14} its probes, and which one to use",
            f"  {program} query {gene} --level probe   its probes ranked by r with the selected one",
            f"  {program} fetch --ingest       load the other genes too",
        ]
    return [
        *lines,
        "",
        f"  {program} query {gene:<15} genes ranked by r with {gene}",
        f"  {program} probes {gene:<14} its probes, and which one to use",
        f'  {program} query {gene} --category "nervous system development"',
        f"  {program} categories list       the categories",
    ]
