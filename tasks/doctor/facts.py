"""What a check-up judges: what the platform said, what the rosters ask for, what was looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.doctor.proofs import Proof


@dataclass(frozen=True)
class Credentials:
    """How signing in went. ``refusal`` is the sentence of whatever stood in the way, with its remedy.

    ``has_token`` says that the token service took the credentials all the same. ``down`` says that nobody answered, or
    somebody in GoTo's place. ``unread`` is the sentence of what stood in the way of reading the account, with its
    remedy. ``scopes`` are those of the token, None where its answer named none.
    """

    refusal: str = ""
    remedy: str = ""
    has_token: bool = False
    down: bool = False
    unread: str = ""
    unread_remedy: str = ""
    scopes: tuple[str, ...] | None = None
    account_reached: bool = False
    reachable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Admin:
    """Somebody with an admin role in the product account; ``domain`` is that of their address, in lower case."""

    account_key: str
    domain: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Records:
    """What verifies one domain: the text of a DNS TXT record, or that of a file on its web server."""

    dns: str
    file: str


@dataclass(frozen=True)
class Organisation:
    """The organisation as its own control call tells it, which only the sandbox has.

    ``domains``: domain to ``verified``, ``pending`` or ``expired``. ``codes``: domain to the records to publish.
    ``admins``: account key to ``write`` or ``read``.
    """

    domains: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Records] = field(default_factory=dict)
    admins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Everything that a check-up looks at.

    ``needs`` are the scopes that this pipeline's work takes. ``caller_roles`` are the admin roles of the person
    behind the token, None where they could not be read. ``directory_role`` is ``read`` where the caller was seen to
    read the directory, ``none`` where that was refused, None where it was not tried. ``organisation`` is None
    where nobody can be asked; ``has_organisation`` is False where it was asked and there is none. ``center`` is where
    an admin sets the organisation up. ``addresses`` counts the people of the rosters by the domain of their address.
    ``admins`` are those of the account as far as they were read: the caller, and the organisation's admins where those
    are told; with ``all_admins`` everybody's. None where they could not be read.
    ``large_groups`` counts the directory groups that are fed and too large to be changed.
    ``shortages`` are the products, with how many people would get no seat; ``wanted`` how many want one at all.
    ``skew_s`` is how far this machine's clock is ahead of the platform's.
    """

    feeds_directory: bool
    credentials: Credentials
    needs: tuple[str, ...] = ("identity:",)
    caller_key: str | None = None
    caller_roles: tuple[str, ...] | None = None
    directory_role: str | None = None
    large_groups: int = 0
    admins: tuple[Admin, ...] | None = None
    all_admins: bool = False
    organisation: Organisation | None = None
    has_organisation: bool = True
    center: str = "https://organization.logmeininc.com"
    addresses: Mapping[str, int] = field(default_factory=dict)
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    wanted: Mapping[str, int] = field(default_factory=dict)
    shortages: Mapping[str, int] = field(default_factory=dict)
    rules_problem: str = ""
    rules_remedy: str = ""
    roster_problem: str = ""
    skew_s: float | None = None
    paced: float = 0.0
    rate_limited: bool = False
