"""The route for scans. As in routes.py: unwrap the request, call the core once, wrap the result."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from service.http.deadline import DeadlineMs, sooner
from service.http.document import BINARY, VOLUME_BODY, errors
from service.http.gate import caller, volume_gate
from service.http.negotiation import choose
from service.http.options import VolumeOptions, each_once
from service.http.problems import known_problem
from service.http.replies import Reply
from service.http.routes import Injected, answered, disconnect, headers_of
from service.http.security.access import SEGMENT, GuardedRoute
from service.http.upload import read_volume
from service.http.volume_replies import NDJSON, VOLUME_FORMATS, make_volume_reply
from service.http.volume_schemas import Done, VolumeAnswer
from service.segmentation.errors import Abandoned
from service.segmentation.inputs.clinical import check_installed
from service.segmentation.runtime.call import Call
from service.segmentation.volume_pipeline import VolumePipeline
from service.serving.admission import Upload
from service.serving.services import Services

router = APIRouter(route_class=GuardedRoute)


@router.post(
    "/volumes",
    dependencies=[SEGMENT, Depends(volume_gate), Depends(each_once)],
    summary="Segment a scan",
    tags=["scans"],
    response_model=VolumeAnswer,
    responses={
        200: {"content": {kind: {"schema": BINARY} for kind in list(VOLUME_FORMATS)[1:]}},
        **errors(400, 401, 403, 404, 406, 413, 415, 422, 503, 504),
    },
    openapi_extra={"requestBody": VOLUME_BODY},
)
async def segment_volume(
    request: Request,
    options: Annotated[VolumeOptions, Query()],
    services: Injected,
    x_deadline_ms: DeadlineMs = None,
) -> Response:
    """Send a scan as multipart part `volume` or as the body. The Accept header selects the answer: JSON with volumes,
    the labels as a gzipped NIfTI file or a DICOM Segmentation, a PNG of some slices, or the JSON after a line of
    progress for each slice (application/x-ndjson). Not a medical device."""
    media_type = choose(", ".join(request.headers.getlist("accept")), list(VOLUME_FORMATS))
    check_installed()
    services.volume_pipeline(options.model)  # an unknown model is refused before the body is read
    with services.volumes.upload(caller(request)) as upload:
        files = await read_volume(request, services.settings.max_volume, upload.take)
        pipeline = services.volume_pipeline(options.model)  # the file may have changed while the body came
        request.state.model = pipeline.model.contract  # for the log and the metrics
        call = Call(sooner(services.settings.volume_deadline_s, x_deadline_ms, 1000))
        request.state.timings = call.timings  # for the trace
        work = Work(request, services, pipeline, upload, call)
        if media_type != NDJSON:
            return answered(await work.reply(files, media_type, options), pipeline.model, call)
        lines = work.lines(files, options)
        first = await anext(lines)  # what is refused before the first slice has a status of its own
    return StreamingResponse(following(first, lines), media_type=NDJSON, headers=headers_of(pipeline.model))


class Work:
    """One scan on its way through the queue and its worker."""

    def __init__(
        self, request: Request, services: Services, pipeline: VolumePipeline, upload: Upload, call: Call
    ) -> None:
        self._request, self._services, self._pipeline = request, services, pipeline
        self._upload, self._call = upload, call
        self._told: asyncio.Queue[Done | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    async def reply(self, files: list[bytes], media_type: str, options: VolumeOptions) -> Reply:
        """The response. Raises SegmentationError and ServingError."""
        work = partial(make_volume_reply, files, media_type, options, self._pipeline, self._tell)
        memory = self._pipeline.footprint(files)
        gone = partial(disconnect, self._request)
        contract = self._pipeline.model.contract
        try:
            reply = await self._services.volumes.run(work, self._call, gone, self._upload, memory)
            self._services.metrics.observe_composition(contract, reply.composition)
        finally:
            self._services.metrics.observe_stages(contract.name, self._call.timings)
        return reply

    async def lines(self, files: list[bytes], options: VolumeOptions) -> AsyncIterator[bytes]:
        """Progress, and the result or the problem. Raises what `reply` raises before the first slice."""
        replying = asyncio.create_task(self.reply(files, NDJSON, options))
        replying.add_done_callback(lambda _: self._told.put_nowait(None))
        begun = False
        try:
            while (done := await self._told.get()) is not None:
                begun = True
                yield line(done.model_dump_json())
            if not begun:
                await replying
            yield line(self._last(replying))
        finally:
            if not replying.done():  # the client has disconnected
                known_problem(self._request, Abandoned())
                replying.cancel()

    def _last(self, replying: "asyncio.Task[Reply]") -> str:
        error = replying.exception()
        if error is None:
            return f'{{"result":{replying.result().body.decode()}}}'
        return f'{{"problem":{known_problem(self._request, error).model_dump_json()}}}'

    def _tell(self, done: int, of: int) -> None:
        """From the worker: so many slices are done."""
        self._loop.call_soon_threadsafe(self._told.put_nowait, Done(done=done, of=of))


async def following(first: bytes, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for each in lines:
        yield each


def line(text: str) -> bytes:
    return f"{text}\n".encode()
