// The mask over the photo: which class a pixel has, and how each class is painted.

// Beyond this a picture is shown smaller: screens show no more, and phones refuse larger canvases.
const LONGEST_SIDE = 2048;
const NO_CLASS = 255;
const VEIL = [16, 22, 24, 190];

/** Paints class ids onto a canvas. `opacity` (0..1) and `highlighted` (an id or null) may be set at any time. */
export class Overlay {
  #canvas;
  #context;
  #image;
  #labels;
  #classes = [];
  #scheduled = false;
  #opacity = 0.55;
  #highlighted = null;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { willReadFrequently: true });
  }

  /** Show a mask, a bitmap in the colours of `classes`. */
  show(mask, classes) {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(mask.width, mask.height));
    this.#canvas.width = Math.max(1, Math.round(mask.width * scale));
    this.#canvas.height = Math.max(1, Math.round(mask.height * scale));
    this.#context.imageSmoothingEnabled = false; // a blend of two colours would be no class's
    this.#context.drawImage(mask, 0, 0, this.#canvas.width, this.#canvas.height);
    mask.close();
    this.#image = this.#context.getImageData(0, 0, this.#canvas.width, this.#canvas.height);
    this.#labels = labelsOf(words(this.#image.data), classes);
    this.#classes = classes;
    this.#highlighted = null;
    this.#paint();
  }

  clear() {
    this.#image = this.#labels = null;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  set opacity(value) {
    this.#opacity = value;
    this.#schedule();
  }

  set highlighted(id) {
    if (id === this.#highlighted) return;
    this.#highlighted = id;
    this.#schedule();
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
    const paints = words(this.#paints());
    const pixels = words(this.#image.data);
    for (let i = 0; i < pixels.length; i++) pixels[i] = paints[this.#labels[i]];
    this.#context.putImageData(this.#image, 0, 0);
  }

  /** RGBA by class id. A highlighted class stands alone: everything else goes dark. */
  #paints() {
    const paints = new Uint8ClampedArray(256 * 4);
    if (this.#highlighted !== null) for (let id = 0; id < 256; id++) paints.set(VEIL, id * 4);
    for (const { id, color } of this.#classes) {
      if (this.#highlighted === null || this.#highlighted === id) {
        paints.set([...rgb(color), 255 * this.#opacity], id * 4);
      }
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

const rgb = (color) => [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));

// Four bytes as one number, whichever the machine's byte order: colours are only compared and copied.
const words = (bytes) => new Uint32Array(bytes.buffer);
