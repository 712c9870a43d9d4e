"""coexpr as it is run here: a small network writes checkpoints too, and few categories are bundled.

With all categories of the Gene Ontology, a new database takes seconds and its calls that write them outnumber all
others by far.
"""

from functools import cache
from typing import Any

_TERMS, _GENES = 400, 3000


def prepare() -> None:
    """Change what would make runs slow or leave them without checkpoints, before a command is run."""
    import coexpr.database.bundled
    import coexpr.network.driver

    coexpr.network.driver._CHECKPOINT_SECONDS = 0
    whole = coexpr.database.bundled._table

    @cache
    def few(name: str) -> Any:
        import pyarrow.compute as pc

        terms, genes = whole("terms")["go_id"][:_TERMS], whole("genes")["entrez_id"][:_GENES]
        kept = {"go_id": terms, "child_id": terms, "parent_id": terms, "entrez_id": genes}
        table = whole(name)
        for column in table.column_names:
            if column in kept:
                table = table.filter(pc.is_in(table[column], value_set=kept[column].combine_chunks()))
        return table

    coexpr.database.bundled._table = few


if __name__ == "__main__":
    prepare()
    from coexpr.__main__ import main

    main()
