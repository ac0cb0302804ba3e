"""What is secret never leaves reading: columns by what the source or their heading says, cells by their shape."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.model.errors import RejectedSource
from tasks.model.rosters import Roster
from tasks.model.secrets import MASK

Write = Callable[..., Path]
Read = Callable[..., Roster]
HASH = "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ8VIkLaaaa"
COLUMNS = {"user_name": "Account", "department": "Team"}


def shown(roster: Roster) -> str:
    return roster.raw.to_csv() + roster.workers.to_csv() + roster.findings.to_csv()


def test_columns_that_the_source_calls_secret_or_whose_heading_does_are_masked(write_text: Write, read: Read) -> None:
    write_text("Account,Team,Mot de passe,Badge\nada,Sales,opensesame,4711\nben,IT,,\n")
    roster = read("staff.csv", columns=COLUMNS, secret=["Badge"])
    assert roster.raw["Mot de passe"].fillna("").tolist() == [MASK, ""]
    assert roster.raw["Badge"].fillna("").tolist() == [MASK, ""]
    assert not {"opensesame", "4711"} & set(shown(roster).replace(",", "\n").split("\n"))


def test_a_heading_that_only_sounds_secret_can_be_cleared(write_text: Write, read: Read) -> None:
    write_text("Account,Token ring\nada,green\n")
    roster = read("staff.csv", columns={"user_name": "Account", "ring": "Token ring"}, not_secret=["Token ring"])
    assert roster.workers["ring"].tolist() == ["green"]


def test_a_secret_in_a_column_of_other_things_is_masked_and_holds_its_row(write_text: Write, read: Read) -> None:
    write_text(f"Account,Team,Remarks\nada,{HASH},fine\nben,IT,{HASH}\n")
    roster = read("staff.csv", columns=COLUMNS)
    assert roster.raw["Team"].tolist() == [MASK, "IT"]
    assert roster.raw["Remarks"].tolist() == ["fine", MASK]
    assert roster.findings[["row", "column", "code", "severity", "value"]].to_numpy().tolist() == [
        [2, "Team", "secret_cell", "critical", MASK]
    ]
    assert HASH not in shown(roster)


def test_a_mask_that_comes_back_is_no_value(write_text: Write, read: Read) -> None:
    write_text(f"Account,Team\nada,{MASK}\n")
    roster = read("staff.csv", columns=COLUMNS)
    assert roster.workers["department"].isna().all()
    assert roster.findings["code"].tolist() == ["secret_cell"]


def test_a_second_column_of_the_same_heading_is_as_secret_as_the_first(write_text: Write, read: Read) -> None:
    write_text("Account,Team,Code,Code\nada,Sales,a1,b2\n")
    roster = read("staff.csv", columns=COLUMNS, secret=["Code"])
    assert roster.raw.iloc[0].tolist() == ["ada", "Sales", MASK, MASK]


def test_a_secret_heading_in_another_case_is_as_secret(write_text: Write, read: Read) -> None:
    write_text("Account,Team,GRADE\nada,Sales,G7\n")
    assert read("staff.csv", columns=COLUMNS, secret=["Grade"]).raw.iloc[0].tolist() == ["ada", "Sales", MASK]


def test_a_secret_heading_that_is_gone_is_refused_since_its_cells_may_stand_under_another(
    write_text: Write, read: Read
) -> None:
    write_text("Account,Team,Pass code 2\nada,Sales,G7\n")
    with pytest.raises(RejectedSource, match=r"has no column 'Grade', which sources\.secret names") as refused:
        read("staff.csv", columns=COLUMNS, secret=["Grade"])
    assert "G7" not in str(refused.value) + repr(refused.value.facts)
    assert refused.value.facts["columns"] == ["Grade"]


def test_a_secret_heading_that_ends_in_a_number_is_masked_and_can_be_cleared(write_text: Write, read: Read) -> None:
    write_text("Account,Team,Memo (2),Memo,Bonus (2)\nada,Sales,G7,open,yes\n")
    roster = read("staff.csv", columns=COLUMNS, secret=["memo (2)"], not_secret=["Bonus (2)"])
    assert roster.raw.iloc[0].tolist() == ["ada", "Sales", MASK, "open", "yes"]


def test_a_secret_in_a_later_line_of_a_cell_is_masked(write_text: Write, read: Read) -> None:
    write_text(f'Account,Team,Remarks\nada,Sales,"door\n{HASH}"\n')
    assert read("staff.csv", columns=COLUMNS).raw["Remarks"].tolist() == [MASK]
