"""Prefect's server as a test sees it, and how a flow run ended."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx


@dataclass(frozen=True)
class Ending:
    """How a flow run ended: its state, and what the run left behind. ``folder`` is None if it did not begin."""

    state_type: str
    state: str
    message: str
    flow_run: str
    data: dict[str, Any]
    folder: Path | None
    recorded: Any = None
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """The exit code, on which state, journal, summary and report agree (promise 7)."""
        code: int = self.data["exit_code"]
        if self.folder is not None:
            assert self.recorded.exit_code == code
            assert self.recorded.state == self.state
            assert self.recorded.summary == self.summary
            assert self.summary["run"]["exit_code"] == code
            page = (self.folder / "report.html").read_text(encoding="utf-8")
            assert f"exit code {code}" in page
            assert self.summary["headline"] in page
        return code

    @property
    def actions(self) -> dict[str, int]:
        """The planned changes by action, those that are none left out."""
        return {action: number for action, number in self.summary["changes"]["by_action"].items() if number}

    def changes(self) -> list[dict[str, Any]]:
        """Return the changes of the run's plan."""
        assert self.folder is not None
        lines = (self.folder / "plan.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines[1:]]


@dataclass(frozen=True)
class PrefectServer:
    """A temporary Prefect server and its database."""

    url: str
    database: Path

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return httpx.request(method, f"{self.url}/{path}", json=body, trust_env=False).raise_for_status().json()

    def stored(self) -> bytes:
        """Return all that is in the database."""
        files = [self.database, self.database.with_name(f"{self.database.name}-wal")]
        return b"".join(path.read_bytes() for path in files if path.exists())


def ending_of(office: Any, state: Any) -> Ending:
    """Return how the run of a flow ended that returned *state*."""
    from tasks.journal import Journal

    data = state.result(raise_on_failure=False)
    assert isinstance(data, dict), f"the flow crashed: {state.name}: {state.message}"
    facts = (state.type.value, state.name, state.message or "", str(state.state_details.flow_run_id), data)
    if data["run_id"] is None:
        return Ending(*facts, None)
    folder = office.home / "runs" / data["run_id"]
    with Journal.open(office.home / "journal.db") as journal:
        recorded = journal.run(data["run_id"])
    return Ending(*facts, folder, recorded, json.loads((folder / "summary.json").read_bytes()))
