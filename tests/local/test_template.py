"""What the local server reads from a template."""

from pathlib import Path
from textwrap import dedent

import pytest

from local.errors import LocalError
from local.template import Cors, Route, Template, load_template

ROOT = Path(__file__).parents[2]

TEMPLATE = """
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Level: {Type: String, Default: DEBUG}
    Globals:
      Function:
        CodeUri: ../code/
        Timeout: 7
        Environment:
          Variables: {TABLE: !Ref Things, LEVEL: INFO, STACK: !Ref AWS::StackName}
    Resources:
      Reader:
        Type: AWS::Serverless::Function
        Properties:
          Handler: reader.handler
          MemorySize: 256
          Environment:
            Variables: {LEVEL: !Ref Level, INDEX: !Sub "${Things}/index", ARN: !GetAtt Things.Arn, COUNT: 3}
          Events:
            One: {Type: HttpApi, Properties: {Method: get, Path: "/things/{thing}"}}
            Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
      Idle:
        Type: AWS::Serverless::Function
        Properties: {Handler: idle.handler}
      Things:
        Type: AWS::DynamoDB::Table
        DeletionPolicy: Retain
        Properties:
          BillingMode: PAY_PER_REQUEST
          KeySchema: [{AttributeName: id, KeyType: HASH}]
          AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
          PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "infra"
    folder.mkdir()
    return folder


def load(folder: Path, text: str) -> Template:
    path = folder / "template.yaml"
    path.write_text(dedent(text))
    return load_template(path)


def test_a_function_has_what_globals_say_unless_it_says_so_itself(folder: Path) -> None:
    reader, idle = load(folder, TEMPLATE).functions
    assert (reader.name, reader.handler, reader.timeout_s, reader.memory_mb) == ("Reader", "reader.handler", 7, 256)
    assert reader.code == folder.parent / "code"
    assert (idle.timeout_s, idle.memory_mb) == (7, 128)
    assert idle.environment == {"TABLE": "Things", "LEVEL": "INFO", "STACK": "local"}


def test_a_parameter_may_be_given(folder: Path) -> None:
    path = folder / "template.yaml"
    path.write_text(dedent(TEMPLATE))
    reader = load_template(path, {"Level": "WARNING"}).functions[0]
    assert reader.environment["LEVEL"] == "WARNING"


def test_references_in_an_environment_become_names(folder: Path) -> None:
    reader = load(folder, TEMPLATE).functions[0]
    assert reader.environment == {
        "TABLE": "Things",
        "LEVEL": "DEBUG",
        "STACK": "local",
        "INDEX": "Things/index",
        "ARN": "Things.Arn",
        "COUNT": "3",
    }


def test_a_table_is_called_as_the_template_says(folder: Path) -> None:
    named = TEMPLATE.replace("BillingMode:", "TableName: my-things\n          BillingMode:")
    template = load(folder, named)
    assert template.tables[0]["TableName"] == "my-things"
    assert template.functions[0].environment["TABLE"] == "my-things"


def test_a_table_keeps_only_what_create_table_takes(folder: Path) -> None:
    assert load(folder, TEMPLATE).tables == [
        {
            "TableName": "Things",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        }
    ]


def test_only_routes_of_the_http_api_are_routes(folder: Path) -> None:
    assert load(folder, TEMPLATE).routes == [Route("GET", "/things/{thing}", "Reader")]


def test_a_route_goes_by_its_method_and_path_but_the_default_one(folder: Path) -> None:
    routes = load(
        folder, TEMPLATE.replace("Method: get", "Method: any").replace('"/things/{thing}"', "$default")
    ).routes
    assert routes == [Route("ANY", "$default", "Reader")]
    assert [routes[0].key, Route("GET", "/a", "Reader").key] == ["$default", "GET /a"]


def test_pages_of_other_origins_may_call_if_the_parameter_names_them() -> None:
    path = ROOT / "infra/template.yaml"
    assert load_template(path).cors is None
    cors = load_template(path, {"CorsOrigins": "https://a.example,https://b.example"}).cors
    assert cors == Cors(
        origins=["https://a.example", "https://b.example"],
        methods=["GET", "HEAD", "POST"],
        headers=["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"],
        exposed=["content-location", "etag", "idempotency-replayed", "retry-after", "settled"],
        max_age_s=3600,
    )


def test_a_value_known_only_to_a_deployment_is_told_apart(folder: Path) -> None:
    with pytest.raises(LocalError, match="ImportValue"):
        load(folder, TEMPLATE.replace("LEVEL: INFO", "LEVEL: !ImportValue x"))


def test_the_ledgers_own_template_declares_its_routes() -> None:
    template = load_template(ROOT / "infra/template.yaml")
    handlers = {it.name: it.handler for it in template.functions}
    assert {(route.key, handlers[route.function]) for route in template.routes} >= {
        ("POST /add", "add.handler"),
        ("POST /spend", "spend.handler"),
        ("GET /balance", "balance.handler"),
        ("POST /accounts/{account}/add", "add.handler"),
        ("POST /accounts/{account}/spend", "spend.handler"),
        ("GET /accounts/{account}/balance", "balance.handler"),
    }


def test_the_functions_find_the_table_that_is_made() -> None:
    template = load_template(ROOT / "infra/template.yaml")
    (table,) = template.tables
    assert {it.environment["TABLE_NAME"] for it in template.functions} == {table["TableName"]}
