"""What a roster says, as plain values."""

from tasks.model.rosters import Roster


def values(roster: Roster, attribute: str) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in roster.workers[attribute]]


def codes(roster: Roster) -> list[list[object]]:
    return roster.findings[["row", "column", "attribute", "code", "severity", "value"]].to_numpy().tolist()
