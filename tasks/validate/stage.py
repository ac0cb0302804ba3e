"""The validate stage of a run: one roster in, its verdict and the workbook of held rows left in the run's folder."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from tasks.journal import Journal
from tasks.journal.products import (
    load_roster,
    load_verdict,
    save_comparison,
    save_people,
    save_profile,
    save_verdict,
)
from tasks.journal.runstore import RunFolder
from tasks.model.errors import RejectedSource
from tasks.model.pipeline import Pipeline, Rule, shares
from tasks.model.rosters import Verdict
from tasks.model.sources import Source
from tasks.model.wholes import Baseline, Comparison, FileProfile, Permit
from tasks.validate import cached_validate, load_suite, write_rejects
from tasks.validate.findings import merge_findings, with_values
from tasks.validate.identity import LinkedPeople, compare_people
from tasks.validate.merging import MERGE_CODES, merge
from tasks.validate.wholes import compare, profile_of


@dataclass(frozen=True)
class Counts:
    """How many rows of a source may be acted on, and how many are held."""

    clean: int
    held: int


def validate_source(
    source: Source, rules: Iterable[Rule], today: date, base: Path, folder: RunFolder, cache: Path, rejects: str
) -> Counts:
    """Judge one roster and write the workbook *rejects* if any row is held. Raises ``RejectedSource``.

    *rules* are the pipeline's: what they test must not have lost its values. *today* is the day of the run.
    """
    roster = load_roster(folder, source.name)
    headings = {attribute: column.heading for attribute, column in source.found(roster.raw.columns).items()}
    tested = {attribute for rule in rules if rule.enabled for attribute in rule.when}
    suite = load_suite(source.suite, base, tested)
    if not source.names_addresses:
        suite = suite.for_an_addition()
    verdict = cached_validate(roster, suite, headings, today, cache)
    save_verdict(folder, source.name, verdict)
    if len(verdict.held):
        write_rejects(roster, verdict, folder.path(rejects))
    return Counts(len(verdict.clean), len(verdict.held))


def merge_sources(pipeline: Pipeline, today: date, folder: RunFolder, rejects: Mapping[str, str]) -> int:
    """Put the files of each namespace together, leave its people in the run's folder; return how many that are.

    Rows that are held because files differ are held in the verdicts of their sources too, and are in the workbooks of
    held rows: *rejects* has their names by source. A namespace of one source of the same name is what that says.
    """
    people = 0
    for namespace, sources in pipeline.namespaces.items():
        if not shares(namespace, sources):
            continue
        verdicts = {source.name: load_verdict(folder, source.name) for source in sources}
        merged = merge(
            namespace, [_as_read(source, folder) for source in sources], verdicts, pipeline.precedence, today
        )
        for name, verdict in merged.verdicts.items():
            if verdict is not verdicts[name]:
                _rejudge(folder, name, verdict, rejects[name])
        save_people(folder, namespace, merged.people)
        people += len(merged.people.clean)
    return people


def _as_read(source: Source, folder: RunFolder) -> Source:
    """Return a source with those of its columns that its file has."""
    roster = load_roster(folder, source.name)
    return source.model_copy(update={"columns": source.found(roster.raw.columns)})


def _rejudge(folder: RunFolder, name: str, verdict: Verdict, rejects: str) -> None:
    roster = load_roster(folder, name)
    between = verdict.findings["code"].isin(MERGE_CODES)
    findings = merge_findings([verdict.findings[~between], with_values(roster, verdict.findings[between])])
    verdict = replace(verdict, findings=findings)
    save_verdict(folder, name, verdict)
    if len(verdict.held):
        write_rejects(roster, verdict, folder.path(rejects))


def compare_sources(pipeline: Pipeline, journal: Journal, folder: RunFolder, today: date) -> list[Comparison]:
    """Hold the file of every source against the last accepted one and against the links of the pipeline.

    Leaves profiles and comparisons in the run's folder.

    *today* is the day on which it is done: permits are good until a day. Raises ``RejectedSource`` if one is over its
    bounds and nobody let it pass, naming every bound of every source that is broken.
    """
    key, permits = journal.hashing_key(), journal.permits(pipeline.name)

    @cache
    def links() -> LinkedPeople:
        return LinkedPeople.of(journal.links(pipeline.name, pipeline.target.tenant), key)

    found = []
    for source in pipeline.sources:
        profile = profile_of(load_roster(folder, source.name), load_verdict(folder, source.name), key)
        accepted = journal.accepted_file(pipeline.name, source.name)
        comparison = _compared(source, profile, accepted, links, permits, today)
        save_profile(folder, profile)
        save_comparison(folder, comparison)
        found.append(comparison)
    refused = [comparison for comparison in found if comparison.refused]
    if refused:
        raise _unlike(refused, folder.root.name)
    return found


def _compared(
    source: Source,
    profile: FileProfile,
    accepted: tuple[Baseline, FileProfile] | None,
    links: Callable[[], LinkedPeople],
    permits: Iterable[Permit],
    today: date,
) -> Comparison:
    figures = (profile.source, profile.file, profile.sha256, profile.rows, profile.valid, profile.held)
    baseline, before = accepted or (None, None)
    readings = []
    if before is not None:
        headings = {name: column.from_ for name, column in source.found(profile.columns).items()}
        readings += compare(before, profile, source.bounds, headings)
    if before is None or before.marks != profile.marks:  # the same people as before need no links
        readings += compare_people(before, profile, source.bounds, links(), source.population)
    comparison = Comparison(*figures, baseline, tuple(readings))
    fitting = [permit for permit in permits if permit.lets_pass(comparison, today.isoformat())]
    return replace(comparison, permit=fitting[-1]) if comparison.broken and fitting else comparison


def _unlike(refused: Sequence[Comparison], run_id: str) -> RejectedSource:
    said = [
        f"The roster {one.file} (source {one.source}) is not like {_what_was(one)}: {'; '.join(map(str, one.broken))}."
        for one in refused
    ]
    mixed = any(reading.name == "identity" for one in refused for reading in one.broken)
    look = "See whether columns of the list are shifted against each other. " if mixed else ""
    return RejectedSource(
        " ".join(said),
        remedy=f"{look}Ask for a complete export. If it is right as it is, accept this very file, once: "
        f'rosterflow accept {run_id} --by NAME --reason "why", and run the command again.',
        sources=[one.source for one in refused],
        broken=[[one.source, reading.name, reading.subject] for one in refused for reading in one.broken],
    )


def _what_was(comparison: Comparison) -> str:
    if comparison.baseline is None:
        return "the people who are linked"
    return f"the last one that was accepted (run {comparison.baseline.run_id})"
