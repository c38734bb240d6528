import pytest

from peekd.protocols.openai.quotas import decode_quotas
from peekd.vocabulary.quotas import Quota


def limits(what: str, limit: str, remaining: str, reset: str) -> dict[str, str]:
    names = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{name}-{what}": value for name, value in names.items()}


@pytest.mark.parametrize(
    ("reset", "seconds"), [("6m0s", 360.0), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("1s", 1.0), ("12.5", 12.5)]
)
def test_a_limit_is_a_share_and_the_seconds_to_its_reset(reset: str, seconds: float) -> None:
    (quota,) = decode_quotas(limits("tokens", "150000", "75000", reset))
    assert (quota.share, quota.seconds) == (0.5, pytest.approx(seconds))


def test_requests_and_tokens_are_told_whatever_the_case_of_names() -> None:
    headers = limits("requests", "60", "59", "1s") | {
        name.upper(): value for name, value in limits("tokens", "100", "0", "1m").items()
    }
    assert decode_quotas(headers) == (Quota(59 / 60, 1.0), Quota(0.0, 60.0))


@pytest.mark.parametrize(
    ("limit", "remaining", "reset"),
    [("0", "0", "1s"), ("", "5", "1s"), ("10", "all", "1s"), ("10", "5", "soon"), ("10", "5", "")],
)
def test_what_cannot_be_read_is_not_told(limit: str, remaining: str, reset: str) -> None:
    assert decode_quotas(limits("requests", limit, remaining, reset)) == ()
