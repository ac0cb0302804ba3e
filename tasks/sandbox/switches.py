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
    rate_limit_body: Literal["object", "empty", "html"] = Field(
        default="object", description="The body of a 429: an empty object, nothing, or a page of a proxy."
    )
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
        default=True, description="Refuse admin roles whose names are not known; which are known is `role_list`."
    )
    role_list: Literal["confirmed", "invented", "any"] = Field(
        default="invented",
        description="The admin roles that are known: the four confirmed, these and four invented ones, or any name.",
    )
    refuse_unknown_fields: bool = Field(
        default=True, description="Refuse a body with a field that is not known here; else it is passed over."
    )
    default_page_size: int = Field(default=25, ge=1, description="Entries in a page where pageSize is not given.")
    max_page_size: int = Field(default=1000, ge=1, description="The most entries in a page; a larger pageSize is cut.")
    max_users_per_create: int = Field(default=100, ge=1, description="The most users that one create may carry.")
    create_placement: Literal["both", "top_level", "per_user"] = Field(
        default="both",
        description="Where a create is asked for licences, roles, group and templates: beside the users, in each, or"
        " either. What stands elsewhere is a field that is not known.",
    )
    comma_keys: bool = Field(
        default=True, description="Whether a path may name several users, their keys separated by commas."
    )
    max_keys_per_url: int = Field(default=100, ge=1, description="The most users that one path may name.")
    filter_grammar: Literal["full", "eq"] = Field(
        default="full", description="What a filter may say: `eq`, `sw`, `co`, `and`, `or`; or one `eq` (confirmed)."
    )
    sort: Literal["extension", "refused"] = Field(
        default="extension",
        description="Whether a list of users can be sorted by `sort=`, or the parameter is refused.",
    )
    assign_verb: Literal["put", "405", "404", "501"] = Field(
        default="put",
        description="Whether `PUT /licenses/{key}/users/{key}` assigns a licence (inferred), or is refused as a verb"
        " or path that is not known.",
    )
    seat_refusal_status: Literal[409, 400, 403] = Field(
        default=409, description="The status of the refusal where no seat is free."
    )
    seat_refusal_code: str = Field(
        default="license.seats.exceeded", min_length=1, description="The code of the refusal where no seat is free."
    )
    empty_status: Literal[204, 200] = Field(default=204, description="The status of a success without a body.")
    status_words: Literal["known", "other"] = Field(
        default="known",
        description="Whether users are INVITED, ACTIVE, INACTIVE (assumed), or PENDING, ENABLED, DORMANT. SUSPENDED,"
        " which was seen, stays.",
    )
    managed_groups: Literal["honoured", "ignored"] = Field(
        default="honoured", description="Whether a manager can be limited to groups by `managedGroupKeys`."
    )
    other_account: Literal["pending_transfer", "conflict"] = Field(
        default="pending_transfer",
        description="Whether creating an address of another account invites the person to move, or is a conflict.",
    )
    organisation_locks_email: bool = Field(
        default=False, description="Whether the addresses of all members of the organisation are locked."
    )
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
    scim2: bool = Field(
        default=True,
        description="Whether there is a SCIM 2.0 surface, `/identity/scim/v2`: GoTo's address is not known. Off: 404.",
    )
    directory_welcome: Literal["first_product", "create"] = Field(
        default="first_product",
        description="Whether a directory user is welcomed when User Sync first gives them something, or at once.",
    )
    directory_polling_minutes: int = Field(
        default=15,
        ge=0,
        description="Minutes after which User Sync looks at a directory that changed; 0: at once after each change.",
    )
    user_sync_products: Literal["union", "highest"] = Field(
        default="union",
        description="Whether somebody gets the products of all rules that they meet, or of the highest with products.",
    )
    user_sync_roles: Literal["highest", "union"] = Field(
        default="highest", description="Whether the highest rule with a role decides it, or all roles are given."
    )
    user_sync_unmatched: Literal["rule_given", "keep", "suspend"] = Field(
        default="rule_given",
        description="What User Sync takes from those who no longer meet a rule: what it gave, nothing, or everything.",
    )
    csv_columns: Literal["portal", "with_locale"] = Field(
        default="portal",
        description="The columns of an import: first name, last name, e-mail as the portal asks, or the language too.",
    )
    csv_import_hours: float = Field(
        default=24, ge=0, description="Hours until imported users show (documented: about 24)."
    )
    domain_control: bool = Field(
        default=True,
        description="Whether the organisation can be asked at all: GoTo has no public call for it. Off: 404.",
    )
    scopes: tuple[str, ...] = Field(
        default=("identity:", "identity:scim.org", "collab:"),
        description="Scopes of tokens issued from now on. Without `identity:` the Admin API answers 401.",
    )

    def described(self) -> dict[str, dict[str, Any]]:
        """Return each switch with its ``value``, its ``default``, what it ``means`` and the ``values`` it can take.

        ``values`` are there where they can be listed.
        """
        schema, values = type(self).model_json_schema()["properties"], self.model_dump(mode="json")
        defaults = Switches().model_dump(mode="json")
        return {
            name: {
                "value": values[name],
                "default": defaults[name],
                "means": schema[name]["description"],
                **({"values": _values(schema[name])} if _values(schema[name]) else {}),
            }
            for name in values
        }

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


def _values(schema: dict[str, Any]) -> list[Any]:
    return [True, False] if schema.get("type") == "boolean" else list(schema.get("enum", ()))
