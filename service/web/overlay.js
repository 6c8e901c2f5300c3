// The mask over the picture: which class a pixel has, and how each class is painted.

import { rgb, shades } from "./palette.js";

// Beyond this a picture is shown smaller: screens show no more, and phones refuse larger canvases.
const LONGEST_SIDE = 2048;
const NO_CLASS = 255;
const VEIL = [16, 22, 24, 190];
const STRIPES_ACROSS = 80; // a pattern's period is this part of the picture's width

/** Paints class ids onto a canvas. What follows `show` may be set at any time. */
export class Overlay {
  #canvas;
  #context;
  #image = null;
  #labels = null;
  #classes = [];
  #shades = new Map();
  #scheduled = false;
  #opacity = 0.55;
  #highlighted = null;
  #safe = false;
  #hidden = new Set();

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { willReadFrequently: true });
  }

  /** Show a mask, a bitmap in the colours of `classes`. */
  show(mask, classes) {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(mask.width, mask.height));
    const [width, height] = [mask.width, mask.height].map((side) => Math.max(1, Math.round(side * scale)));
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#context.imageSmoothingEnabled = false; // a blend of two colours would be no class's
    this.#context.drawImage(mask, 0, 0, width, height);
    mask.close();
    this.#image = this.#context.getImageData(0, 0, width, height);
    this.#labels = labelsOf(words(this.#image.data), classes);
    this.#classes = classes;
    this.#shades = shades(classes, this.#safe);
    this.#paint();
  }

  clear() {
    this.#image = this.#labels = this.#highlighted = null;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** 0..1 */
  set opacity(value) {
    this.#opacity = value;
    this.#schedule();
  }

  /** The id of a class that stands alone, or null. */
  set highlighted(id) {
    if (id === this.#highlighted) return;
    this.#highlighted = id;
    this.#schedule();
  }

  /** The ids of the classes that are not painted, a set. */
  set hidden(ids) {
    this.#hidden = ids;
    this.#schedule();
  }

  /** Whether the colours are those for any colour vision, not the model's. */
  set safe(value) {
    this.#safe = value;
    this.#shades = shades(this.#classes, value);
    this.#schedule();
  }

  shadeOf(id) {
    return this.#shades.get(id);
  }

  /** The class at a point of the picture, `x` and `y` in 0..1; null where there is none. */
  classAt(x, y) {
    if (!this.#labels) return null;
    const { width, height } = this.#canvas;
    const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
    const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
    const id = this.#labels[row * width + column];
    return this.#classes.find((class_) => class_.id === id) ?? null;
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#paint();
    });
  }

  #paint() {
    if (!this.#image) return;
    const [plain, lines] = [words(this.#paints("color")), words(this.#paints("lines"))];
    const pixels = words(this.#image.data);
    for (let i = 0; i < pixels.length; i++) pixels[i] = plain[this.#labels[i]];
    if (this.#safe) this.#hatch(pixels, lines);
    this.#context.putImageData(this.#image, 0, 0);
  }

  #hatch(pixels, lines) {
    const { width } = this.#canvas;
    const period = Math.max(4, Math.round(width / STRIPES_ACROSS));
    const patterns = Array.from({ length: 256 }, (_, id) => this.#shades.get(id)?.pattern ?? "plain");
    const thin = period / 3;
    for (let i = 0; i < pixels.length; i++) {
      const pattern = patterns[this.#labels[i]];
      if (pattern === "plain") continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      const crossed = pattern === "grid" && (x + period * y - y) % period < thin;
      if ((x + y) % period < thin || crossed) pixels[i] = lines[this.#labels[i]];
    }
  }

  /** RGBA by class id. A highlighted class stands alone, unless it is hidden: everything else goes dark. */
  #paints(part) {
    const paints = new Uint8ClampedArray(256 * 4);
    const alone = this.#hidden.has(this.#highlighted) ? null : this.#highlighted;
    if (alone !== null) for (let id = 0; id < 256; id++) paints.set(VEIL, id * 4);
    for (const { id } of this.#classes) {
      const painted = alone === null ? !this.#hidden.has(id) : alone === id;
      if (painted) paints.set([...rgb(this.#shades.get(id)[part]), 255 * this.#opacity], id * 4);
    }
    return paints;
  }
}

/** A class id per pixel, by the pixel's colour. */
function labelsOf(pixels, classes) {
  const ids = new Map(classes.map(({ id, color }) => [words(Uint8ClampedArray.from([...rgb(color), 255]))[0], id]));
  const labels = new Uint8Array(pixels.length);
  let color, id; // of the pixel before, which mostly has the same
  for (let i = 0; i < pixels.length; i++) {
    if (pixels[i] !== color) {
      color = pixels[i];
      id = ids.get(color) ?? NO_CLASS;
    }
    labels[i] = id;
  }
  return labels;
}

// Four bytes as one number, whichever the machine's byte order: colours are only compared and copied.
const words = (bytes) => new Uint32Array(bytes.buffer);
