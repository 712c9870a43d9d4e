"""Baseline of commands: a program of one command and two options that forms one product and prints 20 names."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def query(
    database: Annotated[Path, typer.Option(help="The database.")],
    matrix: Annotated[Path, typer.Option(help="The matrix: probes in rows, float32.")],
) -> None:
    """Print the names of the probes with the highest product."""
    import duckdb
    import numpy as np

    connection = duckdb.connect(database, read_only=True)
    ((count,),) = connection.execute("select count(*) from samples").fetchall()
    x = np.memmap(matrix, np.float32, "r").reshape(-1, count)
    top = np.argsort(-(x @ x[17]))[:20]
    names = "select probe_name from probes where probe_id in (select unnest($1))"
    for (name,) in connection.execute(names, [(1_000_001 + top).tolist()]).fetchall():
        typer.echo(name)


app()
