"""Every code has words, and changes are told as people would tell them."""

from typing import get_args

import pytest

from tasks.model.operations import OutcomeStatus
from tasks.model.pipeline import LimitName
from tasks.model.plan import Action, Cause, LimitReading, WithheldReason
from tasks.report import RunState, words


def test_every_code_has_words():
    assert set(words.ORDERS) == set(Action)
    assert set(words.CAUSES) == set(Cause)
    assert set(words.WITHHELD) == set(WithheldReason)
    assert set(words.OUTCOMES) == {*OutcomeStatus, None}
    assert set(words.STATES) == set(get_args(RunState))


@pytest.mark.parametrize("name", get_args(LimitName))
def test_every_limit_has_a_name_in_words(name):
    assert words.limit(LimitReading(name, "", 0, 0, 1, None)) != name


def test_unknown_codes_pass_through():
    assert words.product("NEW9") == "NEW9"
    assert words.role("RUN_REPORTS") == "RUN_REPORTS"
    assert words.mail("birthday") == "birthday"


@pytest.mark.parametrize(
    ("action", "before", "after", "done", "planned"),
    [
        ("create", {}, {"locale": "fr_FR"}, "Account: created, language fr_FR",
         "Account: to be created, language fr_FR"),
        ("update", {"family_name": "Meyer"}, {"family_name": "Meyer-Roth"}, "Surname: Meyer → Meyer-Roth", None),
        ("update", {"given_name": None}, {"given_name": "Ada"}, "First name: none → Ada", None),
        ("grant", {"licence": None}, {"licence": "9", "product": "G2W"}, "GoTo Webinar (G2W): granted",
         "GoTo Webinar (G2W): to be granted"),
        ("revoke", {"licence": "9", "products": ["G2T", "G2M"]}, {"licence": None},
         "GoTo Training (G2T) and GoTo Meeting (G2M): taken away", None),
        ("revoke", {"licence": "9", "products": []}, {"licence": None}, "9: taken away", None),
        ("set_role", {"roles": []}, {"roles": ["SUPER_USER"]}, "Admin role: none → Super admin (SUPER_USER)", None),
        ("add_member", {"group": "Sales"}, {"group": "Revenue"}, "Group: Sales → Revenue", None),
        ("remove_member", {"group": "Sales"}, {"group": None}, "Group: Sales → none", None),
        ("create_group", {"group": None}, {"group": "Revenue"}, "Group Revenue: created",
         "Group Revenue: to be created"),
        ("suspend", {"products": ["JIVE"], "roles": ["X"]}, {}, "Account: suspended, loses GoTo Connect (JIVE) and X",
         None),
        ("delete", {"products": [], "roles": []}, {}, "Account: deleted", "Account: to be deleted"),
        ("reactivate", {}, {}, "Account: reactivated", "Account: to be reactivated"),
        ("adopt", {}, {"licences": ["9"]}, "Account: recognised as this person's, 1 licence taken as given by a rule",
         None),
    ],
)  # fmt: skip
def test_change_is_told_in_words(make_change, action, before, after, done, planned):
    change = make_change(Action(action), Cause.MOVER, "1042 ada.byron", before=before, after=after)
    (phrase,) = words.phrases(change, done=True)
    assert str(phrase) == done
    if planned:
        assert [str(part) for part in words.phrases(change, done=False)] == [planned]


def test_an_update_of_several_fields_is_told_field_by_field(make_change):
    change = make_change(
        Action.UPDATE, Cause.MOVER, "1042 ada.byron",
        before={"locale": "en_US", "given_name": "Ada"}, after={"locale": "fr_FR", "given_name": "Adele"},
    )  # fmt: skip
    assert [str(part) for part in words.phrases(change, done=True)] == [
        "First name: Ada → Adele",
        "Language: en_US → fr_FR",
    ]
