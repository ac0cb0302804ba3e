"""GoTo's JSON and our nouns, in both directions. Pure: no network. Field names as the Admin API has them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

import pandas as pd

from tasks.connectors.goto.answers import OtherAnswer, require_same
from tasks.model.operations import NewAccount, Operation, Refusal, Reply
from tasks.model.state import AccountState, TargetState
from tasks.model.tables import ACCOUNTS, DIRECTORY_GROUPS, DIRECTORY_MEMBERS, GRANTS, GROUPS, LICENCES, TEMPLATES

ACTIVATED = frozenset({"ACTIVE", "INACTIVE"})
"""What ``status`` says of somebody who has signed in. Other words than ``SUSPENDED`` are assumed (fact R5)."""

NAME_CONFLICT = "user.name.conflict"
FIELDS = {"user_name": "email", "given_name": "firstName", "family_name": "lastName", "locale": "locale"}


class User(NamedTuple):
    """A user as the list and the single read show it."""

    key: str
    email: str | None
    given_name: str | None
    family_name: str | None
    locale: str | None
    status: str | None
    roles: tuple[str, ...]
    group_key: str | None
    managed_groups: tuple[str, ...]
    pending_transfer: bool
    licences: tuple[str, ...]
    role_sets: tuple[str, ...] = ()


class RoleSet(NamedTuple):
    """A role of the tenant's own."""

    key: str
    name: str


class Group(NamedTuple):
    key: str
    name: str | None
    path: tuple[str, ...]


class Licence(NamedTuple):
    key: str
    description: str | None
    type: str | None
    products: tuple[str, ...]
    seats: int | None
    used: int | None
    enabled: bool


class Template(NamedTuple):
    key: str
    title: str


Item = TypeVar("Item", User, RoleSet, Group, Licence, Template)


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list. ``total`` is None where the server gives none."""

    items: list[Item]
    total: int | None


def key_of(value: Any) -> str:
    """Return a key as text, whatever JSON type it came in. Raises ``ValueError`` for what cannot be one.

    Keys are long decimal numbers, now strings, now bare numbers of more than 64 bits. A float has lost digits
    already, so it is none.

    >>> key_of("7001"), key_of(123456789012345678901234567890)
    ('7001', '123456789012345678901234567890')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    raise ValueError("not a key")


def user(record: Any) -> User:
    """Return a user. Raises ``ValueError`` for a record of another kind."""
    _require_kind(record, has=("email", "firstName", "lastName", "licenseKeys", "adminRoles", "roleSets"))
    return User(
        key_of(record["key"]),
        _text(record.get("email")),
        _text(record.get("firstName")),
        _text(record.get("lastName")),
        _text(record.get("locale")),
        _text(record.get("status")),
        tuple(sorted(record.get("adminRoles") or ())),
        _key_or_none(record.get("groupKey")),
        tuple(sorted({key_of(key) for key in record.get("managedGroupKeys") or ()})),
        record.get("pendingTransfer") is True,
        tuple(sorted({key_of(key) for key in record.get("licenseKeys") or ()})),
        _keys(record.get("roleSets")),
    )


def user_of(record: Any, key: str) -> User:
    """Return the user of *key*. Raises ``OtherAnswer`` for another."""
    found = user(record)
    require_same(key, found.key)
    return found


def group(record: Any) -> Group:
    _require_kind(record, has=("name",), has_not=("email", "seats"))
    return Group(key_of(record["key"]), _text(record.get("name")), tuple(record.get("namePath") or ()))


def group_of(record: Any, key: str) -> Group:
    """Return the group of *key*. Raises ``OtherAnswer`` for another."""
    found = group(record)
    require_same(key, found.key)
    return found


def licence(record: Any) -> Licence:
    _require_kind(record, has=("seats", "userCount", "products"), has_not=("email",))
    return Licence(
        key_of(record["key"]),
        _text(record.get("description")),
        _text(record.get("type")),
        tuple(sorted(record.get("products") or ())),
        _whole(record.get("seats")),
        _whole(record.get("userCount")),
        record.get("enabled") is not False,
    )


def page(answer: Any, read: Callable[[Any], Item]) -> Page[Item]:
    """Return one page of a list. An empty one may come without ``results``; a bare array is the whole list.

    Raises ``ValueError`` for what is no list: one without both ``results`` and ``total`` says nothing of being empty.
    """
    if isinstance(answer, list):
        return Page([read(record) for record in answer], len(answer))
    listed, total = answer.get("results"), _whole(answer.get("total"))
    if not isinstance(listed, list | None) or (listed is None and total is None) or (total is not None and total < 0):
        raise ValueError("not a list")
    return Page([read(record) for record in listed or ()], total)


def reachable_accounts(me: Any) -> list[str]:
    """Return the keys of the accounts that the caller (``GET /me``) can work in, sorted."""
    key_of(me["key"])  # without one it is nobody, and says nothing of accounts
    keys = {key_of(account["key"]) for account in me.get("accounts") or ()}
    own = _key_or_none(me.get("accountKey"))
    return sorted(keys | {own} if own else keys)


class Placement(Enum):
    """Where a create says what its people get: beside ``users``, in each of them, or in both places."""

    BOTH = "both"
    USERS = "users"
    TOP = "top"


def new_users(operation: Operation, placement: Placement = Placement.BOTH) -> dict[str, Any]:
    """Return the body of a create.

    Whether licences, roles and group stand beside ``users`` or in each of them is not documented. They are the
    same for everybody in an operation, so they can stand in both places.
    """
    payload = operation.payload
    given = {
        "licenseKeys": list(payload.get("licences") or ()),
        "adminRoles": list(payload.get("roles") or ()),
        "groupKey": payload.get("group_key"),
        "templateKey": payload.get("welcome_template"),
        "settingsTemplateKey": payload.get("settings_template"),
    }
    shared = {name: value for name, value in given.items() if value}
    in_each = shared if placement is not Placement.TOP else {}
    beside = shared if placement is not Placement.USERS else {}
    return {
        "users": [{**_person(person), **in_each} for person in operation.people],
        **beside,
        "suppressEmail": not operation.notify,
    }


def created(answer: Any, people: Sequence[NewAccount]) -> Reply:
    """Return who got which key. An address that comes back without a key is in use already, here or elsewhere.

    Addresses compare without regard to case. Raises ``ValueError`` if the answer leaves somebody out: then nobody
    knows what became of them; and if it names others, or one key for two: then it is not about this call.
    """
    listed = answer if isinstance(answer, list) else answer["results"]
    keys = {record["email"].casefold(): _key_or_none(record.get("key")) for record in listed}
    asked = {person.user_name.casefold() for person in people}
    if asked - keys.keys():
        raise OtherAnswer("somebody is not in the answer")
    given = [key for key in keys.values() if key is not None]
    if len(listed) != len(asked) or len(set(given)) != len(given):
        raise OtherAnswer("others are in the answer")
    made: dict[str, str] = {}
    refused: dict[str, Refusal] = {}
    for person in people:
        if key := keys[person.user_name.casefold()]:
            made[person.user_name] = key
        else:
            refused[person.user_name] = Refusal(NAME_CONFLICT)
    return Reply(created=made, refused=refused)


def role_set(record: Any) -> RoleSet:
    _require_kind(record, has=("name",))
    return RoleSet(key_of(record["id"]), str(record.get("name") or ""))


def template(record: Any) -> Template:
    _require_kind(record, has=("title",))
    return Template(key_of(record["key"]), str(record.get("title") or ""))


def with_templates(state: TargetState, templates: Iterable[Template]) -> TargetState:
    """Return *state* with the e-mail templates of the account."""
    rows = sorted(templates)
    return replace(state, templates=TEMPLATES.conform(_frame(["template_key", "title"], rows)))


def new_group(answer: Any, name: str) -> tuple[str, bool]:
    """Return the key of a new group, and whether the answer shows that it is the one of *name*.

    The answer is the bare key, which shows nothing; an object with a key would do. Raises ``OtherAnswer`` if it has
    another name.
    """
    if not isinstance(answer, dict):
        return key_of(answer), False
    if "name" in answer:
        require_same(name, str(answer["name"]))
    return key_of(answer["key"]), "name" in answer


def changed_fields(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an update. A value to clear is sent as empty text: what null does is not documented."""
    return {FIELDS[name]: "" if value is None else value for name, value in payload.items()}


def address_filter(address: str) -> str:
    """Return the query that finds one address. Blanks are ``%20``: GoTo refuses ``+`` for one.

    >>> address_filter("ada+b@example.test")
    'filter=email%20eq%20%22ada%2Bb%40example.test%22'
    """
    escaped = address.replace("\\", "\\\\").replace('"', '\\"')
    return "filter=" + quote(f'email eq "{escaped}"', safe="")


def account_state(found: User) -> AccountState:
    return AccountState(
        account_key=found.key,
        user_name=found.email or "",
        given_name=found.given_name,
        family_name=found.family_name,
        locale=found.locale,
        licences=frozenset(found.licences),
        roles=found.roles,
        group_key=found.group_key,
        managed_groups=found.managed_groups,
        pending_transfer=found.pending_transfer,
        activated=(found.status or "").upper() in ACTIVATED,
    )


def state(users: Sequence[User], groups: Sequence[Group], licences: Sequence[Licence]) -> TargetState:
    """Return the tables of a whole account, each sorted by its key."""
    users = sorted(users)
    grants = [(found.key, key) for found in users for key in found.licences]
    return TargetState(
        accounts=ACCOUNTS.conform(
            _frame(
                [
                    *("account_key", "user_name", "given_name", "family_name", "locale", "status", "roles"),
                    *("group_key", "managed_groups", "pending_transfer"),
                ],
                users,
            ).assign(external_id=None)
        ),
        grants=GRANTS.conform(_frame(["account_key", "licence_key"], grants)),
        groups=GROUPS.conform(_frame(["group_key", "name", "path"], sorted(groups))),
        licences=LICENCES.conform(
            _frame(["licence_key", "description", "type", "products", "seats", "used", "enabled"], sorted(licences))
        ),
    )


def with_directory(state: TargetState, groups: Iterable[Any]) -> TargetState:
    """Return *state* with the directory's groups and who is in them."""
    listed = sorted(groups, key=lambda group: group.key)
    members = [(group.key, key) for group in listed for key in sorted(group.members)]
    return replace(
        state,
        directory_groups=DIRECTORY_GROUPS.conform(
            _frame(["group_key", "name"], [(group.key, group.name) for group in listed])
        ),
        directory_members=DIRECTORY_MEMBERS.conform(_frame(["group_key", "account_key"], members)),
    )


def _frame(names: list[str], rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Put rows into columns of those names; what rows have beyond them is left out."""
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in columns.items()})


def _person(person: NewAccount) -> dict[str, str]:
    values = {name: getattr(person, ours) for ours, name in FIELDS.items()}
    return {name: value for name, value in values.items() if value}


def _require_kind(record: Any, *, has: Sequence[str], has_not: Sequence[str] = ()) -> None:
    """Raise ``ValueError`` for a record of another kind: none of *has* is in it, or one of *has_not*."""
    if not any(name in record for name in has) or any(name in record for name in has_not):
        raise ValueError("a record of another kind")


def _text(value: Any) -> str | None:
    """Return a value as text. Half a surrogate pair, left where a service cuts a name, is no sign of any text."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace") if value not in (None, "") else None


def _key_or_none(value: Any) -> str | None:
    return None if value in (None, "") else key_of(value)


def _keys(value: Any) -> tuple[str, ...]:
    """Return the keys of a field that holds one, several in a list, or none."""
    listed = value if isinstance(value, list) else [value]
    return tuple(sorted({key_of(key) for key in listed if key not in (None, "")}))


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
