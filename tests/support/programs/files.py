"""The settings files of agents that point them at peekd, and keep them from other calls."""

from __future__ import annotations

ADDRESS = "http://127.0.0.1:8045"
"""peekd's own address, as it stands in files and variables; that of the run takes its place."""

GEMINI_SETTINGS = """\
{
  "security": {"auth": {"selectedType": "gemini-api-key"}},
  "privacy": {"usageStatisticsEnabled": false},
  "telemetry": {"enabled": false},
  "general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false}
}
"""
CODEX_SETTINGS = f"""\
model = "gpt-5.5"
openai_base_url = "{ADDRESS}/v1"
check_for_update_on_startup = false

[analytics]
enabled = false

[features]
plugins = false
"""
CODEX_PROVIDER = f"""\
model = "gpt-5.5"
model_provider = "peekd"
check_for_update_on_startup = false

[model_providers.peekd]
name = "peekd"
base_url = "{ADDRESS}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"

[analytics]
enabled = false

[features]
plugins = false
"""
QWEN_SETTINGS = """\
{
  "security": {"auth": {"selectedType": "openai"}},
  "privacy": {"usageStatisticsEnabled": false},
  "telemetry": {"enabled": false},
  "general": {"enableAutoUpdate": false}
}
"""

OPENCODE_SETTINGS = f"""\
{{
  "provider": {{
    "anthropic": {{"options": {{"baseURL": "{ADDRESS}/v1", "apiKey": "any-word"}}}},
    "google": {{"options": {{"baseURL": "{ADDRESS}/v1beta", "apiKey": "any-word"}}}},
    "openai": {{"options": {{"baseURL": "{ADDRESS}/v1", "apiKey": "any-word"}}}},
    "peekd": {{
      "npm": "@ai-sdk/openai-compatible",
      "options": {{"baseURL": "{ADDRESS}/v1", "apiKey": "any-word"}},
      "models": {{"gpt-5": {{"name": "gpt-5 by Chat Completions"}}}}
    }}
  }},
  "autoupdate": false,
  "share": "disabled"
}}
"""
