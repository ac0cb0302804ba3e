"""What a new account carries beside its names: language, e-mail template, settings template."""

from typing import Any

import pytest

from tasks.model.errors import BadPipeline


@pytest.fixture
def new(case: Any, make: Any) -> Any:
    """Somebody new, in a tenant with three e-mail templates."""
    case.workers = [make.worker("ada")]
    case.templates = {"801": "Welcome", "802": "WELCOME", "803": "Bienvenue"}
    return case


def rules(**grant: Any) -> list[dict[str, Any]]:
    return [{"name": "r", "when": {}, "grant": {"products": "G2M", **grant}}]


@pytest.mark.prove
@pytest.mark.parametrize(
    ("written", "key"),
    [("Welcome", "801"), ("WELCOME", "802"), ("bienvenue", "803"), (" Bienvenue ", "803"), ("802", "802")],
)
def test_a_template_is_named_by_its_title_or_key(new: Any, written: str, key: str) -> None:
    new.policy(rules=rules(welcome_template=written))
    assert new.change("create").after["welcome_template"] == key


def test_a_settings_template_is_its_key(new: Any) -> None:
    new.policy(rules=rules(settings_template="903"))
    created = new.change("create")
    assert (created.after["settings_template"], created.rules) == ("903", ("r",))


def test_each_comes_from_the_first_rule_that_sets_it(new: Any) -> None:
    new.policy(
        rules=[
            {"name": "a", "when": {"department": "Legal"}, "grant": {"welcome_template": "WELCOME", "locale": "de_DE"}},
            {"name": "b", "when": {"department": "Sales"}, "grant": {"welcome_template": "Bienvenue"}},
            {"name": "c", "when": {}, "grant": {"welcome_template": "Welcome", "settings_template": "903"}},
            {"name": "d", "when": {}, "grant": {"locale": "fr_FR", "settings_template": "904"}},
        ]
    )
    created = new.change("create")
    assert {name: created.after[name] for name in ("locale", "welcome_template", "settings_template")} == {
        "locale": "fr_FR", "welcome_template": "803", "settings_template": "903",
    }  # fmt: skip
    assert created.rules == ("d", "b", "c")


def test_templates_are_for_new_accounts_alone(new: Any, make: Any) -> None:
    new.policy(rules=rules(welcome_template="Welcome", settings_template="903"))
    new.accounts.append(make.account("7001", "ada"))
    new.links, new.grants = [make.link("ada", "7001")], [("7001", "9002")]
    assert new.steps() == []


def test_an_unknown_template_stops_the_run_and_names_those_there_are(new: Any) -> None:
    new.policy(rules=rules(welcome_template="Welcom"))
    with pytest.raises(
        BadPipeline, match=r"Rule 'r' names the e-mail template 'Welcom', which the tenant does not"
    ) as e:
        new.plan()
    assert "Its templates are 'Bienvenue', 'WELCOME', 'Welcome'." in str(e.value)


def test_a_title_of_several_templates_stops_the_run_and_names_their_keys(new: Any) -> None:
    new.policy(rules=rules(welcome_template="welcome"))
    with pytest.raises(BadPipeline, match=r"has 2 of that title\. Write the key .*: 801, 802\."):
        new.plan()


def test_a_template_of_a_rule_that_is_switched_off_is_not_looked_for(new: Any) -> None:
    new.policy(rules=[{**rules(welcome_template="Other")[0], "enabled": "false"}])
    assert new.steps() == [("create", "ada")]
