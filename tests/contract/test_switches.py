"""The client against the sandbox with each of its switches either way: what is not known of GoTo must not matter."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from tasks.connectors.goto import Credentials
from tasks.model.errors import RefusedByTarget
from tasks.model.operations import NewAccount, Operation, OperationKind, Reply
from tasks.model.pipeline import SANDBOX_AUTH
from tasks.sandbox import Switches
from tasks.sandbox.platform import wall_clock
from tests.support.effort import sampled
from tests.support.operations import NOTHING, make_create, make_limited, make_operation
from tests.support.sandbox import STATE

WEBINAR, MEETING, TRAINING = "123456789012345678901", "9002", "9003"
EITHER_WAY: dict[str, tuple[Any, ...]] = {
    "create_placement": ("both", "top_level", "per_user"),
    "refuse_unknown_fields": (True, False),
    "require_licence_or_role": (True, False),
    "max_users_per_create": (10, 100),
    "max_keys_per_url": (1, 100),
    "comma_keys": (True, False),
    "default_page_size": (1, 25),
    "max_page_size": (2, 1000),
    "filter_grammar": ("full", "eq"),
    "sort": ("extension", "refused"),
    "assign_verb": ("put", "405", "404", "501"),
    "seat_refusal_status": (409, 400, 403),
    "seat_refusal_code": ("license.seats.exceeded", "license.limit.reached"),
    "status_words": ("known", "other"),
    "empty_status": (204, 200),
    "empty_results": ("missing", "empty"),
    "known_roles_only": (True, False),
    "role_list": ("confirmed", "invented", "any"),
    "numeric_keys": (True, False),
    "strict_locales": (True, False),
    "managed_groups": ("honoured", "ignored"),
    "other_account": ("pending_transfer", "conflict"),
    "organisation_locks_email": (True, False),
    "retry_after": (True, False),
    "rate_limit_body": ("object", "empty", "html"),
    "rotate_refresh_token": (True, False),
    "token_lifetime_s": (60, 3600),
    "scim2": (True, False),
    "scim_error": ("scim11", "scim20", "html"),
    "scim_patch_members": ("merge", "replace"),
    "scim_delete": ("organisation", "destructive"),
    "domain_control": (True, False),
    "directory_welcome": ("first_product", "create"),
    "directory_polling_minutes": (0, 15),
    "user_sync_products": ("union", "highest"),
    "user_sync_roles": ("highest", "union"),
    "user_sync_unmatched": ("rule_given", "keep", "suspend"),
    "csv_columns": ("portal", "with_locale"),
    "csv_import_hours": (0, 24),
}
"""Every switch with the values that it is tried at. What is asked for by the tests of one switch alone is below."""

APART = {"requests_per_second", "scopes"}
"""Switches that say how much is let through, or refuse on purpose: they have tests of their own."""

FED = {"directory": "feed"}


def test_every_switch_is_tried_either_way() -> None:
    assert set(EITHER_WAY) | APART == set(Switches.model_fields)
    assert all(len(values) > 1 for values in EITHER_WAY.values())


async def live_a_life(target: Any) -> tuple[Any, ...]:
    """Do everything that a run does to two people and a group, and return what is there in the end."""
    kinds = OperationKind
    reply: Reply = await target.perform(make_create("ada", "bea", licences=[MEETING], roles=[], group_key="5001"))
    ada, bea = reply.created["ada@acme.example"], reply.created["bea@acme.example"]
    group = (await target.perform(make_operation(kinds.CREATE_GROUP, name="Hosts"))).group_key
    await target.perform(make_operation(kinds.ASSIGN_LICENCE, ada, licence_key=WEBINAR))
    await target.perform(make_operation(kinds.UNASSIGN_LICENCE, ada, licence_key=MEETING))
    await target.perform(make_operation(kinds.UPDATE_ACCOUNT, ada, family_name="Lovelace", locale="de_DE"))
    await target.perform(make_operation(kinds.SET_ROLES, ada, roles=["MANAGE_USERS"], managed_groups=None))
    await target.perform(make_operation(kinds.JOIN_GROUP, ada, group_key=group))
    await target.perform(make_operation(kinds.LEAVE_GROUPS, bea))
    directory = (await target.perform(make_operation(kinds.CREATE_DIRECTORY_GROUP, name="All"))).group_key
    await target.perform(
        make_operation(kinds.CHANGE_DIRECTORY_GROUP, None, group_key=directory, add=[ada, bea], remove=[])
    )
    await target.perform(make_operation(kinds.CHANGE_DIRECTORY_GROUP, None, group_key=directory, add=[], remove=[bea]))
    await target.perform(make_operation(kinds.UNASSIGN_LICENCE, bea, licence_key=MEETING))
    await target.perform(make_operation(kinds.DELETE_ACCOUNT, "7003"))
    [one] = await target.read_accounts([], ["ADA@acme.example"])
    members = (await target.read_directory_groups([directory]))[directory].members
    state = await target.read()
    accounts = state.accounts[["user_name", "family_name", "roles", "group_key"]].set_index("user_name")
    held = state.grants.groupby("account_key")["licence_key"].agg(set).to_dict()
    return (
        one.family_name, one.locale, one.licences, one.roles, one.group_key == group, members == {ada},
        sorted(accounts.index), held.get(bea, set()), accounts.loc["bea@acme.example", "group_key"],
        sorted(state.licences["licence_key"]), sorted(state.groups["name"]), sorted(state.directory_groups["name"]),
    )  # fmt: skip


EXPECTED = (
    "Lovelace", "de_DE", frozenset({WEBINAR}), ("MANAGE_USERS",), True, True,
    ["ada@acme.example", "admin@acme.example", "audit@acme.example", "bea@acme.example", "bo+team@acme.example"], set(),
)  # fmt: skip


EACH_WAY = [
    pytest.param(switch, value, id=f"{switch}-{value}") for switch, values in EITHER_WAY.items() for value in values
]


@pytest.mark.parametrize(("switch", "value"), sampled(EACH_WAY, [str(param.id) for param in EACH_WAY[::6]]))
def test_everything_that_a_run_does_ends_alike(sandbox: Any, switch: str, value: Any) -> None:
    """C6, C11, C12, R5, W2. Assumed: each gap, either way."""
    sandbox.switch(**{switch: value})
    found = sandbox.run(live_a_life, **FED)
    assert found[: len(EXPECTED)] == EXPECTED
    assert str(found[8]) in {"nan", "None", "<NA>"}
    assert found[10:] == (["France", "Hosts", "Sales"], ["All", "Hosts"])


@pytest.mark.parametrize("rotate", [True, False])
def test_everything_ends_alike_with_a_refresh_token_alone(sandbox: Any, rotate: bool) -> None:
    """T3, T4. Assumed: whether a refresh token is replaced. The clock leaps, so that every call needs a new token."""
    sandbox.switch(rotate_refresh_token=rotate)
    client = {"grant_type": "personal_access_token", "pat": SANDBOX_AUTH["pat"]}
    names = (SANDBOX_AUTH["client_id"], SANDBOX_AUTH["client_secret"])
    issued = sandbox.http.post(f"{sandbox.url}/oauth/token", data=client, auth=names).json()
    refresh = Credentials(*map(SecretStr, names), refresh_token=SecretStr(issued["refresh_token"]))
    clock = itertools.count(1000.0, 4000.0)
    found = sandbox.run(live_a_life, credentials=refresh, clock=lambda: next(clock), **FED)
    assert found[: len(EXPECTED)] == EXPECTED


@pytest.mark.parametrize("refuse", [True, False])
@pytest.mark.parametrize("placement", ["both", "top_level", "per_user"])
def test_what_people_get_arrives_wherever_it_is_looked_for(sandbox: Any, placement: str, refuse: bool) -> None:
    """W2, W20. Assumed: beside the users, in each of them, or either."""
    sandbox.switch(create_placement=placement, refuse_unknown_fields=refuse)

    async def scenario(target: Any) -> Any:
        made = await target.perform(make_create("ada", licences=[WEBINAR], roles=["MANAGE_USERS"], group_key="5001"))
        [found] = await target.read_accounts(list(made.created.values()), [])
        return found.licences, found.roles, found.group_key

    assert sandbox.run(scenario) == (frozenset({WEBINAR}), ("MANAGE_USERS",), "5001")


@pytest.mark.parametrize("code", ["license.seats.exceeded", "license.limit.reached", "quota.reached"])
@pytest.mark.parametrize("status", [409, 400, 403])
@pytest.mark.parametrize(
    "operation",
    [
        make_operation(OperationKind.ASSIGN_LICENCE, "7003", licence_key=TRAINING),
        make_create("ada", licences=[TRAINING]),
        make_create("ada", "bea", "cal", "dee", licences=[WEBINAR]),  # for whom there are two seats
    ],
    ids=["one", "a new one", "four new ones"],
)
def test_a_lack_of_seats_is_understood_whatever_it_is_called(
    sandbox: Any, status: int, code: str, operation: Operation
) -> None:
    """W16. Assumed: status and code of the refusal."""
    sandbox.switch(seat_refusal_status=status, seat_refusal_code=code)
    with pytest.raises(RefusedByTarget) as refusal:
        sandbox.run(lambda target: target.perform(operation))
    assert refusal.value.facts["code"] == "license.seats.exceeded"


def test_more_people_than_a_create_may_carry_are_refused_and_nobody_is_made(sandbox: Any) -> None:
    """W1. The largest number is not known: who sends fewer after that makes nobody twice."""
    sandbox.switch(max_users_per_create=10)
    names = [f"p{chr(97 + number)}" for number in range(20)]

    async def scenario(target: Any) -> int:
        with pytest.raises(RefusedByTarget):
            await target.perform(make_create(*names, licences=[MEETING]))
        for half in (names[:10], names[10:]):
            await target.perform(make_create(*half, licences=[MEETING]))
        return len((await target.read()).accounts)

    assert sandbox.run(scenario) == 4 + 20


@pytest.mark.parametrize("strict", [True, False])
def test_a_language_may_not_be_known(sandbox: Any, strict: bool) -> None:
    """W6. Assumed: which languages there are."""
    sandbox.switch(strict_locales=strict)
    operation = make_operation(OperationKind.UPDATE_ACCOUNT, "7002", locale="da_DK")
    if strict:
        with pytest.raises(RefusedByTarget):
            sandbox.run(lambda target: target.perform(operation))
    else:
        sandbox.run(lambda target: target.perform(operation))
    [found] = sandbox.run(lambda target: target.read_accounts(["7002"], []))
    assert found.locale == ("fr_FR" if strict else "da_DK")


def test_who_is_to_have_nothing_is_made_in_the_directory_where_the_admin_api_makes_nobody(sandbox: Any) -> None:
    """W7, D3, D4. Documented: an old page asks for a licence or a role; the directory makes logins without either."""
    sandbox.switch(require_licence_or_role=True)
    made = sandbox.run(lambda target: target.perform(make_create("ada", "bo", group_key="5001")), **FED)
    assert set(made.created) == {"ada@acme.example", "bo@acme.example"}

    async def look(target: Any) -> Any:
        return await target.read_accounts(list(made.created.values()), [])

    assert {(one.user_name, one.group_key) for one in sandbox.run(look)} == {
        ("ada@acme.example", "5001"), ("bo@acme.example", "5001"),
    }  # fmt: skip


def test_who_is_to_have_nothing_is_refused_plainly_where_no_directory_is_fed(sandbox: Any) -> None:
    """W7. Documented, against the newer guide."""
    sandbox.switch(require_licence_or_role=True)
    with pytest.raises(RefusedByTarget) as refusal:
        sandbox.run(lambda target: target.perform(make_create("ada")))
    assert refusal.value.facts["status"] == 400


@pytest.mark.parametrize("honoured", ["honoured", "ignored"])
def test_a_manager_is_limited_to_groups_or_is_none(sandbox: Any, honoured: str) -> None:
    """W19, R14. Documented: a manager without groups manages everybody. Assumed: the field's name, and if it counts."""
    sandbox.switch(managed_groups=honoured)
    limited = make_limited("7003", "MANAGE_USERS", "5001")

    async def look(target: Any) -> Any:
        [found] = await target.read_accounts(["7003"], [])
        return found.roles, found.managed_groups

    if honoured == "honoured":
        sandbox.run(lambda target: target.perform(limited))
        assert sandbox.run(look) == (("MANAGE_USERS",), ("5001",))
        return
    with pytest.raises(RefusedByTarget, match="without limiting") as refusal:
        sandbox.run(lambda target: target.perform(limited))
    assert refusal.value.facts["code"] == "roles.not.limited"
    assert sandbox.run(look) == ((), ())


def test_a_limit_is_lifted(sandbox: Any) -> None:
    """W19. Assumed."""
    for groups in (["5001"], []):
        operation = make_operation(
            OperationKind.SET_ROLES, "7003", roles=["MANAGE_USERS"], managed_groups=groups, fallback=NOTHING
        )
        sandbox.run(lambda target, operation=operation: target.perform(operation))
    [found] = sandbox.run(lambda target: target.read_accounts(["7003"], []))
    assert (found.roles, found.managed_groups) == (("MANAGE_USERS",), ())


@pytest.mark.parametrize("answer", ["pending_transfer", "conflict"])
def test_an_address_of_another_account_is_invited_or_a_conflict(sandbox: Any, answer: str) -> None:
    """W4, R15. Documented: there is an invitation to transfer. Assumed: what the API says of it."""
    sandbox.switch(other_account=answer)

    async def scenario(target: Any) -> Any:
        reply = await target.perform(make_create("elsewhere", "ada", licences=[MEETING]))
        return reply, await target.read_accounts(list(reply.created.values()), [])

    reply, found = sandbox.run(scenario)
    pending = {one.user_name for one in found if one.pending_transfer}
    if answer == "conflict":
        assert set(reply.refused) == {"elsewhere@acme.example"}
        assert (set(reply.created), pending) == ({"ada@acme.example"}, set())
    else:
        assert (set(reply.refused), pending) == (set(), {"elsewhere@acme.example"})


@pytest.mark.parametrize("fed", [True, False])
def test_a_locked_address_is_changed_in_the_directory_if_that_is_fed(sandbox: Any, fed: bool) -> None:
    """W21. Documented: the address of an organisation's member is locked. Assumed: the refusal."""
    operation = make_operation(
        OperationKind.UPDATE_ACCOUNT, "7003", user_name="cleopatra@acme.example", family_name="Wardle"
    )
    if fed:
        sandbox.run(lambda target: target.perform(operation), **FED)
        [found] = sandbox.run(lambda target: target.read_accounts(["7003"], []))
        assert (found.user_name, found.family_name) == ("cleopatra@acme.example", "Wardle")
        return
    with pytest.raises(RefusedByTarget) as refusal:
        sandbox.run(lambda target: target.perform(operation))
    assert refusal.value.facts["status"] == 403


def test_custom_roles_are_read_given_and_taken_by_name(sandbox: Any) -> None:
    """R11, W18. Observed: rolesets, given and taken by a filter."""

    async def scenario(target: Any) -> Any:
        seen = []
        for roles in (["custom:Help desk", "ADD_USERS"], ["custom:help desk"], ["ADD_USERS"]):
            await target.perform(make_operation(OperationKind.SET_ROLES, "7003", roles=roles, managed_groups=None))
            [found] = await target.read_accounts(["7003"], [])
            seen.append(found.roles)
        return seen, (await target.read()).accounts

    seen, accounts = sandbox.run(scenario)
    assert seen == [("ADD_USERS", "custom:Help desk"), ("custom:Help desk",), ("ADD_USERS",)]
    assert ("custom:Auditors",) in set(accounts["roles"])


def test_a_custom_role_that_is_not_there_is_refused_with_those_that_are(sandbox: Any) -> None:
    """R11. Observed."""
    operation = make_operation(OperationKind.SET_ROLES, "7003", roles=["custom:Nothing"], managed_groups=None)
    with pytest.raises(RefusedByTarget, match=r"It has Auditors, Help desk\."):
        sandbox.run(lambda target: target.perform(operation))


def test_custom_roles_are_read_page_by_page(sandbox: Any) -> None:
    """R11, C6. Observed: the list. Assumed: that it is paged as the others are."""
    sandbox.control("POST", "reset", {**STATE, "roleSets": [*STATE["roleSets"], {"id": "4003", "name": "Desk lead"}]})
    sandbox.switch(max_page_size=2)

    async def scenario(target: Any) -> Any:
        seen = []
        for roles in (["custom:Desk lead"], []):
            await target.perform(make_operation(OperationKind.SET_ROLES, "7004", roles=roles, managed_groups=None))
            [found] = await target.read_accounts(["7004"], [])
            seen.append(found.roles)
        return seen

    assert sandbox.run(scenario) == [("custom:Desk lead",), ()]


def test_a_custom_role_is_taken_away_unseen(sandbox: Any) -> None:
    """W18. Observed: the DELETE. Nobody has read the list of custom roles before."""
    sandbox.run(
        lambda target: target.perform(make_operation(OperationKind.SET_ROLES, "7004", roles=[], managed_groups=None))
    )
    [found] = sandbox.run(lambda target: target.read_accounts(["7004"], []))
    assert found.roles == ()


def test_templates_are_read_and_choose_the_welcome_mail(sandbox: Any) -> None:
    """R12, W20, M5. Observed: the list. Assumed: the fields of a create."""
    state = sandbox.run(lambda target: target.read())
    assert state.templates.to_numpy().tolist() == [["2001", "Partners"]]
    operation = make_create("ada", licences=[MEETING], welcome_template="2001", settings_template="2501")
    sandbox.run(lambda target: target.perform(Operation(**{**vars(operation), "notify": True})))
    [mail] = [mail for mail in sandbox.control("GET", "outbox")["mails"] if mail["kind"] == "welcome"]
    assert (mail["subject"], mail["language"]) == ("Welcome, partner", "en_US")


def test_scheduled_webinars_are_read_with_who_else_organises_them(sandbox: Any) -> None:
    """V1, V2. Documented: the calls of the Webinar API."""
    found = sandbox.run(lambda target: target.read_webinars(["7002", "7003"]))
    rows = found[["account_key", "subject", "shared_with"]].sort_values("subject").to_numpy().tolist()
    assert rows == [["7002", "Alone", ()], ["7002", "Together", ("7001",)]]


def test_webinars_that_are_years_ahead_are_read_too(sandbox: Any) -> None:
    """V2. Documented: a list is asked for between two times."""
    starts = wall_clock() + timedelta(days=3000)
    times = {"starts": starts.isoformat(), "ends": (starts + timedelta(hours=1)).isoformat()}
    far = {"key": "13", "organizer": "7002", "subject": "Far away", **times}
    sandbox.control("POST", "reset", {**STATE, "webinars": [far]})
    assert sandbox.run(lambda target: target.read_webinars(["7002"]))["subject"].tolist() == ["Far away"]


def test_without_the_scope_of_the_webinars_the_refusal_names_it(sandbox: Any) -> None:
    """V3. Observed: 403."""
    sandbox.switch(scopes=["identity:"])
    with pytest.raises(RefusedByTarget, match="'collab:'"):
        sandbox.run(lambda target: target.read_webinars(["7002"]))


def test_client_credentials_alone_are_no_grant(sandbox: Any) -> None:
    """T8. Observed: they are not among the grants that are advertised."""
    form = {"grant_type": "client_credentials"}
    answer = sandbox.http.post(f"{sandbox.url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form)
    assert answer.json()["error"] == "unsupported_grant_type"


def test_a_gateway_that_fails_is_tried_again_where_that_is_safe(sandbox: Any) -> None:
    """C10, D10. Inferred: 502 and its like may pass."""
    for path in ("/accounts/**", "/Groups"):
        rule = {"on": {"method": "GET", "path": path}, "first": 2, "fault": "bad_gateway_html"}
        sandbox.control("PUT", "faults", {"rules": [rule]})
        assert len(sandbox.run(lambda target: target.read(), **FED).accounts) == 4
        assert sandbox.control("DELETE", "faults")["rules"][0]["struck"] == 2


@pytest.mark.parametrize("length", [32, 33])
def test_names_and_addresses_have_lengths(sandbox: Any, length: int) -> None:
    """W5, W6. Documented: 32 and 128; a locale is xx_YY."""
    person = NewAccount("c1", "ada@acme.example", "x" * length, "Byron", "en_US")
    operation = make_operation(OperationKind.CREATE_ACCOUNTS, None, [person], licences=[MEETING])
    if length == 32:
        assert sandbox.run(lambda target: target.perform(operation)).created
    else:
        with pytest.raises(RefusedByTarget):
            sandbox.run(lambda target: target.perform(operation))


def test_editions_are_told_by_description_and_type(sandbox: Any) -> None:
    """R9. Inferred."""
    licences = sandbox.run(lambda target: target.read()).licences.set_index("licence_key")
    assert licences.loc[WEBINAR, "description"] == "Webinar"
    assert "type" in licences.columns


def test_attributes_and_account_are_where_they_were_observed(sandbox: Any) -> None:
    """R13. Observed."""

    async def ask(target: Any) -> Any:
        return await asyncio.gather(
            target.apis.admin.get("/accounts/3001", "read the account", lambda answer: answer["name"]),
            target.apis.admin.get(
                "/accounts/3001/attributes", "list attributes", lambda answer: answer.get("total", 0)
            ),
        )

    assert sandbox.run(ask) == ["Acme GmbH", 0]


def test_the_second_surface_of_the_directory_is_never_asked(sandbox: Any) -> None:
    """D12. Inferred: it is there, at an address that is not public."""
    sandbox.run(live_a_life, **FED)
    asked = {call["path"] for call in sandbox.control("GET", "requests")["requests"]}
    assert not [path for path in asked if path.startswith("/identity/scim/")]
