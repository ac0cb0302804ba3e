"""Whether a declared state holds together: no key twice, nothing named that is not there, seats for all who hold one.

Raises ``ValueError`` with a sentence that names keys and places, never people.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.sandbox.declared import DeclaredState

PRODUCTS = ("G2M", "G2MFREE", "G2W", "G2T", "G2C", "JIVE", "G2A", "G2AC", "OPENVOICE", "G2ASD", "G2ASEEIT")
"""Product codes: the last three are assumed, ``G2A`` and ``G2AC`` are observed as API names only."""

SUPER_USER = "SUPER_USER"


def require_whole(state: "DeclaredState") -> None:
    """Raise ``ValueError`` for the first thing that does not fit."""
    _require_unique(state)
    _require_what_is_named(state)
    _require_tree(state)
    _require_organisation(state)
    _require_seats(state)
    _require_homes(state)
    if any(webinar.ends <= webinar.starts for webinar in state.webinars):
        raise ValueError("a webinar ends before it starts")
    if not any(SUPER_USER in user.admin_roles for user in state.users):
        raise ValueError(f"no user has the admin role {SUPER_USER}, and tokens speak for the first who has")


def _require_unique(state: "DeclaredState") -> None:
    for what, keys in (
        ("licence keys", [licence.key for licence in state.licences]),
        ("group keys", [group.key for group in state.groups]),
        ("group names", [group.name.casefold() for group in state.groups]),
        ("user keys", [user.key for user in state.users if user.key]),
        ("e-mail addresses", [user.email.casefold() for user in state.users]),
        ("role sets", [role_set.id for role_set in state.role_sets]),
        ("templates", [template.key for template in state.templates]),
        ("settings templates", [template.key for template in state.settings_templates]),
        ("attribute keys", [attribute.key for attribute in state.attributes]),
        ("attribute names", [attribute.name.casefold() for attribute in state.attributes]),
        ("other accounts", [state.account.key, *(account.key for account in state.other_accounts)]),
        ("addresses elsewhere", [email.casefold() for other in state.other_accounts for email in other.users]),
        ("webinars", [webinar.key for webinar in state.webinars]),
    ):
        _unique(what, keys)


def _require_what_is_named(state: "DeclaredState") -> None:
    users, keys = state.users, [user.key for user in state.users if user.key]
    groups = [group.key for group in state.groups]
    organisers = [key for webinar in state.webinars for key in (webinar.organizer, *webinar.coorganizers)]
    templates = [user.settings_template for user in users if user.settings_template]
    for what, named, valid in (
        ("product", [code for licence in state.licences for code in licence.products], PRODUCTS),
        ("licence", [key for user in users for key in user.licence_keys], [licence.key for licence in state.licences]),
        ("group", [user.group_key for user in users if user.group_key], groups),
        ("group", [key for user in users for key in user.managed_groups], groups),
        ("role set", [user.role_set for user in users if user.role_set], [role.id for role in state.role_sets]),
        ("settings template", templates, [template.key for template in state.settings_templates]),
        ("attribute", [name for user in users for name in user.custom_attributes], [a.name for a in state.attributes]),
        ("user", organisers, keys),
        ("user", [state.credentials.principal] if state.credentials.principal else [], keys),
    ):
        _known(what, named, valid)


def _require_tree(state: "DeclaredState") -> None:
    """A parent stands before its subgroups, so there is no circle."""
    groups = [group.key for group in state.groups]
    for number, group in enumerate(state.groups):
        _known("parent group", [group.parent_key] if group.parent_key else [], groups[:number])


def _require_organisation(state: "DeclaredState") -> None:
    if state.organisation is None:
        return
    _unique("domains", [domain.domain.lower() for domain in state.organisation.domains])
    admins = [admin.user for admin in state.organisation.admins]
    members = [key for group in state.organisation.groups for key in group.members]
    _known("user", [*admins, *members], [user.key for user in state.users if user.key])
    _unique("directory group names", [group.name.casefold() for group in state.organisation.groups])
    _unique("directory group keys", [group.key for group in state.organisation.groups if group.key])


def _require_seats(state: "DeclaredState") -> None:
    for licence in state.licences:
        held = sum(licence.key in user.licence_keys for user in state.users)
        if licence.seats is not None and held > licence.seats:
            raise ValueError(f"licence {licence.key} has {licence.seats} seats and {held} users who hold it")


def _require_homes(state: "DeclaredState") -> None:
    elsewhere = {email.casefold() for other in state.other_accounts for email in other.users}
    for number, user in enumerate(state.users):
        if user.pending_transfer and (user.activated or user.email.casefold() not in elsewhere):
            raise ValueError(f"user {number} is to move here, and lives in no other account or is active already")
        if user.email.casefold() in elsewhere and not user.pending_transfer:
            raise ValueError(f"user {number} lives in another account too, and has no pending transfer")
        if user.inactive and not user.activated:
            raise ValueError(f"user {number} is inactive, and was never activated")


def _unique(what: str, values: list[str]) -> None:
    if twice := len(values) - len(set(values)):
        raise ValueError(f"{what} stand there twice ({twice} too many)")


def _known(what: str, named: Iterable[str], valid: Iterable[str]) -> None:
    if unknown := sorted(set(named) - set(valid)):
        raise ValueError(f"unknown {what} {', '.join(unknown)}; there is {', '.join(valid) or 'none'}")
