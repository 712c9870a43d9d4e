"""OBO: the terms of an ontology and the relations between them, parsed with fastobo."""

import io
import re
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import fastobo

from coexpr.errors import DownloadError
from coexpr.readers import limits
from coexpr.readers.printable import first_with_control
from coexpr.readers.text import read_bytes, refuse_long_lines

RELATIONS = ("is_a", "part_of", "regulates", "positively_regulates", "negatively_regulates")
# A backslash that escapes a special character, such as a brace.
_ESCAPE = re.compile(r"\\(.)")
_AGAIN = "Download it again."
_COMMENT_LINE = re.compile(rb"^[ \t]*!.*$", re.M)
_NAMED_OF_CYCLE = 10
_ASPECTS = {"biological_process": "BP", "molecular_function": "MF", "cellular_component": "CC"}


@dataclass(frozen=True)
class Ontology:
    """The terms of an ontology that are in use, and the replacements of other ids.

    Parameters
    ----------
    release : str or None
        Release in the header, such as 2026-05-19.
    names, aspects : dict
        By accession.
    edges : list of (child, parent, relation)
        Between terms in use.
    primary : dict
        The accession that replaces each secondary id, and each obsolete id with one replacement.
    obsolete : set
        Obsolete accessions without a replacement.
    notes : tuple of str
        What was left out.
    """

    release: str | None
    names: dict[str, str]
    aspects: dict[str, str]
    edges: list[tuple[str, str, str]]
    primary: dict[str, str]
    obsolete: set[str]
    notes: tuple[str, ...] = ()

    def in_use(self, accession: str) -> str | None:
        """Return the term in use that an accession leads to after any number of replacements; None if there is none."""
        seen: set[str] = set()
        while accession not in self.names:
            if accession in seen or accession not in self.primary:
                return None
            seen.add(accession)
            accession = self.primary[accession]
        return accession


def read_ontology(path: Path) -> Ontology:
    """Read an OBO file, gzipped or not.

    Raises
    ------
    DownloadError
        If it is not an OBO file, or its relations form a cycle.
    """
    content = read_bytes(path)
    _refuse_other_bytes(content, path)
    # The format allows comment lines, but fastobo panics at those after the first term.
    content = _COMMENT_LINE.sub(b"", content)
    try:
        ontology = _parse(content, path)
    except DownloadError:
        raise
    except SyntaxError as error:
        raise DownloadError(
            f"{path} is not an OBO file, or damaged: {error.msg} in line {error.lineno}.", remedy=_AGAIN
        ) from None
    except (ValueError, OSError) as error:
        raise DownloadError(f"{path} is not an OBO file: {error}.", remedy=_AGAIN) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # raised by the parser's Rust code; not an Exception
            raise
        raise DownloadError(f"{path} cannot be read as an OBO file: {error}.", remedy=_AGAIN) from None
    if not ontology.names:
        raise DownloadError(f"{path} has no terms: expected an OBO file, such as go-basic.obo.")
    parents = {parent for _, parent, _ in ontology.edges}
    shown = (ontology.release, *ontology.names, *ontology.names.values(), *parents)
    if (strange := first_with_control(shown)) is not None:
        raise DownloadError(f"{path}: {strange!r:.60} has characters that are not printed.", remedy=_AGAIN)
    ontology = _with_edges_in_use(ontology)
    _refuse_cycles(ontology, path)
    return ontology


def _with_edges_in_use(ontology: Ontology) -> Ontology:
    """Return an ontology whose relations lead to terms in use; others are left out, and noted."""
    edges: dict[tuple[str, str, str], None] = {}  # a parent may be named twice, by several of its ids
    left_out: list[tuple[str, str]] = []
    for child, parent, relation in ontology.edges:
        if (term := ontology.in_use(parent)) is None:
            left_out.append((child, parent))
        else:
            edges[child, term, relation] = None
    notes: tuple[str, ...] = ()
    if left_out:
        first = f"{left_out[0][0]:.60} to {left_out[0][1]:.60}"
        notes = (
            "relations to terms that are obsolete or not in the ontology, left out: "
            f"{len(left_out):,}; the first is from {first}.",
        )
    return replace(ontology, edges=list(edges), notes=notes)


def _refuse_other_bytes(content: bytes, path: Path) -> None:
    """Raise DownloadError for bytes that are not text of an OBO file, at which the parser fails in several ways."""
    if b"\0" in content:
        raise DownloadError(f"{path} is a binary file, not an OBO file.")
    try:
        refuse_long_lines(content.decode("utf-8"), path)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DownloadError(
            f"{path}, line {line}: not UTF-8 text, as expected in an OBO file.", remedy=_AGAIN
        ) from None


def _parse(content: bytes, path: Path) -> Ontology:
    document = fastobo.iter(io.BytesIO(content))
    header = {clause.raw_tag(): clause.raw_value() for clause in document.header()}
    ontology = Ontology(header.get("data-version", "").rpartition("/")[2] or None, {}, {}, [], {}, set())
    seen: set[str] = set()
    for frame in document:
        if not isinstance(frame, fastobo.term.TermFrame):
            continue
        accession = str(frame.id)
        if accession in seen:
            raise DownloadError(f"{path}: it has the term {accession!r:.60} twice.", remedy=_AGAIN)
        seen.add(accession)
        if len(seen) > limits.TERMS:
            raise DownloadError(f"{path} has more than {limits.TERMS:,} terms. Use go-basic.obo.")
        _add_frame(accession, frame, ontology)
    return ontology


def _add_frame(accession: str, frame: "fastobo.term.TermFrame", ontology: Ontology) -> None:
    clauses: dict[str, list[str]] = {}
    for clause in frame:
        clauses.setdefault(clause.raw_tag(), []).append(clause.raw_value())
    if clauses.get("is_obsolete") == ["true"]:
        replacements = clauses.get("replaced_by", [])
        if len(replacements) == 1:
            ontology.primary[accession] = replacements[0]
        else:
            ontology.obsolete.add(accession)
        return
    ontology.names[accession] = _ESCAPE.sub(r"\1", clauses.get("name", [accession])[0])
    ontology.aspects[accession] = _ASPECTS.get(clauses.get("namespace", [""])[0], "")
    ontology.primary.update(dict.fromkeys(clauses.get("alt_id", []), accession))
    ontology.edges.extend((accession, parent, "is_a") for parent in clauses.get("is_a", []))
    for value in clauses.get("relationship", []):
        relation, _, parent = value.partition(" ")
        if relation in RELATIONS:
            ontology.edges.append((accession, parent, relation))


def _refuse_cycles(ontology: Ontology, path: Path) -> None:
    below = TopologicalSorter[str]()
    for child, parent, relation in ontology.edges:
        if relation in ("is_a", "part_of"):
            below.add(parent, child)
    try:
        below.prepare()
    except CycleError as error:
        terms = error.args[1]
        more = len(terms) - _NAMED_OF_CYCLE
        shown = [*terms[:_NAMED_OF_CYCLE], *([f"({more:,} more)"] if more > 0 else [])]
        cycle = " → ".join(shown)
        raise DownloadError(
            f"{path}: its relations is_a and part_of form a cycle: {cycle}. Use go-basic.obo, which has no cycles."
        ) from None
