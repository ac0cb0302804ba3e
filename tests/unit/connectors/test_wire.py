"""GoTo's JSON as our tables, and our operations as its JSON."""

import json

import pytest

from tasks.connectors.goto import wire
from tasks.model.operations import NewAccount, Operation, OperationKind, Refusal
from tasks.model.tables import LICENCES

ADA = {"key": "7001", "email": "ada@acme.example", "firstName": "Ada", "lastName": "Byron", "locale": "en_US"}


def make_create(*addresses, notify=True, **payload):
    people = tuple(NewAccount(f"c-{address}", address, "Ada", "Byron", "en_US") for address in addresses)
    return Operation("op-1", OperationKind.CREATE_ACCOUNTS, ("c1",), people=people, payload=payload, notify=notify)


def test_key_beyond_64_bits_survives_exactly():
    text = '{"key": 123456789012345678901, "groupKey": 98765432109876543210, "licenseKeys": [1, "2"]}'
    found = wire.user(json.loads(text))
    assert (found.key, found.group_key, found.licences) == ("123456789012345678901", "98765432109876543210", ("1", "2"))


@pytest.mark.parametrize("value", [1.5, 7001.0, True, None, "", [], {}])
def test_what_cannot_be_a_key_is_refused(value):
    with pytest.raises(ValueError, match="not a key"):
        wire.key_of(value)


def test_missing_fields_of_a_user_are_missing_not_empty():
    found = wire.user({"key": "7001", "email": "ada@acme.example", "firstName": "", "adminRoles": None})
    assert found == wire.User("7001", "ada@acme.example", None, None, None, None, (), None, (), False, ())


def test_roles_and_licences_are_sorted_and_licences_stand_once():
    found = wire.user({"key": 1, "adminRoles": ["SUPER_USER", "ADD_USERS"], "licenseKeys": ["9002", 9001, "9001"]})
    assert (found.roles, found.licences) == (("ADD_USERS", "SUPER_USER"), ("9001", "9002"))


@pytest.mark.parametrize(
    ("held", "keys"),
    [
        ("4002", ("4002",)),
        (4002, ("4002",)),
        (["4002"], ("4002",)),
        (["4002", 4001], ("4001", "4002")),
        ([], ()),
        (None, ()),
        ("", ()),
    ],
)
def test_custom_roles_of_a_user_come_as_one_key_or_as_a_list(held, keys):
    assert wire.user({"key": "7001", "roleSets": held}).role_sets == keys


def test_missing_results_are_an_empty_page():
    assert wire.page({"total": 0}, wire.user) == wire.Page([], 0)


def test_to_index_is_not_read_at_all():
    page = wire.page({"results": [ADA], "fromIndex": 0, "toIndex": 99, "total": 3}, wire.user)
    assert (len(page.items), page.total) == (1, 3)


def test_state_holds_the_declared_tables_sorted_by_key():
    users = [
        wire.user({"key": "7002", "email": "bo@acme.example", "licenseKeys": ["9001"], "status": "ACTIVE"}),
        wire.user({**ADA, "adminRoles": ["SUPER_USER"], "groupKey": "5001", "licenseKeys": ["9002", "9001"]}),
    ]
    groups = [wire.group({"key": "5001", "name": "Sales", "namePath": ["All", "Sales"]})]
    licences = [wire.licence({"key": "9001", "seats": 50, "userCount": 3, "products": ["G2W", "G2M"]})]
    state = wire.state(users, groups, licences)
    assert state.accounts["account_key"].tolist() == ["7001", "7002"]
    assert state.accounts["roles"].tolist() == [("SUPER_USER",), ()]
    assert state.accounts["group_key"].isna().tolist() == [False, True]
    assert state.accounts["external_id"].isna().all()
    assert state.grants.to_numpy().tolist() == [["7001", "9001"], ["7001", "9002"], ["7002", "9001"]]
    assert state.groups.to_numpy().tolist() == [["5001", "Sales", ("All", "Sales")]]
    assert state.licences.iloc[0].tolist()[3:] == [("G2M", "G2W"), 50, 3, True]


def test_state_of_an_empty_account_has_the_declared_tables():
    state = wire.state([], [], [])
    assert [len(table) for table in (state.accounts, state.grants, state.groups, state.licences)] == [0, 0, 0, 0]
    assert list(state.licences.columns) == list(LICENCES.columns)


def test_groups_that_roles_are_limited_to_and_transfers_are_read():
    found = wire.user({**ADA, "managedGroupKeys": [5002, "5001"], "pendingTransfer": True})
    assert (found.managed_groups, found.pending_transfer) == (("5001", "5002"), True)
    accounts = wire.state([found], [], []).accounts
    assert accounts["managed_groups"].tolist() == [("5001", "5002")]
    assert accounts["pending_transfer"].tolist() == [True]


def test_licence_without_seats_has_no_limit_and_is_enabled():
    found = wire.licence({"key": "9001", "products": ["G2M"]})
    assert (found.seats, found.used, found.enabled) == (None, None, True)
    assert wire.state([], [], [found]).licences["seats"].isna().all()


def test_create_says_licences_roles_and_group_in_both_places():
    body = wire.new_users(make_create("ada@acme.example", licences=["9001"], roles=["ADD_USERS"], group_key="5001"))
    shared = {"licenseKeys": ["9001"], "adminRoles": ["ADD_USERS"], "groupKey": "5001"}
    assert body == {"users": [{k: v for k, v in ADA.items() if k != "key"} | shared], **shared, "suppressEmail": False}


def test_create_leaves_out_what_is_not_given():
    operation = Operation("op", OperationKind.CREATE_ACCOUNTS, ("c",), people=(NewAccount("c", "a@acme.example"),))
    assert wire.new_users(operation) == {"users": [{"email": "a@acme.example"}], "suppressEmail": False}


def test_create_without_mail_asks_for_none():
    assert wire.new_users(make_create("ada@acme.example", notify=False))["suppressEmail"] is True


def test_created_matches_addresses_without_case_and_takes_a_missing_key_for_a_conflict():
    people = make_create("Ada@acme.example", "bo@acme.example").people
    reply = wire.created([{"email": "ada@ACME.example", "key": 7001}, {"email": "bo@acme.example"}], people)
    assert reply.created == {"Ada@acme.example": "7001"}
    assert reply.refused == {"bo@acme.example": Refusal("user.name.conflict")}


def test_created_leaves_nobody_out():
    with pytest.raises(ValueError, match="not in the answer"):
        wire.created([{"email": "ada@acme.example", "key": "7001"}], make_create("bo@acme.example").people)


@pytest.mark.parametrize(
    ("answer", "is_shown"),
    [("5001", False), (5001, False), ({"key": "5001"}, False), ({"key": 5001, "name": "sales"}, True)],
)
def test_new_group_comes_as_a_bare_key_or_as_an_object(answer, is_shown):
    assert wire.new_group(answer, "Sales") == ("5001", is_shown)


def test_update_speaks_gotos_names_and_clears_with_empty_text():
    fields = {"user_name": "ada@acme.example", "given_name": "Ada", "family_name": None, "locale": "fr_FR"}
    assert wire.changed_fields(fields) == {
        "email": "ada@acme.example", "firstName": "Ada", "lastName": "", "locale": "fr_FR",
    }  # fmt: skip


def test_filter_encodes_blanks_and_plus_and_escapes_quotes():
    assert wire.address_filter('a"+b@acme.example') == "filter=email%20eq%20%22a%5C%22%2Bb%40acme.example%22"


def test_reachable_accounts_come_from_both_places():
    me = {"key": 1, "accountKey": 3001, "accounts": [{"key": "3002", "name": "Two"}]}
    assert wire.reachable_accounts(me) == ["3001", "3002"]


@pytest.mark.parametrize(
    ("status", "activated"),
    [("ACTIVE", True), ("inactive", True), ("INVITED", False), ("SUSPENDED", False), ("ODD", False), (None, False)],
)
def test_account_is_in_use_by_the_words_that_say_so(status, activated):
    record = {"key": "7001", "email": "ada@acme.example", "status": status}
    assert wire.account_state(wire.user(record)).activated is activated
