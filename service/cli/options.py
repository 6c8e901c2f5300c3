"""Options that several commands have."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import click

from service.segmentation.catalog import EMBEDDED
from service.segmentation.measures.measure import Measure

models_option = click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=EMBEDDED,
    envvar="SEGMENT_MODELS",
    show_envvar=True,
    help="A model file, or a folder of model files; by default the models that come with it.",
)


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


def reads(read: Callable[[str], object]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Checks that `read` understands an option's text, and passes the text on."""

    def checked(_: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
        if text is not None:
            try:
                read(text)
            except ValueError as error:
                raise click.BadParameter(f"{error}.", param=parameter) from error
        return text

    return checked


def measures(_: click.Context, parameter: click.Parameter, text: str) -> tuple[Measure, ...]:
    """`regions, rle` -> two measures, each once, in their own order."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = names - set(Measure)
    if unknown:
        raise click.BadParameter(f"{min(unknown)!r} is none of {', '.join(Measure)}.", param=parameter)
    return tuple(measure for measure in Measure if measure in names)
