"""What a heading says its column is: names in eight languages, spelt as people spell them. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from tasks.ingest.inspection import vocabulary

EXACT, PHRASE, ALIKE = 0.9, 0.7, 0.65
_CAMEL = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zà-ÿ])")
_ALIKE_FROM, _ALIKE_LETTERS, _PHRASE_LETTERS = 90, 6, 4


@dataclass(frozen=True)
class Meaning:
    """What a heading says: the kind of column (``vocabulary.KINDS``), how sure (0 to 1), and by what."""

    kind: str
    confidence: float
    evidence: str


def words(heading: str) -> list[str]:
    """Return the words of a heading, as they are compared: no case, no accents, camel case parted.

    >>> words("WorkerID"), words("Date d'entrée"), words("E-Mail-Adresse (dienstlich)")
    (['worker', 'id'], ['date', 'd', 'entree'], ['e', 'mail', 'adresse', 'dienstlich'])
    """
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", unicodedata.normalize("NFKC", heading)).casefold())
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"\w+", kept.replace("_", " ").replace("°", " ").replace("#", " no "))


def spelling(text: str) -> str:
    """Return a heading or a word with nothing but what tells it from others.

    >>> spelling("Employee No."), spelling("first_name"), spelling("社員 番号")
    ('employeeno', 'firstname', '社員番号')
    """
    return "".join(words(text))


def listed(text: str) -> frozenset[str]:
    """Return the spellings of a list of the vocabulary."""
    return frozenset(spelling(name) for name in _names(text))


def _names(text: str) -> list[str]:
    return [name.strip() for line in text.split("\n") for name in line.split("|") if name.strip()]


@cache
def _by_spelling() -> Mapping[str, str]:
    known: dict[str, str] = {}
    for kind, text in vocabulary.KINDS.items():
        for name in _names(text):
            known.setdefault(spelling(name), kind)
    return known


@cache
def _phrases() -> Mapping[str, str]:
    """Return the names that tell a column even among other words: no short ones, none that says little."""
    return {
        name: kind
        for name, kind in _by_spelling().items()
        if len(name) >= (_PHRASE_LETTERS if name.isascii() else 2)
        and name
        not in {"name", "nome", "state", "user", "work", "area", "land", "left", "last", "first", "role", "unit"}
    }


@cache
def meaning(heading: str) -> Meaning | None:
    """Return what *heading* says, None if it says nothing that is known.

    >>> meaning("Hire Date").kind, meaning("Personal-Nr.").kind, meaning("メールアドレス").kind
    ('start_date', 'external_id', 'e-mail')
    >>> meaning("Manager e-mail").kind, meaning("Colour of the badge")
    ("manager's name", None)
    """
    said = words(heading)
    whole = "".join(said)
    if not whole:
        return None
    exact = _by_spelling().get(whole)
    if exact:
        return Meaning(exact, EXACT, "the heading says so")
    turned = _by_spelling().get("".join(reversed(said)))  # name.first, as records nest their fields
    if turned:
        return Meaning(turned, PHRASE, "the heading says so, the other way round")
    found = _turned_round(said) or _beside_people(said) or _alike(whole) or _within(said, whole)
    if found and not _is_about_somebody_else(said, whole):
        return found
    return Meaning(vocabulary.OTHER, PHRASE, "the heading is about somebody else") if found else None


_OPPOSITE_FLAGS = {
    vocabulary.ACTIVE_FLAG: vocabulary.INACTIVE_FLAG, vocabulary.INACTIVE_FLAG: vocabulary.ACTIVE_FLAG,
}  # fmt: skip


@cache
def _negations() -> frozenset[str]:
    return listed(vocabulary.NEGATIONS)


def _turned_round(said: list[str]) -> Meaning | None:
    """Find what a heading asks behind a word like not: ``No longer active`` asks who has left."""
    places = [place for place, word in enumerate(said) if word in _negations()]
    rest = said[places[0] + 1 :] if places else []
    whole = "".join(rest)
    exact = _by_spelling().get(whole)
    found = Meaning(exact, PHRASE, f"the heading holds '{' '.join(rest)}'") if exact else _within(rest, whole)
    if not whole or found is None or found.kind not in _OPPOSITE_FLAGS:
        return None
    return Meaning(_OPPOSITE_FLAGS[found.kind], found.confidence, f"{found.evidence} behind '{said[places[0]]}'")


def _within(said: list[str], whole: str) -> Meaning | None:
    """Find the longest known name among the words of a heading: ``HR department code`` has ``department``."""
    runs = {"".join(said[first:last]) for first in range(len(said)) for last in range(first + 1, len(said) + 1)}
    if not whole.isascii():  # Japanese is written without blanks
        runs |= {name for name in _phrases() if not name.isascii() and name in whole}
    known = sorted((run for run in runs if run in _phrases()), key=lambda run: (-len(run), run))
    if not known:
        return None
    kind = _phrases()[known[0]]
    share = len(known[0]) / len(whole)
    return Meaning(kind, round(PHRASE * (0.6 + 0.4 * share), 2), f"the heading holds '{known[0]}'")


def _beside_people(said: list[str]) -> Meaning | None:
    """Find what a heading says beside that a row is a person: ``Mitarbeiter Vorname`` is a first name."""
    rest = [word for word in said if word not in _people()]
    kind = _by_spelling().get("".join(rest)) if len(rest) < len(said) else None
    return Meaning(kind, PHRASE, f"the heading holds '{' '.join(rest)}'") if kind else None


@cache
def _people() -> frozenset[str]:
    return listed(vocabulary.PEOPLE)


def _alike(whole: str) -> Meaning | None:
    if len(whole) < _ALIKE_LETTERS:
        return None
    known = [
        name for name, kind in _phrases().items() if kind not in _OPPOSITE_FLAGS or not _differs_in_front(name, whole)
    ]
    found = process.extractOne(whole, known, scorer=fuzz.ratio, score_cutoff=_ALIKE_FROM)
    return Meaning(_phrases()[found[0]], ALIKE, f"the heading is like '{found[0]}'") if found else None


def _differs_in_front(name: str, whole: str) -> bool:
    """Tell whether one ends with the other: ``deactivated`` is no misspelt ``activated``."""
    return whole.endswith(name) or name.endswith(whole)


@cache
def _somebody_else() -> frozenset[str]:
    return listed(vocabulary.SOMEBODY_ELSE)


def _is_about_somebody_else(said: Iterable[str], whole: str) -> bool:
    others = _somebody_else()
    return any(word in others for word in said) or any(not o.isascii() and o in whole for o in others)
