"""What a place with references is when it is opened, and to which a secret may be sent: over https, or to this machine.

One function fills references in, for who opens a place and for who judges it before: two would not agree for long.
"""

import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from tasks.model.fields import REFERENCE
from tasks.model.pipeline import SANDBOX_HOSTS

THIS_MACHINE = frozenset(host.strip("[]") for host in SANDBOX_HOSTS)


def goes_in_clear(url: str) -> bool:
    """Tell whether what is sent to *url* can be read on the way: plain http to another machine.

    >>> [goes_in_clear(url) for url in ("http://a.example/x", "https://a.example/x", "http://[::1]:80/x", "http://[")]
    [True, False, False, True]
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return url.lower().startswith("http:") and host not in THIS_MACHINE


def opened(place: str, value_of: Callable[[str], str]) -> str:
    """Return *place* with the value of each of its references.

    In the user, the password, the path and the query of a URL values are quoted, so that no sign of theirs is taken for
    one of the URL's. One that is the host, or the beginning of the URL, stands for what it says.

    >>> opened("https://hr:${PW}@${HOST}/a.csv?token=${PW}", {"${PW}": "a/b", "${HOST}": "acme.example:444"}.get)
    'https://hr:a%2Fb@acme.example:444/a.csv?token=a%2Fb'
    >>> opened("${BASE}/a.csv?token=${PW}", {"${BASE}": "https://acme.example", "${PW}": "a/b"}.get)
    'https://acme.example/a.csv?token=a%2Fb'
    """
    if REFERENCE.fullmatch(place):
        return value_of(place)
    references: list[str] = []

    def mark(found: re.Match[str]) -> str:
        """Put a sign that no URL has in the place of a reference, whose colon is none of the URL's."""
        references.append(found[0])
        return chr(0xE000 + len(references) - 1)

    def filled(text: str, safe: str | None = None) -> str:
        values = {chr(0xE000 + at): value_of(reference) for at, reference in enumerate(references)}
        return "".join(
            sign if sign not in values else values[sign] if safe is None else quote(values[sign], safe=safe)
            for sign in text
        )

    head, question, query = REFERENCE.sub(mark, place).partition("?")
    scheme, slashes, rest = head.partition("://") if "://" in head else ("", "", head)
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    return (
        f"{filled(scheme)}{slashes}{filled(login, '')}{at}{filled(host)}{slash}{filled(path, '/')}"
        f"{question}{filled(query, '')}"
    )
