"""The calls to the platform since it was started, and the fault plan that struck some of them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tasks.model.shares import bound
from tasks.sandbox.center.paging import PAGE, Part, asked

KINDS = {"": "All calls", "changes": "Changes", "refused": "Refused or failed", "faults": "Struck by the fault plan"}


def page(log: Mapping[str, Any], query: Mapping[str, str]) -> Part[dict[str, Any]]:
    """Return one page of the calls, or those of a kind, the newest first."""
    kind = query.get("kind", "")
    found = [_shown(one) for one in reversed(log["requests"]) if _is_of(kind, one)]
    number = asked(query.get("page"), len(found))
    return Part(found[(number - 1) * PAGE : number * PAGE], len(found), number)


def _is_of(kind: str, one: Mapping[str, Any]) -> bool:
    match kind:
        case "changes":
            return one["method"] != "GET" and not one["path"].startswith("/oauth/")
        case "refused":
            return one["status"] is None or one["status"] >= 400
        case "faults":
            return one["fault"] is not None
        case _:
            return True


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call with the tone of its answer."""
    status = one["status"]
    tone = "bad" if status is None or status >= 500 else "warn" if status >= 400 else "good"
    return {**one, "tone": tone, "query": unquote(one["query"])}


def rules(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rules of the fault plan as sentences, with how many calls each met and struck."""
    return [
        {
            "calls": f"{' '.join(_methods(rule))} {rule.get('on', {}).get('path', 'any path')}",
            "when": _when(rule),
            "fault": rule["fault"],
            "matched": rule["matched"],
            "struck": rule["struck"],
        }
        for rule in plan["rules"]
    ]


def _methods(rule: Mapping[str, Any]) -> list[str]:
    method = rule.get("on", {}).get("method", ["Any call of"])
    return [method] if isinstance(method, str) else method


def _when(rule: Mapping[str, Any]) -> str:
    """Return when a rule strikes.

    >>> _when({"at": [1, 3]}), _when({"every": 5}), _when({"share": 0.2}), _when({})
    ('call 1, 3', 'every 5th call', '20% of calls', 'each call')
    """
    if "at" in rule:
        return f"call {', '.join(map(str, rule['at']))}"
    if "every" in rule:
        return f"every {rule['every']}th call"
    if "first" in rule:
        return f"the first {rule['first']}"
    return f"{bound(rule['share'])} of calls" if "share" in rule else "each call"
