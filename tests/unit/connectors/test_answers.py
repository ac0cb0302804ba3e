"""What is believed: an empty success, and an answer that is about what was asked. Everything else proves nothing."""

import json

import httpx
import pytest
from pydantic import SecretStr

from tasks.connectors.goto.answers import UnfitAnswer, is_others, read_answer
from tasks.connectors.goto.faults import Fault, read_fault
from tasks.connectors.webhook import post_notice
from tasks.model.errors import CredentialsRefused, RefusedByTarget, TargetDown, UncertainCall
from tasks.model.operations import NewAccount, Operation, OperationKind, Reply

HTML = b"<html><body>Please sign in</body></html>"
ADA = {"key": "7001", "email": "ada@acme.example", "firstName": "Ada", "licenseKeys": ["9001"], "groupKey": "5001"}
BO = {"key": "7002", "email": "bo@acme.example", "firstName": "Bo"}
SALES = {"key": "5001", "name": "Sales"}
HOSTS = {"id": "6001", "displayName": "Hosts", "members": [{"type": "user", "value": "7002"}]}
GONE = (404, {"errors": [{"code": "user.not.found", "value": "7001"}]})

PAGE = (200, HTML, {"Content-Type": "text/html"})
BARE_PAGE = (200, HTML)
NO_ANSWER = {
    "page": PAGE,
    "page without a type": BARE_PAGE,
    "object": (200, {}),
    "list": (200, []),
    "null": (200, None),
    "word": (200, b"done"),
    "no content, with content": (205, b"done"),
    "accepted": (202, b""),
    "transformed": (203, b""),
    "partial": (206, b""),
    "several": (207, b""),
    "moved": (302, b"", {"Location": "https://sign-in.example/"}),
    "see other": (303, b"", {"Location": "https://sign-in.example/"}),
    "not modified": (304, b""),
    "somebody else": (200, BO),
    "other people": (200, [{"email": "cy@acme.example", "key": "7003"}]),
    "key": (200, b'"5009"'),
}


def cases(answers, usual):
    """Give every test these answers: the *usual* ones in 'make test', the others in 'make prove'."""
    return [
        pytest.param(answer, id=name, marks=() if name in usual else pytest.mark.prove)
        for name, answer in answers.items()
    ]


WRONG = cases(NO_ANSWER, ("page", "object"))

CREATE = Operation(
    "op", OperationKind.CREATE_ACCOUNTS, ("c1", "c2"),
    people=(NewAccount("c1", "ada@acme.example", "Ada", "Byron"), NewAccount("c2", "bo@acme.example", "Bo", "Lind")),
)  # fmt: skip


def operation(kind, account_key="7001", **payload):
    return Operation("op", kind, ("c1",), account_key=account_key, payload=payload)


WRITES = {
    "create": ("POST", "/users", CREATE),
    "update": ("PUT", "/users/7001", operation(OperationKind.UPDATE_ACCOUNT, given_name="Augusta")),
    "delete": ("DELETE", "/users/7001", operation(OperationKind.DELETE_ACCOUNT)),
    "assign": ("PUT", "/licenses/9002/users/7001", operation(OperationKind.ASSIGN_LICENCE, licence_key="9002")),
    "unassign": ("DELETE", "/licenses/9001/users/7001", operation(OperationKind.UNASSIGN_LICENCE, licence_key="9001")),
    "roles": ("PUT", "/users/7001", operation(OperationKind.SET_ROLES, roles=["ADD_USERS"])),
    "join": ("PUT", "/groups/5001/users/7001", operation(OperationKind.JOIN_GROUP, group_key="5001")),
    "leave": ("DELETE", "/users/7001/groups", operation(OperationKind.LEAVE_GROUPS)),
    "group": ("POST", "/groups", operation(OperationKind.CREATE_GROUP, None, name="Support")),
    "directory group": (
        "POST", "^/identity/v1/Groups$", operation(OperationKind.CREATE_DIRECTORY_GROUP, None, name="Desk"),
    ),
    "directory members": (
        "PUT", "^/identity/v1/Groups/6001$",
        operation(OperationKind.CHANGE_DIRECTORY_GROUP, None, group_key="6001", add=["7001"], remove=["7002"]),
    ),
}  # fmt: skip


def script(goto):
    """Let everything be there that a write looks at before or after."""
    goto.on("GET", "/users/7001", (200, ADA))
    goto.on("GET", "/groups/5009", (200, {"key": "5009", "name": "Sales"}))
    goto.on("GET", "^/identity/v1/Groups/6001$", (200, HOSTS))


def perform(goto, what):
    return goto.run(lambda target: target.perform(what), directory="feed")


# What an answer must be -----------------------------------------------------------------------------------------------


def response(status, body, headers=None):
    return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body), headers=headers)


@pytest.mark.parametrize("answer", NO_ANSWER.values(), ids=NO_ANSWER)
def test_answer_proves_nothing_that_no_write_without_a_body_gives(answer):
    with pytest.raises(UnfitAnswer):
        read_answer(response(*answer), None, may_be_empty=True)


@pytest.mark.parametrize("status", [200, 201, 204, 205])
def test_empty_success_is_an_answer_where_one_may_be_empty_and_nowhere_else(status):
    assert read_answer(response(status, b""), None, may_be_empty=True) is None
    with pytest.raises(UnfitAnswer, match="it is empty"):
        read_answer(response(status, b""), str, may_be_empty=False)


@pytest.mark.parametrize(
    "kind", ["application/json", "application/scim+json; charset=utf-8", "text/plain", "TEXT/JSON"]
)
def test_data_is_read_whatever_it_is_called(kind):
    assert read_answer(response(200, b"5001", {"Content-Type": kind}), str, may_be_empty=False) == "5001"


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"a": 1} {"a": 2}'])
def test_body_that_is_no_json_proves_nothing(body):
    with pytest.raises(UnfitAnswer, match="cannot be read"):
        read_answer(response(200, body), dict, may_be_empty=False)


# Writes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", WRONG)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_write_whose_answer_is_not_gotos_is_uncertain_and_sent_once(goto, write, answer):
    method, path, what = write
    script(goto)
    goto.on(method, path, answer)
    with pytest.raises(UncertainCall):
        perform(goto, what)
    assert len([call for call in goto.seen if call.method == method and "oauth" not in call.path]) == 1


@pytest.mark.parametrize(
    "status", [200, *(pytest.param(status, marks=pytest.mark.prove) for status in (201, 204, 205))]
)
@pytest.mark.parametrize("name", [name for name in WRITES if name not in ("create", "group", "directory group")])
def test_write_whose_answer_is_an_empty_success_is_believed(goto, name, status):
    method, path, what = WRITES[name]
    script(goto)
    goto.on(method, path, (status, b" \n" if status == 200 else b""))
    assert perform(goto, what) == Reply()


@pytest.mark.parametrize("name", ["create", "group", "directory group"])
def test_create_whose_answer_is_empty_is_uncertain(goto, name):
    method, path, what = WRITES[name]
    goto.on(method, path, (201, b""))
    with pytest.raises(UncertainCall, match="it is empty"):
        perform(goto, what)


def answer_of_a_create(ada="7001", bo="7002"):
    return [{"email": "Ada@acme.example", "key": ada}, {"email": "bo@acme.example", "key": bo}]


def test_create_is_believed_that_names_those_who_were_asked_for(goto):
    goto.on("POST", "/users", (200, answer_of_a_create()))
    assert perform(goto, CREATE).created == {"ada@acme.example": "7001", "bo@acme.example": "7002"}


@pytest.mark.parametrize(
    "answer",
    [
        (200, answer_of_a_create()[:1]),
        (200, [*answer_of_a_create(), {"email": "cy@acme.example", "key": "7003"}]),
        (200, [*answer_of_a_create(), answer_of_a_create()[0]]),
        (200, answer_of_a_create("7001", "7001")),
        (202, answer_of_a_create()),
        (203, answer_of_a_create()),
        (206, answer_of_a_create()),
        (200, answer_of_a_create(), {"Content-Type": "text/html"}),
    ],
    ids=["one missing", "one more", "one twice", "one key for two", "accepted", "transformed", "partial", "page"],
)
def test_create_is_uncertain_whose_answer_does_not_show_what_became_of_each(goto, answer):
    goto.on("POST", "/users", answer)
    with pytest.raises(UncertainCall):
        perform(goto, CREATE)


def test_key_of_another_group_is_not_taken_for_the_new_one(goto):
    goto.on("POST", "/groups", (200, b'"5001"'))
    goto.on("GET", "/groups/5001", (200, SALES))
    with pytest.raises(UncertainCall, match="the key of another group"):
        perform(goto, WRITES["group"][2])


@pytest.mark.parametrize("look", [GONE, PAGE, (200, {"key": "5002", "name": "Support"}), (503, b""), "cut"])
def test_new_group_that_cannot_be_looked_at_is_uncertain(goto, look):
    goto.on("POST", "/groups", (200, b'"5001"'))
    goto.on("GET", "/groups/5001", look)
    with pytest.raises(UncertainCall):
        perform(goto, WRITES["group"][2])


def test_new_group_whose_answer_says_its_name_is_not_read_back(goto):
    goto.on("POST", "/groups", (200, {"key": "5003", "name": "Support"}))
    assert perform(goto, WRITES["group"][2]).group_key == "5003"
    assert goto.calls("GET") == []


@pytest.mark.parametrize(
    ("add", "remove", "shown", "is_believed"),
    [
        (["7001"], [], ["7001", "7002"], True),
        (["7001"], [], ["7002"], False),
        (["7001"], [], ["7001"], False),
        ([], ["7002"], [], True),
        ([], ["7002"], ["7002"], False),
        (["7001"], ["7002"], ["7001", "7003"], False),
    ],
)
def test_changed_directory_group_is_believed_that_shows_the_members_asked_for(goto, add, remove, shown, is_believed):
    goto.on("GET", "^/identity/v1/Groups/6001$", (200, HOSTS))
    answer = {**HOSTS, "members": [{"type": "user", "value": key} for key in shown]}
    goto.on("PUT", "^/identity/v1/Groups/6001$", (200, answer))
    what = operation(OperationKind.CHANGE_DIRECTORY_GROUP, None, group_key="6001", add=add, remove=remove)
    if is_believed:
        assert perform(goto, what) == Reply()
    else:
        with pytest.raises(UncertainCall):
            perform(goto, what)


@pytest.mark.parametrize("answer", [*WRONG, (200, {"id": "7002", "userName": "ada.l@acme.example"})])
def test_locked_address_whose_change_in_the_directory_is_not_shown_is_uncertain(goto, answer):
    goto.on("PUT", "/users/7001", (403, {"errors": [{"code": "user.email.locked"}]}))
    goto.on("PATCH", "^/identity/v1/Users/7001$", answer)
    with pytest.raises(UncertainCall):
        perform(goto, operation(OperationKind.UPDATE_ACCOUNT, user_name="ada.l@acme.example"))


@pytest.mark.parametrize(
    "answer", [*WRONG, (201, {"id": "7009"}), (201, {"id": "7009", "userName": "cy@acme.example"})]
)
def test_login_that_the_directory_does_not_show_is_uncertain(goto, answer):
    goto.on("POST", "/users", (400, {"errors": [{"code": "licence.or.role.required"}]}))
    goto.on("POST", "^/identity/v1/Users$", answer)
    with pytest.raises(UncertainCall):
        perform(goto, CREATE)


@pytest.mark.parametrize("write", ["PUT", "DELETE"])
@pytest.mark.parametrize("answer", WRONG)
def test_custom_role_whose_change_is_not_answered_by_goto_is_uncertain(goto, write, answer):
    goto.on("GET", "/users/7001", (200, {**ADA, "roleSets": "4001" if write == "DELETE" else None}))
    goto.on("GET", "/rolesets", (200, {"results": [{"id": "4001", "name": "Help desk"}], "total": 1}))
    goto.on("PUT", "/users/7001", (204, b""))
    goto.on(write, "/users/rolesets" if write == "DELETE" else "/rolesets/4001/users", answer)
    with pytest.raises(UncertainCall):
        perform(goto, operation(OperationKind.SET_ROLES, roles=["custom:Help desk"] if write == "PUT" else []))


@pytest.mark.parametrize("answer", WRONG)
def test_licences_as_a_whole_set_are_uncertain_where_goto_does_not_answer(goto, answer):
    script(goto)
    goto.on("PUT", "/licenses/9002/users/7001", (405, b""))
    goto.on("PUT", "/users/7001", answer)
    with pytest.raises(UncertainCall):
        perform(goto, WRITES["assign"][2])


# Refusals ------------------------------------------------------------------------------------------------------------


def refusal(value, status=409, code="user.name.conflict"):
    return status, {"incidentId": "i-1", "errors": [{"code": code, "value": value}]}


@pytest.mark.parametrize(
    ("name", "answer"), [("create", refusal("cy@acme.example")), ("update", refusal("7009", 404, "user.not.found"))]
)
def test_refusal_of_another_call_leaves_a_write_uncertain(goto, name, answer):
    method, path, what = WRITES[name]
    goto.on(method, path, answer)
    with pytest.raises(UncertainCall, match="something else than was asked"):
        perform(goto, what)


@pytest.mark.parametrize("value", ["Ada@ACME.example", "a value", "12", ""])
def test_refusal_that_names_what_was_asked_or_nothing_known_is_taken_at_its_word(goto, value):
    goto.on("POST", "/users", refusal(value))
    with pytest.raises(RefusedByTarget):
        perform(goto, CREATE)


def test_refusal_is_of_another_call_only_if_it_names_nothing_of_this_one():
    assert is_others(Fault(409, subjects=("7009",)), "/accounts/3001/users/7001", None)
    assert not is_others(Fault(409, subjects=("7009", "7001")), "/accounts/3001/users/7001", None)
    assert not is_others(Fault(403, subjects=("admin@acme.example",)), "/accounts/3001/users/7001", None)
    assert not is_others(
        Fault(409, subjects=("bo+x@acme.example",)), "/users?filter=email%20eq%20bo%2Bx%40acme.example", {}
    )


@pytest.mark.parametrize(
    ("name", "found"),
    [("delete", refusal("7001", 404, "user.not.found")), ("leave", refusal("5001", 404, "group.not.found"))],
)
def test_what_is_said_to_be_gone_and_is_there_is_refused(goto, name, found):
    method, path, what = WRITES[name]
    script(goto)
    goto.on(method, path, found)
    with pytest.raises((RefusedByTarget, UncertainCall)):
        perform(goto, what)


BARE = {
    "nothing": (404, b""),
    "Kong": (404, {"message": "no Route matched with those values"}),
    "Spring": (404, {"timestamp": 1, "status": 404, "error": "Not Found", "path": "/admin"}),
    "Spring, in use": (409, {"status": 409, "error": "Conflict"}),
    "page": (404, HTML, {"Content-Type": "text/html"}),
    "firewall": (403, HTML, {"Content-Type": "text/html"}),
    "nobody": (401, b""),
    "object": (409, {}),
    "word": (400, b'"no"'),
    "number for errors": (400, {"errors": 1}),
    "true for errors": (422, {"errors": True}),
    "numbers for codes": (400, {"success": False, "errors": [{"code": 7003, "message": "no route"}]}),
    "number for the code": (404, {"code": 5, "message": "Not found"}),
    "problem": (410, {"type": "about:blank", "title": "Gone", "status": 410}, {"Content-Type": "application/json"}),
    "deep": (400, b"[" * 100_000),
    "not implemented": (501, b""),
}
"""Refusals of gateways, proxies and firewalls: of GoTo's statuses, and not of its form."""
REFUSED_BARE = cases(BARE, ("nothing", "Spring, in use", "firewall", "true for errors"))
LOST = cases({name: BARE[name] for name in ("nothing", "Kong", "Spring", "page")}, ("nothing", "Spring"))
"""What everything is answered with whose route is gone."""


@pytest.mark.parametrize("answer", REFUSED_BARE)
@pytest.mark.parametrize("name", [name for name in WRITES if name != "assign"])
def test_write_that_is_refused_in_another_form_than_gotos_is_uncertain(goto, name, answer):
    method, path, what = WRITES[name]
    script(goto)
    goto.on(method, path, answer)
    with pytest.raises(UncertainCall, match=r"not of GoTo's form.*may or may not"):
        perform(goto, what)


@pytest.mark.parametrize("answer", LOST)
@pytest.mark.parametrize("name", WRITES)
def test_write_whose_route_is_gone_is_never_done_nor_certainly_undone(goto, name, answer):
    """Everything is refused alike, so nothing can be looked at either: not before a write, then it was not sent."""
    goto.on("GET", "^/", answer)
    for method, path in {(method, path) for method, path, _ in WRITES.values()}:
        goto.on(method, path, answer)
    with pytest.raises((UncertainCall, TargetDown), match="not of GoTo's form") as caught:
        perform(goto, WRITES[name][2])
    was_sent = any(call.method != "GET" and "oauth" not in call.path for call in goto.seen)
    assert isinstance(caught.value, UncertainCall) is was_sent


@pytest.mark.parametrize("answer", REFUSED_BARE)
def test_read_that_is_refused_in_another_form_than_gotos_cannot_be_believed(goto, answer):
    goto.on("GET", "^/", answer)
    for scenario in (
        lambda target: target.identify(),
        lambda target: target.read(),
        lambda target: target.read_accounts(["7001"], []),
        lambda target: target.read_accounts([], ["ada@acme.example"]),
        lambda target: target.read_directory_groups(["6001"]),
        lambda target: target.read_webinars(["7001"]),
    ):
        with pytest.raises(TargetDown, match=r"not of GoTo's form.*proxy or sign-in page"):
            goto.run(scenario, directory="read")


@pytest.mark.parametrize("answer", LOST)
@pytest.mark.parametrize("listed", [[BO], [BO, ADA]], ids=["gone", "there"])
def test_user_whom_something_between_does_not_find_is_looked_for_in_the_list(goto, listed, answer):
    goto.on("GET", "/users/7001", answer)
    goto.on("GET", "/users", (200, {"results": listed, "total": len(listed)}))
    found = goto.run(lambda target: target.read_accounts(["7001"], []))
    assert [state.account_key for state in found] == [user["key"] for user in listed if user is ADA]


@pytest.mark.parametrize("answer", [(404, b""), (401, b"")])
@pytest.mark.parametrize("listed", [[], [HOSTS]], ids=["gone", "there"])
def test_directory_group_that_something_between_does_not_find_is_looked_for_in_the_list(goto, listed, answer):
    goto.on("GET", "^/identity/v1/Groups/6001$", answer)
    goto.on("GET", "^/identity/v1/Groups$", (200, {"resources": listed, "totalResults": len(listed)}))
    found = goto.run(lambda target: target.read_directory_groups(["6001"]), directory="read")
    assert list(found) == [group["id"] for group in listed]


@pytest.mark.parametrize("answer", [(404, b""), (404, HTML)])
def test_account_of_which_nobody_knows_templates_has_none(goto, answer):
    for name in KINDS:
        goto.on("GET", f"/{name}", EMPTY)
    goto.on("GET", "/templates", answer)
    assert len(read_tenant(goto).templates) == 0


@pytest.mark.parametrize("answer", [(403, HTML), (401, b""), (401, {})])
def test_refused_right_that_goto_did_not_speak_of_is_no_more_than_possible(goto, answer):
    goto.on("GET", "^/admin/rest/v1/me$", answer)
    with pytest.raises(TargetDown, match=r"proxy or sign-in page stands between\. If nothing does: a scope or role"):
        goto.run(lambda target: target.identify())


@pytest.mark.parametrize(
    ("body", "is_own"),
    [
        ({"incidentId": "i-1", "errors": []}, True),
        ({"errors": [{"code": "user.not.found"}]}, True),
        ({"errorCode": "AUTHN_INVALID_TOKEN"}, True),
        ({"int_err_code": "InvalidToken", "msg": "Invalid token passed"}, True),
        ({"Errors": [{"description": "Group not found", "code": "401"}]}, True),
        ({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"}, True),
        ({"schemas": "urn:ietf:params:scim:api:messages:2.0:Error"}, False),
        ({"error": "invalid_grant"}, False),
        ({"errors": ["user.not.found"]}, False),
        ([{"errors": [{"code": "user.not.found"}]}], False),
    ],
)
def test_fault_of_gotos_form_is_told_from_others(body, is_own):
    assert read_fault(response(404, body)).is_own is is_own


@pytest.mark.parametrize("answer", REFUSED_BARE)
def test_refusal_that_is_not_the_token_services_is_none_of_the_credentials(goto, answer):
    goto.on("POST", "^/oauth/token$", answer)
    with pytest.raises(TargetDown, match=r"(not of its form.*urls\.token.*proxy|gives no tokens for now)") as caught:
        goto.run(lambda target: target.identify())
    assert not isinstance(caught.value, CredentialsRefused)


# Reads ---------------------------------------------------------------------------------------------------------------

NO_LIST = {
    "page": PAGE,
    "page without a type": BARE_PAGE,
    "object": (200, {}),
    "null": (200, None),
    "word": (200, b'"5001"'),
    "results that are none": (200, {"results": {}}),
    "results that are null": (200, {"results": None}),
    "total below nothing": (200, {"total": -1}),
    "endless total": (200, b'{"results": [], "total": Infinity}'),
    "nothing": (204, b""),
    "accepted": (202, {"results": [], "total": 0}),
    "transformed": (203, {"results": [], "total": 0}),
    "partial": (206, {"results": [], "total": 0}),
    "moved": (302, b"", {"Location": "https://sign-in.example/"}),
    "page with a list in it": (200, {"results": [], "total": 0}, {"Content-Type": "text/html; charset=utf-8"}),
    "webinars": (200, {"page": {"totalElements": 0}}),
    "directory": (200, {"totalResults": 0, "resources": []}),
}
EMPTY = (200, {"total": 0})
KINDS = {
    "users": {"results": [ADA], "total": 1},
    "groups": {"results": [SALES], "total": 1},
    "licenses": {"results": [{"key": "9001", "seats": 5, "userCount": 1, "products": ["G2M"]}], "total": 1},
    "templates": {"results": [{"key": "2001", "title": "Partners"}], "total": 1},
}


def read_tenant(goto):
    return goto.run(lambda target: target.read())


@pytest.mark.parametrize("answer", cases(NO_LIST, ("page", "object", "partial")))
@pytest.mark.parametrize("name", KINDS)
def test_list_that_is_none_is_never_an_empty_tenant(goto, name, answer):
    for other in KINDS:
        goto.on("GET", f"/{other}", EMPTY)
    goto.on("GET", f"/{name}", answer)
    with pytest.raises(TargetDown):
        read_tenant(goto)


@pytest.mark.parametrize(("asked", "told"), [(one, other) for one in KINDS for other in KINDS if one != other])
def test_list_of_another_kind_is_noticed(goto, asked, told):
    for other in KINDS:
        goto.on("GET", f"/{other}", EMPTY)
    goto.on("GET", f"/{asked}", (200, KINDS[told]))
    with pytest.raises(TargetDown, match="cannot be believed"):
        read_tenant(goto)


def test_first_page_for_the_second_makes_no_whole_list(goto):
    for name in KINDS:
        goto.on("GET", f"/{name}", EMPTY)
    goto.on("GET", "/users", (200, {"results": [ADA], "total": 2}))
    with pytest.raises(TargetDown, match="incomplete"):
        read_tenant(goto)


def test_read_that_gets_another_users_answer_is_asked_again(goto):
    goto.on("GET", "/users/7001", (200, BO), (200, ADA))
    [found] = goto.run(lambda target: target.read_accounts(["7001"], []))
    assert found.account_key == "7001"


@pytest.mark.parametrize("answer", [(200, BO), refusal("7009", 404, "user.not.found")], ids=["shown", "absent"])
def test_read_that_keeps_getting_another_users_answer_fails(goto, answer):
    goto.on("GET", "/users/7001", answer)
    with pytest.raises(TargetDown, match="something else than was asked"):
        goto.run(lambda target: target.read_accounts(["7001"], []))


@pytest.mark.parametrize(
    "answer", [(200, KINDS["users"]), (200, SALES), (200, {}), (200, [ADA]), (202, ADA), (203, ADA), (206, ADA), PAGE]
)
def test_user_that_is_none_is_not_read(goto, answer):
    goto.on("GET", "/users/7001", answer)
    with pytest.raises(TargetDown):
        goto.run(lambda target: target.read_accounts(["7001"], []))


@pytest.mark.parametrize("there", [[BO], [BO, ADA]], ids=["absent", "there"])
def test_address_is_looked_for_in_the_whole_list_where_the_answer_names_others(goto, there):
    others = (200, {"results": [BO], "total": 1})

    def answer(request):
        return others if "filter" in request.query else (200, {"results": there, "total": len(there)})

    goto.on("GET", "/users", answer)
    found = goto.run(lambda target: target.read_accounts([], ["ada@acme.example"]))
    assert [state.account_key for state in found] == [user["key"] for user in there if user is ADA]


@pytest.mark.parametrize("answer", [(200, {}), (200, {"accounts": []}), (200, []), PAGE, (302, b""), (204, b"")])
def test_caller_that_is_nobody_reaches_no_account_and_is_not_told_so(goto, answer):
    goto.on("GET", "^/admin/rest/v1/me$", answer)
    with pytest.raises(TargetDown):
        goto.run(lambda target: target.identify())


# Directory and webinars ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [PAGE, (200, {}), (200, []), EMPTY, (200, {"totalResults": 2, "resources": [HOSTS]}),
               (200, {"totalResults": 1, "resources": [{"id": "7001", "userName": "ada@acme.example"}]}), (302, b"")],
)  # fmt: skip
def test_directory_that_does_not_list_its_groups_whole_is_not_read(goto, answer):
    goto.on("GET", "^/identity/v1/Groups$", answer)
    with pytest.raises(TargetDown):
        goto.run(lambda target: target.read_directory_groups([]), directory="feed")


@pytest.mark.parametrize("answer", [PAGE, (200, {}), (200, {**HOSTS, "id": "6002"}), (206, HOSTS), (302, b"")])
def test_another_directory_group_is_not_taken_for_the_one_that_was_asked_for(goto, answer):
    goto.on("GET", "^/identity/v1/Groups/6001$", answer)
    with pytest.raises(TargetDown):
        goto.run(lambda target: target.read_directory_groups(["6001"]), directory="feed")


def webinars(organizer="7001", number=0, total=1, pages=1):
    listed = [{"webinarKey": "11", "organizerKey": organizer, "times": []}]
    return {"_embedded": {"webinars": listed}, "page": {"number": number, "totalElements": total, "totalPages": pages}}


@pytest.mark.parametrize(
    "answer",
    [PAGE, (200, {}), (200, []), EMPTY, (200, webinars("7002")), (200, webinars(number=1)), (200, webinars(total=2)),
     (206, webinars()), (204, b""), (302, b"")],
)  # fmt: skip
def test_webinars_that_are_not_listed_whole_are_not_read_as_none(goto, answer):
    goto.on("GET", "^/G2W/rest/v2/organizers/7001/webinars$", answer)
    goto.on("GET", "^/G2W/rest/v2/organizers/7001/webinars/11/coorganizers$", (200, []))
    with pytest.raises(TargetDown):
        goto.run(lambda target: target.read_webinars(["7001"]))


@pytest.mark.parametrize("answer", [PAGE, (200, {}), (200, webinars()), (302, b"")])
def test_who_else_organises_a_webinar_is_not_read_from_what_is_no_list(goto, answer):
    goto.on("GET", "^/G2W/rest/v2/organizers/7001/webinars$", (200, webinars()))
    goto.on("GET", "^/G2W/rest/v2/organizers/7001/webinars/11/coorganizers$", answer)
    with pytest.raises(TargetDown):
        goto.run(lambda target: target.read_webinars(["7001"]))


# Tokens and notices --------------------------------------------------------------------------------------------------

TOKEN = {"access_token": "hush-at-1", "expires_in": 3600, "token_type": "Bearer"}


@pytest.mark.parametrize(
    "answer",
    [PAGE, BARE_PAGE, (200, {}), (200, []), (200, None), (204, b""), (202, TOKEN), (203, TOKEN), (206, TOKEN),
     (302, b"", {"Location": "https://sign-in.example/"}), (200, TOKEN, {"Content-Type": "text/html"}),
     (200, {**TOKEN, "access_token": None}), (200, {**TOKEN, "access_token": {"a": 1}}),
     (200, {**TOKEN, "access_token": "two words"}), (200, {**TOKEN, "access_token": "a\r\nb"}),
     (200, {**TOKEN, "token_type": "mac"}), (200, {**TOKEN, "token_type": 7}), (200, {**TOKEN, "expires_in": -5}),
     (200, b'{"access_token": "hush-at-1", "expires_in": Infinity}'), (200, {**TOKEN, "refresh_token": ["x"]})],
)  # fmt: skip
def test_answer_without_a_token_that_can_be_sent_is_no_refusal_of_the_credentials(goto, answer):
    goto.on("POST", "^/oauth/token$", answer)
    with pytest.raises(TargetDown, match="an answer without a token") as caught:
        goto.run(lambda target: target.identify())
    assert not isinstance(caught.value, CredentialsRefused)
    assert "hush" not in str(caught.value)


def test_no_cache_may_answer(goto):
    goto.on("GET", "/users/7001", (200, ADA))
    goto.run(lambda target: target.read_accounts(["7001"], []))
    assert goto.calls("GET")[0].headers["Cache-Control"] == "no-cache"


SUMMARY = {
    "headline": "2 people were suspended.",
    "run": {"pipeline": "acme", "run_id": "r1", "state": "done", "exit_code": 0, "message": "", "plan_hash": "ab"},
}


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [
        (httpx.Response(200, text="ok"), True),
        (httpx.Response(202), True),
        (httpx.Response(200, html="ok"), True),
        (httpx.Response(200, json={"spaces": "a"}), True),
        (httpx.Response(200, html="<html>Please sign in</html>"), False),
        (httpx.Response(203, text="ok"), False),
        (httpx.Response(302, headers={"Location": "https://sign-in.example/"}), False),
    ],
    ids=["word", "accepted", "word as html", "data", "page", "transformed", "moved"],
)
def test_notice_that_a_sign_in_page_took_was_not_delivered(answer, is_taken):
    transport = httpx.MockTransport(lambda request: answer)
    assert post_notice(SecretStr("https://hooks.example/1"), SUMMARY, transport) is is_taken
