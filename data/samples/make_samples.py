"""Write the sample rosters and the sandbox's tenant. Everybody in them is invented.

Names are put together from made-up parts; the same seed gives the same people. Run it from anywhere:

    python data/samples/make_samples.py [FOLDER]
"""

import csv
import io
import json
import random
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

SEED = 20260901
PEOPLE = 300
MADE_ON = datetime(2026, 9, 1)  # noqa: DTZ001  (a fixed date in the files' properties: equal runs, equal files)

FIRST = (
    "Al",
    "Be",
    "Cor",
    "Da",
    "El",
    "Fen",
    "Gi",
    "Hal",
    "Io",
    "Jun",
    "Ka",
    "Lu",
    "Mar",
    "Ne",
    "Or",
    "Pia",
    "Ro",
    "Sa",
)
SECOND = ("bin", "da", "dric", "la", "len", "mo", "nette", "ra", "rien", "so", "tis", "vé", "wen", "zo")
HOUSE = (
    "Ash",
    "Bram",
    "Cald",
    "Dun",
    "Ever",
    "Fair",
    "Gran",
    "Hol",
    "Ing",
    "Kess",
    "Lind",
    "Mor",
    "Nor",
    "Ost",
    "Pell",
)
PLACE = ("bæk", "bourne", "dell", "ford", "garde", "hurst", "ley", "mere", "quist", "ridge", "stone", "ville", "wick")

TITLES = {
    "Sales": ("Account Manager", "Sales Assistant", "Head of Sales"),
    "Marketing": ("Campaign Manager", "Editor", "Designer"),
    "Training": ("Trainer", "Course Author"),
    "Support": ("Support Agent", "Team Lead"),
    "Customer Success": ("Customer Consultant", "Onboarding Specialist"),
    "Engineering": ("Software Engineer", "Test Engineer", "Product Owner"),
    "Finance": ("Accountant", "Controller"),
    "Human Resources": ("Recruiter", "Payroll Clerk"),
    "IT": ("System Engineer", "Service Desk", "Directory Administrator"),
    "Legal": ("Counsel", "Paralegal"),
}
WEIGHTS = (60, 32, 24, 42, 20, 58, 20, 14, 18, 6)
LANGUAGES = ("English", "French", "German")
CITIES = ("Norhaven", "Port Ellis", "Saint-Orme", "Kesselbruck")
HEADINGS = (
    "Employee No", "Account", "First name", "Surname", "Department", "Job title", "State", "Hire date", "Leaving date",
    "Language", "Site", "Manager No", "Cost centre", "Remarks",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One row of the staff list, cells as HR keeps them: text, real dates, blanks as the empty string."""

    number: str
    account: str
    first: str
    last: str
    department: str
    title: str
    state: str
    hired: date
    leaving: date | str
    language: str
    site: str
    manager: str
    cost_centre: str
    remarks: str = ""

    def cells(self) -> tuple[str | date, ...]:
        return (
            self.number, self.account, self.first, self.last, self.department, self.title, self.state, self.hired,
            self.leaving, self.language, self.site, self.manager, self.cost_centre, self.remarks,
        )  # fmt: skip


def main(folder: Path) -> None:
    """Write all samples into *folder*."""
    staff = first_month()
    write_workbook(folder / "acme_staff.xlsx", staff)
    write_workbook(folder / "acme_staff_next.xlsx", next_month(staff))
    write_workbook(folder / "acme_staff_truncated.xlsx", staff[: PEOPLE * 2 // 3])
    (folder / "acme_france.csv").write_bytes(french_csv())
    text = json.dumps(tenant(staff), ensure_ascii=False, indent=2)
    (folder / "acme_tenant.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def first_month() -> list[Person]:
    """Return the staff of the first month: 300 rows, 12 of them people who left, one with a mistyped account."""
    chance = random.Random(SEED)  # noqa: S311
    names = invent_names(chance, PEOPLE)
    staff = [invent(chance, 100 + at, name) for at, name in enumerate(names)]
    for at in range(20, PEOPLE, 25):
        staff[at] = replace(staff[at], state="Inactive", leaving=date(2026, 1 + at % 8, 28))
    staff[41] = replace(staff[41], leaving=date(2031, 12, 31), remarks="Fixed term")
    staff[57] = replace(staff[57], account=staff[57].account.replace(".", " "))
    return untidy(staff)


def next_month(staff: Sequence[Person]) -> list[Person]:
    """Return the staff one month on: 8 joiners, 6 movers, 5 leavers, 2 rows that cannot be read as they stand.

    Of the leavers, 3 are gone from the list and 2 are marked. The account that was mistyped is put right, which
    makes one more joiner.
    """
    chance = random.Random(SEED + 1)  # noqa: S311
    now = list(staff)
    now[57] = replace(now[57], account=now[57].account.replace(" ", "."))
    for at, department in MOVES.items():
        now[at] = replace(now[at], department=department, title=TITLES[department][0])
    for at in (75, 160):
        now[at] = replace(now[at], state="Inactive", leaving=date(2026, 9, 30))
    now[33] = replace(now[33], account=now[33].account.replace(".", "@"))
    now[210] = replace(now[210], state="Sabbatical")
    gone = {64, 131, 252}
    taken = {(person.first, person.last) for person in staff}
    names = [name for name in invent_names(chance, 40) if name not in taken][:8]
    joiners = [invent(chance, 100 + PEOPLE + at, name, hired=date(2026, 10, 1)) for at, name in enumerate(names)]
    return [person for at, person in enumerate(now) if at not in gone] + joiners


MOVES = {5: "Marketing", 48: "Sales", 92: "Training", 147: "Engineering", 188: "Support", 233: "Support"}
"""Who moves where in the second month, by place in the list."""


def invent_names(chance: random.Random, count: int) -> list[tuple[str, str]]:
    firsts = [one + two for one in FIRST for two in SECOND]
    lasts = [one + two for one in HOUSE for two in PLACE]
    names: dict[tuple[str, str], None] = {}
    while len(names) < count:
        names[chance.choice(firsts), chance.choice(lasts)] = None
    return list(names)


def invent(chance: random.Random, number: int, name: tuple[str, str], hired: date | None = None) -> Person:
    department = chance.choices(list(TITLES), WEIGHTS)[0]
    *usual, seldom = TITLES[department]
    return Person(
        number=f"{number:05d}",
        account=account_of(name),
        first=name[0],
        last=name[1],
        department=department,
        title=seldom if chance.random() < 0.08 else chance.choice(usual),
        state="Active",
        hired=hired or date(chance.randint(1998, 2025), chance.randint(1, 12), chance.randint(1, 28)),
        leaving="",
        language=chance.choices(LANGUAGES, (6, 2, 2))[0],
        site=chance.choice(CITIES),
        manager=f"{100 + chance.randint(0, 40):05d}",
        cost_centre=f"{chance.randint(10, 99)}.0",
    )


def account_of(name: tuple[str, str]) -> str:
    plain = unicodedata.normalize("NFKD", ".".join(name).lower().replace("æ", "ae"))
    return plain.encode("ascii", "ignore").decode()


def untidy(staff: Sequence[Person]) -> list[Person]:
    """Return the list as people type it: some blanks around words, some capitals, a date that is text."""
    tidy = list(staff)
    for at in range(3, len(tidy), 17):
        tidy[at] = replace(tidy[at], department=tidy[at].department + " ")
    for at in range(8, len(tidy), 31):
        tidy[at] = replace(tidy[at], department=tidy[at].department.upper(), first=" " + tidy[at].first)
    for at in range(11, len(tidy), 29):
        tidy[at] = replace(tidy[at], state=tidy[at].state.upper(), account=tidy[at].account.title())
    for at in range(20, len(tidy), 50):
        leaving = tidy[at].leaving
        if isinstance(leaving, date):
            tidy[at] = replace(tidy[at], leaving=leaving.strftime("%d/%m/%Y"))
    return tidy


def write_workbook(path: Path, staff: Iterable[Person]) -> None:
    """Write the list as HR exports it: sheet Staff with a blank row in it, and a sheet of notes."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"title": "Staff list", "company": "Acme", "created": MADE_ON})
        dates = book.add_format({"num_format": "dd/mm/yyyy"})
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("Staff")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(HEADINGS) - 1, 17)
        write_row(sheet, 0, HEADINGS, bold, bold)
        at = 1
        for count, person in enumerate(staff):
            at += count == 150  # a blank row in the middle, as lists have
            write_row(sheet, at, person.cells(), None, dates)
            at += 1
        notes = book.add_worksheet("Notes")
        for row, line in enumerate(NOTES):
            notes.write_string(row, 0, line)


NOTES = (
    "Staff list of Acme, an invented company. Nobody in it exists.",
    "State: Active or Inactive. Leaving date: the last day of work.",
)


def write_row(sheet: Any, at: int, cells: Sequence[str | date], plain: Any, dates: Any) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, date):
            sheet.write_datetime(at, column, datetime(cell.year, cell.month, cell.day), dates)  # noqa: DTZ001
        elif cell:
            sheet.write_string(at, column, cell, plain)


FRENCH_HEADINGS = (
    "Matricule", "Adresse électronique", "Prénom", "Nom", "Service", "Fonction", "Situation", "Date d'entrée",
    "Date de sortie", "Société", "Observations",
)  # fmt: skip
SERVICES = {
    "Ventes": "Chargé de clientèle",
    "Communication": "Rédactrice",
    "Formation": "Formateur",
    "Études": "Ingénieure",
    "Comptabilité": "Comptable",
}
SITUATIONS = ("Présent", "Congé parental", "Sorti")
FRENCH_FIRST = ("Zoé", "Rémi", "Lœna", "Anaïk", "Théo", "Maëlle", "Noël", "Solène", "Gaëtan", "Inès")
FRENCH_LAST = ("Vauxbrun", "Lémery", "D'Orsel", "Châtelroux", "Île-Perrin", "Garçonnet", "Le Hœuf", "Brévanne")


def french_csv() -> bytes:
    """Return the list of the French company: semicolons, cp1252, dates as day, month, year; 40 people."""
    chance = random.Random(SEED + 2)  # noqa: S311
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(FRENCH_HEADINGS)
    names = [(first, last) for last in FRENCH_LAST for first in FRENCH_FIRST]
    for at, name in enumerate(chance.sample(names, 40)):
        service = chance.choice(list(SERVICES))
        situation = chance.choices(SITUATIONS, (30, 3, 2))[0]
        remark = "Télétravail ; mardi\net jeudi" if at in (4, 19) else "Prime : 120 €" if at % 9 == 0 else ""
        writer.writerow(
            [
                f"F{at + 1:04d}", f"{french_account(name)}@acme.example", *name, service, SERVICES[service], situation,
                f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/{chance.randint(2001, 2025)}",
                "31/08/2026" if situation == "Sorti" else "", "Acme France SARL", remark,
            ]
        )  # fmt: skip
    return text.getvalue().encode("cp1252")


def french_account(name: tuple[str, str]) -> str:
    words = ".".join(name).lower().replace("œ", "oe").replace("'", "").replace(" ", "")
    return unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()


LICENCES = (
    {"key": "9000000000000009001", "description": "GoTo Webinar", "products": ["G2W", "G2M"], "seats": 150},
    {"key": "9000000000000009002", "description": "GoTo Meeting", "products": ["G2M"], "seats": 320},
    {"key": "9000000000000009003", "description": "GoTo Training", "products": ["G2T"], "seats": 60},
)
WEBINAR, MEETING, TRAINING = (str(licence["key"]) for licence in LICENCES)
REVENUE = "5000000000000005001"
OF_DEPARTMENT = {"Sales": WEBINAR, "Marketing": WEBINAR, "Training": TRAINING}


def tenant(staff: Sequence[Person]) -> dict[str, Any]:
    """Return the tenant before the first run: an administrator, 20 of the staff, 3 whom no list knows."""
    early = [person for person in staff[60:110] if person.state == "Active"][:20]
    people = [tenant_user(at, person) for at, person in enumerate(early)]
    return {
        "account": {"key": "3001", "name": "Acme GmbH"},
        "licences": [{**licence, "enabled": True} for licence in LICENCES],
        "groups": [{"key": REVENUE, "name": "Revenue"}],
        "users": [ADMINISTRATOR, *people, *ORPHANS],
    }


def tenant_user(at: int, person: Person) -> dict[str, Any]:
    """Return a person of the list as somebody once typed them into the tenant: not quite alike."""
    licence = OF_DEPARTMENT.get(person.department.strip().title(), MEETING)
    held = [] if at % 10 == 7 else [MEETING] if at % 5 == 3 else [licence]
    first = person.first.strip()
    return user(
        f"{person.account.lower()}@acme.example",
        first[0] + "." if at % 6 == 2 else first,
        "Formerly-" + person.last if at == 9 else person.last.upper() if at % 7 == 4 else person.last,
        held,
        locale={"French": "fr_FR", "German": "de_DE"}.get(person.language, "en_US"),
        group=REVENUE if licence == WEBINAR and at % 2 else None,
        activated=at % 4 != 0,
    )


def user(
    email: str,
    first: str,
    last: str,
    licences: Sequence[str],
    *,
    locale: str = "en_US",
    roles: Sequence[str] = (),
    group: str | None = None,
    activated: bool = True,
) -> dict[str, Any]:
    return {
        "email": email,
        "firstName": first,
        "lastName": last,
        "locale": locale,
        "licenceKeys": list(licences),
        "adminRoles": list(roles),
        "groupKey": group,
        "activated": activated,
    }


ADMINISTRATOR = user("breakglass@acme.example", "Break", "Glass", [], roles=["SUPER_USER"])
ORPHANS = (
    user("meeting.room.one@acme.example", "Meeting", "Room One", [MEETING]),
    user("former.temp@acme.example", "Former", "Temp", [WEBINAR], group=REVENUE),
    user("agency@partner.example", "Agency", "Access", [MEETING], activated=False),
)

if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
