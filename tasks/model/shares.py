"""Shares in percent, in words."""

DIGITS = 6
"""Finer than that a bound is not told from what is over it."""


def percent(share: float) -> str:
    """Return a share as it reads best.

    >>> percent(0.05), percent(0.0213), percent(0.0004), percent(0.0)
    ('5%', '2.1%', '<0.1%', '0%')
    """
    return "<0.1%" if 0 < share < 0.001 else f"{_digits(share, 1)}%"


def bound(share: float) -> str:
    """Return a bound as it was set.

    >>> bound(0.05), bound(0.075), bound(0.0004)
    ('5%', '7.5%', '0.04%')
    """
    return f"{_digits(share, DIGITS)}%"


def held_against(share: float, limit: float) -> str:
    """Return a share as whole percents, finer where it would read like the *limit* that it is over, or is not.

    >>> held_against(0.4, 0.05), held_against(2 / 24, 0.075), held_against(0.0504, 0.05), held_against(0.05, 0.05)
    ('40%', '8%', '5.04%', '5%')
    """
    return f"{_apart(share, limit)}%"


def points(share: float, limit: float | None = None) -> str:
    """Return a difference of shares in points, finer where it would read like the *limit*.

    >>> points(0.583), points(0.225, 0.2), points(0.2004, 0.2)
    ('58.3', '22.5', '20.04')
    """
    return _digits(share, 1) if limit is None else _apart(share, limit, 1)


def _apart(share: float, limit: float, least: int = 0) -> str:
    if abs(share - limit) < 10 ** -(DIGITS + 2):
        return _digits(limit, DIGITS)
    shown = (_digits(share, digits) for digits in range(least, DIGITS + 1))
    return next((text for text in shown if (float(text) > 100 * limit) == (share > limit)), _digits(share, DIGITS))


def _digits(share: float, digits: int) -> str:
    text = f"{100 * share:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
