"""The ids of function calls in a request: Google's clients may leave them out, other protocols need them."""

from __future__ import annotations

import msgspec


class _Pending(msgspec.Struct):
    given: str
    name: str
    id: str


class CallIds:
    """Gives each call an id of its own and finds the call that a response belongs to.

    What is made up depends on places alone, so it is the same whenever a longer request tells the same story.
    """

    def __init__(self) -> None:
        self._pending: list[_Pending] = []
        self._used: set[str] = set()
        self._made = 0

    def of_call(self, given: str, name: str) -> str:
        """Give the client's id, or one by position where it has none or uses one twice."""
        identity = given if given and given not in self._used else self._make()
        self._used.add(identity)
        self._pending.append(_Pending(given, name, identity))
        return identity

    def of_response(self, given: str, name: str) -> str:
        """Give the id of the first call still unanswered that this answers: by id, else by name.

        A response to no call keeps its own id, or gets one.
        """
        for call in self._pending:
            if (call.given == given and given) or (call.name == name and not (given and call.given)):
                self._pending.remove(call)
                return call.id
        return given or self._make()

    def _make(self) -> str:
        while True:
            self._made += 1
            identity = f"call_{self._made}"
            if identity not in self._used:
                self._used.add(identity)
                return identity
