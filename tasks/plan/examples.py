"""The examples that rules carry in the pipeline file, held against the rosters. Pure; the tenant is not asked.

An example says which products a rule gives to one person, once the rules above it had their say. Who has left gets
nothing. Directory groups count as the rosters name them; where none does, the example cannot be judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from tasks.model.errors import BadPipeline
from tasks.model.pipeline import Pipeline, Rule
from tasks.model.rosters import Verdict
from tasks.model.tables import LIST_ATTRIBUTES
from tasks.plan.desired import Desired, desired_state
from tasks.plan.editions import fold, split_product
from tasks.plan.people import gather, worker_keys


@dataclass(frozen=True)
class Example:
    """One example that fails, or that cannot be judged: then ``got`` is None and ``note`` says why.

    ``who`` is the person as the pipeline file writes them, ``expected`` and ``got`` are products as rules name them.
    """

    rule: str
    who: str
    expected: tuple[str, ...]
    got: tuple[str, ...] | None
    note: str = ""

    @property
    def failed(self) -> bool:
        return self.got is not None

    def __str__(self) -> str:
        subject = f"rule '{self.rule}', {self.who}"
        if self.got is None:
            return f"{subject}: not checked, {self.note}"
        return f"{subject}: expected {_listed(self.expected)}, got {_listed(self.got)}{self.note}"


def check_examples(pipeline: Pipeline, verdicts: Mapping[str, Verdict], as_of: date) -> list[Example]:
    """Return the examples that fail or cannot be judged on the rosters, in the file's order.

    *verdicts* are by namespace. Somebody whose row is held, or who is in none of the rosters, fails no example.
    """
    if not any(rule.expect for rule in pipeline.rules):
        return []
    rosters = _Rosters(pipeline, verdicts, as_of)
    found = []
    for rank, rule in enumerate(pipeline.rules):
        for who, expected in rule.expect.items():
            at, why = rosters.find(who)
            why = _unjudged(pipeline, rank) or why
            if why or at is None:
                found.append(Example(rule.name, who, expected, None, why))
                continue
            got = _given(rule, rosters.desired, at)
            if _essence(got) != _essence(expected):
                note = "" if rosters.people.at[at, "employed"] else " (has left)"
                found.append(Example(rule.name, who, expected, got, note))
    return found


def require_examples(found: Iterable[Example]) -> None:
    """Raise ``BadPipeline``, naming every failed example of ``check_examples``, if there is one."""
    failed = [example for example in found if example.failed]
    if failed:
        count = "An example in the rules is" if len(failed) == 1 else f"{len(failed)} examples in the rules are"
        raise BadPipeline(
            f"{count} not met by the rosters.",
            remedy="Correct the rule or its 'expect':\n" + "\n".join(f"  {example}" for example in failed),
            examples=[
                {"rule": one.rule, "who": one.who, "expected": list(one.expected), "got": list(one.got or ())}
                for one in failed
            ],
        )


class _Rosters:
    """Who is in the rosters, by id or address, and what the rules give to those of them who are employed."""

    def __init__(self, pipeline: Pipeline, verdicts: Mapping[str, Verdict], as_of: date) -> None:
        self.people = gather(pd.concat([one.clean for one in verdicts.values()], ignore_index=True), as_of)
        self._held = _names(pd.concat([one.held for one in verdicts.values()], ignore_index=True))
        named = {who.casefold() for rule in pipeline.rules for who in rule.expect}
        self._places: dict[str, set[int]] = {}
        for names in (self.people["key"], self.people["address"]):
            for at, name in names[names.str.casefold().isin(named)].items():
                self._places.setdefault(_place(name), set()).add(int(str(at)))
        concerned = self.people.loc[sorted({at for places in self._places.values() for at in places})]
        self.desired = desired_state(concerned[concerned["employed"]], pipeline.rules)

    def find(self, who: str) -> tuple[int | None, str]:
        """Return where in ``people`` somebody stands; None, and why, where that is not just one place."""
        places = self._places.get(_place(who), set())
        if len(places) == 1:
            return next(iter(places)), ""
        if places:
            return None, "more than one person of the rosters is meant"
        held = _place(who) in self._held
        return None, "the row is held" if held else "there is no such person in the rosters"


def _names(held: pd.DataFrame) -> set[str]:
    columns = (worker_keys(held), held["user_name"])
    return {_place(name) for column in columns for name in column.dropna()}


def _place(who: str) -> str:
    """Return an id as it is, an address whatever its case."""
    return who.casefold() if "@" in who else who


def _unjudged(pipeline: Pipeline, rank: int) -> str:
    """Return why a rule's examples say nothing on the rosters alone; empty where they do."""
    rule = pipeline.rules[rank]
    if not rule.enabled:
        return "the rule is switched off"
    mapped = {name for source in pipeline.sources for name in source.columns}
    unknown = set(LIST_ATTRIBUTES) - mapped
    deciding = [rule, *(above for above in pipeline.rules[:rank] if above.enabled and _competes(above, rule))]
    if any(unknown.intersection(one.when) for one in deciding):
        return "it depends on groups that only the tenant's directory knows"
    return ""


def _competes(above: Rule, rule: Rule) -> bool:
    """Whether a rule names editions of products of which *rule* names some too."""
    codes = [{code for code, edition in map(split_product, one.grant.products) if edition} for one in (above, rule)]
    return not codes[0].isdisjoint(codes[1])


def _given(rule: Rule, desired: Desired, at: int) -> tuple[str, ...]:
    """Return the products that *rule* gives to the worker at *at*, as it names them."""
    rows = desired.products[desired.products["at"] == at]
    codes = {code for code, rules in zip(rows["product"], rows["rules"], strict=True) if rule.name in rules}
    return tuple(product for product in rule.grant.products if split_product(product)[0] in codes)


def _essence(products: Sequence[str]) -> set[tuple[str, str]]:
    return {(code, fold(edition or "")) for code, edition in map(split_product, products)}


def _listed(products: Sequence[str]) -> str:
    return ", ".join(products) or "nothing"
