import msgspec

from peekd.accounts.account import Account, account_of, serves
from peekd.accounts.settings import AccountSettings

SETTINGS = AccountSettings(
    "a", "google", "env:KEY", priority=2, weight=3, models=("g-*",), disabled=True, max_concurrent=4
)


def test_everything_that_choosing_needs_is_taken_from_the_settings() -> None:
    assert account_of(SETTINGS) == Account("a", "google", 2, 3, ("g-*",), disabled=True, max_concurrent=4)


def test_the_credential_stays_behind() -> None:
    assert b"env:KEY" not in msgspec.json.encode(account_of(SETTINGS))


def test_without_patterns_it_serves_every_model() -> None:
    assert serves(Account("a", "google"), "anything")


def test_with_patterns_it_serves_those_alone() -> None:
    account = Account("a", "google", models=("gemini-*", "gemma"))
    assert [serves(account, name) for name in ("gemini-3", "gemma", "gemma-2")] == [True, True, False]
