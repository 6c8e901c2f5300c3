import { Refused, curlCommand, fileOf, models, segment, segmentScan } from "./api.js";
import { at, listen } from "./dom.js";
import { dropped, isScan } from "./files.js";
import { area, confidence, known, share, timings, whole } from "./format.js";
import { Overlay } from "./overlay.js";
import { Pointing } from "./pointing.js";
import { ScanView, nameOf } from "./scan.js";

const VIEWS = ["empty", "waiting", "work", "scan"];
const overlay = new Overlay(at("overlay"));
const pointing = new Pointing(at("rows"), at("frame"), at("pointed"), overlay);
const scan = new ScanView();

let view = "empty"; // one of VIEWS
let file = null; // the photo on show
let again = null; // asks once more about what was given
let running = null; // aborts the request under way
let maskUrl = null;
let photoUrl = null;

const settings = () => ({ model: at("model").value, spacing: at("spacing").value.replaceAll(" ", "") });

async function take(files) {
  if (!files.length) return;
  if (await isScan(files)) {
    again = () => runScan(files);
  } else {
    file = files[0];
    showPhoto();
    again = () => run();
  }
  again();
}

function begin() {
  running?.abort();
  running = new AbortController();
  clearResult();
  return running;
}

function show(wanted = view) {
  view = wanted;
  for (const id of VIEWS) at(id).hidden = id !== view;
  const ofScan = view === "waiting" || view === "scan";
  at("another").hidden = view === "empty" || view === "waiting";
  at("spacing-field").hidden = ofScan; // its file has it
  at("model-field").hidden = ofScan || at("model").length < 2;
  at("scan-model-field").hidden = !ofScan || at("scan-model").length < 2;
}

// --- From photo to result ---

/** `window`: of 16-bit grey, the values that become black and white. */
async function run(window = "") {
  const mine = begin();
  const asked = { ...settings(), window };
  setBusy(true);
  try {
    const answer = await segment(file, asked, mine.signal);
    const mask = fileOf(answer.mask);
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
  show("work");
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
  pointing.clear();
  at("error").hidden = at("results").hidden = at("tools").hidden = true;
}

/** The photo stays where the browser can show it, so that the settings can be mended. */
async function giveUp(error) {
  const viewable = await at("photo").decode().then(() => true, () => false);
  show(viewable ? "work" : "empty");
  at("status").textContent = "";
  showError(error, again);
}

function showError(error, retry) {
  const refused = error instanceof Refused;
  at("error-text").textContent = refused ? error.message : "The service's answer could not be read; try again.";
  at("retry").hidden = refused && !error.passing;
  at("retry").onclick = retry;
  at("error").hidden = false;
}

// --- From scan to result ---

async function runScan(files) {
  const mine = begin();
  const model = at("scan-model").value;
  at("waiting-text").textContent = `Sending ${nameOf(files)} …`;
  at("progress").removeAttribute("value");
  show("waiting");
  try {
    const answer = await segmentScan(files, model, (done, of) => showProgress(files, done, of), mine.signal);
    if (mine.signal.aborted) return;
    show("scan");
    scan.show(files, model, answer);
    if (document.activeElement === document.body) at("slice-at").focus({ preventScroll: true }); // for the arrow keys
  } catch (error) {
    if (mine.signal.aborted) return;
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
  running.abort();
  again = null;
  show("empty");
  at("choose").focus();
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
  at("timings").textContent = timings(answer.timings_ms);
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

function offerDownload(mask) {
  URL.revokeObjectURL(maskUrl);
  maskUrl = URL.createObjectURL(mask);
  at("download").href = maskUrl;
  at("download").download = `${file.name.replace(/\.[^.]*$/, "")}.mask.png`;
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
  if (!forScans.length) return;
  Object.assign(at("file"), { accept: "", multiple: true }); // the files of a DICOM series have any name
  at("what").textContent = "Drop a scan of a head or a photo here to see what is in it, and how much of each.";
  at("choose").textContent = "Choose files";
  at("formats").textContent = "A NIfTI file, or the files, folder or zip of a DICOM series · JPEG, PNG or WebP";
}

async function copy({ target }) {
  const command = at(target.dataset.copies);
  try {
    await navigator.clipboard.writeText(command.textContent);
    target.textContent = "Copied";
  } catch { // no clipboard without HTTPS: leave it selected for Ctrl+C
    getSelection().selectAllChildren(command);
    target.textContent = "Selected";
  }
  setTimeout(() => (target.textContent = "Copy"), 2000);
}

/** Both overlays are as strong as either slider says. */
function setOpacity({ target: { value } }) {
  overlay.opacity = scan.opacity = value / 100;
  for (const id of ["opacity", "scan-opacity"]) {
    at(id).value = value;
    at(`${id}-text`).textContent = `${value} %`;
  }
}

function dragging(event, over) {
  event.preventDefault();
  document.body.classList.toggle("dragging", over);
}

const chooseFile = () => at("file").click();
listen(at("choose"), { click: chooseFile });
listen(at("another"), { click: chooseFile });
listen(at("cancel"), { click: cancel });
listen(at("copy"), { click: copy });
listen(at("scan-copy"), { click: copy });
listen(at("photo"), { load: fitFrame });
listen(at("file"), { change: ({ target }) => (take([...target.files]), (target.value = "")) });
listen(at("settings"), { change: () => again?.(), submit: (event) => event.preventDefault() });
listen(at("opacity"), { input: setOpacity });
listen(at("scan-opacity"), { input: setOpacity });
listen(window, {
  dragover: (event) => dragging(event, true),
  dragleave: (event) => dragging(event, event.relatedTarget !== null),
  drop: async (event) => (dragging(event, false), take(await dropped(event.dataTransfer))),
  paste: (event) => take([...event.clipboardData.files]),
});
offerModels();
