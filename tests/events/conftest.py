"""What the tests of events share with those of the handlers."""

from tests.api.conftest import no_metrics_are_fine, printed

__all__ = ["no_metrics_are_fine", "printed"]
