"""Why a command ends without having done what it was asked to."""

import click


class Failure(click.ClickException):
    """Said in one line on standard error; the exit code is 1."""

    def show(self, file: object = None) -> None:  # noqa: ARG002  # click's signature
        click.echo(f"fcn-serve: {' '.join(self.message.split())}", err=True)
