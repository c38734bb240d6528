"""What an upstream says is left of an account's quota, in words of no protocol."""

from __future__ import annotations

import msgspec


class Quota(msgspec.Struct, frozen=True, gc=False):
    """One figure: `share` is left, from 0 to 1, and is whole again in so many `seconds`.

    `whole`: it is the account's for all models; else it is for the model that was asked.
    """

    share: float
    seconds: float
    whole: bool = False
