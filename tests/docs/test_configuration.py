"""The sample file holds every setting, commented out, at its default."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from peekd.accounts.settings import AccountSettings
from peekd.config.load import load_settings
from peekd.config.schema import Settings
from peekd.healing.policy import POLICY, policy_in_force
from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.upstream.settings import UpstreamSettings


@pytest.fixture
def sample(tree: Path, tmp_path: Path) -> Settings:
    """The sample file's settings, every one of them set."""
    path = tmp_path / "peekd.toml"
    text = (tree / "etc/peekd.toml").read_text(encoding="utf-8")
    path.write_text(re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE), encoding="utf-8")
    return load_settings(str(path), {}).settings


def test_every_line_of_the_sample_is_commented_out(tree: Path) -> None:
    assert load_settings(str(tree / "etc/peekd.toml"), {}).settings == Settings()


def test_the_sample_sets_defaults(sample: Settings) -> None:
    assert sample.server == Settings().server
    assert sample.logs == Settings().logs
    assert msgspec.structs.replace(sample.healing, policy={}) == HealingSettings()
    assert policy_in_force(sample.healing) == POLICY


def test_the_samples_tables_set_defaults_beside_what_must_be_set(sample: Settings) -> None:
    (account,), (route,), (upstream,) = sample.accounts, sample.routes, sample.upstreams.values()
    assert account == AccountSettings(account.name, account.upstream, account.credential)
    assert route == RouteSettings(route.match, route.to)
    assert upstream == UpstreamSettings(
        upstream.protocol, upstream.base_url, upstream.auth, upstream.platform
    )
