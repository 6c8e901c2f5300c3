"""Who comes when there is no place is sent away before anything is made of the request: refusing has to cost little."""

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http import problems
from service.http.admission import Admission
from service.http.errors import RequestError
from service.http.upload import dropped


class Gate:
    """ASGI middleware before `route`, whose images `admission` has places for; a body of `limit` bytes is heard out."""

    def __init__(self, app: ASGIApp, admission: Admission, route: APIRoute, limit: int) -> None:
        self.app, self.admission, self.route, self.limit = app, admission, route, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"], scope["path"]) == ("POST", self.route.path):
            try:
                self.admission.check(scope["state"].get("caller"))
            except RequestError as error:
                scope["route"] = self.route  # by which it is counted
                request = Request(scope, receive)
                await dropped(request, self.limit)
                answer = await problems.on_known(request, error)
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)
