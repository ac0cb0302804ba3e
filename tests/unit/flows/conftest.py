"""Runs as the flows do them, against a sandbox, with the stages called as plain functions: no Prefect server."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.target import Killed


@pytest.fixture
def killed() -> type[BaseException]:
    return Killed


@pytest.fixture(autouse=True)
def _without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the flows call the functions that their tasks are made of."""
    from prefect.tasks import Task

    import tasks.doctor.steps
    import tasks.ingest.steps
    import tasks.plan.steps
    import tasks.provision.steps
    import tasks.validate.steps
    from flows import application, cut_off, nightly, provisioning

    for module in (application, cut_off, nightly, provisioning):
        for name, value in list(vars(module).items()):
            if isinstance(value, Task):
                monkeypatch.setattr(module, name, value.fn)
    for stage in (tasks.doctor, tasks.ingest, tasks.plan, tasks.provision, tasks.validate):
        monkeypatch.setattr(stage.steps, "get_run_logger", logging.getLogger)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The summaries that were shown in Prefect."""
    from flows import ending

    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(ending, "publish", lambda summary, page: shown.append(summary))
    return shown


@pytest.fixture
def make_plan(office: Any) -> Callable[..., Any]:
    """Make a plan as the command does; return the run."""
    from flows import planning

    def run(as_of: datetime | None = None) -> Any:
        office.save()
        return planning.plan(office.pipeline, as_of=as_of)

    return run


@pytest.fixture
def sync(office: Any, published: list[Any]) -> Callable[..., Any]:
    """Sync as the flow does it; return its state."""
    from flows import nightly
    from flows.ending import ended

    def run(override: str | None = None) -> Any:
        pipeline = office.save()
        return ended("sync", pipeline, lambda one: nightly._sync(one, pipeline, override))

    return run


@pytest.fixture
def apply(office: Any, published: list[Any]) -> Callable[..., Any]:
    """Apply a plan as the flow does it; return its state."""
    from flows import application

    def run(plan: str, override: int | None = None) -> Any:
        office.save()
        return application.apply.fn(plan, override)

    return run


@pytest.fixture
def killed_before(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], AbstractContextManager[None]]:
    """Let what runs in the block be a process that ends before it calls a function."""

    def end(*_: Any, **__: Any) -> Any:
        raise Killed

    @contextmanager
    def before(owner: Any, name: str) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, end)
            with pytest.raises(Killed):
                yield

    return before


@pytest.fixture
def cut_off(sync: Callable[..., Any], killed_before: Callable[..., Any]) -> Callable[..., None]:
    """Sync in a process that ends *before* one of the steps of an application."""
    from flows import provisioning

    def run(before: str = "provision_batch", **options: Any) -> None:
        with killed_before(provisioning, before):
            sync(**options)

    return run


@pytest.fixture
def cut_off_after(sync: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sync in a process that ends once it has written a number of calls' results into the journal."""
    from tasks.journal import Conclusion, Journal

    write = Journal.write

    def run(results: int) -> None:
        written = [0]

        def counted(self: Journal, plan_hash: str, run_id: str, entries: Any) -> Any:
            recorded = write(self, plan_hash, run_id, entries)
            written[0] += sum(isinstance(one, Conclusion) and one.attempt is not None for one in entries)
            if written[0] >= results:
                raise Killed
            return recorded

        with monkeypatch.context() as patch:
            patch.setattr(Journal, "write", counted)
            with pytest.raises(Killed):
                sync()

    return run


@pytest.fixture
def journal(office: Any) -> Iterator[Any]:
    from tasks.journal import Journal

    with Journal.open(office.home / "journal.db") as opened:
        yield opened


@pytest.fixture
def told() -> Callable[..., Any]:
    """What a state says: its name, its exit code, its message."""

    def read(state: Any) -> Any:
        return SimpleNamespace(
            name=state.name, code=state.data["exit_code"], run_id=state.data["run_id"], message=state.message
        )

    return read


@pytest.fixture
def header_of(office: Any) -> Callable[[str], dict[str, Any]]:
    """Return the header of the plan in a run's folder."""

    def read(run_id: str) -> dict[str, Any]:
        path: Path = office.home / "runs" / run_id / "plan.jsonl"
        header: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
        return header

    return read
