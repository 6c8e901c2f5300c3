"""Options that several commands have."""

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
