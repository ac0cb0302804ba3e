"""Open the target that a pipeline names. A further kind of target is one more branch here."""

from collections.abc import Callable, Mapping

from pydantic import SecretStr

from tasks.connectors.goto import SUPER_ADMIN, Credentials, GotoConnector, open_goto
from tasks.connectors.kept_tokens import KeptTokens
from tasks.model.admins import AdminRole
from tasks.model.pipeline import SANDBOX_AUTH, Auth, GotoTarget

Resolve = Callable[[str], SecretStr]

ADMIN_ROLES: Mapping[str, AdminRole] = {"goto": SUPER_ADMIN}
"""The role without which nobody can manage a tenant, by kind of target."""


def open_target(spec: GotoTarget, resolve: Resolve, kept: KeptTokens) -> GotoConnector:
    """Return the client of *spec*; nothing is sent yet. Refresh tokens that are replaced live on in *kept*.

    *resolve* turns ``${NAME}`` into its value (``tasks.settings.resolve_secret``). Without ``auth`` the
    credentials are the sandbox's. Raises ``BadPipeline`` for a secret that is missing or a URL that is not safe.
    """
    return open_goto(spec, credentials_of(spec.auth, resolve), kept=kept)


def credentials_of(auth: Auth | None, resolve: Resolve) -> Credentials:
    if auth is None:
        return Credentials(**{name: SecretStr(value) for name, value in SANDBOX_AUTH.items()})
    return Credentials(
        client_id=resolve(auth.client_id),
        client_secret=resolve(auth.client_secret),
        pat=resolve(auth.pat) if auth.pat else None,
        refresh_token=resolve(auth.refresh_token) if auth.refresh_token else None,
    )
