"""A plan that was made earlier: find it, see that it is what was made, and take it over into a run that applies it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.run import ABOUT, Run
from tasks.journal import Journal, RunFolder, RunStore
from tasks.journal.products import TOLD, VERDICT, can_be_told, save_limits
from tasks.journal.runstore import OTHER_HOME, is_run_id, require_home
from tasks.model.errors import BadUsage, StalePlan, UnsafePlan
from tasks.model.plan import Plan
from tasks.model.remaining import remaining
from tasks.model.tally import tally_of
from tasks.plan import read_limits
from tasks.plan.stage import ORIGINS, PLAN, with_origins
from tasks.provision import require_made_for, require_recent
from tasks.settings import Settings

LATEST = "latest"
MAKE_ONE = "Make one with 'rosterflow plan PIPELINE'."


@dataclass(frozen=True)
class Planned:
    """A plan on disk: the folder of the run that made it, its hash, and the pipeline file that it was made for."""

    folder: RunFolder
    plan_hash: str
    pipeline: str

    @property
    def run_id(self) -> str:
        return self.folder.root.name

    @property
    def name(self) -> str:
        """What finds this plan again: the run's id, or the folder where it is not in the run store."""
        return self.run_id if self._is_at_home else str(self.folder.root.absolute())

    @property
    def described(self) -> str:
        """Where the plan is, in words that follow it: a folder elsewhere may be called anything."""
        return f"of run {self.run_id}" if self._is_at_home else f"in {self.name}"

    @property
    def _is_at_home(self) -> bool:
        return self.folder.root.absolute().parent == Settings().runs.absolute()


def planned_run(name: str) -> Planned:
    """Return the plan that *name* means: a run's id (or its beginning, or ``latest``), its folder, its plan.jsonl.

    Raises ``BadUsage`` if there is none, or its pipeline file is gone, ``StalePlan`` if it was altered or was not made
    by this installation.
    """
    settings = Settings()
    require_home(settings.home)
    with Journal.open(settings.journal_place) as journal:
        folder = _folder(name, journal, RunStore(settings.runs))
        if not folder.path(PLAN).is_file():
            raise BadUsage(f"There is no plan in {folder.root}.", remedy=MAKE_ONE)
        if not folder.path(ABOUT).is_file():
            raise BadUsage(
                f"{folder.path(ABOUT)} is not there, which names the pipeline file of the plan beside it.",
                remedy=MAKE_ONE,
            )
        plan_hash = _recorded(folder.path(PLAN).read_bytes(), journal)
    pipeline = folder.load_json(ABOUT, _pipeline_of)
    if not _is(Path(pipeline).exists):
        raise BadUsage(
            f"The pipeline file that the plan was made with is not there any more: {pipeline}.",
            remedy="Put it back there, or make a new plan with it where it is now.",
        )
    return Planned(folder, plan_hash, pipeline)


def _pipeline_of(about: dict[str, Any]) -> str:
    pipeline = about["pipeline"]
    if not isinstance(pipeline, str):
        raise TypeError("the pipeline is named by its path")
    return pipeline


def _folder(name: str, journal: Journal, store: RunStore) -> RunFolder:
    path = Path(name).absolute()
    if name == LATEST:
        return _latest(journal, store)
    if _is(path.is_dir):
        return RunFolder(path)
    if _is(path.is_file):
        if path.name != PLAN:
            raise BadUsage(
                f"{path.name} is not a plan that can be applied: only {PLAN} is, as it was made.",
                remedy=f"Name the run, its folder, or the {PLAN} in it.",
            )
        return RunFolder(path.parent)
    return store.open(journal.find_run(name).run_id)


def _is(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except (OSError, ValueError):  # no name that a file can have
        return False


def _latest(journal: Journal, store: RunStore) -> RunFolder:
    """Return the folder of the last run of ``plan``, or of a sync that was blocked if that was later.

    Raises ``BadUsage`` if there is none, or if it left no plan: an older one may be what nobody means any more.
    """
    for run in journal.runs(limit=None, commands=("plan", "sync")):
        if run.command == "plan" or run.state == UnsafePlan.state_name:
            folder = store.open(run.run_id)
            _require_last(folder, journal, store)
            if folder.path(PLAN).is_file():
                return folder
            raise BadUsage(
                f"The last run of '{run.command}', {run.run_id}, has no plan in its folder.",
                remedy="See 'rosterflow runs' for what became of it. An older plan is applied by its run's id only.",
            )
    raise BadUsage(f"No run of 'plan' is in the journal of {store.root.parent}.", remedy=f"{MAKE_ONE} {OTHER_HOME}")


def _require_last(folder: RunFolder, journal: Journal, store: RunStore) -> None:
    """Raise ``BadUsage`` if a run that began later has left a plan, and the journal does not know of it."""
    known = journal.run_ids()
    later = [one for one in store.run_ids() if one > folder.root.name and one not in known]
    unknown = [one for one in later if (store.root / one / PLAN).is_file()]
    if unknown:
        raise BadUsage(
            f"The journal does not know run {unknown[-1]}, which left a plan in {store.root} after run "
            f"{folder.root.name}: the journal was put back from before it, or the folder is from elsewhere.",
            remedy="Make a new plan with 'rosterflow plan'. An older one is applied by its run's id only.",
        )


def _recorded(data: bytes, journal: Journal) -> str:
    """Return the hash of a plan that is in the journal as it is here."""
    plan_hash = hashlib.sha256(data).hexdigest()
    try:
        journal.plan_bytes(plan_hash)
    except BadUsage as error:
        raise StalePlan(
            "The journal does not know this plan: it was altered after it was made, was made by another installation, "
            "or the journal was put back from before it.",
            remedy="Make a new one with 'rosterflow plan'.",
        ) from error
    return plan_hash


def take_over(run: Run, planned: Planned) -> Plan:
    """Make an earlier plan the plan of this run, and return it.

    Raises ``StalePlan`` if it is of another day or week, or if the pipeline's mapping or rules have changed since, and
    ``BadUsage`` if the rows that its people come from cannot be read any more.
    """
    plan, loaded = with_origins(run.journal.plan(planned.plan_hash), planned.folder), run.loaded
    require_made_for(plan, loaded.pipeline, loaded.mapping_hash, loaded.rules_hash)
    require_recent(plan, run.today)
    bring(run, plan, planned.folder)
    return plan


def bring(run: Run, plan: Plan, origin: RunFolder) -> None:
    """Put a recorded plan into the folder of the run that applies it, with what its report needs.

    From *origin* comes what is left there: where the people stand, the tables that the plan was made from, the
    workbooks of held rows. What cannot be read there is left out, and the report says so, unless the run has made it
    itself: the plan is in the journal, and needs none of it. The limits are read anew: they are those of the pipeline
    file as it is now, held against what is left to do of the plan. What earlier runs had made of its calls is told
    beside what this one sends.
    """
    patterns = (ORIGINS, "*.parquet", "*.profile.json", "*.whole.json", "rejects*.xlsx")
    there = (path.name for pattern in patterns for path in sorted(origin.root.glob(pattern)))
    for name in dict.fromkeys((*there, *_always_left(plan))):
        is_missed = name.endswith((*TOLD, ORIGINS)) and not run.folder.path(name).exists()
        if not _copied(name, plan, origin, run.folder) and is_missed:
            found = origin.root.name
            run.unread[name] = f"the folder of run {found}" if is_run_id(found) else str(origin.root)
    run.folder.write_bytes(PLAN, plan.to_bytes())
    left = remaining(plan, run.journal.outcomes(plan.hash))
    save_limits(run.folder, read_limits(left, run.loaded.pipeline))
    if left.changes:
        tally_of(run.run_id).note_earlier(plan.hash, *run.journal.made(plan_hash=plan.hash))


def _always_left(plan: Plan) -> list[str]:
    """Return the files that every run leaves that makes a plan: what is not there was lost."""
    ends = (*VERDICT, ".whole.json")
    return [ORIGINS, *(f"{source.name}{end}" for source in plan.header.sources for end in ends)]


def _copied(name: str, plan: Plan, origin: RunFolder, folder: RunFolder) -> bool:
    """Copy a file from one run's folder to another's, if it can be read and a report can be written from it."""
    try:
        if name == ORIGINS:
            with_origins(plan, origin)
        if not can_be_told(origin, name):
            return False
        data = origin.path(name).read_bytes()
    except (BadUsage, OSError):
        return False
    folder.write_bytes(name, data)
    return True
