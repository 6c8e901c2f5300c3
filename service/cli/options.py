"""Options that several commands have."""

from importlib.util import find_spec
from pathlib import Path

import click

from service.segmentation.catalog import EMBEDDED

models_option = click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=EMBEDDED,
    envvar="SEGMENT_MODELS",
    show_envvar=True,
    help="A model file, or a folder of model files; by default the models that come with it.",
)

model_option = click.option("--model", help="The name of a model; by default the one that `models` calls so.")


def check_client(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    """Raises click.UsageError where the extra `client` is not installed."""
    if url is not None and find_spec("httpx2") is None:
        raise click.UsageError('--url needs a client: pip install "fcn-serve[client]".')
    return url


url_option = click.option(
    "--url", callback=check_client, help="Use the service that runs there, such as http://127.0.0.1:8000."
)
key_option = click.option(
    "--key", envvar="FCN_SERVE_KEY", show_envvar=True, help="The key that the service asks for; needs --url."
)
megapixels_option = click.option(
    "--max-megapixels",
    default=50.0,
    envvar="SEGMENT_MAX_MEGAPIXELS",
    show_default=True,
    show_envvar=True,
    help="Largest image, in millions of pixels.",
)
