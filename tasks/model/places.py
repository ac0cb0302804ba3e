"""To which places a secret may be sent: over https, or to this machine."""

from urllib.parse import urlsplit

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
