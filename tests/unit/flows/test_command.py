"""The command around the flows: what it says before it sends, and how a signal ends it."""

import json
import os
import signal
from typing import Any

import pytest
from typer.testing import CliRunner


@pytest.fixture
def run():
    from flows.cli.main import app

    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def flow(monkeypatch) -> list[dict[str, Any]]:
    """The parameters that flows were asked for with."""
    from flows.cli import prefect_run

    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(prefect_run, "run_flow", lambda name, **parameters: asked.append({"flow": name, **parameters}))
    return asked


def test_apply_says_which_plan_it_applies(run, flow, make_plan, office):
    made = make_plan()

    said = run("apply", "latest", "--json")

    assert f"Plan {made.plan.hash[:12]} of run {made.run_id}, for {office.pipeline}" in said.stderr
    assert said.stdout == ""
    [asked] = flow
    assert (asked["plan"], asked["override"]) == (made.run_id, None)


def test_the_reason_of_an_override_stays_in_the_journal(run, flow, make_plan, journal):
    made = make_plan()

    run("apply", made.run_id, "--override", "Ada Byron has left")

    [decision] = journal.decisions(made.plan.hash)
    [asked] = flow
    assert (asked["override"], decision.facts["reason"]) == (decision.decision_id, "Ada Byron has left")
    assert "Ada" not in json.dumps(asked)


def test_a_plan_that_is_none_is_refused_before_anything_is_started(run, flow, office):
    said = run("apply", "latest")
    assert (said.exit_code, flow) == (2, [])
    assert "There is no plan yet. Nothing was sent." in said.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_that_sends_nothing_with_4(run, office, journal, monkeypatch, number):
    from flows import planning

    monkeypatch.setattr(planning, "judge", lambda *_: os.kill(os.getpid(), number))
    before = signal.getsignal(signal.SIGTERM)

    said = run("check", office.save())

    assert said.exit_code == 4
    assert "A signal ended the command. Nothing was sent." in said.stderr
    assert "Traceback" not in said.output
    [recorded] = journal.runs()
    assert (recorded.state, recorded.exit_code) == ("Partial", 4)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_fault_is_told_by_its_kind_and_place(run, office, monkeypatch):
    from flows import planning

    monkeypatch.setattr(planning, "judge", lambda *_: {}["Ada Byron"])

    said = run("check", office.save())

    assert said.exit_code == 1
    assert "An unexpected error (KeyError at flows/planning.py:" in said.stderr
    assert "Ada" not in said.output
