"""What a run says of itself in numbers and in one sentence."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.model.operations import IN_DOUBT, PERHAPS_UNDONE, UNSEEN, Outcome, OutcomeStatus
from tasks.model.plan import Action, Plan, Withheld, WithheldReason
from tasks.model.sent import NOTHING, UNKNOWN, Sent
from tasks.report import artifact_table, headline, summarise
from tasks.report.summary import carried_out
from tasks.report.words import LEFT_OUT
from tests.support.reported import all_done

DOCS = Path(__file__).parents[3] / "docs" / "summary.md"


def say(run: Any, **facts: Any) -> str:
    return headline(replace(run.facts, **facts), run.plan, run.outcomes, run.verdicts)


def test_summary_counts_the_run(run):
    summary = summarise(*run.parts)
    assert summary["sources"] == [
        {"name": "hr", "rows": 304, "held": 2, "warned": 1, "content": "5e" * 32, "skipped": {}}
    ]
    assert summary["people"]["done"] == {
        "deleted": 0, "suspended": 1, "moving": 0, "given_access": 1, "updated": 2, "recognised": 1,
    }  # fmt: skip
    assert summary["people"]["planned"] == summary["people"]["done"]
    assert summary["changes"]["total"] == 10
    assert {k: n for k, n in summary["changes"]["by_action"].items() if n} == {
        "adopt": 1, "create_group": 1, "revoke": 1, "suspend": 1, "create": 1, "update": 1, "grant": 2,
        "add_member": 1, "set_role": 1,
    }  # fmt: skip
    assert summary["changes"]["by_cause"] == {"joiner": 4, "mover": 2, "leaver": 1, "drift": 1, "rule_change": 2}
    assert summary["outcomes"] == {
        "by_status": {
            "done": 9,
            "already": 0,
            "pending_transfer": 0,
            "recorded": 1,
            "stale": 0,
            "failed": 0,
            "no_seat": 0,
            "skipped": 0,
        },
        "not_sent": 0,
        "not_done": 0,
    }
    assert [(item["name"], item["subject"], item["broken"]) for item in summary["limits"]] == [
        ("delete", "", False), ("revoke", "G2W", False), ("set_role", "", False), ("suspend", "", False),
    ]  # fmt: skip
    assert {k: n for k, n in summary["withheld"]["by_reason"].items() if n} == {"no_seat": 1, "undecided": 1}
    assert summary["mails"] == {"product-change": 1, "welcome": 1}
    assert (summary["leaving"], summary["unchanged"], summary["orphans"], summary["requests"]) == (1, 282, 4, 14)


def test_summary_is_the_same_whatever_the_order_of_its_inputs(run):
    shuffled = replace(run.plan, changes=run.plan.changes[::-1], withheld=run.plan.withheld[::-1])
    outcomes = dict(reversed(run.outcomes.items()))
    again = summarise(run.facts, shuffled, run.limits[::-1], outcomes, run.verdicts)
    assert json.dumps(again) == json.dumps(summarise(*run.parts))


def test_summary_has_no_personal_data(run):
    text = json.dumps(summarise(*run.parts), ensure_ascii=False)
    for word in ("acme.example", "Ada", "Byron", "Meyer", "1042", "701017", "eve.quill", "Slaes"):
        assert word not in text


def test_every_key_of_the_summary_is_documented(run):
    documented = set(re.findall(r"`([a-z_]+)`", DOCS.read_text(encoding="utf-8")))
    free = {"product-change", "welcome", "G2T"}  # kinds of mail and products are the target's own
    assert set(keys(summarise(*run.parts))) - free <= documented


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_without_a_plan_rows_are_those_that_validation_handed_on(run):
    summary = summarise(replace(run.facts, command="check", plan_hash=None, sent=NOTHING), None, [], {}, run.verdicts)
    assert summary["sources"] == [{"name": "hr", "rows": 7, "held": 2, "warned": 1, "content": None, "skipped": {}}]
    assert summary["headline"] == "7 rows were read. Nothing was sent. 2 rows are held."


def test_done_run_says_what_was_done_and_that_nothing_else_was(run):
    assert say(run) == (
        "1 person was given access, 2 updated, 1 suspended, 1 existing account was recognised and 1 group was created. "
        "Nothing else was changed. 1 person goes without a seat. "
        "Something is withheld from 1 person: a held row could be theirs. "
        "By the plan, 1 person is leaving and keeps the account for now. 2 rows are held."
    )


def test_pending_plan_is_told_as_a_proposal(run):
    unsent = replace(run, outcomes={})
    assert say(unsent, state="pending", sent=NOTHING) == (
        "This plan would give access to 1 person, update 2, suspend 1, recognise 1 existing account and "
        "create 1 group. 1 person goes without a seat. "
        "Something is withheld from 1 person: a held row could be theirs. 2 rows are held. Nothing has been sent."
    )


def test_blocked_plan_says_first_that_nothing_was_sent(run):
    assert say(replace(run, outcomes={}), state="blocked", sent=NOTHING).startswith(
        "Nothing was sent: the plan was stopped. It would give access to 1 person, update 2, suspend 1"
    )


def test_nothing_to_do_is_said_plainly(run):
    idle = replace(run, plan=Plan(run.plan.header), outcomes={})
    said = say(idle, state="nothing_to_do", sent=NOTHING)
    assert said == "Nothing needed to be changed, and nothing was sent. 2 rows are held."


def test_a_plan_that_cannot_give_accounts_for_want_of_names_says_so(run):
    short = [Withheld(Action.CREATE, WithheldReason.INCOMPLETE, "hr", str(n), None, None, "given_name") for n in (1, 2)]
    idle = replace(run, plan=Plan(run.plan.header, withheld=tuple(short)), outcomes={})
    assert say(idle, state="nothing_to_do", sent=NOTHING) == (
        "Nothing could be changed, and nothing was sent. 2 people get no account: the lists have no name for them. "
        "2 rows are held."
    )
    planned = replace(run, plan=replace(run.plan, withheld=tuple(short[:1])), outcomes={})
    assert "1 person gets no account: the lists have no name for them." in say(planned, state="pending")


def withheld(reason: WithheldReason, count: int, first: int = 0) -> tuple[Withheld, ...]:
    return tuple(Withheld(Action.UPDATE, reason, "hr", f"{n}", None, None) for n in range(first, first + count))


def test_a_run_that_could_judge_nobody_does_not_say_that_nothing_needed_to_be_changed(run):
    people = (*withheld(WithheldReason.IDENTITY, 36), *withheld(WithheldReason.CLAIMED, 4, first=36))
    idle = replace(run, plan=Plan(run.plan.header, withheld=people), outcomes={})
    assert say(idle, state="nothing_to_do", sent=NOTHING) == (
        "Nothing was changed, and nothing was sent. Something is withheld from 40 people "
        "(36: the id, account or address is somebody else's; 4: account or names are linked to another id). "
        "2 rows are held."
    )
    assert say(idle, state="pending").startswith("This plan changes nothing. Something is withheld from 40 people")


def test_what_the_pipeline_withholds_is_named_and_waits_for_nobody(run):
    people = (*withheld(WithheldReason.PROTECTED, 2), *withheld(WithheldReason.NOT_STARTED, 1))
    idle = replace(run, plan=Plan(run.plan.header, withheld=people), outcomes={}, verdicts={})
    assert say(idle, state="nothing_to_do", sent=NOTHING).startswith(
        "Nothing needed to be changed, and nothing was sent. Something is withheld from 2 people "
        "(2: protected; 1: not started yet)."
    )


def test_a_list_of_which_most_rows_are_held_does_not_say_that_nothing_needed_to_be_changed(run):
    sources = tuple(replace(ref, rows=10, held=6) for ref in run.plan.header.sources)
    idle = replace(run, plan=Plan(replace(run.plan.header, sources=sources)), outcomes={})
    assert say(idle, state="nothing_to_do", sent=NOTHING).startswith(
        "Nothing was changed, and nothing was sent. 6 rows are held."
    )


def test_every_reason_has_words_in_the_sentence_or_a_sentence_of_its_own():
    own = {WithheldReason.NO_SEAT, WithheldReason.INCOMPLETE, WithheldReason.HELD}
    assert set(WithheldReason) == set(LEFT_OUT) | own
    assert not own & set(LEFT_OUT)


def test_people_who_have_yet_to_move_here_are_told_apart_from_those_who_have_access(run):
    create = next(change for change in run.plan.changes if change.action == "create")
    asked = {**run.outcomes, create.change_id: Outcome(create.change_id, OutcomeStatus.PENDING_TRANSFER)}
    earlier = replace(run, plan=replace(run.plan, header=replace(run.plan.header, moving=2)), outcomes=asked)
    summary = summarise(*earlier.parts)
    assert (summary["people"]["done"]["given_access"], summary["people"]["done"]["moving"]) == (0, 1)
    assert (summary["moving"], summary["outcomes"]["not_done"]) == (3, 0)
    assert say(earlier) == (
        "1 person was invited, 2 updated, 1 suspended, 1 existing account was recognised and 1 group was created. "
        "Nothing else was changed. 1 person goes without a seat. "
        "Something is withheld from 1 person: a held row could be theirs. "
        "3 people are asked to move here from another account; they have access once they accept. "
        "By the plan, 1 person is leaving and keeps the account for now. 2 rows are held."
    )
    rows = artifact_table(summary)
    assert {
        "what": "Asked to move here from another account", "count": 3, "remark": "people who have yet to accept",
    } in rows  # fmt: skip


def test_quiet_run_says_who_has_still_to_move_here(run):
    idle = replace(run, plan=Plan(replace(run.plan.header, moving=1)), outcomes={}, verdicts={})
    assert "1 person is asked to move here from another account" in say(idle, state="nothing_to_do", sent=NOTHING)


def test_summary_foretells_mails_in_people_by_language(run):
    header = replace(run.plan.header, mails={"welcome": {"": 1, "fr_FR": 30}})
    summary = summarise(*replace(run, plan=replace(run.plan, header=header)).parts)
    assert summary["mailed"] == {"welcome": {"": 1, "fr_FR": 30}}
    assert summary["run"]["next_steps"] == ["Mend the 2 held rows in rejects.xlsx and run again."]


def test_partial_run_says_first_what_is_missing(run):
    suspend = next(change for change in run.plan.changes if change.action == "suspend")
    outcomes = {**run.outcomes, suspend.change_id: Outcome(suspend.change_id, OutcomeStatus.FAILED)}
    text = say(replace(run, outcomes=outcomes), state="partial")
    assert text.startswith("1 change could not be completed. 1 person was given access, 2 updated, 1 existing")
    assert "suspended" not in text


@pytest.mark.parametrize(("planned", "said"), [(True, "1 person was given access"), (False, "No change was made.")])
def test_run_that_lacks_nothing_but_seats_speaks_of_no_change_that_failed(run, planned, said):
    short = [Withheld(Action.GRANT, WithheldReason.NO_SEAT, "hr", str(n), None, None, "G2W") for n in range(20)]
    changes = run.plan.changes if planned else ()
    sent = run.facts.sent if planned else NOTHING
    text = say(replace(run, plan=replace(run.plan, changes=changes, withheld=tuple(short))), state="partial", sent=sent)
    assert text.startswith(said)
    assert "20 people go without a seat." in text
    assert "could not be completed" not in text


def test_failed_run_tells_whether_anything_was_changed(run):
    assert say(replace(run, plan=None, outcomes={}, verdicts={}), state="failed", sent=NOTHING) == (
        "The run could not go on, and nothing was changed."
    )
    first = run.plan.changes[1].change_id
    broken_off = replace(run, outcomes={first: Outcome(first, OutcomeStatus.DONE)}, verdicts={})
    assert say(broken_off, state="failed") == (
        "The run stopped before its end. 1 person was given access. 9 changes could not be completed. "
        "1 person goes without a seat. Something is withheld from 1 person: a held row could be theirs. "
        "By the plan, 1 person is leaving and keeps the account for now. 2 rows are held."
    )


@pytest.mark.parametrize("state", ["done", "nothing_to_do", "pending", "partial", "blocked", "failed"])
@pytest.mark.parametrize("sent", [UNKNOWN, Sent(counted=3), Sent(counted=3, recorded=3)])
@pytest.mark.parametrize("planned", [True, False])
def test_without_proof_no_headline_says_that_nothing_was_sent_or_changed(run, state, sent, planned):
    plan = Plan(run.plan.header) if planned else None
    for outcomes in ({}, run.outcomes):
        text = say(replace(run, plan=plan, outcomes=outcomes), state=state, sent=sent)
        assert not re.search(r"nothing (was|has been) (sent|changed)|no change was made", text, re.IGNORECASE)


def test_what_an_earlier_run_sent_is_told_beside_it(run):
    idle = replace(run, plan=None, outcomes={}, verdicts={})
    assert say(idle, state="blocked", sent=Sent(counted=0, recorded=0, earlier=12)) == (
        "The plan was stopped. Nothing was sent by this run. "
        "A plan was begun by an earlier run: 12 calls had been made for it."
    )


def test_a_run_that_was_cut_off_is_told_with_what_it_had_done(run):
    first, *rest = run.plan.changes
    doubt = rest[0].change_id
    outcomes = {first.change_id: Outcome(first.change_id, OutcomeStatus.DONE), doubt: Outcome(
        doubt, OutcomeStatus.SKIPPED, IN_DOUBT)}  # fmt: skip
    said = say(replace(run, outcomes=outcomes), state="cut_off", exit_code=None, sent=Sent(recorded=2))
    assert said.startswith(
        "The run was cut off, and its plan given up. 1 group was created. "
        "9 changes were not completed; 1 of them may have been made all the same, in whole or in part."
    )
    assert carried_out(run.plan, outcomes) == (
        "By it, 1 group was created. "
        "9 changes were not completed; 1 of them may have been made all the same, in whole or in part."
    )
    assert carried_out(run.plan, {}) == "By it, no change was confirmed. 10 changes were not completed."


def test_what_was_taken_and_is_perhaps_given_back_is_told_as_no_change_that_stands(run):
    taken = run.plan.changes[1].change_id
    undone = {taken: Outcome(taken, OutcomeStatus.SKIPPED, PERHAPS_UNDONE)}
    said = carried_out(run.plan, all_done(run.plan) | undone)
    assert said.endswith("1 change was not completed; 1 of them was made, and may have been undone since.")


def test_people_who_could_not_be_looked_at_are_not_told_as_there_for_sure(run):
    create = next(one for one in run.plan.changes if one.action is Action.CREATE)
    unseen = {create.change_id: Outcome(create.change_id, OutcomeStatus.DONE, UNSEEN)}
    outcomes = all_done(run.plan) | unseen
    told = "Whether 1 of the people who were made first has to move here from another account is not known."
    for said in (say(replace(run, outcomes=outcomes), state="done"), carried_out(run.plan, outcomes)):
        assert told in said
    assert told not in carried_out(run.plan, all_done(run.plan))


def test_what_was_done_of_a_plan_that_was_given_up_is_told_by_the_run_that_gave_it_up(run):
    given_up = "The plan of run X had not been completed, and is given up. By it, 1 group was created."
    for state in ("done", "nothing_to_do", "partial", "blocked", "failed"):
        assert say(run, state=state, given_up=(given_up,)).endswith(given_up)


@pytest.mark.parametrize("state", ["done", "nothing_to_do", "pending", "partial", "blocked", "failed", "cut_off"])
def test_headline_has_no_personal_data_in_any_state(run, state):
    assert "Byron" not in say(run, state=state)
    assert "@" not in say(run, state=state)


def test_artifact_table_has_what_is_not_nought(run):
    rows = artifact_table(summarise(*run.parts))
    assert rows[0] == {"what": "Rows read from hr", "count": 304, "remark": ""}
    assert {"what": "Suspend account", "count": 1, "remark": "planned"} in rows
    assert {"what": "Limit: Accounts suspended", "count": 1, "remark": "within the limit, at most 50 and 5%"} in rows
    assert not [row for row in rows if row["what"] == "Delete account"]
    assert {tuple(row) for row in rows} == {("what", "count", "remark")}


def test_rows_left_out_as_declared_are_told_by_reason(run):
    summary = summarise(*run.parts, skipped={"hr": {"repeated_headings": 3, "totals": 0}})
    assert summary["sources"][0]["skipped"] == {"repeated_headings": 3, "totals": 0}
    left_out = {"what": "Rows left out of hr", "count": 3, "remark": "3 rows of headings"}
    assert [row for row in artifact_table(summary) if row["what"].startswith("Rows left out")] == [left_out]


def test_seats_that_are_missing_are_counted_by_product_and_said(run):
    summary = summarise(*run.parts)
    assert summary["without_seat"] == {"people": 1, "not_created": 0, "products": {"G2T": 1}}
    assert "1 person goes without a seat." in say(run, state="pending", exit_code=3)
    assert "1 person goes without a seat." in say(run)


def test_people_who_drop_out_for_want_of_a_seat_are_counted(run):
    short = [
        replace(run.plan.withheld[0], action=Action.CREATE, external_id=f"20{n}", account_key=None, detail="G2T, G2W")
        for n in range(3)
    ]
    run = replace(run, plan=replace(run.plan, withheld=tuple(short)))
    told = summarise(*run.parts)["without_seat"]
    assert told == {"people": 3, "not_created": 3, "products": {"G2T": 3, "G2W": 3}}


def test_what_an_earlier_run_of_the_plan_did_is_not_told_as_done_by_this_one(run):
    again = replace(run, outcomes=all_done(run.plan))
    said = say(again, state="done", sent=NOTHING)
    assert said.startswith("Nothing was sent: an earlier run of this plan had done it. By it, ")


def test_what_was_found_made_is_not_told_as_done(run):
    group = run.plan.changes[0]
    found = {group.change_id: Outcome(group.change_id, OutcomeStatus.ALREADY)}
    said = say(replace(run, outcomes=found), state="partial", sent=NOTHING)
    assert "created" not in said
    assert "No other change was made. 1 change was found made already." in said


def test_a_plan_that_is_gone_on_with_and_blocked_would_do_what_is_left_of_it(run):
    group = run.plan.changes[0]
    assert "create 1 group" in say(replace(run, outcomes={}), state="blocked", sent=NOTHING)
    settled = {group.change_id: Outcome(group.change_id, OutcomeStatus.DONE)}
    said = say(replace(run, outcomes=settled), state="blocked", sent=NOTHING, own=frozenset())
    assert "create 1 group" not in said
    assert "What is left of it would" in said


def test_what_two_runs_of_a_plan_did_is_told_as_done_by_both(run):
    outcomes = all_done(run.plan)
    mine = frozenset(sorted(outcomes)[:2])
    said = say(replace(run, outcomes=outcomes), state="done", sent=Sent(2, 2), own=mine)
    assert said.startswith("Together with an earlier run of this plan, ")
    assert not say(replace(run, outcomes=outcomes), state="done", sent=Sent(2, 2)).startswith("Together")


def test_what_only_an_earlier_run_of_a_plan_did_is_told_as_done_by_that(run):
    first = run.plan.changes[0]
    outcomes = all_done(run.plan) | {first.change_id: Outcome(first.change_id, OutcomeStatus.FAILED)}
    said = say(replace(run, outcomes=outcomes), state="partial", sent=Sent(2, 2), own=frozenset({first.change_id}))
    assert said.startswith("1 change could not be completed. By an earlier run of this plan, ")


def test_what_was_found_made_is_in_no_figure_of_what_was_done(run):
    found = {change.change_id: Outcome(change.change_id, OutcomeStatus.ALREADY) for change in run.plan.changes}
    summary = summarise(*replace(run, outcomes=found).parts)
    assert set(summary["people"]["done"].values()) == {0}
