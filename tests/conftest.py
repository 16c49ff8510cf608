"""How hard Hypothesis tries: the same examples in every run, or many new ones with HYPOTHESIS_PROFILE=nightly."""

import os

from hypothesis import settings

settings.register_profile("ordinary", derandomize=True, deadline=None, max_examples=200, stateful_step_count=40)
settings.register_profile("nightly", deadline=None, max_examples=10_000, stateful_step_count=60, print_blob=True)
settings.load_profile(os.getenv("HYPOTHESIS_PROFILE", "ordinary"))
