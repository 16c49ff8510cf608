"""The commands of the books.

Exit codes: 0 all is well, 1 the books are wrong (what is wrong has been said), 2 the command could not do its work.
"""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Prove what the ledger holds, from its lines alone. Nothing is ever written to its table."""
