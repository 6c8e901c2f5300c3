// Node's fetch: node fetch.mjs METHOD URL FILE TIMES NAME=VALUE...
import { readFileSync } from "node:fs";

const [method, url, file, times, ...pairs] = process.argv.slice(2);
const headers = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s)));
const body = readFileSync(file);

for (let count = 0; count < Number(times); count++) {
  try {
    const response = await fetch(url, { method, headers, body, redirect: "manual" });
    await response.text();
    console.log(response.status);
  } catch (error) {
    console.log(error.cause?.code ?? error.name);
  }
}
process.exit();
