"""How many people a plan will have written to, by kind of mail and language. Pure."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from tasks.model.plan import Change
from tasks.plan.world import World


def forecast_mails(world: World, changes: Iterable[Change]) -> dict[str, dict[str, int]]:
    """Return ``{kind: {locale: people}}``, sorted; a person counts once for each kind.

    A mail is in the language that the plan sets, else in that of the account; ``""`` stands for the tenant's default.
    """
    changes = list(changes)
    kinds = {(change.subject, kind) for change in changes for kind in change.mail}
    planned = {change.subject: change.after["locale"] or "" for change in changes if "locale" in change.after}
    locales = _current(world, {subject for subject, _ in kinds} - set(planned)) | planned
    counts: dict[str, Counter[str]] = {}
    for subject, kind in sorted(kinds):
        counts.setdefault(kind, Counter())[locales.get(subject, "")] += 1
    return {kind: dict(sorted(found.items())) for kind, found in sorted(counts.items())}


def _current(world: World, subjects: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the locales that the accounts of these people have now, where they have one."""
    known: dict[tuple[str, str], str] = {}
    if not subjects:
        return known
    for table, key in ((world.linked, ["link_source", "link_external_id"]), (world.people, ["source", "key"])):
        spoken = table.loc[table["current_locale"].notna(), [*key, "current_locale"]]
        theirs = spoken[pd.MultiIndex.from_frame(spoken[key]).isin(list(subjects))]
        known.update({(source, name): locale for source, name, locale in theirs.itertuples(index=False)})
    return known
