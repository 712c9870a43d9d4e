-- Networks: all against all, in a DuckDB file of their own.

-- name: attach_network
-- Make the file at the path, as any DuckDB shell from 1.4 on can read it.
attach $path as network (storage_version 'v1.4.0');

-- name: use_network
-- Let unqualified names mean the attached file.
use network;

-- name: create_edges
-- Edges by the names of their ends; mutual_rank is null where it was not asked for or is not known.
create table edges (
    source varchar not null,
    target varchar not null,
    r float not null,
    rank integer not null,
    mutual_rank double
);

-- name: insert_edges
-- Some of the edges.
insert into edges by name from incoming_edges;

-- name: create_nodes
-- What the ends of edges are.
create table nodes as from incoming_nodes;

-- name: create_provenance
-- What determines the network, each value as JSON.
create table provenance as from incoming_provenance;

-- name: leave_network
-- Let unqualified names mean the memory again, so that the file can be closed.
use memory;

-- name: detach_network
-- Close the file.
detach network;
