"""Commands for scans of the brain: slices and heads make data sets of them; tissues, review and invariance judge a
model on them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from model_export.commands.arguments import app, tracked

Scans = Annotated[Path, typer.Argument(help="Folder with NAME_t1.nii.gz and NAME_tissues.nii.gz of each person.")]
Only = Annotated[str | None, typer.Option(help="These people alone: A,B.")]
Folder = Annotated[Path, typer.Argument(help="Folder of the data set: classes.json, and train/, val/ or test/.")]
Split = Annotated[Literal["train", "val", "test"], typer.Option(help="The split that they are added to.")]


@app.command()
def slices(
    scans: Scans,
    folder: Folder,
    split: Split = "train",
    only: Only = None,
    leave_out: Annotated[str, typer.Option(help="Everyone but these people: A,B.")] = "",
    step: Annotated[int, typer.Option(min=1, help="Every how many-th slice is taken.")] = 1,
) -> None:
    """Write labelled scans as axial slices; the neighbours of each are its other channels."""
    from model_export.data import scans as real

    def wanted(person: str) -> bool:
        return person not in leave_out.split(",") and (only is None or person in only.split(","))

    count = real.write(scans, folder, split, wanted, step, tracked)
    typer.echo(f"{count} slices in {folder / split}")


@app.command()
def heads(
    maps: Annotated[Path, typer.Argument(help="Folder of label maps of whole heads, .nii.gz, with FreeSurfer's ids.")],
    priors: Annotated[Path, typer.Argument(help="JSON file: how each structure looks in T1.")],
    folder: Folder,
    split: Split = "train",
    count: Annotated[int, typer.Option(min=1, help="How many slices.")] = 6000,
    start: Annotated[int, typer.Option(min=0, help="Number of the first, to add to those of an earlier call.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and number draw the same slice.")] = 0,
    random: Annotated[float, typer.Option(min=0, max=1, help="Share with random intensities, unlike T1's.")] = 0.1,
) -> None:
    """Draw slices of T1 scans from label maps, as SynthSeg does."""
    from model_export.data import synthesis
    from model_export.data.tissues import read_looks

    looks = read_looks(priors)
    drawn = synthesis.Synthesis(synthesis.read_heads(maps, looks, tracked), looks, seed, random=random)
    synthesis.write(drawn, folder, split, start, count, tracked)
    typer.echo(f"{count} slices of {len(drawn.heads)} heads in {folder / split}")


@app.command()
def tissues(
    model: Annotated[Path, typer.Argument(help="A model file for scans.")],
    scans: Scans,
    only: Only = None,
) -> None:
    """Print Dice, distances between surfaces and volumes by person, of whole scans as the service labels them."""
    from model_export.data.scans import chosen
    from model_export.reports.tissues import table
    from service.segmentation.runtime.model import Model

    typer.echo(table(Model.load(model, threads=0), scans, chosen(scans, only), tracked))


@app.command()
def review(
    model: Annotated[Path, typer.Argument(help="A model file for scans.")],
    scans: Scans,
    only: Only = None,
    spoil: Annotated[list[str] | None, typer.Option(help="Only what begins with this; may be repeated.")] = None,
    output: Annotated[Path | None, typer.Option(help="CSV file for the measures of every scan.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
) -> None:
    """Print which scans the service sends to a review: as they are, and spoiled in ways that happen."""
    from model_export.data.scans import chosen
    from model_export.reports import review as reviews
    from service.segmentation.runtime.model import Model

    def wanted(name: str) -> bool:
        return not spoil or any(name.startswith(start) for start in spoil)

    loaded, names = Model.load(model, threads=0), chosen(scans, only)
    found = [
        one for index in tracked(len(names)) for one in reviews.reviewed(loaded, scans, names[index], wanted, seed)
    ]
    if output is not None:
        with output.open("w", newline="") as file:
            reviews.save(found, file)
    typer.echo(reviews.table(found))


@app.command()
def invariance(
    model: Annotated[Path, typer.Argument(help="A model file for scans.")],
    scans: Scans,
    only: Only = None,
) -> None:
    """Print how volumes change where the same scan has other axes, voxels or intensities."""
    from model_export.data.scans import chosen
    from model_export.reports.invariance import changes
    from service.segmentation.runtime.model import Model

    typer.echo(changes(Model.load(model, threads=0), scans, chosen(scans, only), tracked))
