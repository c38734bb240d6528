"""What becomes of an account as its credential fares: disabled where that is dead, back where it is new."""

from __future__ import annotations

from typing import Final

import trio

from peekd.records.entries import DEBUG, NOTICE, WARNING, Entry, Journal
from peekd.records.redact import redacted
from peekd.relay.roster import Roster
from peekd.upstream.credentials import Credentials
from peekd.upstream.minting import News

_TOLD: Final = {
    "dead": (WARNING, "{account} is disabled, its credential was refused for good: {words}"),
    "late": (WARNING, "no access token for {account} yet, it is tried again: {words}"),
    "renewed": (DEBUG, "{account} has an access token {words}"),
    "replaced": (NOTICE, "the credential of {account} was replaced and is in force: {words}"),
    "unreadable": (WARNING, "the new credential of {account} cannot be read, the old one stays: {words}"),
}


class Vigil:
    """Keeps credentials fresh, and tells roster and journal what comes of it."""

    def __init__(self, roster: Roster, journal: Journal, nursery: trio.Nursery) -> None:
        self.watching = False
        """Whether files that are replaced are taken up."""
        self._roster = roster
        self._journal = journal
        self._nursery = nursery
        self._attending = trio.CancelScope()
        self._disabled: set[str] = set()

    def attend(self, credentials: Credentials) -> None:
        """Keep these fresh from now on, in place of those before."""
        self._attending.cancel()
        self._attending = trio.CancelScope()
        self._nursery.start_soon(self._attend, credentials, self._attending)

    async def _attend(self, credentials: Credentials, scope: trio.CancelScope) -> None:
        with scope:
            async with trio.open_nursery() as nursery:
                if self.watching:
                    nursery.start_soon(credentials.watch)
                await credentials.run(self._serves, self.tell)

    def _serves(self, account: str) -> bool:
        return not self._roster.is_disabled(account)

    def tell(self, news: News) -> None:
        """Do what follows from the news, and write it down."""
        said = redacted(news.words)
        match news.kind:
            case "dead":
                self._disabled.add(news.account)
                self._roster.disable(news.account, said, by_hand=False)
            case "replaced":
                self._take_up(news.account)
            case "renewed" if news.account in self._disabled:  # somebody enabled it, and it was mended
                self._disabled.discard(news.account)
                self._roster.renew(news.account)
            case "renewed" | "late" | "unreadable":
                pass
        priority, words = _TOLD[news.kind]
        message = words.format(account=news.account, words=said)
        self._journal(Entry(message, priority, account=news.account, phase="refresh"))

    def _take_up(self, account: str) -> None:
        """What the old credential was turned away for is over; who was disabled by hand stays so."""
        self._roster.renew(account)
        if account in self._disabled:
            self._disabled.discard(account)
            self._roster.enable(account, by_hand=False)
