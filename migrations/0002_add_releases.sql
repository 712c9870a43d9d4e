-- The releases of gene names, terms and annotations. A database that was made before has those of that time.

create table releases (
    name varchar primary key,
    release varchar not null,
    sha256 varchar
);

insert into releases
select 'Gene Ontology', max(release), null from categories where is_shipped having count(*) > 0
union all
select 'NCBI gene names', '2022-09-12', null from gene_aliases having count(*) > 0
union all
select 'annotations of genes', '2022-09-12', null from categories where is_shipped having count(*) > 0;
