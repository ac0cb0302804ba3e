"""Write docs/transforms.md and docs/profiles.md from what they describe: ``python -m tasks.ingest.pages docs``."""

import ast
import doctest
import re
import sys
from collections.abc import Callable, Iterator
from inspect import getdoc
from pathlib import Path
from typing import Any

from tasks.ingest.transforms import step, tried
from tasks.model.profiles import Profile, profile_names, read_profile
from tasks.model.transforms import DECLARED, Declared

MADE = "<!-- Made from the code by 'make docs': change it there. -->"
TRANSFORMS = f"""\
# Transforms

{MADE}

What a column of the [pipeline file](pipeline.md#sources) may do to its cells. `do` is a list; its entries are done from
left to right, each to what the one before made:

```yaml pipeline-part
sources:
  - name: hr
    path: staff.csv
    snapshot: full
    columns:
      user_name:
        from: [First name, Surname]
        do: [{{template: "{{First name}}.{{Surname}}@acme.example"}}, transliterate, {{case: lower}}]
      given_name: {{from: Name, do: [{{split: {{by: ",", take: last}}}}, {{case: title}}]}}
      external_id: {{from: Badge, do: [digits, {{pad: 6}}]}}
      status: {{from: "Terminated?", do: [{{boolean: inactive}}]}}
```

- Cells come without blanks at their ends. A blank cell stays blank, but for `default`, and a `map` that has `""`.
- Several headings in `from` are joined by `join` (a blank, if you do not say), blank cells left out.
- What cannot be done to a cell holds its row, with the code that stands in the tables below in angle brackets
  ([findings](findings.md#findings-on-a-row)).
- Of an attribute of several values (`directory_groups`) each value is changed by itself.
- There is no code in a pipeline file: what cannot be said with these is for whoever makes the export.
"""
PROFILES = f"""\
# Profiles

{MADE}

Ready column maps for what products export. `columns: bamboohr` in a source is enough; `profile: bamboohr` with
`columns` of your own beside it puts yours in the place of the profile's, and a column without a value leaves the
profile's out:

```yaml pipeline-part
sources:
  - name: hr
    path: report.csv
    snapshot: full
    profile: bamboohr
    columns:
      user_name: {{from: "Employee #", template: "e{{value}}@acme.example"}}
      location:
    dates: "%m/%d/%Y"
```

- Headings are looked for without regard to upper and lower case. Of several names of one column the first that is there
  counts.
- A **required** column that is not there stops the run with exit code 6, and is named. Another one is then not mapped;
  but one that a rule tests is required too.
- A value that is not among a column's words holds the row.
- What a customer sets in the product is not guessed: unless a profile says how days are written, they must be
  2026-03-31, or `dates` must say otherwise.
- How sure the facts are: **documented** by the vendor, **observed** in files or in public code that reads them, or
  **assumed**. Look at `rosterflow check` before you rely on one that is assumed.
"""


def transforms_page() -> str:
    """Return docs/transforms.md: every transform with its examples, as they are carried out now."""
    return "\n".join([TRANSFORMS, *(_transform(name, kind) for name, kind in DECLARED.items())])


def profiles_page() -> str:
    """Return docs/profiles.md: every profile with its columns."""
    return "\n".join([PROFILES, *(_profile(name, read_profile(name)) for name in profile_names())])


def _transform(name: str, kind: type[Declared]) -> str:
    does: Callable[..., Any] = step.dispatch(kind)
    remark = (getdoc(does) or "").partition(">>>")[0].strip()
    text = [f"## {name}", "", _paragraph(kind), *(["", remark] if remark else []), ""]
    rows = [f"| {_code(entry)} | {_cell(cell)} | {_cell(after)} |" for entry, cell, after in examples(does)]
    return "\n".join([*text, "| written | cell | becomes |", "|---|---|---|", *rows, ""])


def examples(does: Callable[..., Any]) -> Iterator[tuple[str, str, str | None]]:
    """Yield the examples of a transform: as it is written in the file, a cell, and what it becomes."""
    for example in doctest.DocTestParser().get_examples(getdoc(does) or ""):
        for node in ast.walk(ast.parse(example.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == tried.__name__:
                entry, *cells = (ast.literal_eval(argument) for argument in node.args)
                beside = {str(item.arg): ast.literal_eval(item.value) for item in node.keywords}
                shown = ", ".join(beside.values())
                for cell, after in zip(cells, tried(entry, *cells, **beside), strict=True):
                    yield written(entry), shown or cell, after


def written(entry: object) -> str:
    """Return an entry of ``do`` as the pipeline file has it.

    >>> written({"split": {"by": ",", "take": 2}})
    '{split: {by: ",", take: 2}}'
    """
    if isinstance(entry, dict):
        return "{" + ", ".join(f"{written(key)}: {written(value)}" for key, value in entry.items()) + "}"
    text = str(entry)
    return text if re.fullmatch(r"\w[\w. -]*\w|\w", text) else f'"{text}"'


def _profile(name: str, profile: Profile) -> str:
    text = [f"## {name}", "", f"{profile.product}: {profile.export}. The headings are **{profile.standing}**.", ""]
    text += [f"- {note}" for note in profile.notes]
    reading = profile.reading.model_dump(exclude_none=True)
    text += [
        f"- Unless the source says otherwise: {', '.join(f'`{key}: {value}`' for key, value in reading.items())}."
    ] * bool(reading)
    text += [f"- From: {', '.join(_link(fact) for fact in profile.facts)}.", ""]
    text += ["| attribute | heading | words, transforms |", "|---|---|---|"]
    for attribute, column in profile.columns.items():
        headings = ", ".join(f"`{heading}`" for heading in (*column.from_, *column.also))
        words = ", ".join(f"`{word}` {meaning}" for word, meaning in (column.map or {}).items())
        done = ", ".join(f"`{written(entry.model_dump(exclude_unset=True, by_alias=True))}`" for entry in column.do)
        text.append(f"| `{attribute}`{', required' * column.required} | {headings} | {words or done} |")
    return "\n".join([*text, ""])


def _link(fact: str) -> str:
    return f"<{fact}>" if fact.startswith("https://") else fact


def _paragraph(kind: type[Declared]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|").replace("\n", "\\n") + "`"


def _cell(text: str | None) -> str:
    return _code(text) if text else "(blank)"


if __name__ == "__main__":
    for page, make in {"transforms.md": transforms_page, "profiles.md": profiles_page}.items():
        Path(sys.argv[1], page).write_text(make(), encoding="utf-8")
