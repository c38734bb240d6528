"""Overrides know every key of [healing] and no other."""

import msgspec

from peekd.healing.settings import HealingOverrides, HealingSettings


def test_every_setting_can_be_overridden() -> None:
    keys = {field.name for field in msgspec.structs.fields(HealingSettings)}
    assert {field.name for field in msgspec.structs.fields(HealingOverrides)} == keys
