"""The report stage of a run: what its folder and the journal hold in, summary, page and workbook out."""

import json
from collections.abc import Mapping
from typing import Any

from tasks.journal import RunFolder
from tasks.journal.products import load_comparisons, load_joined, load_limits, load_skipped, load_verdict
from tasks.model.operations import Outcome
from tasks.model.pipeline import Pipeline
from tasks.model.plan import Plan
from tasks.model.rosters import Verdict
from tasks.report.facts import RosterFacts, RunFacts
from tasks.report.page import render_html
from tasks.report.review import write_review
from tasks.report.summary import summarise

PAGE, REDACTED_PAGE, SUMMARY, REVIEW = "report.html", "report-redacted.html", "summary.json", "review.xlsx"


def write_report(
    facts: RunFacts, plan: Plan | None, outcomes: Mapping[str, Outcome], pipeline: Pipeline, folder: RunFolder
) -> dict[str, Any]:
    """Write ``summary.json``, ``report.html`` in full and redacted form, and ``review.xlsx`` where there is a plan.

    The workbook has what was left to do of the plan when the run began with it. Returns the summary. A run that was
    stopped early has fewer tables in its folder; the report says what is known.
    """
    sources = [source.name for source in pipeline.sources]
    verdicts = {
        name: load_verdict(folder, name) for name in sources if folder.path(f"{name}.findings.parquet").exists()
    }
    rosters = _rosters(pipeline, verdicts, folder)
    limits = load_limits(folder)
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


def _rosters(pipeline: Pipeline, verdicts: Mapping[str, Verdict], folder: RunFolder) -> RosterFacts:
    """Return what the run left of its rosters; people of a namespace that was not put together are those of its files.

    One that lost its tables, or never came so far, is told by its verdicts alone.
    """
    sources = [source.name for source in pipeline.sources]
    return RosterFacts(
        people={**verdicts, **load_joined(folder, pipeline)},
        populations={source.name: source.population for source in pipeline.sources},
        comparisons=load_comparisons(folder, sources),
        skipped={name: load_skipped(folder, name) for name in verdicts},
    )
