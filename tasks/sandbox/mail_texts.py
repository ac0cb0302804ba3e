"""What the mails say, in nine languages: ``mail_texts.json``. The wording is ours; GoTo's is not known.

Each kind has a subject and a body; ``nothing`` is what is said of somebody without products, or without a role. In
braces stand ``account``, ``name``, ``products``, ``roles``, ``started`` and ``link``. The texts of a tenant's own
templates know ``name``, ``account`` and ``link`` (assumed).
"""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

DEFAULT_LANGUAGE = "en"


class MailKind(StrEnum):
    WELCOME = "welcome"
    PRODUCT_CHANGE = "product-change"
    ROLE_CHANGE = "role-change"
    GET_STARTED = "get-started"
    TRANSFER = "transfer"


@cache
def texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the parts of every text, by language, then by kind or ``nothing``."""
    document: dict[str, dict[str, dict[str, str]]] = json.loads(
        files("tasks.sandbox").joinpath("mail_texts.json").read_bytes()
    )
    return document


def language_of(locale: str) -> str:
    """Return the language of the texts for a locale; English where there is none.

    >>> language_of("pt_BR"), language_of("sv_SE")
    ('pt', 'en')
    """
    language = locale.partition("_")[0]
    return language if language in texts() else DEFAULT_LANGUAGE


def filled_in(text: str, facts: Mapping[str, str]) -> str:
    """Return *text* with the facts in place of their names in braces. Other braces stay as they are.

    >>> filled_in("Hello {name}, {unknown}", {"name": "Ada"})
    'Hello Ada, {unknown}'
    """
    return re.sub(r"\{(\w+)\}", lambda match: facts.get(match[1], match[0]), text)
