"""Every code has words, and changes are told as people would tell them."""

from typing import get_args

import pytest

from tasks.model.operations import OutcomeStatus
from tasks.model.pipeline import LimitName
from tasks.model.plan import Action, Cause, LimitReading, WithheldReason
from tasks.report import RunState, words
from tasks.report.phrases import phrases


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
        ("delete", {"products": [], "roles": [], "webinars": ["Launch, part 1 (2026-03-12)", "Demo (2026-05-01)"]}, {},
         "Account: deleted, loses 2 scheduled webinars: Launch, part 1 (2026-03-12); Demo (2026-05-01)", None),
        ("delete", {"products": [], "roles": [], "webinars": ["A"] * 7}, {},
         "Account: deleted, loses 7 scheduled webinars: A; A; A; A; A; and 2 more", None),
        ("create", {}, {"locale": "fr_FR", "welcome_template": "8001", "settings_template": "8101"},
         "Account: created, language fr_FR, welcome template 8001, settings template 8101", None),
        ("grant", {"licence": None}, {"licence": "9", "product": "G2W/Pro"}, "GoTo Webinar Pro (G2W/Pro): granted",
         None),
        ("set_role", {"roles": [], "managed_groups": []},
         {"roles": ["MANAGE_USERS"], "managed_groups": ["5001", None], "manages": ["Sales", "Ops"]},
         "Admin role: none → Manage users (MANAGE_USERS), for Sales and Ops only", None),
        ("set_role", {"roles": ["MANAGE_USERS"], "managed_groups": ["5001"]}, {"roles": ["MANAGE_USERS"]},
         "Admin role: Manage users (MANAGE_USERS), for 1 user group only → Manage users (MANAGE_USERS)", None),
        ("set_role", {"roles": []}, {"roles": ["custom:Helpdesk"]}, "Admin role: none → Helpdesk (custom role)", None),
        ("create_directory_group", {"directory_group": None}, {"directory_group": "Hosts"},
         "Directory group Hosts: created", "Directory group Hosts: to be created"),
        ("add_directory_member", {"directory_group": None}, {"directory_group": "Hosts", "group_key": "6001"},
         "Directory group: put into Hosts", "Directory group: to be put into Hosts"),
        ("remove_directory_member", {"directory_group": "Hosts", "group_key": "6001"}, {"directory_group": None},
         "Directory group: taken out of Hosts", "Directory group: to be taken out of Hosts"),
        ("reactivate", {}, {}, "Account: reactivated", "Account: to be reactivated"),
        ("adopt", {}, {"licences": ["9"]}, "Account: recognised as this person's, 1 licence taken as given by a rule",
         None),
    ],
)  # fmt: skip
def test_change_is_told_in_words(make_change, action, before, after, done, planned):
    change = make_change(Action(action), Cause.MOVER, "1042 ada.byron", before=before, after=after)
    (phrase,) = phrases(change, done=True)
    assert str(phrase) == done
    if planned:
        assert [str(part) for part in phrases(change, done=False)] == [planned]


def test_an_update_of_several_fields_is_told_field_by_field(make_change):
    change = make_change(
        Action.UPDATE, Cause.MOVER, "1042 ada.byron",
        before={"locale": "en_US", "given_name": "Ada"}, after={"locale": "fr_FR", "given_name": "Adele"},
    )  # fmt: skip
    assert [str(part) for part in phrases(change, done=True)] == [
        "First name: Ada → Adele",
        "Language: en_US → fr_FR",
    ]


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "fr_FR", "it_IT", "es_ES", "pt_BR", "nl_NL", "zh_CN", "ja_JP"])
def test_every_locale_of_the_target_has_a_language_in_words(locale):
    assert words.language(locale) not in (locale, locale[:2])


def test_mails_that_cannot_be_suppressed_are_named_as_such():
    assert words.forecast("get-started", {"en_US": 12}) == (
        "12 people may get a first get-started mail, which cannot be suppressed (in English)"
    )


def test_mails_of_a_kind_without_words_are_told_all_the_same():
    assert words.forecast("birthday", {"xx_XX": 2, "": 1}) == (
        "3 people will get mail: birthday (2 in xx_XX, 1 in the tenant's default language)"
    )


def test_few_memberships_are_counted_as_more():
    reading = LimitReading("remove_directory_member", "", 2, 3, None, 0.1)
    assert words.usage(reading) == "2, 10% of 3 memberships, counted as of 20"
