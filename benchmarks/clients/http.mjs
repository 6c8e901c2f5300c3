// Node's http module: node http.mjs METHOD URL FILE TIMES NAME=VALUE...
import { readFileSync } from "node:fs";
import { request } from "node:http";

const [method, url, file, times, ...pairs] = process.argv.slice(2);
const headers = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s)));
const body = readFileSync(file);

const send = () =>
  new Promise((resolve) => {
    const sent = request(url, { method, headers: { ...headers, "Content-Length": body.length } }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
      response.on("error", (error) => resolve(error.code ?? error.name));
    });
    sent.on("error", (error) => resolve(error.code ?? error.name));
    sent.end(body);
  });

for (let count = 0; count < Number(times); count++) {
  console.log(await send());
}
process.exit();
