"""What the paths and queries of the Admin API ask for: users, a part of a list, a filter, an order."""

from typing import Any
from urllib.parse import unquote

from fastapi import Request

from tasks.sandbox import filters
from tasks.sandbox.user_views import status_words
from tasks.sandbox.wire import Basis, Call, GotoRefusal, Page, Problem


def page_of(request: Request, call: Call) -> Page:
    query: Any = request.query_params
    return Page.of(query.get("offset"), query.get("pageSize"), call.switches)


def user_keys(call: Call, text: str) -> list[str]:
    """Return the keys of the users whom a path names: one, or several with commas between (assumed, by switch)."""
    keys = list(dict.fromkeys(text.split(","))) if call.switches.comma_keys else [text]
    if len(keys) > call.switches.max_keys_per_url:
        raise GotoRefusal(400, Problem("keys.limit.exceeded", str(call.switches.max_keys_per_url)))
    return keys


def basis_of(keys: list[str], basis: Basis) -> Basis:
    """Return what a call rests on that has *basis* for one user: naming several is assumed."""
    return basis if len(keys) == 1 else Basis.ASSUMED


def condition_of(request: Request, call: Call) -> filters.Condition | None:
    """Read ``filter`` from the query as it was sent, None if there is none.

    A ``+`` for a space is refused (observed), and only seen there.
    """
    for part in request.scope["query_string"].decode("ascii", "replace").split("&"):
        name, _, raw = part.partition("=")
        if name == "filter":
            if "+" in raw:
                raise GotoRefusal(400, Problem("filter.invalid", "filter"), basis=Basis.OBSERVED)
            return filters.parse(unquote(raw), call.switches.filter_grammar, status_words(call))
    return None


def required_condition(request: Request, call: Call) -> filters.Condition:
    """Read ``filter``, without which a call would be about everybody. Raises a refusal (400)."""
    condition = condition_of(request, call)
    if condition is None:
        raise GotoRefusal(400, Problem("filter.required", "filter"))
    return condition


def order_of(request: Request, call: Call) -> str | None:
    """Return the order that ``sort`` asks for, None if none: our extension, or (by switch) a parameter refused."""
    text = request.query_params.get("sort")
    if text is None:
        return None
    if call.switches.sort == "refused":
        raise GotoRefusal(400, Problem("parameter.unknown", "sort"))
    return filters.order_by(text)
