// The service, as the page asks it.

/** A refusal, with a sentence for the reader and a code; `passing` where the same request may succeed a moment later. */
export class Refused extends Error {
  constructor(message, passing, code) {
    super(message);
    this.passing = passing;
    this.code = code;
  }
}

/** The path, relative to the page, and query of a request; what was not set is left out. */
export function segmentPath({ model, spacing, window }) {
  const query = ["include=mask,confidence"];
  if (model) query.push(`model=${encodeURIComponent(model)}`);
  if (spacing) query.push(`pixel_spacing_mm=${encodeURIComponent(spacing).replaceAll("%2C", ",")}`);
  if (window) query.push(`window=${window}`);
  return `segment?${query.join("&")}`;
}

export async function segment(file, settings, signal) {
  const response = await ask(segmentPath(settings), {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": contentType(file) },
    body: file,
    signal,
  });
  return response.json();
}

export async function models() {
  const all = await (await ask("models", { headers: { Accept: "application/json" } })).json();
  return all.filter((model) => !model.refused);
}

/** The same request from a shell. */
export function curlCommand(file, settings) {
  return [
    `curl -H ${quoted(`Content-Type: ${contentType(file)}`)}`,
    `--data-binary @${quoted(file.name)}`,
    quoted(new URL(segmentPath(settings), document.baseURI).href),
    "-o result.json",
  ].join(" \\\n  ");
}

/** The mask of an answer as a file. */
export function maskFile({ mask }) {
  const bytes = Uint8Array.from(atob(mask.data), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: mask.media_type });
}

// The service looks at the bytes themselves, so it can also say best what is wrong with a file of another type.
const contentType = (file) => (file.type.startsWith("image/") ? file.type : "application/octet-stream");

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

async function ask(path, options) {
  let response = await send(path, options);
  if (response.status === 401) {
    const key = prompt("The service needs a key:");
    if (key) {
      sessionStorage.setItem("key", key.trim()); // until this tab is closed
      response = await send(path, options);
    }
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function send(path, options) {
  const key = sessionStorage.getItem("key");
  const headers = key ? { ...options.headers, Authorization: `Bearer ${key}` } : options.headers;
  try {
    return await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The service cannot be reached; check that it is running, then try again.", true);
  }
}

async function refusal(response) {
  const problem = await response.json().catch(() => null);
  const reason = problem?.detail || problem?.title || `The service answered with status ${response.status}; try again.`;
  return new Refused(reason, response.status >= 500, problem?.code);
}
