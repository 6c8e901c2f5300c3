"""`fcn-serve models`: what this folder, or a running service, serves."""

from pathlib import Path

import click
import msgspec

from service.cli.documents import ModelSummary, RefusedModel, summaries
from service.cli.errors import Failure
from service.cli.options import key_option, models_option, url_option
from service.cli.service import Refusal, Service
from service.segmentation.catalog import Catalog, Engine


@click.command()
@models_option
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="Print what GET /models answers.")
def models(models: Path, url: str | None, key: str | None, as_json: bool) -> None:
    """List the models: name, version, classes, mean IU and licence.

    Exits with 1 if a model file is refused.
    """
    listed = in_folder(models) if url is None else of_service(url, key)
    if as_json:
        click.echo(msgspec.json.encode(listed))
    for model in listed:
        if isinstance(model, RefusedModel):
            click.echo(f"fcn-serve: not served: {model.name}: {model.refused}", err=True)
        elif not as_json:
            click.echo(paragraph(model))
    if any(isinstance(model, RefusedModel) for model in listed):
        click.get_current_context().exit(1)


def in_folder(path: Path) -> list[ModelSummary | RefusedModel]:
    """The models of a folder or a file, as a service would serve them. Raises ModelError."""
    catalog = Catalog(path, None, Engine(threads=1))
    return [*summaries(catalog), *(RefusedModel(name, reason) for name, reason in catalog.reasons().items())]


def of_service(url: str, key: str | None) -> list[ModelSummary | RefusedModel]:
    """The models of a running service. Raises Failure."""
    try:
        return Service(url, key).models()
    except Refusal as error:
        raise Failure(str(error)) from error


def paragraph(model: ModelSummary) -> str:
    iu = "" if model.mean_iu is None else f", mean IU {100 * model.mean_iu:.1f} %"
    default = " (default)" if model.default else ""
    return (
        f"{model.name}{default}, version {model.version}{iu}\n"
        f"  {', '.join(model.classes)}\n  {model.licence}\n  {model.digest}"
    )
