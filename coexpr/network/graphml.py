"""Writing of a network as GraphML (graphml.graphdrawing.org), which Cytoscape, Gephi, igraph and networkx read."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from coexpr.network.nodes import COLUMNS, Nodes
from coexpr.result import json_text

# The types of the attributes of edges.
_EDGE_KINDS = {"r": "double", "rank": "int", "mutual_rank": "double"}
# Characters that XML cannot represent, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_graphml(
    stream: IO[bytes],
    parts: Iterator[Mapping[str, Any]],
    nodes: Nodes,
    provenance: Mapping[str, Any],
    *,
    undirected: bool,
) -> None:
    """Write a network whose node ids are the names of the nodes.

    Characters that XML cannot represent are written as a code such as U+0007.
    """

    def put(line: str) -> None:
        stream.write((_NOT_XML.sub(_code_of, line) + "\n").encode())

    put('<?xml version="1.0" encoding="UTF-8"?>')
    put('<graphml xmlns="http://graphml.graphdrawing.org/xmlns">')
    put(f"<desc>{escape(json_text(provenance))}</desc>")
    keys = _node_keys(nodes)
    for key, (name, kind) in keys.items():
        put(f'<key id="{key}" for="node" attr.name={quoteattr(name)} attr.type="{kind}"/>')
    first = next(parts, {})
    for name in [name for name in _EDGE_KINDS if name in first]:
        kind = _EDGE_KINDS[name]
        put(f'<key id="{name}" for="edge" attr.name="{name}" attr.type="{kind}"/>')
    put(f'<graph edgedefault="{"undirected" if undirected else "directed"}">')
    ids = [quoteattr(name) for name in nodes.names]
    for node, values in zip(ids, _node_values(nodes), strict=True):
        put(f"<node id={node}>{_data(keys, values)}</node>")
    for part in chain([first] if first else [], parts):
        names = [name for name in part if name not in ("source", "target")]
        columns = [part[name].tolist() for name in ("source", "target", *names)]
        for source, target, *values in zip(*columns, strict=True):
            put(f"<edge source={ids[source]} target={ids[target]}>{_data(names, values)}</edge>")
    put("</graph></graphml>")


def _node_keys(nodes: Nodes) -> dict[str, tuple[str, str]]:
    """Return the name and type of each node attribute by its key; a name of a category cannot be a key."""
    columns = {name: (name, "int" if name.endswith("_id") else "string") for name in COLUMNS.names}
    more = {"label": ("label", "string"), "mean_log2": ("mean_log2", "double")}
    categories = {f"category_{number}": (name, "boolean") for number, name in enumerate(nodes.categories, start=1)}
    return columns | more | categories


def _node_values(nodes: Nodes) -> Iterator[list[Any]]:
    """Yield the values of `_node_keys` for each node."""
    means = [None] * len(nodes.rows) if nodes.mean_log2 is None else nodes.mean_log2.tolist()
    members = [is_in.tolist() for is_in in nodes.categories.values()]
    for row, (node, name) in enumerate(zip(nodes.rows, nodes.names, strict=True)):
        yield [*node, name, means[row], *(is_in[row] for is_in in members)]


def _data(keys: Iterable[str], values: list[Any]) -> str:
    """Return the data elements of a node or an edge, without those of missing values."""
    return "".join(
        f'<data key="{key}">{_text(value)}</data>'
        for key, value in zip(keys, values, strict=True)
        if value is not None and not (isinstance(value, float) and math.isnan(value))
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.9g}" if isinstance(value, float) else escape(str(value))


def _code_of(character: re.Match[str]) -> str:
    return f"U+{ord(character[0]):04X}"
