"""`python -m points_ledger` is `points`."""

from points_ledger.cli import main

main(prog_name="points")
