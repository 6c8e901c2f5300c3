"""The routes of the API. Each unwraps its request, calls the core once, and wraps the result."""

import asyncio
from functools import partial
from typing import Annotated, cast

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from service import answers
from service.http.deadline import DeadlineMs, sooner
from service.http.document import BINARY, REQUEST_BODY, errors
from service.http.gate import caller, gate
from service.http.negotiation import choose
from service.http.options import Options, each_once
from service.http.replies import FORMATS, Reply, make_reply, model_name, wanted
from service.http.schemas import Health, ModelCard, ModelName, ModelSummary, RefusedModel, SegmentAnswer
from service.http.security.access import ADMIN, MONITOR, OPEN, SEGMENT, GuardedRoute
from service.http.upload import read_image
from service.segmentation.runtime.call import Call
from service.segmentation.segmenter import Labeller
from service.serving.documents import summaries
from service.serving.errors import Draining
from service.serving.services import Services


async def services_of(request: Request) -> Services:
    return cast(Services, request.state.services)


Injected = Annotated[Services, Depends(services_of)]

router = APIRouter(route_class=GuardedRoute)


@router.post(
    "/segment",
    dependencies=[SEGMENT, Depends(gate), Depends(each_once)],
    summary="Segment an image",
    tags=["images"],
    response_model=SegmentAnswer,
    responses={
        200: {"content": {kind: {"schema": BINARY} for kind in list(FORMATS)[1:]}},
        **errors(400, 401, 403, 404, 406, 413, 415, 422, 503, 504),
    },
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def segment(
    request: Request,
    options: Annotated[Options, Query()],
    services: Injected,
    x_deadline_ms: DeadlineMs = None,
) -> Response:
    """Send a JPEG, PNG or WebP image as multipart part `image` or as the body. The Accept header selects the answer:
    JSON with areas and mask, the mask as a PNG, an overlay (WebP or JPEG), or JSON and PNG as multipart/mixed."""
    media_type = choose(", ".join(request.headers.getlist("accept")), list(FORMATS))
    services.pipeline(options.model)  # an unknown model is refused before the body is read
    with services.admission.upload(caller(request)) as upload:
        data = await read_image(request, services.settings.max_body, upload.take)
        pipeline = services.pipeline(options.model)  # the file may have changed while the body came
        request.state.model = pipeline.model.contract  # for the log and the metrics
        # The deadline counts from the last byte: how fast the body arrives is up to the client.
        call = Call(sooner(services.settings.deadline_s, x_deadline_ms, 1000))
        request.state.timings = call.timings  # for the trace
        work = partial(make_reply, data, media_type, options, pipeline)
        memory = pipeline.footprint(data, wanted(media_type, options))
        try:
            reply = await services.admission.run(work, call, partial(disconnect, request), upload, memory)
            request.state.size = reply.size
            services.metrics.observe_composition(pipeline.model.contract, reply.composition)
        finally:
            services.metrics.observe_stages(pipeline.model.contract.name, call.timings)
    return answered(reply, pipeline.model, call)


def answered(reply: Reply, model: Labeller, call: Call) -> Response:
    """The response with this reply."""
    headers = {"Server-Timing": call.timings.header(), **headers_of(model)}
    if reply.warnings:
        headers["X-Warnings"] = ", ".join(reply.warnings)
    return Response(reply.body, media_type=reply.media_type, headers=headers)


def headers_of(model: Labeller) -> dict[str, str]:
    """What every answer of a model says of it."""
    return {"X-Model-Digest": f"sha256:{model.digest}", "Vary": "Accept"}


async def disconnect(request: Request) -> None:
    """Return when the client disconnects. The body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@router.post(
    "/models/{name}/reload",
    dependencies=[ADMIN],
    summary="Load a model's file again",
    tags=["operation"],
    responses=errors(401, 403, 404, 409),
)
async def reload_model(name: str, services: Injected) -> ModelName:
    """Requests that have begun are answered by the old model. If the file is invalid, the old model keeps serving."""
    segmenter = await asyncio.to_thread(services.catalog.reload, name)
    return model_name(segmenter.model)


@router.get("/models", dependencies=[SEGMENT], summary="List the models", tags=["models"], responses=errors(401))
async def list_models(services: Injected) -> list[ModelSummary | RefusedModel]:
    """The models that are served, then the files that are not, each with the reason."""
    return [listed(row) for row in summaries(services.catalog)]


def listed(row: answers.ModelSummary | answers.RefusedModel) -> ModelSummary | RefusedModel:
    kind = RefusedModel if isinstance(row, answers.RefusedModel) else ModelSummary
    return kind(**msgspec.to_builtins(row))


@router.get(
    "/models/{name}",
    dependencies=[SEGMENT],
    summary="Describe a model",
    tags=["models"],
    responses=errors(401, 404),
)
async def get_model(name: str, services: Injected) -> ModelCard:
    """Classes and colours, training data and licence, measured figures, and the sha256 of the file."""
    model = services.catalog.get(name).model
    card = msgspec.to_builtins(model.contract)
    return ModelCard(
        **model_name(model).model_dump(),
        **card["labels"],
        **{key: card[key] for key in ModelCard.model_fields if key in card and key not in ("name", "version")},
    )


@router.get(
    "/health/live",
    dependencies=[OPEN],
    summary="Liveness probe",
    tags=["operation"],
    responses=errors(),
)
async def get_liveness() -> Health:
    """The process answers."""
    return Health(status="live")


@router.get(
    "/health/ready",
    dependencies=[OPEN],
    summary="Readiness probe",
    tags=["operation"],
    responses=errors(503),
)
async def get_readiness(services: Injected) -> Health:
    """Models are loaded and images are accepted; 503 while the service stops."""
    if services.admission.draining:
        raise Draining
    return Health(status="ready")


@router.get(
    "/metrics",
    dependencies=[MONITOR],
    summary="Prometheus metrics",
    tags=["operation"],
    response_class=Response,
    responses=errors(401, 403),
)
async def get_metrics(services: Injected) -> Response:
    return Response(services.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
