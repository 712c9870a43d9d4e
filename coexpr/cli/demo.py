"""coexpr demo: a synthetic atlas to try everything on."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put its files and its database.")] = Path("coexpr-demo"),
    probes: Annotated[int, typer.Option(metavar="N", help="Probes; the real atlas has 58,692.")] = 2000,
    samples: Annotated[
        int, typer.Option(metavar="N", help="Samples of all six donors; the real atlas has 3,702.")
    ] = 360,
) -> None:
    """Make a small synthetic atlas, load it, and ask for the correlates of NTRK2.

    No number in it was measured: it is for trying coexpr out. Your own database is not touched.
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.query import describe
    from coexpr.cli.screen import deliver, say
    from coexpr.demo import DATABASE, DOWNLOADS, claim_folder, write_downloads
    from coexpr.ingest import ingest
    from coexpr.synthetic import refuse_too_small

    database = folder / DATABASE
    refuse_too_small(probes, samples)
    claim_folder(folder)
    say(f"Writing a synthetic atlas of {probes:,} probes and {samples:,} samples to {folder} …")
    zips = write_downloads(folder / DOWNLOADS, probes=probes, samples=samples)
    say(f"Loading it into {database} …")
    ingest(zips, database)
    say("$ coexpr query NTRK2")
    with Atlas(database) as atlas:
        answer = atlas.correlates("NTRK2")
    deliver(answer, None, None)
    for line in describe(answer.route, len(answer.rows)):
        say(line)
    say(
        "\nThese numbers are synthetic: drawn from a random generator, not measured in any brain.\n"
        "What to try next (set COEXPR_DB once, or give --db each time):\n"
        f"  export COEXPR_DB={database}\n"
        '  coexpr query NTRK2 --category "nervous system development"\n'
        "  coexpr query NTRK2 --level probe         every probe, not one per gene\n"
        "  coexpr query A_23_P216779 --all -o r.csv all correlates of one probe, into a file\n"
        "  coexpr query BDNF --ascending            what goes down where BDNF goes up\n"
        "  coexpr info                              what is loaded, from which files\n"
        '  coexpr sql "FROM probes LIMIT 5"         the tables behind it; or open the file in the duckdb shell\n'
        "For real answers load real downloads: coexpr ingest PATH"
    )
