"""`fcn-serve models`: what this folder, or a running service, serves."""

from pathlib import Path

import click
import msgspec

from service.answers import ModelSummary, RefusedModel
from service.cli.options import key_option, models_option, url_option
from service.segmentation.catalog import Catalog, Engine
from service.serving.documents import summaries


@click.command()
@models_option
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="Print what GET /models answers.")
def models(models: Path, url: str | None, key: str | None, as_json: bool) -> None:
    """List the models: name, version, classes, mean IU and licence.

    Exits with 1 if a model file is refused.
    """
    listed = summaries(Catalog(models, None, Engine(threads=1))) if url is None else served(url, key)
    if as_json:
        click.echo(msgspec.json.encode(listed))
    for model in listed:
        if isinstance(model, RefusedModel):
            click.echo(f"fcn-serve: not served: {model.name}: {model.refused}", err=True)
        elif not as_json:
            click.echo(paragraph(model))
    if any(isinstance(model, RefusedModel) for model in listed):
        click.get_current_context().exit(1)


def served(url: str, key: str | None) -> list[ModelSummary | RefusedModel]:
    from service.cli import remote  # noqa: PLC0415  # not everyone has the extra

    return remote.models(url, key)


def paragraph(model: ModelSummary) -> str:
    iu = "" if model.mean_iu is None else f", mean IU {100 * model.mean_iu:.1f} %"
    default = " (default)" if model.default else ""
    return (
        f"{model.name}{default}, version {model.version}{iu}\n"
        f"  {', '.join(model.classes)}\n  {model.licence}\n  {model.digest}"
    )
