"""coexpr demo: a synthetic atlas for trying coexpr out."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder for its files and its database.")] = Path("coexpr-demo"),
    probes: Annotated[int, typer.Option(metavar="N", help="Probes; the real atlas has 58,692.")] = 2000,
    samples: Annotated[
        int, typer.Option(metavar="N", help="Samples of all six donors; the real atlas has 3,702.")
    ] = 360,
) -> None:
    """Make and load a small synthetic atlas, to try coexpr out.

    Its numbers are invented, not measured. Your own database is not changed.
    """
    from coexpr.cli.messages import program_name, say
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.progress import progress_of_command
    from coexpr.cli.query import LAYOUTS
    from coexpr.cli.screen import deliver, tell
    from coexpr.demo.downloads import DATABASE, DOWNLOADS, claim_folder, write_downloads
    from coexpr.demo.synthetic import refuse_too_small
    from coexpr.loading.downloads import ingest
    from coexpr.sentences.correlates import describe_correlates

    database = folder / DATABASE
    refuse_too_small(probes, samples)
    claim_folder(folder)
    say(f"Writing a synthetic atlas of {probes:,} probes and {samples:,} samples to {folder} …")
    progress = progress_of_command()
    zips = write_downloads(folder / DOWNLOADS, probes=probes, samples=samples, progress=progress)
    say(f"Loading it into {database} …")
    ingest(zips, database, progress=progress)
    program = program_name()
    say(f"$ {program} query NTRK2")
    with open_atlas(database) as atlas:
        result = atlas.correlates("NTRK2")
    deliver(result, layout=LAYOUTS[result.provenance.level])
    tell(describe_correlates(result))
    for line in (
        "",
        "These numbers are synthetic: drawn from a random generator, not measured in any brain.",
        "What to try next (set COEXPR_DB once, or give --db each time):",
        f"  export COEXPR_DB={database}",
        f'  {program} query NTRK2 --category "nervous system development"',
        f"  {program} probes NTRK2",
        f"  {program} genes TRKB trk-B 4915",
        f"  {program} query A_23_P216779 --all -o r.csv",
        f"  {program} query BDNF --ascending",
        f"  {program} info",
        f'  {program} sql "FROM probes LIMIT 5"',
        f"For results from real data load real downloads: {program} ingest PATH",
    ):
        say(line)
