"""The report stage of a run: what its folder and the journal hold in, summary, page and workbook out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from tasks.journal import RunFolder
from tasks.journal.products import load_comparisons, load_joined, load_limits, load_skipped, load_verdict
from tasks.model.errors import BadUsage
from tasks.model.operations import Outcome
from tasks.model.pipeline import Pipeline
from tasks.model.plan import Plan
from tasks.model.rosters import Verdict
from tasks.report.facts import RosterFacts, RunFacts
from tasks.report.page import render_html
from tasks.report.review import write_review
from tasks.report.summary import summarise

PAGE, REDACTED_PAGE, SUMMARY, REVIEW = "report.html", "report-redacted.html", "summary.json", "review.xlsx"

T = TypeVar("T")


def write_report(
    facts: RunFacts, plan: Plan | None, outcomes: Mapping[str, Outcome], pipeline: Pipeline, folder: RunFolder
) -> dict[str, Any]:
    """Write ``summary.json``, ``report.html`` in full and redacted form, and ``review.xlsx`` where there is a plan.

    The workbook has what was left to do of the plan when the run began with it. Returns the summary. A run that was
    stopped early has fewer tables in its folder; the report says what is known, and which of them cannot be read.
    """
    left = _Left(folder, dict(facts.unread))
    verdicts = _verdicts(pipeline, left)
    rosters = _rosters(pipeline, verdicts, left)
    limits = left.get(load_limits) or []
    facts = replace(facts, unread=left.unread)
    summary = summarise(facts, plan, limits, outcomes, verdicts, rosters.comparisons, rosters.skipped)
    folder.write_bytes(SUMMARY, (json.dumps(summary, ensure_ascii=False, indent=2) + "\n").encode())
    for name, redacted in ((PAGE, False), (REDACTED_PAGE, True)):
        page = render_html(facts, plan, limits, outcomes, verdicts, rosters, redacted=redacted, summary=summary)
        folder.write_bytes(name, page.encode())
    if plan is not None:
        due = facts.due(plan, outcomes)
        write_review(due, limits, verdicts, folder.path(REVIEW), rosters, begun=due is not plan)
        folder.path(REVIEW).chmod(0o600)
    return summary


class _Left:
    """What a run left in its folder, as far as it can be read: the rest is named, and the report written without it."""

    def __init__(self, folder: RunFolder, unread: dict[str, str]) -> None:
        self.folder = folder
        self.unread = unread

    def get(self, load: Callable[..., T], *what: Any) -> T | None:
        """Return what *load* reads of the folder, None if it cannot be read."""
        try:
            return load(self.folder, *what)
        except BadUsage as error:
            self.unread.setdefault(error.facts["file"], f"the folder of run {self.folder.root.name}")
            return None


def _verdicts(pipeline: Pipeline, left: _Left) -> dict[str, Verdict]:
    names = [source.name for source in pipeline.sources if left.folder.path(f"{source.name}.findings.parquet").exists()]
    found = {name: left.get(load_verdict, name) for name in names}
    return {name: verdict for name, verdict in found.items() if verdict is not None}


def _rosters(pipeline: Pipeline, verdicts: Mapping[str, Verdict], left: _Left) -> RosterFacts:
    """Return what the run left of its rosters; people of a namespace that was not put together are those of its files.

    One that lost its tables, or never came so far, is told by its verdicts alone.
    """
    return RosterFacts(
        people={**verdicts, **(left.get(load_joined, pipeline) or {})},
        populations={source.name: source.population for source in pipeline.sources},
        comparisons=[one for source in pipeline.sources for one in left.get(load_comparisons, [source.name]) or ()],
        skipped={name: left.get(load_skipped, name) or {} for name in verdicts},
        rejects=tuple(sorted(path.name for path in left.folder.root.glob("rejects*.xlsx"))),
    )
