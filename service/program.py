"""`fcn-serve`: `serve` starts the HTTP face, the other commands are those of `cli`."""

import sys
from typing import Any

import click

from service import __version__
from service.archives.command import batch
from service.cli.doctor import doctor
from service.cli.errors import Failure
from service.cli.models import models
from service.cli.segment import segment
from service.segmentation.errors import SegmentationError

INTERRUPTED = 128 + 2
"""As shells give the end by SIGINT."""
OWN_OPTIONS = {"--help", "--version"}


class Program(click.Group):
    """Without the name of a command, it serves: that was all it did at first, and scripts call it so."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        named = bool(arguments) and (not arguments[0].startswith("-") or arguments[0] in OWN_OPTIONS)
        return super().parse_args(context, arguments if named else ["serve", *arguments])

    def invoke(self, context: click.Context) -> Any:
        """Run a command; an error of the core becomes one line and exit code 1, ctrl-C exit code 130."""
        try:
            return super().invoke(context)
        except SegmentationError as error:
            raise Failure(str(error)) from error
        except KeyboardInterrupt:
            context.exit(INTERRUPTED)


@click.group(cls=Program, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="fcn-serve", message="%(prog)s %(version)s")
def fcn_serve() -> None:
    """Colour-coded masks of images, and the area of every class. Without a command: serve."""


@fcn_serve.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def serve(options: tuple[str, ...]) -> None:
    """Serve models over HTTP; `serve --help` lists the settings."""
    from service.__main__ import main  # noqa: PLC0415  # the web framework takes half a second to import

    sys.exit(main(options))


fcn_serve.add_command(segment)
fcn_serve.add_command(batch)
fcn_serve.add_command(models)
fcn_serve.add_command(doctor)


if __name__ == "__main__":
    fcn_serve()
