"""Why a command ends without having done what it was asked to, or an image is left out."""

import click


class Failure(click.ClickException):
    """Said in one line on standard error; the exit code is 1."""

    def show(self, file: object = None) -> None:  # noqa: ARG002  # click's signature
        click.echo(f"fcn-serve: {' '.join(self.message.split())}", err=True)


class Refusal(Exception):
    """A running service refuses this image, and perhaps no other. `str` is its sentence."""
