// Which classes the overlay shows: a checkbox for each in the table, and a button for all.

import { listen } from "./dom.js";

export class Toggles {
  #rows;
  #all;
  #overlay;
  #hidden = new Set();
  #names = "";

  constructor(rows, all, overlay) {
    [this.#rows, this.#all, this.#overlay] = [rows, all, overlay];
    listen(rows, { change: ({ target }) => this.#set([target.closest("tr")], target.checked) });
    listen(all, { click: () => this.#set(rows.children, this.#hidden.size > 0) });
  }

  /** The rows are new. What was hidden stays so while the model has the same classes. */
  renew(classes) {
    const names = classes.map(({ name }) => name).join();
    if (names !== this.#names) this.#hidden = new Set();
    this.#names = names;
    this.#show();
  }

  #set(lines, shown) {
    for (const { dataset } of lines) {
      if (shown) this.#hidden.delete(Number(dataset.id));
      else this.#hidden.add(Number(dataset.id));
    }
    this.#show();
  }

  #show() {
    for (const line of this.#rows.children) {
      const box = line.querySelector("[type=checkbox]");
      box.checked = !this.#hidden.has(Number(line.dataset.id));
      line.classList.toggle("off", !box.checked);
    }
    this.#all.textContent = this.#hidden.size ? "Show all" : "Hide all";
    this.#overlay.hidden = this.#hidden;
  }
}
