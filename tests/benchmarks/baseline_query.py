"""Baseline of a query as a whole process: the necessary imports, one product, the names of the first rows."""

import sys

import duckdb
import numpy as np
import typer

database, matrix = sys.argv[1:]
connection = duckdb.connect(database, read_only=True)
((count,),) = connection.execute("select count(*) from samples").fetchall()
x = np.memmap(matrix, np.float32, "r").reshape(-1, count)
top = np.argsort(-(x @ x[17]))[:20]
typer.echo(connection.execute("select probe_name from probes limit 20 offset $1", [int(top[0])]).fetchall())
