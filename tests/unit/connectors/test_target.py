"""Which calls answer a question, which call does a thing, and what counts as done."""

from contextlib import suppress
from urllib.parse import unquote

import pytest

from tasks.model.errors import RefusedByTarget, TargetDown, UncertainCall
from tasks.model.operations import NewAccount, Operation, OperationKind, Reply
from tasks.model.state import AccountState

ADA = {"key": "7001", "email": "ada@acme.example", "firstName": "Ada", "lastName": "Byron", "licenseKeys": ["9001"]}


def make_operation(kind, *, account_key="7001", notify=True, **payload):
    return Operation("op-1", kind, ("c1",), account_key=account_key, payload=payload, notify=notify)


def perform(goto, kind, **payload):
    return goto.run(lambda target: target.perform(make_operation(kind, **payload)))


def listed(goto):
    return [call for call in goto.calls("GET", "/users") if "pageSize=1000" in call.query]


def test_identify_finds_the_account_among_those_that_are_reachable(goto):
    goto.on("GET", "^/admin/rest/v1/me$", (200, {"key": "1", "accounts": [{"key": 3001, "name": "Acme"}]}))
    assert goto.run(lambda target: target.identify()) == "3001"


def test_identify_says_which_accounts_are_reachable_instead(goto):
    goto.on("GET", "^/admin/rest/v1/me$", (200, {"key": "1", "accountKey": "3009", "accounts": [{"key": "3002"}]}))
    with pytest.raises(RefusedByTarget, match=r"do not reach account 3001; they reach 3002, 3009\."):
        goto.run(lambda target: target.identify())


def test_read_takes_users_groups_and_licences(goto):
    goto.on("GET", "/users", (200, {"results": [ADA], "total": 1}))
    goto.on("GET", "/groups", (200, {"total": 0}))
    goto.on("GET", "/licenses", (200, {"results": [{"key": 9001, "seats": 5, "userCount": 1}], "total": 1}))
    state = goto.run(lambda target: target.read())
    assert state.accounts["account_key"].tolist() == ["7001"]
    assert state.grants.to_numpy().tolist() == [["7001", "9001"]]
    assert (len(state.groups), state.licences["seats"].tolist()) == (0, [5])


def test_accounts_are_looked_up_by_key_and_by_address_and_the_absent_left_out(goto):
    goto.on("GET", "/users/7001", (200, ADA))
    goto.on("GET", "/users/7002", (404, {"errors": [{"code": "user.not.found", "value": "7002"}]}))
    goto.on("GET", "/users", (200, {"total": 40_000}), (200, {"results": [{"key": 7003, "email": "bo@ACME.example"}]}))
    states = goto.run(lambda target: target.read_accounts(["7001", "7002"], ["bo@acme.example"]))
    assert [(state.account_key, state.user_name) for state in states] == [
        ("7001", "ada@acme.example"), ("7003", "bo@ACME.example"),
    ]  # fmt: skip
    assert states[0].licences == frozenset({"9001"})


def test_address_is_looked_up_as_given_and_in_lower_case(goto):
    goto.on("GET", "/users", (200, {"total": 0}))
    assert goto.run(lambda target: target.read_accounts([], ["Ada@acme.example"])) == []
    queries = [call.query for call in goto.calls("GET", "/users")]
    assert [unquote(query) for query in queries] == [
        'filter=email eq "Ada@acme.example"', 'filter=email eq "ada@acme.example"',
    ]  # fmt: skip
    assert not any("+" in query for query in queries)


def test_account_named_by_key_and_by_address_comes_once(goto):
    goto.on("GET", "/users/7001", (200, ADA))
    goto.on("GET", "/users", (200, {"results": [ADA], "total": 1}))
    assert len(goto.run(lambda target: target.read_accounts(["7001"], ["ADA@acme.example"]))) == 1


def test_answer_to_a_filter_that_matches_somebody_else_is_not_taken(goto):
    goto.on("GET", "/users", (200, {"results": [{"key": 7009, "email": "ada@acme.example.test"}], "total": 1}))
    assert goto.run(lambda target: target.read_accounts([], ["ada@acme.example"])) == []


def test_many_accounts_are_read_from_the_list_when_that_takes_fewer_calls(goto):
    goto.on("GET", "/users", (200, {"results": [ADA], "total": 1}))
    goto.on("GET", "/users/700[23]", (404, {"errors": [{"code": "user.not.found"}]}))
    states = goto.run(lambda target: target.read_accounts(["7001", "7002", "7003"], []))
    assert states == [AccountState("7001", "ada@acme.example", "Ada", "Byron", licences=frozenset({"9001"}))]
    assert (len(goto.calls("GET")), len(listed(goto))) == (4, 1)  # one counts, one lists, two ask again who is gone


@pytest.mark.parametrize("people", [3, 5])
def test_whom_a_list_lacks_is_asked_for_again(goto, people):
    """An empty list may be the answer to another call: a leaver would count as gone."""
    everybody = [{**ADA, "key": 7001 + number, "email": f"p{number}@acme.example"} for number in range(people)]
    keys = [str(person["key"]) for person in everybody]
    shown = 1 if people == 3 else 0
    answers = [everybody[:1], everybody[:shown], everybody]
    goto.on("GET", "/users", lambda _: (200, {"results": (found := answers.pop(0)), "total": len(found)}))
    goto.on("GET", "/users/.*", lambda request: (200, {**ADA, "key": request.path.rpartition("/")[2]}))
    states = goto.run(lambda target: target.read_accounts(keys, []))
    assert [state.account_key for state in states] == keys
    assert len(listed(goto)) == (1 if people == 3 else 2)


def test_few_accounts_of_a_large_tenant_are_not_read_from_the_list(goto):
    goto.on("GET", "/users", (200, {"results": [ADA], "total": 100_000}))
    goto.on("GET", "/users/.*", lambda request: (200, {**ADA, "key": request.path.rpartition("/")[2]}))
    goto.run(lambda target: target.read_accounts(["7001", "7002", "7003"], []))
    assert listed(goto) == []


def test_page_of_a_proxy_does_not_mean_that_an_account_is_absent(goto):
    goto.on("GET", "/users/7001", (404, b"<html>not here</html>"))
    goto.on("GET", "/users", (404, b"<html>not here</html>"))
    with pytest.raises(TargetDown, match="not of GoTo's form"):
        goto.run(lambda target: target.read_accounts(["7001"], []))


def test_one_failing_lookup_ends_the_reading_with_its_own_error(goto):
    goto.on("GET", "/users/7001", (503, b""))
    goto.on("GET", "/users/7002", (200, ADA))
    with pytest.raises(TargetDown):
        goto.run(lambda target: target.read_accounts(["7001", "7002"], []))


def test_create_is_sent_so_that_one_conflict_does_not_stop_the_others(goto):
    goto.on("POST", "/users", (200, [{"email": "ada@acme.example", "key": 7001}, {"email": "bo@acme.example"}]))
    people = (NewAccount("c1", "ada@acme.example"), NewAccount("c2", "bo@acme.example"))
    operation = Operation("op", OperationKind.CREATE_ACCOUNTS, ("c1", "c2"), people=people, notify=False)
    reply = goto.run(lambda target: target.perform(operation))
    [call] = goto.calls("POST")
    assert call.query == "allOrNothing=false"
    assert call.headers["Content-Type"] == "application/json"
    assert call.json["suppressEmail"] is True
    assert (reply.created, set(reply.refused)) == ({"ada@acme.example": "7001"}, {"bo@acme.example"})


def test_create_whose_answer_leaves_somebody_out_is_uncertain(goto):
    goto.on("POST", "/users", (200, []))
    operation = Operation("op", OperationKind.CREATE_ACCOUNTS, ("c",), people=(NewAccount("c", "a@acme.example"),))
    with pytest.raises(UncertainCall):
        goto.run(lambda target: target.perform(operation))


@pytest.mark.parametrize("status", [200, 201, 204, 205])
def test_any_empty_success_is_a_success(goto, status):
    goto.on("PUT", "/users/7001", (status, b""))
    assert perform(goto, OperationKind.UPDATE_ACCOUNT, given_name="Augusta") == Reply()
    assert goto.calls("PUT")[0].json == {"firstName": "Augusta"}


@pytest.mark.parametrize(("notify", "quiet"), [(True, "false"), (False, "true")])
def test_licence_is_assigned_and_unassigned_with_or_without_mail(goto, notify, quiet):
    goto.on("PUT", "/licenses/9001/users/7001", (204, b""))
    goto.on("DELETE", "/licenses/9001/users/7001", (204, b""))
    perform(goto, OperationKind.ASSIGN_LICENCE, licence_key="9001", notify=notify)
    perform(goto, OperationKind.UNASSIGN_LICENCE, licence_key="9001", notify=notify)
    assert [call.query for call in goto.calls("PUT") + goto.calls("DELETE")] == [f"suppressEmail={quiet}"] * 2
    assert goto.calls("PUT")[0].body == b""


MISSING = [
    (405, b""),
    (501, b""),
    (404, b"<html>no such page</html>"),
    (404, b""),
    (404, {"errors": [{"code": "resource.not.found"}]}),
]


@pytest.mark.parametrize("missing", MISSING)
def test_licence_is_assigned_by_the_whole_set_where_the_verb_is_missing(goto, missing):
    goto.on("PUT", "/licenses/9002/users/7001", missing)
    goto.on("GET", "/users/7001", (200, ADA))
    goto.on("PUT", "/users/7001", (204, b""))
    perform(goto, OperationKind.ASSIGN_LICENCE, licence_key="9002")
    assert goto.calls("PUT", "/users")[0].json == {"licenseKeys": ["9001", "9002"]}


@pytest.mark.parametrize("missing", MISSING)
def test_verb_that_is_missing_is_not_tried_again(goto, missing):
    goto.on("PUT", "/licenses/.*", missing)
    goto.on("GET", "/users/7001", (200, ADA), (200, {**ADA, "licenseKeys": ["9001", "9002"]}))
    goto.on("PUT", "/users/7001", (204, b""))

    async def scenario(target):
        for key in ("9002", "9003"):
            await target.perform(make_operation(OperationKind.ASSIGN_LICENCE, licence_key=key))

    goto.run(scenario)
    assert len(goto.calls("PUT", "/licenses")) == 1


def test_licence_that_is_held_already_is_not_sent_as_a_set(goto):
    goto.on("PUT", "/licenses/9001/users/7001", (405, b""))
    goto.on("GET", "/users/7001", (200, ADA))
    perform(goto, OperationKind.ASSIGN_LICENCE, licence_key="9001")
    assert goto.calls("PUT", "/users") == []


def test_licence_for_nobody_is_refused_where_the_verb_is_missing(goto):
    goto.on("PUT", "/licenses/9001/users/7001", (405, b""))
    goto.on("GET", "/users/7001", (404, {"errors": [{"code": "user.not.found"}]}))
    with pytest.raises(RefusedByTarget) as caught:
        perform(goto, OperationKind.ASSIGN_LICENCE, licence_key="9001")
    assert caught.value.facts["code"] == "user.not.found"


@pytest.mark.parametrize(
    ("refusal", "free", "lack"),
    [
        ((403, {"errors": [{"code": "license.limit.reached"}]}), 1, True),
        ((403, {"incidentId": "i-1"}), 1, True),
        ((403, {"errors": [{"code": "license.limit.reached"}]}), 2, False),
        ((403, {"errors": [{"code": "role.insufficient"}]}), 0, False),
        ((400, {"errors": [{"code": "user.email.invalid"}]}), 2, False),
    ],
)
def test_refusal_of_a_create_is_about_seats_where_fewer_are_free_than_people_asked_for(goto, refusal, free, lack):
    goto.on("POST", "/users", refusal)
    goto.on("GET", "/licenses", (200, {"results": [{"key": 9001, "seats": 5, "userCount": 5 - free}], "total": 1}))
    people = (NewAccount("c1", "ada@acme.example", "Ada", "Byron"), NewAccount("c2", "bea@acme.example", "Bea", "Ash"))
    create = Operation("op-1", OperationKind.CREATE_ACCOUNTS, ("c1", "c2"), people=people,
                       payload={"licences": ["9001"]})  # fmt: skip
    with pytest.raises(RefusedByTarget) as caught:
        goto.run(lambda target: target.perform(create))
    assert (caught.value.facts["code"] == "license.seats.exceeded") is lack


def test_refusal_stays_what_it_is_where_the_licences_cannot_be_listed(goto):
    goto.on("PUT", "/licenses/9001/users/7001", (409, {"errors": [{"code": "odd"}]}))
    goto.on("GET", "/licenses", (403, {"errors": [{"code": "role.insufficient"}]}))
    with pytest.raises(RefusedByTarget) as caught:
        perform(goto, OperationKind.ASSIGN_LICENCE, licence_key="9001")
    assert caught.value.facts["code"] == "odd"


def test_account_is_read_whose_custom_roles_come_as_lists(goto):
    bo = {"key": "7002", "email": "bo@acme.example", "roleSets": []}
    goto.on("GET", "/users", (200, {"results": [{**ADA, "roleSets": ["4002", "4001"]}, bo], "total": 2}))
    goto.on("GET", "/rolesets", (200, {"results": [{"id": "4002", "name": "Auditors"}], "total": 1}))
    goto.on("GET", "/groups", (200, {"total": 0}))
    goto.on("GET", "/licenses", (200, {"total": 0}))
    state = goto.run(lambda target: target.read())
    assert state.accounts["roles"].tolist() == [("custom:4001", "custom:Auditors"), ()]


def test_unknown_licence_is_refused_with_gotos_code(goto):
    goto.on("PUT", "/licenses/9001/users/7001", (404, {"errors": [{"code": "license.not.found"}]}))
    with pytest.raises(RefusedByTarget) as caught:
        perform(goto, OperationKind.ASSIGN_LICENCE, licence_key="9001")
    assert caught.value.facts["code"] == "license.not.found"
    assert goto.calls("PUT", "/users") == []


@pytest.mark.parametrize("user", [(200, {**ADA, "licenseKeys": []}), (404, {"errors": [{"code": "user.not.found"}]})])
def test_licence_that_is_not_held_counts_as_unassigned(goto, user):
    goto.on("DELETE", "/licenses/9001/users/7001", (404, {"errors": [{"code": "user.not.found"}]}))
    goto.on("GET", "/users/7001", user)
    assert perform(goto, OperationKind.UNASSIGN_LICENCE, licence_key="9001") == Reply()


def test_licence_that_is_still_held_after_404_is_refused(goto):
    goto.on("DELETE", "/licenses/9001/users/7001", (404, {"errors": [{"code": "license.not.found"}]}))
    goto.on("GET", "/users/7001", (200, ADA))
    with pytest.raises(RefusedByTarget):
        perform(goto, OperationKind.UNASSIGN_LICENCE, licence_key="9001")


@pytest.mark.parametrize("roles", [["MANAGE_USERS"], []])
def test_roles_are_set_and_cleared(goto, roles):
    goto.on("GET", "/users/7001", (200, ADA))
    goto.on("PUT", "/users/7001", (204, b""))
    perform(goto, OperationKind.SET_ROLES, roles=roles)
    assert goto.calls("PUT")[0].json == {"adminRoles": roles}


LIMITED = {
    "roles": ["MANAGE_USERS"],
    "managed_groups": ["5002"],
    "fallback": {"roles": ["ADD_USERS"], "managed_groups": ["5001"]},
}
UNLIMITED = {**ADA, "adminRoles": ["MANAGE_USERS"]}


def test_limit_that_was_not_kept_is_set_back_with_the_groups_of_before(goto):
    goto.on("GET", "/users/7001", (200, {**ADA, "adminRoles": ["ADD_USERS"], "managedGroupKeys": ["5001"]}))
    goto.on("PUT", "/users/7001", (204, b""))
    with pytest.raises(RefusedByTarget, match="They were taken back"):
        perform(goto, OperationKind.SET_ROLES, **LIMITED)
    assert [call.json for call in goto.calls("PUT")] == [
        {"adminRoles": ["MANAGE_USERS"], "managedGroupKeys": ["5002"]},
        {"adminRoles": ["ADD_USERS"], "managedGroupKeys": ["5001"]},
    ]


def test_limit_is_not_taken_for_missing_by_one_old_reading(goto):
    limited = {**ADA, "adminRoles": ["MANAGE_USERS"], "managedGroupKeys": ["5002"]}
    goto.on("GET", "/users/7001", (200, ADA), (200, ADA), (200, limited))
    goto.on("PUT", "/users/7001", (204, b""))
    perform(goto, OperationKind.SET_ROLES, **LIMITED)
    assert [call.json["adminRoles"] for call in goto.calls("PUT")] == [["MANAGE_USERS"]]


def test_limit_that_was_not_kept_and_cannot_be_set_back_is_told_with_what_to_do(goto):
    goto.on("GET", "/users/7001", (200, ADA), (200, UNLIMITED))
    goto.on("PUT", "/users/7001", (204, b""), (409, {"incidentId": "i-9", "errors": [{"code": "odd"}]}))
    with pytest.raises(RefusedByTarget, match=r"may manage everybody now.*at once") as caught:
        perform(goto, OperationKind.SET_ROLES, **LIMITED)
    assert (caught.value.facts["code"], caught.value.facts["incident"]) == ("roles.not.limited", "i-9")


@pytest.mark.parametrize("back", ["cut", (429, {}), (503, b"")])
def test_setting_back_that_may_not_have_been_done_is_uncertain(goto, back):
    goto.on("GET", "/users/7001", (200, ADA), (200, UNLIMITED))
    goto.on("PUT", "/users/7001", (204, b""), back)
    with pytest.raises(UncertainCall, match="may manage everybody now"):
        perform(goto, OperationKind.SET_ROLES, **LIMITED)


@pytest.mark.parametrize("answer", [(204, b""), "cut"])
@pytest.mark.parametrize("look", [(404, {"errors": [{"code": "user.not.found"}]}), (401, {}), (500, b""), "cut"])
def test_limit_that_cannot_be_looked_at_is_uncertain(goto, answer, look):
    goto.on("GET", "/users/7001", (200, ADA), look)
    goto.on("PUT", "/users/7001", answer)
    with pytest.raises(UncertainCall):
        perform(goto, OperationKind.SET_ROLES, **LIMITED)
    assert len(goto.calls("PUT")) == 1


def test_roles_of_an_account_that_is_gone_are_refused_and_not_sent(goto):
    goto.on("GET", "/users/7001", (404, {"errors": [{"code": "user.not.found"}]}))
    with pytest.raises(RefusedByTarget) as caught:
        perform(goto, OperationKind.SET_ROLES, roles=["MANAGE_USERS"])
    assert (caught.value.facts["code"], goto.calls("PUT")) == ("user.not.found", [])


@pytest.mark.parametrize("listed", [[], [{"id": "4001", "name": "Help desk"}]])
@pytest.mark.parametrize("held", ["4002", 4002, ["4002"]])
def test_custom_role_that_is_not_in_the_list_is_taken_away(goto, held, listed):
    goto.on("GET", "/users/7001", (200, {**ADA, "roleSets": held}))
    goto.on("GET", "/rolesets", (200, {"results": listed, "total": len(listed)}))
    goto.on("PUT", "/users/7001", (204, b""))
    goto.on("DELETE", "/users/rolesets", (204, b""))
    perform(goto, OperationKind.SET_ROLES, roles=[])
    assert [unquote(call.query) for call in goto.calls("DELETE")] == ['filter=email eq "ada@acme.example"']


@pytest.mark.parametrize("held", [None, "", []])
def test_who_has_no_custom_role_loses_none(goto, held):
    goto.on("GET", "/users/7001", (200, {**ADA, "roleSets": held}))
    goto.on("PUT", "/users/7001", (204, b""))
    perform(goto, OperationKind.SET_ROLES, roles=[])
    assert (len(goto.calls("PUT")), goto.calls("DELETE")) == (1, [])


def test_custom_role_of_an_account_without_an_address_is_refused_and_nothing_sent(goto):
    goto.on("GET", "/users/7001", (200, {**ADA, "email": None, "roleSets": "4002"}))
    with pytest.raises(RefusedByTarget, match="no address"):
        perform(goto, OperationKind.SET_ROLES, roles=[])
    assert goto.calls("PUT") == []


@pytest.mark.parametrize("refusal", [(409, {"errors": [{"code": "odd"}]}), (429, {}), (403, {}), "cut"])
def test_what_stops_an_operation_after_its_first_write_leaves_it_uncertain(goto, refusal):
    goto.on("GET", "/users/7001", (200, {**ADA, "roleSets": ["4001"]}))
    goto.on("GET", "/rolesets", (200, {"results": [{"id": "4001", "name": "Help desk"}], "total": 1}))
    goto.on("PUT", "/users/7001", (204, b""))
    goto.on("DELETE", "/users/rolesets", refusal)
    with pytest.raises(UncertainCall):
        perform(goto, OperationKind.SET_ROLES, roles=["MANAGE_USERS"])


@pytest.mark.parametrize("refusal", [(409, {}), (429, {}), "cut"])
def test_large_directory_group_that_was_changed_in_part_is_uncertain(goto, refusal):
    people = [{"value": str(7000 + number)} for number in range(150)]
    goto.on("GET", "^/identity/v1/Groups/6001$", (200, {"id": "6001", "displayName": "All", "members": people}))
    goto.on("PATCH", "^/identity/v1/Groups/6001$", (204, b""), refusal)
    payload = {"group_key": "6001", "add": [], "remove": [person["value"] for person in people[:120]]}
    operation = make_operation(OperationKind.CHANGE_DIRECTORY_GROUP, account_key=None, **payload)
    with pytest.raises(UncertainCall):
        goto.run(lambda target: target.perform(operation), directory="feed", directory_patch="merge")


def test_large_directory_group_whose_first_change_is_refused_is_refused(goto):
    people = [{"value": str(7000 + number)} for number in range(150)]
    goto.on("GET", "^/identity/v1/Groups/6001$", (200, {"id": "6001", "displayName": "All", "members": people}))
    goto.on("PATCH", "^/identity/v1/Groups/6001$", (409, {"Errors": [{"code": "409"}]}))
    payload = {"group_key": "6001", "add": [], "remove": [person["value"] for person in people[:120]]}
    operation = make_operation(OperationKind.CHANGE_DIRECTORY_GROUP, account_key=None, **payload)
    with pytest.raises(RefusedByTarget):
        goto.run(lambda target: target.perform(operation), directory="feed", directory_patch="merge")


def test_group_is_joined_with_an_empty_body_and_left_as_a_whole(goto):
    goto.on("PUT", "/groups/5001/users/7001", (204, b""))
    goto.on("DELETE", "/users/7001/groups", (204, b""))
    perform(goto, OperationKind.JOIN_GROUP, group_key="5001")
    perform(goto, OperationKind.LEAVE_GROUPS)
    assert goto.calls("PUT")[0].body == b""
    assert len(goto.calls("DELETE")) == 1


def test_leaving_without_being_in_a_group_counts_as_done(goto):
    goto.on("DELETE", "/users/7001/groups", (404, {"errors": [{"code": "group.not.found"}]}))
    goto.on("GET", "/users/7001", (200, ADA))
    assert perform(goto, OperationKind.LEAVE_GROUPS) == Reply()


def test_leaving_of_an_unknown_account_is_refused(goto):
    goto.on("DELETE", "/users/7001/groups", (404, {"errors": [{"code": "user.not.found"}]}))
    with pytest.raises(RefusedByTarget):
        perform(goto, OperationKind.LEAVE_GROUPS)


@pytest.mark.parametrize("answer", [b'"5001"', b"5001", b'{"key":"5001"}'])
def test_new_group_gives_its_key(goto, answer):
    goto.on("POST", "/groups", (201, answer))
    goto.on("GET", "/groups/5001", (200, {"key": "5001", "name": "Sales"}))
    assert perform(goto, OperationKind.CREATE_GROUP, account_key=None, name="Sales").group_key == "5001"
    assert goto.calls("POST", "/groups")[0].json == {"name": "Sales"}


def test_account_that_is_gone_counts_as_deleted(goto):
    goto.on("DELETE", "/users/7001", (404, {"errors": [{"code": "user.not.found"}]}))
    goto.on("GET", "/users/7001", (404, {"errors": [{"code": "user.not.found"}]}))
    assert perform(goto, OperationKind.DELETE_ACCOUNT) == Reply()


def test_wrong_address_does_not_count_as_deleted(goto):
    goto.on("DELETE", "/users/7001", (404, b"<html>"))
    with pytest.raises(UncertainCall):
        perform(goto, OperationKind.DELETE_ACCOUNT)


def test_key_cannot_lead_to_another_path(goto):
    goto.on("DELETE", "/users/.*", (204, b""))
    goto.run(
        lambda target: target.perform(make_operation(OperationKind.DELETE_ACCOUNT, account_key="7001/../../x?y=z"))
    )
    assert goto.seen[-1].path.endswith("/users/7001%2F..%2F..%2Fx%3Fy%3Dz")


def test_groups_are_read_as_key_and_name(goto):
    goto.on("GET", "/groups", (200, {"results": [{"key": 5001, "name": "Sales"}], "total": 1}))
    assert goto.run(lambda target: target.read_groups()) == {"5001": "Sales"}


@pytest.mark.parametrize("then", [(429, b""), (401, b"")], ids=["too many", "revoked"])
def test_create_that_breaks_off_after_somebody_was_made_counts_as_uncertain(goto, then):
    revoked = (400, {"error": "invalid_grant"})
    goto.on("POST", "^/oauth/token$", (200, {"access_token": "hush-at-1", "expires_in": 3600}), revoked)
    goto.on("POST", "/users", (400, {"errors": [{"code": "licence.or.role.required"}]}))
    goto.on("POST", "^/identity/v1/Users$", (201, {"id": "7009", "userName": "p0@acme.example"}), then)
    people = tuple(NewAccount(f"c{n}", f"p{n}@acme.example", "P", "Q") for n in range(2))
    operation = Operation("op", OperationKind.CREATE_ACCOUNTS, ("c0", "c1"), people=people)
    with pytest.raises(UncertainCall):
        goto.run(lambda target: target.perform(operation), directory="feed")


CHIEF = {**ADA, "adminRoles": ["SUPER_USER"], "status": "ACTIVE"}
OTHER = {"key": "7002", "email": "bea@acme.example", "adminRoles": ["SUPER_USER"], "status": "ACTIVE"}
NO_CHIEF = {
    "empty": {"total": 0},
    "strangers": {"results": [{"key": "7009", "email": "s@acme.example", "adminRoles": []}], "total": 1},
    "old": {"results": [{**ADA, "adminRoles": []}, OTHER], "total": 2},
}


@pytest.mark.parametrize("odd", NO_CHIEF.values(), ids=NO_CHIEF)
def test_list_that_does_not_show_a_super_admin_who_was_just_seen_is_asked_for_again(goto, odd):
    goto.on("GET", "/users", (200, odd), (200, {"results": [CHIEF, OTHER], "total": 2}))
    assert goto.run(lambda target: target.read_admins("7001")) == {"7001", "7002"}


@pytest.mark.parametrize("odd", NO_CHIEF.values(), ids=NO_CHIEF)
def test_list_that_never_shows_a_super_admin_who_is_one_says_nothing_of_the_others(goto, odd):
    goto.on("GET", "/users", (200, odd))
    goto.on("GET", "/users/7001", (200, CHIEF))
    with pytest.raises(TargetDown, match="cannot be believed"):
        goto.run(lambda target: target.read_admins("7001"))


@pytest.mark.parametrize("now", [(404, {"errors": [{"code": "user.not.found"}]}), (200, ADA)], ids=["gone", "demoted"])
def test_super_admin_who_is_none_any_more_is_not_missed_in_the_list(goto, now):
    goto.on("GET", "/users", (200, {"results": [OTHER], "total": 1}))
    goto.on("GET", "/users/7001", now)
    assert goto.run(lambda target: target.read_admins("7001")) == {"7002"}


def directory_group(*members):
    return 200, {"id": "6001", "displayName": "All", "members": [{"type": "user", "value": key} for key in members]}


def change_members(goto, *changes):
    """Change a directory group, call after call, by one client."""

    async def scenario(target):
        for add, remove in changes:
            payload = {"group_key": "6001", "add": add, "remove": remove}
            await target.perform(make_operation(OperationKind.CHANGE_DIRECTORY_GROUP, account_key=None, **payload))

    goto.run(scenario, directory="feed")
    return [{one["value"] for one in call.json["members"]} for call in goto.seen if call.method == "PUT"]


OLD = [
    pytest.param(([], ["7001"]), directory_group("7001", "7002"), directory_group("7002"), id="taken out"),
    pytest.param((["7003"], []), directory_group("7001", "7002"), directory_group("7001", "7002", "7003"), id="put in"),
]


@pytest.mark.parametrize(("first", "before", "after"), OLD)
def test_old_reading_of_a_directory_group_undoes_nothing_that_was_done(goto, first, before, after):
    goto.on("GET", "^/identity/v1/Groups/6001$", before, before, after)
    goto.on("PUT", "^/identity/v1/Groups/6001$", (204, b""))
    sent = change_members(goto, first, (["7004"], []))
    assert sent[1] == sent[0] | {"7004"}


@pytest.mark.parametrize(("first", "before", "after"), OLD)
def test_directory_group_that_is_not_read_as_it_was_left_is_not_changed(goto, first, before, after):
    goto.on("GET", "^/identity/v1/Groups/6001$", before)
    goto.on("PUT", "^/identity/v1/Groups/6001$", (204, b""))
    with pytest.raises(TargetDown, match="cannot be believed"):
        change_members(goto, first, (["7004"], []))
    assert len([call for call in goto.seen if call.method == "PUT"]) == 1


def test_change_of_a_directory_group_without_an_answer_is_not_what_was_left(goto):
    goto.on("GET", "^/identity/v1/Groups/6001$", directory_group("7001"), directory_group(), directory_group("7001"))
    goto.on("PUT", "^/identity/v1/Groups/6001$", (204, b""), (500, b""), (204, b""))

    async def scenario(target):
        for add, remove in (([], ["7001"]), (["7001"], []), (["7002"], [])):
            payload = {"group_key": "6001", "add": add, "remove": remove}
            operation = make_operation(OperationKind.CHANGE_DIRECTORY_GROUP, account_key=None, **payload)
            with suppress(UncertainCall):
                await target.perform(operation)

    goto.run(scenario, directory="feed")
    last = [call for call in goto.seen if call.method == "PUT"][-1]
    assert {one["value"] for one in last.json["members"]} == {"7001", "7002"}


@pytest.mark.parametrize("answers", [1, 2], ids=["once", "always"])
def test_old_reading_of_a_user_gives_no_licence_back_that_was_taken(goto, answers):
    goto.on("PUT", "/licenses/9002/users/7001", (405, {"errors": [{"code": "method.not.allowed"}]}))
    goto.on("DELETE", "/licenses/9001/users/7001", (204, b""))
    goto.on("PUT", "/users/7001", (204, b""))
    old, new = (200, ADA), (200, {**ADA, "licenseKeys": []})
    goto.on("GET", "/users/7001", *([old] * answers), new)

    async def scenario(target):
        await target.perform(make_operation(OperationKind.UNASSIGN_LICENCE, licence_key="9001"))
        await target.perform(make_operation(OperationKind.ASSIGN_LICENCE, licence_key="9002"))

    if answers == 1:
        goto.run(scenario)
        assert [call.json for call in goto.calls("PUT", "/users")] == [{"licenseKeys": ["9002"]}]
    else:
        with pytest.raises(TargetDown, match="cannot be believed"):
            goto.run(scenario)
        assert goto.calls("PUT", "/users") == []


def test_reading_after_a_call_without_an_answer_is_believed_when_it_comes_again(goto):
    """The first may be from before the licence was taken, and then shows what the call was to give."""
    goto.on("DELETE", "/licenses/9001/users/7001", (204, b""))
    goto.on("PUT", "/licenses/9001/users/7001", "cut")
    goto.on("GET", "/users/7001", (200, ADA), (200, {**ADA, "licenseKeys": []}))

    async def scenario(target):
        await target.perform(make_operation(OperationKind.UNASSIGN_LICENCE, licence_key="9001"))
        with suppress(UncertainCall):
            await target.perform(make_operation(OperationKind.ASSIGN_LICENCE, licence_key="9001"))
        return await target.read_accounts(["7001"], [])

    assert [one.licences for one in goto.run(scenario)] == [frozenset()]


@pytest.mark.parametrize("people", [["7001"], ["7001", "7002", "7003"]], ids=["one", "a list"])
def test_reading_from_before_a_call_of_ours_is_asked_for_again(goto, people):
    goto.on("DELETE", "/licenses/9001/users/7001", (204, b""))
    goto.on("GET", "/users/7001", *([(200, ADA)] if len(people) == 1 else []), (200, {**ADA, "licenseKeys": []}))
    others = [{"key": key, "email": f"p{key}@acme.example", "licenseKeys": []} for key in people[1:]]
    goto.on("GET", "/users", (200, {"results": [ADA, *others], "total": 1 + len(others)}))

    async def scenario(target):
        await target.perform(make_operation(OperationKind.UNASSIGN_LICENCE, licence_key="9001"))
        return await target.read_accounts(people, [])

    found = goto.run(scenario)
    assert (found[0].account_key, found[0].licences) == ("7001", frozenset())
    assert len(found) == len(people)


@pytest.mark.parametrize("answers", [1, 2], ids=["once", "always"])
@pytest.mark.parametrize("first", ["verb", "set"])
def test_old_reading_of_a_user_takes_no_licence_away_that_was_given(goto, answers, first):
    missing = (405, {"errors": [{"code": "method.not.allowed"}]})
    goto.on("PUT", "/licenses/9002/users/7001", (204, b"") if first == "verb" else missing)
    goto.on("PUT", "/licenses/9003/users/7001", missing)
    goto.on("PUT", "/users/7001", (204, b""))
    old, new = (200, ADA), (200, {**ADA, "licenseKeys": ["9001", "9002"]})
    goto.on("GET", "/users/7001", *([old] * (answers + (first == "set"))), new)

    async def scenario(target):
        await target.perform(make_operation(OperationKind.ASSIGN_LICENCE, licence_key="9002"))
        await target.perform(make_operation(OperationKind.ASSIGN_LICENCE, licence_key="9003"))

    if answers == 1:
        goto.run(scenario)
        assert goto.calls("PUT", "/users/7001")[-1].json == {"licenseKeys": ["9001", "9002", "9003"]}
    else:
        with pytest.raises(TargetDown, match="or lacks one that it has given"):
            goto.run(scenario)
        assert not any("9003" in call.json["licenseKeys"] for call in goto.calls("PUT", "/users/7001"))
