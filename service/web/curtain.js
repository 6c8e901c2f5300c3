// The handle between the picture as it is, to its left, and the picture with its mask, to its right.

import { listen } from "./dom.js";

const ARROWS = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2 };
const STEPS = { ...ARROWS, PageDown: -10, PageUp: 10, Home: -100, End: 100 };

/** `handle` has the role of a slider, and moves in `frame`, which has the place as --curtain, 0..1. */
export class Curtain {
  #frame;
  #handle;
  #percent = 0;

  constructor(frame, handle) {
    [this.#frame, this.#handle] = [frame, handle];
    listen(handle, {
      keydown: (event) => this.#step(event),
      pointerdown: ({ pointerId }) => handle.setPointerCapture(pointerId),
      pointermove: (event) => this.#drag(event),
    });
    this.#move(0);
  }

  #step(event) {
    const by = STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.#move(this.#percent + by);
  }

  #drag({ pointerId, clientX }) {
    if (!this.#handle.hasPointerCapture(pointerId)) return;
    const { left, width } = this.#frame.getBoundingClientRect();
    this.#move((100 * (clientX - left)) / width);
  }

  #move(percent) {
    this.#percent = Math.round(Math.max(0, Math.min(100, percent)));
    this.#frame.style.setProperty("--curtain", this.#percent / 100);
    this.#handle.ariaValueNow = this.#percent;
    this.#handle.ariaValueText = `${this.#percent} % of the picture without the mask`;
  }
}
