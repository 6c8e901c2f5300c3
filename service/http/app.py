"""The application. A request passes each layer once on its way in, and its answer once on its way out:

    uvicorn -> paths -> telemetry -> browsers: whose page may -> access: whose key may -> gate: a slot, or refused
            -> route reads the body, bounded -> admission: its turn
            -> one hop to a worker: decode, fit, network, measure, encode -> response

Read on in routes.py; what a worker does is in replies.py; every refusal is in problems.py.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles

import service
from service.http import problems, volumes
from service.http.document import complete, operation_id
from service.http.pages import WEB, pages
from service.http.paths import Paths
from service.http.routes import router
from service.http.security.browsers import Browsers
from service.http.telemetry import Telemetry
from service.segmentation.catalog import Catalog
from service.serving.services import Services, build
from service.serving.settings import Settings

EXPOSED = ("Retry-After", "Server-Timing", "traceresponse", "X-Model-Digest", "X-Request-Id", "X-Warnings")
"""Headers of answers that pages of other sites may read."""

log = logging.getLogger("fcn_serve.models")


def create_app(settings: Settings, protocols: Sequence[APIRouter] = ()) -> FastAPI:
    """The service, with its models loaded and checked; `protocols` are the routes of others that it speaks.

    Raises SegmentationError, BadKeys and BadSettings.
    """
    services = build(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Services]]:
        watching = asyncio.create_task(watch(services.catalog, settings.reload_s))
        yield {"services": services}
        watching.cancel()
        services.admission.close()
        services.volumes.close()
        if services.tracer is not None:
            await asyncio.to_thread(services.tracer.close)

    app = FastAPI(
        title="fcn-serve",
        summary=service.__doc__,
        version=service.__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": ".", "description": "Where this document comes from."}],
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "auto_configure": False,
        },  # see serving/tracing.py
    )
    app.state.services = services  # for the server, which counts requests that do not reach the application
    # The last one added is the first to see a request.
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(Browsers, origins=settings.origins, hosts=None if services.keys else settings.hosts)
    app.add_middleware(Telemetry, metrics=services.metrics, tracer=services.tracer)
    app.add_middleware(Paths, root_path=settings.root_path)
    problems.install(app)
    app.include_router(router)
    app.include_router(volumes.router)
    for protocol in protocols:
        app.include_router(protocol)
    app.mount("/web", StaticFiles(directory=WEB), name="web")
    app.mount("/swagger", StaticFiles(packages=[("fastapi_offline", "static")]), name="swagger")
    app.include_router(pages)
    complete(app)
    return app


async def watch(catalog: Catalog, every_s: float) -> None:
    """Serve model files that change or are added while the service runs. A look that fails is logged; others follow."""
    while every_s > 0:
        await asyncio.sleep(every_s)
        try:
            await asyncio.to_thread(catalog.look)
        except Exception as error:
            log.error("no look at the models: %s: %s", type(error).__name__, error)  # noqa: TRY400  # every few seconds
