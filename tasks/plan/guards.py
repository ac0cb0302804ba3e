"""What a plan must never do, whatever the rules say: end an exception early, or leave nobody in charge. Pure."""

from datetime import date

import pandas as pd

from tasks.model.pipeline import Pipeline
from tasks.model.plan import Action, WithheldReason
from tasks.plan.drafts import Drafts, Person

SUPER_ADMIN = {"goto": "SUPER_USER"}
"""The role without which nobody can manage a tenant, by kind of target (GoTo reference 4.2)."""


UNABLE = ("SUSPENDED", "INVITED")
"""Statuses of accounts that cannot sign in to the Admin Center."""


def kept_products(pipeline: Pipeline, person: Person, as_of: date) -> frozenset[str]:
    """Return the products that an exception of the pipeline lets this person keep today (``until`` included)."""
    return frozenset(
        product
        for exception in pipeline.exceptions
        if exception.until >= as_of and _names(exception.who, person)
        for product in exception.keep
    )


def _names(who: str, person: Person) -> bool:
    addresses = {address.casefold() for address in (*person.addresses, person.user_name or "")}
    return who == person.key or who.casefold() in addresses


def keep_an_admin(drafts: Drafts, accounts: pd.DataFrame) -> None:
    """Withhold every change that takes the super admin's role, if nobody who can use that role would be left."""
    role = SUPER_ADMIN[drafts.pipeline.target.kind]
    able = accounts[~accounts["status"].isin(UNABLE)]
    admins = {key for key, roles in zip(able["account_key"], able["roles"], strict=True) if role in (roles or ())}
    losing = [
        change
        for change in drafts.changes
        if change.account_key in admins
        and change.action in (Action.SUSPEND, Action.DELETE, Action.SET_ROLE)
        and role not in change.after.get("roles", ())
    ]
    if losing and admins == {change.account_key for change in losing}:
        drafts.withdraw_all({change.change_id: "" for change in losing}, WithheldReason.LAST_ADMIN)
