// A photo, and the result for it.

import { fileOf, overlaid } from "./api.js";
import { at, listen } from "./dom.js";
import { timings } from "./format.js";
import { save, stem } from "./saving.js";
import { snippets } from "./snippets.js";
import { Tabs } from "./tabs.js";

export class PhotoView {
  file = null;
  #url = null;
  #asked = null;
  #answer = null;
  #language = "curl";

  /** `failed(error, retry)` is told of what cannot be saved. */
  constructor(failed) {
    new Tabs(at("languages"), at("code-panel"), (language) => this.#speak(language));
    listen(at("photo"), { load: () => this.#fit() });
    listen(at("save-mask"), { click: () => save(fileOf(this.#answer.mask), `${stem(this.file.name)}.mask.png`) });
    listen(at("save-json"), { click: () => save(this.#json(), `${stem(this.file.name)}.json`) });
    const saveOverlay = () => this.#saveOverlay().catch((error) => failed(error, saveOverlay));
    listen(at("save-overlay"), { click: saveOverlay });
  }

  open(file) {
    this.file = file;
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(file);
    delete at("photo").dataset.orientation;
    Object.assign(at("photo"), { src: this.#url, alt: file.name });
  }

  /** Whether the browser can show the file. */
  viewable() {
    return at("photo").decode().then(() => true, () => false);
  }

  /** `found`: the classes that are in it, the largest first. */
  show(answer, found, asked) {
    [this.#answer, this.#asked] = [answer, asked];
    const { image, model, warnings } = answer;
    at("photo").dataset.orientation = image.orientation;
    setRatio(image.width, image.height);
    at("status").textContent =
      `${this.file.name} · ${image.width} × ${image.height} pixels · ` +
      (found.length === 1 ? `all of it ${found[0].name}` : `${found.length} classes, the largest is ${found[0].name}`);
    showModel(model);
    at("timings").textContent = timings(answer.timings_ms);
    const windowed = asked.window ? ["The smallest and largest of its 16-bit values were made black and white."] : [];
    at("warnings").textContent = [...windowed, ...warnings.map(({ detail }) => detail)].join(" ");
    this.#speak(this.#language);
  }

  #speak(language) {
    this.#language = language;
    at("code").textContent = snippets(this.file, this.#asked)[language];
  }

  /** Before the service has answered, the browser decides which way up the photo is. */
  #fit() {
    const { naturalWidth: width, naturalHeight: height, dataset } = at("photo");
    if (width && height && !dataset.orientation) setRatio(width, height);
  }

  #json() {
    return new Blob([JSON.stringify(this.#answer)], { type: "application/json" });
  }

  async #saveOverlay() {
    const { file } = this;
    save(await overlaid(file, this.#asked), `${stem(file.name)}.overlay.webp`);
  }
}

export const setRatio = (width, height) => at("frame").style.setProperty("--ratio", width / height);

export function showModel({ name, version, digest }) {
  at("model-name").textContent = `${name}, version ${version}`;
  at("digest").textContent = digest.replace("sha256:", "").slice(0, 12);
  at("digest").title = digest;
}
