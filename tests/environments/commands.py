"""Every command, with arguments with which it succeeds on the synthetic atlas."""

import json
from pathlib import Path

from coexpr.cli.commands import Commands

SEED, OTHER, CATEGORY = "NTRK2", "BDNF", "synapse organization"


def prepare(folder: Path) -> None:
    """Write the files that commands read."""
    (folder / "genes.txt").write_text(f"{SEED}\n{OTHER}\n")
    (folder / "map.csv").write_text("acronym,value\nHiF,3\nAmg,1\nTL,2\n")
    (folder / "result.json").write_text(
        json.dumps(
            {
                "provenance": {
                    "coexpr_version": "0.1.0",
                    "database": "atlas.duckdb",
                    "question": {"method": "stream_sql", "arguments": {"statement": "select 1 as one"}},
                },
                "rows": [{"one": 1}],
            }
        )
    )


def command_lines(folder: Path) -> list[list[str]]:
    """Return command lines that read the database that COEXPR_DB names; all commands are among them.

    Parameters
    ----------
    folder : path
        What `prepare` has filled; results go there, too.
    """
    result, genes = str(folder / "result.json"), str(folder / "genes.txt")
    arguments = {
        "query": [[SEED, "--top", "5"], [SEED, "--top", "3", "-o", str(folder / "query.csv")]],
        "probes": [[SEED]],
        "why": [[SEED, "--min-present", "0.5"]],
        "genes": [[SEED, OTHER], [genes]],
        "pair": [[SEED, OTHER]],
        "curve": [[SEED, OTHER, "--vary", "rule"]],
        "expression": [[SEED]],
        "matrix": [[SEED, OTHER]],
        "network": [[SEED, OTHER, "--top", "1", "-o", str(folder / "network.csv")]],
        "structures": [[]],
        "categories": [["list", "synapse"], ["show", CATEGORY], ["add", genes, "--dry-run"]],
        "enrich": [["--within", CATEGORY, "--surrogates", "10"]],
        "map": [[str(folder / "map.csv"), "--top", "3"]],
        "info": [[], ["--path"]],
        "doctor": [[]],
        "verify": [[]],
        "replay": [[result]],
        "methods": [[result]],
        "sql": [["FROM donors"], ["FROM correlates('NTRK2', top := 3)", "--format", "json"]],
        "glossary": [["r"]],
        "completion": [["bash"]],
        "fetch": [["--dry-run"]],
        "shell": [["--", "-c", "select 1"]],
        "ingest": [[str(folder)]],
        "update-genes": [[str(folder)]],
        "bundle": [["--category", CATEGORY, "-o", str(folder / "site")]],
        "serve": [["--port", "70000"]],
        "demo": [["--help"]],
        "backup": [[str(folder / "backup.duckdb")]],
        "restore": [[str(folder / "backup.duckdb"), "--db", str(folder / "restored.duckdb")]],
        "network merge": [[str(folder / "network.csv"), "-o", str(folder / "merged.csv")]],
    }
    if missing := set(Commands()) - arguments.keys():
        raise AssertionError(f"commands without arguments: {', '.join(sorted(missing))}")
    return [[], *([*command.split(), *given] for command, lines in arguments.items() for given in lines)]
