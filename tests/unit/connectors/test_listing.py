"""Lists are read whole, whatever happens to them while they are read."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.connectors.goto.listing import read_whole
from tasks.connectors.goto.wire import Group, Page
from tasks.model.errors import TargetDown


def group(key, name="Sales"):
    return Group(str(key), name, (name,))


def read(pages):
    """Read a list whose answers are *pages*, one after the other; return its keys and the offsets asked for."""
    offsets, left = [], list(pages)

    async def fetch(offset):
        offsets.append(offset)
        return left.pop(0)

    return asyncio.run(read_whole(fetch, "groups")), offsets


def test_next_offset_counts_what_came_and_skips_nobody():
    found, offsets = read([Page([group(1), group(2)], 5), Page([group(3), group(4)], 5), Page([group(5)], 5)])
    assert [item.key for item in found] == ["1", "2", "3", "4", "5"]
    assert offsets == [0, 2, 4]


def test_server_that_gives_smaller_pages_than_asked_is_read_whole():
    found, offsets = read([Page([group(1)], 2), Page([group(2)], 2)])
    assert (len(found), offsets) == (2, [0, 1])


def test_empty_list_needs_one_page():
    assert read([Page([], 0)]) == ([], [0])


def test_list_without_a_total_ends_at_an_empty_page():
    found, _ = read([Page([group(1)], None), Page([group(2)], None), Page([], None)])
    assert [item.key for item in found] == ["1", "2"]


def test_list_without_a_total_ends_when_the_server_ignores_the_offset():
    found, offsets = read([Page([group(1)], None), Page([group(1)], None)])
    assert ([item.key for item in found], offsets) == (["1"], [0, 1])


def test_item_pushed_onto_the_next_page_is_kept_once_as_last_seen():
    moved = [Page([group(1), group(2)], 3), Page([group(2, "New name"), group(3)], 3)]
    still = [Page([group(1), group(2, "New name")], 3), Page([group(3)], 3)]
    found, _ = read(moved + still)
    assert [(item.key, item.name) for item in found] == [("1", "Sales"), ("2", "New name"), ("3", "Sales")]


def test_list_that_lost_an_item_while_it_was_read_is_read_once_more():
    """Item 1 goes after the first page, so that 3 slips to a place already read: without a second look it is gone."""
    moved = [Page([group(1), group(2)], 4), Page([group(4)], 3)]
    still = [Page([group(2), group(3)], 3), Page([group(4)], 3)]
    found, offsets = read(moved + still)
    assert [item.key for item in found] == ["2", "3", "4"]
    assert offsets == [0, 2, 0, 2]


def test_list_that_never_stands_still_is_joined_from_both_readings():
    first = [Page([group(1), group(2)], 4), Page([group(4)], 3)]
    second = [Page([group(2), group(3)], 3), Page([group(5), group(6)], 4)]
    found, _ = read(first + second)
    assert [item.key for item in found] == ["1", "2", "3", "4", "5", "6"]


def test_list_that_stays_incomplete_is_refused():
    """A server that ignores the offset gives its first page again and again."""
    stuck = [Page([group(1), group(2)], 4)] * 4
    with pytest.raises(TargetDown, match="names 4, and gave 2"):
        read(stuck)


@given(count=st.integers(0, 40), size=st.integers(1, 50))
def test_list_that_stands_still_is_read_whole_with_any_page_size(count, size):
    everything = [group(f"{n:03}") for n in range(count)]

    async def fetch(offset):
        return Page(everything[offset : offset + size], count)

    assert asyncio.run(read_whole(fetch, "groups")) == everything
