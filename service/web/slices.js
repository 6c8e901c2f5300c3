// The slices of a scan under the colours of its tissues, one at a time.

import { fileOf } from "./api.js";
import { at, listen } from "./dom.js";
import { Overlay } from "./overlay.js";

const PER_SLICE = 40; // pixels by which a wheel is turned; a trackpad turns it by a few at a time

/** `moved(index)` is called whenever another slice is on show. */
export class Slices {
  overlay = new Overlay(at("scan-overlay"));
  #context = at("slice").getContext("2d");
  #moved;
  #pictures;
  #tissues;
  #pixel; // mm from row to row, and from column to column
  #index = 0;
  #wanted = 0; // counts what was asked for
  #drawing = false;
  #turned = 0;

  constructor(moved) {
    this.#moved = moved;
    listen(at("slice-at"), { input: ({ target }) => this.#go(Number(target.value)) });
    listen(at("scan-frame"), { wheel: (event) => this.#turn(event) });
  }

  /** Show the slice with the most of the `tissues`. `spacing`: mm from slice to slice, row to row, column to column. */
  show(pictures, tissues, spacing) {
    [this.#pictures, this.#tissues, this.#pixel] = [pictures, tissues, spacing.slice(1)];
    const areas = pictures.scan.map((_, index) => tissues.reduce((sum, { slice_mm2 }) => sum + slice_mm2[index], 0));
    const most = Math.max(...areas);
    at("slice-at").max = pictures.scan.length - 1;
    this.#go(most ? areas.indexOf(most) : Math.floor(areas.length / 2));
  }

  #go(index) {
    this.#index = index;
    this.#wanted++;
    at("slice-at").value = index;
    at("slice-text").textContent = `${index + 1} of ${this.#pictures.scan.length}`;
    at("slice-at").ariaValueText = at("slice-text").textContent;
    this.#draw();
  }

  #turn(event) {
    if (event.ctrlKey) return; // it zooms the page
    event.preventDefault();
    this.#turned -= event.deltaY * (event.deltaMode ? PER_SLICE : 1);
    const by = Math.trunc(this.#turned / PER_SLICE);
    this.#turned -= by * PER_SLICE;
    const index = Math.max(0, Math.min(this.#pictures.scan.length - 1, this.#index + by));
    if (index !== this.#index) this.#go(index);
  }

  /** One slice after the other; those that were passed while one was drawn are left out. */
  async #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    try {
      for (let drawn = -1; drawn !== this.#wanted; ) {
        drawn = this.#wanted;
        await this.#paint(this.#index);
      }
    } finally {
      this.#drawing = false;
    }
  }

  async #paint(index) {
    const { scan, mask } = this.#pictures;
    const [grey, colours] = await Promise.all([bitmap(scan[index]), bitmap(mask[index])]);
    const { width, height } = grey;
    const [row, column] = this.#pixel;
    at("scan").style.setProperty("--ratio", (width * column) / (height * row));
    Object.assign(at("slice"), { width, height });
    this.#context.drawImage(grey, 0, 0);
    grey.close();
    this.overlay.show(colours, this.#tissues);
    this.#moved(index);
  }
}

const bitmap = (data) =>
  createImageBitmap(fileOf({ data, media_type: "image/png" }), { colorSpaceConversion: "none" });
