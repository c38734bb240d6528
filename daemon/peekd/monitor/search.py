"""What a page's address asks for: filters of the list of requests, how many, and from where on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import msgspec

from peekd.store.queries import Query
from peekd.vocabulary.errors import ClientError

Show = Literal["all", "failed", "healed", "open"]

SHOWS: Mapping[str, str] = {
    "all": "all requests",
    "failed": "failed",
    "healed": "healed",
    "open": "open now",
}

RANGES: Mapping[str, float] = {
    "5m": 300.0,
    "1h": 3600.0,
    "6h": 6 * 3600.0,
    "24h": 24 * 3600.0,
    "7d": 7 * 24 * 3600.0,
}

LIMITS = (50, 200, 1000)
_LONGEST = 200
"""Characters of a filter."""


class Search(msgspec.Struct, frozen=True):
    """The filters of a list as its form holds them. `before`: only what came before then (wall time)."""

    show: Show = "all"
    account: str = ""
    model: str = ""
    path: str = ""
    outcome: str = ""
    text: str = ""
    since: str = ""
    limit: int = LIMITS[0]
    before: float | None = None

    def query(self, now: float) -> Query:
        """Give what the ledger is asked; one more than is shown, so that a next page is known of."""
        return Query(
            failed=self.show == "failed",
            healed=self.show == "healed",
            open=self.show == "open",
            since=now - RANGES[self.since] if self.since else None,
            before=self.before,
            account=self.account,
            model=self.model,
            path=self.path,
            outcome=self.outcome,
            text=self.text,
            limit=self.limit + 1,
        )

    def words(self, **changed: object) -> str:
        """Give the query string of this search, or of one that differs in this; "" for the plain list.

        >>> Search(show="failed", text="a&b").words(before=12.5)
        'show=failed&text=a%26b&before=12.5'
        """
        said = msgspec.structs.asdict(self) | changed
        plain = msgspec.structs.asdict(Search())
        return urlencode({name: value for name, value in said.items() if value != plain[name]})

    @property
    def plain(self) -> bool:
        """Whether nothing is filtered."""
        return not msgspec.structs.replace(self, limit=LIMITS[0], before=None).words()


def read_search(args: Mapping[str, str]) -> Search:
    """Read a query string; what is empty or unknown counts as not said.

    Raises ClientError for a value that no form of ours sends.
    """
    known = {name: args[name].strip() for name in Search.__struct_fields__ if args.get(name, "").strip()}
    try:
        search = msgspec.convert(known, Search, strict=False)
    except msgspec.ValidationError as error:
        raise ClientError("invalid_request", f"the filters of the list: {error}") from error
    texts = (search.account, search.model, search.path, search.outcome, search.text)
    if search.since not in {"", *RANGES} or not 1 <= search.limit <= LIMITS[-1]:
        raise ClientError(
            "invalid_request", "the filters of the list: expected a range or a limit of the form's"
        )
    if any(len(text) > _LONGEST for text in texts):
        raise ClientError("invalid_request", f"the filters of the list: at most {_LONGEST} characters each")
    return search
