"""The switches: every choice of the sandbox where GoTo's behaviour is not known, or is a bother to tests."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.model.errors import BadUsage


class Switches(BaseModel):
    """How the sandbox behaves where it has a choice. Kept in memory: a restarted sandbox has the defaults again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests_per_second: int | None = Field(
        default=10,
        ge=0,
        description="Calls that each API admits in any one second (documented: 10); null for no limit.",
    )
    retry_after: bool = Field(default=False, description="Send Retry-After with a 429. GoTo documents none.")
    numeric_keys: bool = Field(
        default=False, description="Write keys as JSON numbers, some longer than 64 bits, as one vendor example does."
    )
    empty_results: Literal["missing", "empty"] = Field(
        default="missing", description="Whether a list without a match leaves out `results` (observed) or has it empty."
    )
    require_licence_or_role: bool = Field(
        default=False, description="Refuse to create a user with neither licence nor role, as an old vendor page says."
    )
    strict_locales: bool = Field(
        default=False,
        description="Refuse a locale outside the nine that are assumed; else any of the form xx_YY passes.",
    )
    known_roles_only: bool = Field(
        default=True, description="Refuse admin roles outside the four confirmed and four assumed names."
    )
    refuse_unknown_fields: bool = Field(
        default=True, description="Refuse a body with a field that is not known here; else it is passed over."
    )
    default_page_size: int = Field(default=25, ge=1, description="Entries in a page where pageSize is not given.")
    max_page_size: int = Field(default=1000, ge=1, description="The most entries in a page; a larger pageSize is cut.")
    max_users_per_create: int = Field(default=100, ge=1, description="The most users that one create may carry.")
    token_lifetime_s: int = Field(default=3600, ge=0, description="Seconds for which an access token is good.")
    rotate_refresh_token: bool = Field(
        default=False, description="Give a new refresh token with each refresh, and void the old. GoTo documents none."
    )
    scim_patch_members: Literal["merge", "replace"] = Field(
        default="merge",
        description="Whether the members of a PATCH are added to those there, as in SCIM 1.1, or replace them.",
    )
    scim_error: Literal["scim11", "scim20", "html"] = Field(
        default="scim11", description="The form of a refusal of the directory's API."
    )
    scim_delete: Literal["organisation", "destructive"] = Field(
        default="organisation",
        description="Whether deleting a directory user leaves the account alone (contract) or not (help page).",
    )
    domain_control: bool = Field(
        default=True,
        description="Whether the organisation can be asked at all: GoTo has no public call for it. Off: 404.",
    )
    scopes: tuple[str, ...] = Field(
        default=("identity:", "identity:scim.org", "collab:"),
        description="Scopes of tokens issued from now on. Without `identity:` the Admin API answers 401.",
    )

    def changed(self, changes: dict[str, Any]) -> "Switches":
        """Return these switches with *changes*; those not named stay. Raises ``BadUsage``."""
        try:
            return Switches.model_validate({**self.model_dump(), **changes})
        except ValidationError as exc:
            named = sorted({".".join(str(part) for part in error["loc"]) for error in exc.errors()})
            raise BadUsage(
                f"These switches are unknown or have a value that they cannot take: {', '.join(named)}.",
                sent="Nothing was switched.",
                remedy=f"The switches are {', '.join(Switches.model_fields)}.",
                switches=named,
            ) from exc
