// The table of the classes in a picture, and the overlay that it belongs to.

import { at } from "./dom.js";
import { area, confidence, known, share, whole } from "./format.js";
import { Overlay } from "./overlay.js";
import { tint } from "./palette.js";
import { Pointing } from "./pointing.js";
import { Regions } from "./regions.js";
import { Toggles } from "./toggles.js";

export class ClassTable {
  overlay = new Overlay(at("overlay"));
  #regions = new Regions(at("outline"));
  #named = (class_, x, y) => this.#regions.name(class_, x, y);
  #pointing = new Pointing(at("rows"), at("frame"), at("pointed"), this.overlay, this.#named);
  #toggles = new Toggles(at("rows"), at("toggle-all"), this.overlay);
  #lines = new Map(); // by class

  clear() {
    this.overlay.clear();
    this.#regions.clear();
    this.#pointing.clear();
    this.#lines.clear();
  }

  /** Show an answer and its mask, a bitmap; gives the classes that are in it, the largest first. Rows come in that order, or
   * keep their places where `still`: a camera's change many times a second. */
  show({ image, classes }, mask, still) {
    this.overlay.show(mask, classes);
    this.#regions.show(image, classes);
    const found = classes.filter(({ pixels }) => pixels > 0).sort((a, b) => b.pixels - a.pixels);
    const lines = (still ? classes : found).map((class_) => this.#line(class_));
    if (lines.some((line, i) => line !== at("rows").children[i]) || lines.length !== at("rows").children.length) {
      at("rows").replaceChildren(...lines);
      this.#toggles.renew(classes);
    }
    const has = (field) => found.some((class_) => known(class_[field]));
    at("results").classList.toggle("without-area", !has("area_mm2"));
    at("results").classList.toggle("without-confidence", !has("confidence"));
    const absent = classes.filter(({ pixels }) => !pixels).map(({ name }) => name);
    at("absent").textContent = absent.length ? `Not found: ${absent.join(", ")}.` : "";
    return found;
  }

  /** Whether the colours are those for any colour vision. */
  set safe(value) {
    this.overlay.safe = value;
    for (const line of at("rows").children) tint(line, this.overlay.shadeOf(Number(line.dataset.id)));
  }

  #line(class_) {
    const key = `${class_.id} ${class_.name}`; // another model has other names
    const line = this.#lines.get(key) ?? newLine(class_);
    this.#lines.set(key, line);
    tint(line, this.overlay.shadeOf(class_.id));
    line.hidden = class_.pixels === 0;
    line.style.setProperty("--share", class_.fraction);
    const put = (selector, text) => (line.querySelector(selector).textContent = text);
    const count = class_.regions?.length ?? 0;
    put(".count", count > 1 ? `${whole(count)} regions` : "");
    put(".share", share(class_.fraction));
    put(".pixels", whole(class_.pixels));
    put(".area", area(class_.area_mm2));
    put(".confidence", confidence(class_.confidence));
    return line;
  }
}

function newLine({ id, name }) {
  const line = at("row").content.firstElementChild.cloneNode(true);
  line.dataset.id = id;
  line.querySelector(".name").textContent = name;
  line.querySelector("[type=checkbox]").ariaLabel = `Show ${name}`;
  return line;
}
