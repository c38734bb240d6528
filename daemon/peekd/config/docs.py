"""Write etc/peekd.toml and the pages that are made from code: python -m peekd.config.docs, at the root."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from peekd.config.endpoints_page import encode_endpoints_page
from peekd.config.metrics_page import encode_metrics_page
from peekd.config.policy_page import encode_policy_page
from peekd.config.reference import encode_page, encode_sample

FILES: Mapping[str, Callable[[], str]] = {
    "etc/peekd.toml": encode_sample,
    "docs/configuration.md": encode_page,
    "docs/policy.md": encode_policy_page,
    "docs/endpoints.md": encode_endpoints_page,
    "docs/metrics.md": encode_metrics_page,
}


def save_reference(root: Path) -> list[Path]:
    """Write the files below `root`, and give their paths."""
    paths = [root / name for name in FILES]
    for path, encode in zip(paths, FILES.values(), strict=True):
        path.write_text(encode(), encoding="utf-8")
    return paths


if __name__ == "__main__":
    for path in save_reference(Path.cwd()):
        sys.stdout.write(f"{path}\n")
