// The camera: its picture in a video element, and its newest frame as a file.

import { Refused } from "./api.js";

const QUALITY = 0.85; // of JPEG, 0..1
const WHY = {
  NotAllowedError: "The browser may not use the camera; allow it beside the address, then try again.",
  NotFoundError: "No camera was found; connect one, then try again.",
  NotReadableError: "The camera is in use by another program; close that, then try again.",
};

/** `lost()` is called when the camera is disconnected while it runs. */
export class Camera {
  #video;
  #lost;
  #stream = null;
  #canvas = document.createElement("canvas");

  constructor(video, lost) {
    [this.#video, this.#lost] = [video, lost];
  }

  /** Start, unless the signal came meanwhile. Throws Refused where there is no camera, or it may not be used. */
  async start(signal) {
    if (!navigator.mediaDevices) {
      throw new Refused("Browsers allow the camera on HTTPS or localhost only; open this page there.");
    }
    const wanted = { facingMode: "environment", width: { ideal: 1280 } };
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
    } catch ({ name }) {
      throw new Refused(WHY[name] ?? `The camera does not start (${name}); try again.`, true);
    }
    if (signal.aborted) return this.stop();
    this.#stream.getVideoTracks()[0].onended = this.#lost;
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = this.#video.srcObject = null;
  }

  /** The next frame that the camera shows, as a JPEG no larger than a width and height; null once stopped. */
  async frame(largest = { width: Infinity, height: Infinity }) {
    await this.#shown();
    if (!this.#stream) return null;
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, largest.width / videoWidth, largest.height / videoHeight);
    Object.assign(this.#canvas, { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) });
    this.#canvas.getContext("2d").drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    return new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }

  /** Until a frame is there that was not before. A tab in the background has none. */
  #shown() {
    return new Promise((resolve) => {
      if (!this.#stream) resolve();
      else if ("requestVideoFrameCallback" in this.#video) this.#video.requestVideoFrameCallback(resolve);
      else requestAnimationFrame(resolve);
    });
  }
}
