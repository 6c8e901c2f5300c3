"""The routes of the protocol. Access, the queue, the upload and the metrics are those of the REST API, on which it
stands; refusals have the protocol's form."""

from collections.abc import Callable, Coroutine
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route

import service
from service.http import problems
from service.http.deadline import DeadlineMs, sooner
from service.http.gate import caller, gate
from service.http.options import each_once
from service.http.routes import Injected, disconnect, headers_of
from service.http.security.access import OPEN, SEGMENT, GuardedRoute
from service.http.upload import body, joined, kind_of
from service.kserve.documents import ModelMetadata, ServerMetadata, TensorKind
from service.kserve.errors import UnknownVersion
from service.kserve.images import IMAGE, read
from service.kserve.inference import footprint, infer, request_of, seconds
from service.kserve.tensors import kinds, wanted
from service.segmentation.modelfile.contract import Contract
from service.segmentation.runtime.call import Call
from service.serving.errors import Draining
from service.serving.services import Services

JSON, BINARY = "application/json", "application/octet-stream"
JSON_SIZE = "Inference-Header-Content-Length"

JsonSize = Annotated[int | None, Header(alias=JSON_SIZE, ge=0)]


class ProtocolRoute(GuardedRoute):
    """A route whose refusals are `{"error": sentence}`, with the status that they have elsewhere."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as error:
                return refusal(await problems.on_invalid(request, error))
            except ClientDisconnect as error:
                return refusal(await problems.on_disconnect(request, error))
            except HTTPException as error:
                return refusal(await problems.on_http(request, error))
            except tuple(problems.STATUS) as error:
                return refusal(await problems.on_known(request, error))
            except Exception as error:
                return refusal(await problems.on_escaped(request, error))

        return handled


def refusal(problem: Response) -> Response:
    """A problem as the protocol has it."""
    headers = {name: value for name, value in problem.headers.items() if not name.startswith("content-")}
    text = {"error": msgspec.json.decode(problem.body)["detail"]}
    return Response(msgspec.json.encode(text), problem.status_code, headers, JSON)


router = APIRouter(prefix="/v2", route_class=ProtocolRoute, include_in_schema=False)


def answer(document: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(document), media_type=JSON)


@router.get("", dependencies=[OPEN])
@router.get("/", dependencies=[OPEN])
async def server_metadata() -> Response:
    return answer(ServerMetadata("fcn-serve", service.__version__))


@router.get("/health/live", dependencies=[OPEN])
async def server_live() -> dict[str, bool]:
    return {"live": True}


@router.get("/health/ready", dependencies=[OPEN])
async def server_ready(services: Injected) -> dict[str, bool]:
    if services.admission.draining:
        raise Draining
    return {"ready": True}


@router.get("/models/{name}", dependencies=[SEGMENT])
@router.get("/models/{name}/versions/{version}", dependencies=[SEGMENT])
async def model_metadata(services: Injected, name: str, version: str | None = None) -> Response:
    contract = contract_of(services, name, version)
    image = TensorKind(IMAGE, "UINT8", (-1, -1, -1, 3))
    return answer(ModelMetadata(name, (contract.version,), (image,), kinds(contract)))


@router.get("/models/{name}/ready", dependencies=[SEGMENT])
@router.get("/models/{name}/versions/{version}/ready", dependencies=[SEGMENT])
async def model_ready(services: Injected, name: str, version: str | None = None) -> dict[str, str | bool]:
    contract_of(services, name, version)
    return {"name": name, "ready": True}


def contract_of(services: Services, name: str, version: str | None) -> Contract:
    """Raises UnknownModel and UnknownVersion."""
    contract = services.catalog.get(name).model.contract
    if version not in {None, contract.version}:
        raise UnknownVersion(f"{contract.name} is served in version {contract.version} only.")
    return contract


@router.post("/models/{name}/infer", dependencies=[SEGMENT, Depends(gate), Depends(each_once)])
@router.post("/models/{name}/versions/{version}/infer", dependencies=[SEGMENT, Depends(gate), Depends(each_once)])
async def model_infer(
    request: Request,
    services: Injected,
    name: str,
    version: str | None = None,
    json_size: JsonSize = None,
    x_deadline_ms: DeadlineMs = None,
) -> Response:
    """Segment one image or several. What a request may have is in images.py, what an answer has in tensors.py."""
    contract_of(services, name, version)  # an unknown model is refused before the body is read
    kind_of(request)  # a body with a Content-Encoding is refused
    with services.admission.upload(caller(request)) as upload:
        data = await joined(body(request, services.settings.max_body, upload.take))
        pipeline = services.pipeline(name)  # the file may have changed while the body came
        contract = request.state.model = pipeline.model.contract
        inference, images = read(data, json_size)
        request.state.images = len(images.heads)  # for the metrics
        del data  # the images have what they need of it
        asked = wanted(inference, contract)
        wishes = request_of(inference.parameters, asked)
        most = sooner(services.settings.deadline_s, x_deadline_ms, 1000)
        call = Call(seconds(inference.parameters, most))
        request.state.timings = call.timings  # for the trace
        work = partial(infer, inference, asked, images, wishes, pipeline)
        memory = footprint(pipeline, images, wishes, asked)
        try:
            made = await services.admission.run(work, call, partial(disconnect, request), upload, memory)
        finally:
            services.metrics.observe_stages(contract.name, call.timings)
    for composition in made.compositions:
        services.metrics.observe_composition(contract, composition)
    headers = {"Server-Timing": call.timings.header(), **headers_of(pipeline.model)}
    if made.warnings:
        headers["X-Warnings"] = ", ".join(made.warnings)
    if made.json_size is None:
        return Response(made.body, media_type=JSON, headers=headers)
    return Response(made.body, media_type=BINARY, headers=headers | {JSON_SIZE: str(made.json_size)})


@router.api_route("/{path:path}", methods=["GET", "POST"], dependencies=[OPEN])
async def nothing(request: Request) -> Response:
    """Clients of Triton ask for more than the protocol has, and can read a refusal of its form alone."""
    allowed = {
        method
        for route in router.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL
        for method in route.methods or ()
    }
    if not allowed:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(allowed))})
