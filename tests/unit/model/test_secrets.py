"""What is recognised as secret by its heading or its shape, and what is not."""

import pandas as pd
import pytest

from tasks.model.secrets import LOOKS_SECRET, SecretKind, kind_of_heading, kind_of_value, secret_kind

HEADINGS = {
    SecretKind.PASSWORD: (
        "Password Passwort Initialpasswort Kennwort Contraseña Senha Palavra-passe Wachtwoord パスワード "
        "初期パスワード "
        "userPassword unicodePwd pwd sambaNTPassword ms-Mcs-AdmPwd USER_PASSWORD Password_[Required] Mot_de_passe PIN"
    ),
    SecretKind.NATIONAL_ID: "SSN Tax_ID N°_sécurité_sociale Steuer-ID Codice_fiscale BSN CPF DNI マイナンバー",
    SecretKind.BANK: "IBAN Bank_account Kontonummer Coordonnées_bancaires Cuenta_bancaria Bankrekening 口座番号",
    SecretKind.PAY: "Salary Gehalt Bruttogehalt Salaire_brut Sueldo Salário Stipendio Salaris 給与 Base_Pay",
    SecretKind.PHOTO: "jpegPhoto thumbnailPhoto",
}
PLAIN = (
    "Secretary Department Employee_No PIN_code Account Cost_center Title Clave_de_empleado 社員番号 Standort "
    "Ribbon Position Location Company Sin_cargo Company_name Photo_URL Surname Nom Vorname Cognome Achternaam 部署 氏名"
)
SSHA = "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ8VIkLaaaa"
VALUES = (
    (SSHA, SecretKind.PASSWORD),
    ("{CRYPT}$6$rounds=1000$abc$def", SecretKind.PASSWORD),
    ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", SecretKind.PASSWORD),
    ("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub", SecretKind.PASSWORD),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", SecretKind.PASSWORD),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", SecretKind.PASSWORD),
    ("GB82 WEST 1234 5698 7654 32", SecretKind.BANK),
    ("GB82WEST12345698765432", SecretKind.BANK),
    ("G B8 2WES T123 4569 8765 432", SecretKind.BANK),
    ("pbkdf2_sha256$600000$c2FsdA$aGFzaA", SecretKind.PASSWORD),
    ("AKIA0123456789ABCDEF", SecretKind.PASSWORD),
    ("ghp_0123456789abcdefghijklmnopqrstuvwxyzAB", SecretKind.PASSWORD),
    ("xoxb-0123456789-abc", SecretKind.PASSWORD),
    ("github_pat_0123456789abcdefghijkl_x", SecretKind.PASSWORD),
    ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", SecretKind.PASSWORD),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----", SecretKind.PASSWORD),
    ("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", SecretKind.PASSWORD),
    ("PuTTY-User-Key-File-2: ssh-rsa", SecretKind.PASSWORD),
    ("{ARGON2ID}$argon2id$v=19$m=1", SecretKind.PASSWORD),
    ("{SHA-512}xyz", SecretKind.PASSWORD),
    ("{SSHA} xyz", SecretKind.PASSWORD),
    ("{BLF-CRYPT}xyz", SecretKind.PASSWORD),
    ("{noop}pw", SecretKind.PASSWORD),
    ("{x-issha, 1024}xyz", SecretKind.PASSWORD),
    ("pbkdf2:sha256:260000$salt$hash", SecretKind.PASSWORD),
    ("scrypt:32768:8:1$salt$hash", SecretKind.PASSWORD),
    ("argon2$argon2id$v=19$m=1", SecretKind.PASSWORD),
    ("bcrypt_sha256$$2b$12$abc", SecretKind.PASSWORD),
    ("ada:$6$abc$def", SecretKind.PASSWORD),
    ("door\n$6$abc$def", SecretKind.PASSWORD),
    ("IBAN DE89370400440532013000", SecretKind.BANK),
    ("de89 3704 0044 0532 0130 00 at her bank", SecretKind.BANK),
    ("DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000", SecretKind.BANK),
    ("DE89-3704-0044-0532-0130-00", SecretKind.BANK),
    ("AB12 3456 7890 1234, DE89 3704 0044 0532 0130 00", SecretKind.BANK),
    ("AB12 3456 7890 1234 DE89 3704 0044 0532 0130 00", SecretKind.BANK),
)
AROUND = ("", " ", "\n", "\t\v", "\x1c", "\u00a0", "\u2028", "\u3000", "\ufeff", "\u200b")


@pytest.mark.parametrize(
    ("heading", "kind"), [(word.replace("_", " "), kind) for kind, words in HEADINGS.items() for word in words.split()]
)
def test_headings_of_secrets_are_recognised_in_eight_languages(heading, kind) -> None:
    assert kind_of_heading(heading) is kind


@pytest.mark.parametrize("heading", PLAIN.split())
def test_headings_of_other_things_are_not(heading) -> None:
    assert kind_of_heading(heading.replace("_", " ")) is None


@pytest.mark.parametrize(("value", "kind"), VALUES)
def test_hashes_keys_and_bank_accounts_are_recognised_by_their_shape(value, kind) -> None:
    assert kind_of_value(value) is kind


def test_whatever_is_recognised_looks_secret_to_the_search_of_whole_columns() -> None:
    cells = pd.Series([f"{sign}{value}{sign}" for value, _ in VALUES for sign in AROUND], dtype="str")
    assert all(map(kind_of_value, cells))
    assert cells[~cells.str.contains(LOOKS_SECRET)].empty


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Ada",
        "1042",
        "{value}",
        "$100",
        "GB82 WEST 1234 5698 7654 33",
        "SHA 1",
        "a@b.example",
        "XA89370400440532013000",
    ],
)
def test_other_values_are_not(value) -> None:
    assert kind_of_value(value) is None


def test_a_column_without_a_telling_heading_is_known_by_one_of_its_values() -> None:
    assert secret_kind("Remarks", ["nothing", SSHA]) is SecretKind.PASSWORD
    assert secret_kind("Remarks", ["nothing"]) is None
