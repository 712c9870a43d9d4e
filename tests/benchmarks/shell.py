"""Measure the macros in DuckDB shells relative to reading the rows that they need, with EXPLAIN ANALYZE.

    python tests/benchmarks/shell.py DATABASE SHELL...

runs the baseline and the macro alternately in one process of each shell, and writes the table of docs/performance.md:
the median, lowest and highest ratio of the total times, and the share of each operator in the time of the macro.
"""

import json
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- shell: begin -->", "<!-- shell: end -->"
TIMES = 9
CATEGORY = "nervous system development"
MEMBERS = f"SELECT probe_id FROM category_probes WHERE name = '{CATEGORY}'"
ROWS = "SELECT sum(list_sum(log2)) FROM expression"
MACROS = [
    ("FROM correlates('A_23_P216779')", ROWS, 2.0),
    (
        f"FROM correlates('A_23_P216779', category := '{CATEGORY}')",
        f"{ROWS} SEMI JOIN ({MEMBERS}) USING (probe_id)",
        1.5,
    ),
    (
        f"FROM correlates('NTRK2', category := '{CATEGORY}')",
        f"{ROWS} SEMI JOIN ({MEMBERS}) USING (probe_id) SEMI JOIN representative_probes USING (probe_id)",
        1.5,
    ),
    ("FROM correlates('A_23_P216779', structure := 'Cx')", ROWS, None),
]


def run(shell: str, database: str, statements: list[str]) -> str:
    """Return the output of a shell that runs statements in one process."""
    command = [shell, "-readonly", "-noheader", "-list", database]
    for statement in statements:
        command += ["-c", statement]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def shares(plan: dict[str, Any]) -> str:
    """Return the operators that take most of the time of all threads, with their shares of it."""
    spent: Counter[str] = Counter()

    def visit(operator: dict[str, Any]) -> None:
        name = operator.get("operator_name", "").strip()
        table = (operator.get("extra_info") or {}).get("Table", "").split(".")[-1]
        spent[f"{name} {table}".strip().lower()] += operator.get("operator_timing", 0)
        for child in operator.get("children", []):
            visit(child)

    visit(plan)
    whole = sum(spent.values())
    return ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in spent.most_common(4))


def main() -> None:
    database, *shells = sys.argv[1:]
    lines = ["| in the shell | baseline | shell | coexpr / baseline | target |", "| --- | --- | --- | --- | --- |"]
    plans = []
    for macro, baseline, target in MACROS:
        for shell in shells:
            explained = [f"EXPLAIN ANALYZE {statement}" for statement in (baseline, macro)] * TIMES
            output = run(shell, database, explained)
            times = [float(seconds) for seconds in re.findall(r"Total Time: ([\d.]+)s", output)]
            ratios = [one / other for other, one in zip(times[2::2], times[3::2], strict=True)]
            version = subprocess.run([shell, "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
            ratio = statistics.median(ratios)
            limit = "" if target is None else f"{target:g}" + ("" if ratio <= target else " (missed)")
            spread = f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            lines.append(f"| `{macro}` | `{baseline}` | {version} | {spread} | {limit} |")
            if shell == shells[0]:
                plan = json.loads(run(shell, database, [f"EXPLAIN (ANALYZE, FORMAT json) {macro}"]))
                plans.append(f"- `{macro}`: {shares(plan)}")
    block = "\n".join(
        [*lines, "", "Share of each operator in the time of all threads, by EXPLAIN ANALYZE:", "", *plans]
    )
    print(block)
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{block}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
