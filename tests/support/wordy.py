"""Streams that are words for the most part, as upstreams write them, with everything between that is none."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

TEXTS = (
    '"Hi"',
    '" there, 100 % \\n"',
    '"日本 🎉"',
    r'"say \"no\" to C:\\"',
    r'"\u003cb\u003e \/"',
    r'"\ud83c\udf89"',
)
"""JSON strings that every reader takes."""

STRANGE = (r'"\ud83d"', '"\udcff"', '"a\tb"', '""', "null", "7", r'"\x"')
"""Those that not every one does, or that say nothing; U+DCFF stands for a byte that is no UTF-8."""

_DELTA = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":%s}\n\n'
_START = 'event: content_block_start\ndata: {"type":"content_block_start","index":%s}\n\n'
_WORDS = '{"type":"text_delta","text":%s}'

ANTHROPIC = (
    _DELTA.replace("%d", "0") % _WORDS,
    'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": '
    '{"type": "text_delta", "text": %s}}\n\n',
    _DELTA.replace("%d", "0").replace("%s}", "%s   }") % _WORDS,
    _DELTA.replace("%d", "0") % _WORDS.replace("}", "  }"),
)
"""Frames of words, around a JSON string."""

ANTHROPIC_ODD = (
    ": comment\n\n",
    "\n",
    'event: ping\ndata: {"type": "ping"}\n\n',
    *(_DELTA % (1, _WORDS % text) for text in TEXTS[:2]),
    _DELTA % (0, '{"type":"text_delta","text":"a","citations":[]}'),
    _DELTA % (0, '{"type":"text_delta","text":"a"},"more":{"text":"b"}'),
    _DELTA % (0, '{"type":"text_delta","text":"a","type":"thinking_delta"}'),
    _DELTA % (0, '{"type":"text_delta","text":"a"},"index":1'),
    _DELTA % (0, '{"type":"text_delta","text":"a"},"type":"ping"'),
    _DELTA % (0, '{"type":"text_delta","text":"a"\n}'),
    _DELTA % (0, '{"type":"text_delta","text":"a"}\ndata: '),
    _DELTA % (0, '{"type":"thinking_delta","thinking":"Hm"}'),
    _DELTA % (0, '{"type":"input_json_delta","partial_json":"{\\"query\\":\\"q\\"}"}'),
    'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"bare"}}\n\n',
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0}\n\n',
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
    *(
        _START.replace("%s", opened)
        for opened in (
            '0,"content_block":{"type":"text","text":""}',
            '1,"content_block":{"type":"text","text":"So"}',
            '0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}',
            '0,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}',
        )
    ),
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":'
    '{"output_tokens":3}}\n\n',
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"key"}}\n\n',
)
"""Frames of all other kinds, and those that are like words and are none."""

ANTHROPIC_BEGIN = (
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","model":"m","usage":'
    '{"input_tokens":9}}}\n\n'
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":'
    '{"type":"text","text":""}}\n\n'
)
ANTHROPIC_END = (
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":'
    '{"output_tokens":3}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
)

_CHUNK = 'data: {"candidates":[{"content":{"parts":[%s],"role":"model"},"index":0%s}]%s}\n\n'
_USAGE = ',"usageMetadata":{%s},"modelVersion":"gemini"'

GEMINI = (
    _CHUNK.replace("%s]", '{"text":%%s}]') % ("", ""),
    _CHUNK.replace("%s]", '{"text": %%s}]') % ("", _USAGE % '"promptTokenCount":9,"candidatesTokenCount":2'),
    _CHUNK.replace("%s]", '{"text":%%s}]')
    % ("", _USAGE % '"promptTokenCount":9,"candidatesTokenCount":5,"thoughtsTokenCount":2'),
    _CHUNK.replace("%s]", '{"text":%%s}]')
    % ("", _USAGE % '"cachedContentTokenCount":4,"toolUsePromptTokenCount":1,"promptTokenCount":null'),
)
GEMINI_ODD = (
    ": comment\n\n",
    "\n",
    "data: \n\n",
    "data: [DONE]\n\n",
    _CHUNK % ('{"text":"a"},{"text":"b"}', "", ""),
    _CHUNK % ('{"text":"a","thought":true}', "", ""),
    _CHUNK % ('{"text":"a","thought":false}', "", ""),
    _CHUNK % ('{"text":"a","thoughtSignature":"c2ln"}', "", ""),
    _CHUNK % ('{"functionCall":{"name":"f","args":{"a":1}}}', "", ""),
    _CHUNK % ('{"inlineData":{"mimeType":"image/png","data":"aaaa"}}', "", ""),
    _CHUNK % ('{"text":"a"}', ',"finishReason":"STOP"', ""),
    _CHUNK % ('{"text":"a"}', ',"groundingMetadata":{"webSearchQueries":["q"]}', ""),
    _CHUNK % ('{"text":"a"}', ',"finishReason":null', ',"error":null,"response":null'),
    _CHUNK % ('{"text":"a"}', "", ',"usageMetadata":{"promptTokenCount":"9"}'),
    _CHUNK % ('{"text":"a"}', "", ',"error":{"code":503,"message":"key","status":"UNAVAILABLE"}'),
    (_CHUNK % ('{"text":"a"}', "", "")).replace("}\n\n", "} {}\n\n"),
    (_CHUNK % ('{"text":"a"}', "", "")).replace("}\n\n", "}\ndata: {}\n\n"),
    (_CHUNK % ('{"text":"a"}', "", "")).replace('{"parts', '\n{"parts'),
    'data: {"response":{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}}\n\n',
    'data: {"usageMetadata":{"promptTokenCount":7}}\n\n',
)
GEMINI_BEGIN = _CHUNK % ('{"text":"So"}', "", ',"responseId":"r","modelVersion":"gemini"')
GEMINI_END = _CHUNK % ('{"text":""}', ',"finishReason":"STOP"', _USAGE % '"candidatesTokenCount":9')

MENUS = {
    "anthropic": (ANTHROPIC, ANTHROPIC_ODD, ANTHROPIC_BEGIN, ANTHROPIC_END),
    "gemini": (GEMINI, GEMINI_ODD, GEMINI_BEGIN, GEMINI_END),
}


@st.composite
def frames(draw: st.DrawFn, upstream: str) -> list[str]:
    """Frames of such a stream, the first one not."""
    words, odd, _, _ = MENUS[upstream]
    said: list[str] = []
    for kind in draw(st.lists(st.sampled_from(("even", "mixed", "odd")), max_size=6)):
        if kind == "odd":
            said.append(draw(st.sampled_from(odd)))
            continue
        even, texts = draw(st.sampled_from(words)), TEXTS if kind == "even" else (*TEXTS, *STRANGE)
        for text in draw(st.lists(st.sampled_from(texts), max_size=9)):
            frame = even if kind == "even" else draw(st.sampled_from(words))
            said.append(frame.replace("%s", text))
    return said


@st.composite
def streams(draw: st.DrawFn, upstream: str) -> bytes:
    """A whole stream: with line ends of one kind, or a few that are others; ended, or cut off."""
    _, _, begin, end = MENUS[upstream]
    said = [begin, *draw(frames(upstream)), end * draw(st.integers(min_value=0, max_value=1))]
    return written(said, crlf=draw(st.sampled_from(("never", "always", "first"))))


def written(said: list[str], *, crlf: str = "never") -> bytes:
    """The frames as bytes. `crlf`: where line ends are CRLF: in no frame, in all, in the first."""
    text = "".join(
        frame.replace("\n", "\r\n") if crlf == "always" or (crlf == "first" and not number) else frame
        for number, frame in enumerate(said)
    )
    return text.encode("utf-8", "surrogateescape")


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces, none of them empty: that would be its end."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges) if a < b]


CUTS = st.lists(st.integers(min_value=0), max_size=8)
