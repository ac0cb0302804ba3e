"""The check-up's judgments, each on facts spelled out."""

from dataclasses import replace
from typing import Any

import pytest

from tasks.doctor.checkup import check_up, decisive
from tasks.doctor.facts import Admin, Credentials, Facts, Organisation, Records
from tasks.doctor.lines import Line, Standing, Weight, exit_code
from tasks.doctor.proofs import Proof
from tasks.doctor.stage import require_ready, with_state
from tasks.model.errors import RefusedByTarget, RosterflowError, TargetDown
from tasks.model.pipeline import GotoTarget
from tasks.model.state import TargetState
from tasks.model.tables import ACCOUNTS, DIRECTORY_MEMBERS, GRANTS, GROUPS, LICENCES

ADMIN = Admin("7001", "acme.example", ("SUPER_USER",))
LOCAL = {"api": "http://127.0.0.1:8750", "token": "http://127.0.0.1:8750/oauth/token"}
ORGANISATION = Organisation(domains={"acme.example": "verified"}, admins={"7001": "write"})


def make_credentials(**changes: Any) -> Credentials:
    given: dict[str, Any] = {"scopes": ("identity:", "identity:scim.org", "collab:"), "account_reached": True}
    return Credentials(**{**given, **changes})


def make_facts(**changes: Any) -> Facts:
    given: dict[str, Any] = {
        "feeds_directory": False,
        "credentials": make_credentials(),
        "caller_key": "7001",
        "caller_roles": ("SUPER_USER",),
        "admins": (ADMIN,),
        "all_admins": True,
        "organisation": ORGANISATION,
        "addresses": {"acme.example": 12},
        "wanted": {"G2W": 5},
        "skew_s": 0.4,
        "paced": 9.6,
    }
    return Facts(**{**given, **changes})


def lines_on(check: str, facts: Facts) -> list[Line]:
    return [line for line in check_up(facts) if line.check == check]


def line_on(check: str, facts: Facts) -> Line:
    [line] = lines_on(check, facts)
    return line


def test_everything_in_order_is_ok_throughout_and_ends_with_0() -> None:
    lines = check_up(make_facts())
    assert {line.standing for line in lines} == {Standing.OK}
    assert [line.check for line in lines] == [
        "token", "scopes", "account", "admin role", "clock", "rate limit", "domain", "organisation admin", "seats",
    ]  # fmt: skip
    assert exit_code(lines) == 0


def test_every_problem_has_a_remedy() -> None:
    bad = [
        make_facts(credentials=make_credentials(refusal="No.", remedy="Do.")),
        make_facts(credentials=make_credentials(scopes=())),
        make_facts(credentials=make_credentials(account_reached=False)),
        make_facts(caller_roles=()),
        make_facts(caller_roles=("MANAGE_USERS",)),
        make_facts(caller_roles=("MANAGE_USERS", "ADD_USERS")),
        make_facts(skew_s=300.0, rate_limited=True),
        make_facts(paced=40.0),
        make_facts(organisation=None, has_organisation=False),
        make_facts(organisation=Organisation({"acme.example": "pending"})),
        make_facts(admins=()),
        make_facts(shortages={"G2W": 2}),
        make_facts(rules_problem="Rule 'x' gives G9X, and no licence that is switched on has it."),
        make_facts(roster_problem="The file is empty."),
    ]
    for facts in bad:
        problems = [line for line in check_up(facts) if line.standing == Standing.PROBLEM]
        assert problems
        assert all(line.remedy for line in problems)


def test_a_refused_token_ends_the_check_up_with_7() -> None:
    lines = check_up(make_facts(credentials=Credentials(refusal="The token was refused.", remedy="Make a new one.")))
    assert [(line.check, line.standing) for line in lines] == [("token", Standing.PROBLEM)]
    assert exit_code(lines) == 7


def test_a_platform_that_does_not_answer_is_told_as_reach() -> None:
    lines = check_up(make_facts(credentials=Credentials(refusal="Nobody answers.", remedy="Wait.", down=True)))
    assert [line.check for line in lines] == ["reach"]
    assert exit_code(lines) == 7


@pytest.mark.parametrize(("down", "kind"), [(False, RefusedByTarget), (True, TargetDown)])
@pytest.mark.parametrize("has_token", [False, True])
def test_who_does_not_answer_has_refused_nothing(down: bool, kind: type[RosterflowError], has_token: bool) -> None:
    stopped = {"refusal": "No.", "remedy": "Do.", "down": down, "has_token": has_token}
    with pytest.raises(RosterflowError) as caught:
        require_ready(make_facts(credentials=Credentials(**stopped)))
    assert type(caught.value) is kind


@pytest.mark.parametrize(("down", "check"), [(False, "account"), (True, "reach")])
def test_what_stands_in_the_way_after_the_token_is_none_of_the_token(down: bool, check: str) -> None:
    stopped = {"refusal": "No.", "remedy": "Do.", "down": down, "account_reached": False}
    lines = check_up(make_facts(credentials=make_credentials(has_token=True, **stopped)))
    assert [(line.check, line.standing) for line in lines] == [
        ("token", Standing.OK), ("scopes", Standing.OK), (check, Standing.PROBLEM),
    ]  # fmt: skip
    assert exit_code(lines) == 7


def test_a_token_without_a_scope_is_told_by_the_scopes_alone_unless_nobody_answers() -> None:
    refused = make_credentials(has_token=True, scopes=(), refusal="No.", remedy="Do.", account_reached=False)
    assert [line.check for line in check_up(make_facts(credentials=refused))] == ["token", "scopes"]
    unreached = check_up(make_facts(credentials=replace(refused, down=True)))
    assert [line.check for line in unreached] == ["token", "scopes", "reach"]


def test_an_account_that_cannot_be_read_is_told_after_what_is_in_order() -> None:
    unread = make_credentials(has_token=True, unread="GoTo refused to list the users.", unread_remedy="Do.")
    lines = check_up(make_facts(credentials=unread))
    assert [line.check for line in lines][:5] == ["token", "scopes", "account", "reach", "admin role"]
    assert [line.finding for line in lines if line.standing == Standing.PROBLEM] == ["GoTo refused to list the users."]
    assert exit_code(lines) == 7


@pytest.mark.parametrize("missing", ["identity:", "identity:scim.org", "collab:"])
def test_a_missing_scope_is_named(missing: str) -> None:
    granted = tuple(scope for scope in make_credentials().scopes or () if scope != missing)
    facts = make_facts(
        credentials=make_credentials(scopes=granted), needs=("identity:", "identity:scim.org", "collab:")
    )
    line = line_on("scopes", facts)
    assert f"'{missing}'" in line.finding
    assert line.blocks == (missing != "collab:")  # a sync can do all but delete
    assert exit_code(check_up(facts)) == 7


def test_a_scope_that_nothing_needs_is_not_missed() -> None:
    facts = make_facts(credentials=make_credentials(scopes=("identity:",)))
    assert line_on("scopes", facts).standing == Standing.OK


def test_scopes_that_the_answer_does_not_name_are_unknown() -> None:
    facts = make_facts(credentials=make_credentials(scopes=None))
    assert line_on("scopes", facts).standing == Standing.UNKNOWN


def test_another_account_is_a_problem_that_names_those_within_reach() -> None:
    facts = make_facts(credentials=make_credentials(account_reached=False, reachable=("4711",)))
    line = line_on("account", facts)
    assert "4711" in line.finding
    assert exit_code(check_up(facts)) == 7
    assert not lines_on("domain", facts)  # of whose account would it be?


@pytest.mark.parametrize(
    ("roles", "standing", "weight"),
    [
        (("SUPER_USER",), Standing.OK, Weight.ADVISES),
        (("MANAGE_USERS", "ADD_USERS"), Standing.PROBLEM, Weight.ADVISES),
        (("MANAGE_ACCOUNT",), Standing.PROBLEM, Weight.FAILS),
        (("RUN_REPORTS",), Standing.PROBLEM, Weight.BLOCKS),
        (("ADD_USERS",), Standing.PROBLEM, Weight.BLOCKS),
        (("custom:Help desk",), Standing.UNKNOWN, Weight.ADVISES),
        (("MANAGE_USERS", "custom:Help desk"), Standing.UNKNOWN, Weight.ADVISES),
        (("MANAGE_USERS", "ADD_USERS", "custom:Help desk"), Standing.PROBLEM, Weight.ADVISES),
        (("MANAGE_EVERYTHING",), Standing.UNKNOWN, Weight.ADVISES),
        ((), Standing.PROBLEM, Weight.BLOCKS),
        (None, Standing.UNKNOWN, Weight.ADVISES),
    ],
)
def test_an_admin_role_that_does_less_weighs_accordingly(
    roles: tuple[str, ...] | None, standing: Standing, weight: Weight
) -> None:
    line = line_on("admin role", make_facts(caller_roles=roles))
    assert (line.standing, line.weight) == (standing, weight)


@pytest.mark.parametrize(("feeds", "blocks", "code"), [(True, True, 2), (False, False, 0)])
def test_domain_and_organisation_block_where_a_directory_is_fed_and_advise_elsewhere(
    feeds: bool, blocks: bool, code: int
) -> None:
    facts = make_facts(feeds_directory=feeds, organisation=None, has_organisation=False)
    lines = [*lines_on("domain", facts), *lines_on("organisation admin", facts)]
    assert [line.standing for line in lines] == [Standing.PROBLEM] * 2
    assert [line.blocks for line in lines] == [blocks] * 2
    assert exit_code(check_up(facts)) == code
    assert decisive(check_up(facts)) == (lines if blocks else [])


def test_every_domain_of_the_rosters_has_a_line_most_people_first() -> None:
    facts = make_facts(addresses={"acme.fr": 3, "acme.example": 12, "b.example": 3})
    assert [line.finding.split()[0] for line in lines_on("domain", facts)] == ["acme.example", "acme.fr", "b.example"]


def test_a_pending_domain_gets_the_very_record_to_publish() -> None:
    records = Records("goto-verification-code=0b9f6f0c-0000", "goto-verification-code=1c0a7a1d-0000")
    organisation = Organisation({"acme.example": "pending"}, {"acme.example": records}, {"7001": "write"})
    line = line_on("domain", make_facts(organisation=organisation))
    assert f"'{records.dns}' as a DNS TXT record of acme.example" in line.remedy
    assert f"'{records.file}' as the whole of http://acme.example/goto-verification-code.txt" in line.remedy


def test_an_organisation_admin_who_may_only_read_is_told_apart_from_none() -> None:
    reader = Organisation({"acme.example": "verified"}, {}, {"7001": "read"})
    nobody = Organisation({"acme.example": "verified"})
    assert "may only read" in line_on("organisation admin", make_facts(organisation=reader)).finding
    assert "may only read" not in line_on("organisation admin", make_facts(organisation=nobody)).finding


@pytest.mark.parametrize(
    ("proof", "standing"),
    [
        (Proof("acme.example", "dns"), Standing.OK),
        (Proof("acme.example", "file"), Standing.OK),
        (Proof("acme.example"), Standing.UNKNOWN),
        (Proof("acme.example", asked=False), Standing.UNKNOWN),
    ],
)
def test_where_nobody_tells_a_published_record_counts_and_its_absence_is_no_proof(
    proof: Proof, standing: Standing
) -> None:
    facts = make_facts(feeds_directory=True, organisation=None, proofs={"acme.example": proof})
    line = line_on("domain", facts)
    assert line.standing == standing
    assert bool(line.remedy) == (standing != Standing.OK)
    assert not line.blocks


@pytest.mark.parametrize(
    ("organisation", "standing"),
    [
        (ORGANISATION, Standing.OK),
        (Organisation({"acme.example": "verified"}, {}, {"7001": "read"}), Standing.PROBLEM),
        (Organisation({"acme.example": "verified"}, {}, {"7002": "write"}), Standing.PROBLEM),
        (Organisation({"other.example": "verified"}, {}, {"7001": "write"}), Standing.PROBLEM),
    ],
)
def test_one_person_must_be_admin_on_both_sides_in_a_verified_domain(
    organisation: Organisation, standing: Standing
) -> None:
    facts = make_facts(organisation=organisation, feeds_directory=True)
    assert line_on("organisation admin", facts).standing == standing


def test_without_anybody_to_ask_the_admin_is_judged_by_what_the_directory_lets_them_do() -> None:
    refused = make_facts(organisation=None, feeds_directory=True, directory_role="none")
    assert line_on("organisation admin", refused).blocks
    reads = make_facts(organisation=None, feeds_directory=True, directory_role="read")
    assert line_on("organisation admin", reads).standing == Standing.UNKNOWN


@pytest.mark.parametrize(
    ("admins", "whole", "standing", "blocks"),
    [
        ((), True, Standing.PROBLEM, True),  # nobody in the whole account
        ((), False, Standing.UNKNOWN, False),  # only the caller was read
        ((Admin("7001", "acme.example", ("MANAGE_USERS", "ADD_USERS")),), False, Standing.UNKNOWN, False),
        (None, False, Standing.UNKNOWN, False),
    ],
)
@pytest.mark.parametrize("directory_role", ["read", None])
def test_nobody_is_an_admin_is_said_only_where_everybody_was_read(
    admins: tuple[Admin, ...] | None, whole: bool, standing: Standing, blocks: bool, directory_role: str | None
) -> None:
    facts = make_facts(
        feeds_directory=True, organisation=None, directory_role=directory_role, admins=admins, all_admins=whole
    )
    line = line_on("organisation admin", facts)
    assert (line.standing, line.blocks) == (standing, blocks)
    assert ("Nobody in the account" in line.finding) == whole


def test_admins_that_could_not_be_read_are_no_problem_even_where_the_organisation_is_told() -> None:
    line = line_on("organisation admin", make_facts(feeds_directory=True, admins=None, all_admins=False))
    assert (line.standing, line.blocks) == (Standing.UNKNOWN, False)
    assert line.remedy


def test_too_few_seats_fail_the_check_up_and_do_not_stop_a_sync() -> None:
    facts = make_facts(shortages={"G2W": 2})
    line = line_on("seats", facts)
    assert "no seat for 2" in line.finding
    assert exit_code(check_up(facts)) == 2
    assert decisive(check_up(facts)) == []


@pytest.mark.parametrize("skew_s", [-90.0, 90.0])
def test_a_clock_that_is_off_by_more_than_a_minute_is_a_problem(skew_s: float) -> None:
    line = line_on("clock", make_facts(skew_s=skew_s))
    assert line.standing == Standing.PROBLEM
    assert ("ahead" in line.finding) == (skew_s > 0)


def test_the_worst_problem_decides_the_exit_code() -> None:
    facts = make_facts(shortages={"G2W": 1}, caller_roles=())
    assert exit_code(check_up(facts)) == 7


def test_groups_that_are_too_large_to_be_changed_are_advice() -> None:
    line = line_on("directory groups", make_facts(feeds_directory=True, large_groups=2))
    assert (line.standing, line.weight) == (Standing.PROBLEM, Weight.ADVISES)
    assert "2 directory groups hold more than 100 members" in line.finding
    assert "directory_patch: merge" in line.remedy


@pytest.mark.parametrize(
    ("target", "number"), [({"directory": "feed"}, 1), ({"directory": "feed", "directory_patch": "merge"}, 0), ({}, 0)]
)
def test_large_groups_are_counted_where_they_are_fed_and_cannot_be_changed(target: dict[str, str], number: int) -> None:
    members = [{"group_key": "6001", "account_key": str(one)} for one in range(101)]
    members += [{"group_key": "6002", "account_key": str(one)} for one in range(100)]
    state = TargetState(
        ACCOUNTS.empty(), GRANTS.empty(), GROUPS.empty(), LICENCES.empty(),
        directory_members=DIRECTORY_MEMBERS.frame(members),
    )  # fmt: skip
    spec = GotoTarget.model_validate({"name": "goto", "kind": "goto", "account_key": "3001", "urls": LOCAL, **target})
    assert with_state(make_facts(), state, spec).large_groups == number
