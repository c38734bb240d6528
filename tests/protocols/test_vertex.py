"""Nothing that a client or an operator names leaves its place in a path."""

from __future__ import annotations

import pytest

from peekd.protocols.vertex import Place


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("claude-opus-4-5@20251101", "claude-opus-4-5@20251101"),
        ("../../x", "..%2F..%2Fx"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("é", "%C3%A9"),
    ],
)
def test_a_model_s_name_stays_one_step_of_the_path(model: str, said: str) -> None:
    path = Place("p", "us-east5").path("anthropic", model, "rawPredict")
    assert path == f"/v1/projects/p/locations/us-east5/publishers/anthropic/models/{said}:rawPredict"


def test_a_domain_s_project_and_a_query_are_kept() -> None:
    path = Place("example.com:p", "global").path("google", "m", "streamGenerateContent", "alt=sse")
    where = "/v1/projects/example.com:p/locations/global/publishers/google/models/m"
    assert path == f"{where}:streamGenerateContent?alt=sse"
