import { Refused, curlCommand, maskFile, models, segment } from "./api.js";
import { area, confidence, known, milliseconds, share, whole } from "./format.js";
import { Overlay } from "./overlay.js";

const at = (id) => document.getElementById(id);
const overlay = new Overlay(at("overlay"));

let file = null; // the photo on show
let running = null; // aborts the request under way
let pinned = null; // id of the class a click keeps highlighted
let maskUrl = null;
let photoUrl = null;

// --- From photo to result ---

const settings = () => ({ model: at("model").value, spacing: at("spacing").value.replaceAll(" ", "") });

function take(photo) {
  if (!photo) return;
  file = photo;
  showPhoto();
  run();
}

/** `window`: of 16-bit grey, the values that become black and white. */
async function run(window = "") {
  if (!file) return;
  running?.abort();
  const mine = (running = new AbortController());
  const asked = { ...settings(), window };
  clearResult();
  setBusy(true);
  try {
    const answer = await segment(file, asked, mine.signal);
    const mask = maskFile(answer);
    const pixels = await createImageBitmap(mask, { colorSpaceConversion: "none" });
    if (mine.signal.aborted) return;
    setUpright(answer.image);
    overlay.show(pixels, answer.classes);
    showResult(answer, mask, asked);
  } catch (error) {
    if (mine.signal.aborted) return;
    if (error.code === "window_needed" && !window) run("auto");
    else await giveUp(error);
  } finally {
    if (!mine.signal.aborted) setBusy(false);
  }
}

function showPhoto() {
  URL.revokeObjectURL(photoUrl);
  photoUrl = URL.createObjectURL(file);
  delete at("photo").dataset.orientation;
  at("photo").src = photoUrl;
  at("photo").alt = file.name;
  at("empty").hidden = true;
  at("work").hidden = at("another").hidden = false;
}

/** Before the service has answered, the browser decides which way up the photo is. */
function fitFrame() {
  const { naturalWidth: width, naturalHeight: height, dataset } = at("photo");
  if (width && height && !dataset.orientation) setRatio(width, height);
}

function setUpright({ width, height, orientation }) {
  at("photo").dataset.orientation = orientation;
  setRatio(width, height);
}

const setRatio = (width, height) => at("frame").style.setProperty("--ratio", width / height);

function setBusy(busy) {
  at("work").classList.toggle("busy", busy);
  at("work").setAttribute("aria-busy", busy);
  if (busy) at("status").textContent = `Segmenting ${file.name} …`;
}

function clearResult() {
  overlay.clear();
  pinned = null;
  at("error").hidden = at("results").hidden = at("tools").hidden = at("pointed").hidden = true;
}

/** The photo stays where the browser can show it, so that the settings can be mended. */
async function giveUp(error) {
  const viewable = await at("photo").decode().then(() => true, () => false);
  if (!viewable) file = null;
  at("work").hidden = at("another").hidden = !viewable;
  at("empty").hidden = viewable;
  at("status").textContent = "";
  showError(error, () => run());
}

function showError(error, again) {
  const refused = error instanceof Refused;
  at("error-text").textContent = refused ? error.message : "The service's answer could not be read; try again.";
  at("retry").hidden = refused && !error.passing;
  at("retry").onclick = again;
  at("error").hidden = false;
}

// --- The result ---

function showResult(answer, mask, asked) {
  const { image, model } = answer;
  const found = answer.classes.filter(({ pixels }) => pixels > 0).sort((a, b) => b.pixels - a.pixels);
  showRows(found, answer.classes);
  at("status").textContent =
    `${file.name} · ${image.width} × ${image.height} pixels · ` +
    (found.length === 1 ? `all of it ${found[0].name}` : `${found.length} classes, the largest is ${found[0].name}`);
  at("model-name").textContent = `${model.name}, version ${model.version}`;
  at("digest").textContent = model.digest.replace("sha256:", "").slice(0, 12);
  at("digest").title = model.digest;
  showTimings(answer.timings_ms);
  const windowed = asked.window ? ["The smallest and largest of its 16-bit values were made black and white."] : [];
  at("warnings").textContent = [...windowed, ...answer.warnings.map(({ detail }) => detail)].join(" ");
  at("curl").textContent = curlCommand(file, asked);
  offerDownload(mask);
  at("results").hidden = at("tools").hidden = false;
}

function showRows(found, classes) {
  at("rows").replaceChildren(...found.map(row));
  const has = (field) => found.some((class_) => known(class_[field]));
  at("results").classList.toggle("without-area", !has("area_mm2"));
  at("results").classList.toggle("without-confidence", !has("confidence"));
  const absent = classes.filter((class_) => !found.includes(class_)).map(({ name }) => name);
  at("absent").textContent = absent.length ? `Not found: ${absent.join(", ")}.` : "";
}

function row(class_) {
  const line = at("row").content.firstElementChild.cloneNode(true);
  const put = (selector, text) => (line.querySelector(selector).textContent = text);
  line.dataset.id = class_.id;
  line.style.setProperty("--color", class_.color);
  line.style.setProperty("--share", class_.fraction);
  put(".name span", class_.name);
  put(".share", share(class_.fraction));
  put(".pixels", whole(class_.pixels));
  put(".area", area(class_.area_mm2));
  put(".confidence", confidence(class_.confidence));
  return line;
}

function showTimings(timings) {
  const stages = Object.entries(timings).filter(([, ms]) => known(ms));
  const total = stages.reduce((sum, [, ms]) => sum + ms, 0);
  const all = [...stages, ["total", total]].map(([name, ms]) => `${name}\u00a0${milliseconds(ms)}`);
  at("timings").textContent = all.join(" · ");
}

function offerDownload(mask) {
  URL.revokeObjectURL(maskUrl);
  maskUrl = URL.createObjectURL(mask);
  at("download").href = maskUrl;
  at("download").download = `${file.name.replace(/\.[^.]*$/, "")}.mask.png`;
}

// --- Pointing at classes, in the table and in the picture ---

const rowOf = (event) => event.target.closest?.("#rows tr");

function highlight(line) {
  overlay.highlighted = line ? Number(line.dataset.id) : pinned;
}

function pin(line) {
  const id = Number(line.dataset.id);
  pinned = pinned === id ? null : id;
  for (const other of at("rows").children) {
    other.querySelector("button").setAttribute("aria-pressed", Number(other.dataset.id) === pinned);
  }
  highlight(null);
}

function point(event) {
  const box = at("frame").getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const class_ = overlay.classAt(x / box.width, y / box.height);
  const label = at("pointed");
  label.hidden = !class_;
  markRow(class_);
  if (!class_) return;
  label.querySelector("span").textContent = class_.name;
  label.style.setProperty("--color", class_.color);
  label.style.left = `${Math.max(0, Math.min(x + 14, box.width - label.offsetWidth - 4))}px`;
  label.style.top = `${y > label.offsetHeight + 18 ? y - label.offsetHeight - 12 : y + 20}px`;
}

function markRow(class_) {
  for (const line of at("rows").children) {
    line.classList.toggle("pointed-at", class_ !== null && Number(line.dataset.id) === class_.id);
  }
}

function unpoint({ pointerType }) {
  if (pointerType === "touch") return; // a finger leaves at once; what it pointed at stays to be read
  at("pointed").hidden = true;
  markRow(null);
}

// --- Wiring ---

async function offerModels() {
  at("error").hidden = true;
  try {
    showModels(await models());
  } catch (error) {
    showError(error, offerModels);
  }
}

function showModels(offered) {
  at("model").replaceChildren(...offered.map(({ name, default: first }) => new Option(name, name, first, first)));
  at("model-field").hidden = offered.length < 2;
  at("knows").textContent = offered.length === 1 ? `The model knows ${offered[0].classes.join(", ")}.` : "";
}

async function copyCommand() {
  try {
    await navigator.clipboard.writeText(at("curl").textContent);
    at("copy").textContent = "Copied";
  } catch { // no clipboard without HTTPS: leave it selected for Ctrl+C
    getSelection().selectAllChildren(at("curl"));
    at("copy").textContent = "Selected";
  }
  setTimeout(() => (at("copy").textContent = "Copy"), 2000);
}

function listen(target, handlers) {
  for (const [type, handler] of Object.entries(handlers)) target.addEventListener(type, handler);
}

function dragging(event, over) {
  event.preventDefault();
  document.body.classList.toggle("dragging", over);
}

const chooseFile = () => at("file").click();
listen(at("choose"), { click: chooseFile });
listen(at("another"), { click: chooseFile });
listen(at("copy"), { click: copyCommand });
listen(at("photo"), { load: fitFrame });
listen(at("file"), { change: ({ target }) => (take(target.files[0]), (target.value = "")) });
listen(at("settings"), { change: () => run(), submit: (event) => event.preventDefault() });
listen(at("opacity"), { input: ({ target }) => {
  overlay.opacity = target.value / 100;
  at("opacity-text").textContent = `${target.value} %`;
} });
listen(at("frame"), { pointermove: point, pointerdown: point, pointerleave: unpoint });
listen(at("rows"), {
  mouseover: (event) => highlight(rowOf(event)), mouseleave: () => highlight(null),
  focusin: (event) => highlight(rowOf(event)), focusout: () => highlight(null),
  click: (event) => rowOf(event) && pin(rowOf(event)),
});
listen(window, {
  dragover: (event) => dragging(event, true),
  dragleave: (event) => dragging(event, event.relatedTarget !== null),
  drop: (event) => (dragging(event, false), take(event.dataTransfer.files[0])),
  paste: (event) => take(event.clipboardData.files[0]),
});
offerModels();
