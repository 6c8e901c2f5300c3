"""Commands that finish a model file. Heavy imports wait until needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from model_export.commands.arguments import app, tracked
from model_export.commands.places import Fit, at_places
from model_export.data.place import Place


@app.command()
@at_places
def quantize(
    model: Annotated[Path, typer.Argument(help="A float model file.")],
    places: Sequence[Place],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The int8 .onnx file to write.")],
    images: Annotated[
        int, typer.Option(min=1, help="Training images of each place to calibrate and to choose by, each.")
    ] = 40,
    max_loss: Annotated[
        float, typer.Option(min=0, max=100, help="Points of mean IU that int8 may lose at any place.")
    ] = 0.5,
) -> None:
    """Write the model in int8, if little mean IU is lost at every place.

    Of the calibration methods that lose little, the one with the best mean IU on other training images, on average over
    the places, is taken. Images that are judged are not among them.
    """
    from model_export.onnx import export as exporter
    from model_export.onnx.quantize import METHODS, Quantizer
    from model_export.reports.report import against_float, parity
    from service.segmentation.runtime.model import Model

    loaded = Model.load(model, threads=0)
    quantizer = Quantizer(model.read_bytes(), loaded, places, tracked, max_loss / 100)
    attempts = {}
    for method in METHODS:
        attempts[method] = quantizer.attempt(method, images)
        typer.echo(f"{method}: mean IU on training images {100 * attempts[method].mean_iu:.2f}")
    content = quantizer.best(attempts.values())
    exporter.write(content, output)
    written = Model.load(output, threads=0).contract
    assert written.quantization is not None
    for line in against_float(written):
        typer.echo(f"{written.quantization.method}: {line}")
    typer.echo(f"{output}, {len(content) / 1e6:.1f} MB: {parity(written)}")


@app.command()
def restore(
    model: Annotated[Path, typer.Argument(help="An int8 model file that came with the service.")],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The float .onnx file to write.")],
) -> None:
    """Write the float file that an int8 one was made of, from its published weights."""
    from model_export.onnx import export as exporter
    from model_export.onnx.restore import restore as restored
    from service.segmentation.runtime.model import Model

    content = restored(Model.load(model, threads=0).contract)
    exporter.write(content, output)
    typer.echo(f"{output}, {len(content) / 1e6:.1f} MB")


@app.command()
@at_places
def calibrate(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    places: Sequence[Place],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The .onnx file to write; it may be MODEL.")],
    fit: Fit = [],  # noqa: B006  # typer copies it
    images: Annotated[int, typer.Option(min=1, help="Images of each place to fit the temperature on.")] = 40,
    picture: Annotated[
        Path | None, typer.Option(help="Draw a reliability diagram of the places into this file.")
    ] = None,
) -> None:
    """Write the same model with a temperature, so that its probabilities say how often it is right.

    It is fitted on training images that int8 was not calibrated on. The expected calibration error is printed for every
    place that is judged, before and after.
    """
    from model_export.onnx import export as exporter
    from model_export.onnx.temperature import heated, temperature_in_training, temperature_of
    from model_export.reports import plots
    from model_export.reports.calibration import calibrations
    from service.segmentation.runtime.model import Model

    loaded = Model.load(model, threads=0)
    temperature = temperature_of(loaded, fit, images) if fit else temperature_in_training(loaded, places, images)
    drawn = {}
    for one in places:
        before, after = drawn[one.name] = calibrations(loaded, one, (loaded.contract.temperature, temperature), tracked)
        typer.echo(f"{one.name}: expected calibration error {before.error:.2%}, at {temperature} {after.error:.2%}")
    if picture is not None:
        plots.reliability(drawn, picture)
    exporter.write(heated(model.read_bytes(), temperature), output)
    typer.echo(f"{output}: temperature {temperature}")


@app.command()
@at_places
def reference(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    places: Sequence[Place],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The .onnx file to write; it may be MODEL.")],
    images: Annotated[
        int, typer.Option(min=1, help="The most images of each place; scans, for a model for scans.")
    ] = 300,
) -> None:
    """Write the same model with references: what the images of each place consist of, and how sure it is of them.

    The service compares what it serves with them. Finish the model first: `quantize` and `calibrate` drop references.
    DATA of a model for scans is a folder of scans with NAME_t1.nii.gz of each person; --only names people.
    """
    from model_export.onnx import export as exporter
    from model_export.onnx.reference import referring
    from model_export.reports.drift import reference as measured
    from service.segmentation.runtime.model import Model

    loaded = Model.load(model, threads=0)
    found = [measured(loaded, place, images, tracked) for place in places]
    exporter.write(referring(model.read_bytes(), found), output)
    for one in found:
        shares = ", ".join(f"{name} {100 * of.mean:.1f} %" for name, of in one.shares.items())
        typer.echo(f"{one.place}, {one.images} images: {shares}")


@app.command()
def golden(
    model: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="An int8 model file that came with the service.")
    ],
    picture: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A picture that shows its classes.")],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The .onnx file to write.")],
    version: Annotated[str, typer.Option(help="That of the file to write.")],
) -> None:
    """Write the same model with another golden picture for its self-test."""
    from model_export.data import photos
    from model_export.onnx import export as exporter
    from model_export.onnx.restore import repictured
    from service.segmentation.runtime.model import Model

    exporter.write(repictured(model.read_bytes(), photos.read(picture), version), output)
    typer.echo(f"{output}: torch's label at {Model.load(output, threads=0).contract.golden.agreement:.2%} of it")
