"""Recognise columns and cells that are nobody's business: passwords, keys, bank accounts, national ids, pay. Pure.

What is recognised is masked when a roster is read, so that it reaches no other stage, no workbook and no report.
Recognising too much costs a column its place in a workbook; too little shows a password to a spreadsheet's readers.
So doubtful headings count as secret, and the pipeline file can say that one is not (``not_secret``).
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

MASK = "•••"
"""Stands for a secret in whatever leaves reading. It is never data: a cell that holds it holds its row."""


class SecretKind(StrEnum):
    """What a secret is; its value goes on after "the column holds"."""

    PASSWORD = "passwords or keys"  # noqa: S105 - words for a message
    NATIONAL_ID = "national ids"
    BANK = "bank accounts"
    PAY = "pay"
    PHOTO = "photos"


def secret_kind(heading: str, values: Iterable[str] = ()) -> SecretKind | None:
    """Return what kind of secret a column holds, by its heading or by one of its *values*; None if it seems none.

    >>> secret_kind("Mot de passe"), secret_kind("Abteilung"), secret_kind("Remarks", ["{SSHA}xo3n0NB1"])
    (<SecretKind.PASSWORD: 'passwords or keys'>, None, <SecretKind.PASSWORD: 'passwords or keys'>)
    """
    return kind_of_heading(heading) or next(filter(None, map(kind_of_value, values)), None)


def kind_of_heading(heading: str) -> SecretKind | None:
    """Return what kind of secret a heading announces, in one of eight languages or in a directory's own names.

    >>> kind_of_heading("unicodePwd"), kind_of_heading("Bruttogehalt"), kind_of_heading("Secretary")
    (<SecretKind.PASSWORD: 'passwords or keys'>, <SecretKind.PAY: 'pay'>, None)
    """
    words = _words(heading)
    spaced, whole = f" {words} ", words.replace(" ", "")
    for kind, phrases in _PHRASES.items():
        if any(f" {phrase} " in spaced for phrase in phrases):
            return kind
    for kind, parts in _PARTS.items():
        if any(part in whole for part in parts):
            return kind
    return _WHOLE.get(whole)


def kind_of_value(value: str) -> SecretKind | None:
    """Return what kind of secret is in a cell's text, by its shape alone: a hash, a key, a token, a bank account.

    It may stand anywhere: behind a name and a colon, in the second line, behind a sign that nobody sees.

    >>> kind_of_value("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW")
    <SecretKind.PASSWORD: 'passwords or keys'>
    >>> kind_of_value("DE89 3704 0044 0532 0130 00"), kind_of_value("DE00 3704 0044 0532 0130 00")
    (<SecretKind.BANK: 'bank accounts'>, None)
    """
    if _HASH_OR_KEY.search(value):
        return SecretKind.PASSWORD
    return SecretKind.BANK if any(map(_is_iban, _LIKE_IBAN.findall(value))) else None


def _words(heading: str) -> str:
    """Return a heading's words: without accents, in small letters, camel case parted, one blank between."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", heading))
    bare = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", parted)))
    return " ".join(re.sub(r"[\W_]+", " ", bare).casefold().split())


def _is_iban(text: str) -> bool:
    """Tell whether *text* begins with an IBAN: a country's letters, as many signs as it has, a right check sum."""
    squeezed = re.sub(_BETWEEN, "", text).upper()
    length = _IBAN_LENGTHS.get(squeezed[:2], 0)
    account = squeezed[:length]
    if not length or len(account) < length:
        return False
    digits = "".join(str(int(sign, 36)) for sign in account[4:] + account[:4])
    return int(digits) % 97 == 1


_BETWEEN = "[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}-]"
_LIKE_IBAN_PATTERN = f"(?:[A-Za-z]{_BETWEEN}?){{2}}(?:[0-9]{_BETWEEN}?){{2}}(?:[A-Za-z0-9]{_BETWEEN}?){{11}}"
LOOKS_SECRET = (
    r"[{$]|PRIVATE KEY|PuTTY-User-Key|eyJ|pbkdf2|scrypt:|AKIA|ASIA|AIza|gh[pousr]_|github_pat_|glpat-|xox|"
    + _LIKE_IBAN_PATTERN
)
"""A pattern for whole columns that all secrets by ``kind_of_value`` match, and few other texts.

It has no ``\\s`` and no ``$``: with either, pandas asks Python of each cell instead of Arrow, which takes ten times as
long.
"""

_LIKE_IBAN = re.compile(f"(?<![A-Za-z0-9])(?=({_LIKE_IBAN_PATTERN}(?:[A-Za-z0-9]{_BETWEEN}?){{,19}}))")
_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""How many signs a country's accounts have (ISO 13616, the registry of SWIFT)."""
_HASH_OR_KEY = re.compile(
    r"""
      \{(?i:S?SHA-?\d{0,3}|S?MD5|(?:[\w-]+-)?CRYPT|PBKDF2[\w-]*|ARGON2\w*|SCRYPT|BCRYPT|CLEARTEXT|PLAIN|NOOP|NT|LANMAN
          |SASL|x-is(?:sha\d*),[ ]?\d+)\}\s?\S                                  # LDAP, RFC 2307; Dovecot; Spring
    | \$(?:1|5|6|y|gy|7|2[abxy]?|md5|sha1|argon2(?:id?|d)|pbkdf2[\w-]*|apr1)\$\S+        # crypt(3) and its children
    | \$[PHS]\$\S{20,}                                                               # PHP's
    | pbkdf2_sha\d+\$\d+\$ | pbkdf2:sha\d+:\d+\$ | scrypt:\d+:\d+:\d+\$                 # Django, Werkzeug
    | -{4,5}\ ?BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY(?:\ BLOCK)?\ ?---- | PuTTY-User-Key-File-\d
    | (?<![A-Za-z0-9])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*                                # a JSON Web Token
    | (?<![A-Za-z0-9])(?:
          (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9]) | AIza[\w-]{35} | gh[pousr]_[A-Za-z0-9]{36,}
        | github_pat_\w{22,} | glpat-[\w-]{20,} | xox[abprs]-\S{10,}
      )
    """,
    re.VERBOSE,
)

_PARTS = {
    SecretKind.PASSWORD: (
        "password", "passwort", "passwd", "passphrase", "kennwort", "motdepasse", "wachtwoord", "contrasena",
        "パスワード", "暗証番号", "秘密鍵", "krbprincipalkey", "userpkcs12", "supplementalcredentials",
    ),
    SecretKind.NATIONAL_ID: (
        "socialsecurity", "nationalinsurance", "sozialversicherungsn", "steueridentifikation", "steuernummer",
        "personalausweis", "reisepass", "burgerservice", "rijksregister", "passport", "passeport", "pasaporte",
        "passaport", "paspoort", "マイナンバー", "個人番号", "旅券番号", "社会保障番号",
        "基礎年金番号",
    ),
    SecretKind.BANK: (
        "bankaccount", "kontonummer", "bankverbindung", "bankkonto", "bankrekening", "rekeningnummer", "kreditkarte",
        "creditcard", "comptebancaire", "coordonneesbancaires", "cuentabancaria", "contobancario", "contabancaria",
        "coordinatebancarie", "口座", "クレジットカード",
    ),
    SecretKind.PAY: (
        "gehalt", "stundenlohn", "bruttolohn", "nettolohn", "monatslohn", "給与", "給料",
        "月給", "年収", "賃金", "賞与",
    ),
    SecretKind.PHOTO: ("jpegphoto", "thumbnailphoto"),
}  # fmt: skip
"""Found anywhere in a heading without its blanks: words that stand in compounds, or in a script without blanks."""

_PHRASES = {
    SecretKind.PASSWORD: (
        "pwd", "senha", "palavra passe", "clave de acceso", "clave secreta", "parola d ordine", "code secret",
        "code confidentiel", "secret", "token", "api key", "private key", "security answer",
        "secret answer", "recovery code", "otp", "totp", "mfa seed", "phone pin", "voicemail pin", "conference pin",
    ),
    SecretKind.NATIONAL_ID: (
        "ssn", "nino", "ni number", "social insurance number", "national id", "national identity",
        "national identification", "national identifier", "tax id", "taxpayer", "tax number", "tax identification",
        "drivers license", "drivers licence", "driver license", "driver licence", "driver s license",
        "driver s licence", "securite sociale", "num secu", "nir", "numero fiscal", "steuer id", "steuer nr", "sv nr",
        "sv nummer", "ahv nr", "ahv nummer", "seguridad social", "nss", "dni", "nif", "codice fiscale", "cpf", "niss",
        "seguranca social", "bsn", "sofinummer",
    ),
    SecretKind.BANK: (
        "iban", "bic", "swift", "sort code", "routing number", "rib", "blz", "conto corrente", "carte bancaire",
        "carte de credit", "tarjeta de credito", "carta di credito", "cartao de credito", "nib", "bank details",
    ),
    SecretKind.PAY: (
        "salary", "salaries", "wage", "wages", "base pay", "annual pay", "gross pay", "net pay", "pay rate",
        "hourly rate", "compensation", "remuneration", "bonus", "salaire", "lohn", "entgelt", "arbeitsentgelt",
        "salario", "sueldo", "stipendio", "retribuzione", "remuneracao", "remuneracion", "remunerazione", "ordenado",
        "vencimento", "salaris", "loon", "brutoloon", "bezoldiging",
    ),
}  # fmt: skip
"""Found as words of their own: too short, or too much like a part of other words, to be looked for anywhere."""

_WHOLE = {"pin": SecretKind.PASSWORD, "clave": SecretKind.PASSWORD, "暗証": SecretKind.PASSWORD}
"""Headings that are nothing but this: in others (PIN code, clave de empleado) the word means something else."""
