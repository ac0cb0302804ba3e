"""A run in numbers, and in one sentence. Neither has a name, an address or a cell in it (docs/summary.md)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from tasks.model.operations import GOOD, PERHAPS_UNDONE, UNSEEN, Outcome, OutcomeStatus, is_in_doubt
from tasks.model.plan import DECIDED, MAKES_A_GROUP, Action, Cause, Change, LimitReading, Plan, WithheldReason
from tasks.model.rosters import SEVERITIES, WARNING, Verdict
from tasks.model.sent import NOTHING, NOTHING_SENT_YET
from tasks.model.wholes import Comparison
from tasks.report import words
from tasks.report.facts import RunFacts
from tasks.report.people import Fate, count_fates, done, is_moving
from tasks.report.shortage import shortage_of
from tasks.report.sieve import summary_without_addresses

FORMAT_VERSION = 1
UNMADE = ("was not completed", "were not completed")
_SENT = {OutcomeStatus.DONE, OutcomeStatus.PENDING_TRANSFER}
"""Outcomes of changes for which a call was made."""


def summarise(
    facts: RunFacts,
    plan: Plan | None,
    limits: Iterable[LimitReading],
    outcomes: Mapping[str, Outcome],
    verdicts: Mapping[str, Verdict],
    comparisons: Iterable[Comparison] = (),
    skipped: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the run in numbers, ready for JSON: every key always there, in a fixed order, lists sorted.

    *skipped* are the rows of each source that were left out as the pipeline says, by reason.
    """
    changes = plan.changes if plan else ()
    withheld = plan.withheld if plan else ()
    due = facts.due(plan, outcomes) if plan else None
    return summary_without_addresses(
        {
            "format_version": FORMAT_VERSION,
            "headline": headline(facts, plan, outcomes, verdicts),
            "run": _run(facts),
            "sources": [
                {**source, "skipped": dict(skipped.get(source["name"], {}))} for source in _sources(plan, verdicts)
            ],
            "whole": [_whole(comparison) for comparison in sorted(comparisons, key=attrgetter("source"))],
            "findings": _findings(verdicts),
            "people": {
                "planned": _counted(Fate, count_fates(changes)),
                "due": _counted(Fate, count_fates(due.changes if due else ())),
                "done": _counted(Fate, count_fates(_without_found(done(changes, outcomes), outcomes), outcomes)),
            },
            "changes": {
                "total": len(changes),
                "by_action": _counted(Action, Counter(change.action for change in changes)),
                "by_cause": _counted(Cause, Counter(change.cause for change in changes)),
            },
            "outcomes": _outcomes(changes, outcomes),
            "override": {name: getattr(facts.override, name) for name in ("decision_id", "at")}
            if facts.override
            else None,
            "limits": [_limit(reading) for reading in sorted(limits, key=lambda item: (item.name, item.subject))],
            "mails": dict(sorted(facts.mails.items())),
            "mailed": {kind: dict(found) for kind, found in due.header.mails.items()} if due else {},
            "withheld": {
                "total": len(withheld),
                "by_reason": _counted(WithheldReason, Counter(item.reason for item in withheld)),
            },
            "without_seat": asdict(shortage_of(plan)),
            "leaving": len(plan.leaving) if plan else 0,
            "moving": _moving(plan, outcomes),
            "unchanged": plan.header.unchanged if plan else 0,
            "orphans": plan.header.orphans if plan else 0,
            "requests": facts.requests,
        }
    )


def headline(
    facts: RunFacts, plan: Plan | None, outcomes: Mapping[str, Outcome], verdicts: Mapping[str, Verdict]
) -> str:
    """Return what happened, in a sentence or two for people who never open a terminal."""
    changes = plan.changes if plan else ()
    made = done(changes, outcomes)
    rows = _held(_sources(plan, verdicts))
    past = _done(made, outcomes, facts)
    missed = _missed(changes, outcomes, ("could not be completed",) * 2)
    match facts.state:
        case "pending":
            yet = NOTHING_SENT_YET if facts.sent.is_nothing else str(facts.sent)
            return " ".join((proposal(plan, verdicts) if plan else rows, yet)).strip()
        case "blocked":
            would, sent = _stopped(facts, plan, outcomes), str(facts.sent)
            if facts.sent == NOTHING:
                said = [f"{sent.rstrip('.')}: the plan was stopped.", would]
            else:
                said = ["The plan was stopped.", would, sent]
        case "failed" | "partial" if not outcomes and (facts.state == "failed" or facts.message):
            safe = facts.sent == NOTHING
            said = [f"The run could not go on{', and nothing was changed.' if safe else f'. {facts.sent}'}"]
        case "failed":
            said = ["The run stopped before its end.", past or "No change was confirmed before.", missed]
        case "partial":
            none = f"No {'other ' if missed else ''}change was {'made' if facts.sent.is_nothing else 'confirmed'}."
            said = [missed, past or none]
        case "cut_off":
            unmade = _missed(changes, outcomes, UNMADE)
            ended = "before it could report" if facts.went_through else "and its plan given up"
            said = [f"The run was cut off, {ended}.", past or ("No change was confirmed." if changes else ""), unmade]
        case _:
            said = [past, "Nothing else was changed."] if past else [_unchanged(plan, verdicts, facts)]
    if facts.state in ("failed", "partial", "done", "nothing_to_do", "cut_off"):
        said += [_found_made(made, outcomes), _unseen(made, outcomes)]
    said += [words.without_name(nameless(plan)), words.without_seat(shortage_of(plan).people), _withheld(plan)]
    said += [words.moving(_moving(plan, outcomes)), _leaving(plan), rows, *facts.given_up, words.unread(facts.unread)]
    said += [words.unkept(facts.unkept)]
    return " ".join(part for part in said if part)


def carried_out(
    plan: Plan, outcomes: Mapping[str, Outcome], by: str = "By it", unmade: tuple[str, str] = UNMADE
) -> str:
    """Return what was done by *plan*, whichever run did it, and what was not, in a sentence or two."""
    made = done(plan.changes, outcomes)
    past = _past(_without_found(made, outcomes), outcomes)
    told = (
        f"{by}, {past}." if past else f"{by}, {'no change was confirmed' if plan.changes else 'nothing was to change'}."
    )
    said = (told, _missed(plan.changes, outcomes, unmade), _found_made(made, outcomes), _unseen(made, outcomes))
    return " ".join(filter(None, said))


def _stopped(facts: RunFacts, plan: Plan | None, outcomes: Mapping[str, Outcome]) -> str:
    """Say what a plan would do that was not let pass: what an earlier run has done of it, it would do no more."""
    due = facts.due(plan, outcomes) if plan else None
    future = _future(due.changes) if due else ""
    return f"{'It' if due is plan else 'What is left of it'} would {future}." if future else ""


def _missed(changes: Sequence[Change], outcomes: Mapping[str, Outcome], what: tuple[str, str]) -> str:
    """Say how many changes were not completed, and of how many of them nobody knows; *what* is said of one, of many."""
    open_ = [change for change in changes if not _is_good(outcomes.get(change.change_id))]
    told = [outcomes[change.change_id] for change in open_ if change.change_id in outcomes]
    doubt, undone = sum(map(is_in_doubt, told)), sum(one.reason == PERHAPS_UNDONE for one in told)
    perhaps = f"; {doubt:,} of them may have been made all the same, in whole or in part" if doubt else ""
    perhaps += f"; {undone:,} of them {_were(undone)} made, and may have been undone since" if undone else ""
    return f"{words.count(len(open_), 'change')} {what[len(open_) != 1]}{perhaps}." if open_ else ""


def _is_good(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.status in GOOD


def nameless(plan: Plan | None) -> int:
    """Count the people who get no account because the lists have no name for them."""
    return sum(item.reason == WithheldReason.INCOMPLETE for item in plan.withheld) if plan else 0


def _withheld(plan: Plan | None) -> str:
    """Say from how many people something is withheld. Seats, names and held rows have sentences of their own."""
    told = [item for item in plan.withheld if item.reason in words.LEFT_OUT] if plan else []
    found = {(item.reason, (item.source, item.external_id or item.account_key)) for item in told}
    return words.withheld(Counter(reason for reason, _ in found), len({who for _, who in found}))


def _moving(plan: Plan | None, outcomes: Mapping[str, Outcome]) -> int:
    """Count the people who have an account of ours and first have to move to it: from before this run, and since."""
    if plan is None:
        return 0
    return plan.header.moving + sum(is_moving(change, outcomes) for change in plan.changes)


def proposal(plan: Plan, verdicts: Mapping[str, Verdict], *, begun: bool = False) -> str:
    """Return what carrying out *plan*, or what is left of one that was *begun*, would do: for who decides on it."""
    future, held = _future(plan.changes), _held(_sources(plan, verdicts))
    what = "What is left of this plan" if begun else "This plan"
    said = f"{what} would {future}." if future else f"{what} changes nothing."
    lack = (words.without_name(nameless(plan)), words.without_seat(shortage_of(plan).people), _withheld(plan))
    return " ".join(filter(None, (said, *lack, held)))


def artifact_table(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a summary as the rows of a small table: what, how many, and a remark. Figures that are nought are left
    out, but for the rows read and held."""
    rows = [row for source in summary["sources"] for row in _figures_of(source)]
    for whole in summary["whole"]:
        if whole["broken"]:
            verdict = "let pass" if whole["permit"] else "refused"
            rows.append(_figure(f"Bounds broken by the file of {whole['source']}", whole["broken"], verdict))
    counted = [(words.ORDERS[Action(k)], n, "planned") for k, n in summary["changes"]["by_action"].items()]
    statuses = summary["outcomes"]["by_status"]
    counted += [(words.OUTCOMES[OutcomeStatus(k)], n, "outcome of changes") for k, n in statuses.items()]
    counted += [(words.OUTCOMES[None], summary["outcomes"]["not_sent"], "outcome of changes")]
    reasons = summary["withheld"]["by_reason"]
    counted += [(words.WITHHELD[WithheldReason(k)][0], n, "not in the plan") for k, n in reasons.items()]
    counted += [("Leaving soon", summary["leaving"], "people who keep their accounts for now")]
    counted += [("Asked to move here from another account", summary["moving"], "people who have yet to accept")]
    counted += [(f"Mail: {words.mail(kind)}", n, "") for kind, n in summary["mails"].items()]
    rows += [_figure(what, number, remark) for what, number, remark in counted if number]
    for limit in summary["limits"]:
        reading = LimitReading(
            *(limit[name] for name in ("name", "subject", "count", "base", "max_count", "max_share"))
        )
        verdict = "over the limit" if reading.broken else "within the limit"
        rows.append(_figure(f"Limit: {words.limit(reading)}", reading.count, f"{verdict}, {words.bounds(reading)}"))
    return rows


def _figures_of(source: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    name, skipped = source["name"], source["skipped"]
    yield _figure(f"Rows read from {name}", source["rows"])
    yield _figure(f"Rows held from {name}", source["held"])
    if any(skipped.values()):
        yield _figure(f"Rows left out of {name}", sum(skipped.values()), words.left_out(skipped))


def _run(facts: RunFacts) -> dict[str, Any]:
    names = ("run_id", "command", "pipeline", "target", "as_of", "started_at", "finished_at", "plan_hash")
    told = {name: getattr(facts, name) for name in (*names, "state", "state_name", "exit_code", "message")}
    return told | {"next_steps": list(facts.next_steps)}


def _sources(plan: Plan | None, verdicts: Mapping[str, Verdict]) -> list[dict[str, Any]]:
    """Return one entry per source, sorted by name. Without a plan the rows are those that validation handed on."""
    refs = {ref.name: ref for ref in plan.header.sources} if plan else {}
    found = []
    for name in sorted({*refs, *verdicts}):
        ref, verdict = refs.get(name), verdicts.get(name)
        rows = ref.rows if ref else _read(verdict) if verdict else 0
        held = ref.held if ref else len(verdict.held) if verdict else 0
        warned = _warned(verdict) if verdict else None  # its tables cannot be read
        content = ref.content if ref else None
        found.append({"name": name, "rows": rows, "held": held, "warned": warned, "content": content})
    return found


def _read(verdict: Verdict) -> int:
    """Count the rows that were judged, those that stand there again and are set aside among them."""
    again = verdict.findings.loc[verdict.findings["code"] == "duplicate_row", "row"]
    used = {*verdict.clean["row"], *verdict.held["row"]}
    return len(used | set(again.dropna()))


def _whole(comparison: Comparison) -> dict[str, Any]:
    """Return how a file differs from the last accepted one. Who let it pass, and why, is in the journal."""
    baseline, permit = comparison.baseline, comparison.permit
    return {
        "source": comparison.source,
        "sha256": comparison.sha256,
        "rows": comparison.rows,
        "valid": comparison.valid,
        "held": comparison.held,
        "baseline": {name: getattr(baseline, name) for name in _BASELINE} if baseline else None,
        "broken": len(comparison.broken),
        "readings": [{**asdict(reading), "says": str(reading)} for reading in comparison.telling],
        "permit": {name: getattr(permit, name) for name in _PERMIT} if permit else None,
    }


def _leaving(plan: Plan | None) -> str:
    number = len(plan.leaving) if plan else 0
    keep = "and keeps the account" if number == 1 else "and keep their accounts"
    return f"By the plan, {words.count(number, 'person is', 'people are')} leaving {keep} for now." if number else ""


def _held(sources: Iterable[Mapping[str, Any]]) -> str:
    held = sum(source["held"] for source in sources)
    return f"{words.count(held, 'row')} {'is' if held == 1 else 'are'} held." if held else ""


def _findings(verdicts: Mapping[str, Verdict]) -> list[dict[str, Any]]:
    """Return how many rows each code was said of, by source: the gravest first, then the most frequent."""
    counted: list[dict[str, Any]] = []
    for name, verdict in verdicts.items():
        rows = verdict.findings.drop_duplicates(["row", "code", "severity"])
        pairs = Counter(zip(rows["severity"], rows["code"], strict=True))
        counted += [
            {"source": name, "code": code, "severity": severity, "count": n} for (severity, code), n in pairs.items()
        ]
    order = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(counted, key=lambda item: (order[item["severity"]], -item["count"], item["source"], item["code"]))


def _warned(verdict: Verdict) -> int:
    """Count the rows with a warning that are not held."""
    warned = verdict.findings.loc[verdict.findings["severity"] == WARNING, "row"].dropna()
    return len(set(warned.tolist()) - set(verdict.held["row"].tolist()))


def _outcomes(changes: Sequence[Change], outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    mine = [outcomes[change.change_id].status for change in changes if change.change_id in outcomes]
    return {
        "by_status": _counted(OutcomeStatus, Counter(mine)),
        "not_sent": len(changes) - len(mine),
        "not_done": sum(1 for status in mine if status not in GOOD),
    }


def _limit(reading: LimitReading) -> dict[str, Any]:
    return {**asdict(reading), "share": round(reading.share, 6), "broken": reading.broken}


def _counted(kinds: type[StrEnum], counts: Mapping[Any, int]) -> dict[str, int]:
    return {kind.value: counts.get(kind, 0) for kind in kinds}


def _figure(what: str, count: int, remark: str = "") -> dict[str, Any]:
    return {"what": what, "count": count, "remark": remark}


def _done(made: Sequence[Change], outcomes: Mapping[str, Outcome], facts: RunFacts) -> str:
    """Say what was done, in a sentence, and by whom: outcomes are the plan's, and an earlier run may have made them."""
    sent = {change.change_id for change in made if outcomes[change.change_id].status in _SENT}
    own = sent if facts.own is None else sent & facts.own
    past = _past(_without_found(made, outcomes), outcomes)
    if past and facts.sent.is_nothing and sent:
        return f"{_capital(facts.sent.nothing)}: an earlier run of this plan had done it. By it, {past}."
    if past and sent and not own:
        return f"By an earlier run of this plan, {past}."
    if past and sent - own:
        return f"Together with an earlier run of this plan, {past}."
    return f"{_capital(past)}." if past else ""


def _without_found(made: Sequence[Change], outcomes: Mapping[str, Outcome]) -> list[Change]:
    """Leave out what was found made already: nobody did it by this plan."""
    return [change for change in made if outcomes[change.change_id].status != OutcomeStatus.ALREADY]


def _found_made(made: Sequence[Change], outcomes: Mapping[str, Outcome]) -> str:
    found = sum(outcomes[change.change_id].status == OutcomeStatus.ALREADY for change in made)
    return f"{words.count(found, 'change')} {_were(found)} found made already." if found else ""


def _unseen(made: Sequence[Change], outcomes: Mapping[str, Outcome]) -> str:
    return words.unseen(sum(outcomes[change.change_id].reason == UNSEEN for change in made))


def _past(changes: Sequence[Change], outcomes: Mapping[str, Outcome]) -> str:
    """Say what was done: "12 people were given access, 8 updated and 5 suspended"; empty if nothing was."""
    fates = count_fates(changes, outcomes)
    told = [(fates[fate], verb) for fate, (verb, _) in _VERBS.items() if fates[fate]]
    said = [f"{words.count(n, 'person', 'people')} {_were(n)} {verb}" for n, verb in told[:1]]
    said += [f"{n:,} {verb}" for n, verb in told[1:]]
    extras = ((fates[Fate.RECOGNISED], "existing account", "recognised"), (_groups(changes), "group", "created"))
    said += [f"{words.count(n, noun)} {_were(n)} {verb}" for n, noun, verb in extras if n]
    return words.listed(said)


def _future(changes: Sequence[Change]) -> str:
    """Say what is planned: "give access to 12 people, update 8 and suspend 5"; empty if nothing is."""
    fates = count_fates(changes)
    told = [(fates[fate], order) for fate, (_, order) in _VERBS.items() if fates[fate]]
    said = [f"{order} {words.count(n, 'person', 'people')}" for n, order in told[:1]]
    said += [f"{order} {n:,}" for n, order in told[1:]]
    extras = ((fates[Fate.RECOGNISED], "existing account", "recognise"), (_groups(changes), "group", "create"))
    said += [f"{order} {words.count(n, noun)}" for n, noun, order in extras if n]
    return words.listed(said)


def _unchanged(plan: Plan | None, verdicts: Mapping[str, Verdict], facts: RunFacts) -> str:
    if plan:
        said = "could be" if nameless(plan) else "was" if _unknown(plan, verdicts) else "needed to be"
        if facts.sent.is_nothing:
            return f"Nothing {said} changed, and {facts.sent.nothing}."
        return f"Nothing {said} changed. {facts.sent}"
    rows = sum(source["rows"] for source in _sources(plan, verdicts))
    return f"{words.count(rows, 'row')} {_were(rows)} read. {facts.sent}"


def _unknown(plan: Plan, verdicts: Mapping[str, Verdict]) -> bool:
    """Whether nobody knows what some people need: they wait for a decision, or most of the rows are held."""
    sources = _sources(plan, verdicts)
    mostly_held = 2 * sum(source["held"] for source in sources) > sum(source["rows"] for source in sources)
    return mostly_held or any(item.reason not in DECIDED | {WithheldReason.HELD} for item in plan.withheld)


def _groups(changes: Iterable[Change]) -> int:
    return sum(change.action in MAKES_A_GROUP for change in changes)


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_BASELINE, _PERMIT = ("run_id", "at", "sha256", "rows"), ("permit_id", "at", "until")
_READING = tuple(field.name for field in fields(LimitReading))

_VERBS = {
    Fate.GIVEN_ACCESS: ("given access", "give access to"),
    Fate.MOVING: ("invited", "invite"),
    Fate.UPDATED: ("updated", "update"),
    Fate.SUSPENDED: ("suspended", "suspend"),
    Fate.DELETED: ("deleted", "delete"),
}
