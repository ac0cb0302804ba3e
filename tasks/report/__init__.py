"""Tell what a run did: in numbers, as a page for a browser, as a workbook for reviewers. Pure but for the workbook."""

from tasks.report.facts import RunFacts, RunState
from tasks.report.page import render_html
from tasks.report.review import write_review
from tasks.report.summary import artifact_table, headline, summarise

__all__ = ["RunFacts", "RunState", "artifact_table", "headline", "render_html", "summarise", "write_review"]
