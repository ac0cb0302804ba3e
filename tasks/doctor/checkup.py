"""The check-up as a whole: all lines, in the order in which one would put things right. Pure."""

from tasks.doctor.credentials import judge_credentials
from tasks.doctor.domains import judge_organisation
from tasks.doctor.facts import Facts
from tasks.doctor.lines import Line
from tasks.doctor.seats import judge_seats


def check_up(facts: Facts) -> list[Line]:
    """Return every line. Where nobody lets us in, only the way in is judged: the rest would be guesswork."""
    lines = list(judge_credentials(facts))
    if facts.credentials.account_reached:
        lines += judge_organisation(facts)
        lines += judge_seats(facts)
    return lines


def decisive(lines: list[Line]) -> list[Line]:
    """Return the problems for which a sync stops before it sends anything."""
    return [line for line in lines if line.blocks]
