import pytest

from peekd.protocols.anthropic.quotas import decode_quotas
from peekd.vocabulary.quotas import Quota

WALL = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def limits(what: str, limit: str, remaining: str, reset: str) -> dict[str, str]:
    names = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"anthropic-ratelimit-{what}-{name}": value for name, value in names.items()}


@pytest.mark.parametrize("what", ["requests", "tokens", "input-tokens", "output-tokens"])
def test_each_limit_is_a_share_and_the_seconds_to_its_reset(what: str) -> None:
    headers = limits(what, "80000", "20000", "2026-01-01T00:01:00Z")
    assert decode_quotas(headers, WALL) == (Quota(0.25, 60.0),)


def test_all_that_is_told_is_given_whatever_the_case_of_names() -> None:
    headers = limits("requests", "50", "0", "2026-01-01T01:00:00+01:00") | {
        name.title(): value for name, value in limits("tokens", "10", "10", "2026-01-01T00:00:30Z").items()
    }
    assert decode_quotas(headers, WALL) == (Quota(0.0, 0.0), Quota(1.0, 30.0))


def test_a_subscriptions_windows_hold_for_all_models() -> None:
    headers = {
        "anthropic-ratelimit-unified-status": "allowed",
        "anthropic-ratelimit-unified-5h-utilization": "0.75",
        "anthropic-ratelimit-unified-5h-reset": str(int(WALL) + 3600),
        "anthropic-ratelimit-unified-7d-utilization": "1.02",
        "anthropic-ratelimit-unified-7d-reset": str(int(WALL) + 7200),
    }
    assert decode_quotas(headers, WALL) == (
        Quota(0.25, 3600.0, whole=True),
        Quota(0.0, 7200.0, whole=True),
    )


@pytest.mark.parametrize(
    ("limit", "remaining", "reset"),
    [
        ("0", "0", "2026-01-01T00:01:00Z"),
        ("many", "0", "2026-01-01T00:01:00Z"),
        ("10", "-1", "2026-01-01T00:01:00Z"),
        ("10", "5", "soon"),
        ("10", "5", "2026-01-01T00:01:00"),
        ("10", "5", ""),
    ],
)
def test_what_cannot_be_read_is_not_told(limit: str, remaining: str, reset: str) -> None:
    assert decode_quotas(limits("requests", limit, remaining, reset), WALL) == ()


def test_more_than_all_is_all_and_a_reset_in_the_past_is_now() -> None:
    assert decode_quotas(limits("requests", "10", "12", "2025-12-31T00:00:00Z"), WALL) == (Quota(1.0, 0.0),)


def test_other_headers_say_nothing() -> None:
    assert decode_quotas({"x-ratelimit-limit-requests": "60", "retry-after": "5"}, WALL) == ()
