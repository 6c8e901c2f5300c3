"""Refuses requests while the queue is full, before parsing parameters or the body: refusing has to cost little."""

from starlette.requests import Request


async def gate(request: Request) -> None:
    """A dependency: there is a free slot for this caller. Raises ServingError."""
    request.state.services.admission.check(caller(request))


async def volume_gate(request: Request) -> None:
    """As `gate`, for scans."""
    request.state.admission = request.state.services.volumes
    request.state.admission.check(caller(request))


def caller(request: Request) -> bytes | None:
    """The digest of the caller's key, None where there are no keys."""
    return getattr(request.state, "caller", None)
