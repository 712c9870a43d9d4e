-- Networks: correlations of all pairs, written to a separate DuckDB file.

-- name: attach_network
-- Create the file at $path, in the storage format that DuckDB 1.4 and later can read.
attach $path as network (storage_version 'v1.4.0');

-- name: use_network
-- Make the attached file the default database of unqualified names.
use network;

-- name: create_edges
-- Create the table of edges, with the names of their ends; mutual_rank is null if it was not computed.
create table edges (
    source varchar not null,
    target varchar not null,
    r float not null,
    rank integer not null,
    mutual_rank double
);

-- name: insert_edges
-- Insert a part of the edges.
insert into edges by name from incoming_edges;

-- name: create_nodes
-- Create the table of nodes, which are the ends of edges.
create table nodes as from incoming_nodes;

-- name: create_node_categories
-- Create the table of the categories that mark nodes: one row for each member of each category.
create table node_categories as from incoming_node_categories;

-- name: create_provenance
-- Create the table of the provenance of the network, with each value as JSON.
create table provenance as from incoming_provenance;

-- name: leave_network
-- Make the in-memory database the default again, so that the file can be closed.
use memory;

-- name: detach_network
-- Close the file.
detach network;
