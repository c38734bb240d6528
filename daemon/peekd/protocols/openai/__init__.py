"""What OpenAI's two languages share: words for errors and refusals, inline media. No protocol itself."""
