// A picture for each model that comes with the service, so that it can be tried at once. Other models have none.

// street.jpg is the README's: rendered, and our own work. brain.webp was drawn by `python -m model_export heads` from a label
// map of SynthSeg (Billot et al. 2023, Apache-2.0): it is nobody's scan. objects.jpg is the cat Chelsea, a photo by
// Stefan van der Walt, CC0, from scikit-image.
const STREET = { file: "street.jpg", spacing: "" };
const SAMPLES = {
  street: STREET,
  "street-small": STREET,
  objects: { file: "objects.jpg", spacing: "" },
  brain: { file: "brain.webp", spacing: "0.5" },
};

/** The sample of a model: its address, its name and the mm of its pixels; null where there is none. */
export function sampleOf(model) {
  const sample = Object.hasOwn(SAMPLES, model) ? SAMPLES[model] : null;
  return sample && { ...sample, url: `web/samples/${sample.file}` };
}

export async function fetchSample({ url, file }) {
  const blob = await (await fetch(url)).blob();
  return new File([blob], file, { type: blob.type });
}
