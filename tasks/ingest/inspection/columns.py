"""Propose what each column of a table is: by its heading, checked against its values. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tasks.ingest.inspection import vocabulary
from tasks.ingest.inspection.headings import EXACT, meaning
from tasks.ingest.inspection.tables import Cells
from tasks.ingest.inspection.values import JUDGES, few_words, is_name, share, telling_kind
from tasks.model.secrets import kind_of_heading
from tasks.model.tables import WORKER_ATTRIBUTES

BELIEVED, SURE = 0.5, 0.8
"""From here on a proposal is made at all; from there on it needs nobody's word."""
_LOGIN_AT_MOST = 0.6
_BLANK_AT_MOST = 0.75


@dataclass(frozen=True)
class Proposal:
    """What a column is taken for: the kind (``vocabulary.KINDS``), the attribute of a worker if that is one, how sure
    (0 to 1), and why."""

    column: str
    kind: str | None
    attribute: str | None
    confidence: float
    evidence: str


def propose(columns: Sequence[Cells]) -> dict[str, Proposal]:
    """Return a proposal for each column, by name. No two columns are proposed for one attribute."""
    return _each_once({column.name: _of_column(column) for column in columns})


def _of_column(column: Cells) -> Proposal:
    secret = kind_of_heading(column.heading)
    if secret:
        return _proposal(column, vocabulary.SECRET, EXACT, f"the heading speaks of {secret}")
    said = meaning(column.heading)
    told = telling_kind(column)
    if said is None:
        return _proposal(column, *told) if told else Proposal(column.name, None, None, 0.0, "nothing tells what it is")
    kind, confidence, evidence = said.kind, said.confidence, said.evidence
    if column.filled.empty:
        return _proposal(column, kind, min(confidence, _BLANK_AT_MOST), f"{evidence}; it is blank from top to bottom")
    judge = JUDGES.get(kind)
    if kind == vocabulary.OTHER:
        return _proposal(column, kind, confidence, "nothing that an account needs")
    if judge is None:
        return _proposal(column, kind, confidence, evidence)
    fits = judge(column)
    if fits >= 0.9:
        return _proposal(column, kind, min(0.98, confidence + 0.08), f"{evidence}, and its values fit")
    other = _by_values(column, kind) or (told if told and told[0] != kind else None)
    if fits < 0.5 and other:
        return _proposal(column, *other)
    against = f"{evidence}, but only {round(100 * fits)}% of its values fit"
    return _proposal(column, kind, round(confidence * fits, 2), against)


def _by_values(column: Cells, kind: str) -> tuple[str, float, str] | None:
    """Return what a column is whose values are not what its heading says."""
    if kind in ("status", vocabulary.ACTIVE_FLAG) and few_words(column) and share(column, is_name) >= 0.9:
        return "employee_type", 0.55, "the heading speaks of a status, but its words are none: perhaps kinds of staff"
    if kind == "manager_id" and share(column, is_name) >= 0.9:
        return vocabulary.MANAGER_NAME, 0.7, "its values are names, no ids"
    return None


def _proposal(column: Cells, kind: str, confidence: float, evidence: str) -> Proposal:
    attribute = kind if kind in WORKER_ATTRIBUTES else vocabulary.PROPOSED.get(kind)
    if kind == vocabulary.LOGIN:
        confidence = min(confidence, _LOGIN_AT_MOST)
    if confidence < BELIEVED and attribute is not None:
        attribute = None
    return Proposal(column.name, kind, attribute, confidence, evidence)


_PREFERENCE = (
    vocabulary.EMAIL, "status", vocabulary.ACTIVE_FLAG, vocabulary.INACTIVE_FLAG, vocabulary.ACCOUNT_CONTROL,
    vocabulary.LOGIN,
)  # fmt: skip
"""Of two kinds for one attribute, the earlier is the better: an address before the name of an account."""


def _each_once(proposals: Mapping[str, Proposal]) -> dict[str, Proposal]:
    best: dict[str, Proposal] = {}
    for proposal in proposals.values():
        if proposal.attribute is None:
            continue
        rival = best.get(proposal.attribute)
        if rival is None or _merit(proposal) > _merit(rival):
            best[proposal.attribute] = proposal
    return {
        name: proposal
        if proposal.attribute is None or best[proposal.attribute] is proposal
        else replace(
            proposal,
            attribute=None,
            evidence=f"{proposal.evidence}; '{best[proposal.attribute].column}' is taken for {proposal.attribute}",
        )
        for name, proposal in proposals.items()
    }


def _merit(proposal: Proposal) -> tuple[int, float]:
    kind = proposal.kind
    place = _PREFERENCE.index(kind) if kind in _PREFERENCE else len(_PREFERENCE)
    return -place, proposal.confidence
