"""What a mail address is."""

import importlib
import json
from datetime import date

import pytest

from expectations.addresses import is_address, unreachable
from tasks.validate import cached_validate, load_suite
from tests.support.names import Resolver


@pytest.mark.parametrize(
    "text",
    [
        "ada@acme.example", "Ada.Byron+sync@Sub.Acme.example", "o'neil@acme.test", "a@b-c.test", "_x@acme.example",
        "ada@m\u00fcnchen.example", "ada@xn--mnchen-3ya.example", "ada@M\u00dcNCHEN.example",
        "ada@mu\u0308nchen.example", "ada@stra\u00dfe.example", "ada@\u65e5\u672c.example",
    ],
)  # fmt: skip
def test_address(text):
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "ada", "ada@acme", "ada@test", "ada@@acme.example", "ada @acme.example", "ada@acme.example ",
        ".ada@acme.example", "ada..b@acme.example", "ada@acme..example", "ada@-acme.example", "ada@acme.local",
        "ada@acme.invalid",
        "zo\u00eb@acme.example", "\u212aate@acme.example", "Ada <ada@acme.example>", "ada@[127.0.0.1]",
        '"a b"@acme.example',
        "a" * 65 + "@acme.example", "ada@" + "b" * 64 + ".example", "ada@acme.example;ben@acme.example",
        "ada@acme.example\n", "ada@acme.1",
        "ada@\uff41cme.example", "ada@acme\u3002example", "ada@acme.e\u212aample", "ada@\U0001d41acme.example",
        "ada@acme.e\u00adxample",
    ],
)  # fmt: skip
def test_no_address(text):
    assert not is_address(text)


def test_a_domain_that_is_not_there_or_for_documentation_takes_no_mail_and_silence_proves_nothing():
    found = unreachable(["acme.com", "nobody.com", "slow.com", "acme.example"], Resolver())
    assert found == {"nobody.com", "acme.example"}


@pytest.mark.parametrize("asked", [False, True])
def test_the_dns_is_asked_only_if_the_suite_says_so(asked, make_roster, ada, ben, headings, tmp_path, monkeypatch):
    questions = []

    def answer(domains):
        questions.append(domains)
        return {"acme.example"}

    addresses = importlib.import_module("expectations.addresses")
    monkeypatch.setattr(addresses, "unreachable", answer)
    kwargs = {"column": "user_name", **({"check_deliverability": True} if asked else {})}
    check = {"type": "expect_column_values_to_be_addresses", "kwargs": kwargs, "meta": {"code": "unreachable"}}
    (tmp_path / "ours.json").write_text(json.dumps({"name": "ours", "expectations": [check]}), "utf-8")
    suite = load_suite("ours.json", tmp_path)
    roster = make_roster(ada, {**ben, "user_name": "ben@other.example"})
    for _ in range(2):  # what the DNS said is not kept for the next run
        verdict = cached_validate(roster, suite, headings, date(2026, 3, 1), tmp_path / "cache")
        assert verdict.findings[["row", "code"]].to_numpy().tolist() == ([[2, "unreachable"]] if asked else [])
    assert questions == ([["acme.example", "other.example"]] * 2 if asked else [])
