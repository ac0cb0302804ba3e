"""Where a secret may stand in a pipeline file, and which variables stand for one: such a variable stands nowhere else.

A value that is no secret goes into plans, reports and logs, so the value of a secret must not get there, whatever the
variable is called (docs/decisions/0035). Messages name line, key and variable, never a value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from tasks.model.fields import REFERENCE as SECRET_REFERENCE
from tasks.model.places import goes_in_clear, opened
from tasks.model.secrets import SecretKind, kind_of_value
from tasks.pipeline_file.plain_yaml import Node, Path, Problem
from tasks.pipeline_file.wording import listing

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
SHORTEST = 8
"""Values of fewer characters are not looked for: that a word of a rule is also the password of a test says nothing."""
SHORTEST_QUOTED = 3
WHERE = "secrets may stand in auth, password, notify and database, and in a URL as its password or in its query"
IN_CLEAR = "sends a secret to another machine over plain http; write https://"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORD = re.compile(
    r"sig|auth|authorization|key|pass|passphrase|pwd|credentials?|odbc"
    r"|\w*(?:signature|token|password|passwd|secret|(?:api|access|auth|shared)key)"
)
_CODES = frozenset({"access", "auth", "function"})
"""Of what a code is a secret; one that is called just that is too."""
_CREDENTIALS = re.compile(r"://(?P<user>[^/?#@:]*)(?P<colon>:?)(?P<password>[^/?#@]*)@")

_IN_PATH = re.compile(r"[;#]([^/;#=?]+)=[^/;#]*\$\{")
"""A parameter of a step of the path, or of the fragment, that a variable fills."""
_QUERY = re.compile(r"\?[^/]*=\$\{")


def is_secret(path: Path) -> bool:
    """Whether the whole of the value at *path* is a secret: a reference, and nothing else."""
    match path:
        case ("targets", int(), "auth", str()) | ("notify", int(), "to") | ("sources", int(), "password"):
            return True
    return False


def is_place(path: Path) -> bool:
    """Whether the value at *path* says where a list is."""
    match path:
        case ("sources", int(), "path" | "database"):
            return True
    return False


def can_hold_secrets(path: Path, place: str) -> bool:
    """Whether a place keeps its references until it is opened: a URL with a user, a query, or a block's value."""
    return path[-1] == "database" or "${block:" in place or ("://" in place and ("@" in place or "?" in place))


@dataclass(frozen=True)
class Value:
    """One text of the file, split: what stands where a secret may, and what is open to everybody's eyes.

    ``telling`` is of the first what is a secret without doubt, so that its value is known again elsewhere: a query can
    hold a department too.
    """

    line: int
    path: Path
    secret: str
    telling: str
    open: str


def is_secret_parameter(name: str) -> bool:
    """Whether a parameter of a query is a secret by the words of its name.

    >>> [is_secret_parameter(name) for name in ("X-Amz-Signature", "accessToken", "code", "designation", "site_code")]
    [True, True, True, False, False]
    """
    words = [word.lower() for word in _WORD.findall(name)]
    of_what = set(words) - {"code"}
    is_code = "code" in words and (not of_what or bool(of_what & _CODES))
    return is_code or any(_SECRET_WORD.fullmatch(word) for word in words)


def misused(node: Node, environ: Mapping[str, str]) -> list[Problem]:
    """Return one problem for each place in which a secret stands that may not: by its variable, or by its value; and
    for each list and web hook to which a secret would go in clear."""
    values = [_parted(line, path, text, environ) for line, path, text in _texts(node, ())]
    used: dict[str, int] = {}
    for value in values:
        for name in _names(value.secret):
            used.setdefault(name, value.line)
    sure = dict.fromkeys(name for value in values for name in _names(value.telling))
    known = {name: tuple(_texts_of(environ.get(name, ""))) for name in sure}
    misplaced = [
        Problem(value.line, _discreet(value.path, known.values()), said)
        for value in values
        for said in _said(value, used, known, environ)
    ]
    in_clear = [
        Problem(line, path, IN_CLEAR)
        for line, path, text in _texts(node, ())
        if _sends_in_clear(path, text, frozenset(sure), environ)
    ]
    return misplaced + in_clear


def _sends_in_clear(path: Path, text: str, secrets: frozenset[str], environ: Mapping[str, str]) -> bool:
    """Whether a list or a web hook is at http elsewhere, with a user, or with a secret in its query.

    Every web hook is a secret. One that is a block's value is judged when it is called.
    """
    if path[:1] == ("notify",):
        return is_secret(path) and goes_in_clear(_expanded(text, environ).strip())
    if not is_place(path):
        return False
    url = _as_opened(path, text, environ)
    if not goes_in_clear(url):
        return False
    query = text.partition("?")[2] if "://" in text else url.partition("?")[2]
    named = any(is_secret_parameter(part.partition("=")[0]) for part in query.split("&"))
    referred = any(name in secrets or name.startswith("block:") for name in _names(query))
    return named or referred or _CREDENTIALS.search(url) is not None


def _as_opened(path: Path, text: str, environ: Mapping[str, str]) -> str:
    """Return a place as it will be opened: one that keeps its references until then, or one that does not."""
    expanded = _expanded(text, environ)
    if not can_hold_secrets(path, expanded):
        return expanded.strip()
    return opened(text, lambda reference: environ.get(reference[2:-1], reference)).strip()


def _names(text: str) -> list[str]:
    """Return the variables, and the blocks as ``block:NAME``, that *text* refers to."""
    return [reference[2:-1] for reference in SECRET_REFERENCE.findall(text)]


def in_references(problems: Iterable[Problem], node: Node, environ: Mapping[str, str]) -> list[Problem]:
    """Return *problems* with the references of the file in the place of the values that messages and keys quote."""
    names = {name for _, _, text in _texts(node, ()) for name in REFERENCE.findall(text)}
    values = {environ[name]: f"${{{name}}}" for name in sorted(names) if len(environ.get(name, "")) >= SHORTEST_QUOTED}
    if not values:
        return list(problems)
    longest_first = "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)")

    def said(text: str) -> str:
        return pattern.sub(lambda found: values[found[0]], text)

    return [
        Problem(one.line, tuple(said(step) if isinstance(step, str) else step for step in one.path), said(one.message))
        for one in problems
    ]


def _texts(node: Node, path: Path) -> Iterator[tuple[int, Path, str]]:
    """Yield line, path and text of every value, and of every key, which has the path of what it stands in."""
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield node.key_lines[key], path, key
            yield from _texts(child, (*path, key))
    elif isinstance(node.value, list):
        for at, child in enumerate(node.value):
            yield from _texts(child, (*path, at))
    elif node.value is not None:
        yield node.line, path, node.value


def _parted(line: int, path: Path, text: str, environ: Mapping[str, str]) -> Value:
    if is_secret(path):
        return Value(
            line, path, text, "" if path[-1] == "client_id" else text, ""
        )  # an id is a word in other texts too
    if not is_place(path):
        return Value(line, path, "", "", text)
    if "://" in text:
        parts = _parts_of_url(text)
        told = (part for part in parts.query.split("&") if is_secret_parameter(part.partition("=")[0]))
        secret = "\n".join((parts.user, parts.password, parts.query))
        return Value(
            line, path, secret, "\n".join((parts.password, *told)), "" if path[-1] == "database" else parts.rest
        )
    # A variable can stand for a whole URL; a block alone is refused for a path.
    holds = path[-1] == "database" or ("${block:" not in text and can_hold_secrets(path, _expanded(text, environ)))
    return Value(line, path, text, text, "") if holds else Value(line, path, "", "", text)


@dataclass(frozen=True)
class _Parts:
    """What of a URL is secret, or may be: the user where a token can stand in its place, that is over the web without
    a password. ``rest`` has no user, and is open."""

    user: str
    password: str
    query: str
    rest: str


def _parts_of_url(url: str) -> _Parts:
    references: dict[str, str] = {}

    def mark(found: re.Match[str]) -> str:
        """Put a sign that no URL has in the place of a reference: the colon of a block is none of the URL's."""
        sign = chr(0xE000 + len(references))
        references[sign] = found[0]
        return sign

    def filled(text: str) -> str:
        return "".join(references.get(sign, sign) for sign in text)

    head, _, query = SECRET_REFERENCE.sub(mark, url).partition("?")
    found = _CREDENTIALS.search(head)
    if found is None:
        return _Parts("", "", filled(query), filled(head))
    scheme = head[: found.start()]
    user = "" if found["colon"] or scheme.lower() == "sftp" else found["user"]
    rest = f"{scheme}://{head[found.end() :]}"
    return _Parts(filled(user), filled(found["password"]), filled(query), filled(rest))


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    return REFERENCE.sub(lambda found: environ.get(found[1], found[0]), text)


def _texts_of(value: str) -> Iterator[str]:
    """Yield the texts by which the value of a secret is known: itself, or the parts of a URL that are secret, and the
    URL unless it is nothing but a host."""
    value = value.strip()  # a secret that is kept as a file ends in a line break
    texts = [value]
    _, found, rest = value.partition("://")
    if found:
        parts = _parts_of_url(value)
        bare = not (parts.user or parts.password or parts.query or rest.partition("/")[2].strip("/"))
        texts = [parts.password, unquote(parts.password), parts.query, "" if bare else value]
    yield from dict.fromkeys(text for text in texts if len(text) >= SHORTEST)


def _said(
    value: Value, used: Mapping[str, int], known: Mapping[str, tuple[str, ...]], environ: Mapping[str, str]
) -> Iterator[str]:
    names = _names(value.open)
    misplaced = [name for name in dict.fromkeys(names) if name in used]
    for name in misplaced:
        yield f"the variable {name} is used as a secret on line {used[name]}, and no secret may stand here; {WHERE}"
    if is_place(value.path) and "://" in value.open and any(name.startswith("block:") for name in names):
        yield f"a block is for secrets, and no secret may stand in the host or the path of a URL; {WHERE}"
    if is_place(value.path) and any(map(is_secret_parameter, _IN_PATH.findall(value.open))):
        yield f"a parameter in the path or the fragment of a URL is no place for a secret; {WHERE}"
    if is_place(value.path) and _QUERY.search(value.open) and "://" not in _expanded(value.open, environ):
        yield "has a query with a variable and is no URL: write it with its scheme, https://host/folder/file.csv?..."
    if value.path[:1] == ("targets",) and "urls" in value.path and _CREDENTIALS.search(_expanded(value.open, environ)):
        yield "takes no user and no password: credentials of a target stand under auth"
    for name in names:
        if kind_of_value(environ.get(name, "").strip()) == SecretKind.PASSWORD:
            yield f"the variable {name} holds what looks like a key or a token, and no secret may stand here; {WHERE}"
    if not misplaced:
        yield from _said_of_values(value.open, names, known, environ)


def _said_of_values(
    text: str, names: list[str], known: Mapping[str, tuple[str, ...]], environ: Mapping[str, str]
) -> Iterator[str]:
    expanded = _expanded(text, environ)
    for secret, texts in known.items():
        if not any(one in expanded for one in texts):
            continue
        carriers = [name for name in dict.fromkeys(names) if any(one in environ.get(name, "") for one in texts)]
        what = (
            f"the variable {listing(carriers)} has the value of {secret}" if carriers else f"has the value of {secret}"
        )
        yield f"{what}, which is used as a secret, and no secret may stand here; {WHERE}"


def _discreet(path: Path, known: Iterable[tuple[str, ...]]) -> Path:
    """Return *path* with a key that has a secret in it left unsaid."""
    secrets = [text for texts in known for text in texts]
    return tuple("•••" if isinstance(step, str) and any(one in step for one in secrets) else step for step in path)
