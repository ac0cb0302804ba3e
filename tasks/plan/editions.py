"""Editions of a product: how a rule names one, and which licences are of it. Pure.

GoTo has no field for it: the tiers of a product are licences of the same product code, told apart by their
description or type (GoTo reference 2.8). Names are compared with their blanks evened out and without regard to case.
"""

import pandas as pd


def fold(text: str) -> str:
    """Return *text* as names are compared.

    >>> fold(" Webinar  PRO ")
    'webinar pro'
    """
    return " ".join(text.split()).casefold()


def split_product(text: str) -> tuple[str, str | None]:
    """Return code and edition of a product as a rule names it.

    >>> split_product("G2W/Pro"), split_product("G2W")
    (('G2W', 'Pro'), ('G2W', None))
    """
    code, slash, edition = text.partition("/")
    return code, " ".join(edition.split()) if slash else None


def label(code: str, edition: object) -> str:
    """Return a product as a rule names it; a missing *edition* is none.

    >>> label("G2W", "Pro"), label("G2W", None)
    ('G2W/Pro', 'G2W')
    """
    return f"{code}/{edition}" if isinstance(edition, str) else code


def edition_names(licences: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Return licence key (of LICENCES) to the names, folded, of the edition that it is."""
    columns = (licences["licence_key"], licences["description"], licences["type"])
    return {
        key: frozenset(fold(name) for name in (description, kind) if isinstance(name, str))
        for key, description, kind in zip(*columns, strict=True)
    }
