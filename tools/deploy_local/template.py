"""What MiniStack takes of the built template."""

from pathlib import Path
from typing import Any

import yaml

_ANY_METRIC = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum", "Period": 60}


def adapt(built: Path) -> Path:
    """Write beside a built template the one that MiniStack can deploy. The functions are the same files."""
    document: dict[str, Any] = yaml.safe_load(built.read_text())
    # Its SAM transform goes by the parameters' defaults alone, and it has no CodeDeploy.
    document["Parameters"]["GradualDeployment"]["Default"] = "false"
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"].pop("Metrics", None):
            resource["Properties"] |= _ANY_METRIC  # it knows no metric math, and watches no alarm
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            resource["Properties"].pop("ScalingConfig", None)  # it takes a parameter's number for a text
            if "StartingPosition" in resource["Properties"]:
                resource["Properties"]["BatchSize"] = 1  # of a stream, it takes what is reported as failed for done
    adapted = built.with_name("template-local.yaml")
    adapted.write_text(yaml.safe_dump(document, sort_keys=False))
    return adapted
