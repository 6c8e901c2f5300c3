"""Options that several commands have."""

from collections.abc import Callable
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
url_option = click.option("--url", help="Use the service that runs there, such as http://127.0.0.1:8000.")
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
