"""The kinds of hazards: what each means, and what to do about it. Data; docs/inspect.md repeats it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of hazard: what it means, and what to do."""

    means: str
    remedy: str


CATALOGUE: Mapping[str, Kind] = {
    # the file
    "name_differs": Kind(
        "The file is not what the end of its name says.",
        "Nothing, if it is the right file: its content tells what it is."
    ),
    "encoding_unsure": Kind(
        "The encoding of the text could not be told for certain.",
        "Look at names with accents; set sources.encoding to what makes them right, or ask for UTF-8.",
    ),
    "zero_bytes": Kind("The text has zero bytes in it.", "Have it exported anew: it is damaged, or no text."),
    "quote_open": Kind(
        "A quotation mark is opened in this row and never closed: all that follows is one cell.",
        "Close it there, or export again.",
    ),
    "cut_off": Kind("The last row has fewer cells than the others, and no end.", "The export broke off: run it again."),
    "macros": Kind("The workbook has macros. They are never run.", "Ask why; a list needs none."),
    "hidden_sheet": Kind("The sheet is hidden.", "Make sure that it is the one to be read; name it in sources.sheet."),
    "several_people_sheets": Kind(
        "Several sheets look like lists of people.", "Say in sources.sheet which one is to be read."
    ),
    "many_columns": Kind(
        "The table has more than 1,000 columns: those beyond are not looked at, and nothing is proposed for them.",
        "Export the columns that are needed, and no others.",
    ),
    # rows
    "no_headings": Kind("No row of headings was found.", "Put headings above the columns, one for each."),
    "headings_unsure": Kind(
        "The headings are in no language that is known here, so their row is a guess.", "Check sources.header_row."
    ),
    "title_rows": Kind("Rows stand above the headings.", "Nothing: sources.header_row says where the headings are."),
    "headings_in_two_rows": Kind(
        "The headings take two rows.", "Nothing: sources.header_rows says so, and they are read joined by a blank."
    ),
    "duplicate_headings": Kind(
        "A heading stands over several columns.", "Rename all but the right one: none of them can be mapped."
    ),
    "blank_headings": Kind("A column has values and no heading.", "Give it a heading, if it is to be read."),
    "blank_rows": Kind("Blank rows stand among the others.", "Nothing: they are left out and counted."),
    "repeated_headings": Kind(
        "The headings stand again among the rows.", "Let sources.skip have repeated_headings, or export without them."
    ),
    "totals_rows": Kind("A row sums up the others.", "Let sources.skip have totals, or export without it."),
    "lone_cells": Kind(
        "A row has one cell only: a remark, perhaps, or the name of a group.", "Take it out, if it is nobody's row."
    ),
    "short_rows": Kind(
        "Rows have fewer cells than there are headings. The nightly run refuses such a file.",
        "Look there for a line break without quotation marks, or for a cut-off end; export again.",
    ),
    "long_rows": Kind(
        "Rows have more cells than there are headings. The nightly run refuses such a file.",
        "Look there for a delimiter in a cell without quotation marks; export again.",
    ),
    "no_rows": Kind("Nobody is below the headings.", "The export has probably failed: run it again."),
    "hidden_rows": Kind(
        "Rows are hidden, by hand or by a filter. They are read like all others.",
        "Delete them in the file if those people are not meant.",
    ),
    "hidden_columns": Kind("A column is hidden. It is read like all others.", "Make sure that it is meant for you."),
    "merged_cells": Kind(
        "Cells below the headings are merged: only the first of them has the value.", "Unmerge them, and fill each."
    ),
    # cells
    "formula_cells": Kind(
        "Cells hold formulas. What was last computed is read.",
        "Replace formulas by their values if others edit the file.",
    ),
    "formula_uncached": Kind(
        "Cells hold formulas that were saved without a result.",
        "Open the file in a spreadsheet program and save it, or replace formulas by their values.",
    ),
    "error_cells": Kind(
        "Cells hold a spreadsheet error (#REF!, #N/A) instead of a value.", "Correct the formula, or type the value."
    ),
    "formula_text": Kind(
        "Text begins like a formula (=, +, -, @) and would be run by a spreadsheet program.",
        "Correct it at its source. Rosterflow never runs it, and writes it so that no program will.",
    ),
    "mojibake": Kind(
        "Text was once decoded wrongly: accents have become other signs.",
        "Export again in UTF-8; if the file itself is right, correct sources.encoding.",
    ),
    "control_characters": Kind(
        "Cells hold line breaks, tabs or invisible characters.", "Type those cells again by hand."
    ),
    "several_values": Kind(
        "Cells hold several values where a person has one: two addresses, or two departments.",
        "Say in the pipeline file which of them counts (do: split), or have the list carry one.",
    ),
    "padded_cells": Kind(
        "Cells have blanks around their text.", "Nothing: blanks at both ends are left out when the list is read."
    ),
    "null_words": Kind(
        "Cells hold a word for nothing (NULL, N/A, -) instead of being blank.",
        "Leave those cells blank at their source, or map the word to \"\".",
    ),
    "long_cells": Kind(
        "Cells hold 32,000 characters or more: no text of a list, or one that was cut off.",
        "Leave the column out of the export.",
    ),
    # ids
    "ids_shared": Kind(
        "Rows of different people have one id or address. All of them will be held.",
        "Find out whose it is; give every other person their own.",
    ),
    "ids_as_numbers": Kind(
        "Ids are numbers in the workbook: leading zeros are lost if there were any.",
        "Format the column as text and enter the ids again, or export as .csv.",
    ),
    "zeros_lost": Kind(
        "Ids are of different lengths, as if leading zeros had been lost.",
        "Compare them with the HR system; export the column as text.",
    ),
    "zeros_not_stored": Kind(
        "Numbers are shown with leading zeros that the file does not hold (format 00000): they are read without.",
        "Format the column as text and enter the ids with their zeros.",
    ),
    "ids_rounded": Kind(
        "Ids were saved as rounded numbers (1.2E+05); their last digits are gone.",
        "Enter the ids in full, and format the column as text.",
    ),
    "no_address": Kind(
        "No column has addresses.",
        "Ask for a list with work addresses, or say how they are made (--domain acme.example).",
    ),
    "no_key": Kind(
        "No column has ids, addresses or login names: nobody can be provisioned from this list.",
        "Ask for a list with employee numbers and work addresses.",
    ),
    "no_names": Kind(
        "No columns have first names and surnames: nobody who has no account can be given one.",
        "Ask for a list with both, or with whole names.",
    ),
    # dates
    "dates_ambiguous": Kind(
        "Nothing proves whether day, month or year comes first.", "Ask whoever sends the list, and set sources.dates."
    ),
    "dates_contradict": Kind(
        "Dates of one column are written in several ways: no one format reads them all.",
        "Have the column written in one way, best as 2026-03-31.",
    ),
    "dates_differ": Kind(
        "Columns have their dates written in different ways, and sources.dates is for all.",
        "Have them written in one way, or leave one column out.",
    ),
    "dates_mixed": Kind(
        "Some cells of a column are dates, others numbers or text.", "Format the whole column as dates, and check it."
    ),
    "date_serials": Kind(
        "Dates are numbers of days, as Excel keeps them (45292 is 2024-01-01).", "Format the column as dates."
    ),
    "dates_unreadable": Kind("Cells of a column of dates are none, or no day that exists.", "Correct those cells."),
    "two_digit_years": Kind(
        "Years have two digits: 69 to 99 are taken for the last century.", "Have years of four digits."
    ),
    # people
    "duplicate_rows": Kind("Rows stand there twice, in every column.", "Nothing: one of them is used."),
    "repeated_people": Kind(
        "Somebody has several rows that say different things.", "Keep the row that is right, and remove the others."
    ),
    "homonyms": Kind(
        "People have the same name, and different ids or birth dates.",
        "Nothing: they stay apart. Compare ids, not names.",
    ),
    "look_alike_rows": Kind(
        "Two rows have nearly the same name: one person twice, perhaps.", "Compare them; correct what is misspelt."
    ),
    # secrets
    "secret_column": Kind(
        "A column holds what should not travel in a list (passwords, keys, pictures, pay, official numbers).",
        "Ask for the list without it. It is never mapped, and its cells are never shown.",
    ),
    "secret_values": Kind(
        "Cells are passwords or keys by their form ({SSHA}, $2b$, private keys).",
        "Ask for the list without them, and have those passwords changed.",
    ),
}  # fmt: skip
