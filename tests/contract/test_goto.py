"""The GoTo client against the sandbox: one test for each fact that the client relies on.

Each docstring begins with the numbers that the facts have in docs/target-goto.md, and says how they stand: documented
by the vendor, observed in public clients or recorded replies, or assumed (not known, and the sandbox and the client
have settled on something). ``tests/unit/test_docs.py`` holds page and tests together.
"""

import asyncio

import pytest
from pydantic import SecretStr

from tasks.connectors.goto import Credentials
from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import open_target
from tasks.model.errors import CredentialsRefused, RefusedByTarget
from tasks.model.operations import NewAccount, Operation, OperationKind
from tasks.model.pipeline import SANDBOX_AUTH, GotoTarget
from tasks.model.state import AccountState

WEBINAR = "123456789012345678901"
OTHER_TENANT = {
    "account": {"key": "3001", "name": "Acme GmbH"},
    "users": [{"email": "admin@acme.example", "firstName": "A", "lastName": "K", "adminRoles": ["SUPER_USER"]}],
}
ADA = NewAccount("c1", "Ada@acme.example", "Ada", "Byron", "en_US")


def make_create(*people, notify=True, **payload):
    ids = tuple(person.change_id for person in people)
    return Operation("op-1", OperationKind.CREATE_ACCOUNTS, ids, people=people, payload=payload, notify=notify)


def make_operation(kind, account_key="7002", notify=True, **payload):
    return Operation("op-1", kind, ("c1",), account_key=account_key, payload=payload, notify=notify)


def perform(sandbox, *operations, **options):
    async def scenario(target):
        return [await target.perform(operation) for operation in operations][-1]

    return sandbox.run(scenario, **options)


def read_account(sandbox, account_key):
    [state] = sandbox.run(lambda target: target.read_accounts([account_key], []))
    return state


def make_credentials(**changes):
    return Credentials(**{name: SecretStr(value) for name, value in {**SANDBOX_AUTH, **changes}.items()})


# OAuth


def test_personal_access_token_gives_access(sandbox):
    """T1, T2, C1. Documented: form grant_type=personal_access_token and pat, with the client's Basic authorisation."""
    assert sandbox.run(lambda target: target.identify()) == "3001"


def test_refresh_token_gives_access_again_and_again(sandbox):
    """T3. Documented: the reply to a refresh has no refresh_token, and the old one stays good."""
    form = {"grant_type": "personal_access_token", "pat": SANDBOX_AUTH["pat"]}
    client = (SANDBOX_AUTH["client_id"], SANDBOX_AUTH["client_secret"])
    issued = sandbox.http.post(f"{sandbox.url}/oauth/token", data=form, auth=client).json()
    refresh = Credentials(*map(SecretStr, client), refresh_token=SecretStr(issued["refresh_token"]))
    now = [1000.0]

    async def scenario(target):
        await target.identify()
        now[0] += 3600
        return await target.identify()

    assert sandbox.run(scenario, credentials=refresh, clock=lambda: now[0]) == "3001"
    sandbox.switch(rotate_refresh_token=True)  # assumed: a replaced refresh token voids the old one
    now[0] = 1000.0
    assert sandbox.run(scenario, credentials=refresh, clock=lambda: now[0]) == "3001"


def test_token_that_ended_early_is_renewed(sandbox):
    """T4, T6. Observed: 401 or 403 may mean that the token ended; one renewal and one repetition mend it."""

    async def scenario(target):
        await target.identify()
        sandbox.control("POST", "reset", OTHER_TENANT)  # which voids every token
        return await target.identify()

    assert sandbox.run(scenario) == "3001"
    assert [call["status"] for call in sandbox.requests] == [401, 200]


def test_token_without_the_scope_is_refused_as_not_authenticated(sandbox):
    """T5. Observed: a good token without the scope ``identity:`` gets 401 not.authenticated from /me."""
    sandbox.switch(scopes=["identity:scim.org"])
    with pytest.raises(RefusedByTarget, match="'identity:'") as caught:
        sandbox.run(lambda target: target.identify())
    assert (caught.value.facts["status"], caught.value.facts["code"]) == (401, "not.authenticated")


@pytest.mark.parametrize(("wrong", "code"), [("client_secret", "invalid_client"), ("pat", "invalid_grant")])
def test_wrong_credentials_name_what_to_check(sandbox, wrong, code):
    """T7. Assumed: the token endpoint refuses in the form of RFC 6749 §5.2."""
    with pytest.raises(CredentialsRefused, match=f"auth.{wrong}") as caught:
        sandbox.run(lambda target: target.identify(), credentials=make_credentials(**{wrong: "hush"}))
    assert caught.value.facts["code"] == code
    assert sandbox.requests == []


@pytest.mark.parametrize("rotate", [False, True])
def test_refresh_token_of_the_pipeline_serves_one_run_after_the_other(sandbox, tmp_path, rotate):
    """T3. Documented: where another refresh token comes with the answer, it replaces the old one."""
    form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
    answer = sandbox.http.post(f"{sandbox.url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form)
    secrets = {"${ID}": "sandbox-client", "${SECRET}": "sandbox-secret", "${RT}": answer.json()["refresh_token"]}
    auth = {"client_id": "${ID}", "client_secret": "${SECRET}", "refresh_token": "${RT}"}
    urls = {"api": sandbox.url, "token": f"{sandbox.url}/oauth/token"}
    fields = {"name": "goto", "kind": "goto", "account_key": "3001", "urls": urls, "auth": auth}
    sandbox.switch(rotate_refresh_token=rotate)

    async def run():
        spec = GotoTarget.model_validate(fields)
        async with open_target(spec, lambda ref: SecretStr(secrets[ref]), KeptTokens(tmp_path / "tokens")) as target:
            return await target.identify()

    assert [asyncio.run(run()) for _ in range(3)] == ["3001"] * 3


@pytest.mark.parametrize("body", ["object", "empty", "html"])
def test_limit_of_requests_is_survived(sandbox, body):
    """C2, C3. Documented: over the limit (10 a second, by API) comes 429. Assumed: an empty object, no Retry-After."""

    async def scenario(target):
        sandbox.switch(requests_per_second=0, rate_limit_body=body)
        creating = asyncio.create_task(target.perform(make_create(ADA)))
        while not any(call["status"] == 429 for call in sandbox.requests):
            await asyncio.sleep(0.01)
        sandbox.switch(requests_per_second=10)
        await creating
        return target.requests_sent

    sent = sandbox.run(scenario)
    statuses = [call["status"] for call in sandbox.requests]
    assert (statuses[0], statuses[-1], len(statuses)) == (429, 200, sent)
    assert sandbox.mails == ["welcome"]


# Reading


def test_caller_tells_the_accounts_that_are_reachable(sandbox):
    """R1. Documented: /me has accountKey at its root and accounts[] with keys."""
    with pytest.raises(RefusedByTarget, match="do not reach account 3009; they reach 3001"):
        sandbox.run(lambda target: target.identify(), account_key="3009")


def test_account_is_read_whole(sandbox):
    """R2, R3, R6. Observed: fields of users, groups and licences; a user is in one group at most (documented)."""
    state = sandbox.run(lambda target: target.read())
    assert state.accounts["account_key"].tolist() == ["7001", "7002", "7003", "7004"]
    assert state.accounts["user_name"].tolist()[1] == "bo+team@acme.example"
    assert state.accounts["roles"].tolist() == [("SUPER_USER",), (), (), ("custom:Auditors",)]
    assert state.accounts["group_key"].tolist()[1] == "5002"
    assert state.accounts["locale"].tolist() == ["en_US", "fr_FR", "en_US", "en_US"]
    assert state.grants.to_numpy().tolist() == [["7002", WEBINAR], ["7002", "9002"]]
    assert state.groups.to_numpy().tolist() == [["5001", "Sales", ("Sales",)], ["5002", "France", ("Sales", "France")]]


def test_licences_have_seats_users_and_products(sandbox):
    """R7, R8. Observed: seats and userCount, no field for what is left; a licence can list several products."""
    licences = sandbox.run(lambda target: target.read()).licences.set_index("licence_key")
    assert licences.loc[WEBINAR, ["products", "seats", "used", "enabled"]].tolist() == [("G2M", "G2W"), 3, 1, True]
    assert licences["seats"].isna()["9002"]  # assumed: null is no limit
    assert not licences.loc["9004", "enabled"]


def test_user_without_product_and_role_is_suspended(sandbox):
    """R4, W15. Observed: status SUSPENDED stands for no product and no role. So status is not a capability."""
    state = sandbox.run(lambda target: target.read())
    assert state.accounts["status"].tolist()[2] == "SUSPENDED"


def test_long_keys_survive_as_numbers(sandbox):
    """C4. Documented (an example): a key as an unquoted number with more digits than 64 bits hold."""
    as_text = sandbox.run(lambda target: target.read())
    sandbox.switch(numeric_keys=True)
    as_numbers = sandbox.run(lambda target: target.read())
    assert as_numbers.grants.equals(as_text.grants)
    assert as_numbers.accounts.equals(as_text.accounts)
    reply = perform(sandbox, make_create(ADA, licences=[WEBINAR], group_key="5001"))
    state = read_account(sandbox, reply.created["Ada@acme.example"])
    assert (state.licences, state.group_key) == (frozenset({WEBINAR}), "5001")


def test_pages_follow_each_other_without_a_gap(sandbox):
    """C5. Observed: offset counts from zero and toIndex is an exclusive end, so the next offset is what came so far."""
    people = [NewAccount(f"c{n}", f"p{n:02}@acme.example", "P", "Q") for n in range(20)]
    perform(sandbox, make_create(*people))
    sandbox.switch(max_page_size=7)
    state = sandbox.run(lambda target: target.read())
    assert len(state.accounts) == 24
    assert state.accounts["account_key"].is_unique
    offsets = [
        call["query"] for call in sandbox.requests if call["path"].endswith("/users") and "offset" in call["query"]
    ]
    assert offsets == [f"offset={offset}&pageSize=1000" for offset in (0, 7, 14, 21)]


@pytest.mark.parametrize("form", ["missing", "empty"])
def test_list_without_a_match_may_leave_out_results(sandbox, form):
    """C7. Observed: total 0, and results may be missing altogether."""
    sandbox.switch(empty_results=form)
    assert sandbox.run(lambda target: target.read_accounts([], ["nobody@acme.example"])) == []


def test_address_is_found_by_filter(sandbox):
    """C8. Observed: filter=email eq "...", blanks as %20; a + for a blank is refused. Assumed: case does not matter."""
    found = sandbox.run(lambda target: target.read_accounts([], ["BO+team@acme.example"]))
    assert found == [
        AccountState(
            "7002",
            "bo+team@acme.example",
            "Bo",
            "Lind",
            "fr_FR",
            frozenset({WEBINAR, "9002"}),
            (),
            "5002",
            activated=True,
        )
    ]


@pytest.mark.parametrize(
    "address", ['o"neil@acme.example', "back\\slash@acme.example", "käte@acme.example", "a&b#c%@x.test"]
)
def test_any_address_can_be_asked_for(sandbox, address):
    """C8. Assumed: quotes and backslashes in a filter are escaped with a backslash."""
    assert sandbox.run(lambda target: target.read_accounts([], [address])) == []


def test_one_by_one_and_from_the_list_is_the_same(sandbox):
    """R2. Observed: a single read and a list show a user with the same fields."""
    keys = ["7001", "7002", "7003"]

    async def scenario(target):
        listed = await target.read_accounts(keys, [])
        singly = [state for key in keys for state in await target.read_accounts([key], [])]
        return listed, singly

    listed, singly = sandbox.run(scenario)
    assert listed == singly


# Creating


def test_create_over_the_seats_makes_nobody(sandbox):
    """W16. Assumed: 409 license.seats.exceeded for the whole call."""
    with pytest.raises(RefusedByTarget) as caught:
        perform(sandbox, make_create(ADA, licences=["9003"]))
    assert (caught.value.facts["status"], caught.value.facts["code"]) == (409, "license.seats.exceeded")
    assert caught.value.facts["incident"]
    assert sandbox.run(lambda target: target.read_accounts([], ["ada@acme.example"])) == []


def test_refusal_of_a_whole_create_names_whom_it_is_about_in_its_facts_only(sandbox):
    """C9. Observed: errors[] has a code and a value."""
    odd = NewAccount("c2", "not an address", "Odd", "One")
    with pytest.raises(RefusedByTarget) as caught:
        perform(sandbox, make_create(ADA, odd))
    assert caught.value.facts["subjects"] == ("not an address",)
    assert "not an address" not in str(caught.value)


# Changing


def test_address_can_be_changed_unless_it_is_locked(sandbox):
    """W21. Observed: one client changes addresses. Assumed: 403 where emailLocked is set."""
    perform(sandbox, make_operation(OperationKind.UPDATE_ACCOUNT, user_name="bo@acme.example"))
    assert read_account(sandbox, "7002").user_name == "bo@acme.example"
    with pytest.raises(RefusedByTarget) as caught:
        perform(sandbox, make_operation(OperationKind.UPDATE_ACCOUNT, "7003", user_name="new@acme.example"))
    assert caught.value.facts["status"] == 403


@pytest.mark.parametrize("verb", ["405", "404", "501"])
def test_licence_by_the_whole_set_ends_the_same(sandbox, verb):
    """W9, W11. Observed: PUT of licenseKeys replaces the set. The client's way where the assumed verb is missing."""
    sandbox.switch(assign_verb=verb)
    perform(
        sandbox,
        make_operation(OperationKind.ASSIGN_LICENCE, "7003", licence_key="9002", notify=False),
        make_operation(OperationKind.ASSIGN_LICENCE, "7003", licence_key=WEBINAR, notify=False),
    )
    puts = [call["path"].partition("/accounts/3001/")[2] for call in sandbox.requests if call["method"] == "PUT"]
    assert puts == ["licenses/9002/users/7003", "users/7003", "users/7003"]
    assert read_account(sandbox, "7003").licences == frozenset({WEBINAR, "9002"})
    assert "product-change" not in sandbox.mails


def test_licence_that_is_not_there_is_refused(sandbox):
    """W11. Assumed: 404 license.not.found, in the style of the observed codes; the verb is not taken for missing."""
    with pytest.raises(RefusedByTarget) as caught:
        perform(sandbox, make_operation(OperationKind.ASSIGN_LICENCE, licence_key="9999"))
    assert caught.value.facts["code"] == "license.not.found"
    assert [call["method"] for call in sandbox.requests] == ["PUT"]


@pytest.mark.parametrize(("notify", "mails"), [(True, ["product-change"]), (False, [])])
def test_mail_about_a_licence_is_sent_or_not(sandbox, notify, mails):
    """M2, M3, M4. Observed: suppressEmail in the query, on licences. Documented: the first "get started" goes out."""
    perform(sandbox, make_operation(OperationKind.ASSIGN_LICENCE, "7003", notify=notify, licence_key="9002"))
    assert [kind for kind in sandbox.mails if kind != "get-started"] == mails


@pytest.mark.parametrize(("notify", "mails"), [(True, ["role-change"]), (False, [])])
def test_mail_about_a_role_is_sent_or_not(sandbox, notify, mails):
    """M4. Assumed: suppressEmail as a query parameter on an update."""
    perform(sandbox, make_operation(OperationKind.SET_ROLES, notify=notify, roles=["MANAGE_USERS"]))
    assert sandbox.mails == mails


def test_deleted_address_comes_back_as_the_old_user(sandbox):
    """W14. Documented: creating the same address in the same account revives the old user."""
    bo = NewAccount("c1", "bo+team@acme.example", "Bo", "Lind")
    reply = perform(sandbox, make_operation(OperationKind.DELETE_ACCOUNT), make_create(bo))
    assert reply.created == {"bo+team@acme.example": "7002"}


def test_account_of_another_number_is_not_taken_for_an_empty_one(sandbox):
    """C9. Assumed: 404 account.not.found. It must not read as "this user is absent"."""
    with pytest.raises(RefusedByTarget) as caught:
        sandbox.run(lambda target: target.read_accounts(["7002"], []), account_key="3009")
    assert caught.value.facts["code"] == "account.not.found"
