"""Settings and secrets: the only place that reads the environment."""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.model.errors import BadPipeline, BadUsage
from tasks.model.fields import SECRET
from tasks.model.journal_place import JournalPlace


class Settings(BaseSettings):
    """Where this installation keeps its things. Every field is ``ROSTERFLOW_<NAME>`` in the environment.

    ``journal_url`` is a SQLAlchemy URL, for when several workers share one journal; it may hold a password.
    ``debug`` (any text) shows tracebacks, which may quote cells of a roster.
    ``settle_s`` is how many seconds a call without an answer is left alone before the target is asked about it.
    """

    model_config = SettingsConfigDict(env_prefix="ROSTERFLOW_", env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Path("data")
    journal_url: str | None = Field(default=None, repr=False)
    debug: str = ""
    settle_s: float = Field(default=5.0, ge=0, le=60)

    def __init__(self, **values: Any) -> None:
        """Raise ``BadUsage`` if a variable has a value that it cannot have; the value is not shown."""
        try:
            super().__init__(**values)
        except ValidationError as exc:
            wrong = [f"ROSTERFLOW_{str(error['loc'][0]).upper()}: {error['msg']}" for error in exc.errors()]
            raise BadUsage(
                f"The environment has a setting that cannot be used. {'; '.join(wrong)}.",
                remedy="Correct it, or unset it.",
            ) from None  # pydantic's own error quotes the value

    @property
    def journal_place(self) -> JournalPlace:
        return JournalPlace(self.home, self.journal_url)

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def tokens(self) -> Path:
        """Where refresh tokens are kept that a target has replaced: secrets, readable by their owner alone."""
        return self.home / "tokens"

    @property
    def sandbox_store(self) -> Path:
        return self.home / "sandbox.db"


def resolve_secret(ref: str) -> SecretStr:
    """Return what ``${NAME}`` (environment) or ``${block:NAME}`` (Prefect Secret block) stands for.

    Raises ``BadPipeline``, which names the variable or block and never a value, if there is none or it is empty.
    """
    if not re.fullmatch(SECRET, ref):
        raise BadPipeline("A secret is not given as ${NAME} or ${block:NAME}.", remedy="Secrets stay out of the file.")
    name = ref[2:-1]
    if name.startswith("block:"):
        return _from_block(name.removeprefix("block:"))
    value = os.environ.get(name, "")
    if not value:
        raise BadPipeline(
            f"The environment has no value for {name}, which the pipeline asks for.",
            remedy=f"Set {name} for the account that runs this command.",
            variable=name,
        )
    return SecretStr(value)


def _from_block(name: str) -> SecretStr:
    # Prefect takes 1.7 s to import, and only pipelines that keep secrets in its blocks need it: the one import
    # of Prefect outside steps and flows.
    from prefect.blocks.system import Secret

    try:
        # Not .get(), which would make a number of a secret that is all digits.
        value = Secret.load(name, _sync=True).value.get_secret_value()  # type: ignore[call-arg, union-attr]
    except ValueError as exc:
        raise BadPipeline(
            f"Prefect has no Secret block {name}, which the pipeline asks for.",
            remedy="Make one in Prefect under Blocks, of the type Secret.",
            block=name,
        ) from exc
    if not isinstance(value, str) or not value:
        raise BadPipeline(f"Prefect's Secret block {name} holds no text.", remedy="Store it as text.", block=name)
    return SecretStr(value)
