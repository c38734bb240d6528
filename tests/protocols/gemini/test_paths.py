"""Model, action and query out of a path, and back."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.gemini.paths import STREAM, WHOLE, quoted, read_path
from peekd.vocabulary.errors import ClientError

MODELS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1)


@given(
    MODELS, st.sampled_from([STREAM, WHOLE, "countTokens"]), st.sampled_from(["", "?alt=sse", "?a=b&alt=sse"])
)
def test_any_name_that_is_written_into_a_path_is_read_from_it(model: str, action: str, query: str) -> None:
    path = read_path(f"/v1beta/models/m:{action}{query}").path(model=model)
    assert read_path(path).model == model
    assert read_path(path).action == action


@given(MODELS | st.text("gem-3.:/@%"))
def test_a_name_in_which_nothing_is_quoted_is_written_as_any_is(model: str) -> None:
    steps = quote(model, safe="/:@!$&'()*+,;=~").split("/")
    assert quoted(model) == "/".join("%2E%2E" if step == ".." else step for step in steps)


def test_a_name_leads_to_no_other_path() -> None:
    path = read_path("/v1beta/models/m:generateContent").path(model="../../files")
    assert path == "/v1beta/models/%2E%2E/%2E%2E/files:generateContent"


@pytest.mark.parametrize(
    ("path", "model", "events"),
    [
        ("/v1/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "gemini-2.5-pro", True),
        ("/v1beta/models/vendor/m:free:streamGenerateContent", "vendor/m:free", False),
        ("/v1beta/models/vendor%2Fm%3AstreamGenerateContent?%24alt=json&alt=sse", "vendor/m", True),
    ],
)
def test_a_path_names_model_and_form(path: str, model: str, *, events: bool) -> None:
    where = read_path(path)
    assert (where.model, where.events) == (model, events)


def test_what_is_not_mapped_stays_as_it_was_written() -> None:
    path = "/v1beta/models/a%2Fb:streamGenerateContent?x=%20&alt=sse"
    assert read_path(path).path() == path
    assert read_path(path).path(action=WHOLE) == "/v1beta/models/a%2Fb:generateContent?x=%20"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/messages",
        "/v1beta/models/m",
        "/v1beta/models/:generateContent",
        "/v1beta",
        "/v1beta/models/../../m:generateContent",
    ],
)
def test_a_path_without_model_and_action_is_refused(path: str) -> None:
    with pytest.raises(ClientError, match="no model and action"):
        read_path(path)
