-- Makes the tables of this folder from the Gene Ontology and NCBI Gene tables that README.md names.
-- Run it in the folder that holds them: duckdb < build.sql. It writes into the folder `shipped`.

copy (
    select go_id, name, aspect from 'term.parquet' order by go_id
) to 'shipped/terms.parquet' (format parquet, compression zstd, compression_level 19);

copy (
    select child_id, parent_id, if(rel = 'isa', 'is_a', replace(rel, ' ', '_')) as relation from 'edge.parquet' order by parent_id, child_id, relation
) to 'shipped/edges.parquet' (format parquet, compression zstd, compression_level 19);

-- The evidence code ND means that nothing is known, so it makes no member.
copy (
    select go_id, entrez_id, list(distinct evidence order by evidence) as evidence
    from 'annotation.parquet'
    where evidence <> 'ND'
    group by go_id, entrez_id
    order by go_id, entrez_id
) to 'shipped/annotations.parquet' (format parquet, compression zstd, compression_level 19);

copy (
    select entrez_id, symbol, gene_name from 'gene.parquet' order by entrez_id
) to 'shipped/genes.parquet' (format parquet, compression zstd, compression_level 19);

copy (
    select entrez_id, alias from 'alias.parquet' order by entrez_id, alias
) to 'shipped/aliases.parquet' (format parquet, compression zstd, compression_level 19);
