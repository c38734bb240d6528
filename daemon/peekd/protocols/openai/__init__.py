"""What OpenAI's two languages share: words for errors, refusals, inline media, sessions. No protocol itself."""
