"""The fault plan: which calls go wrong, and how. The same plan and the same calls go wrong alike each time.

A document of ``rules``; the first rule that is due strikes, and nothing else happens to the call. ``seed`` decides
the throws of ``share``::

    seed: 7
    rules:
      - {on: {method: POST, path: /accounts/*/users}, at: [1, 3], fault: cut_after}
      - {on: {method: GET}, share: 0.2, fault: slow, for_s: 2}
"""

import random
import re
import threading
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tasks.model.errors import BadUsage
from tasks.sandbox.fault_file import Document, read_document

APIS = ("/admin/rest/v1", "/identity/v1", "/identity/scim/v2", "/G2W/rest/v2")
"""What a pattern may leave out at the beginning of a path."""

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
METHODS: list[Method] = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Fault(StrEnum):
    """What can befall a call."""

    TOO_MANY = "too_many"  # 429
    ERROR_500 = "error_500"
    BAD_GATEWAY_HTML = "bad_gateway_html"  # 502, and a page of a proxy
    SERVICE_UNAVAILABLE = "service_unavailable"  # 503
    TIME_OUT = "time_out"  # no answer; after for_s the connection is dropped
    CUT_BEFORE = "cut_before"  # the connection is dropped, nothing was done
    CUT_AFTER = "cut_after"  # it was done, then the connection is dropped
    TWICE = "twice"  # it was done twice, and the second answer is the one that comes
    SLOW = "slow"  # after for_s it is done and answered, even if nobody waits any more
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 (all access tokens end now)
    CREDENTIALS_REVOKED = "credentials_revoked"  # all tokens end now, and nobody gets another
    SEATS_GONE = "seats_gone"  # the licences of the call have no free seat any more
    ADDRESS_TAKEN = "address_taken"  # the addresses of the create live in another account by now
    OK_PAGE = "ok_page"  # 200, and a page of a proxy
    OK_OBJECT = "ok_object"  # 200, and an object with nothing in it
    OK_EMPTY = "ok_empty"  # 200, and nothing
    ACCEPTED = "accepted"  # 202, and nothing
    REDIRECT = "redirect"  # 302, to a page where people sign in
    NO_ROUTE = "no_route"  # 404, and nothing, of a gateway that has lost the way
    BLOCKED_PAGE = "blocked_page"  # 403, and a page of a firewall
    STALE = "stale"  # the answer to the call before it that the rule is about


ANSWERS = frozenset(
    {
        Fault.ERROR_500, Fault.BAD_GATEWAY_HTML, Fault.SERVICE_UNAVAILABLE, Fault.TIME_OUT, Fault.OK_PAGE,
        Fault.OK_OBJECT, Fault.OK_EMPTY, Fault.ACCEPTED, Fault.REDIRECT, Fault.NO_ROUTE, Fault.BLOCKED_PAGE,
        Fault.STALE,
    }
)  # fmt: skip
"""Faults of which a caller cannot know whether the call was done; ``done`` says which."""

WAITS = frozenset({Fault.SLOW, Fault.TIME_OUT})
RETRIES = frozenset({Fault.TOO_MANY, Fault.SERVICE_UNAVAILABLE})

EXAMPLE = "- {on: {method: POST, path: /accounts/*/users}, first: 2, fault: error_500}"

Whole = Annotated[int, Field(ge=1)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | int) else value


def _path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("a path begins with '/'; '*' stands for one part of it, '**' for any number")
    return value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Calls(_Part):
    """The calls that a rule is about; without ``method`` or ``path``, whatever they are.

    A path is the whole one, or what follows the base of an API: ``/accounts/*/users``. ``*`` stands for what is
    between two slashes, ``**`` for anything.
    """

    method: Annotated[list[Method], BeforeValidator(_listed)] = METHODS
    path: Annotated[str, AfterValidator(_path)] = "/**"

    def hold(self, method: str, path: str) -> bool:
        """Tell whether a call is one of these.

        >>> Calls(path="/accounts/*/users").hold("POST", "/admin/rest/v1/accounts/3001/users")
        True
        """
        return method in self.method and self._pattern.fullmatch(path) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words = {"**": ".*", "*": "[^/]*"}
        parts = [words.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*)", self.path)]
        bases = "|".join(map(re.escape, APIS))
        return re.compile(f"(?:{bases})?{''.join(parts)}")


class FaultRule(_Part):
    """One rule. Calls that match are counted from 1; without ``at``, ``every``, ``first``, ``share`` all are struck."""

    on: Calls = Calls()
    at: Annotated[list[Whole], BeforeValidator(_listed), Field(min_length=1)] | None = None
    every: Whole | None = None
    first: Whole | None = None
    share: float | None = Field(default=None, gt=0, le=1)
    fault: Annotated[Fault, Field(strict=False)]
    for_s: float | None = Field(default=None, ge=0, le=3600)
    retry_after: int | None = Field(default=None, ge=0)
    done: bool = False

    @model_validator(mode="after")
    def _holds_together(self) -> "FaultRule":
        named = [name for name in ("at", "every", "first", "share") if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"{' and '.join(named)} stand together; give one of at, every, first, share")
        if self.fault == Fault.SLOW and self.for_s is None:
            raise ValueError("slow needs for_s, the seconds that it takes")
        for name, faults in (("for_s", WAITS), ("retry_after", RETRIES), ("done", ANSWERS)):
            if name in self.model_fields_set and self.fault not in faults:
                raise ValueError(f"{name} goes with {', '.join(sorted(faults))} only")
        return self

    def is_due(self, number: int, chance: float) -> bool:
        """Tell whether the rule strikes the call of this *number* among those that match; *chance* is its throw."""
        if self.at is not None:
            return number in self.at
        if self.every is not None:
            return number % self.every == 0
        if self.first is not None:
            return number <= self.first
        return self.share is None or chance < self.share


class FaultPlan(_Part):
    """Rules, and the seed of their throws. In a file or a control call the rules may also stand alone."""

    seed: int = 0
    rules: list[FaultRule] = []


class Faults:
    """A plan at work: how often each rule's calls came, and how often it struck."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self._lock = threading.Lock()
        self.set(plan or FaultPlan())

    def set(self, plan: FaultPlan) -> None:
        with self._lock:
            self._plan = plan
            self._matched = [0] * len(plan.rules)
            self._struck = [0] * len(plan.rules)
            self._answers: list[Any] = [None] * len(plan.rules)

    def begin_again(self) -> None:
        """Count from the beginning, so that what comes now is struck as what came first."""
        self.set(self._plan)

    def strike(self, method: str, path: str) -> FaultRule | None:
        """Count a call, and return the rule that strikes it. Rules behind that one count the call all the same."""
        with self._lock:
            due = [place for place, rule in enumerate(self._plan.rules) if self._is_due(place, rule, method, path)]
            if not due:
                return None
            self._struck[due[0]] += 1
            return self._plan.rules[due[0]]

    def _is_due(self, place: int, rule: FaultRule, method: str, path: str) -> bool:
        if not rule.on.hold(method, path):
            return False
        self._matched[place] += 1
        number = self._matched[place]
        chance = random.Random(f"{self._plan.seed} {place} {number}").random()  # noqa: S311 (nothing is secret here)
        return rule.is_due(number, chance)

    def remembers(self, method: str, path: str) -> bool:
        """Tell whether the answer to a call has to be kept, since a later one may get it."""
        return any(rule.fault == Fault.STALE and rule.on.hold(method, path) for rule in self._plan.rules)

    def remember(self, method: str, path: str, answer: Any) -> None:
        """Keep an answer for the next call of each rule that is about this one."""
        with self._lock:
            for place, rule in enumerate(self._plan.rules):
                if rule.on.hold(method, path):
                    self._answers[place] = answer

    def last_answer(self, rule: FaultRule) -> Any:
        """Return the answer to the last call that *rule* is about, None if there was none."""
        with self._lock:
            kept = zip(self._plan.rules, self._answers, strict=True)
            return next((answer for known, answer in kept if known is rule), None)

    def read(self) -> dict[str, Any]:
        """Return the plan, each rule with how many calls it ``matched`` and ``struck``."""
        with self._lock:
            counts = zip(self._plan.rules, self._matched, self._struck, strict=True)
            rules = [
                {**rule.model_dump(mode="json", exclude_unset=True), "matched": matched, "struck": struck}
                for rule, matched, struck in counts
            ]
            return {"seed": self._plan.seed, "rules": rules}


def read_fault_plan(source: Path | Mapping[str, Any] | list[Any] | FaultPlan | None) -> FaultPlan:
    """Return the plan that *source* holds: a YAML or JSON file, a document, a plan, or None for one without rules.

    Raises ``BadUsage``, which names the line (of a file) and the place of whatever is wrong, and what can stand there.
    """
    if isinstance(source, FaultPlan):
        return source
    document = read_document(source) if isinstance(source, Path) else Document(source)
    if isinstance(document.value, list):
        document = document.under("rules")
    try:
        return FaultPlan.model_validate({} if document.value is None else document.value)
    except ValidationError as exc:
        errors = exc.errors()
        problems = [f"{document.place(error['loc'])}{_worded(error)}" for error in errors[:5]]
        raise BadUsage(
            f"The fault plan{f' {source}' if isinstance(source, Path) else ''} is not one: {'; '.join(problems)}.",
            sent="The sandbox was not changed.",
            remedy=f"A plan is {{seed, rules}}; a rule has {', '.join(FaultRule.model_fields)}. For example: {EXAMPLE}",
            problems=len(errors),
        ) from exc


def _worded(error: Any) -> str:
    if error["type"] == "model_type" and error["loc"][-1:] == ("on",):
        return "this should be the calls that are meant, {method: POST, path: /accounts/*/users}, either or both"
    if error["type"] == "model_type":
        return "this should be keys and values"
    if error["type"] == "extra_forbidden":
        model = Calls if "on" in error["loc"] else FaultRule if len(error["loc"]) > 1 else FaultPlan
        return f"there is no such key; there are {', '.join(model.model_fields)}"
    return str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "this should be")
