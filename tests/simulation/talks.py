"""A conversation that a client leads: it replays what it was given, or what such clients leave of it."""

from __future__ import annotations

from copy import deepcopy
from typing import Final, get_args

import msgspec
from signers import AGENTS, Loses

from peekd.protocols.interface import BadArguments, Unfoldable
from simulation.asking import Wish
from simulation.dice import Dice
from simulation.tongues import TONGUES
from simulation.transcripts import Call

LEADERS: Final = frozenset(AGENTS)
"""The protocols whose clients lead conversations."""

_MODELS: Final = (
    *("claude-opus-5-5", "claude-sonnet-4-5"),
    *("gemini-3-pro-preview", "gemini-3-pro-preview", "gemini-2.5-flash"),
    *("gpt-5", "gpt-5-codex"),
)
"""Those that mind about signatures come up more often than the others."""
_LOSES: Final[tuple[Loses, ...]] = ("", "", *get_args(Loses))


class Talk:
    """One conversation. What an agent replays is put together by `signers`."""

    def __init__(self, name: str, tongue: str, dice: Dice) -> None:
        self._name = name
        self._dice = dice
        self._tongue = tongue
        self._loses = dice.choice(_LOSES)
        self._agent = AGENTS[tongue](name, self._loses)
        self._thinking = dice.choice(("adaptive", "enabled"))
        self._model = dice.choice(TONGUES[tongue].models if dice.chance(0.5) else _MODELS)
        self._before = 0
        self._pending = list[object]()

    def begin(self) -> None:
        """Begin a turn; now and then with another model, or after going back."""
        if self._dice.chance(0.1):
            self._agent.rewind(self._dice)
        if self._dice.chance(0.3):
            self._model = self._dice.choice(_MODELS)
        self._before = len(self._agent.history)
        self._pending = [*self._agent.pending]

    def wish(self, number: int, *, stream: bool) -> Wish:
        """Ask this turn, under this number."""
        agent = self._agent
        del agent.history[self._before :]
        agent.pending = [*self._pending]
        wish = Wish(number, self._model, stream=stream, tools=True, thinks=True, session=self._name)
        words = f"{self._name} {wish.prompt}"
        if agent.pending:
            agent.bring(words)
        else:
            agent.say(words)
        body = deepcopy(agent.body(self._model, self._thinking))
        if self._tongue != "gemini":
            body["stream"] = stream
        return msgspec.structs.replace(wish, talk=self._name, loses=self._loses, body=body)

    def take(self, call: Call) -> bool:
        """Take a whole answer into the history; tells whether it was one. A turn that failed never was."""
        usable = all(isinstance(arguments, dict) for _, arguments in call.heard.calls())
        said = call.well and call.heard.means and usable  # else there is no answer to replay
        try:
            if said:
                self._agent.read(call.headers["content-type"], call.body)
        except (BadArguments, Unfoldable):  # a call that no agent can read: it asks again
            said = False
        if not said:
            del self._agent.history[self._before :]
            self._agent.pending = [*self._pending]
        return said
