"""How problems of a pipeline file are worded: lists of names, and the name that was meant."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process


def nearest(text: str, choices: Iterable[str], cutoff: float) -> str | None:
    """Return the choice that is most like *text*, upper and lower case alike; None if none is like it."""
    found = process.extractOne(text, list(choices), scorer=fuzz.ratio, processor=str.lower, score_cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(text: str, choices: Iterable[str], what: str) -> str:
    """Return the end of a message that names the choices, and the one that was meant, if there is one."""
    choices = list(choices)
    near = nearest(text, choices, 60)
    hint = f"; did you mean '{near}'?" if near else "."
    return f"{hint} Valid {what}: {listing(choices)}" if choices else hint.rstrip(".")


def listing(names: Iterable[str]) -> str:
    return ", ".join(names)


def either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
