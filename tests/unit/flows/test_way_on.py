"""What a run says at its end of what it would send, and of what somebody can do now."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from flows.cli.outcome import tell
from flows.verdict import INCOMPLETE, facts_of, mails_of, next_steps
from tasks.model.operations import NO_ANSWER, NOT_LIMITED, PERHAPS_UNDONE, Outcome, OutcomeStatus
from tasks.model.plan import Action
from tasks.model.sent import Sent
from tasks.provision.reasons import GIVEN_BACK, GIVEN_BACK_SINCE


@pytest.fixture
def terminal(office: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """What the terminal says of a run."""

    def read(run_id: str) -> str:
        folder = office.home / "runs" / run_id
        capsys.readouterr()
        tell(json.loads((folder / "summary.json").read_text(encoding="utf-8")), folder, json=False)
        return capsys.readouterr().out

    return read


def test_a_plan_names_the_command_that_sends_it(make_plan, terminal) -> None:
    run = make_plan()
    assert f"Next:    Review the changes, then send them: rosterflow apply {run.run_id}\n" in terminal(run.run_id)


def test_a_plan_for_another_day_says_that_it_cannot_be_sent_today(make_plan, terminal) -> None:
    for as_of, why in (
        (datetime(2026, 1, 1, tzinfo=UTC), "days ago; it can be applied for 7."),
        (datetime(2999, 1, 1, tzinfo=UTC), "to come."),
    ):
        said = terminal(make_plan(as_of=as_of).run_id)
        assert "Review the changes. They cannot be sent today: The plan was made for" in said
        assert why in said
        assert "rosterflow apply" not in said


def test_a_plan_foretells_its_mails(make_plan, terminal) -> None:
    run = make_plan()
    newcomers = sum(change.action == Action.CREATE for change in run.plan.changes)
    who = "1 person" if newcomers == 1 else f"{newcomers} people"
    assert f"  {who} will get a welcome mail (" in terminal(run.run_id)


@pytest.mark.prove
def test_a_plan_without_changes_asks_for_nothing(make_plan, sync, terminal, told) -> None:
    assert told(sync()).code == 0
    said = terminal(make_plan().run_id)
    assert "Next:" not in said
    assert "will get" not in said


def test_a_sync_over_a_limit_names_its_plan_and_how_to_send_it_all_the_same(office, sync, told, terminal, journal):
    office.spec["limits"] = {"create": {"count": "0"}}
    ended = told(sync())
    plan_hash = journal.run(ended.run_id).summary["run"]["plan_hash"]
    assert (
        f"Next:    If the changes are meant, let plan {plan_hash[:12]} pass this once: "
        f'rosterflow apply {ended.run_id} --override "why"\n'
    ) in terminal(ended.run_id)
    assert "If the changes are meant, let this one plan pass with 'rosterflow apply RUN --override REASON', or" in (
        ended.message
    )


@pytest.mark.prove
def test_a_plan_without_rules_says_that_its_accounts_come_without_a_product(office, make_plan, terminal) -> None:
    assert "Say under rules" not in terminal(make_plan().run_id)
    office.spec["rules"] = []
    assert "Next:    Say under rules who gets what: there are none" in terminal(make_plan().run_id)


@pytest.mark.prove
def test_a_list_without_names_says_why_nobody_gets_an_account(office, make_plan, terminal) -> None:
    for attribute in ("given_name", "family_name"):
        del office.spec["sources"][0]["columns"][attribute]
    said = terminal(make_plan().run_id)
    assert "no account: the lists have no name for them." in said
    assert "Next:    Map given_name and family_name in the pipeline file" in said


def test_what_was_not_done_is_to_be_seen_in_the_report(make_plan) -> None:
    run = make_plan()
    assert next_steps(run, INCOMPLETE, run.plan)[0].startswith("See in the report what was not done")


@pytest.mark.prove
def test_a_frozen_sync_names_no_way_around_the_freeze(office, sync, told, terminal) -> None:
    office.spec["freeze"] = ["2000-01-01..2999-12-31"]
    ended = told(sync())
    assert ended.code == 5
    assert "--override" not in terminal(ended.run_id)


@pytest.mark.prove
def test_people_who_have_yet_to_move_here_are_no_failure_and_got_the_mail_that_asks_them(make_plan) -> None:
    run = make_plan()
    outcomes = {
        change.change_id: Outcome(
            change.change_id,
            OutcomeStatus.PENDING_TRANSFER if change.action == Action.CREATE else OutcomeStatus.DONE,
        )
        for change in run.plan.changes
    }
    newcomers = sum(change.action == Action.CREATE for change in run.plan.changes)
    facts = facts_of(replace(run, sends=True, sent=Sent(counted=1, recorded=1)), run.plan, outcomes, datetime.now(UTC))
    assert (facts.exit_code, facts.state) == (0, "done")
    assert facts.mails["transfer"] == newcomers > 0
    assert "welcome" not in facts.mails
    assert all(facts.mails.get(kind, 0) <= run.summary["mails"].get(kind, 0) for kind in ("get-started", "welcome"))
    assert run.summary["mails"]["welcome"] == newcomers


@pytest.mark.parametrize(
    ("status", "reason", "code", "mails"),
    [
        (OutcomeStatus.DONE, "", None, 1),
        (OutcomeStatus.FAILED, GIVEN_BACK, None, 2),
        (OutcomeStatus.FAILED, GIVEN_BACK_SINCE, None, 1),
        (OutcomeStatus.SKIPPED, PERHAPS_UNDONE, None, 1),
        (OutcomeStatus.FAILED, "Set back.", NOT_LIMITED, 1),
        (OutcomeStatus.FAILED, "The target refused it.", "user.locked", 0),
    ],
)
def test_mails_are_counted_of_what_was_done_and_undone_too(make_plan, status, reason, code, mails) -> None:
    plan = make_plan().plan
    change = next(one for one in plan.changes if one.mail)
    counted = mails_of(plan, {change.change_id: Outcome(change.change_id, status, reason, code)})
    assert counted == (dict.fromkeys(change.mail, mails) if mails else {})


@pytest.mark.prove
def test_a_run_of_before_there_was_a_forecast_is_still_told(make_plan, capsys) -> None:
    run = make_plan()
    old = {key: value for key, value in run.summary.items() if key not in ("mailed", "moving")}
    old["run"] = {key: value for key, value in old["run"].items() if key != "next_steps"}
    tell(old, run.folder.root, json=False)
    assert run.summary["headline"] in capsys.readouterr().out


@pytest.mark.prove
def test_applying_once_more_is_advised_only_where_it_would_try_something(make_plan) -> None:
    made = make_plan()
    first, *rest = made.plan.changes

    def advice(command: str, reason: str) -> str:
        done = {one.change_id: Outcome(one.change_id, OutcomeStatus.DONE) for one in rest}
        outcomes = done | {first.change_id: Outcome(first.change_id, OutcomeStatus.FAILED, reason)}
        run = replace(made, command=command, sends=True, result=(made.plan, outcomes))
        return next_steps(run, INCOMPLETE, made.plan)[0]

    assert "Make a new plan once the cause is gone" in advice("apply", "The target refused it.")
    assert "Apply the plan again to try what is left" in advice("apply", NO_ANSWER)
    for reason in ("The target refused it.", NO_ANSWER):
        assert "Run the same command again" in advice("sync", reason)
