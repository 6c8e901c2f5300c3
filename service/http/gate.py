"""Rejects requests while the queue is full, before parsing parameters or the body: refusing has to cost little."""

from starlette.requests import Request

from service.http.upload import dropped
from service.serving.errors import ServingError


async def gate(request: Request) -> None:
    """A dependency: there is a free slot for this caller. Raises ServingError."""
    services = request.state.services
    try:
        services.admission.check(caller(request))
    except ServingError:
        await dropped(request, services.settings.max_body)
        raise


def caller(request: Request) -> bytes | None:
    """The digest of the caller's key, None where there are no keys."""
    return getattr(request.state, "caller", None)
