"""Assign and unassign licences, and tell a lack of seats from other refusals (facts W9 to W11, W16)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from tasks.connectors.goto import wire
from tasks.connectors.goto.faults import CALL_NOT_DONE, is_bare
from tasks.connectors.goto.transport import Transport
from tasks.model.errors import RefusedByTarget, TargetDown, UncertainCall

EXCEEDED = "license.seats.exceeded"
CAN_MEAN_SEATS = frozenset({400, 402, 403, 409, 422})
SPEAK_OF_RIGHTS = ("role", "right", "permission", "scope", "auth", "token", "forbidden", "denied")
"""Words in the code of a 403 that is about the caller, however full the licence."""

OTHER_CODES = frozenset(
    {
        "user.not.found", "user.name.conflict", "group.not.found", "group.name.conflict", "group.name.required",
        "license.not.found",
    }
)  # fmt: skip
NO_VERB = frozenset({404, 405, 501})
THINGS_NOT_FOUND = frozenset({"user.not.found", "license.not.found", "account.not.found"})
"""What a 404 says of a path that is known, where something that it names is not there."""

ReadUser = Callable[[str], Awaitable[wire.User | None]]
ListLicences = Callable[[], Awaitable[list[wire.Licence]]]


class Seats:
    """Gives and takes seats, one call each."""

    def __init__(self, transport: Transport, account: str, read_user: ReadUser, list_licences: ListLicences) -> None:
        self._transport = transport
        self._account = account
        self._read_user = read_user
        self._list_licences = list_licences
        self._has_put = True
        self._left: dict[str, dict[str, bool | None]] = defaultdict(dict)
        """What our last call left, by account and licence: given, or taken; None if it had no answer."""

    async def assign(self, account_key: str, licence_key: str, *, notify: bool) -> None:
        """Assign a licence. A refusal that may be about seats is one if the licence has none left."""
        with self._calling(account_key, licence_key, gives=True):
            try:
                await self._assign(account_key, licence_key, notify=notify)
            except RefusedByTarget as refusal:
                if await self.have_run_out(refusal, [licence_key]):
                    raise self.exceeded(refusal) from refusal
                raise

    @contextmanager
    def _calling(self, account_key: str, licence_key: str, *, gives: bool) -> Iterator[None]:
        """Note what a call leaves behind: as it was, if it is refused."""
        left = self._left[account_key]
        before = dict(left)
        left[licence_key] = None
        try:
            yield
        except RefusedByTarget:
            self._left[account_key] = before
            raise
        left[licence_key] = gives

    async def _assign(self, account_key: str, licence_key: str, *, notify: bool) -> None:
        """Assign by the verb that mirrors unassigning. It is inferred, so without it the user's whole set is sent.

        A gateway that knows no such verb will do: the user tells whether it was carried out all the same, and to send
        the set as well gives nothing else.
        """
        if self._has_put:
            try:
                await self._transport.write("PUT", self._path(account_key, licence_key, notify), "assign a licence")
            except (RefusedByTarget, UncertainCall) as refusal:
                if not _verb_is_missing(refusal):
                    raise
                self._has_put = refusal.facts["status"] == 404  # which may be about this one path
            else:
                return
        await self._assign_as_set(account_key, licence_key, notify=notify)

    async def _assign_as_set(self, account_key: str, licence_key: str, *, notify: bool) -> None:
        user = await self._as_left(account_key)
        if user is None:
            raise RefusedByTarget(
                "GoTo has no such account to assign a licence to.",
                status=404, code="user.not.found", incident=None, detail="",
            )  # fmt: skip
        if licence_key not in user.licences:
            path = f"{self._account}/users/{quote(account_key, safe='')}" + ("" if notify else "?suppressEmail=true")
            body = {"licenseKeys": sorted({*user.licences, licence_key})}
            await self._transport.write("PUT", path, "assign a licence", body=body)
            self._has_put = False  # what it refused could be done without it

    async def _as_left(self, account_key: str) -> wire.User | None:
        """Read a user whose whole set is to be sent. One who still holds what was taken, or lacks what was given, is an
        old answer: to send that set would undo it."""
        for _ in range(2):
            user = await self._read_user(account_key)
            if user is None or not self.is_old(user):
                return user
        raise TargetDown(
            "GoTo's answer to the call to read a user cannot be believed: it shows a licence that this run has taken, "
            "or lacks one that it has given.",
            sent=CALL_NOT_DONE,
            remedy="Run the same command again. If it stays so, see whether somebody else gives or takes the licence.",
        )

    def is_old(self, user: wire.User) -> bool:
        """Tell whether a reading shows a licence that was taken last, or lacks one that was given last."""
        left = self._left.get(user.key, {})
        return any(given is not None and (key in user.licences) != given for key, given in left.items())

    def proves_little(self, user: wire.User) -> bool:
        """Tell whether one reading of a user may be from before a call: it contradicts one, or one had no answer."""
        return None in self._left.get(user.key, {}).values() or self.is_old(user)

    async def unassign(self, account_key: str, licence_key: str, *, notify: bool) -> None:
        """Take a licence away. What 404 means here is not documented, so the user tells: not held, or gone, is done."""
        with self._calling(account_key, licence_key, gives=False):
            try:
                path = self._path(account_key, licence_key, notify)
                await self._transport.write("DELETE", path, "unassign a licence")
            except RefusedByTarget as refusal:
                if refusal.facts["status"] != 404:
                    raise
                user = await self._read_user(account_key)
                if user is not None and licence_key in user.licences:
                    raise

    async def have_run_out(self, refusal: RefusedByTarget, licence_keys: Iterable[str], *, people: int = 1) -> bool:
        """Tell whether a refusal that is not understood came for want of seats: the licences themselves tell, by
        having fewer free ones than *people* were to get."""
        status, code = refusal.facts["status"], refusal.facts["code"] or ""
        wanted = set(licence_keys)
        if not wanted or code in OTHER_CODES or status not in CAN_MEAN_SEATS:
            return False
        if status == 403 and any(word in code for word in SPEAK_OF_RIGHTS):
            return False
        if code == EXCEEDED:
            return True
        try:
            found = [licence for licence in await self._list_licences() if licence.key in wanted]
        except RefusedByTarget:
            return False
        return any(free is not None and free < people for free in map(free_seats, found))

    def exceeded(self, refusal: RefusedByTarget) -> RefusedByTarget:
        """Return the refusal under the one code that stands for a lack of seats here, whatever GoTo's was."""
        facts = {**refusal.facts, "code": EXCEEDED, "their_code": refusal.facts["code"]}
        return RefusedByTarget(refusal.what, sent=refusal.sent, remedy="Buy seats, or free some.", **facts)

    def _path(self, account_key: str, licence_key: str, notify: bool) -> str:
        keys = f"{quote(licence_key, safe='')}/users/{quote(account_key, safe='')}"
        return f"{self._account}/licenses/{keys}?suppressEmail={'false' if notify else 'true'}"


def free_seats(licence: wire.Licence) -> int | None:
    """Return how many seats a licence has left, None if that is not known."""
    return None if licence.seats is None or licence.used is None else licence.seats - licence.used


def _verb_is_missing(refusal: RefusedByTarget | UncertainCall) -> bool:
    """Whether a refusal is about the verb: not allowed, not implemented, or a path that is not found itself."""
    if isinstance(refusal, UncertainCall):
        return is_bare(refusal, NO_VERB)
    status, code = refusal.facts["status"], refusal.facts["code"]
    return status in NO_VERB and (status != 404 or code not in THINGS_NOT_FOUND)
