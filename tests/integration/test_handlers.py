"""What the handlers answer, on a real engine: the tests of tests/api that look at nothing but answers."""

from tests.api.test_bodies import (
    test_a_payer_may_have_any_printable_name,
    test_a_timestamp_is_read_to_the_microsecond_in_utc,
    test_amounts_are_exact_up_to_the_largest,
)
from tests.api.test_exercise import test_example, test_too_few_points_is_said_in_the_exercise_s_words
from tests.api.test_history import *  # noqa: F403
from tests.api.test_holds import *  # noqa: F403
from tests.api.test_identity import (
    test_a_named_account_is_the_one_that_its_owner_sees,
    test_accounts_are_apart,
    test_what_an_account_may_be_called,
)
from tests.api.test_past_balances import *  # noqa: F403
from tests.api.test_preview import *  # noqa: F403
from tests.api.test_refunds import *  # noqa: F403
from tests.api.test_retries import *  # noqa: F403
from tests.api.test_versions import *  # noqa: F403

__all__ = [
    "test_a_named_account_is_the_one_that_its_owner_sees",
    "test_a_payer_may_have_any_printable_name",
    "test_a_timestamp_is_read_to_the_microsecond_in_utc",
    "test_accounts_are_apart",
    "test_amounts_are_exact_up_to_the_largest",
    "test_example",
    "test_too_few_points_is_said_in_the_exercise_s_words",
    "test_what_an_account_may_be_called",
]
