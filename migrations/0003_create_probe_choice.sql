-- What decides which probe stands for a gene: present calls counted, differential stability, agreement
-- with RNA-seq, and a second map from probes to genes.

-- How many calls of a row are known, and how many of those are present.
alter table present_calls add column n integer;
alter table present_calls add column n_present integer;
update present_calls set
    n = list_count(present),
    n_present = list_count(list_filter(present, lambda call: call));

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

-- What is known of every probe over all its values, all donors pooled. Mean and variance combine those
-- of the donors (Chan, Golub and LeVeque 1979); present_fraction is the share of samples called present.
create or replace view probe_statistics as
with pooled as (
    select
        probe_id,
        sum(n)::integer as n,
        fsum(n * mean_log2) / sum(n) as mean_log2
    from expression
    group by probe_id
),
calls as (
    select probe_id, sum(n_present) / nullif(sum(n), 0) as present_fraction
    from present_calls
    group by probe_id
),
spread as (
    select
        pooled.probe_id,
        pooled.n,
        pooled.mean_log2,
        fsum(expression.squared_deviations + expression.n * (expression.mean_log2 - pooled.mean_log2) ** 2)
            / nullif(pooled.n - 1, 0) as variance_log2
    from pooled
    join expression using (probe_id)
    group by pooled.probe_id, pooled.n, pooled.mean_log2
)
select spread.*, calls.present_fraction, probe_stability.diff_stability
from spread
left join calls using (probe_id)
left join probe_stability using (probe_id);

-- The genes of the atlas, and those that only the re-annotation names: these have their Entrez id,
-- made negative, for gene_id.
create view all_genes as
select gene_id, gene_symbol, gene_name, entrez_id, chromosome, 'allen' as named_by from genes
union all
select -entrez_id, min(gene_symbol), null, entrez_id, null, 'reannotated'
from reannotations
where entrez_id is not null and entrez_id not in (select entrez_id from genes where entrez_id is not null)
group by entrez_id;

-- The gene that each probe measures, by Allen's annotation or by the re-annotation.
create view probe_genes as
select 'allen' as annotation, probe_id, gene_id
from probes
where gene_id is not null
union all
select 'reannotated', probes.probe_id, known.gene_id
from probes
join reannotations using (probe_name)
join (select entrez_id, min(gene_id) as gene_id from all_genes group by entrez_id) as known using (entrez_id);
