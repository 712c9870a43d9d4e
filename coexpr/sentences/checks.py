"""Whether a database, the r of a download, and an earlier result hold."""

from typing import TYPE_CHECKING

from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.replay import ReplayProvenance
    from coexpr.analysis.verify import DatabaseChecks, DownloadChecks
    from coexpr.result import Provenance, Result

# Why r may deviate.
_WHY = {
    "the values in the download": "They are as the site displayed them: only log2 of single samples gives its r.",
    "the database": "It may hold other samples than the site used, or not all of its donors.",
}


def describe_database_checks(checks: "Result[DatabaseChecks]") -> list[str]:
    """Say whether all checks of a database hold, and what to do if one does not."""
    provenance = checks.provenance
    lines = [f"Not compared: {reason}." for reason in provenance.not_compared]
    if not provenance.is_complete:
        lines.append(
            "The last ingest was interrupted before its end. Whole downloads are loaded; the next ingest completes it."
        )
    if provenance.holds:
        return [*lines, "All checks hold."]
    return [*lines, "A check failed: restore a backup, or load the downloads into a new database."]


def describe_download_checks(checks: "Result[DownloadChecks]") -> list[str]:
    """Say whether the r of a download agrees, or why it may not."""
    provenance = checks.provenance
    lines = [f"Seed: {provenance.seed}. {provenance.title or ''}".strip()]
    if provenance.holds:
        lines.append(f"Every r agrees within {provenance.tolerance}.")
    for source in provenance.deviating:
        lines.append(f"Not every r of {source} agrees within {provenance.tolerance}. {_WHY[source]}")
    return lines


def describe_replay(changes: "Result[ReplayProvenance]") -> list[str]:
    """Say which question was asked again, and whether its answer is the same."""
    provenance = changes.provenance
    rows = count_of(provenance.rows, "row")
    lines = [f"Asked again: {provenance.asked}"]
    if provenance.is_identical:
        parts = count_of(len(changes), "part")
        also = f", although {parts} of the provenance changed" if len(changes) else " and the provenance"
        lines.append(f"Identical: {rows}{also}.")
    else:
        gone = f"; {provenance.rows_gone:,} gone" if provenance.rows_gone else ""
        new = f"; {provenance.rows_new:,} new" if provenance.rows_new else ""
        by = f"; numbers by up to {provenance.largest_difference:.3g}" if provenance.largest_difference else ""
        lines.append(f"Changed: {provenance.rows_changed:,} of {rows}{gone}{new}{by}.")
    return [*lines, f"Database: {provenance.database}."]


def describe_examination(findings: "Result[Provenance]") -> list[str]:
    """Say how many parts of an installation have a problem, or a note."""
    problems, notes = (findings.column("status").count(status) for status in ("problem", "note"))
    return [f"Problems: {problems}. Notes: {notes}." if problems + notes else "Everything is in order."]
