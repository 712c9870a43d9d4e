-- The tables of an atlas. docs/data-model.md says in words what each of them holds.

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
    chromosome varchar
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
    present boolean[] not null
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

-- Count, mean and sample variance of every probe over all its values, all donors pooled: the means
-- and squared deviations of the donors combined (Chan, Golub and LeVeque 1979).
create view probe_statistics as
with pooled as (
    select
        probe_id,
        sum(n)::integer as n,
        fsum(n * mean_log2) / sum(n) as mean_log2
    from expression
    group by probe_id
)
select
    pooled.probe_id,
    pooled.n,
    pooled.mean_log2,
    fsum(expression.squared_deviations + expression.n * (expression.mean_log2 - pooled.mean_log2) ** 2)
        / nullif(pooled.n - 1, 0) as variance_log2
from pooled
join expression using (probe_id)
group by pooled.probe_id, pooled.n, pooled.mean_log2;

-- The probe that stands for each gene: of those known in the most samples, so that means over different
-- samples are not compared, the one with the highest mean log2 intensity; among equals the one with the
-- smallest probe_id.
create view representative_probes as
select
    probes.gene_id,
    arg_max(probes.probe_id, (probe_statistics.n, probe_statistics.mean_log2, -probes.probe_id)) as probe_id,
    count(*)::integer as candidates
from probes
join probe_statistics using (probe_id)
where probes.gene_id is not null
group by probes.gene_id;
