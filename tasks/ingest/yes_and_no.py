"""Words for yes and no, in the eight languages whose headings are known."""

import unicodedata

_YES = {
    "English": "yes y true t on 1",
    "French": "oui vrai",
    "German": "ja j wahr",
    "Spanish": "sí si s verdadero cierto",
    "Italian": "sì vero",
    "Portuguese": "sim verdadeiro",
    "Dutch": "ja waar",
    "Japanese": "はい 有 有り あり 真 ○ 〇",
    "signs": "✓ ✔ ☑",
}
_NO = {
    "English": "no n false f off 0",
    "French": "non faux",
    "German": "nein falsch",
    "Spanish": "no falso",
    "Italian": "no falso",
    "Portuguese": "não nao falso",
    "Dutch": "nee neen onwaar",
    "Japanese": "いいえ 無 無し なし 偽 ×",
    "signs": "✗ ✘ ☐",
}
# A bare x is missing on purpose: it ticks a box in one list and crosses it out in the next.


def folded(text: str) -> str:
    """Return *text* as words are compared: full-width letters as plain ones, accents in one form, without case."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


YES = frozenset(folded(word) for words in _YES.values() for word in words.split())
NO = frozenset(folded(word) for words in _NO.values() for word in words.split())
