from __future__ import annotations

import re
from importlib.resources import files

from peekd.monitor.assets import KINDS, load_asset


def test_every_file_that_lies_there_is_given_out_and_no_other() -> None:
    there = {path.name for path in files("peekd.monitor").joinpath("static").iterdir()}
    assert there == set(KINDS)
    assert load_asset("../page.py") is None


def test_a_file_is_known_by_its_bytes() -> None:
    one, other = load_asset("monitor.css"), load_asset("monitor.js")
    assert one is not None
    assert other is not None
    assert one.tag != other.tag
    assert one.body.startswith(b"/* The Proxy Monitor")


def test_what_was_made_elsewhere_has_its_version_and_licence() -> None:
    told = files("peekd.monitor").joinpath("static", "LICENCES.txt").read_text()
    for name in (name for name in KINDS if name.endswith(".min.js")):
        assert re.search(rf"^{re.escape(name)} +\S+ \d+\.\d+\.\d+", told, re.MULTILINE), name
    assert "Zero-Clause BSD" in told


def test_nothing_of_ours_reaches_for_another_place() -> None:
    for name in ("monitor.js", "theme.js", "monitor.css"):
        asset = load_asset(name)
        assert asset is not None
        assert b"//" not in asset.body.replace(b"// ", b"")
