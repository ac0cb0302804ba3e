"""How many people a plan will have written to, by kind of mail and language. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from tasks.model.plan import Change
from tasks.plan.world import World, text


def forecast_mails(world: World, changes: Iterable[Change]) -> dict[str, dict[str, int]]:
    """Return ``{kind: {locale: people}}``, sorted; a person counts once for each kind.

    A mail is in the language that the plan sets, else in that of the account; ``""`` stands for the tenant's default.
    """
    changes = list(changes)
    kinds = {(change.subject, kind) for change in changes for kind in change.mail}
    planned = {change.subject: change.after["locale"] for change in changes if change.after.get("locale")}
    current = _current(world, {subject for subject, _ in kinds} - set(planned))
    counts: dict[str, Counter[str]] = {}
    for subject, kind in sorted(kinds):
        locale = planned.get(subject) or current.get(subject) or ""
        counts.setdefault(kind, Counter())[locale] += 1
    return {kind: dict(sorted(found.items())) for kind, found in sorted(counts.items())}


def _current(world: World, subjects: set[tuple[str, str]]) -> Mapping[tuple[str, str], str | None]:
    """Return the locales that the accounts of these people have now."""
    if not subjects:
        return {}
    known = {}
    for table, source, key in ((world.linked, "link_source", "link_external_id"), (world.people, "source", "key")):
        rows = zip(table[source], table[key], table["current_locale"], strict=True)
        known.update({(one, two): text(locale) for one, two, locale in rows if (one, two) in subjects})
    return known
