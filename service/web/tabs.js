// Tabs as in the ARIA Authoring Practices: one of them is in the order of the Tab key, arrows go to the others.

import { listen } from "./dom.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/** `chosen(name)` is called with the data-name of a tab that is chosen. */
export class Tabs {
  #tabs;
  #panel;
  #chosen;

  constructor(list, panel, chosen) {
    [this.#tabs, this.#panel, this.#chosen] = [[...list.children], panel, chosen];
    listen(list, {
      click: ({ target }) => this.#choose(target.closest("[role=tab]")),
      keydown: (event) => this.#step(event),
    });
  }

  #step(event) {
    const by = STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const index = this.#tabs.indexOf(document.activeElement) + by;
    const tab = this.#tabs[Math.max(0, Math.min(this.#tabs.length - 1, index))];
    tab.focus();
    this.#choose(tab);
  }

  #choose(wanted) {
    if (!wanted) return;
    for (const tab of this.#tabs) {
      tab.ariaSelected = tab === wanted;
      tab.tabIndex = tab === wanted ? 0 : -1;
    }
    this.#panel.setAttribute("aria-labelledby", wanted.id);
    this.#chosen(wanted.dataset.name);
  }
}
