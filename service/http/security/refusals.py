"""Responses to requests that never reach the application."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A response of application/problem+json (RFC 9457), after which the connection is closed."""

    status: int
    code: str
    title: str
    detail: str

    def response(self) -> bytes:
        problem = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        body = json.dumps(problem | {"code": self.code, "request_id": "none"}, separators=(",", ":")).encode()
        head = (
            f"HTTP/1.1 {self.status} {self.title}",
            "Content-Type: application/problem+json",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(["Retry-After: 1"] if self.status == 503 else []),
        )
        return "\r\n".join((*head, "", "")).encode() + body


MALFORMED = Refusal(400, "bad_request", "Bad Request", "This is not a valid HTTP/1.1 request; see RFC 9112.")
TOO_SLOW = Refusal(
    408, "request_timeout", "Request Timeout", "The request arrived too slowly; send it again over a faster connection."
)
HEAD_TOO_LARGE = Refusal(
    431,
    "headers_too_large",
    "Request Header Fields Too Large",
    "The request's headers are too large; send fewer or shorter ones, cookies first.",
)
STOPPING = Refusal(503, "draining", "Service Unavailable", "The service is stopping; try again in a moment.")
