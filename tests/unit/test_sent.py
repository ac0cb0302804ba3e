"""That nothing was sent is said in one place, by who knows it; never by default, and never by whoever raises."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.model.errors import RosterflowError, TargetDown
from tasks.model.sent import NOTHING, SENT_UNKNOWN, Sent
from tasks.model.tally import Tally

ROOT = Path(__file__).parents[2]
CLAIM = re.compile(r"\b(nothing (was |has been |is )?(sent|changed)|(not|never) sent|no calls? (was|were))\b", re.I)
ELSEWHERE = {
    ("tasks/report/summary.py", ", and nothing was changed."),  # where ``Sent`` is known to be nothing
    ("tasks/connectors/goto/transport.py", "This call was not sent."),  # of one call, by who makes it
    ("tasks/connectors/goto/breaker.py", "This call was not sent."),
    ("tasks/connectors/goto/opening.py", "Secrets are not sent in clear."),
    ("tasks/report/words.py", "Not sent yet"),  # a plan
    (
        "tasks/report/page.py",
        "Accounts that were there already: recorded, to be looked after from then on. Nothing is sent.",
    ),
}
"""What else is said of sending: by file."""


def texts(path: Path) -> Iterator[str]:
    """Yield what a module may say: its texts, without what documents it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spoken = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in spoken:
            yield node.value


def test_that_nothing_was_sent_is_written_in_one_place() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), text)
        for part in ("flows", "tasks")
        for path in (ROOT / part).rglob("*.py")
        if "sandbox" not in path.parts and path != ROOT / "tasks/model/sent.py"
        for text in texts(path)
        if CLAIM.search(text)
    }
    assert found == ELSEWHERE


def kinds(kind: type[RosterflowError] = RosterflowError) -> Iterator[type[RosterflowError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from kinds(child)


@pytest.mark.parametrize("kind", list(kinds()))
def test_no_error_claims_anything_by_default(kind: type[RosterflowError]) -> None:
    assert inspect.signature(kind).parameters["sent"].default in ("", SENT_UNKNOWN)


def test_calls_are_made_and_counted_in_one_place() -> None:
    makers = [path for path in (ROOT / "tasks/provision").glob("*.py") if ".perform(" in path.read_text("utf-8")]
    assert [path.name for path in makers] == ["batch.py"]
    text = makers[0].read_text("utf-8")
    assert text.count(".perform(") == text.count("tally.begin(") == 1
    assert text.index("tally.begin(") < text.index(".perform(")


def test_every_command_either_cannot_send_or_may_or_has_nothing_to_do_with_it() -> None:
    from flows.cli.main import _NAMES_THAT_CANNOT_SEND, MAY_SEND, app

    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert {"check", "plan", "inspect", "doctor", "accept"} == _NAMES_THAT_CANNOT_SEND
    assert commands - _NAMES_THAT_CANNOT_SEND - MAY_SEND == {"runs", "report", "sandbox"}


BEGUN, FOR_IT, MORE = "A plan was begun by an earlier run: ", " had been made for it", ", and perhaps 2 more."


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (NOTHING, "Nothing was sent."),
        (Sent(counted=0), "Nothing was sent."),
        (Sent(counted=0, recorded=2), "2 calls had been made before; all of them are recorded."),
        (Sent(counted=1, recorded=0), "1 call had been made before; it is not recorded."),
        (Sent(counted=4, recorded=1), "4 calls had been made before; the journal has 1 of them."),
        (Sent(counted=1, recorded=1), "1 call had been made before; it is recorded."),
        (
            Sent(counted=0, recorded=0, earlier_perhaps=2),
            f"Nothing was sent by this run. {BEGUN}no calls{FOR_IT}{MORE}",
        ),
        (Sent(earlier=1), f"{SENT_UNKNOWN} {BEGUN}1 call{FOR_IT}."),
        (
            Sent(earlier=7, earlier_plans=2),
            f"{SENT_UNKNOWN} 2 plans were begun by earlier runs: 7 calls had been made for them.",
        ),
    ],
)
def test_the_more_is_believed_and_nothing_is_said_only_where_all_who_know_say_so(sent: Sent, said: str) -> None:
    assert str(sent) == said


def test_a_call_that_certainly_was_not_made_counts_no_more() -> None:
    tally = Tally()
    tally.begin(("a", 1))
    tally.begin(("b", 1))
    tally.settle(("a", 1), made=False)
    tally.settle(("a", 1), made=False)  # what is known is known
    tally.settle(("b", 1), made=True)
    tally.settle(("of another process", 1), made=False)
    assert tally.calls == 1


@pytest.mark.parametrize("remedy", ["When it answers again, run the same command: it goes on where it stopped.", ""])
def test_that_the_same_command_goes_on_is_said_once(remedy: str) -> None:
    from flows.sent import telling

    told = telling(TargetDown("It is down.", remedy=remedy), Sent(counted=3, recorded=3)).remedy
    assert told.casefold().count("run the same command") == told.count("goes on where it stopped") == 1
