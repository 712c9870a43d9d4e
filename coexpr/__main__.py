"""`python -m coexpr` is the `coexpr` command."""

from coexpr.cli import app

app(prog_name="coexpr")
