"""How a run's end is told in the terminal: its sentence, its figures, where its files are, its exit code."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from flows.cli.talk import say, show, show_json
from flows.run import Run
from flows.verdict import INCOMPLETE
from tasks.model.errors import OutputLost
from tasks.model.plan import DECIDED
from tasks.report.words import forecast, left_out, shortage

FIGURES = ("rows", "held", "departments", "moved", "identity")
FILES = (
    ("report.html", "Report"),
    ("plan.jsonl", "Plan"),
    ("review.xlsx", "Review"),
)


def present(run: Run, *, json: bool, strict: bool) -> None:
    """Print a finished run and end the command with its exit code."""
    tell(run.summary, run.folder.root, json=json)
    finish(run.summary, strict=strict)


def tell(summary: Mapping[str, Any], folder: Path, *, json: bool) -> None:
    """Print the summary, as JSON or in words. Where that cannot be done, say so: the run has ended as it did."""
    try:
        _print(summary, folder, json=json)
    except OutputLost as error:
        run = summary["run"]
        ended = "was cut off" if run["exit_code"] is None else f"ended with code {run['exit_code']}"
        say(f"{error.what} Run {run['run_id']} {ended}: 'rosterflow report' tells the rest.")


def _print(summary: Mapping[str, Any], folder: Path, *, json: bool) -> None:
    """Print the summary as JSON, or in words: what happened, per source, and where to look."""
    if json:
        show_json({**summary, "folder": str(folder)})
        return
    show(summary["headline"])
    for source in summary["sources"]:
        valid = source["rows"] - source["held"]
        warned = "" if source["warned"] is None else f" ({source['warned']} with a warning)"
        skipped = left_out(source.get("skipped", {}))  # runs of earlier versions do not tell
        show(
            f"  {source['name']}: {source['rows']} rows, {valid} valid{warned}, {source['held']} held"
            + (f"; left out: {skipped}" if skipped else "")
        )
        for finding in summary["findings"]:
            if finding["source"] == source["name"]:
                show(f"    {finding['count']:>6} {finding['severity']:8} {finding['code']}")
    for whole in summary["whole"]:
        for line in _compared(whole):
            show(line)
    if summary["run"]["state"] in ("pending", "blocked"):
        for kind, people in summary.get("mailed", {}).items():
            show(f"  {forecast(kind, people)}")
    short = summary.get("without_seat", {"products": {}, "not_created": 0})
    for sentence in shortage(short["products"], short["not_created"]):
        show(f"  {sentence}")
    if short["products"]:
        show("  Who they are stands in the report and in review.xlsx, under 'Not in the plan'.")
    for limit in summary["limits"]:
        if limit["broken"]:
            show(f"  over the limit: {limit['name']} {limit['subject']}".rstrip())
    if summary.get("override"):
        show(f"    let pass by decision {summary['override']['decision_id']}, good once")
    for name, title in FILES:
        if (folder / name).exists():
            show(f"{title + ':':8} {folder / name}")
    for path in sorted(folder.glob("rejects*.xlsx")):
        show(f"{'Held:':8} {path}")
    for step in summary["run"].get("next_steps", ()):
        show(f"{'Next:':8} {step}")


def _compared(whole: Mapping[str, Any]) -> Iterator[str]:
    """Yield how a list differs from the last accepted one: its rows, departments and people, every broken bound."""
    if whole["baseline"] is None and not whole["readings"]:
        return
    last = f"the last accepted list (run {whole['baseline']['run_id']})" if whole["baseline"] else "the linked accounts"
    figures = ", ".join(one["says"] for one in whole["readings"] if one["name"] in FIGURES and not one["broken"])
    yield f"  {whole['source']} against {last}: {figures}".rstrip(": ")
    yield from (f"    over the bound: {one['says']}" for one in whole["readings"] if one["broken"])
    if whole["permit"]:
        yield f"    let pass by decision {whole['permit']['permit_id']}, good once"


def finish(summary: Mapping[str, Any], *, strict: bool) -> None:
    """End the command with the run's exit code; *strict*, held rows and people who wait for a decision make it 4."""
    code = int(summary["run"]["exit_code"])
    left = sum(source["held"] for source in summary["sources"])
    left += sum(number for reason, number in summary["withheld"]["by_reason"].items() if reason not in DECIDED)
    raise typer.Exit(INCOMPLETE if strict and code == 0 and left else code)
