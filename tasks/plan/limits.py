"""What one run may do unattended: each limit held against a plan, or against what is left of it. Pure."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from tasks.model.errors import UnsafePlan
from tasks.model.operations import Outcome
from tasks.model.pipeline import LimitName, Pipeline
from tasks.model.plan import SMALLEST_BASE, Action, Change, LimitReading, Plan
from tasks.model.remaining import remaining
from tasks.model.shares import bound, held_against

PER_ACCOUNT = "accounts"
BASES = {"remove_directory_member": "directory_members"}
"""What the share of a limit is of, where that is not the managed active accounts."""


def read_limits(plan: Plan, pipeline: Pipeline) -> list[LimitReading]:
    """Return one reading per limit that is set, and per product for the share of revokes.

    A suspend takes every product of the person, so each of them counts as a revoke; who is moved from one group to
    another is also taken out of one. The share is of managed active accounts; for revokes, of the product's grants on
    managed accounts; for taking out of directory groups, of the memberships that we gave.
    """
    counts = Counter[str](change.action.value for change in plan.changes)
    counts["mail"] = sum(len(change.mail) for change in plan.changes)
    counts["rename"] = sum("user_name" in change.after for change in plan.changes if change.action == Action.UPDATE)
    counts["remove_member"] += sum(
        bool(change.before.get("group_key")) for change in plan.changes if change.action == Action.ADD_MEMBER
    )
    revoked = _revoked(plan)
    counts["revoke"] = revoked.total()
    readings: list[LimitReading] = []
    for name in (*(action.value for action in Action), "rename", "mail"):
        limit = pipeline.limit(_limit_name(name))
        if limit.share is None and limit.count is None:
            continue
        if name == "revoke":
            readings += _per_product(revoked, plan.header.base.get("grants", {}), limit.share)
            if limit.count is not None:
                readings.append(LimitReading(name, "", counts[name], revoked.total(), limit.count, None))
        else:
            base = int(plan.header.base.get(BASES.get(name, PER_ACCOUNT), 0))
            readings.append(LimitReading(name, "", counts[name], base, limit.count, limit.share))
    return readings


def check_freeze(
    plan: Plan, pipeline: Pipeline, today: date, outcomes: Mapping[str, Outcome] = MappingProxyType({})
) -> None:
    """Raise ``UnsafePlan`` if *outcomes* leave anything to do of *plan* and *today* is frozen.

    *today* is the day on which it would be sent, in the pipeline's time zone, whatever day the plan was made for.
    """
    for period in pipeline.freeze if remaining(plan, outcomes).changes else ():
        if period.first <= today <= period.last:
            raise UnsafePlan(
                f"Changes are frozen from {period.first} to {period.last}.",
                remedy="Plan or sync again after the freeze, or take the period out of 'freeze' in the pipeline file.",
            )


def check_limits(
    plan: Plan, pipeline: Pipeline, outcomes: Mapping[str, Outcome] = MappingProxyType({})
) -> list[LimitReading]:
    """Return the readings of what *outcomes* leave to be done of *plan*. Raises ``UnsafePlan`` if one is broken."""
    left = remaining(plan, outcomes)
    readings = read_limits(left, pipeline)
    broken = [reading for reading in readings if reading.broken]
    if broken:
        names = sorted({reading.name for reading in broken})
        raise UnsafePlan(
            f"{_WHOLE if left is plan else _REST} would {'; and '.join(map(describe, broken))}.",
            remedy="Check that the export is complete. If the changes are meant, let this one plan pass with "
            "'rosterflow apply RUN --override REASON', or raise "
            + " and ".join(f"limits.{name}" for name in names)
            + " in the pipeline file.",
            readings=readings,
        )
    return readings


VERBS = {
    "adopt": "adopt {} accounts", "create": "create {} accounts", "update": "update {} accounts",
    "grant": "give {} products", "revoke": "take {} products away", "set_role": "change the role of {} accounts",
    "add_member": "put {} accounts into groups", "remove_member": "take {} accounts out of groups",
    "create_directory_group": "create {} directory groups",
    "add_directory_member": "put {} people into directory groups",
    "remove_directory_member": "take back {} directory memberships",
    "create_group": "create {} groups", "suspend": "suspend {} accounts", "reactivate": "reactivate {} accounts",
    "delete": "delete {} accounts", "rename": "change the sign-in address of {} accounts",
    "mail": "send up to {} mails",
}  # fmt: skip


OF_OTHERS = frozenset({
    "adopt", "create", "grant", "reactivate", "create_directory_group", "add_directory_member", "create_group", "mail",
})  # fmt: skip
"""Limits whose share is of the managed accounts, which are not what they count."""

_WHOLE, _REST = "The plan", "What is left of the plan, as far as is known,"


def describe(reading: LimitReading) -> str:
    """Say in words how far a limit is passed: ``suspend 412 of 1030 accounts (40%, limit 5%)``.

    A share of few is told as what it is counted as: ``suspend 2 of 3 accounts (10%, counted as of 20, limit 5%)``; one
    of other things than are counted names them: ``give 2 products (8% of 24 managed accounts, limit 7.5%)``.
    """
    phrase = VERBS[reading.name]
    if reading.subject:
        phrase = f"take {reading.subject} away from {{}} accounts"
    of_them = reading.max_share is not None and reading.name not in OF_OTHERS
    text = phrase.format(f"{reading.count} of {reading.base}" if of_them else reading.count)
    bounds = []
    if reading.max_share is not None:
        base = "" if of_them else f" of {reading.base} managed accounts"
        counted = f", counted as of {SMALLEST_BASE}" if reading.base < SMALLEST_BASE else ""
        share = held_against(reading.share, reading.max_share)
        bounds.append(f"{share}{base}{counted}, limit {bound(reading.max_share)}")
    if reading.max_count is not None:
        bounds.append(f"limit {reading.max_count}")
    return f"{text} ({'; '.join(bounds)})"


def _limit_name(name: str) -> LimitName:
    return name  # type: ignore[return-value]  # actions and limits are spelled alike; a test holds them equal


def _revoked(plan: Plan) -> Counter[str]:
    """Count who loses each product; a licence that names no product counts as itself."""
    taken = {Action.REVOKE, Action.SUSPEND, Action.DELETE}
    lost: Counter[str] = Counter()
    for change in plan.changes:
        if change.action in taken:
            lost.update(change.before["products"] or _licences(change))
    return lost


def _licences(change: Change) -> list[str]:
    return [f"licence {key}" for key in change.before.get("licences", [change.before.get("licence")]) if key]


def _per_product(revoked: Counter[str], base: dict[str, int], share: float | None) -> list[LimitReading]:
    if share is None:
        return []
    products = sorted({*revoked, *base})
    return [LimitReading("revoke", name, revoked[name], int(base.get(name, 0)), None, share) for name in products]
