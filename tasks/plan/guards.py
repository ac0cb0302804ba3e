"""What a plan must never do, whatever the rules say: end an exception early, or leave nobody in charge. Pure."""

from datetime import date

import pandas as pd

from tasks.connectors.registry import ADMIN_ROLES
from tasks.model.pipeline import Pipeline
from tasks.model.plan import WithheldReason
from tasks.plan.drafts import Drafts, Person


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
    role = ADMIN_ROLES[drafts.pipeline.target.kind]
    held = zip(accounts["account_key"], accounts["roles"], accounts["status"], strict=True)
    admins = {key for key, roles, status in held if role.can_be_used(roles or (), status)}
    losing = [change for change in drafts.changes if change.account_key in admins and role.is_taken_by(change)]
    if losing and admins == {change.account_key for change in losing}:
        drafts.withdraw_all({change.change_id: "" for change in losing}, WithheldReason.LAST_ADMIN)
