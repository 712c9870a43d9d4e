-- Probes, and which of them a query uses.
--
-- Queries named choose_... fill the temporary table chosen_probes, which queries that read names or expression join.

-- name: probes_that_differ
-- Probes of a download that have another name, id or gene in the database.
with same_id as (
    select
        incoming_probes.*,
        probes.probe_id as stored_id,
        probes.probe_name as stored_name,
        probes.gene_id as stored_gene
    from incoming_probes
    join probes using (probe_id)
    where probes.probe_name <> incoming_probes.probe_name
        or probes.gene_id is distinct from incoming_probes.gene_id
),
same_name as (
    select
        incoming_probes.*,
        probes.probe_id as stored_id,
        probes.probe_name as stored_name,
        probes.gene_id as stored_gene
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
-- Probes that are only in a full-donor download, or only in those loaded before it. Probes of full-donor downloads are
-- those with present calls.
with stored as (
    select distinct probe_id from present_calls
),
only_incoming as (
    select probe_id, 'only in this download' as side from incoming_probes anti join stored using (probe_id)
    where exists (from stored)
),
only_stored as (
    select probe_id, 'missing from this download' as side from stored anti join incoming_probes using (probe_id)
)
from only_incoming
union all
from only_stored
order by probe_id;

-- name: count_probes
-- The number of probes in the database.
select count(*) from probes;

-- name: merge_probes
-- Insert the probes of a download that are not in the database.
insert into probes by name
select * from incoming_probes anti join probes using (probe_id);

-- name: create_chosen_probes
-- Create the table of the probes of a query.
create or replace temp table chosen_probes (probe_id integer not null);

-- name: choose_all_probes
-- Add every probe with expression data.
insert into chosen_probes
select distinct probe_id from expression;

-- name: choose_given_probes
-- Add probes that were chosen outside of SQL.
insert into chosen_probes
select probe_id from given_probes;

-- name: chosen_probe_ids
-- Every chosen probe, ascending.
select probe_id from chosen_probes order by probe_id;

-- name: genes_of_probes
-- The gene that each probe measures by an annotation, ascending by probe_id.
select probe_id, gene_id from probe_genes where annotation = $annotation order by probe_id;

-- name: labels_of_reported_profiles
-- The names of the probe and the gene of every profile that is reported, in order. Genes that only the re-annotation
-- names are looked up separately, because all_genes is slow for a few rows.
with reannotated_genes as (
    select -entrez_id as gene_id, min(gene_symbol) as gene_symbol, entrez_id from reannotations group by entrez_id
)
select
    probes.probe_name,
    coalesce(genes.gene_symbol, reannotated_genes.gene_symbol) as gene_symbol,
    genes.gene_name,
    coalesce(genes.entrez_id, reannotated_genes.entrez_id) as entrez_id
from reported_profiles
left join probes using (probe_id)
left join genes on genes.gene_id = reported_profiles.gene_id
left join reannotated_genes on reannotated_genes.gene_id = reported_profiles.gene_id
order by reported_profiles.place;
