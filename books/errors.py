"""What keeps a command from doing its work."""

import click


class BooksError(click.ClickException):
    """Something that the person at the terminal can mend; its message is what they see.

    It ends a command with exit code 2, as wrong arguments do: 1 says that the books themselves are wrong.
    """

    exit_code = 2
