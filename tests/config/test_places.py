from peekd.config.places import ROOT, written


def test_a_name_of_the_operators_is_a_star_and_a_list_entry_is_brackets() -> None:
    place = ROOT.key("upstreams").entry("google").key("headers").entry("x-team")
    assert place.pattern == "upstreams.*.headers.*"
    assert ROOT.key("accounts").item(3).key("name").pattern == "accounts[].name"
    assert place.path == ("upstreams", "google", "headers", "x-team")


def test_a_key_that_toml_would_quote_is_quoted() -> None:
    assert written(("upstreams", "two words", "proxy")) == 'upstreams."two words".proxy'
    assert written(("upstreams", "")) == 'upstreams.""'
