"""The validate stage of a run: one roster in, its verdict and the workbook of held rows left in the run's folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tasks.journal.products import load_roster, save_verdict
from tasks.journal.runstore import RunFolder
from tasks.model.pipeline import Rule
from tasks.model.sources import Source
from tasks.validate import cached_validate, load_suite, write_rejects


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
    verdict = cached_validate(roster, load_suite(source.suite, base, tested), headings, today, cache)
    save_verdict(folder, source.name, verdict)
    if len(verdict.held):
        write_rejects(roster, verdict, folder.path(rejects))
    return Counts(len(verdict.clean), len(verdict.held))
