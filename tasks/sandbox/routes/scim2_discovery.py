"""What the SCIM 2.0 surface says of itself (RFC 7643 §5 to §7, RFC 7644 §4)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from tasks.sandbox.routes.scim2_forms import ENTERPRISE, ENTERPRISE_COLUMNS, GROUP_SCHEMA, USER_SCHEMA
from tasks.sandbox.routes.scim2_replies import MAX_RESULTS, PREFIX_2, listed, require_switched_on, told
from tasks.sandbox.routes.scim_access import location, scim_call
from tasks.sandbox.scim_refusals import ScimRefusal

router = APIRouter(prefix=PREFIX_2, dependencies=[require_switched_on])

_CORE = "urn:ietf:params:scim:schemas:core:2.0"
_ON, _OFF = {"supported": True}, {"supported": False}


def _attribute(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    plain = {
        "name": name, "type": kind, "multiValued": False, "required": False, "caseExact": False,
        "mutability": "readWrite", "returned": "default", "uniqueness": "none",
    }  # fmt: skip
    return plain | more


_PERSON_NAME = [_attribute("givenName"), _attribute("familyName"), _attribute("formatted", mutability="readOnly")]
_REFERENCE = [_attribute("value"), _attribute("$ref", "reference"), _attribute("display")]
ATTRIBUTES = {
    USER_SCHEMA: [
        _attribute("userName", required=True, uniqueness="server"),
        _attribute("name", "complex", subAttributes=_PERSON_NAME),
        _attribute("displayName"),
        _attribute("active", "boolean"),
        _attribute("locale"),
        _attribute("timezone"),
        _attribute("emails", "complex", multiValued=True, mutability="readOnly", subAttributes=[_attribute("value")]),
        _attribute("groups", "complex", multiValued=True, mutability="readOnly", subAttributes=_REFERENCE),
    ],
    GROUP_SCHEMA: [
        _attribute("displayName", required=True, uniqueness="server"),
        _attribute("members", "complex", multiValued=True, subAttributes=[*_REFERENCE, _attribute("type")]),
    ],
    ENTERPRISE: [_attribute(name) for name in ENTERPRISE_COLUMNS],
}
NAMES = {USER_SCHEMA: "User", GROUP_SCHEMA: "Group", ENTERPRISE: "EnterpriseUser"}


@router.get("/ServiceProviderConfig")
def show_config(request: Request) -> Response:
    with scim_call(request):
        body = {
            "schemas": [f"{_CORE}:ServiceProviderConfig"],
            "patch": _ON,
            "bulk": {**_OFF, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {**_ON, "maxResults": MAX_RESULTS},
            "changePassword": _OFF,
            "sort": _ON,
            "etag": _OFF,
            "authenticationSchemes": [
                {"type": "oauthbearertoken", "name": "OAuth", "description": "A token of the platform's OAuth server"}
            ],
            "meta": {
                "resourceType": "ServiceProviderConfig",
                "location": location(request, PREFIX_2, "ServiceProviderConfig"),
            },
        }
        return told(body)


@router.get("/ResourceTypes")
def list_types(request: Request) -> Response:
    with scim_call(request):
        return told(listed(_types(request)))


@router.get("/ResourceTypes/{name}")
def show_type(request: Request, name: str) -> Response:
    with scim_call(request):
        return told(_one(_types(request), name))


def _types(request: Request) -> list[dict[str, Any]]:
    extensions = {"User": [{"schema": ENTERPRISE, "required": False}], "Group": []}
    return [
        {
            "schemas": [f"{_CORE}:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "schema": f"{_CORE}:{name}",
            "schemaExtensions": extensions[name],
            "meta": {"resourceType": "ResourceType", "location": location(request, PREFIX_2, f"ResourceTypes/{name}")},
        }
        for name in ("User", "Group")
    ]


@router.get("/Schemas")
def list_schemas(request: Request) -> Response:
    with scim_call(request):
        return told(listed(_schemas(request)))


@router.get("/Schemas/{urn}")
def show_schema(request: Request, urn: str) -> Response:
    with scim_call(request):
        return told(_one(_schemas(request), urn))


def _schemas(request: Request) -> list[dict[str, Any]]:
    return [
        {
            "schemas": [f"{_CORE}:Schema"],
            "id": urn,
            "name": NAMES[urn],
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": location(request, PREFIX_2, f"Schemas/{urn}")},
        }
        for urn, attributes in ATTRIBUTES.items()
    ]


def _one(resources: list[dict[str, Any]], key: str) -> dict[str, Any]:
    found = next((resource for resource in resources if resource["id"].lower() == key.lower()), None)
    if found is None:
        raise ScimRefusal(404, "There is no such thing")
    return found
