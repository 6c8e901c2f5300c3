// Pointing at classes, in the table and in the picture.

import { listen } from "./dom.js";
import { tint } from "./palette.js";

/** Highlights in `overlay` what is pointed at in `rows`; names in `label` what is pointed at in `frame`.
 * `named(class_, x, y)` says what is at a place of the picture, 0..1; the class is null where there is none. */
export class Pointing {
  #rows;
  #frame;
  #label;
  #overlay;
  #named;
  #pinned = null; // id of the class a click keeps highlighted

  constructor(rows, frame, label, overlay, named = (class_) => class_?.name) {
    [this.#rows, this.#frame, this.#label, this.#overlay, this.#named] = [rows, frame, label, overlay, named];
    const over = ({ target }) => this.#highlight(target.closest("tr"));
    const out = () => this.#highlight(null);
    const point = (event) => this.#point(event);
    listen(frame, { pointermove: point, pointerdown: point, pointerleave: (event) => this.#unpoint(event) });
    listen(rows, { mouseover: over, mouseleave: out, focusin: over, focusout: out });
    const pin = ({ target }) => target.type !== "checkbox" && target.closest("tr") && this.#pin(target.closest("tr"));
    listen(rows, { click: pin });
  }

  clear() {
    this.#pinned = null;
    this.#label.hidden = true;
  }

  /** The overlay shows another picture: what is pinned stays highlighted. */
  renew() {
    this.#highlight(null);
    this.#label.hidden = true;
  }

  #highlight(line) {
    this.#overlay.highlighted = line ? Number(line.dataset.id) : this.#pinned;
  }

  #pin(line) {
    const id = Number(line.dataset.id);
    this.#pinned = this.#pinned === id ? null : id;
    for (const other of this.#rows.children) {
      other.querySelector("button").ariaPressed = Number(other.dataset.id) === this.#pinned;
    }
    this.#highlight(null);
  }

  #point(event) {
    const box = this.#frame.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const class_ = this.#overlay.classAt(x / box.width, y / box.height);
    const label = this.#label;
    label.hidden = !class_;
    this.#mark(class_);
    label.querySelector("span").textContent = this.#named(class_, x / box.width, y / box.height);
    if (!class_) return;
    tint(label, this.#overlay.shadeOf(class_.id));
    label.style.left = `${Math.max(0, Math.min(x + 14, box.width - label.offsetWidth - 4))}px`;
    label.style.top = `${y > label.offsetHeight + 18 ? y - label.offsetHeight - 12 : y + 20}px`;
  }

  #unpoint({ pointerType }) {
    if (pointerType === "touch") return; // a finger leaves at once; what it pointed at stays to be read
    this.#label.hidden = true;
    this.#named(null);
    this.#mark(null);
  }

  #mark(class_) {
    for (const line of this.#rows.children) {
      line.classList.toggle("pointed-at", class_ !== null && Number(line.dataset.id) === class_.id);
    }
  }
}
