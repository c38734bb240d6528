"""What clients can ask for, a feature a row, as the least request of each protocol that asks for it.

A protocol joins by a column here: `BARE` is its least request, `FEATURES[...].asks` its fields for each
feature, laid over the least one. What a protocol has no word for is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Json = dict[str, Any]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQK"
SEEN = "https://a.example/b.png"
READ = "https://a.example/b.pdf"
SCHEMA: Json = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
STRICT: Json = {**SCHEMA, "additionalProperties": False}
ANSWER: Json = {**STRICT, "properties": {"path": {"type": "string"}}}


class Feature(NamedTuple):
    """`asks`: by client protocol, the fields. `beside`: the feature that this one is asked beside."""

    name: str
    asks: Mapping[str, Json]
    beside: str = ""


A, G, C, R, T = "anthropic", "gemini", "openai-chat", "openai-responses", "openai-completions"

BARE: Mapping[str, Json] = {
    A: {"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello."}]},
    G: {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}]},
    C: {"model": "m", "messages": [{"role": "user", "content": "Hello."}]},
    R: {"model": "m", "input": [{"type": "message", "role": "user", "content": "Hello."}]},
    T: {"model": "m", "prompt": "Hello."},
}
PATHS: Mapping[str, str] = {
    A: "/v1/messages",
    G: "/v1beta/models/m:generateContent",
    C: "/v1/chat/completions",
    R: "/v1/responses",
    T: "/v1/completions",
}


# ---- short forms ------------------------------------------------------------------------------------


def a_parts(*parts: Json) -> Json:
    return {"messages": [{"role": "user", "content": [*parts]}]}


def g_parts(*parts: Json) -> Json:
    return {"contents": [{"role": "user", "parts": [*parts]}]}


def c_parts(*parts: Json) -> Json:
    return {"messages": [{"role": "user", "content": [*parts]}]}


def r_parts(*parts: Json) -> Json:
    return {"input": [{"type": "message", "role": "user", "content": [*parts]}]}


def a_source(kind: str, source: Json) -> Json:
    return a_parts({"type": "text", "text": "Hello."}, {"type": kind, "source": source})


def a_turns(thought: Json, *results: Json) -> Json:
    call = {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a"}}
    said = [part for part in (thought, call) if part]
    return {
        "messages": [
            {"role": "user", "content": "Hello."},
            {"role": "assistant", "content": said},
            {"role": "user", "content": [*results]},
        ]
    }


def a_result(**more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": "abc", **more}


def g_turns(signature: str, *results: Json) -> Json:
    call: Json = {"functionCall": {"name": "read", "args": {"path": "a"}}}
    if signature:
        call["thoughtSignature"] = signature
    return {
        "contents": [
            {"role": "user", "parts": [{"text": "Hello."}]},
            {"role": "model", "parts": [call]},
            {"role": "user", "parts": [*results]},
        ]
    }


def g_result(**response: Any) -> Json:
    return {"functionResponse": {"name": "read", "response": response}}


def c_turns(content: object, **more: Any) -> Json:
    function = {"name": "read", "arguments": '{"path":"a"}'}
    call = {"id": "call_1", "type": "function", "function": function}
    return {
        "messages": [
            {"role": "user", "content": "Hello."},
            {"role": "assistant", "tool_calls": [call], **more},
            {"role": "tool", "tool_call_id": "call_1", "content": content},
        ]
    }


def r_turns(output: object, *thoughts: Json) -> Json:
    call = {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": '{"path":"a"}'}
    result = {"type": "function_call_output", "call_id": "call_1", "output": output}
    return {"input": [*BARE[R]["input"], *thoughts, call, result]}


def a_tool(**more: Any) -> Json:
    return {"tools": [{"name": "read", "description": "Reads.", "input_schema": SCHEMA, **more}]}


def g_config(**config: Any) -> Json:
    return {"generationConfig": config}


def g_calling(**config: Any) -> Json:
    return {"toolConfig": {"functionCallingConfig": config}}


def c_tool(**more: Any) -> Json:
    function = {"name": "read", "description": "Reads.", "parameters": SCHEMA, **more}
    return {"tools": [{"type": "function", "function": function}]}


def r_tool(**more: Any) -> Json:
    tool = {"type": "function", "name": "read", "description": "Reads.", "parameters": SCHEMA, **more}
    return {"tools": [tool]}


G_TOOL: Json = {
    "functionDeclarations": [{"name": "read", "description": "Reads.", "parametersJsonSchema": SCHEMA}]
}
HERE: Json = {"inlineData": {"mimeType": "image/png", "data": PNG}}
C_FILE: Json = {"filename": "b.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}
A_SEARCH: Json = {"type": "web_search_20250305", "name": "web_search"}
C_FREE: Json = {"type": "custom", "custom": {"name": "patch", "description": "Patches."}}
R_FREE: Json = {"type": "custom", "name": "patch", "description": "Patches."}
C_FORMAT: Json = {"type": "json_schema", "json_schema": {"name": "answer", "schema": ANSWER, "strict": True}}
R_FORMAT: Json = {"type": "json_schema", "name": "answer", "schema": ANSWER, "strict": True}
TEXT_A: Json = {"type": "text", "text": "Hello."}
TEXT_R: Json = {"type": "input_text", "text": "Hello."}
STOPS = ["a", "b", "c", "d", "e", "f"]
A_THOUGHT: Json = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmF0dXJl"}

# ---- the features -----------------------------------------------------------------------------------

FEATURES: tuple[Feature, ...] = (
    Feature("words", {
        A: a_parts({"type": "text", "text": "Words."}), G: g_parts({"text": "Words."}),
        C: c_parts({"type": "text", "text": "Words."}), R: r_parts({"type": "input_text", "text": "Words."}),
        T: {"prompt": "Words."},
    }),
    Feature("system prompt", {
        A: {"system": "Be brief."}, G: {"systemInstruction": {"parts": [{"text": "Be brief."}]}},
        C: {"messages": [{"role": "system", "content": "Be brief."}, *BARE[C]["messages"]]},
        R: {"instructions": "Be brief."},
    }),
    Feature("instructions in mid-conversation", {
        A: {"messages": [*BARE[A]["messages"], {"role": "system", "content": "Be brief."}]},
        C: {"messages": [*BARE[C]["messages"], {"role": "developer", "content": "Be brief."}]},
        R: {"input": [*BARE[R]["input"], {"type": "message", "role": "developer", "content": "Be brief."}]},
    }),
    Feature("picture, inline", {
        A: a_source("image", {"type": "base64", "media_type": "image/png", "data": PNG}),
        G: g_parts({"text": "Hello."}, HERE),
        C: c_parts(TEXT_A, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}),
        R: r_parts(TEXT_R, {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}),
    }),
    Feature("picture, by URL", {
        A: a_source("image", {"type": "url", "url": SEEN}),
        G: g_parts({"text": "Hello."}, {"fileData": {"mimeType": "image/png", "fileUri": SEEN}}),
        C: c_parts(TEXT_A, {"type": "image_url", "image_url": {"url": SEEN}}),
        R: r_parts(TEXT_R, {"type": "input_image", "image_url": SEEN}),
    }),
    Feature("document, inline", {
        A: a_source("document", {"type": "base64", "media_type": "application/pdf", "data": PDF}),
        G: g_parts({"text": "Hello."}, {"inlineData": {"mimeType": "application/pdf", "data": PDF}}),
        C: c_parts(TEXT_A, {"type": "file", "file": C_FILE}),
        R: r_parts(TEXT_R, {"type": "input_file", **C_FILE}),
    }),
    Feature("document, by URL", {
        A: a_source("document", {"type": "url", "url": READ}),
        G: g_parts({"text": "Hello."}, {"fileData": {"mimeType": "application/pdf", "fileUri": READ}}),
        R: r_parts(TEXT_R, {"type": "input_file", "file_url": READ}),
    }),
    Feature("a file that the vendor stores", {
        A: a_source("document", {"type": "file", "file_id": "file_1"}),
        G: g_parts({"text": "Hello."}, {"fileData": {
            "mimeType": "application/pdf",
            "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc",
        }}),
        C: c_parts(TEXT_A, {"type": "file", "file": {"file_id": "file-1"}}),
        R: r_parts(TEXT_R, {"type": "input_file", "file_id": "file-1"}),
    }),
    Feature("tools", {A: a_tool(), G: {"tools": [G_TOOL]}, C: c_tool(), R: r_tool()}),
    Feature("strict tools", {
        A: a_tool(strict=True), C: c_tool(strict=True), R: r_tool(strict=True),
    }, "tools"),
    Feature("tool choice: any", {
        A: {"tool_choice": {"type": "any"}}, G: g_calling(mode="ANY"), C: {"tool_choice": "required"},
        R: {"tool_choice": "required"},
    }, "tools"),
    Feature("tool choice: one", {
        A: {"tool_choice": {"type": "tool", "name": "read"}},
        G: g_calling(mode="ANY", allowedFunctionNames=["read"]),
        C: {"tool_choice": {"type": "function", "function": {"name": "read"}}},
        R: {"tool_choice": {"type": "function", "name": "read"}},
    }, "tools"),
    Feature("tool choice: none", {
        A: {"tool_choice": {"type": "none"}}, G: g_calling(mode="NONE"), C: {"tool_choice": "none"},
        R: {"tool_choice": "none"},
    }, "tools"),
    Feature("one call at a time", {
        A: {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        C: {"parallel_tool_calls": False}, R: {"parallel_tool_calls": False},
    }, "tools"),
    Feature("a call and its result", {
        A: a_turns({}, a_result()), G: g_turns("", g_result(output="abc")), C: c_turns("abc"),
        R: r_turns("abc"),
    }, "tools"),
    Feature("a result with a picture", {
        A: a_turns({}, a_result(content=[
            {"type": "text", "text": "abc"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        ])),
        G: g_turns("", {"functionResponse": {"name": "read", "response": {"output": "abc"},
        "parts": [HERE]}}),
        R: r_turns([
            {"type": "input_text", "text": "abc"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
        ]),
    }, "a call and its result"),
    Feature("a result that is an error", {
        A: a_turns({}, a_result(is_error=True)), G: g_turns("", g_result(error="abc")),
    }, "a call and its result"),
    Feature("freeform tools", {C: {"tools": [C_FREE]}, R: {"tools": [R_FREE]}}),
    Feature("search on the web, beside tools", {
        A: {"tools": [*a_tool()["tools"], A_SEARCH]}, G: {"tools": [G_TOOL, {"googleSearch": {}}]},
        C: {"web_search_options": {}}, R: {"tools": [*r_tool()["tools"], {"type": "web_search"}]},
    }, "tools"),
    Feature("search on the web, alone", {
        A: {"tools": [A_SEARCH]}, G: {"tools": [{"googleSearch": {}}]},
        C: {"web_search_options": {}}, R: {"tools": [{"type": "web_search"}]},
    }),
    Feature("code that the vendor runs, beside tools", {
        A: {"tools": [*a_tool()["tools"], {"type": "code_execution_20250825", "name": "code_execution"}]},
        G: {"tools": [G_TOOL, {"codeExecution": {}}]},
        R: {"tools": [*r_tool()["tools"], {"type": "code_interpreter", "container": {"type": "auto"}}]},
    }, "tools"),
    Feature("thinking, by budget", {
        A: {"max_tokens": 9000, "thinking": {"type": "enabled", "budget_tokens": 4096}},
        G: g_config(thinkingConfig={"thinkingBudget": 4096, "includeThoughts": True}),
    }),
    Feature("thinking, by effort", {
        A: {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        G: g_config(thinkingConfig={"thinkingLevel": "low", "includeThoughts": True}),
        C: {"reasoning_effort": "low"}, R: {"reasoning": {"effort": "low", "summary": "auto"}},
    }),
    Feature("thinking, off", {
        A: {"thinking": {"type": "disabled"}}, G: g_config(thinkingConfig={"thinkingBudget": 0}),
        C: {"reasoning_effort": "none"}, R: {"reasoning": {"effort": "none"}},
    }),
    Feature("replayed thoughts, signed by the client's own vendor", {
        A: a_turns(A_THOUGHT, a_result()), G: g_turns("c2lnbmF0dXJl", g_result(output="abc")),
        C: c_turns("abc", reasoning_content="Hm."),
        R: r_turns("abc", {
            "type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "c2lnbmF0dXJl",
        }),
    }, "a call and its result"),
    Feature("replayed thoughts, redacted", {
        A: a_turns({"type": "redacted_thinking", "data": "c2VjcmV0"}, a_result()),
    }, "a call and its result"),
    Feature("answer by a schema", {
        A: {"output_config": {"format": {"type": "json_schema", "schema": ANSWER}}},
        G: g_config(responseMimeType="application/json", responseJsonSchema=ANSWER),
        C: {"response_format": C_FORMAT}, R: {"text": {"format": R_FORMAT}},
    }),
    Feature("answer in any JSON", {
        G: g_config(responseMimeType="application/json"), C: {"response_format": {"type": "json_object"}},
        R: {"text": {"format": {"type": "json_object"}}},
    }),
    Feature("stop sequences, one", {
        A: {"stop_sequences": ["a"]}, G: g_config(stopSequences=["a"]), C: {"stop": ["a"]},
        T: {"stop": ["a"]},
    }),
    Feature("stop sequences, six", {
        A: {"stop_sequences": STOPS}, G: g_config(stopSequences=STOPS), C: {"stop": STOPS},
        T: {"stop": STOPS},
    }),
    Feature("temperature", {
        A: {"temperature": 0.5}, G: g_config(temperature=0.5), C: {"temperature": 0.5},
        R: {"temperature": 0.5},
        T: {"temperature": 0.5},
    }),
    Feature("top p", {
        A: {"top_p": 0.5}, G: g_config(topP=0.5), C: {"top_p": 0.5}, R: {"top_p": 0.5}, T: {"top_p": 0.5},
    }),
    Feature("top k", {A: {"top_k": 7}, G: g_config(topK=7)}),
    Feature("most tokens", {
        A: {"max_tokens": 77}, G: g_config(maxOutputTokens=77), C: {"max_completion_tokens": 77},
        R: {"max_output_tokens": 77}, T: {"max_tokens": 77},
    }),
    Feature("seed", {G: g_config(seed=7), C: {"seed": 7}, T: {"seed": 7}}),
    Feature("several answers", {G: g_config(candidateCount=2), C: {"n": 2}, T: {"n": 2}}),
    Feature("log probabilities", {
        G: g_config(responseLogprobs=True), C: {"logprobs": True}, T: {"logprobs": 1},
    }),
    Feature("marks of what to cache", {
        A: a_parts({"type": "text", "text": "Hello.", "cache_control": {"type": "ephemeral"}}),
        C: {"prompt_cache_key": "k"}, R: {"prompt_cache_key": "k"},
    }),
    Feature("a cache that the vendor stores", {G: {"cachedContent": "cachedContents/abc"}}),
    Feature("an earlier answer that the vendor stores", {R: {"previous_response_id": "resp_1"}}),
    Feature("metadata and user", {
        A: {"metadata": {"user_id": "u"}}, G: {"labels": {"u": "u"}},
        C: {"user": "u", "metadata": {"u": "u"}},
        R: {"metadata": {"u": "u"}, "safety_identifier": "u"}, T: {"user": "u"},
    }),
    Feature("service tier", {
        A: {"service_tier": "auto"}, C: {"service_tier": "flex"}, R: {"service_tier": "flex"},
    }),
    Feature("safety settings", {
        G: {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
    }),
    Feature("text after the answer", {T: {"suffix": "b"}}),
)  # fmt: skip
