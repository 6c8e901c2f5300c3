"""The application for Ray Serve: replicas of what one machine runs."""

import asyncio
import logging
import os
from typing import Any

from prometheus_client import CollectorRegistry
from ray import serve
from ray.serve import Application
from ray.serve.config import AutoscalingConfig
from ray.serve.context import _get_global_client
from ray.serve.schema import LoggingConfig
from starlette.types import ASGIApp, Receive, Scope, Send

from service.cluster.exporter import Exporter
from service.cluster.proxy import ENVIRONMENT, HOOK, MIDDLEWARES
from service.cluster.share import assigned, completed
from service.http.app import create_app
from service.kserve import routes as kserve
from service.segmentation.runtime.session import share_arena
from service.serving.allocator import give_back_large_blocks
from service.serving.errors import BadSettings
from service.serving.settings import Settings

NAME = "segment"
"""Of the deployment, by which a Serve config file changes its options."""
BEYOND_SLOTS = 64
"""Requests that a replica takes beyond its slots, so that it refuses images, and answers everything else, itself."""
BUSY = 4
"""Requests at once for each replica at which Ray adds or removes replicas: with one core, two run and two wait."""
PROXY_QUEUE = 100
"""Requests that wait in a proxy while no replica takes any; further ones are refused with 503."""


def app(settings: Settings) -> Application:
    """For `serve run service.cluster:app`: the settings are those of the environment, and arguments such as
    `models=/models`.

    A replica has one core unless `ray_actor_options` say otherwise.
    """
    os.environ.update(ENVIRONMENT | os.environ)  # for the proxies of the Ray that `serve run` starts
    options = settings.model_dump(include=settings.model_fields_set)

    def build() -> ASGIApp:
        return replica(options)

    deployment = serve.deployment(
        name=NAME,
        ray_actor_options={"num_cpus": 1},
        max_ongoing_requests=2 * settings.queue + BEYOND_SLOTS,  # there are queues for images and for scans
        max_queued_requests=PROXY_QUEUE,
        autoscaling_config=AutoscalingConfig(min_replicas=1, max_replicas=100, target_ongoing_requests=BUSY),
        graceful_shutdown_wait_loop_s=0.5,
        graceful_shutdown_timeout_s=settings.grace_s,
        logging_config=LoggingConfig(enable_access_log=False),  # each request has a line of ours
    )
    return deployment(serve.ingress(build)()).bind()


def replica(options: dict[str, Any]) -> ASGIApp:
    """The service in this process, with its share of the node. Raises SegmentationError, BadKeys and BadSettings."""
    if os.environ.get(HOOK) != MIDDLEWARES:
        raise BadSettings(f"Ray's proxies must send requests again: start Ray on every node with {HOOK}={MIDDLEWARES}.")
    give_back_large_blocks()
    share_arena()
    client = _get_global_client()
    assert client is not None  # here runs a replica
    settings = completed(options | {"host": client.http_config.host}, assigned())
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    service = create_app(settings, [kserve.router])
    return Replica(service, service.state.services.metrics.registry)


class Replica:
    """ASGI middleware. Ray runs an application's lifespan, but does not hand what it yields to the requests."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app, self._exporter = app, Exporter(registry)
        self._state: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.app({**scope, "state": {**self._state}}, receive, send)
            return
        self._state = scope["state"]
        exporting = asyncio.create_task(self._exporter.run())
        await self.app(scope, receive, send)
        exporting.cancel()
