// Connected regions of the classes: which of them is pointed at, and its outline.

import { area, known, share } from "./format.js";

export class Regions {
  #outline;
  #probe = document.createElement("canvas").getContext("2d");
  #image = null;
  #shapes = new Map(); // by class id

  /** `outline` is an SVG of one path, over the picture. */
  constructor(outline) {
    this.#outline = outline;
  }

  /** `classes` have their regions, largest first, with polygons in pixels of the `image`. */
  show(image, classes) {
    this.#image = image;
    this.#outline.setAttribute("viewBox", `0 0 ${image.width} ${image.height}`);
    this.#shapes = new Map(classes.map(({ id, regions }) => [id, (regions ?? []).map(shapeOf)]));
  }

  clear() {
    this.#shapes.clear();
    this.#draw("");
  }

  /** What is at a point, `x` and `y` in 0..1; the region there gets its outline. `class_` may be null. */
  name(class_, x, y) {
    const shapes = this.#shapes.get(class_?.id) ?? [];
    const there = ({ path }) => this.#probe.isPointInPath(path, x * this.#image.width, y * this.#image.height, "evenodd");
    const index = shapes.findIndex(there);
    this.#draw(shapes[index]?.line ?? "");
    return index < 0 ? (class_?.name ?? "") : this.#sentence(class_, shapes[index].region, index, shapes.length);
  }

  #sentence({ name }, { pixels, area_mm2 }, index, count) {
    const number = count > 1 ? [`region ${index + 1} of ${count}`] : [];
    const size = known(area_mm2) ? [`${area(area_mm2)} mm²`] : [];
    return [name, ...number, share(pixels / (this.#image.width * this.#image.height)), ...size].join(" · ");
  }

  #draw(line) {
    this.#outline.firstElementChild.setAttribute("d", line);
  }
}

function shapeOf(region) {
  const line = (region.polygon ?? []).map((ring) => `M${ring.map((point) => point.join(" ")).join("L")}Z`).join("");
  return { region, line, path: new Path2D(line) };
}
