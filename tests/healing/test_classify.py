"""Kinds become outcomes by a table that leaves none out."""

from typing import get_args

import pytest

from peekd.healing.classify import outcome_of_error, outcome_of_refusal
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.events import Erred
from peekd.vocabulary.outcomes import name_of
from peekd.vocabulary.refusals import Refusal, RefusalKind


@pytest.mark.parametrize("kind", get_args(RefusalKind))
def test_every_kind_of_refusal_has_an_outcome(kind: RefusalKind) -> None:
    outcome = outcome_of_refusal(Refusal(kind, 418, message="words", retry_after=7.0, should_retry=False))
    assert name_of(outcome) == {"invalid": "rejected"}.get(kind, kind)
    assert (outcome.status, outcome.message, outcome.retry_after) == (418, "words", 7.0)
    assert outcome.should_retry is False


@pytest.mark.parametrize("kind", get_args(RefusalKind))
def test_every_kind_of_error_in_a_stream_has_an_outcome(kind: RefusalKind) -> None:
    outcome = outcome_of_error(Erred(kind, "words", type="t"))
    assert name_of(outcome) == {"invalid": "rejected", "server_error": "error_in_stream"}.get(kind, kind)


def test_an_error_of_no_known_kind_is_an_error_in_the_stream() -> None:
    assert isinstance(outcome_of_error(Erred("new_kind", "words")), o.ErrorInStream)


def test_what_only_some_outcomes_hold_is_taken_over() -> None:
    limited = outcome_of_refusal(Refusal("rate_limited", 429, scope="model"))
    asked = outcome_of_refusal(Refusal("validation_required", 403, url="https://example.test/verify"))
    assert isinstance(limited, o.RateLimited)
    assert isinstance(asked, o.ValidationRequired)
    assert (limited.scope, asked.url) == ("model", "https://example.test/verify")
    lacking = outcome_of_refusal(Refusal("signature", 400, lacking=True))
    assert isinstance(lacking, o.Signature)
    assert lacking.lacking


@pytest.mark.parametrize("kind", [*get_args(RefusalKind), "new_kind"])
def test_all_that_an_upstream_told_is_taken_over(kind: str) -> None:
    erred = outcome_of_error(Erred(kind, "words", type="t", retry_after=7.0))
    told = (erred.status, erred.type, erred.message, erred.retry_after, erred.should_retry)
    assert told == (200, "t", "words", 7.0, None)


@pytest.mark.parametrize("kind", get_args(RefusalKind))
def test_the_type_of_a_refusal_is_kept(kind: RefusalKind) -> None:
    assert outcome_of_refusal(Refusal(kind, 418, type="t")).type == "t"
