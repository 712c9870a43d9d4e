-- Categories: named sets of genes, from a named source and release; and the names that genes go by.

-- Names of human genes in NCBI Gene: current symbols, and aliases that lead to them.
create table gene_aliases (
    entrez_id integer not null,
    alias varchar not null,
    is_current boolean not null
);

create table categories (
    category_id integer primary key,
    source varchar not null,
    release varchar,
    accession varchar,
    name varchar not null,
    aspect varchar
);

-- The members of a category: those that its source lists (direct), and those of the categories below
-- it over is_a and part_of.
create table category_genes (
    category_id integer not null,
    entrez_id integer not null,
    direct boolean not null
);

create table category_edges (
    child_id integer not null,
    parent_id integer not null,
    relation varchar not null
);

-- What the file of an added category calls its members, and how each name was matched to a gene.
create table category_names (
    category_id integer not null,
    name varchar not null,
    matched_by varchar not null,
    entrez_id integer
);

-- A name of a category without what sources differ in: case, underscores, MSigDB's prefix.
create macro plain_name(name) as
    regexp_replace(trim(replace(lower(name), '_', ' ')), '^(gobp|gomf|gocc) ', '');
