"""A small world to apply plans to: a journal, a target in memory, and a clock of its own."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.journal import Journal, RunRecord
from tasks.model.plan import Change, Plan
from tasks.provision import ApplyResult, Runtime, apply_plan
from tests.support.plans import PIPELINE, TARGET, PlanBuilder
from tests.support.target import MemoryTarget

MIDNIGHT = datetime(2026, 3, 31, tzinfo=UTC)


class Clock:
    """Time that passes by a millisecond a look, and by hand."""

    def __init__(self) -> None:
        self.now = MIDNIGHT

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class World:
    """A journal, a tenant and a clock; ``apply`` is one run of the command."""

    def __init__(self, folder: Path, target: MemoryTarget) -> None:
        self.journal = Journal.open(folder / "journal.db")
        self.target = target
        self.clock = Clock()
        self.runs = 0

    def runtime(self, **settings: Any) -> Runtime:
        async def wait(seconds: float) -> None:
            self.clock.forward(seconds)
            self.target.land(self.target.late)
            await asyncio.sleep(0)

        ready: dict[str, Any] = {
            "journal": self.journal, "target": self.target, "run_id": f"run-{self.runs}", "clock": self.clock,
            "sleep": wait,
        }  # fmt: skip
        return Runtime(**(ready | settings))

    def record(self, plan: Plan) -> None:
        self.journal.record_plan(plan.hash, plan.to_bytes(), PIPELINE, TARGET, self.clock())

    def begin_run(self, **settings: Any) -> Runtime:
        self.runs += 1
        runtime = self.runtime(**settings)
        self.journal.begin_run(RunRecord(runtime.run_id, PIPELINE, "apply", self.clock()))
        return runtime

    def apply(self, plan: Plan, **settings: Any) -> ApplyResult:
        self.record(plan)
        runtime = self.begin_run(**settings)
        result = asyncio.run(apply_plan(plan, runtime))
        assert runtime.tally.calls == result.sent  # the process counts what the journal counts
        self.journal.finish_run(runtime.run_id, result.exit_code, "Completed", {}, self.clock())
        return result

    def adopt(self, *keys: str) -> None:
        """Link accounts, with what they hold noted as given by us, by a plan of their own."""
        builder = PlanBuilder()
        for key in keys:
            builder.adopt(key, sorted(self.target.accounts[key].licences))
        self.apply(builder.plan(generation=self.journal.generation(PIPELINE)))

    def links(self) -> dict[str, dict[str, Any]]:
        table = self.journal.links(PIPELINE, TARGET)
        return {row["external_id"]: {str(name): cell for name, cell in row.items()} for row in table.to_dict("records")}

    def move(self, key: str, **fields: Any) -> None:
        """Change an account behind our back."""
        self.target.accounts[key] = replace(self.target.accounts[key], **fields)


def ended(result: ApplyResult, change: Change) -> str:
    return str(result.outcomes[change.change_id].status)
