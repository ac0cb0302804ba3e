"""What a mail address is."""

import pytest

from expectations.addresses import is_address


@pytest.mark.parametrize(
    "text",
    [
        "ada@acme.example", "Ada.Byron+sync@Sub.Acme.example", "o'neil@acme.test", "a@b-c.test", "_x@acme.example",
        "ada@m\u00fcnchen.example", "ada@xn--mnchen-3ya.example",
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
    ],
)  # fmt: skip
def test_no_address(text):
    assert not is_address(text)
