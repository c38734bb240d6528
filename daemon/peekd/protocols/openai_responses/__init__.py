"""OpenAI's Responses, facing the client and facing any compatible upstream."""
