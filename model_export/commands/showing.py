"""Commands that show how networks work: deconvolution. Heavy imports wait until needed."""

from pathlib import Path
from typing import Annotated

import typer

from model_export.commands.arguments import app


@app.command()
def deconvolution(
    folder: Annotated[Path, typer.Argument(help="Where to draw the pictures.")],
) -> None:
    """Draw the operations that enlarge scores, and print how far two ways to compute each of them differ."""
    from model_export.reports import deconvolution as shown

    for what, difference in shown.differences().items():
        typer.echo(f"{difference:.0e}  {what}")
    for path in shown.draw(folder):
        typer.echo(path)
