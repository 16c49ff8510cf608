"""How hard Hypothesis tries: on the same examples as long as the code is the same, or on many new ones nightly."""

import os

from hypothesis import settings

settings.register_profile("ordinary", derandomize=True, deadline=None, max_examples=200, stateful_step_count=40)
settings.register_profile("nightly", deadline=None, max_examples=5_000, stateful_step_count=60, print_blob=True)
settings.load_profile(os.getenv("HYPOTHESIS_PROFILE", "ordinary"))
