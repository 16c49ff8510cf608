"""What the functions run on, for how long, and how a new version of them takes over."""

import pytest
from points.api.runtime import _LIMITS
from points.storage.capacity import Limits
from points.storage.lines import FORMATS

from tests.infra.template import PATH, default, functions, functions_of_the_api, only, resources, template

GATEWAY_TIMEOUT_S = 29


def test_every_handler_is_a_function_and_every_function_has_a_handler() -> None:
    modules = [path.stem for path in (PATH.parents[1] / "functions").glob("*.py")]
    assert {properties["Handler"] for properties in functions().values()} == {f"{name}.handler" for name in modules}
    assert len(functions()) == len(modules)


def test_each_says_what_it_does() -> None:
    descriptions = [properties["Description"] for properties in functions().values()]
    assert len(set(descriptions)) == len(descriptions)


@pytest.mark.parametrize(("variable", "limit"), _LIMITS.items())
def test_what_an_account_may_grow_to_is_a_parameter_with_the_default_of_the_code(variable: str, limit: str) -> None:
    parameter = variable.title().replace("_", "")
    for properties in functions().values():
        assert properties["Environment"]["Variables"][variable] == {"Ref": parameter}
    assert default(parameter) == getattr(Limits(), limit)


def test_each_kind_of_call_may_have_functions_of_its_own_that_a_flood_of_another_leaves_alone() -> None:
    for name, properties in functions_of_the_api().items():
        kind = name.removesuffix("Function")
        reserved = {"Fn::If": [f"Reserve{kind}", {"Ref": f"{kind}Concurrency"}, {"Ref": "AWS::NoValue"}]}
        assert properties["ReservedConcurrentExecutions"] == reserved
        assert template()["Conditions"][f"Reserve{kind}"] == {
            "Fn::Not": [{"Fn::Equals": [{"Ref": f"{kind}Concurrency"}, "0"]}]
        }
        assert default(f"{kind}Concurrency") == 0, "a new AWS account has too few to reserve any"


def test_they_run_on_arm64_and_python_3_13() -> None:
    for properties in functions().values():
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == [{"Ref": "Architecture"}]
    assert default("Architecture") == "arm64"


def test_every_format_of_line_that_is_read_can_be_written() -> None:
    assert template()["Parameters"]["LineFormat"]["AllowedValues"] == sorted(FORMATS)


def test_they_give_up_long_before_the_gateway_does() -> None:
    assert all(properties["Timeout"] * 1.5 < GATEWAY_TIMEOUT_S for properties in functions_of_the_api().values())


def test_their_logs_and_the_gateways_are_json_and_expire() -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert {it["Properties"]["RetentionInDays"]["Ref"] for it in groups.values()} == {"LogRetentionDays"}
    assert default("LogRetentionDays") in template()["Parameters"]["LogRetentionDays"]["AllowedValues"]
    api = only("AWS::Serverless::HttpApi")["Properties"]
    logging = [properties["LoggingConfig"] for properties in functions().values()]
    assert logging == [{"LogFormat": "JSON", "LogGroup": {"Ref": "FunctionLogs"}}] * len(logging)
    assert {"FunctionLogs", api["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"][0]} == groups.keys()


def test_metrics_of_two_stacks_of_one_account_stay_apart() -> None:
    for properties in functions().values():
        assert properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_every_change_is_published_as_a_version_and_old_versions_go() -> None:
    for properties in functions().values():
        assert properties["AutoPublishAlias"] == "live"
        assert properties["AutoPublishAliasAllProperties"] is True
        assert properties["VersionDeletionPolicy"] == "Delete"
        assert properties["SnapStart"] == {"ApplyOn": {"Ref": "SnapStart"}}


def test_a_new_version_first_gets_a_part_of_the_calls_unless_the_parameter_says_otherwise() -> None:
    for properties in functions().values():
        assert properties["DeploymentPreference"]["Enabled"] == {"Ref": "GradualDeployment"}
        assert properties["DeploymentPreference"]["Type"].startswith("Canary10Percent")
    assert default("GradualDeployment") == "true"


def test_what_is_for_a_local_run_alone_is_not_deployed() -> None:
    """LOCAL_ACCOUNT would let in whoever has no token."""
    for properties in functions().values():
        variables = properties["Environment"]["Variables"]
        assert variables["LOCAL_ACCOUNT"] == variables["AWS_ENDPOINT_URL_DYNAMODB"] == {"Ref": "AWS::NoValue"}
