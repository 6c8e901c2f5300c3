import { Refused, fileOf, models, segment, segmentScan } from "./api.js";
import { ClassTable } from "./classes.js";
import { Curtain } from "./curtain.js";
import { at, listen } from "./dom.js";
import { dropped, isScan } from "./files.js";
import { LiveView } from "./live.js";
import { PhotoView } from "./photo.js";
import { fetchSample, sampleOf } from "./samples.js";
import { ScanView, nameOf } from "./scan.js";

const VIEWS = ["empty", "waiting", "work", "scan"];
const RESULT = ["results", "tools", "curtain"];
const table = new ClassTable();
const photo = new PhotoView(showError);
const scan = new ScanView();
const live = new LiveView(table, settings, () => stopCamera("The camera was disconnected; connect it, then try again."));
new Curtain(at("frame"), at("curtain"));

let view = "empty"; // one of VIEWS
let filming = false;
let again = null; // asks once more about what was given
let running = null; // aborts what is under way

function settings() {
  return { model: at("model").value, spacing: at("spacing").value.replaceAll(" ", "") };
}

async function take(files) {
  if (!files.length) return;
  if (await isScan(files)) {
    again = () => runScan(files);
  } else {
    again = () => run(files[0]);
  }
  again();
}

/** End whatever was under way. */
function begin() {
  running?.abort();
  running = new AbortController();
  live.stop();
  filming = false;
  table.clear();
  for (const id of ["error", ...RESULT]) at(id).hidden = true;
  setBusy("");
  return running.signal;
}

function show(wanted = view) {
  view = wanted;
  for (const id of VIEWS) at(id).hidden = id !== view;
  const ofScan = view === "waiting" || view === "scan";
  at("another").hidden = view === "empty" || view === "waiting" || filming;
  at("film").hidden = view === "empty" || view === "waiting" || filming;
  for (const id of ["picture", "stop", "pace"]) at(id).hidden = !filming;
  at("saves").hidden = at("made").hidden = filming;
  at("work").classList.toggle("live", filming);
  at("spacing-field").hidden = ofScan; // its file has it
  at("model-field").hidden = ofScan || at("model").length < 2;
  at("scan-model-field").hidden = !ofScan || at("scan-model").length < 2;
}

// --- A photo ---

/** `window`: of 16-bit grey, the values that become black and white. */
async function run(file, window = "") {
  const signal = begin();
  if (file !== photo.file) photo.open(file);
  show("work");
  const asked = { ...settings(), window };
  setBusy(`Segmenting ${file.name} …`);
  try {
    const answer = await segment(file, asked, signal);
    const mask = await createImageBitmap(fileOf(answer.mask), { colorSpaceConversion: "none" });
    if (signal.aborted) return;
    setBusy("");
    photo.show(answer, table.show(answer, mask), asked);
    for (const id of RESULT) at(id).hidden = false;
  } catch (error) {
    if (signal.aborted) return;
    if (error.code === "window_needed" && !window) return run(file, "auto");
    setBusy("");
    show((await photo.viewable()) ? "work" : "empty"); // so that the settings can be mended
    showError(error, again);
  }
}

/** Show what the reader waits for; nothing if it is empty. */
function setBusy(text) {
  at("work").classList.toggle("busy", text !== "");
  at("work").ariaBusy = text !== "";
  at("status").textContent = text;
}

function showError(error, retry) {
  const refused = error instanceof Refused;
  at("error-text").textContent = refused ? error.message : "The service's answer could not be read; try again.";
  at("retry").hidden = refused && !error.passing;
  at("retry").onclick = retry;
  at("error").hidden = false;
}

async function trySample(name, sample) {
  at("model").value = name;
  at("spacing").value = sample.spacing;
  try {
    take([await fetchSample(sample)]);
  } catch (error) {
    showError(error, () => trySample(name, sample));
  }
}

// --- The camera ---

async function runCamera() {
  const signal = begin();
  again = null; // settings are those of the next frame
  try {
    await live.start(signal);
    if (signal.aborted) return;
    filming = true;
    at("pace").textContent = "Waiting for the first answer …";
    at("tools").hidden = false;
    show("work");
    at("stop").focus();
    await live.run(signal);
  } catch (error) {
    if (!signal.aborted) stopCamera(error);
  }
}

/** Stop, and say why if there is an error. */
function stopCamera(error) {
  const from = document.activeElement;
  begin();
  show("empty");
  if (from === at("stop") || from === document.body) at("start-film").focus();
  if (error) showError(typeof error === "string" ? new Refused(error, true) : error, runCamera);
}

// --- A scan ---

async function runScan(files) {
  const signal = begin();
  const model = at("scan-model").value;
  at("waiting-text").textContent = `Sending ${nameOf(files)} …`;
  at("progress").removeAttribute("value");
  show("waiting");
  try {
    const answer = await segmentScan(files, model, (done, of) => showProgress(files, done, of), signal);
    if (signal.aborted) return;
    show("scan");
    scan.show(files, model, answer);
    if (document.activeElement === document.body) at("slice-at").focus({ preventScroll: true }); // for the arrow keys
  } catch (error) {
    if (signal.aborted) return;
    show("empty");
    showError(error, again);
  }
}

function showProgress(files, done, of) {
  at("waiting-text").textContent = `Segmenting ${nameOf(files)}: ${done} of ${of} slices`;
  at("progress").max = of;
  at("progress").value = done;
}

/** The service stops when it is no longer listened to. */
function cancel() {
  begin();
  again = null;
  show("empty");
  at("choose").focus();
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
  const forScans = offered.filter(({ scans }) => scans);
  at("scan-model").replaceChildren(...forScans.map(({ name }) => new Option(name)));
  show();
  at("knows").textContent = offered.length === 1 ? `The model knows ${offered[0].classes.join(", ")}.` : "";
  showSamples(offered);
  if (!forScans.length) return;
  Object.assign(at("file"), { accept: "", multiple: true }); // the files of a DICOM series have any name
  at("what").textContent = "Drop a scan of a head or a photo here to see what is in it, and how much of each.";
  at("choose").textContent = "Choose files";
  at("formats").textContent = "A NIfTI file, or the files, folder or zip of a DICOM series · JPEG, PNG or WebP";
}

function showSamples(offered) {
  const names = offered.toSorted((a, b) => b.default - a.default).map(({ name }) => name).filter(sampleOf);
  const buttons = names.map(sampleButton);
  at("sample-buttons").replaceChildren(...buttons);
  at("samples").hidden = !buttons.length;
}

function sampleButton(name) {
  const sample = sampleOf(name);
  const button = at("sample").content.firstElementChild.cloneNode(true);
  button.querySelector("img").src = sample.url;
  button.querySelector("span").textContent = name;
  listen(button, { click: () => trySample(name, sample) });
  return button;
}

async function copy({ target }) {
  const code = at(target.dataset.copies);
  try {
    await navigator.clipboard.writeText(code.textContent);
    target.textContent = "Copied";
  } catch { // no clipboard without HTTPS: leave it selected for Ctrl+C
    getSelection().selectAllChildren(code);
    target.textContent = "Selected";
  }
  setTimeout(() => (target.textContent = "Copy"), 2000);
}

/** Both overlays are as strong as either slider says. */
function setOpacity({ target: { value } }) {
  table.overlay.opacity = scan.opacity = value / 100;
  for (const id of ["opacity", "scan-opacity"]) {
    at(id).value = value;
    at(`${id}-text`).textContent = `${value} %`;
  }
}

/** Both overlays have the colours that either box says, and so has the next visit. */
function setSafe(safe) {
  table.safe = scan.safe = at("safe").checked = at("scan-safe").checked = safe;
  localStorage.setItem("safe", safe);
}

function dragging(event, over) {
  event.preventDefault();
  document.body.classList.toggle("dragging", over);
}

const chooseFile = () => at("file").click();
for (const id of ["choose", "another"]) listen(at(id), { click: chooseFile });
for (const id of ["start-film", "film"]) listen(at(id), { click: runCamera });
listen(at("stop"), { click: () => stopCamera() });
listen(at("picture"), { click: async () => take([await live.picture()]) });
listen(at("cancel"), { click: cancel });
for (const id of ["copy", "scan-copy"]) listen(at(id), { click: copy });
listen(at("file"), { change: ({ target }) => (take([...target.files]), (target.value = "")) });
listen(at("settings"), { change: () => again?.(), submit: (event) => event.preventDefault() });
for (const id of ["opacity", "scan-opacity"]) listen(at(id), { input: setOpacity });
for (const id of ["safe", "scan-safe"]) listen(at(id), { change: ({ target }) => setSafe(target.checked) });
listen(window, {
  dragover: (event) => dragging(event, true),
  dragleave: (event) => dragging(event, event.relatedTarget !== null),
  drop: async (event) => (dragging(event, false), take(await dropped(event.dataTransfer))),
  paste: (event) => take([...event.clipboardData.files]),
});
setSafe(localStorage.getItem("safe") === "true");
offerModels();
