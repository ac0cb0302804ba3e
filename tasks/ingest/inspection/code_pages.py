"""Whether letters that were read as Western European (cp1252) may be others, in another code page. Pure.

Nearly any bytes can be read as cp1252, and as most other code pages of one byte a letter as well. The same byte is è
in cp1252 and č in cp1250 (Czech, Polish, Croatian, Hungarian, Romanian), þ in cp1252 and ş in cp1254 (Turkish), ð in
cp1252 and š in cp1257 (Latvian, Lithuanian). What tells them apart is where a letter stands: French has è before a
consonant, Czech has č before a vowel. Letters that are the same byte in all of them (á, é, ö, ü) say nothing.
"""

import re
from collections.abc import Iterator, Mapping

JUDGED = 1 << 22
"""So many letters of a text say what it is in."""
STRANGE_FROM, MOSTLY = 0.1, 0.5
"""From the first share of strange letters on an encoding is in doubt; above the second it is likely another.

A doubt costs one look at the names, a wrong encoding the names of people: so the first is low.
"""

_VOWELS = "aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿ"
_VOWEL, _CONSONANT, _LETTER = f"[{_VOWELS}]", rf"[^\W\d_{_VOWELS}]", r"[^\W\d_]"
_AT_HOME: Mapping[str, str] = {
    "è": f"è(?=(?!k|ni[ck]){_CONSONANT})|(?<={_CONSONANT})è(?!{_LETTER})",  # Hélène, Mosè; č: Horáček, Kovač, Vlčková
    "ê": f"(?<!i)ê(?=[chlmnqrstv]|(?!{_LETTER}))",  # Têtu, Inês; ę: Więcek, Dębski
    "ë": f"(?<={_VOWEL})ë",  # Noël; ė: Agnė
    "ï": f"(?<={_VOWEL})ï(?!{_VOWEL})",  # Loïc; ď: Ďurica, Maďar
    "ì": f"ì(?!{_LETTER})",  # Forlì; ě: Němec
    "ò": f"(?<!(?!i){_VOWEL})ò(?!{_VOWEL}|k)",  # Niccolò, Mònica; ň: Vaňová, Daňko; ņ: Kalniņa
    "ù": f"ù(?!{_LETTER})",  # Cantù; ů: Růžička
    "û": "û(?=[gmnlrt]|ch)",  # Brûlé; ű: Szűcs
    "ã": f"ã(?=[oe])|(?<=u)ã(?!{_LETTER})",  # João, Magalhães, Cauã; ă: Păun
    "õ": "õ(?=e)",  # Simões; ő: Erdős
    "ñ": f"ñ(?={_VOWEL})",  # Núñez; ń: Kamiński
    "ç": f"ç(?!{_CONSONANT})",  # François, Koç; ē: Bērziņš
    "ø": f"(?<!{_VOWEL})ø(?:(?!(?!y){_VOWEL})|(?=e[dg]?(?!{_LETTER})))",  # Møller, Øystein, Røed; ř: Dvořák, Kolář
    "æ": f"(?<!{_VOWEL})æ(?={_CONSONANT})",  # Kjær; ć: Petrović, Ćosić
    "œ": f"(?<!{_VOWEL})œ(?=[ud])|(?<={_CONSONANT})œ(?={_CONSONANT})",  # Lebœuf, Lœtitia; ś: Leśniak, Świątek
    "å": "å",
    "à": "à",
}
"""Where a letter that is another one elsewhere stands in names of Western Europe; behind it, where the other stands."""

_ICELANDIC = re.compile(rf"(?:dóttir|sson|rður)(?!{_LETTER})")
_OF_ICELAND = re.compile(rf"[ðþ]|ý(?={_LETTER})|cý")
"""In a list without a name of Iceland, these are Turkish (ğ, ş, ı), Croatian (đ) or Baltic (š, ž)."""

_NO_LETTERS = re.compile(
    rf"[£¥¼½¾¯±¶¦¹²³©®§ªº](?={_LETTER})"  # £ukasz, Paw³owski, ªtefan
    rf"|(?<={_LETTER}{{3}})[¹²³ªº]"  # Micha³, Rareº; but m², Nº
    rf"|(?<={_LETTER})[£¥¼½¾¯±¶¦¡¿]"
    rf"|(?<={_LETTER})[“”](?={_LETTER})"  # J”rg
)
"""Signs in the place of letters."""
_CAPITAL_WITHIN = re.compile(r"(?<=[a-zß-öø-ÿšœž])[À-ÖØ-ÞŠŒŽŸ]")
_HEAPED = re.compile(r"[à-öø-ÿšœž]{3,}")
"""Accent upon accent: but for those of Iceland no word of the West has that, and each of another alphabet has."""


def is_icelandic(text: str) -> bool:
    """Tell whether a text has names that are made as in Iceland."""
    return _ICELANDIC.search(text[:JUDGED].lower()) is not None


def strangeness(text: str) -> float:
    """Return which share of the letters of a text read as cp1252 stands where names of Western Europe do not have it.

    0 to 1. Of letters that are another in some other code page; each word that is there more than once counts once.

    >>> strangeness("Hélène Lefèvre"), strangeness("Tomáš Dvoøák")  # Dvořák, read as cp1252
    (0.0, 1.0)
    """
    words = "\n".join({word for word in _words(text[:JUDGED]) if not word.isascii()})
    small = words.lower()
    judged = sum(small.count(letter) for letter in _AT_HOME)
    strange = judged - sum(1 for _ in _HOME.finditer(small))
    nowhere_western = [(_NO_LETTERS, small), (_CAPITAL_WITHIN, words)]
    if not is_icelandic(text):
        nowhere_western += [(_OF_ICELAND, small), (_HEAPED, small)]
    found = sum(len(match[0]) for pattern, where in nowhere_western for match in pattern.finditer(where))
    return (strange + found) / (judged + found) if judged + found else 0.0


def _words(text: str) -> Iterator[str]:
    return (match[0] for match in re.finditer(r"[^\s,;|]+", text))


_HOME = re.compile("|".join(_AT_HOME.values()))
