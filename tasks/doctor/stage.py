"""The check-up stage: what was surveyed, read and counted, put together as the facts that are judged."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tasks.connectors.goto import Survey
from tasks.doctor.checkup import check_up, decisive
from tasks.doctor.facts import Admin, Credentials, Facts, Organisation, Records
from tasks.doctor.lines import CREDENTIALS, REACH, Line
from tasks.doctor.proofs import Proof
from tasks.model.errors import BadPipeline, RefusedByTarget, RosterflowError, TargetDown
from tasks.model.pipeline import MAX_GROUP_MEMBERS, GotoTarget, Pipeline
from tasks.model.rosters import Verdict
from tasks.model.state import TargetState

ASK_GOTO = "Run the same command again; if it stays so, ask GoTo's support, with the code and the incident."


def facts_of(survey: Survey, pipeline: Pipeline, addresses: Mapping[str, int]) -> Facts:
    """Return the facts that the target tells, with the people of the rosters counted by domain."""
    target = pipeline.target
    organisation = survey.organisation
    return Facts(
        feeds_directory=target.directory == "feed",
        needs=needed_scopes(pipeline),
        credentials=_credentials(survey, target),
        caller_key=survey.caller_key,
        caller_roles=_roles_of(survey),
        admins=None
        if survey.admins is None
        else _admins((one.account_key, one.user_name, one.roles) for one in survey.admins),
        directory_role=survey.directory,
        organisation=None
        if organisation is None
        else Organisation(
            {name: domain.status for name, domain in organisation.domains.items()},
            {
                name: Records(domain.record, domain.file_record)
                for name, domain in organisation.domains.items()
                if domain.record and domain.file_record
            },
            organisation.admins,
        ),
        has_organisation=organisation is not None or not survey.asks_organisation,
        center=f"{target.urls.api.rstrip('/')}/center/organisation" if target.urls.is_local else Facts.center,
        addresses=addresses,
        skew_s=survey.skew_s,
        paced=target.requests_per_second,
        rate_limited=survey.rate_limited,
    )


def _credentials(survey: Survey, target: GotoTarget) -> Credentials:
    refusal, unread = survey.refusal, survey.unread
    return Credentials(
        refusal=refusal.what if refusal else "",
        remedy=(refusal.remedy or ASK_GOTO) if refusal else "",
        has_token=survey.has_token,
        down=survey.is_down,
        unread=unread.what if unread else "",
        unread_remedy=(unread.remedy or ASK_GOTO) if unread else "",
        scopes=survey.scopes,
        account_reached=target.account_key in survey.reachable,
        reachable=survey.reachable,
    )


def needed_scopes(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the scopes that a pipeline's work takes."""
    scopes = ["identity:"]
    if pipeline.target.directory != "none":
        scopes.append("identity:scim.org")
    if pipeline.lifecycle.delete != "never" and pipeline.lifecycle.webinars == "hand_over":
        scopes.append("collab:")
    return tuple(scopes)


def with_state(facts: Facts, state: TargetState, target: GotoTarget) -> Facts:
    """Put everybody who has an admin role in the account in the place of the few who were surveyed, and count the
    directory groups that the pipeline feeds and cannot change."""
    columns = state.accounts[["account_key", "user_name", "roles"]]
    sizes = state.directory_members["group_key"].value_counts()
    stuck = target.directory == "feed" and target.directory_patch != "merge"
    return replace(
        facts,
        admins=_admins(columns.itertuples(index=False, name=None)),
        all_admins=True,
        large_groups=int((sizes > MAX_GROUP_MEMBERS).sum()) if stuck else 0,
    )


def _roles_of(survey: Survey) -> tuple[str, ...] | None:
    """Return the roles of the person behind the token, None where they could not be read."""
    return next((one.roles for one in survey.admins or () if one.account_key == survey.caller_key), None)


def _admins(accounts: Iterable[tuple[Any, Any, Any]]) -> tuple[Admin, ...]:
    return tuple(Admin(str(key), domain_of(address), roles) for key, address, roles in accounts if roles)


def with_proofs(facts: Facts, proofs: Mapping[str, Proof]) -> Facts:
    """Add what the domains publish."""
    return replace(facts, proofs=proofs)


def count_domains(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return how many people of the rosters have an address in each domain; who has none is left out.

    Held rows do not count: nothing is done for them, and what stands in their cells need not be an address.
    """
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        counts.update(map(domain_of, verdict.clean["user_name"].dropna()))
    del counts[""]
    return dict(counts)


def domain_of(address: object) -> str:
    return address.rpartition("@")[2].lower() if isinstance(address, str) else ""


def require_ready(facts: Facts) -> list[Line]:
    """Return all lines.

    Raises ``TargetDown``, ``RefusedByTarget`` or ``BadPipeline`` for those that stop a sync: nothing is sent.
    """
    lines = check_up(facts)
    stopping = decisive(lines)
    if stopping:
        what, remedy = _said(stopping)
        raise _kind(stopping[0])(what, remedy=remedy, checks=[line.check for line in stopping])
    return lines


def _kind(line: Line) -> type[RosterflowError]:
    """Return what it is that stops a sync: nobody refuses anything where the target is not reached."""
    if line.exit_code != CREDENTIALS:
        return BadPipeline
    return TargetDown if line.check == REACH else RefusedByTarget


def _said(stopping: Sequence[Line]) -> tuple[str, str]:
    """Return what stands in the way and what to do about it; where it is several things, each with its own remedy."""
    if len(stopping) == 1:
        return stopping[0].finding, stopping[0].remedy
    told = (f"({number}) {line.finding} {line.remedy}" for number, line in enumerate(stopping, 1))
    return f"{len(stopping)} things stand in the way of this pipeline.", " ".join(told)
