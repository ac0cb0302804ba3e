"""One batch at work: what is known of its changes, and the one way in which a call is made."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tasks.journal import Attempt, Call, CallResult, Conclusion, Intent, LinkChange, Settled
from tasks.model.errors import CredentialsRefused, RefusedByTarget, TargetDown, TargetError, UncertainCall
from tasks.model.operations import GOOD, IN_DOUBT, TRIED_AGAIN, Operation, Outcome, OutcomeStatus, Reply, is_final
from tasks.model.plan import Action, Change, Plan
from tasks.provision.exchanges import exchanges_of
from tasks.provision.jobs import Job
from tasks.provision.ledger import Ledger
from tasks.provision.linking import link_change, note_exchanged
from tasks.provision.operations import change_job_id, group_name
from tasks.provision.readings import Readings
from tasks.provision.reasons import GIVING_BACK, STOPPED, TAKEN_OVER, TARGET_LOST, UNAUTHORISED, of_refusal
from tasks.provision.runtime import Runtime
from tasks.provision.seat_look import SeatLook


@dataclass(frozen=True)
class Answer:
    """What came of one attempt at a call: a reply, a refusal, or neither when there was no answer."""

    attempt: Attempt
    reply: Reply | None = None
    refusal: RefusedByTarget | None = None


class Batch:
    """The state that the jobs of one batch share. Everything is written to the journal before it is believed here.

    With ``send`` False nothing is sent: open calls are looked up, and what is left is skipped.
    """

    def __init__(self, plan: Plan, plan_hash: str, jobs: Sequence[Job], runtime: Runtime, *, send: bool = True) -> None:
        self.plan = plan
        self.plan_hash = plan_hash
        self.runtime = runtime
        self.send = send
        self.readings = Readings(runtime.target, runtime.clock, runtime.max_age_s)
        self.stopped_by: TargetError | None = None
        self.interrupted = False
        known = runtime.journal.outcomes(plan_hash)
        self._outcomes = {key: one for key, one in known.items() if one.reason not in TRIED_AGAIN}
        self._earlier = frozenset(known)  # changes that had an outcome as this batch began
        self._settled = {one.change_id for one in self._outcomes.values() if is_final(one)}
        self._calls: dict[str, list[Call]] = defaultdict(list)
        self._attempts: Counter[str] = Counter()
        self._made: Counter[str] = Counter()  # calls known to be done, by operation
        self._undoing: set[str] = set()  # jobs that have begun to give back what was taken for them
        self._open: set[tuple[str, int]] = set()  # calls of earlier runs that may have been done
        self._unanswered: dict[tuple[str, int], Attempt] = {}  # calls of this one that are not looked up yet
        for call in runtime.journal.calls(plan_hash, [job.job_id for job in jobs]):
            self._calls[call.attempt.job_id].append(call)
            self._attempts[call.attempt.op_id] = max(self._attempts[call.attempt.op_id], call.attempt.attempt)
            self._made[call.attempt.op_id] += call.result == CallResult.DONE
            if call.is_open:
                self._open.add((call.attempt.op_id, call.attempt.attempt))
        self.exchanges = exchanges_of(plan.changes)
        self.seat_look = SeatLook(self.readings, plan.changes, self.exchanges, self.is_settled, self.is_good)
        self._waited = False
        self._ledger = Ledger(runtime.journal, plan_hash, runtime.run_id)

    # -- what is known ------------------------------------------------------------------------------------------

    def is_final(self, change: Change) -> bool:
        """Tell whether a change is settled for good. One that was skipped is tried again."""
        return self.is_settled(change.change_id)

    def outcome(self, change: Change) -> Outcome | None:
        return self._outcomes.get(change.change_id)

    def is_good(self, change_id: str) -> bool:
        outcome = self._outcomes.get(change_id)
        return outcome is not None and outcome.status in GOOD

    def is_settled(self, change_id: str) -> bool:
        outcome = self._outcomes.get(change_id)
        return outcome is not None and outcome.status != OutcomeStatus.SKIPPED

    def told(self, change_ids: Iterable[str]) -> frozenset[str]:
        """Return those changes whose outcome an earlier run recorded and has told in its report: all it tells of, such
        as mails, is not to be told again."""
        earlier = self._earlier & frozenset(change_ids)
        return earlier - self._untold if earlier else earlier

    @cached_property
    def _untold(self) -> frozenset[str]:
        journal, asked = self.runtime.journal, (self.runtime.run_id, self.plan_hash)
        return journal.settled_by(*asked) | journal.settled_untold(*asked)

    def is_met(self, change: Change, *, but: str = "") -> bool:
        """Tell whether all that a change needs was done, leaving aside the change *but*."""
        return all(self.is_good(need) for need in change.needs if need != but)

    def calls(self, job: Job) -> Sequence[Call]:
        """Return the attempts that earlier runs, or an earlier try of this batch, made for a job."""
        return self._calls[job.job_id]

    def open_calls(self, job: Job) -> Sequence[Call]:
        """Return those attempts of earlier runs for a job of which it is still unknown whether they were done."""
        return [call for call in self._calls[job.job_id] if (call.attempt.op_id, call.attempt.attempt) in self._open]

    @property
    def halted(self) -> bool:
        """Tell whether no call may be made any more. A signal is noticed here."""
        if self.stopped_by is None and not self.interrupted and self.runtime.should_stop():
            self.interrupted = True
        return self.stopped_by is not None or self.interrupted

    @property
    def may_send(self) -> bool:
        return self.send and not self.halted

    # -- calls --------------------------------------------------------------------------------------------------

    async def attempt(self, job: Job, operation: Operation) -> Answer:
        """Make one call, its intent committed before it.

        Raises ``TargetError`` if the target cannot be used any more; the attempt is then concluded.
        """
        self._attempts[operation.op_id] += 1
        attempt = Attempt(
            op_id=operation.op_id,
            attempt=self._attempts[operation.op_id],
            job_id=job.job_id,
            kind=operation.kind,
            change_ids=operation.change_ids,
            account_key=operation.account_key,
            payload=operation.payload,
        )
        if _gives_back(job, attempt):
            self._undoing.add(job.job_id)
        await self._ledger.write(Intent(attempt, self.runtime.clock()))
        self.runtime.tally.begin((attempt.op_id, attempt.attempt))
        try:
            with self.readings.calling(operation.account_key):
                reply = await self.runtime.target.perform(operation)
        except RefusedByTarget as exc:
            if exc.facts.get("status") == UNAUTHORISED:
                await self.conclude(attempt, CallResult.REFUSED, refusal=exc)
                raise
            return Answer(attempt, refusal=exc)
        except (TargetDown, CredentialsRefused) as lost:
            result = CallResult.NOT_SENT if lost.heard is None else CallResult.REFUSED
            await self.conclude(attempt, result, refusal=lost.heard)
            raise
        except UncertainCall:
            await self.conclude(attempt, CallResult.UNCERTAIN)
            return Answer(attempt)
        return Answer(attempt, reply=reply)

    @asynccontextmanager
    async def heard(self, attempt: Attempt, refusal: RefusedByTarget) -> AsyncIterator[None]:
        """Look at what stands behind a refusal. If that fails, the call is recorded as refused all the same: to leave
        it open would say that nobody answered it."""
        try:
            yield
        except TargetError:
            await self.conclude(attempt, CallResult.REFUSED, refusal=refusal)
            raise

    async def let_settle(self) -> None:
        """Wait until a call that got no answer has been done, if it ever is."""
        await self.runtime.sleep(self.runtime.settle_s)

    async def let_earlier_settle(self) -> None:
        """Wait likewise for the calls that an earlier run left open: once is enough for all of them."""
        if not self._waited:
            await self.let_settle()
            self._waited = True

    # -- the record ---------------------------------------------------------------------------------------------

    async def conclude(
        self,
        attempt: Attempt | None,
        result: CallResult | None,
        *,
        settled: Sequence[Settled] = (),
        reply: Mapping[str, Any] | None = None,
        refusal: RefusedByTarget | None = None,
        incident: str | None = None,
    ) -> None:
        """Commit what came of a call together with the outcomes and links that follow from it."""
        facts = refusal.facts if refusal is not None else {"incident": incident}
        now = self.runtime.clock()
        code, incident = facts.get("code"), facts.get("incident")
        if attempt is not None and result != CallResult.UNCERTAIN:
            left = result != CallResult.NOT_SENT or "reread" in (reply or {})
            self.runtime.tally.settle((attempt.op_id, attempt.attempt), made=left)
        recorded = await self._ledger.write(Conclusion(now, attempt, result, reply, code, incident, settled))
        if attempt is not None:
            self._open.discard((attempt.op_id, attempt.attempt))
            self._unanswered.pop((attempt.op_id, attempt.attempt), None)
            if result == CallResult.UNCERTAIN:
                self._unanswered[attempt.op_id, attempt.attempt] = attempt
            self._made[attempt.op_id] += result == CallResult.DONE
        for outcome in recorded:
            self._outcomes[outcome.change_id] = outcome
            if is_final(outcome):
                self._settled.add(outcome.change_id)
        if recorded and self.send:
            self.runtime.on_progress(len(self._settled), len(self.plan.changes))

    async def record(self, settled: Iterable[Settled]) -> None:
        """Commit outcomes for which nothing was called. What is recorded already is not recorded again."""
        news = [one for one in settled if one.outcome and one.outcome != self._outcomes.get(one.outcome.change_id)]
        if news:
            await self.conclude(None, None, settled=news)

    async def skip(self, changes: Iterable[Change], reason: str) -> None:
        """Record that nothing was done about *changes*, as far as they are not settled."""
        await self.record(
            Settled(Outcome(change.change_id, OutcomeStatus.SKIPPED, reason, account_key=change.account_key))
            for change in changes
            if not self.is_final(change)
        )

    @property
    def reason_to_skip(self) -> str:
        if self.stopped_by is not None:
            return TARGET_LOST
        return STOPPED if self.interrupted else TAKEN_OVER

    async def skip_rest(self, job: Job) -> None:
        """Record that the batch was halted before a job was at its end, and what of it is in doubt."""
        made = self.calls_made(job)
        in_doubt = self._in_doubt(job)
        await self.skip([change for change in job.changes if change.change_id in in_doubt], IN_DOUBT + made)
        rest = [change for change in job.changes if change.change_id not in in_doubt]
        await self.skip(rest, GIVING_BACK if self._is_undoing(job) else self.reason_to_skip + made)

    def stale(self, job: Job, change: Change, reason: str) -> Settled:
        """Return what becomes of a change that is gone on with no more, and how far it had come."""
        return self.bad(change, OutcomeStatus.STALE, f"{reason}{self.calls_made(job)}")

    def calls_made(self, job: Job) -> str:
        """Say how many calls of a job were made, to be added to why it ended before its end; empty if none was."""
        made = sum(self._made[operation.op_id] for operation in job.operations)
        if not made:
            return ""
        return f" {made} of its {len(job.operations)} calls {'was' if made == 1 else 'were'} made."

    def _in_doubt(self, job: Job) -> set[str]:
        """Return the changes of a job with a call of which it is not known whether it was done."""
        attempts = [attempt for attempt in self._open_attempts(job) if not _gives_back(job, attempt)]
        return {change_id for attempt in attempts for change_id in attempt.change_ids}

    def _is_undoing(self, job: Job) -> bool:
        return job.job_id in self._undoing or any(_gives_back(job, call.attempt) for call in self._calls[job.job_id])

    def _open_attempts(self, job: Job) -> list[Attempt]:
        attempts = [call.attempt for call in self.open_calls(job)]
        return attempts + [attempt for attempt in self._unanswered.values() if attempt.job_id == job.job_id]

    def good(
        self,
        change: Change,
        status: OutcomeStatus = OutcomeStatus.DONE,
        *,
        account_key: str | None = None,
        group_key: str | None = None,
        incident: str | None = None,
    ) -> Settled:
        """Return a change's good outcome and what it does to the link."""
        key = account_key or change.account_key
        link = link_change(change, status, on=self.plan.header.as_of[:10], account_key=account_key, group_key=group_key)
        if change.change_id in self.exchanges:
            link = self._exchange_link(change, status, link)
        return Settled(Outcome(change.change_id, status, incident=incident, account_key=key), link)

    def _exchange_link(self, change: Change, status: OutcomeStatus, link: LinkChange | None) -> LinkChange | None:
        """What an exchange takes stays noted as given by us until all that it gives is there: should that never come,
        the next plan knows what to give back."""
        exchange = self.exchanges[change.change_id]
        if change.action == Action.REVOKE:
            return None if status == OutcomeStatus.DONE else link
        whole = all(self.is_good(one.change_id) for one in exchange.gets if one != change)
        return note_exchanged(change, link, exchange) if whole else link

    def bad(self, change: Change, status: OutcomeStatus, reason: str) -> Settled:
        return Settled(Outcome(change.change_id, status, reason, account_key=change.account_key))

    def refused(self, change: Change, exc: RefusedByTarget, *, made: str = "") -> Settled:
        """Return the outcome of a change whose call was refused; *made* is what was done of it before. What a connector
        itself refuses, it gives reasons for: it may have left something that a person has to put right at once."""
        settled = self.refused_for(change, exc.facts.get("code"), exc.facts.get("incident"))
        if settled.outcome is None:
            return settled
        reason = str(exc) if exc.facts.get("status") is None else settled.outcome.reason
        return replace(settled, outcome=replace(settled.outcome, reason=f"{reason}{made}"))

    def refused_for(self, change: Change, code: str | None, incident: str | None) -> Settled:
        status, reason = of_refusal(code)
        return Settled(Outcome(change.change_id, status, reason, code, incident, change.account_key))

    # -- links and groups ---------------------------------------------------------------------------------------

    def linked_account(self, change: Change) -> str | None:
        """Return the key of the account that this pipeline has linked to the change's worker."""
        header = self.plan.header
        return self.runtime.journal.linked_account(header.pipeline, header.target, *change.subject)

    def account_of(self, change: Change) -> str | None:
        """Return the key of the account that a change is about, None as long as the plan has yet to create it."""
        return change.account_key or self.linked_account(change)

    def is_linked(self, change: Change, account_key: str | None) -> bool:
        """Tell whether the account is the one that this pipeline has linked to the change's worker."""
        linked = self.linked_account(change)
        return linked is not None and linked == account_key

    async def group_key(self, change: Change) -> str | None:
        """Return the key of the group that a change puts somebody into, None if there is no such group now."""
        return await self.find_group(change.after["group_key"], change.after["group"])

    async def find_group(self, key: str | None, name: str) -> str | None:
        """Return the key of a group that the plan knows by *key*, or makes under *name*; None if it is not there."""
        key = key or self.made_groups.get(name)
        groups = await self.readings.groups(holding=key)
        if key is not None:
            return key if key in groups else None
        named = sorted(key for key, known in groups.items() if known == name)
        return named[0] if named else None

    async def directory_group_key(self, change: Change) -> str | None:
        """Return the key of the directory group of a change: by the plan, or by the name that it was to make."""
        key = change.before.get("group_key") or change.after.get("group_key")
        return key or await self.find_directory_group(group_name(change))

    async def find_directory_group(self, name: str, *, again: bool = False) -> str | None:
        """Return the key of the directory group of a name, whatever its case; None if there is none."""
        folded = name.casefold()
        if folded in self.made_directory_groups:
            return self.made_directory_groups[folded]
        groups = await self.readings.directory_groups(again=again)
        named = sorted(key for key, known in groups.items() if known.casefold() == folded)
        return named[0] if named else None

    @cached_property
    def new_addresses(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The addresses that this plan itself gives to accounts, by person: one that was changed so is still theirs."""
        changed = [one for one in self.plan.changes if one.action == Action.UPDATE and one.after.get("user_name")]
        return {one.subject: (str(one.after["user_name"]),) for one in changed}

    @cached_property
    def role_changes(self) -> Mapping[tuple[str, str], Change]:
        """The change of roles that the plan has for a person: by who it is about."""
        return {change.subject: change for change in self.plan.changes if change.action == Action.SET_ROLE}

    @cached_property
    def made_groups(self) -> dict[str, str]:
        """The groups that this plan has made so far: name to key."""
        return dict(self._made_by(Action.CREATE_GROUP))

    @cached_property
    def made_directory_groups(self) -> dict[str, str]:
        """The directory groups that this plan has made so far: name, folded, to key."""
        return {name.casefold(): key for name, key in self._made_by(Action.CREATE_DIRECTORY_GROUP)}

    def _made_by(self, action: Action) -> list[tuple[str, str]]:
        jobs = [change_job_id(self.plan_hash, one.change_id) for one in self.plan.changes if one.action == action]
        calls = self.runtime.journal.calls(self.plan_hash, jobs)
        return [
            (call.attempt.payload["name"], call.reply["group_key"]) for call in calls if call.result == CallResult.DONE
        ]


def _gives_back(job: Job, attempt: Attempt) -> bool:
    """Tell whether a call undoes the other half of an exchange: it is none of those that the job is made of."""
    return bool(job.operations) and attempt.op_id not in {operation.op_id for operation in job.operations}
