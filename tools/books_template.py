"""Puts the SQL of the books into infra/books.yaml (python -m tools.books_template): each text once.

CloudFormation joins what a query stands on and the query itself, as `books.queries.whole` does.
"""

import re
from pathlib import Path

from books.queries import RESULTS, STEPS, steps_of, text

PATH = Path(__file__).parents[1] / "infra" / "books.yaml"

_TEXTS = re.compile(r"^Mappings:.*?(?=^Resources:)", re.DOTALL | re.MULTILINE)
_QUERIES = re.compile(r"(?<=: docs/books.md. ---\n).*?(?=^Outputs:)", re.DOTALL | re.MULTILINE)


def with_queries(template: str) -> str:
    """Return the template with the queries as they are now."""
    names = [*STEPS, *(name for name in RESULTS if name not in STEPS)]
    texts = "".join(f"    {key(name)}:\n      Text: |\n{_indented(text(name))}" for name in names)
    template = _TEXTS.sub(lambda _: f"Mappings:\n  Sql: # generated from books/sql\n{texts}\n", template)
    return _QUERIES.sub(lambda _: "\n" + "\n".join(map(_named_query, RESULTS)) + "\n", template)


def key(name: str) -> str:
    """Return a query's key in Mappings, which takes letters and digits only."""
    return name.title().replace("_", "")


def _indented(sql: str) -> str:
    return "".join(f"        {line}\n" for line in sql.splitlines())


def _named_query(name: str) -> str:
    steps = steps_of(name)
    with_steps = ", ".join(f"{step} AS (\n          ${{{key(step)}}})" for step in steps)
    values = "".join(f"          {key(part)}: !FindInMap [Sql, {key(part)}, Text]\n" for part in (*steps, name))
    return f"""\
  {key(name)}Query:
    Type: AWS::Athena::NamedQuery
    Properties:
      Name: {name}
      Description: {text(name).partition(chr(10))[0].removeprefix("-- ")!r}
      Database: !Ref Database
      WorkGroup: !Ref Workgroup
      QueryString: !Sub
        - |-
          WITH {with_steps}
          ${{{key(name)}}}
        -{values[9:]}"""


if __name__ == "__main__":
    PATH.write_text(with_queries(PATH.read_text()))
