"""Categories that mark rows of correlates and matrices, without leaving others out."""

import pytest

from coexpr.atlas import Atlas
from coexpr.database.marks import find_marks
from coexpr.errors import NotFoundError
from coexpr.options import GeneFilter

DEVELOPMENT = "nervous system development"
AXONS = "axonogenesis"


def members_of(atlas: Atlas, category: str) -> set[str]:
    found = atlas.members(category)
    status, symbols = found.column("status"), found.column("gene_symbol")
    return {symbol for symbol, has in zip(symbols, status, strict=True) if has == "with expression data"}


def test_each_mark_is_a_column_that_says_who_is_a_member(atlas: Atlas) -> None:
    plain = atlas.correlates("NTRK2", top=None)
    marked = atlas.correlates("NTRK2", top=None, mark=[DEVELOPMENT, AXONS])
    assert marked.column("gene_symbol") == plain.column("gene_symbol")
    for category in (DEVELOPMENT, AXONS):
        is_in = dict(zip(marked.column("gene_symbol"), marked.column(category), strict=True))
        assert {symbol for symbol, member in is_in.items() if member} == members_of(atlas, category) - {"NTRK2"}
    assert marked.marks == (DEVELOPMENT, AXONS)


def test_a_mark_and_a_filter_do_not_disturb_each_other(atlas: Atlas) -> None:
    limited = atlas.correlates("NTRK2", top=None, gene_filter=AXONS)
    marked = atlas.correlates("NTRK2", top=None, gene_filter=AXONS, mark=DEVELOPMENT)
    assert marked.column("gene_symbol") == limited.column("gene_symbol")
    assert marked.column("r") == limited.column("r")
    assert all(marked.column(DEVELOPMENT))  # axonogenesis is a part of it


def test_probes_are_marked_by_their_gene(atlas: Atlas) -> None:
    marked = atlas.correlates("A_23_P216779", top=None, mark=DEVELOPMENT)
    members = members_of(atlas, DEVELOPMENT)
    assert marked.column(DEVELOPMENT) == [symbol in members for symbol in marked.column("gene_symbol")]


def test_the_categories_of_a_filter_mark_a_matrix_and_one_alone_does_not(atlas: Atlas) -> None:
    several = atlas.correlation_matrix(gene_filter=GeneFilter((AXONS, "synapse organization"), ("BDNF", "NTRK2")))
    assert list(several.marks) == [AXONS, "synapse organization", "list of genes"]
    for category in (AXONS, "synapse organization"):
        marked = {name for name, is_in in zip(several.names, several.marks[category], strict=True) if is_in}
        assert marked == members_of(atlas, category)
    assert atlas.correlation_matrix(gene_filter=AXONS).marks == {}
    assert list(atlas.correlation_matrix(["NTRK2", "BDNF"], mark=AXONS).marks) == [AXONS]


def test_a_category_that_does_not_exist_marks_nothing(atlas: Atlas) -> None:
    with pytest.raises(NotFoundError, match="Did you mean"):
        atlas.correlates("NTRK2", mark="nervous sistem development")


def test_a_category_named_twice_marks_once(atlas: Atlas) -> None:
    assert list(find_marks(atlas._connection, [AXONS, AXONS], "allen")) == [AXONS]
