"""The report stage of a run: what its folder and the journal hold in, summary, page and workbook out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.journal import RunFolder
from tasks.journal.products import load_limits, load_verdict
from tasks.model.operations import Outcome
from tasks.model.plan import Plan
from tasks.report.facts import RunFacts
from tasks.report.page import render_html
from tasks.report.review import write_review
from tasks.report.summary import summarise

PAGE, REDACTED_PAGE, SUMMARY, REVIEW = "report.html", "report-redacted.html", "summary.json", "review.xlsx"


def write_report(
    facts: RunFacts, plan: Plan | None, outcomes: Mapping[str, Outcome], sources: Sequence[str], folder: RunFolder
) -> dict[str, Any]:
    """Write ``summary.json``, ``report.html`` in full and redacted form, and ``review.xlsx`` where there is a plan.

    Returns the summary. A run that was stopped early has fewer tables in its folder; the report says what is known.
    """
    verdicts = {
        name: load_verdict(folder, name) for name in sources if folder.path(f"{name}.findings.parquet").exists()
    }
    limits = load_limits(folder)
    summary = summarise(facts, plan, limits, outcomes, verdicts)
    folder.write_bytes(SUMMARY, (json.dumps(summary, ensure_ascii=False, indent=2) + "\n").encode())
    for name, redacted in ((PAGE, False), (REDACTED_PAGE, True)):
        page = render_html(facts, plan, limits, outcomes, verdicts, redacted=redacted)
        folder.write_bytes(name, page.encode())
    if plan is not None:
        write_review(plan, limits, verdicts, folder.path(REVIEW))
        folder.path(REVIEW).chmod(0o600)
    return summary
