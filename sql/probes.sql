-- Probes, and which of them a question is about.
--
-- Choosing and reading are apart: a query `choose_...` fills the temporary table chosen_probes, and
-- the queries that read names or expression join it.

-- name: probes_that_differ
-- Probes of a download that the database knows by another name, id or gene.
with same_id as (
    select incoming_probes.*, probes.probe_id as stored_id, probes.probe_name as stored_name, probes.gene_id as stored_gene
    from incoming_probes
    join probes using (probe_id)
    where probes.probe_name <> incoming_probes.probe_name
        or probes.gene_id is distinct from incoming_probes.gene_id
),
same_name as (
    select incoming_probes.*, probes.probe_id as stored_id, probes.probe_name as stored_name, probes.gene_id as stored_gene
    from incoming_probes
    join probes using (probe_name)
    where probes.probe_id <> incoming_probes.probe_id
)
select
    probe_id,
    concat(stored_name, ' (', stored_id, ') of gene ', stored_gene) as stored,
    concat(probe_name, ' (', probe_id, ') of gene ', gene_id) as incoming
from (from same_id union from same_name)
order by probe_id;

-- name: probes_not_in_every_donor
-- Probes that only the full-donor download, or only the full-donor downloads before it, hold. Those
-- are what present calls come from.
with stored as (
    select distinct probe_id from present_calls
),
only_here as (
    select probe_id, 'only in this download' as side from incoming_probes anti join stored using (probe_id)
    where exists (from stored)
),
only_there as (
    select probe_id, 'missing from this download' as side from stored anti join incoming_probes using (probe_id)
)
from only_here
union all
from only_there
order by probe_id;

-- name: count_probes
-- How many probes are known.
select count(*) from probes;

-- name: merge_probes
-- Add the probes of a download that are not here yet.
insert into probes by name
select * from incoming_probes anti join probes using (probe_id);

-- name: create_chosen_probes
-- The probes that a question is about, as a table that reading joins.
create or replace temp table chosen_probes (probe_id integer not null);

-- name: choose_all_probes
-- Every probe with expression.
insert into chosen_probes
select distinct probe_id from expression;

-- name: choose_given_probes
-- Probes that were chosen outside of SQL.
insert into chosen_probes
select probe_id from given_probes;

-- name: chosen_probe_ids
-- Every chosen probe, ascending.
select probe_id from chosen_probes order by probe_id;

-- name: genes_of_probes
-- The gene that each probe measures by an annotation, ascending by probe_id.
select probe_id, gene_id from probe_genes where annotation = $annotation order by probe_id;

-- name: labels_of_reported_profiles
-- Names of the probe and the gene of every profile that is reported, in their order.
-- Genes that only the re-annotation names are looked up apart: all_genes would be built for a few rows.
with newly_named as (
    select -entrez_id as gene_id, min(gene_symbol) as gene_symbol, entrez_id from reannotations group by entrez_id
)
select
    probes.probe_name,
    coalesce(genes.gene_symbol, newly_named.gene_symbol) as gene_symbol,
    genes.gene_name,
    coalesce(genes.entrez_id, newly_named.entrez_id) as entrez_id
from reported_profiles
left join probes using (probe_id)
left join genes on genes.gene_id = reported_profiles.gene_id
left join newly_named on newly_named.gene_id = reported_profiles.gene_id
order by reported_profiles.place;
