-- Tables that are derived from others, because deriving them takes longer than most queries. sql/stored.sql fills them
-- whenever genes, probes, names or expression are loaded.

-- Every name of a probe or a gene, in upper case and as written, ordered by name.
create table stored_names (
    name varchar not null,
    written varchar not null,
    matched_by varchar not null,
    rank integer not null,
    probe_id integer,
    gene_id integer,
    entrez_id integer,
    is_retired boolean not null,
    named_by varchar not null
);

-- The genes of the chip by current Entrez id and annotation. Before, this was a view.
drop view if exists chip_genes;
create table chip_genes (
    annotation varchar not null,
    entrez_id integer not null,
    gene_symbol varchar not null,
    has_expression boolean not null
);
