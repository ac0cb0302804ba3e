"""The account itself."""

from typing import Any

from tasks.sandbox.user_values import locale_problems
from tasks.sandbox.wire import AccountUpdate, Call, GotoRefusal, Problem


def rendered(call: Call) -> dict[str, Any]:
    """Return the account as the wire has it (the fields are assumed)."""
    row = call.db.execute("SELECT key, name, locale FROM account").fetchone()
    return {"key": call.key(row["key"]), "name": row["name"], "locale": row["locale"]}


def update(call: Call, body: AccountUpdate) -> None:
    """Change name and language; what the body has not stays. Raises a refusal (400)."""
    if problems := [*_name_problems(body), *locale_problems(call, body.locale, "account.locale.invalid")]:
        raise GotoRefusal(400, *problems)
    call.db.execute(
        "UPDATE account SET name = coalesce(?, name), locale = coalesce(?, locale)", (body.name, body.locale or None)
    )


def _name_problems(body: AccountUpdate) -> list[Problem]:
    return [Problem("account.name.required")] if body.name is not None and not body.name.strip() else []
