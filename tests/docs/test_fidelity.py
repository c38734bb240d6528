"""docs/fidelity.md is as trying every feature would write it today, and nothing is lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from features import BARE, FEATURES, PATHS
from fidelity import MODELS, SHOWN, Cell, answer_cell, cell, changed, encode_page

from peekd.protocols.registry import CLIENTS, UPSTREAMS

ROWS = {feature.name: feature for feature in FEATURES}
TRIED = [
    pytest.param(feature.name, client, upstream, id=f"{feature.name}-{client}-{upstream}")
    for feature in FEATURES
    for client in CLIENTS
    for upstream in UPSTREAMS
    if client in feature.asks
]


def tried(name: str, client: str, upstream: str) -> Cell:
    return cell(ROWS[name], CLIENTS[client], UPSTREAMS[upstream])


def test_it_is_fresh(tree: Path) -> None:
    assert (tree / "docs/fidelity.md").read_text() == encode_page(), "stale: ./dev docs writes it anew"


def test_every_protocol_has_its_least_request_and_its_model() -> None:
    assert CLIENTS.keys() <= BARE.keys() == PATHS.keys()
    assert UPSTREAMS.keys() <= MODELS.keys()


def test_features_are_named_once_and_stand_beside_known_ones() -> None:
    assert len(ROWS) == len(FEATURES)
    assert {feature.beside for feature in FEATURES} - {""} <= ROWS.keys()
    for client in CLIENTS:
        assert sum(client in feature.asks for feature in FEATURES) >= 10


@pytest.mark.parametrize(("name", "client", "upstream"), TRIED)
def test_no_feature_is_lost_without_a_word(name: str, client: str, upstream: str) -> None:
    assert not tried(name, client, upstream).lost


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_of_an_answer_but_a_proof_is_left_out_without_a_word(client: str) -> None:
    cells = {name: answer_cell(name, events, CLIENTS[client]) for name, events in SHOWN}
    assert {name for name, words in cells.items() if words == "not shown"} <= {"a thought's signature"}


def test_each_word_is_found_where_it_holds() -> None:
    assert tried("seed", "openai-chat", "openai-chat").kept
    assert tried("seed", "openai-chat", "gemini").dropped == ("seed",)
    assert "n: " in tried("several answers", "openai-chat", "openai-chat").refused
    assert tried("top k", "gemini", "anthropic").places == ("top_k",)
    assert Cell().lost
    assert Cell().words == "lost"


def test_what_differs_is_told_by_place() -> None:
    assert changed({}, {"a": [{"b": 1}]}) == ["a[].b"]
    assert changed({"a": [1, 2]}, {"a": [1]}) == []
