"""Write coexpr/data/schema.csv: the digest of each table, view and macro of this version.

Run it after a change of migrations/ or sql/schema/: python .ci/schema.py. A test fails while the file differs.
"""

from pathlib import Path

from coexpr.database.catalog import digests_of_new_database

FILE = Path(__file__).parents[1] / "coexpr" / "data" / "schema.csv"


def text() -> str:
    """Return the contents of the file."""
    rows = sorted((kind, name, digest) for (kind, name), digest in digests_of_new_database().items())
    return "".join(f"{','.join(row)}\n" for row in [("kind", "name", "sha256"), *rows])


if __name__ == "__main__":
    FILE.write_text(text())
