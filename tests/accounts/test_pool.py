from __future__ import annotations

import pytest

from peekd.accounts.account import Account
from peekd.accounts.pool import open_pool


def test_two_accounts_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        open_pool([Account("a", "claude"), Account("a", "google")])
