// The result for a scan: its slices, the volumes of its tissues, and whether a person should look.

import { fileOf } from "./api.js";
import { at } from "./dom.js";
import { area, confidence, share, timings, volume, whole } from "./format.js";
import { tint } from "./palette.js";
import { Pointing } from "./pointing.js";
import { stem } from "./saving.js";
import { Slices } from "./slices.js";
import { scanCommand } from "./snippets.js";
import { Toggles } from "./toggles.js";

const BACKGROUND = 0;

export class ScanView {
  #slices = new Slices((index) => this.#moved(index));
  #pointing = new Pointing(at("tissues"), at("scan-frame"), at("scan-pointed"), this.#slices.overlay);
  #toggles = new Toggles(at("tissues"), at("scan-toggle-all"), this.#slices.overlay);
  #tissues = [];
  #urls = [];

  set opacity(value) {
    this.#slices.overlay.opacity = value;
  }

  /** Whether the colours are those for any colour vision. */
  set safe(value) {
    this.#slices.overlay.safe = value;
    this.#tint();
  }

  show(files, model, answer) {
    this.#pointing.clear();
    this.#tissues = answer.classes.filter(({ id }) => id !== BACKGROUND);
    at("tissues").replaceChildren(...this.#tissues.map(row));
    this.#toggles.renew(this.#tissues);
    at("brain-ml").textContent = volume(answer.intracranial_ml);
    this.#slices.show(answer.pictures, this.#tissues, answer.volume.spacing_mm);
    showReview(answer);
    showFacts(files, model, answer);
    this.#offer(stem(nameOf(files)), answer);
  }

  #moved(index) {
    const areas = this.#tissues.map(({ slice_mm2 }) => slice_mm2[index]);
    [...at("tissues").children].forEach((line, i) => (line.querySelector(".area").textContent = area(areas[i])));
    at("brain-area").textContent = area(areas.reduce((sum, mm2) => sum + mm2, 0));
    this.#tint();
    this.#pointing.renew();
  }

  #tint() {
    for (const line of at("tissues").children) tint(line, this.#slices.overlay.shadeOf(Number(line.dataset.id)));
  }

  #offer(name, { labels, segmentation }) {
    this.#urls.forEach((url) => URL.revokeObjectURL(url));
    this.#urls = [
      offer(at("save-labels"), labels, `${name}.labels.nii.gz`),
      offer(at("save-segmentation"), segmentation, `${name}.seg.dcm`),
    ];
  }
}

/** What a person calls the scan. */
export const nameOf = (files) => (files.length === 1 ? files[0].name : `${whole(files.length)} files`);

function row(class_) {
  const line = at("tissue").content.firstElementChild.cloneNode(true);
  const put = (selector, text) => (line.querySelector(selector).textContent = text);
  line.dataset.id = class_.id;
  line.style.setProperty("--share", class_.share ?? 0);
  put(".name", class_.name);
  line.querySelector("[type=checkbox]").ariaLabel = `Show ${class_.name}`;
  put(".ml", volume(class_.ml));
  put(".share", share(class_.share));
  put(".confidence", confidence(class_.confidence));
  return line;
}

function showReview({ review, reasons, notice }) {
  at("review").hidden = !review;
  at("reasons").replaceChildren(...reasons.map(({ detail }) => Object.assign(document.createElement("li"), { textContent: detail })));
  at("notice").textContent = notice;
}

function showFacts(files, model, answer) {
  const { volume: scan, model: by } = answer;
  const mm = scan.spacing_mm.map((side) => Number(side.toPrecision(3))).join(" × ");
  at("scan-size").textContent = `${scan.format} · ${scan.shape.join(" × ")} voxels of ${mm} mm`;
  at("scan-by").textContent = `${by.name}, version ${by.version}`;
  at("scan-digest").textContent = by.digest.replace("sha256:", "").slice(0, 12);
  at("scan-digest").title = by.digest;
  at("scan-timings").textContent = timings(answer.timings_ms);
  at("scan-warnings").textContent = answer.warnings.map(({ detail }) => detail).join(" ");
  at("scan-curl").textContent = scanCommand(files, model);
  at("scan-status").textContent = `${nameOf(files)} · axial, the patient's right is on the left`;
}

/** Let a link save a file of the answer; it is hidden where the answer has none. */
function offer(link, file, name) {
  link.hidden = !file;
  if (!file) return null;
  link.download = name;
  return (link.href = URL.createObjectURL(fileOf(file)));
}
