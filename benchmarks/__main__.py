"""`python -m benchmarks`: how fast the service is beside the alternatives, and what it withstands."""

import json
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks import (
    archive,
    folders,
    group,
    measure,
    measures,
    memory,
    monitored,
    outlines,
    overload,
    refusals,
    report,
    resident,
    soak,
    subjects,
    timings,
    volumes,
)
from benchmarks.photos import SIZES, photo
from benchmarks.promise import Promise
from benchmarks.rounds import perfect
from benchmarks.scale import figures as scale
from benchmarks.scale import page as scale_page
from benchmarks.traffic import Traffic
from service.segmentation.catalog import EMBEDDED
from service.serving.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True)
FOLDER = Path("docs/benchmarks")


@app.command()
def speed(
    rounds: Annotated[int, typer.Option(min=3, help="Everything is measured once in each.")] = 7,
    repeats: Annotated[int, typer.Option(min=3, help="Requests alone, or runs of a graph, per round.")] = 9,
    count: Annotated[int, typer.Option(min=20, help="Requests back to back, or at random, per round.")] = 60,
    output: Annotated[Path, typer.Option(help="Folder for the table, the figures and the plot.")] = FOLDER,
) -> None:
    """The service beside LitServe and two scripts: FastAPI around the float model, and around the served file."""
    figures: dict[str, object] = {"machine": report.machine(), "rounds": rounds}
    typer.echo("graphs ...")
    figures["graphs"] = measure.graphs(rounds, repeats)
    with ExitStack() as stack:
        started = (subjects.service, subjects.script, subjects.plain, subjects.litserve)
        running = [stack.enter_context(start()) for start in started]
        ours, *_, litserve = running
        typer.echo("one request at a time ...")
        figures["alone"] = measure.one_at_a_time(running, rounds, repeats)
        typer.echo("back to back ...")
        offline = measure.back_to_back(running, rounds, count)
        figures["offline"] = offline
        typer.echo("at random times ...")
        per_second = measure.LOAD * median(offline[measure.SMALL][litserve.name])
        figures["loaded"] = {
            "per_second": per_second,
            "figures": measure.at_random([ours, litserve], per_second, rounds, count),
            "perfect": perfect(measure.LOAD, rounds, count),
        }
        figures["stages"] = measure.stages(ours, repeats)
        figures["memory_mb"] = {subject.name: round(subject.memory() / 1e6) for subject in running}
        figures["seconds_to_start"] = {subject.name: subject.seconds_to_start for subject in running}
    output.mkdir(parents=True, exist_ok=True)
    (output / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    (output / "table.md").write_text(f"{report.table(figures)}\n\n{report.stages(figures)}\n")
    report.plot(figures, output / "speed.png")
    typer.echo((output / "table.md").read_text())


@app.command()
def against(
    checkout: Annotated[
        Path, typer.Argument(help="Another checkout of this repository.", file_okay=False, exists=True)
    ],
    rounds: Annotated[int, typer.Option(min=3, help="Everything is measured once in each.")] = 7,
    repeats: Annotated[int, typer.Option(min=3, help="Requests alone, per round.")] = 9,
    count: Annotated[int, typer.Option(min=20, help="Requests back to back, per round.")] = 60,
) -> None:
    """The service of this checkout beside that of another one, and the plain script, turn by turn."""
    there = subjects.service(str(checkout), checkout.resolve())
    with subjects.service() as ours, there as theirs, subjects.plain() as plain:
        running = [ours, theirs, plain]
        typer.echo("one request at a time ...")
        alone = measure.one_at_a_time(running, rounds, repeats)
        typer.echo("back to back ...")
        typer.echo(report.against(alone, measure.back_to_back(running, rounds, count)))


@app.command("timings")
def timed(
    at_once: Annotated[int, typer.Option(min=2, help="Requests in parallel.")] = 8,
    rounds: Annotated[int, typer.Option(min=1)] = 10,
    size: Annotated[str, typer.Option(help=f"One of {', '.join(SIZES)}.")] = measure.SMALL,
) -> None:
    """The stages of a request alone and among others, and their sum beside the time that the client measures."""
    data = photo(*SIZES[size])
    with subjects.service(queue=at_once) as ours:
        timings.measure(ours, data, at_once, 2)  # warm
        alone = timings.measure(ours, data, 1, rounds)
        together = timings.measure(ours, data, at_once, rounds)
    typer.echo(f"{size}, {at_once} at once, {report.machine()['processor']}\n\n{timings.table(alone, together)}")


@app.command("outlines")
def outlined(rounds: Annotated[int, typer.Option(min=3, help="Everything is measured once in each.")] = 25) -> None:
    """What it costs to draw the outlines of enlarged masks, in milliseconds of one processor."""
    typer.echo(outlines.table(rounds))


@app.command("measures")
def measured(rounds: Annotated[int, typer.Option(min=3, help="Everything is measured once in each.")] = 25) -> None:
    """What each measure costs, in milliseconds of one processor."""
    typer.echo(measures.table(rounds))


@app.command("resident")
def follow(requests: Annotated[int, typer.Option(min=100)] = 2000) -> None:
    """Memory of the service under photos of random sizes, from 64x64 to 4000x3000."""
    with subjects.service() as ours:
        typer.echo(f"ready after {ours.seconds_to_start:.2f} s")
        sizes = [size / 1e6 for size in resident.follow(ours, requests)]
    warm, half, last = sizes[resident.WARM - 1], max(sizes[requests // 2 - 100 : requests // 2]), max(sizes[-100:])
    typer.echo(f"warm {warm:.0f} MB, half way {half:.0f} MB, at the end {last:.0f} MB, at most {max(sizes):.0f} MB")


@app.command("memory")
def within(
    at_once: Annotated[list[int] | None, typer.Option(min=1, help="Images at once; may be given again.")] = None,
    megapixels: Annotated[float, typer.Option(min=1, max=50)] = 49,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Workers of the service; its default if not given.")
    ] = None,
    mib: Annotated[int, typer.Option(min=256, help="Limit of the control group, in MiB.")] = 2048,
) -> None:
    """The service in a memory control group under the images that take most. Exits with 1 if it is killed or fails."""
    settings = {} if workers is None else {"workers": workers}
    try:
        kept = memory.run(at_once or [1, 3, 8], megapixels, mib, settings)
    except group.Unavailable as error:
        raise typer.BadParameter(f"{error} Run it as root, where control groups may be written.") from error
    raise typer.Exit(0 if kept else 1)


@app.command("overload")
def overloaded(
    seconds: Annotated[float, typer.Option(min=1)] = 60,
    times: Annotated[float, typer.Option(min=1, help="Requests arrive at so many times the service's capacity.")] = 10,
    models: Annotated[Path, typer.Option(help="A model file, or a folder of them.")] = EMBEDDED,
) -> None:
    """The service at many times its capacity. Exits with 1 if it breaks a promise."""
    settings = Settings(models=models.resolve())
    with subjects.service(models=settings.models) as ours:
        settle(overload.run(ours, settings, overload.photos(), seconds, times))


@app.command("volumes")
def scanned(
    model: Annotated[Path, typer.Option(help="A model file for scans.", exists=True, dir_okay=False)],
    camera: Annotated[Path, typer.Option(help="The model file that the camera uses.", exists=True, dir_okay=False)] = (
        EMBEDDED / "street.onnx"
    ),
    side: Annotated[int, typer.Option(min=16, help="Voxels along each axis of a scan.")] = 256,
    seconds: Annotated[float, typer.Option(min=1, help="How long the camera runs, at least.")] = 60,
    at_once: Annotated[int, typer.Option(min=2, help="Scans at once.")] = 10,
) -> None:
    """Whole scans beside a camera of two frames a second. Exits with 1 if a promise is broken."""
    with volumes.service(model, camera) as ours:
        settle(volumes.run(ours, side, seconds, at_once))


@app.command("cluster")
def clustered(
    count: Annotated[int, typer.Option(min=20, help="Images for each figure of scaling.")] = 100,
    seconds: Annotated[float, typer.Option(min=10, help="Of overload, and of load while a node is killed.")] = 60,
    times: Annotated[float, typer.Option(min=1, help="Overload, in times of what two replicas can do.")] = 10,
    callers: Annotated[int, typer.Option(min=1, help="Callers while a node is killed.")] = 24,
) -> None:
    """Ray Serve on three nodes on this machine: scaling, overload, a node killed. Exits with 1 on a broken promise."""
    from benchmarks import cluster, node_loss, ray_cluster  # noqa: PLC0415  # Ray takes seconds to import

    images = overload.photos()
    with ray_cluster.nodes(3) as three:
        cluster.scaling(three, images[0], count)
        promises = cluster.overloaded(three, images, 2, seconds, times)
        three.deploy(3)
        settle(promises + node_loss.run(three, images, callers, seconds))


@app.command("folders")
def resumed(
    count: Annotated[int, typer.Option(min=10, help="Photos.")] = 500,
    kills: Annotated[int, typer.Option(min=0, help="How often the second run is killed.")] = 3,
) -> None:
    """`fcn-serve segment` on a folder beside the bare network, and killed. Exits with 1 if an image is lost."""
    with TemporaryDirectory() as folder:
        settle(folders.run(Path(folder), count, kills))


@app.command("archive")
def archived(
    count: Annotated[int, typer.Option(min=1000, help="Photos.")] = 20_000,
    program_kills: Annotated[int, typer.Option(min=0, help="How often the program is killed.")] = 2,
    worker_kills: Annotated[int, typer.Option(min=0, help="How often a worker is killed.")] = 10,
) -> None:
    """`fcn-serve batch` on an archive, and killed. Exits with 1 if a row is missing, double, or not the service's."""
    with TemporaryDirectory() as folder:
        settle(archive.run(Path(folder), count, program_kills, worker_kills))


@app.command("soak")
def soaked(
    minutes: Annotated[float, typer.Option(min=0.1)] = 60,
    seed: Annotated[int, typer.Option(help="The same requests for the same seed.")] = 0,
    leaky: Annotated[
        bool, typer.Option("--leaky", help="The service with a leak, which two minutes must find.")
    ] = False,
    output: Annotated[Path, typer.Option(help="File for the samples, as CSV.")] = Path(".bench/soak.csv"),
) -> None:
    """The service for an hour under mixed traffic. Exits with 1 if it leaks or fails a request."""
    output.parent.mkdir(parents=True, exist_ok=True)
    start = subjects.leaky if leaky else subjects.service
    with start(log_level="error") as subject:
        traffic = Traffic(seed, soak.models(subject))
        settle(soak.run(subject, Settings(), 60 * minutes, traffic, output))


@app.command()
def dashboard(
    minutes: Annotated[float, typer.Option(min=0.5, help="How long the service is under load.")] = 10,
    prometheus: Annotated[str, typer.Option(help="The program, such as that of Debian's package.")] = "prometheus",
    output: Annotated[Path, typer.Option(help="File for the picture.")] = Path("docs/how-to/monitor.png"),
) -> None:
    """The service under mixed load, and a picture of what the dashboard of deploy/monitoring shows of it."""
    with TemporaryDirectory() as folder:
        monitored.run(prometheus, Path(folder), 60 * minutes, output)


@app.command("scale")
def scaled(
    rounds: Annotated[int, typer.Option(min=1, help="Every load is measured once in each.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="How long each load is measured in a round.")] = 10,
    write: Annotated[Path | None, typer.Option(help="File for the figures; `scale-page` makes the page of it.")] = None,
) -> None:
    """A load test beside its simulation: p50 and p99 at 50, 70 and 90 % of the capacity; takes six minutes."""
    figures = scale.measure(rounds, seconds, FOLDER / "figures.json")
    typer.echo(scale_page.loads(figures))
    if write:
        write.parent.mkdir(parents=True, exist_ok=True)
        scale.write(figures, write)


@app.command("scale-page")
def paged() -> None:
    """Write the tables of docs/explanation/scale.md, and draw its chart, from the figures beside it."""
    scale_page.update(Path("docs"))


@app.command("refusals")
def refused(
    times: Annotated[int, typer.Option(min=1, help="Uploads by each client for each refusal.")] = 100,
    client: Annotated[list[str] | None, typer.Option(help="Only this one, as the table names it; repeatable.")] = None,
) -> None:
    """Whether every refusal of a large upload arrives, whatever the client. Exits with 1 if one is lost."""
    with TemporaryDirectory() as folder:
        raise typer.Exit(0 if refusals.run(times, Path(folder), client or ()) else 1)


def settle(promises: list[Promise]) -> None:
    raise typer.Exit(0 if all(promise.kept for promise in promises) else 1)


if __name__ == "__main__":
    app()
