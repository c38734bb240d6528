// Asks peekd through one vendor's SDK: words, then a tool call and its result; each whole, then streamed.
// node sdks.mjs PART ADDRESS; ends with 0 if every answer was as it must be, else says what was not.
import assert from "node:assert/strict";

const GREETING = "Good morning";
const WANTED = "Run a command with your tool";
const TOOL = "shell";
const DESCRIPTION = "Run a shell command";
const SCHEMA = { type: "object", properties: { command: { type: "string" } }, required: ["command"] };
const COMMAND = { command: "echo peekd" };
const RESULT = "peekd said this";
const KEY = "any-word";

// A part gives, for each way to ask: turn(history, stream) -> { text, calls: [{ input, id, name }], stopped }
// and how the history goes on with a tool's result.
const PARTS = {
  async anthropic(address) {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const client = new Anthropic({ apiKey: KEY, baseURL: address, maxRetries: 0 });
    const tools = [{ name: TOOL, description: DESCRIPTION, input_schema: SCHEMA }];
    return {
      start: (text) => [{ role: "user", content: text }],
      async turn(messages, stream) {
        const asked = { model: "claude-sonnet-4-5", max_tokens: 500, tools, messages };
        const message = stream
          ? await client.messages.stream(asked).finalMessage()
          : await client.messages.create(asked);
        return {
          raw: message,
          text: message.content.filter((block) => block.type === "text").map((block) => block.text).join(""),
          calls: message.content.filter((block) => block.type === "tool_use"),
          stopped: message.stop_reason,
          tokens: message.usage.output_tokens,
        };
      },
      goOn: (messages, { raw, calls }) => [
        ...messages,
        { role: "assistant", content: raw.content },
        { role: "user", content: [{ type: "tool_result", tool_use_id: calls[0].id, content: RESULT }] },
      ],
      stops: ["end_turn", "tool_use"],
    };
  },

  async google(address) {
    const { GoogleGenAI } = await import("@google/genai");
    const client = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: address } });
    const tools = [{ functionDeclarations: [{ name: TOOL, description: DESCRIPTION, parametersJsonSchema: SCHEMA }] }];
    return {
      start: (text) => [{ role: "user", parts: [{ text }] }],
      async turn(contents, stream) {
        const asked = { model: "gemini-2.5-pro", contents, config: { tools } };
        const chunks = [];
        if (stream) for await (const chunk of await client.models.generateContentStream(asked)) chunks.push(chunk);
        else chunks.push(await client.models.generateContent(asked));
        const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
        const said = parts.filter((part) => part.functionCall);
        return {
          raw: parts,
          text: parts.filter((part) => part.text && !part.thought).map((part) => part.text).join(""),
          calls: said.map(({ functionCall }) => ({ ...functionCall, input: functionCall.args })),
          stopped: chunks.map((chunk) => chunk.candidates?.[0]?.finishReason).findLast(Boolean),
          tokens: chunks.at(-1).usageMetadata.candidatesTokenCount,
        };
      },
      goOn: (contents, { raw, calls }) => [
        ...contents,
        { role: "model", parts: raw },
        { role: "user", parts: [{ functionResponse: { id: calls[0].id, name: TOOL, response: { output: RESULT } } }] },
      ],
      stops: ["STOP", "STOP"],
    };
  },

  async chat(address) {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ apiKey: KEY, baseURL: `${address}/v1`, maxRetries: 0 });
    const tools = [{ type: "function", function: { name: TOOL, description: DESCRIPTION, parameters: SCHEMA } }];
    return {
      start: (text) => [{ role: "user", content: text }],
      async turn(messages, stream) {
        const asked = { model: "gpt-5", messages, tools };
        const counted = { ...asked, stream_options: { include_usage: true } };
        const whole = stream
          ? await client.chat.completions.stream(counted).finalChatCompletion()
          : await client.chat.completions.create(asked);
        const { message, finish_reason: stopped } = whole.choices[0];
        const calls = (message.tool_calls ?? []).map((call) => ({
          id: call.id,
          name: call.function.name,
          input: JSON.parse(call.function.arguments),
        }));
        return { raw: message, text: message.content ?? "", calls, stopped, tokens: whole.usage.completion_tokens };
      },
      goOn: (messages, { raw, calls }) => [
        ...messages,
        raw,
        { role: "tool", tool_call_id: calls[0].id, content: RESULT },
      ],
      stops: ["stop", "tool_calls"],
    };
  },

  async responses(address) {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ apiKey: KEY, baseURL: `${address}/v1`, maxRetries: 0 });
    const tools = [{ type: "function", name: TOOL, description: DESCRIPTION, parameters: SCHEMA, strict: false }];
    return {
      start: (text) => [{ role: "user", content: text }],
      async turn(input, stream) {
        const asked = { model: "gpt-5", input, tools, store: false };
        const response = stream
          ? await client.responses.stream(asked).finalResponse()
          : await client.responses.create(asked);
        const said = response.output.filter((item) => item.type === "function_call");
        const calls = said.map((item) => ({ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) }));
        return {
          raw: response.output,
          text: response.output_text,
          calls,
          stopped: response.status,
          tokens: response.usage.output_tokens,
        };
      },
      goOn: (input, { raw, calls }) => [
        ...input,
        ...raw,
        { type: "function_call_output", call_id: calls[0].id, output: RESULT },
      ],
      stops: ["completed", "completed"],
    };
  },
};

async function check({ start, turn, goOn, stops }, stream) {
  const how = stream ? "streamed" : "whole";
  const words = await turn(start(GREETING), stream);
  assert.match(words.text, /Good morning[^]*simulator/, `${how}: words`);
  assert.equal(words.stopped, stops[0], `${how}: why the words ended`);
  assert.ok(words.tokens > 0, `${how}: tokens counted`);

  const question = start(WANTED);
  const called = await turn(question, stream);
  assert.deepEqual(called.calls.map(({ name, input }) => ({ name, input })), [{ name: TOOL, input: COMMAND }], `${how}: calls`);
  assert.equal(called.stopped, stops[1], `${how}: why the call ended`);

  const told = await turn(goOn(question, called), stream);
  assert.match(told.text, /peekd said this[^]*simulator is content/, `${how}: words about the result`);
  assert.deepEqual(told.calls, [], `${how}: calls after the result`);
}

const [part, address] = process.argv.slice(2);
try {
  const asking = await PARTS[part](address);
  await check(asking, false);
  await check(asking, true);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
