"""What the engine relies on of every target, held against each implementation: the client, and the one in memory.

Where a fact of GoTo's is behind it, the docstring begins with its number in docs/target-goto.md, as in the tests of
the client alone.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tasks.model.errors import RefusedByTarget, TargetDown, UncertainCall
from tasks.model.operations import Operation, OperationKind, Reply
from tasks.model.state import AccountState, DirectoryGroup
from tests.support.contract import ByConnector, Contracted, InMemory
from tests.support.operations import NOTHING, change_directory, make_create, make_limited, make_operation
from tests.support.sandbox import STATE
from tests.support.target import SUPER_ADMIN

WEBINAR, MEETING, TRAINING = "123456789012345678901", "9002", "9003"
ADMIN, BO, CLEO, AUDITOR = "7001", "7002", "7003", "7004"
SALES, FRANCE = "5001", "5002"
HOSTS = "6001"
ABSENT = "7999"


@pytest.fixture(params=["connector", "memory"])
def target(request: pytest.FixtureRequest) -> Iterable[Contracted]:
    if request.param == "memory":
        yield InMemory(STATE)
        return
    sandbox = request.getfixturevalue("sandbox")
    yield ByConnector(sandbox)
    sandbox.control("DELETE", "faults")


@pytest.fixture
def perform(target: Contracted) -> Callable[..., Reply]:
    """Carry out calls one after the other; return what the last one answers."""

    def do(*operations: Operation) -> Reply:
        async def scenario(opened: Any) -> Any:
            return [await opened.perform(operation) for operation in operations][-1]

        reply: Reply = target.run(scenario)
        return reply

    return do


@pytest.fixture
def refusal(perform: Callable[..., Reply]) -> Callable[..., tuple[Any, Any]]:
    """Return code and status of the refusal of a call."""

    def ask(operation: Operation) -> tuple[Any, Any]:
        with pytest.raises(RefusedByTarget) as caught:
            perform(operation)
        return caught.value.facts["code"], caught.value.facts["status"]

    return ask


@pytest.fixture
def account(target: Contracted) -> Callable[[str], AccountState | None]:
    """Return an account as it stands now."""

    def look(key: str) -> AccountState | None:
        found = target.run(lambda opened: opened.read_accounts([key], []))
        return found[0] if found else None

    return look


@pytest.fixture
def addressed(target: Contracted) -> Callable[..., list[AccountState]]:
    """Return the accounts that have these addresses."""
    return lambda *addresses: target.run(lambda opened: opened.read_accounts([], addresses))


@pytest.fixture
def directory(target: Contracted) -> Callable[..., dict[str, DirectoryGroup]]:
    return lambda *keys: target.run(lambda opened: opened.read_directory_groups(keys))


# Reading


def test_the_tenant_is_told_or_it_is_refused_that_it_is_another(target: Contracted) -> None:
    """R1."""
    assert target.run(lambda opened: opened.identify()) == "3001"
    with pytest.raises(RefusedByTarget):
        target.run(lambda opened: opened.identify(), account_key="3009")


def test_the_tenant_is_read_whole(target: Contracted) -> None:
    """R2, R3, R6, R7."""
    state = target.run(lambda opened: opened.read())
    fields = ["account_key", "user_name", "given_name", "family_name", "locale", "roles", "group_key"]
    people = state.accounts[fields].astype(object).where(state.accounts[fields].notna(), None)
    assert people.to_numpy().tolist() == [
        [ADMIN, "admin@acme.example", "Avery", "Keeper", "en_US", ("SUPER_USER",), None],
        [BO, "bo+team@acme.example", "Bo", "Lind", "fr_FR", (), FRANCE],
        [CLEO, "cleo@acme.example", "Cleo", "Ward", "en_US", (), None],
        [AUDITOR, "audit@acme.example", "Au", "Dit", "en_US", ("custom:Auditors",), None],
    ]
    assert state.grants.to_numpy().tolist() == [[BO, WEBINAR], [BO, MEETING]]
    assert state.groups[["group_key", "name"]].to_numpy().tolist() == [[SALES, "Sales"], [FRANCE, "France"]]
    licences = state.licences.set_index("licence_key")
    assert licences.loc[WEBINAR, ["description", "products", "seats", "used"]].tolist() == [
        "Webinar", ("G2M", "G2W"), 3, 1,
    ]  # fmt: skip
    assert licences["seats"].isna()[MEETING]
    assert state.directory_groups.to_numpy().tolist() == [[HOSTS, "Hosts"]]
    assert state.directory_members.to_numpy().tolist() == [[HOSTS, BO]]


def test_accounts_are_read_by_key_and_by_address_each_once(target: Contracted) -> None:
    """C8."""
    found = target.run(lambda opened: opened.read_accounts([BO, CLEO], ["BO+team@acme.example"]))
    bo, cleo = sorted(found, key=lambda state: state.account_key)
    assert bo == AccountState(
        BO, "bo+team@acme.example", "Bo", "Lind", "fr_FR", frozenset({WEBINAR, MEETING}), (), FRANCE, activated=True
    )
    assert cleo.account_key == CLEO


def test_who_is_not_there_is_not_in_the_answer(target: Contracted) -> None:
    """W17."""
    found = target.run(lambda opened: opened.read_accounts([BO, ABSENT], ["nobody@acme.example"]))
    assert [state.account_key for state in found] == [BO]


def test_the_seats_that_are_left_are_told_by_licence(target: Contracted, perform: Any) -> None:
    """R7."""
    before = target.run(lambda opened: opened.read_seats())
    perform(make_operation(OperationKind.ASSIGN_LICENCE, CLEO, licence_key=WEBINAR))
    after = target.run(lambda opened: opened.read_seats())
    assert (before, after) == (
        {WEBINAR: 2, TRAINING: 0, "9004": 5}, {WEBINAR: 1, TRAINING: 0, "9004": 5},
    )  # fmt: skip


def test_an_admin_is_who_has_the_role_and_has_accepted(target: Contracted, perform: Any) -> None:
    """R5."""
    perform(make_create("ada", roles=["SUPER_USER"]))
    perform(make_operation(OperationKind.SET_ROLES, BO, roles=["SUPER_USER"], managed_groups=None))
    perform(make_operation(OperationKind.SET_ROLES, CLEO, roles=["MANAGE_USERS"], managed_groups=None))
    assert target.run(lambda opened: opened.read_admins()) == {ADMIN, BO}
    perform(make_operation(OperationKind.SET_ROLES, BO, roles=[], managed_groups=None))
    assert target.run(lambda opened: opened.read_admins()) == {ADMIN}


def test_both_sides_tell_the_role_of_an_admin_alike(target: Contracted) -> None:
    async def asked(opened: Any) -> Any:
        return opened.capabilities.admin_role

    assert target.run(asked) == SUPER_ADMIN


def test_who_cannot_sign_in_is_known_by_the_status(target: Contracted, perform: Any) -> None:
    """R4, R5."""
    [made] = perform(make_create("ada", licences=[MEETING])).created.values()
    accounts = target.run(lambda opened: opened.read()).accounts
    told = dict(zip(accounts["account_key"], accounts["status"], strict=True))
    assert told == {ADMIN: "ACTIVE", BO: "ACTIVE", CLEO: "SUSPENDED", AUDITOR: "INVITED", made: "INVITED"}


def test_groups_are_told_by_key(target: Contracted) -> None:
    assert target.run(lambda opened: opened.read_groups()) == {SALES: "Sales", FRANCE: "France"}


def test_webinars_of_nobody_are_none(target: Contracted) -> None:
    assert len(target.run(lambda opened: opened.read_webinars([]))) == 0


def test_requests_are_counted(target: Contracted) -> None:
    async def scenario(opened: Any) -> list[int]:
        counted = [opened.requests_sent]
        await opened.read_accounts([BO], [])
        counted.append(opened.requests_sent)
        await opened.perform(make_create("ada"))
        return [*counted, opened.requests_sent]

    before, after_reading, after_writing = target.run(scenario)
    assert before < after_reading < after_writing


# Creating


def test_who_is_created_has_what_the_call_says(perform: Any, account: Any, target: Contracted) -> None:
    """W1, W2, M1."""
    operation = make_create("Ada", "bea", licences=[MEETING], roles=["MANAGE_USERS"], group_key=SALES, notify=True)
    reply = perform(operation)
    assert reply.created.keys() == {"Ada@acme.example", "bea@acme.example"}
    assert reply.refused == {}
    key = reply.created["Ada@acme.example"]
    assert account(key) == AccountState(
        key, "Ada@acme.example", "Ada", "Byron", "en_US", frozenset({MEETING}), ("MANAGE_USERS",), SALES
    )
    assert target.welcomed == 2


def test_whoever_was_created_is_found_by_the_address_in_any_case(perform: Any, addressed: Any) -> None:
    """C8."""
    reply = perform(make_create("Ada"))
    assert [state.account_key for state in addressed("aDA@acme.example")] == [reply.created["Ada@acme.example"]]


def test_a_create_without_notice_sends_no_mail(perform: Any, target: Contracted) -> None:
    """M1."""
    perform(make_create("ada", notify=False))
    assert target.welcomed == 0


@pytest.mark.parametrize("taken", ["bo+team", "BO+team"])
def test_an_address_in_use_is_refused_and_the_others_are_made(perform: Any, taken: str) -> None:
    """W3."""
    reply = perform(make_create("ada", taken))
    assert reply.created.keys() == {"ada@acme.example"}
    assert {address: why.code for address, why in reply.refused.items()} == {
        f"{taken}@acme.example": "user.name.conflict"
    }


def test_keys_are_never_given_twice(perform: Any) -> None:
    first = perform(make_operation(OperationKind.DELETE_ACCOUNT, CLEO), make_create("ada")).created["ada@acme.example"]
    second = perform(make_operation(OperationKind.DELETE_ACCOUNT, first), make_create("bea")).created[
        "bea@acme.example"
    ]
    assert len({first, second, ADMIN, BO, CLEO, AUDITOR}) == 6


@pytest.mark.parametrize(("licence", "names"), [(TRAINING, ("ada",)), (WEBINAR, ("ada", "bea", "cal"))])
def test_a_create_over_the_seats_makes_nobody(
    refusal: Any, addressed: Any, licence: str, names: tuple[str, ...]
) -> None:
    """W16."""
    assert refusal(make_create(*names, licences=[licence])) == ("license.seats.exceeded", 409)
    assert addressed("ada@acme.example") == []


@pytest.mark.parametrize(
    ("given", "code"),
    [({"licences": ["9999"]}, "license.not.found"), ({"group_key": "5999"}, "group.not.found")],
    ids=["licence", "group"],
)
def test_a_create_with_what_is_not_there_makes_nobody(
    refusal: Any, addressed: Any, given: dict[str, Any], code: str
) -> None:
    """W17."""
    assert refusal(make_create("ada", **given))[0] == code
    assert addressed("ada@acme.example") == []


def test_whose_address_belongs_elsewhere_is_to_be_moved_here(perform: Any, addressed: Any) -> None:
    """W4, R15."""
    perform(make_create("elsewhere", "ada"))
    pending = {state.user_name: state.pending_transfer for state in addressed(
        "elsewhere@acme.example", "ada@acme.example"
    )}  # fmt: skip
    assert pending == {"elsewhere@acme.example": True, "ada@acme.example": False}


# Changing


def test_an_update_changes_the_fields_that_it_names(perform: Any, account: Any) -> None:
    """W8, C11, W21."""
    before = account(BO)
    fields = {"given_name": "Beau", "locale": "de_DE", "user_name": "beau@acme.example"}
    perform(make_operation(OperationKind.UPDATE_ACCOUNT, BO, **fields))
    after = account(BO)
    assert (after.given_name, after.locale, after.user_name) == ("Beau", "de_DE", "beau@acme.example")
    assert (after.family_name, after.licences, after.group_key) == (
        before.family_name, before.licences, before.group_key,
    )  # fmt: skip


def test_an_address_cannot_be_changed_to_one_in_use(refusal: Any, account: Any) -> None:
    """W3."""
    operation = make_operation(OperationKind.UPDATE_ACCOUNT, BO, user_name="Audit@acme.example", given_name="Beau")
    assert refusal(operation) == ("user.name.conflict", 409)
    assert account(BO).given_name == "Bo"


def test_a_licence_comes_to_the_others_and_once_held_is_as_good(perform: Any, account: Any) -> None:
    """W11."""
    for licence in (WEBINAR, MEETING, MEETING):
        perform(make_operation(OperationKind.ASSIGN_LICENCE, CLEO, licence_key=licence))
    assert account(CLEO).licences == {WEBINAR, MEETING}


def test_the_last_seat_is_given_to_one_and_its_holder_can_be_given_it_again(
    perform: Any, refusal: Any, account: Any
) -> None:
    """W16."""
    for holder in (CLEO, AUDITOR, AUDITOR, BO):
        perform(make_operation(OperationKind.ASSIGN_LICENCE, holder, licence_key=WEBINAR))
    assert refusal(make_operation(OperationKind.ASSIGN_LICENCE, ADMIN, licence_key=WEBINAR))[0] == (
        "license.seats.exceeded"
    )
    assert account(ADMIN).licences == frozenset()


def test_a_licence_that_is_not_there_is_refused(refusal: Any) -> None:
    """W11."""
    operation = make_operation(OperationKind.ASSIGN_LICENCE, BO, licence_key="9999")
    assert refusal(operation) == ("license.not.found", 404)


def test_a_licence_is_taken_and_not_held_is_as_good(perform: Any, account: Any) -> None:
    """W10."""
    take = make_operation(OperationKind.UNASSIGN_LICENCE, BO, licence_key=WEBINAR)
    perform(take, take)
    assert account(BO).licences == {MEETING}


def test_roles_are_set_as_a_whole_and_cleared(perform: Any, account: Any) -> None:
    """W8, R10."""
    perform(make_operation(OperationKind.SET_ROLES, BO, roles=["MANAGE_USERS", "ADD_USERS"], managed_groups=None))
    assert account(BO).roles == ("ADD_USERS", "MANAGE_USERS")
    perform(make_operation(OperationKind.SET_ROLES, BO, roles=[], managed_groups=None))
    assert account(BO).roles == ()


def test_roles_are_limited_to_groups_and_the_limit_is_lifted(perform: Any, account: Any) -> None:
    """W19, R14."""
    perform(make_limited(CLEO, "MANAGE_USERS", SALES))
    assert (account(CLEO).roles, account(CLEO).managed_groups) == (("MANAGE_USERS",), (SALES,))
    unlimited = {"roles": ["MANAGE_USERS"], "managed_groups": [], "fallback": NOTHING}
    perform(make_operation(OperationKind.SET_ROLES, CLEO, **unlimited))
    assert (account(CLEO).roles, account(CLEO).managed_groups) == (("MANAGE_USERS",), ())


def test_joining_a_group_leaves_the_other_and_leaving_twice_is_as_good_as_once(perform: Any, account: Any) -> None:
    """W12."""
    perform(make_operation(OperationKind.JOIN_GROUP, BO, group_key=SALES))
    assert account(BO).group_key == SALES
    leave = make_operation(OperationKind.LEAVE_GROUPS, BO)
    perform(leave, leave)
    assert account(BO).group_key is None


def test_a_group_that_is_not_there_is_refused(refusal: Any, account: Any) -> None:
    """W17."""
    assert refusal(make_operation(OperationKind.JOIN_GROUP, BO, group_key="5999")) == ("group.not.found", 404)
    assert account(BO).group_key == FRANCE


def test_a_new_group_has_a_key_and_its_name_alone(perform: Any, refusal: Any, target: Contracted) -> None:
    """W13, W17."""
    create = make_operation(OperationKind.CREATE_GROUP, name="Support")
    key = perform(create).group_key
    assert target.run(lambda opened: opened.read_groups()) == {SALES: "Sales", FRANCE: "France", key: "Support"}
    assert refusal(create)[0] == "group.name.conflict"


def test_deleting_twice_is_as_good_as_once(perform: Any, account: Any) -> None:
    """W14."""
    delete = make_operation(OperationKind.DELETE_ACCOUNT, BO)
    perform(delete, delete)
    assert account(BO) is None


def test_from_somebody_who_is_gone_a_licence_is_as_good_as_taken(perform: Any) -> None:
    """W17."""
    perform(make_operation(OperationKind.UNASSIGN_LICENCE, ABSENT, licence_key=WEBINAR))


@pytest.mark.parametrize(
    "operation",
    [
        make_operation(OperationKind.UPDATE_ACCOUNT, ABSENT, given_name="Ada"),
        make_operation(OperationKind.ASSIGN_LICENCE, ABSENT, licence_key=MEETING),
        make_operation(OperationKind.SET_ROLES, ABSENT, roles=["ADD_USERS"], managed_groups=None),
        make_operation(OperationKind.JOIN_GROUP, ABSENT, group_key=SALES),
    ],
    ids=lambda operation: str(operation.kind),
)
def test_to_somebody_who_is_gone_nothing_can_be_given(refusal: Any, operation: Operation) -> None:
    """W17."""
    assert refusal(operation) == ("user.not.found", 404)


# The directory


def test_directory_groups_are_read_by_key_or_all(directory: Any, perform: Any) -> None:
    """D2, D5."""
    made = perform(make_operation(OperationKind.CREATE_DIRECTORY_GROUP, name="Speakers")).group_key
    hosts = DirectoryGroup(HOSTS, "Hosts", frozenset({BO}))
    assert directory() == {HOSTS: hosts, made: DirectoryGroup(made, "Speakers", frozenset())}
    assert directory(HOSTS, "6999") == {HOSTS: hosts}


def test_members_come_and_go_and_what_is_so_already_is_as_good(directory: Any, perform: Any) -> None:
    """D7."""
    perform(change_directory(HOSTS, [ADMIN, CLEO]))
    perform(change_directory(HOSTS, [CLEO], [ADMIN, AUDITOR]))
    assert directory(HOSTS)[HOSTS].members == {BO, CLEO}


def test_a_directory_group_that_is_not_there_is_refused(refusal: Any) -> None:
    """D2."""
    assert refusal(change_directory("6999", [BO]))[0] == "group.not.found"


def test_a_directory_group_takes_nobody_who_is_not_there(refusal: Any, directory: Any) -> None:
    """D9."""
    assert refusal(change_directory(HOSTS, [CLEO, ABSENT]))[1] == 400
    assert directory(HOSTS)[HOSTS].members == {BO}


def test_the_name_of_a_directory_group_is_given_once_in_any_case(refusal: Any) -> None:
    """D5."""
    assert refusal(make_operation(OperationKind.CREATE_DIRECTORY_GROUP, name="HOSTS"))[1] == 409


def test_who_is_deleted_is_in_no_directory_group(perform: Any, directory: Any) -> None:
    perform(make_operation(OperationKind.DELETE_ACCOUNT, BO))
    assert directory(HOSTS)[HOSTS].members == frozenset()


# Calls without an answer


@pytest.mark.parametrize("done", [True, False])
def test_a_call_without_an_answer_is_uncertain_whether_or_not_it_was_done(
    target: Contracted, perform: Any, addressed: Any, done: bool
) -> None:
    """C10."""
    target.lose_the_next_create(done=done)
    with pytest.raises(UncertainCall):
        perform(make_create("ada"))
    assert bool(addressed("ada@acme.example")) is done


def test_a_target_that_takes_no_call_is_down_and_nothing_was_done(
    target: Contracted, perform: Any, addressed: Any
) -> None:
    """C2."""
    target.be_down_for_creates()
    with pytest.raises(TargetDown):
        perform(make_create("ada"))
    assert addressed("ada@acme.example") == []


def test_calls_can_run_side_by_side(target: Contracted) -> None:
    async def scenario(opened: Any) -> list[Reply]:
        return await asyncio.gather(*(opened.perform(make_create(f"p{chr(97 + number)}")) for number in range(20)))

    replies = target.run(scenario)
    assert len({key for reply in replies for key in reply.created.values()}) == 20
