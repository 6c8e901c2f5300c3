// The service, as the page asks it.

const PHOTO = "mask,confidence,polygons&min_region=20"; // smaller regions are noise
export const FRAME = "mask"; // of a camera: the least that takes time

/** A refusal, with a sentence for the reader, and the service's code and status if it gave them; `passing` where the same
 * request may succeed a moment later. */
export class Refused extends Error {
  constructor(message, passing, { code, status } = {}) {
    super(message);
    Object.assign(this, { passing, code, status });
  }
}

/** The path, relative to the page, and query of a request; what was not set is left out. */
export function segmentPath({ model, spacing, window, include = PHOTO }) {
  const query = [`include=${include}`];
  if (model) query.push(`model=${encodeURIComponent(model)}`);
  if (spacing) query.push(`pixel_spacing_mm=${encodeURIComponent(spacing).replaceAll("%2C", ",")}`);
  if (window) query.push(`window=${window}`);
  return `segment?${query.join("&")}`;
}

export async function segment(file, settings, signal) {
  return (await post(file, segmentPath(settings), "application/json", signal)).json();
}

/** The photo under its mask, as a WebP of its own size. */
export async function overlaid(file, settings) {
  return (await post(file, segmentPath({ ...settings, include: "" }), "image/webp")).blob();
}

function post(file, path, type, signal) {
  const headers = { Accept: type, "Content-Type": contentType(file) };
  return ask(path, { method: "POST", headers, body: file, signal });
}

/** Everything a model says of itself. */
export async function modelCard(name) {
  return (await ask(`models/${encodeURIComponent(name)}`, { headers: { Accept: "application/json" } })).json();
}

export async function models() {
  const all = await (await ask("models", { headers: { Accept: "application/json" } })).json();
  return all.filter((model) => !model.refused);
}

/** The answer to a scan, with its pictures and files; `progress(done, of)` is called for its slices. */
export async function segmentScan(files, model, progress, signal) {
  const body = new FormData();
  for (const file of files) body.append("volume", file, "scan"); // a file's name may be a patient's
  const path = `${scanPath(model)}${model ? "&" : "?"}include=confidence,slices,pictures,labels,segmentation`;
  const response = await ask(path, { method: "POST", headers: { Accept: "application/x-ndjson" }, body, signal });
  try {
    for await (const { done, of, result, problem } of jsonLines(response.body)) {
      if (result) return result;
      if (problem) throw refused(problem);
      progress(done, of);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // which the browser throws when the connection is lost
  }
  throw new Refused("The service stopped before the scan was done; try again.", true);
}

export const scanPath = (model) => `volumes${model ? `?model=${encodeURIComponent(model)}` : ""}`;

async function* jsonLines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let line = []; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const [end, ...more] = value.split("\n");
    line.push(end);
    for (const next of more) {
      yield JSON.parse(line.join(""));
      line = [next];
    }
  }
}

/** A file that is within an answer. */
export function fileOf({ data, media_type }) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: media_type });
}

// The service looks at the bytes themselves, so it can also say best what is wrong with a file of another type.
export const contentType = (file) => (file.type.startsWith("image/") ? file.type : "application/octet-stream");

/** Whether the service was given a key in this tab. */
export const usesKey = () => sessionStorage.getItem("key") !== null;

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
  const { status } = response;
  const problem = await response.json().catch(() => null);
  return refused({ detail: `The service answered with status ${status}; try again.`, ...problem, status });
}

function refused({ detail, status, code }) {
  return new Refused(detail, status >= 500, { code, status });
}
