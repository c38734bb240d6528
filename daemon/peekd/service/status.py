"""Tells the service manager how peekd stands, in one line: `systemctl status` and the end of a drain."""

from __future__ import annotations

import trio

from peekd.relay.house import House
from peekd.service.notify import Notifier

STATUS_SECONDS = 5.0
"""How often the line is looked at; it is sent only where it has changed."""

PATIENCE_SECONDS = 5.0
"""How much longer than it needs a drain asks for, so that a busy second does not end it."""

_BEAT_SECONDS = 1.0


def tell_state(house: House) -> str:
    """Give the line: what is open, and who could serve."""
    states = house.roster.states()
    usable = sum(state.usable for state in states)
    opened = house.live.opened()
    requests = f"{opened} open request{'s' * (opened != 1)}"
    accounts = f"{usable} of {len(states)} account{'s' * (len(states) != 1)} usable"
    faults = len(house.settings_state.faults)
    old = f"; old settings: {faults} fault{'s' * (faults != 1)} in the new ones, see `peekd check`"
    return f"{requests}; {accounts}{old if faults else ''}"


async def keep_told(notifier: Notifier, house: House, listens: str) -> None:
    """Keep the line true until peekd drains. `listens` stands before it: where clients come in."""
    told = ""
    while not house.draining:
        line = f"{listens}: {tell_state(house)}"
        if line != told:
            notifier.status(line)
            told = line
        await trio.sleep(STATUS_SECONDS)


async def keep_patient(notifier: Notifier, house: House, until: float) -> None:
    """Ask for the time that a drain may take, second by second, until cancelled. `until`: on trio's clock.

    sd_notify(3): each message has to come before the time runs out that the one before asked for.
    """
    while True:
        left = max(0.0, until - trio.current_time())
        opened = house.live.opened()
        line = f"finishing {opened} open request{'s' * (opened != 1)}, for {left:.0f} s at most"
        notifier.extend(_BEAT_SECONDS + PATIENCE_SECONDS, line)
        await trio.sleep(_BEAT_SECONDS)
