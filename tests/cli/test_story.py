from datetime import UTC

import msgspec

from peekd.cli.paint import Paint
from peekd.cli.story import result, tell
from peekd.records.entries import RequestRecord
from peekd.records.prices import AS_OF
from peekd.vocabulary.events import Usage

HEALED = """\
0b2f  POST /v1/messages?beta=true
  came     2027-01-15 08:00:00, from 127.0.0.1, key alice, session s1
  asked    claude-sonnet-4-5 → gemini-3-pro, anthropic, streaming
  got      200 completed, after 3.42 s, first byte after 1.21 s, committed late,
           by bob
  tokens   1200 in, 1000 from cache, 40 out
  changed  model
  dropped  top_k
  repaired arguments: read.limit

A client asked for claude-sonnet-4-5, which went out as gemini-3-pro. Attempt 1,
alice@example.com at google: alice@example.com was asked too often and is
limited, status 429 (0.30 s); peekd turned to another account, after a pause of
0.5 s. Attempt 2, bob at google: bob gave a whole answer (2.6 s). The client has
a whole answer after 3.4 s.

attempt 1   0.01 s  alice@example.com at google, gemini-3-pro
                    sent 0.02, status line 0.30, ended 0.31
                    429 rate_limited: RESOURCE_EXHAUSTED: slow\\x1b[2J down
                    → rotate after 0.50 s: the account asks too fast; bob has
                    quota
            0.31 s  pause of 0.50 s: the account asks too fast; bob has quota
attempt 2   0.82 s  bob at google, gemini-3-pro
                    sent 0.83, status line 1.00, first byte 1.10, first meaning
                    1.20, last byte 3.40, ended 3.41
                    200 completed
                    the upstream calls it req_7

What you can do
  nothing: peekd healed it
"""

FAILED = """\
77aa  POST /v1/messages
  came     2027-01-15 08:01:00
  asked    claude-sonnet-4-5, anthropic, not streaming
  got      503 unauthorized, after 0.20 s

A client asked for claude-sonnet-4-5. Attempt 1, alice@example.com at google:
google turned the credential of alice@example.com away, status 401. The client
was told with status 503 that there is no answer after 0.20 s.

attempt 1   0.00 s  alice@example.com at google, gemini-3-pro
                    401 unauthorized

The client was told
  no account can serve this: alice@example.com was turned away (peekd explain
  77aa)

What you can do
  renew the credential of alice@example.com; `peekd check` shows where it is
  read from
"""


def test_a_healed_request_is_told_attempt_by_attempt(healed: RequestRecord) -> None:
    assert tell(healed, UTC, Paint()) == HEALED


def test_a_failed_request_is_told_with_what_can_be_done(failed_record: RequestRecord) -> None:
    assert tell(failed_record, UTC, Paint()) == FAILED


def test_a_request_without_attempts_is_told() -> None:
    record = RequestRecord(
        "a", 0.0, "POST", "/v1/messages", "anthropic", state="done", status=503, outcome="no_account"
    )
    assert "\nno attempt was made\n" in tell(record, UTC, Paint())
    assert "\n  asked    -, anthropic" in tell(record, UTC, Paint())


def test_a_request_under_way_is_open() -> None:
    record = RequestRecord("a", 0.0, "POST", "/v1/messages", "anthropic")
    assert result(record, Paint()) == "open"


def test_colours_show_what_went_well(healed: RequestRecord, failed_record: RequestRecord) -> None:
    paint = Paint(wanted=True)
    assert result(healed, paint).startswith("\x1b[32m")
    assert result(failed_record, paint).startswith("\x1b[31m")
    assert result(msgspec.structs.replace(healed, outcome="client_gone"), paint).startswith("\x1b[33m")


def test_tokens_that_were_wasted_and_what_all_cost_are_told(healed: RequestRecord) -> None:
    first, second = healed.attempts
    first.usage, first.counted, first.wasted = Usage(prompt=1200, output=3), "estimated", 1203
    second.usage, second.counted = Usage(prompt=1200, output=40), "reported"
    told = tell(msgspec.structs.replace(healed, wasted=1203, cost=0.0123456), UTC, Paint())
    assert "\n  wasted   1203 tokens, by attempt 1\n" in told
    assert f"\n  cost     about $0.0123, by the prices of {AS_OF}\n" in told
    assert "tokens 1200 in, 3 out (estimated), wasted\n" in told
    assert "tokens 1200 in, 40 out\n" in told


def test_eighty_columns_are_enough(healed: RequestRecord) -> None:
    healed.attempts[0].upstream_error = "RESOURCE_EXHAUSTED: " + "so many words " * 12
    told = tell(msgspec.structs.replace(healed, advice="do this " * 30), UTC, Paint())
    assert max(map(len, told.splitlines())) <= 80


def test_an_open_request_is_waited_for() -> None:
    record = RequestRecord("a", 0.0, "POST", "/v1/messages", "anthropic")
    assert tell(record, UTC, Paint()).endswith("\n  wait: it is under way\n")
