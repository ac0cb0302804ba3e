"""Judge the way in: the token, its scopes, the account, the caller's role, the clock, the pace."""

from collections.abc import Iterator

from tasks.doctor.facts import Facts
from tasks.doctor.lines import CREDENTIALS, REACH, Line, Weight, ok, problem, unknown

MAY_MANAGE_PEOPLE = frozenset({"SUPER_USER", "MANAGE_ACCOUNT", "MANAGE_USERS"})
"""Roles that may change people (GoTo reference 4.2). Adding some takes more: see ``MAY_ADD``."""

MAY_ADD = frozenset({"SUPER_USER", "ADD_USERS"})
"""Roles that may create people (GoTo reference 2.5)."""

MANAGE_NOBODY = frozenset({"ADD_USERS", "RUN_REPORTS", "MANAGE_SETTINGS"})
"""Roles of which it is known, or plain from the name, that they change nobody who is there. Of any other, as of the
roles that a tenant makes for itself, only the Admin Center tells what they allow."""

LARGEST_SKEW_S = 60.0
GOTO_PER_SECOND = 10
ONLY_FOR_DELETES = frozenset({"collab:"})
"""Without these, everything but a delete goes on."""

ADMIN_API = "identity:"
USES = {
    ADMIN_API: "the Admin API",
    "identity:scim.org": "the directory (SCIM)",
    "collab:": "the list of scheduled webinars, which is read before anybody is deleted",
}


def judge_credentials(facts: Facts) -> Iterator[Line]:
    """Yield the lines on the way in, as far as it leads: each line is of what comes after the one before."""
    found = facts.credentials
    if found.refusal and not found.has_token:
        yield problem(REACH if found.down else "token", found.refusal, found.remedy, exit_code=CREDENTIALS)
        return
    yield ok("token", "The token service gave a token for these credentials.")
    yield _scopes(facts)
    if found.down:
        yield problem(REACH, found.refusal, found.remedy, exit_code=CREDENTIALS)
        return
    if found.refusal and found.scopes is not None and ADMIN_API not in found.scopes:
        return  # a token, that opens nothing
    if found.refusal:
        yield problem("account", found.refusal, found.remedy, exit_code=CREDENTIALS)
        return
    if not found.account_reached:
        yield _account(facts)
        return
    yield ok("account", "The credentials reach the account that the pipeline names.")
    if found.unread:
        yield problem(REACH, found.unread, found.unread_remedy, exit_code=CREDENTIALS)
    yield _caller(facts)
    yield from _surroundings(facts)


def _scopes(facts: Facts) -> Line:
    granted = facts.credentials.scopes
    if granted is None:
        return unknown("scopes", "The token service did not say which scopes the token has.")
    missing = [scope for scope in facts.needs if scope not in granted]
    if not missing:
        return ok("scopes", f"The token has the scopes that this pipeline needs: {', '.join(facts.needs)}.")
    uses = "; ".join(f"'{scope}' for {USES.get(scope, 'this pipeline')}" for scope in missing)
    return problem(
        "scopes",
        f"The token lacks a scope: {uses}.",
        "Tick the scope at the OAuth client, and make a new personal access token with it: both must have it.",
        weight=Weight.FAILS if set(missing) <= ONLY_FOR_DELETES else Weight.BLOCKS,
        exit_code=CREDENTIALS,
    )


def _account(facts: Facts) -> Line:
    reachable = ", ".join(facts.credentials.reachable) or "none"
    return problem(
        "account",
        f"The credentials do not reach the account that the pipeline names; those they reach: {reachable}.",
        "Correct account_key of the target, or make the token as an admin of that account.",
        exit_code=CREDENTIALS,
    )


def _caller(facts: Facts) -> Line:
    roles = facts.caller_roles
    if roles is None:
        return unknown("admin role", "The roles of the person behind the token could not be read.")
    named = ", ".join(roles) or "no admin role"
    untold = not MAY_MANAGE_PEOPLE.union(MANAGE_NOBODY).issuperset(roles)
    if untold and not (MAY_MANAGE_PEOPLE.intersection(roles) and MAY_ADD.intersection(roles)):
        return unknown(
            "admin role",
            f"The person behind the token has {named}. What a role of your own, or one that is not known here, allows "
            "cannot be asked of GoTo.",
            "See in the Admin Center that it may add and manage users, or make the token as a super admin.",
        )
    if not MAY_MANAGE_PEOPLE.intersection(roles):
        return problem(
            "admin role",
            f"The person behind the token has {named}: that changes nobody who is there.",
            "Make the token as a super admin of this account.",
            exit_code=CREDENTIALS,
        )
    if not MAY_ADD.intersection(roles):
        return problem(
            "admin role",
            f"The person behind the token has {named}: they may change people and add none.",
            "Make the token as a super admin, or give the person ADD_USERS as well.",
            weight=Weight.FAILS,
            exit_code=CREDENTIALS,
        )
    if "SUPER_USER" not in roles:
        return problem(
            "admin role",
            f"The person behind the token has {named}: only a super admin gives and takes admin roles.",
            "Make the token as a super admin if the rules give roles.",
            weight=Weight.ADVISES,
        )
    return ok("admin role", "The person behind the token is a super admin.")


def _surroundings(facts: Facts) -> Iterator[Line]:
    if facts.skew_s is None:
        yield unknown("clock", "The platform's answers carry no date to compare this machine's clock with.")
    elif abs(facts.skew_s) > LARGEST_SKEW_S:
        side = "ahead of" if facts.skew_s > 0 else "behind"
        yield problem(
            "clock",
            f"This machine's clock is {abs(facts.skew_s):.0f} seconds {side} the platform's.",
            "Set it by NTP: days of leaving, freezes and the end of tokens are read off it.",
            weight=Weight.FAILS,
        )
    else:
        yield ok("clock", "This machine's clock and the platform's agree.")
    if facts.rate_limited:
        yield problem(
            "rate limit",
            "The platform refused calls of this check-up as too many.",
            "Somebody else uses the same API: lower requests_per_second of the target, or run at another hour.",
            weight=Weight.ADVISES,
        )
    elif facts.paced > GOTO_PER_SECOND:
        yield problem(
            "rate limit",
            f"requests_per_second is {facts.paced:g}, and GoTo admits {GOTO_PER_SECOND} unless it was asked for more.",
            "Leave requests_per_second out, unless GoTo has raised your limit.",
            weight=Weight.ADVISES,
        )
    else:
        yield ok("rate limit", f"Calls are paced at {facts.paced:g} a second; GoTo admits {GOTO_PER_SECOND}.")
