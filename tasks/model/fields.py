"""The types of the pipeline file's fields: text in, as it stands in the file, typed values out."""

import re
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
SECRET = r"^\$\{(block:)?[A-Za-z_][A-Za-z0-9_-]*\}$"  # noqa: S105 - the form of a reference, no secret


REFERENCE = re.compile(r"\$\{(?:block:)?[A-Za-z_][A-Za-z0-9_-]*\}")
"""A secret as it stands inside of a longer text, such as a URL."""


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _share(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value)
        if not match or float(match[1]) > 100:
            raise ValueError("write a share as a percentage from 0% to 100%, for example 5%")
        return float(match[1]) / 100
    return value


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+)\s*d\s*", value)
        if not match:
            raise ValueError("write a number of days, for example 14d")
        return timedelta(days=int(match[1]))
    return value


def listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _iso_date(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write a day as YYYY-MM-DD, for example 2027-03-31")
    return value


Share = Annotated[
    float,
    BeforeValidator(_share),
    Field(ge=0, le=1, json_schema_extra={"type": "string", "examples": ["5%"]}),
]
Days = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=r"^\d+ ?d$", examples=["14d"])]),
    PlainSerializer(lambda value: f"{value.days}d", return_type=str),
]
IsoDate = Annotated[date, BeforeValidator(_iso_date)]
Texts = Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=str | tuple[str, ...])]
Secret = Annotated[str, Field(pattern=SECRET)]
