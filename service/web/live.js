// The camera's picture under its mask: the newest frame is sent when the answer to the one before is there.

import { FRAME, fileOf, modelCard, segment } from "./api.js";
import { Camera } from "./camera.js";
import { at } from "./dom.js";
import { oneDecimal, timings, whole } from "./format.js";
import { setRatio, showModel } from "./photo.js";

const PACE_MS = 3000; // over which frames are counted
const BUSY_MS = 1000; // to wait where the service has no room

export class LiveView {
  #camera;
  #table;
  #settings;
  #answered = []; // when the last answers came

  /** `settings()` are those of the next frame; `lost()` is called when the camera is disconnected. */
  constructor(table, settings, lost) {
    [this.#table, this.#settings] = [table, settings];
    this.#camera = new Camera(at("video"), lost);
  }

  /** Start the camera. Throws Refused where there is none to be had. */
  async start(signal) {
    this.#answered = [];
    await this.#camera.start(signal);
    setRatio(at("video").videoWidth, at("video").videoHeight);
  }

  stop() {
    this.#camera.stop();
  }

  /** Frame by frame, until the signal. Throws Refused. */
  async run(signal) {
    for (let model, largest; !signal.aborted; ) {
      const settings = { ...this.#settings(), include: FRAME };
      if (model !== settings.model) ({ input: largest } = await modelCard((model = settings.model)));
      const frame = await this.#camera.frame(largest);
      if (frame) await this.#ask(frame, settings, signal);
    }
  }

  /** What the camera shows, in its full size. */
  async picture() {
    return new File([await this.#camera.frame()], "camera.jpg", { type: "image/jpeg" });
  }

  async #ask(frame, settings, signal) {
    const began = performance.now();
    try {
      const answer = await segment(frame, settings, signal);
      const took = performance.now() - began;
      const mask = await createImageBitmap(fileOf(answer.mask), { colorSpaceConversion: "none" });
      if (!signal.aborted) this.#show(answer, mask, took);
    } catch (error) {
      if (error.status !== 503) throw error;
      at("pace").textContent = "The service is busy; the camera waits.";
      await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
    }
  }

  #show(answer, mask, took) {
    this.#table.show(answer, mask, true);
    showModel(answer.model);
    at("timings").textContent = timings(answer.timings_ms);
    at("warnings").textContent = answer.warnings.map(({ detail }) => detail).join(" ");
    const now = performance.now();
    this.#answered = [...this.#answered.filter((then) => now - then < PACE_MS), now];
    const seconds = (now - this.#answered[0]) / 1000;
    const pace = seconds ? `${oneDecimal((this.#answered.length - 1) / seconds)} frames/s · ` : "";
    at("pace").textContent = `${pace}${whole(took)} ms round trip`;
    at("results").hidden = false;
  }
}
