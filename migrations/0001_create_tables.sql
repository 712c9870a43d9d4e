-- The tables of an atlas. docs/data-model.md describes them. Views and macros are in sql/schema/.

-- The views, macros and comments of sql/schema/ that this database has, by their checksum.
create table schema_definitions (
    sha256 varchar not null,
    applied_at timestamp not null,
    coexpr_version varchar not null
);

create table donors (
    donor_id integer primary key,
    donor_name varchar,
    age varchar,
    sex varchar,
    color varchar
);

create table structures (
    structure_id integer primary key,
    acronym varchar not null,
    name varchar not null,
    parent_structure_id integer,
    hemisphere varchar,
    graph_order integer,
    structure_id_path varchar,
    color_hex_triplet varchar,
    top_level_structure_id integer
);

create table genes (
    gene_id integer primary key,
    gene_symbol varchar not null,
    gene_name varchar,
    entrez_id integer,
    chromosome varchar,
    current_entrez_id integer
);

create table probes (
    probe_id integer primary key,
    probe_name varchar not null,
    gene_id integer
);

create table samples (
    sample_id integer primary key,
    donor_id integer not null,
    position integer not null,
    structure_id integer not null,
    slab_num integer,
    slab_type varchar,
    polygon_id integer,
    mri_voxel_x integer,
    mri_voxel_y integer,
    mri_voxel_z integer,
    mni_x double,
    mni_y double,
    mni_z double
);

-- One row per donor and probe. Element i of log2 belongs to the sample of that donor whose position
-- is i; null where the value is unknown. The count, mean and sum of squared deviations of the row
-- are stored with it, so that the mean and variance of a probe need no pass over the values.
create table expression (
    donor_id integer not null,
    probe_id integer not null,
    n integer not null,
    mean_log2 double not null,
    squared_deviations double not null,
    log2 float[] not null
);

create table present_calls (
    donor_id integer not null,
    probe_id integer not null,
    present boolean[] not null,
    n integer,
    n_present integer
);

create table downloads (
    sha256 varchar primary key,
    kind varchar not null,
    location varchar not null,
    title varchar,
    donor_ids integer[] not null,
    samples integer not null,
    probes integer not null,
    genes integer not null,
    files struct(name varchar, bytes bigint, sha256 varchar)[] not null,
    loaded_at timestamp not null,
    coexpr_version varchar not null
);

-- Differential stability of every probe over the donors; null where it has none. Computed when ingest
-- ends; empty while it does not hold for what is loaded.
create table probe_stability (
    probe_id integer primary key,
    diff_stability double
);

-- Miller et al. 2014, Additional file 8: how well each probe follows RNA-seq of its gene.
create table rnaseq_agreement (
    probe_name varchar primary key,
    slope double,
    intercept double,
    r double,
    p double,
    q double,
    passes boolean
);

-- Arnatkeviciute et al. 2019: the gene that each probe measures by a newer genome.
create table reannotations (
    probe_name varchar primary key,
    gene_symbol varchar not null,
    entrez_id integer
);

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
    aspect varchar,
    is_shipped boolean not null
);

-- The members of a category: those that its source lists (direct), and those of the categories below
-- it over is_a and part_of. evidence holds the evidence codes of the annotations, where the source gives them.
create table category_genes (
    category_id integer not null,
    entrez_id integer not null,
    direct boolean not null,
    evidence varchar[]
);

create table category_edges (
    child_id integer not null,
    parent_id integer not null,
    relation varchar not null
);

-- The members of an added category as its file names them. Names are matched to genes again whenever genes are
-- loaded, so that the order of loading does not matter.
create table category_names (
    category_id integer not null,
    name varchar not null,
    evidence varchar[]
);

-- The gene that each of these names means, with how it was matched; no gene where it means none, or several.
create table name_matches (
    name varchar primary key,
    matched_by varchar not null,
    entrez_id integer
);
