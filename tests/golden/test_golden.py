"""The plans and summaries of the sample rosters, byte for byte.

``make golden`` writes them anew; the diff shows what a change of the program does to a whole company.
"""

import asyncio
import csv
import json
import os
import random
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
KEPT = Path(__file__).parent / "kept"
VOLATILE = ("run_id", "started_at", "finished_at")
FIRST, NEXT = "2026-09-01", "2026-10-05"


@pytest.fixture
def acme(tmp_path: Path, served: Any, new_office: Any, furnish: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The sample company in its first month, with its tenant as declared."""
    served.reset(json.loads((SAMPLES / "acme_tenant.json").read_text(encoding="utf-8")))
    office = new_office(tmp_path)
    furnish(office, served.url, "acme.yaml", "acme_staff.xlsx")
    monkeypatch.setenv("ROSTERFLOW_HOME", str(office.home))
    return office


@pytest.fixture
def france(acme: Any, served: Any, furnish: Any) -> Any:
    """The French company, in the same tenant."""
    furnish(acme, served.url, "acme_france.yaml", "acme_france.csv")
    return acme


@pytest.fixture
def plan(rosterflow: Any) -> Callable[[Any, str], Path]:
    """Plan for a day by the command; return the run's folder."""

    def make(office: Any, day: str) -> Path:
        said = rosterflow("plan", office.pipeline, "--as-of", day, "--json")
        assert said.code == 3, said.err
        return Path(json.loads(said.out)["folder"])

    return make


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Callable[[str, Path], None]:
    """Hold a run's plan and summary against those that are kept, or keep them."""
    update = request.config.getoption("--update-golden")

    def hold(name: str, folder: Path) -> None:
        made = {
            f"{name}.plan.jsonl": (folder / "plan.jsonl").read_bytes(),
            f"{name}.summary.json": _masked((folder / "summary.json").read_bytes()),
        }
        for file, data in made.items():
            if update:
                KEPT.mkdir(exist_ok=True)
                (KEPT / file).write_bytes(data)
            elif data != (KEPT / file).read_bytes():
                pytest.fail(f"{file} differs from line {_first_difference(data, (KEPT / file).read_bytes())} on")

    return hold


def _masked(summary: bytes) -> bytes:
    """Return a summary without what differs from run to run."""
    run_id = json.loads(summary)["run"]["run_id"]
    facts = json.loads(re.sub(rb"\d+ days ago", b"DAYS days ago", summary.replace(run_id.encode(), b"RUN")))
    facts["run"] |= dict.fromkeys(VOLATILE, "…")
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()


def _first_difference(made: bytes, kept: bytes) -> int:
    pairs = zip(made.splitlines(), kept.splitlines(), strict=False)
    alike = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
    return 1 + (min(made.count(b"\n"), kept.count(b"\n")) if alike is None else alike)


def apply_in_order(office: Any, folder: Path) -> None:
    """Apply a plan, one call after the other: so the sandbox gives the same keys each time."""
    from tasks.connectors.kept_tokens import KeptTokens
    from tasks.connectors.registry import open_target
    from tasks.journal import Journal, RunRecord
    from tasks.model.plan import Plan
    from tasks.pipeline_file import load_pipeline
    from tasks.provision import Runtime, apply_plan
    from tasks.settings import resolve_secret

    made = Plan.from_bytes((folder / "plan.jsonl").read_bytes())
    spec = load_pipeline(office.pipeline, os.environ).pipeline.target

    def now() -> datetime:
        return datetime.now(UTC)

    async def apply(journal: Journal) -> int:
        async with open_target(spec, resolve_secret, KeptTokens(office.home / "tokens")) as target:
            return (await apply_plan(made, Runtime(journal, target, "first", now, workers=1))).exit_code

    with Journal.open(office.home / "journal.db") as journal:
        journal.begin_run(RunRecord("first", made.header.pipeline, "apply", now()))
        assert asyncio.run(apply(journal)) == 0
        journal.finish_run("first", 0, "Completed", {}, now())


def test_the_first_month(acme, plan, compare) -> None:
    compare("acme_first", plan(acme, FIRST))


def test_the_next_month(acme, plan, compare) -> None:
    apply_in_order(acme, plan(acme, FIRST))
    shutil.copy(SAMPLES / "acme_staff_next.xlsx", acme.folder / "acme_staff.xlsx")
    compare("acme_next", plan(acme, NEXT))


def test_the_french_company(france, plan, compare) -> None:
    compare("acme_france", plan(france, FIRST))


# The same people, written down in another way -----------------------------------------------------------------------


def shuffled(rows: list[Any]) -> list[Any]:
    return random.Random(7).sample(rows, len(rows))


@pytest.mark.prove
def test_the_order_of_the_rows_of_a_csv_file_is_irrelevant(france, plan) -> None:
    straight = (plan(france, FIRST) / "plan.jsonl").read_bytes()
    path = france.folder / "acme_france.csv"
    with path.open(encoding="cp1252", newline="") as file:
        heading, *rows = csv.reader(file, delimiter=";")
    with path.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows([heading, *shuffled(rows)])

    assert (plan(france, FIRST) / "plan.jsonl").read_bytes() == straight


@pytest.mark.prove
def test_the_order_of_the_rows_of_a_workbook_is_irrelevant(acme, plan) -> None:
    straight = (plan(acme, FIRST) / "plan.jsonl").read_bytes()
    path = acme.folder / "acme_staff.xlsx"
    heading, *rows = openpyxl.load_workbook(path)["Staff"].iter_rows(values_only=True)
    book = openpyxl.Workbook()
    book.active.title = "Staff"
    for row in (heading, *shuffled(rows)):
        book.active.append(row)
    book.save(path)

    assert (plan(acme, FIRST) / "plan.jsonl").read_bytes() == straight


@pytest.mark.prove
def test_the_same_people_in_a_csv_file_get_the_same_changes(acme, plan) -> None:
    from_workbook = (plan(acme, FIRST) / "plan.jsonl").read_bytes()
    sheet = openpyxl.load_workbook(acme.folder / "acme_staff.xlsx")["Staff"]
    with (acme.folder / "acme_staff.csv").open("w", encoding="utf-8", newline="") as file:
        for row in sheet.iter_rows(values_only=True):
            csv.writer(file).writerow([f"{cell:%d/%m/%Y}" if isinstance(cell, datetime) else cell for cell in row])
    text = acme.pipeline.read_text(encoding="utf-8")
    acme.pipeline.write_text(text.replace("acme_staff.xlsx", "acme_staff.csv").replace("sheet: Staff", ""), "utf-8")

    from_text = (plan(acme, FIRST) / "plan.jsonl").read_bytes()

    assert from_text.partition(b"\n")[2] == from_workbook.partition(b"\n")[2]
