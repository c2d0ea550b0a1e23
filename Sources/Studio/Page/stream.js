// Server-sent events, read with fetch: EventSource can not send the token.

// Yields `{ event, data }` of each event of `response`, with `data` parsed from JSON.
export async function* readEvents(response) {
  let fields = { event: "message", lines: [] };
  for await (const line of readLines(response)) {
    if (line === "") {
      if (fields.lines.length > 0) yield { event: fields.event, data: parse(fields.lines.join("\n")) };
      else if (fields.event !== "message") yield { event: fields.event, data: null };
      fields = { event: "message", lines: [] };
    } else if (line.startsWith("event:")) {
      fields.event = line.slice(6).trim();
    } else if (line.startsWith("data:")) {
      fields.lines.push(line.slice(5));
    }
  }
}

async function* readLines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r?\n/);
    rest = lines.pop();
    yield* lines;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // such as the empty data of an "end"
  }
}
