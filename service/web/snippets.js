// The page's request as code to copy. Where the service needs a key, KEY stands for it: the key itself is never shown.

import { contentType, scanPath, segmentPath, usesKey } from "./api.js";

/** The same request in three languages. */
export function snippets(file, settings) {
  const url = address(segmentPath(settings));
  const type = contentType(file);
  const asked = [type, file.name, url];
  return { curl: curl(...asked), python: python(...asked), javascript: javascript(...asked) };
}

export function scanCommand(files, model) {
  const [zip, name] = files.length === 1 ? ["", files[0].name] : ["zip -qr scan.zip FOLDER\n", "scan.zip"];
  return zip + curl("application/octet-stream", name, address(scanPath(model)));
}

function curl(type, name, url) {
  const key = usesKey() ? ["-H 'Authorization: Bearer KEY'"] : [];
  const what = [`--data-binary @${shell(name)}`, shell(url), "-o result.json"];
  return [`curl -H ${shell(`Content-Type: ${type}`)}`, ...key, ...what].join(" \\\n  ");
}

function python(type, name, url) {
  return `import requests

with open(${text(name)}, "rb") as image:
    response = requests.post(
        ${text(url)},
        data=image,
        headers=${headers(type)},
        timeout=60,
    )
answer = response.json()
if not response.ok:
    raise SystemExit(answer["detail"])
for found in answer["classes"]:
    print(found["name"], found["pixels"])`;
}

function javascript(type, name, url) {
  return `import { readFile } from "node:fs/promises";

const response = await fetch(${text(url)}, {
  method: "POST",
  headers: ${headers(type)},
  body: await readFile(${text(name)}),
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);
for (const { name, pixels } of answer.classes) console.log(name, pixels);`;
}

function headers(type) {
  const all = { "Content-Type": type, ...(usesKey() && { Authorization: "Bearer KEY" }) };
  return `{${Object.entries(all).map((pair) => pair.map(text).join(": ")).join(", ")}}`;
}

const address = (path) => new URL(path, document.baseURI).href;
const shell = (word) => `'${word.replaceAll("'", "'\\''")}'`;
const text = (string) => JSON.stringify(string); // is a literal of Python too
