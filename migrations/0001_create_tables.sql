-- The tables of a database. docs/data-model.md describes them. Views and macros are in sql/schema/.

-- The checksum of the files of sql/schema/ whose views, macros and comments this database has.
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

-- One row per donor and probe. Element i of log2 is the value of the sample of that donor at position i; null if it is
-- missing. The count, mean and sum of squared deviations of the values that are not null are stored, so that the mean
-- and variance of a probe can be computed without reading the values.
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

-- Differential stability of every probe over donors; null if it is undefined. It is computed at the end of ingest. The
-- table is empty until then.
create table probe_stability (
    probe_id integer primary key,
    diff_stability double
);

-- Agreement of each probe with RNA-seq of its gene: Miller et al. 2014, Additional file 8.
create table rnaseq_agreement (
    probe_name varchar primary key,
    slope double,
    intercept double,
    r double,
    p double,
    q double,
    passes boolean
);

-- The gene that each probe measures according to a newer genome assembly: Arnatkeviciute et al. 2019.
create table reannotations (
    probe_name varchar primary key,
    gene_symbol varchar not null,
    entrez_id integer
);

-- Corrected MNI coordinates of samples, also of samples that are not loaded: a new registration by alleninf.
create table corrected_coordinates (
    sample_id integer primary key,
    mni_x double not null,
    mni_y double not null,
    mni_z double not null
);

-- Names of human genes in NCBI Gene: current symbols and aliases.
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

-- The members of a category: those that its source lists (direct), and those of the categories below it over is_a and
-- part_of. evidence contains the evidence codes of the annotations; null if the source has none.
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

-- The names of the members of an added category, as given in its file. Names are matched to genes again whenever genes
-- are loaded, so that the order of loading does not matter.
create table category_names (
    category_id integer not null,
    name varchar not null,
    evidence varchar[]
);

-- The gene that each of these names refers to, and how it was matched; entrez_id is null if there is no gene, or
-- several.
create table name_matches (
    name varchar primary key,
    matched_by varchar not null,
    entrez_id integer
);
