"""How other families' proofs of thought lie in thinking blocks, which clients replay untouched.

The proof stands in the block's `signature`, as a carrier of one of these kinds:

- "thought": it proves the thoughts of this very block.
- "call": it belongs to the tool call that follows. The block is the thoughts directly before that call, or an
  empty one.
- "text": it stood on words, or on an empty part that ended the answer. The block is empty and stands where
  the proof came; it goes back as an empty signed text at that very place. Where nothing follows, it is left
  out: Claude Code takes an answer's last block for its words.
- "redacted": the thoughts themselves, which only their maker can read, in a redacted block's `data`.

A proof that is no carrier is of Anthropic's own models and stays as it is.
"""

from __future__ import annotations

from typing import Final

from peekd.vocabulary.conversation import Family

FAMILY: Final[Family] = "anthropic"
