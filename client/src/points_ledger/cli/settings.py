"""Which ledger, whose account, which token: from options, the environment or a profile.

A profile is used as a whole, so that a token never goes to another ledger than the one it is for.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from platformdirs import user_config_path

from points_ledger.tokens import ClientCredentials

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CREDENTIALS = {"token_url", "client_id", "client_secret", "scope"}
_NAMES = {"url", "account", "token"} | _CREDENTIALS


@dataclass(frozen=True)
class Settings:
    """What a client is made with."""

    url: str
    token: str | ClientCredentials | None
    account: str | None


def config_file() -> Path:
    """Return where profiles are kept: a table each, in TOML."""
    return user_config_path("points-ledger") / "config.toml"


def find_settings(url: str | None, profile: str | None, account: str | None) -> Settings:
    """Put together what options and the environment say.

    Raises
    ------
    click.UsageError
        No ledger is named, or the profile is not as it must be.
    """
    if url and profile:
        raise click.UsageError("--url and --profile cannot be combined: a profile is used as a whole")
    environment = os.environ
    account = account or environment.get("POINTS_ACCOUNT") or None
    profile = profile or ("" if url else environment.get("POINTS_PROFILE"))
    token = environment.get("POINTS_TOKEN") or None
    url = url or ("" if profile else environment.get("POINTS_URL"))
    if url:
        return Settings(url, token, account)
    told = _read_profile(profile)
    return Settings(told["url"], _token(told) or token, account or told.get("account"))


def _read_profile(named: str | None) -> Mapping[str, Any]:
    path = config_file()
    try:
        profiles = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        profiles = {}
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from None
    name = named or "default"
    if name not in profiles and not named:
        raise click.UsageError(f"no ledger is named: give --url, POINTS_URL, or a profile in {path}")
    profile = profiles.get(name)
    if not isinstance(profile, dict):
        raise click.UsageError(f"there is no profile {name} in {path}")
    wrong = [key for key, value in profile.items() if key not in _NAMES or not isinstance(value, str)]
    if wrong or "url" not in profile:
        reason = f"{wrong[0]} is not a setting, or not a string" if wrong else "url is missing"
        raise click.UsageError(f"the profile {name} in {path} is wrong: {reason}")
    return profile


def _token(profile: Mapping[str, str]) -> str | ClientCredentials | None:
    given = _CREDENTIALS & profile.keys()
    if not given:
        return profile.get("token")
    if missing := _CREDENTIALS - {"scope"} - given:
        raise click.UsageError(f"the profile has no {min(missing)}, which client credentials require")
    return ClientCredentials(**{name: profile[name] for name in given})
