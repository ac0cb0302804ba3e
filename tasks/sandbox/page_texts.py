"""What the pages say to which the links in mails lead, in the languages of the mails: ``page_texts.json``.

The wording is ours; GoTo's is not known. In braces stand ``name`` and ``account``.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tasks.sandbox.mail_texts import filled_in, language_of


@cache
def texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the texts, by language, then by page (``password``, ``transfer``), then by place on it."""
    document: dict[str, dict[str, dict[str, str]]] = json.loads(
        files("tasks.sandbox").joinpath("page_texts.json").read_bytes()
    )
    return document


def said(page: str, locale: str, facts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a page in a person's language.

    >>> said("password", "fr_FR", {"name": "Ada", "account": "Acme"})["label"]
    'Mot de passe'
    """
    return {place: filled_in(text, facts) for place, text in texts()[language_of(locale)][page].items()}
