"""Who comes when there is no place is sent away before anything is made of the request: refusing has to cost little."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from service.http.upload import dropped
from service.serving.errors import ServingError


class Gate(APIRoute):
    """A route for images. Refuses, by what admission says, before the request's parameters are even looked at."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_where_there_is_a_place(request: Request) -> Response:
            services = request.state.services
            try:
                services.admission.check(caller(request))
            except ServingError:
                await dropped(request, services.settings.max_body)
                raise
            return await handle(request)

        return handle_where_there_is_a_place


def caller(request: Request) -> bytes | None:
    """Whose request it is, where there are keys."""
    return getattr(request.state, "caller", None)
