"""Which downloads and releases a database has, for the provenance of results."""

import duckdb

from coexpr.database.queries import query
from coexpr.question import LoadedDownload, Sources


def find_sources(connection: duckdb.DuckDBPyConnection) -> Sources:
    """Return the downloads by name, and the releases of gene names, terms and annotations."""
    downloads: list[LoadedDownload] = []
    releases: dict[str, str] = {}
    for kind, name, version in connection.execute(query("sources")).fetchall():
        if kind is None:
            releases[name] = version
        else:
            downloads.append(LoadedDownload(kind, name, version))
    return Sources(downloads, releases)
