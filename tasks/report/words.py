"""The words for codes, so that page, workbook and terminal speak alike. Unknown codes pass through as they are."""

from collections.abc import Mapping, Sequence

from tasks.model.operations import OutcomeStatus
from tasks.model.pipeline import CUSTOM_ROLE, MAX_GROUP_MEMBERS
from tasks.model.plan import SMALLEST_BASE, Action, Cause, LimitReading, Origin, WithheldReason
from tasks.model.remaining import UNTOLD
from tasks.model.shares import bound, held_against
from tasks.report.facts import RunState

PRODUCTS: Mapping[str, str] = {
    "G2M": "GoTo Meeting",
    "G2W": "GoTo Webinar",
    "G2T": "GoTo Training",
    "G2C": "GoTo Connect",
    "JIVE": "GoTo Connect",
    "G2A": "GoToAssist Remote Support",
    "OPENVOICE": "OpenVoice",
}

ROLES: Mapping[str, str] = {
    "SUPER_USER": "Super admin",
    "MANAGE_ACCOUNT": "Admin",
    "MANAGE_USERS": "Manage users",
    "ADD_USERS": "Add users",
}

FIELDS: Mapping[str, str] = {
    "user_name": "Address",
    "given_name": "First name",
    "family_name": "Surname",
    "locale": "Language",
}

SKIPPED: Mapping[str, str] = {"repeated_headings": "headings", "totals": "totals"}
"""What the rows that a pipeline's ``skip`` leaves out are, by its words."""

STATES: Mapping[RunState, str] = {
    "done": "Done",
    "nothing_to_do": "Nothing to do",
    "pending": "Not sent yet",
    "partial": "Partly done",
    "blocked": "Blocked",
    "failed": "Stopped",
    "cut_off": "Cut off",
}

ORDERS: Mapping[Action, str] = {
    Action.ADOPT: "Recognise account",
    Action.CREATE_GROUP: "Create group",
    Action.CREATE_DIRECTORY_GROUP: "Create directory group",
    Action.REVOKE: "Take product away",
    Action.REMOVE_MEMBER: "Take out of group",
    Action.REMOVE_DIRECTORY_MEMBER: "Take out of directory group",
    Action.SUSPEND: "Suspend account",
    Action.DELETE: "Delete account",
    Action.CREATE: "Create account",
    Action.REACTIVATE: "Reactivate account",
    Action.UPDATE: "Update details",
    Action.GRANT: "Grant product",
    Action.ADD_MEMBER: "Put in group",
    Action.SET_ROLE: "Set admin role",
    Action.ADD_DIRECTORY_MEMBER: "Put in directory group",
}
"""What a change does, as an order: what a reviewer is asked to approve."""

CAUSES: Mapping[Cause, str] = {
    Cause.JOINER: "New in the roster",
    Cause.MOVER: "Changed in the roster",
    Cause.LEAVER: "Left the roster, or past the last day of work",
    Cause.DRIFT: "The account differed from the roster",
    Cause.RULE_CHANGE: "The rules of the pipeline changed",
}

OUTCOMES: Mapping[OutcomeStatus | None, str] = {
    OutcomeStatus.DONE: "Done",
    OutcomeStatus.ALREADY: "Already so",
    OutcomeStatus.PENDING_TRANSFER: "Made; the person is asked to move here from another account",
    OutcomeStatus.RECORDED: "Recorded, nothing to send",
    OutcomeStatus.STALE: "Skipped: not as it was when the plan was made",
    OutcomeStatus.FAILED: "Failed",
    OutcomeStatus.NO_SEAT: "No free seat",
    OutcomeStatus.SKIPPED: "Not completed",
    None: "No outcome",
}

ANY_CHANGE = "Any change"
"""What is withheld from a person whose row is held: nobody knows what it would be."""

WITHHELD: Mapping[WithheldReason, tuple[str, str]] = {
    WithheldReason.NO_SEAT: (
        "No free seat",
        "Buy seats or free some; the next run then grants the product.",
    ),
    WithheldReason.PROTECTED: (
        "The account is protected",
        "If the change is meant, make it by hand, or take the account out of 'protect' in the pipeline file.",
    ),
    WithheldReason.LAST_ADMIN: (
        "It would leave nobody as super admin",
        "Make somebody else super admin first.",
    ),
    WithheldReason.HELD: (
        "The person's row is held, so they keep what they have",
        "Mend the row (see the held rows) and run again.",
    ),
    WithheldReason.UNDECIDED: (
        "A held row could be this person: it has no usable id, or this person's address or names",
        "Mend that row (see the held rows) and run again.",
    ),
    WithheldReason.AMBIGUOUS: (
        "Several accounts fit this person, or several rows ask for one account or address",
        "Remove the surplus account or row, or give one of the rows an address of its own.",
    ),
    WithheldReason.CLAIMED: (
        "The account with this address, or the person of these names, is linked to another id",
        (
            "If it is one person under a new id, give them the old id in the list. If not, see first to what is "
            "withheld from whoever has that id, or give one of the two another address."
        ),
    ),
    WithheldReason.NEW_ID: (
        "Another row of the list has this person's address or names: perhaps the same person, under another id",
        "If it is the same person, put their own id into that row. If not, correct the address or the names there.",
    ),
    WithheldReason.OTHER_PIPELINE: (
        "The account is looked after already, by another pipeline",
        "Leave the person out of one of the two pipelines' lists.",
    ),
    WithheldReason.NOT_ADOPTED: (
        "An account with this address exists, and the pipeline takes over none",
        "Set 'adopt: matched' in the pipeline file if such accounts are to be managed.",
    ),
    WithheldReason.EXCEPTION: (
        "An exception in the pipeline file keeps it",
        "Nothing, until the exception ends.",
    ),
    WithheldReason.NOT_STARTED: (
        "The first day of work is still to come",
        "Nothing: the run on that day does it.",
    ),
    WithheldReason.INCOMPLETE: (
        "A new account needs a name that the roster does not give",
        "Fill in the first and last name at the source, or map their columns.",
    ),
    WithheldReason.IDENTITY: (
        "The id, or the account that goes with it, is somebody else's by name or address",
        (
            "Give the new person an id of their own at the source. If the row is right, write its names and address "
            "into the account by hand."
        ),
    ),
    WithheldReason.NO_SOURCE: (
        "The pipeline no longer has the source that this person came from",
        "Put the source back under its name, or see to the account by hand.",
    ),
    WithheldReason.BLANK: (
        "A cell that the rules look at is blank, and a blank takes nothing away",
        "Fill in the cell at the source (a merged cell counts for its first row only).",
    ),
    WithheldReason.JUST_ADOPTED: (
        "The account is only just linked; nothing is taken away in the same run",
        "Nothing: the next run does it, within the limits.",
    ),
    WithheldReason.ROLES_BY_HAND: (
        "The groups that a rule limits roles to would bind roles given by hand as well",
        "Take away the roles given by hand, or take the person out of the rule.",
    ),
    WithheldReason.ROLES_BY_HAND: (
        "The limit would bind roles that were given by hand too",
        "Take those roles away in the Admin Center, or let a rule give them; the next run then sets role and limit.",
    ),
    WithheldReason.LARGE_GROUP: (
        f"A directory group of more than {MAX_GROUP_MEMBERS} members is not changed",
        "Change it by hand, or see whether 'directory_patch: merge' is true (docs/target-goto.md) and set it.",
    ),
    WithheldReason.WEBINARS: (
        "Scheduled webinars would be lost with the person",
        "Hand them over: add a co-organiser of the account to each, or cancel them. Then the next run deletes.",
    ),
    WithheldReason.REPORT_ONLY: (
        "The pipeline only reports leavers",
        "Suspend the account by hand, or set 'leavers: suspend' under 'lifecycle' in the pipeline file.",
    ),
}

LEFT_OUT: Mapping[WithheldReason, str] = {
    WithheldReason.PROTECTED: "protected",
    WithheldReason.LAST_ADMIN: "the last super admin",
    WithheldReason.UNDECIDED: "a held row could be theirs",
    WithheldReason.AMBIGUOUS: "several accounts or people fit",
    WithheldReason.CLAIMED: "account or names are linked to another id",
    WithheldReason.NEW_ID: "another row has their address or names",
    WithheldReason.OTHER_PIPELINE: "another pipeline's",
    WithheldReason.NOT_ADOPTED: "no account is taken over",
    WithheldReason.EXCEPTION: "an exception",
    WithheldReason.NOT_STARTED: "not started yet",
    WithheldReason.IDENTITY: "the id, account or address is somebody else's",
    WithheldReason.NO_SOURCE: "their list is gone",
    WithheldReason.BLANK: "a blank cell",
    WithheldReason.JUST_ADOPTED: "only just linked",
    WithheldReason.REPORT_ONLY: "leavers are only reported",
    WithheldReason.ROLES_BY_HAND: "roles given by hand",
    WithheldReason.LARGE_GROUP: "too large a group",
    WithheldReason.WEBINARS: "scheduled webinars",
}
"""The reasons in a sentence. Seats, names and held rows have sentences of their own."""

PERHAPS = "get_started"
"""The kind of mail of which only the most is known: whether a product is somebody's first, the target alone knows."""

TRANSFER = "transfer"
"""The kind of mail that asks somebody to move here from another account: sent in place of the welcome."""

MAILS: Mapping[str, str] = {
    "welcome": "Welcome",
    "product_change": "Products changed",
    "role_change": "Admin role changed",
    PERHAPS: "Getting started (perhaps)",
    TRANSFER: "Move from another account",
}

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "it": "Italian",
    "es": "Spanish",
    "pt": "Portuguese",
    "nl": "Dutch",
    "zh": "Chinese",
    "ja": "Japanese",
}

_MAILED: Mapping[str, str] = {
    "welcome": "a welcome mail",
    "product_change": "a mail about changed products",
    "role_change": "a mail about a changed role",
    PERHAPS: "a first get-started mail, which cannot be suppressed",
}

_LIMITED: Mapping[str, str] = {
    "adopt": "Accounts recognised",
    "create": "Accounts created",
    "update": "Accounts updated",
    "grant": "Products granted",
    "revoke": "Products taken away",
    "set_role": "Admin roles set",
    "rename": "Sign-in addresses changed",
    "add_member": "Put in a group",
    "remove_member": "Taken out of a group",
    "create_group": "Groups created",
    "create_directory_group": "Directory groups created",
    "add_directory_member": "Put in a directory group",
    "remove_directory_member": "Taken out of a directory group",
    "suspend": "Accounts suspended",
    "reactivate": "Accounts reactivated",
    "delete": "Accounts deleted",
    "mail": "Mails",
}


def product(code: str) -> str:
    """Return a product's name with its code, and with its edition where one is asked for.

    >>> product("G2W"), product("G2W/Pro"), product("NEW9")
    ('GoTo Webinar (G2W)', 'GoTo Webinar Pro (G2W/Pro)', 'NEW9')
    """
    bare, _, edition = code.partition("/")
    return " ".join(filter(None, (PRODUCTS[bare], edition, f"({code})"))) if bare in PRODUCTS else code


def role(name: str) -> str:
    """Return a role's name with its code; those that the tenant's admins made themselves have none.

    >>> role("ADD_USERS"), role("custom:Helpdesk"), role("RUN_REPORTS")
    ('Add users (ADD_USERS)', 'Helpdesk (custom role)', 'RUN_REPORTS')
    """
    if name.startswith(CUSTOM_ROLE):
        return f"{name.removeprefix(CUSTOM_ROLE)} (custom role)"
    return f"{ROLES[name]} ({name})" if name in ROLES else name


def mail(kind: str) -> str:
    return MAILS.get(kind.replace("-", "_"), kind)


def language(locale: str) -> str:
    """Return the language of a locale in words.

    >>> language("fr_FR"), language("xx_YY"), language("")
    ('French', 'xx_YY', "the tenant's default language")
    >>> language("unknown")
    'the language of the account'
    """
    if locale == UNTOLD:
        return "the language of the account"
    return LANGUAGES.get(locale.partition("_")[0], locale) if locale else "the tenant's default language"


def forecast(kind: str, people: Mapping[str, int]) -> str:
    """Say how many people will get mail of a kind, and in which languages.

    >>> forecast("welcome", {"fr_FR": 30, "en_US": 10, "en_GB": 1})
    '41 people will get a welcome mail (30 in French, 11 in English)'
    >>> forecast("welcome", {"": 1})
    "1 person will get a welcome mail (in the tenant's default language)"
    """
    languages: dict[str, int] = {}
    for locale, number in people.items():
        languages[language(locale)] = languages.get(language(locale), 0) + number
    most_first = sorted(languages.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{number:,} in {name}" for name, number in most_first)
    if len(most_first) == 1:
        told = f"in {most_first[0][0]}"
    mailed = _MAILED.get(kind.replace("-", "_"), f"mail: {mail(kind)}")
    will = "may" if kind.replace("-", "_") == PERHAPS else "will"
    return f"{count(sum(people.values()), 'person', 'people')} {will} get {mailed} ({told})"


def unseen(number: int) -> str:
    """Say of how many people who were made nobody has seen if they are there yet; empty if there are none.

    >>> unseen(3)[:96]
    'Whether 3 of the people who were made first have to move here from another account is not known.'
    >>> unseen(0)
    ''
    """
    if not number:
        return ""
    people = f"{number:,} of the people who were made first {'has' if number == 1 else 'have'}"
    known = f"Whether {people} to move here from another account is not known."
    return f"{known} Who has to was asked to instead of being welcomed, and has access once they accept."


def moving(number: int) -> str:
    """Say how many people are still to come; empty if there are none.

    >>> moving(3), moving(0)
    ('3 people are asked to move here from another account; they have access once they accept.', '')
    """
    if not number:
        return ""
    said = count(number, "person is", "people are")
    return f"{said} asked to move here from another account; they have access once they accept."


def without_name(people: int) -> str:
    """Say for how many people the lists have no name; empty if they have one for each.

    >>> without_name(53), without_name(0)
    ('53 people get no account: the lists have no name for them.', '')
    """
    if not people:
        return ""
    return f"{count(people, 'person gets', 'people get')} no account: the lists have no name for them."


def withheld(people: Mapping[WithheldReason, int], total: int) -> str:
    """Say from how many people something is withheld, and why; a person can have several reasons.

    >>> withheld({WithheldReason.IDENTITY: 36, WithheldReason.PROTECTED: 2}, 38)
    "Something is withheld from 38 people (36: the id, account or address is somebody else's; 2: protected)."
    >>> withheld({WithheldReason.NOT_STARTED: 1}, 1), withheld({}, 0)
    ('Something is withheld from 1 person: not started yet.', '')
    """
    told = sorted(((number, LEFT_OUT[reason]) for reason, number in people.items()), key=lambda item: (-item[0], item))
    if not told:
        return ""
    reasons = f" ({'; '.join(f'{number:,}: {said}' for number, said in told)})" if told[1:] else f": {told[0][1]}"
    return f"Something is withheld from {count(total, 'person', 'people')}{reasons}."


def without_seat(people: int) -> str:
    """Say for how many people there is no seat; empty if there is one for each.

    >>> without_seat(227), without_seat(0)
    ('227 people go without a seat.', '')
    """
    return f"{count(people, 'person goes', 'people go')} without a seat." if people else ""


def shortage(products: Mapping[str, int], not_created: int) -> list[str]:
    """Say of which products there are too few seats, and who drops out for it.

    >>> shortage({"G2T": 2}, 1)
    ['No seat of GoTo Training (G2T) is left for 2 people.', 'So 1 person gets no account: they would hold no product.']
    >>> shortage({}, 0)
    []
    """
    said = [f"No seat of {product(code)} is left for {count(n, 'person', 'people')}." for code, n in products.items()]
    if not_created:
        said.append(f"So {count(not_created, 'person gets', 'people get')} no account: they would hold no product.")
    return said


def limit(reading: LimitReading) -> str:
    """Return what a limit counts, with the product where it is of one."""
    name = _LIMITED.get(reading.name, reading.name)
    return f"{name}: {product(reading.subject)}" if reading.subject else name


def place(origin: Origin | None) -> str:
    """Return where a row stands, as a person would look it up.

    >>> place(Origin("staff.xlsx", "Staff", 12)), place(Origin("staff.csv", None, 2)), place(None)
    ('staff.xlsx, sheet Staff, row 12', 'staff.csv, row 2', '')
    >>> place(Origin("staff.csv", None, 2, ("phones.csv, row 7",)))
    'staff.csv, row 2; phones.csv, row 7'
    """
    return "; ".join((str(origin), *origin.also)) if origin else ""


def limit_base(reading: LimitReading) -> str:
    """Return what the share of a limit is of."""
    return {"revoke": "seats", "remove_directory_member": "memberships"}.get(reading.name, "managed accounts")


def usage(reading: LimitReading) -> str:
    """Return what a plan uses of a limit, in words.

    >>> usage(LimitReading("suspend", "", 3, 100, 50, 0.05)), usage(LimitReading("mail", "", 7, 100, 500, None))
    ('3, 3% of 100 managed accounts', '7')
    """
    if reading.max_share is None:
        return f"{reading.count:,}"
    counted = f", counted as of {SMALLEST_BASE}" if reading.base < SMALLEST_BASE else ""
    share = held_against(reading.share, reading.max_share)
    return f"{reading.count:,}, {share} of {reading.base:,} {limit_base(reading)}{counted}"


def bounds(reading: LimitReading) -> str:
    """Return the limit itself, in words.

    >>> bounds(LimitReading("suspend", "", 3, 100, 50, 0.05))
    'at most 50 and 5%'
    """
    parts = [] if reading.max_count is None else [f"{reading.max_count:,}"]
    parts += [] if reading.max_share is None else [bound(reading.max_share)]
    return "at most " + " and ".join(parts) if parts else "no limit"


def count(number: int, one: str, many: str = "") -> str:
    """
    >>> count(1, "row"), count(1200, "row"), count(2, "person", "people")
    ('1 row', '1,200 rows', '2 people')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def unread(files: Mapping[str, str]) -> str:
    """Say which files a report had to be written without, each in its folder; nothing if there is none.

    >>> unread({"hr.clean.parquet": "the folder of run 2026", "hr.held.parquet": "the folder of run 2026"})
    'hr.clean.parquet and hr.held.parquet in the folder of run 2026 cannot be read, so the report lacks what they tell.'
    """
    if not files:
        return ""
    by_folder: dict[str, list[str]] = {}
    for name, folder in files.items():
        by_folder.setdefault(folder, []).append(name)
    told = [f"{listed(names)} in {folder}" for folder, names in by_folder.items()]
    return f"{listed(told)} cannot be read, so the report lacks what {'they tell' if len(files) > 1 else 'it tells'}."


def unkept(sources: Sequence[str]) -> str:
    """Say which lists are not kept as the last accepted ones, and what follows; nothing if there is none.

    >>> unkept(["hr", "staff"])[:60]
    'The lists of hr and staff are not kept as the last accepted '
    """
    if not sources:
        return ""
    lists = f"The list of {sources[0]} is" if len(sources) == 1 else f"The lists of {listed(sources)} are"
    return (
        f"{lists} not kept as the last accepted {'one' if len(sources) == 1 else 'ones'}, since a file of the plan's "
        "folder that is needed for it is lost or broken: what comes next is held against the last one that was kept, "
        "and a decision to let the list pass, if there was one, is not used up."
    )


def left_out(skipped: Mapping[str, int]) -> str:
    """Say how many rows of a list were left out as the pipeline's ``skip`` says; nothing if none was.

    >>> left_out({"repeated_headings": 2, "totals": 1}), left_out({"totals": 0})
    ('2 rows of headings and 1 row of totals', '')
    """
    return listed(
        [count(n, f"row of {SKIPPED[reason]}", f"rows of {SKIPPED[reason]}") for reason, n in skipped.items() if n]
    )


def listed(parts: Sequence[str]) -> str:
    """
    >>> listed(["a"]), listed(["a", "b", "c"]), listed([])
    ('a', 'a, b and c', '')
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
