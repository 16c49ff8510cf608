"""What the handlers answer, on a real engine: the tests of tests/api that look at nothing but answers."""

from tests.api.test_exercise import test_example
from tests.api.test_history import *  # noqa: F403
from tests.api.test_past_balances import *  # noqa: F403
from tests.api.test_preview import *  # noqa: F403
from tests.api.test_retries import *  # noqa: F403
from tests.api.test_versions import *  # noqa: F403

__all__ = ["test_example"]
