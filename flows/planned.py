"""A plan that was made earlier: find it, see that it is what was made, and take it over into a run that applies it."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.run import Run
from flows.running import ABOUT
from tasks.journal import Journal, RunFolder, RunStore
from tasks.model.errors import BadUsage, StalePlan
from tasks.model.plan import Plan
from tasks.plan.stage import ORIGINS, PLAN, keep_plan, load_plan
from tasks.settings import Settings

OVERRIDE = "override"
SHORTEST_HASH = 12


@dataclass(frozen=True)
class Planned:
    """A plan on disk: the folder of the run that made it, and the pipeline file that it was made for."""

    folder: RunFolder
    pipeline: str


def planned_run(name: str) -> Planned:
    """Return the plan that *name* means: a run's id (or its beginning, or ``latest``), its folder, its plan.jsonl.

    Raises ``BadUsage`` if there is none, ``StalePlan`` if it was altered or was not made by this installation.
    """
    settings = Settings()
    path = Path(name)
    with Journal.open(settings.journal_url or settings.journal) as journal:
        if path.exists():
            folder = RunFolder(path.absolute() if path.is_dir() else path.absolute().parent)
        else:
            folder = RunStore(settings.runs).open(journal.find_run(name).run_id)
        if not folder.path(PLAN).is_file() or not folder.path(ABOUT).is_file():
            raise BadUsage(f"There is no plan in {folder.root}.", remedy="Make one with 'rosterflow plan PIPELINE'.")
        _require_recorded(folder.path(PLAN).read_bytes(), journal)
    return Planned(folder, json.loads(folder.path(ABOUT).read_bytes())["pipeline"])


def _require_recorded(data: bytes, journal: Journal) -> None:
    try:
        journal.plan_bytes(hashlib.sha256(data).hexdigest())
    except BadUsage as error:
        raise StalePlan(
            "The plan was altered after it was made, or was made by another installation.",
            remedy="Make a new one with 'rosterflow plan'.",
        ) from error


def take_over(run: Run, planned: Planned) -> None:
    """Bring a plan, and what its report needs, into the folder of the run that applies it.

    Raises ``StalePlan`` if the pipeline's mapping or rules have changed since it was made.
    """
    plan = load_plan(planned.folder)
    made_for = (plan.header.mapping_hash, plan.header.rules_hash, plan.header.pipeline)
    if made_for != (run.loaded.mapping_hash, run.loaded.rules_hash, run.pipeline_name):
        raise StalePlan(
            "The pipeline file has changed since the plan was made.", remedy="Make a new one with 'rosterflow plan'."
        )
    copy_facts(planned.folder, run.folder)


def copy_facts(source: RunFolder, to: RunFolder) -> None:
    """Copy the plan, the tables it was made from and the workbooks of held rows from one run's folder to another's."""
    for pattern in (PLAN, ORIGINS, "limits.json", "*.parquet", "rejects*.xlsx"):
        for path in sorted(source.root.glob(pattern)):
            shutil.copy2(path, to.path(path.name))


def go_on_with(run: Run, cut_off: str, plan: Plan) -> None:
    """Make the plan of a run that was cut off the plan of this one."""
    store = RunStore(run.settings.runs)
    if (store.root / cut_off).is_dir():
        copy_facts(store.open(cut_off), run.folder)
    else:
        keep_plan(plan, run.journal, run.folder, datetime.now(UTC))


def override_because(run: Run, reason: str | None) -> bool:
    """Record and use up the decision that the run's plan may be sent though it is over a limit."""
    plan = run.plan
    if not reason or plan is None:
        return False
    decision = run.journal.decide(plan.hash, OVERRIDE, "attested", {"reason": reason}, datetime.now(UTC))
    return run.journal.spend(decision, run.run_id)


def override_by_hash(run: Run, plan_hash: str, override: str | None) -> bool:
    """Record and use up an override that names the very plan that this run has made.

    Raises ``BadUsage`` for a name too short to be one plan's.
    """
    if not override:
        return False
    if len(override) < SHORTEST_HASH:
        raise BadUsage(f"An override names a plan by at least {SHORTEST_HASH} characters of its hash.")
    return plan_hash.startswith(override) and override_because(run, "named by its hash")
