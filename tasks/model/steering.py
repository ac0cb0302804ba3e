"""Signs that would steer a terminal, or turn the direction in which a text is read. Pure, and light to import."""

import re

STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return text of a file without what would steer a terminal, or turn the direction in which it is read.

    >>> printable("staff\x1b[31m\u202e.csv")
    'staff�[31m�.csv'
    """
    return STEERING.sub("\ufffd", text)
