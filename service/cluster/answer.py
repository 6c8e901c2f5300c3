"""The answer to a request, of which another attempt may still take the place until it has begun."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Send

from service.cluster.body import Body

RAYS_OWN = {404, 408, 429, 500, 503}
"""Statuses of Ray's refusals, in plain text: no application, timeout, full queue, failure. Ours are JSON."""


class Answer:
    """What is sent to the client. It begins with the first part of a response's body."""

    def __init__(self, send: Send, body: Body, request_id: str) -> None:
        self._send, self._body, self._request_id = send, body, request_id
        self._start: Message = {}
        self.begun = False
        self.refused_by_ray = False

    async def send(self, message: Message) -> None:
        """ASGI's `send`. Ray's own refusals go no further."""
        if message["type"] == "http.response.start":
            self._start = message
            self.refused_by_ray = is_rays_own(message)
        elif not self.refused_by_ray:
            if not self.begun:
                await self._begin()
            await self._send(message)

    async def _begin(self) -> None:
        self.begun = True
        await self._body.rest()
        headers = MutableHeaders(raw=list(self._start["headers"]))
        headers["X-Request-Id"] = self._request_id  # Ray has added a second one
        await self._send({**self._start, "headers": headers.raw})


def is_rays_own(start: Message) -> bool:
    """Whether a response comes from Ray, and not from the application."""
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] in RAYS_OWN and kind.startswith("text/plain")
