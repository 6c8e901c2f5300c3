"""Authorisation: each route names its role, and a key is checked before parameters and body are read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.http.errors import Forbidden, Unauthorized
from service.serving.keys import ROLES, Role, digest

bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key out of the file that SEGMENT_KEYS names.")


@dataclass(frozen=True)
class Requires:
    """A dependency: the caller must show a key of a role that includes this one. Raises Unauthorized and Forbidden.

    Without configured keys every caller is served.
    """

    role: Role

    async def __call__(
        self, request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
    ) -> None:
        keys = request.state.services.keys
        if keys is None:
            return
        if shown is None:
            raise Unauthorized("This needs a key; send it as `Authorization: Bearer KEY`.")
        key = shown.credentials.strip()
        role = keys.role(key)
        if role == Role.ANYONE:
            raise Unauthorized("The key in `Authorization` is unknown; check it, or ask the operator for a new one.")
        if self.role not in role:
            names = " or ".join(f"`{name}`" for name, known in ROLES.items() if self.role in known)
            raise Forbidden(f"This needs a key of the role {names}.")
        request.state.caller = digest(key)


async def anyone() -> None:
    """A dependency: no key is needed."""


OPEN = Depends(anyone)
SEGMENT, MONITOR, ADMIN = (Depends(Requires(role)) for role in (Role.SEGMENT, Role.MONITOR, Role.ADMIN))
GUARDS = (OPEN, SEGMENT, MONITOR, ADMIN)
"""Who may call a route; for its `dependencies`."""


class GuardedRoute(APIRoute):
    """A route whose `dependencies` name one of GUARDS, ADMIN by default. The role is checked before the others."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        dependencies: Sequence[Dependency] | None = None,
        **options: Any,
    ) -> None:
        others = [dependency for dependency in dependencies or () if dependency not in GUARDS]
        roles = [dependency for dependency in dependencies or () if dependency in GUARDS]
        if OPEN in roles:  # explicit, as linters of the document require
            options["openapi_extra"] = {"security": []}
        super().__init__(path, endpoint, dependencies=[*(roles or [ADMIN]), *others], **options)
