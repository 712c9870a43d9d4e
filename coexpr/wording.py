"""Numbers in sentences."""


def count_of(count: int, thing: str) -> str:
    """Return "1 gene" or "2,164 genes"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"
