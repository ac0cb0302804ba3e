"""What a change does, in words, so that page, workbook and terminal speak alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.model.plan import Action, Change
from tasks.report.words import FIELDS, count, listed, product, role

_VERBS: Mapping[Action, tuple[str, str]] = {
    Action.ADOPT: ("recognised as this person's", "to be recognised as this person's"),
    Action.CREATE_GROUP: ("created", "to be created"),
    Action.CREATE_DIRECTORY_GROUP: ("created", "to be created"),
    Action.REVOKE: ("taken away", "to be taken away"),
    Action.SUSPEND: ("suspended", "to be suspended"),
    Action.DELETE: ("deleted", "to be deleted"),
    Action.CREATE: ("created", "to be created"),
    Action.REACTIVATE: ("reactivated", "to be reactivated"),
    Action.GRANT: ("granted", "to be granted"),
}

NAMED_WEBINARS = 5
"""How many of the webinars that somebody loses are told one by one."""

_TEMPLATES: Mapping[str, str] = {"welcome_template": "welcome", "settings_template": "settings"}
_GIVEN_AT_BIRTH: Mapping[str, str] = {
    "locale": "language",
    "welcome_template": "welcome template",
    "settings_template": "settings template",
}
_OF_THE_DIRECTORY = (Action.CREATE_DIRECTORY_GROUP, Action.ADD_DIRECTORY_MEMBER, Action.REMOVE_DIRECTORY_MEMBER)


@dataclass(frozen=True)
class Phrase:
    """One thing that a change does: either a *verb* ("granted") or a value *before* and *after*; *note* adds to it."""

    thing: str
    verb: str = ""
    before: str = ""
    after: str = ""
    note: str = ""

    def __str__(self) -> str:
        said = self.verb or f"{self.before} → {self.after}"
        return f"{self.thing}: {said}" + (f", {self.note}" if self.note else "")


def phrases(change: Change, *, done: bool) -> tuple[Phrase, ...]:
    """Say what *change* does, in the past tense if it is *done*: one phrase a field for an update, else one."""
    before, after = change.before, change.after
    if change.action is Action.UPDATE:
        names = [*(n for n in FIELDS if n in after), *sorted(n for n in after if n not in FIELDS)]
        return tuple(Phrase(FIELDS.get(n, n), before=_shown(before.get(n)), after=_shown(after[n])) for n in names)
    if change.action is Action.SET_ROLE:
        return (Phrase("Admin role", before=_roles(before), after=_roles(after)),)
    if change.action in (Action.ADD_MEMBER, Action.REMOVE_MEMBER):
        return (Phrase("Group", before=_shown(before.get("group")), after=_shown(after.get("group"))),)
    if change.action in (Action.ADD_DIRECTORY_MEMBER, Action.REMOVE_DIRECTORY_MEMBER):
        return (_membership(change, done=done),)
    past, future = _VERBS[change.action]
    return (Phrase(_thing(change), verb=past if done else future, note=_note(change)),)


def group_name(change: Change) -> str:
    """Return the name of the group that a change makes, fills or empties; empty where it is about none."""
    sides = (change.after, change.before)
    return next((side[name] for side in sides for name in ("directory_group", "group") if side.get(name)), "")


def detail(what: str, change: Change) -> str:
    """Return what a change says of one thing beside the person: ``Edition``, ``Groups managed``, ``Template``,
    ``Directory group``. Empty where it says nothing of it."""
    after = change.after
    if what == "Edition":
        return str(after.get("product", "")).partition("/")[2] if change.action is Action.GRANT else ""
    if what == "Groups managed":
        return listed(list(after.get("manages") or ()))
    if what == "Template":
        return "\n".join(f"{kind} {after[name]}" for name, kind in _TEMPLATES.items() if after.get(name))
    return group_name(change) if change.action in _OF_THE_DIRECTORY else ""


def _membership(change: Change, *, done: bool) -> Phrase:
    """People are in any number of directory groups, so joining one leaves no other."""
    verb = "put into" if change.action is Action.ADD_DIRECTORY_MEMBER else "taken out of"
    return Phrase("Directory group", verb=f"{'' if done else 'to be '}{verb} {group_name(change)}")


def _thing(change: Change) -> str:
    if change.action is Action.GRANT:
        return product(str(change.after.get("product") or change.after.get("licence")))
    if change.action is Action.REVOKE:
        codes = change.before.get("products") or [change.before.get("licence")]
        return listed([product(str(code)) for code in codes])
    if change.action is Action.CREATE_GROUP:
        return f"Group {group_name(change)}"
    if change.action is Action.CREATE_DIRECTORY_GROUP:
        return f"Directory group {group_name(change)}"
    return "Account"


def _note(change: Change) -> str:
    if change.action in (Action.SUSPEND, Action.DELETE):
        lost = [product(code) for code in change.before.get("products", ())]
        lost += [role(name) for name in change.before.get("roles", ())]
        lost += [_webinars(change.before["webinars"])] if change.before.get("webinars") else []
        return f"loses {listed(lost)}" if lost else ""
    if change.action is Action.CREATE:
        return ", ".join(
            f"{what} {change.after[name]}" for name, what in _GIVEN_AT_BIRTH.items() if change.after.get(name)
        )
    if change.action is Action.ADOPT and change.after.get("licences"):
        return f"{count(len(change.after['licences']), 'licence')} taken as given by a rule"
    return ""


def _webinars(value: Sequence[str] | int) -> str:
    """Say what is lost: how many webinars, and the first of them where they are named."""
    if isinstance(value, int):
        return count(value, "scheduled webinar")
    more = len(value) - NAMED_WEBINARS
    named = [*value[:NAMED_WEBINARS], *([f"and {more:,} more"] if more > 0 else [])]
    return f"{count(len(value), 'scheduled webinar')}: {'; '.join(named)}"


def _roles(value: Mapping[str, Any]) -> str:
    said = listed([role(name) for name in value.get("roles", ())]) or "none"
    names, keys = value.get("manages"), value.get("managed_groups")
    limit = listed(list(names)) if names else count(len(keys), "user group") if keys else ""
    return f"{said}, for {limit} only" if limit else said


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "none"
    return listed([str(item) for item in value]) if isinstance(value, (list, tuple)) else str(value)
