"""The scheduled webinars of people, over the Webinar API: what a deletion would take with it (facts V1 to V3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import pandas as pd

from tasks.connectors.goto.answers import OtherAnswer
from tasks.connectors.goto.transport import Transport
from tasks.connectors.goto.wire import key_of
from tasks.model.errors import TargetDown
from tasks.model.tables import WEBINARS

BASE_PATH = "/G2W/rest/v2"
PAGE = 100
LOOK_AHEAD = timedelta(days=3653)
"""The call wants an end. Ten years hence nobody has planned anything, and a series is never longer."""


@dataclass(frozen=True)
class Webinar:
    key: str
    subject: str | None
    starts: str | None


@dataclass(frozen=True)
class Page:
    """One page of a list: ``pages`` and ``total`` are of the whole, None where that is not told."""

    webinars: list[Webinar]
    pages: int
    total: int | None


class Webinars:
    """Reads the webinars that are still to come."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def scheduled(self, account_keys: Sequence[str], now: datetime) -> pd.DataFrame:
        """Return WEBINARS of these organisers from *now* on. Raises ``RefusedByTarget``, ``TargetDown``.

        An empty list names no organiser, and may be the answer to another call: it is believed the second time.
        """
        organised = [
            (key, webinar)
            for key in sorted(set(account_keys))
            for webinar in await self._of(key, now) or await self._of(key, now)
        ]
        return WEBINARS.frame(
            [
                {
                    "webinar_key": webinar.key,
                    "account_key": account_key,
                    "subject": webinar.subject,
                    "starts": webinar.starts,
                    "shared_with": await self._others(account_key, webinar.key),
                }
                for account_key, webinar in organised
            ]
        )

    async def _of(self, account_key: str, now: datetime) -> list[Webinar]:
        found: dict[str, Webinar] = {}
        window = f"fromTime={_moment(now)}&toTime={_moment(now + LOOK_AHEAD)}"
        number = 0
        while True:
            path = f"{_organizer(account_key)}?{window}&page={number}&size={PAGE}"
            parse = partial(_page, organizer=account_key, number=number)
            page = await self._transport.get(path, "list scheduled webinars", parse)
            found.update((webinar.key, webinar) for webinar in page.webinars)
            number += 1
            if number >= page.pages:
                return _whole(found, page.total)

    async def _others(self, account_key: str, webinar_key: str) -> tuple[str, ...]:
        """Return who of the account organises it too, sorted: it is not lost as long as one of them stays."""
        path = f"{_organizer(account_key)}/{quote(webinar_key, safe='')}/coorganizers"
        return await self._transport.get(
            path,
            "read who organises a webinar",
            lambda answer: tuple(sorted(_members(answer) - {account_key})),
        )


def _members(answer: Any) -> set[str]:
    if not isinstance(answer, list):
        raise TypeError("not a list")
    return {key_of(item["memberKey"]) for item in answer if not item.get("external")}


def _whole(found: Mapping[str, Webinar], total: int | None) -> list[Webinar]:
    """Return all webinars. Raises ``TargetDown`` if there are fewer than the list itself says: what it leaves out
    would be lost with its organiser."""
    if total is not None and len(found) < total:
        raise TargetDown(
            f"GoTo's list of scheduled webinars is incomplete: it names {total}, and gave {len(found)}.",
            remedy="Try again later; if it stays so, the paging of the Webinar API has changed.",
        )
    return list(found.values())


def _organizer(account_key: str) -> str:
    return f"/organizers/{quote(account_key, safe='')}/webinars"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(answer: Mapping[str, Any], organizer: str, number: int) -> Page:
    """Read one page. Without webinars there is no ``_embedded``.

    Raises ``ValueError`` for what is no list, ``OtherAnswer`` for another page, or a list of somebody else's.
    """
    if "page" not in answer and "_embedded" not in answer:
        raise ValueError("not a list")
    listed, page = (answer.get("_embedded") or {}).get("webinars") or (), answer.get("page") or {}
    organizers = {key_of(record["organizerKey"]) for record in listed if record.get("organizerKey")}
    if page.get("number", number) != number or (organizers and organizer not in organizers):
        raise OtherAnswer("another list")
    total = page.get("totalElements")
    return Page(
        [_webinar(record) for record in listed],
        pages=int(page.get("totalPages") or 1),
        total=None if total is None else int(total),
    )


def _webinar(record: Mapping[str, Any]) -> Webinar:
    starts = [str(time["startTime"]) for time in record.get("times") or () if time.get("startTime")]
    return Webinar(key_of(record["webinarKey"]), record.get("subject"), min(starts, default=None))
