"""Write the tables of docs/reliability.md from the records of tests/data/trials.

Every long run that tries to break coexpr writes its record and calls this. A test fails while the page differs.
"""

import json
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]
RECORDS = TOP / "tests" / "data" / "trials"
PAGE = TOP / "docs" / "reliability.md"
# The parts of the page, in its order. Each has a block between two marks.
PARTS = ("crashes", "systems", "processes", "files", "fuzzing", "sql", "serve", "numbers")


def records(part: str) -> list[dict[str, Any]]:
    """Return the records of a part, by name."""
    found = [json.loads(file.read_text()) for file in sorted(RECORDS.glob("*.json"))]
    return [record for record in found if record["part"] == part]


def table(part: str) -> str:
    """Return the table of a part."""
    lines = ["| tried | times | what happened | failed | when, how long |", "|---|---:|---|---:|---|"]
    for record in records(part):
        failed = record["outcomes"].get("failed", 0)
        happened = "; ".join(f"{text} {n:,}" for text, n in record["outcomes"].items() if text != "failed")
        when = f"{record['date']}, {record['seconds'] / 60:,.1f} min"
        lines.append(f"| {record['tried']} | {record['tries']:,} | {happened} | {failed:,} | {when} |")
    lines += ["", *dict.fromkeys(f"- `{record['command']}`" for record in records(part))]
    return "\n".join(lines)


def versions() -> str:
    """Return the versions with which the trials were run."""
    found: dict[str, set[str]] = {}
    systems = set()
    for part in PARTS:
        for record in records(part):
            systems.add(record["system"])
            for name, version in record["versions"].items():
                found.setdefault(name, set()).add(version)
    listed = ", ".join(f"{name} {' and '.join(sorted(version))}" for name, version in found.items())
    return f"Versions: {listed}; {', '.join(sorted(systems))}."


def page(text: str) -> str:
    """Return the page with its blocks replaced."""
    blocks = {part: table(part) for part in PARTS if records(part)} | {"versions": versions()}
    for name, block in blocks.items():
        begin, end = f"<!-- {name}: begin -->\n", f"\n<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        if not rest:
            raise SystemExit(f"{PAGE.name} has no block {name}")
        text = f"{before}{begin}\n{block}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
