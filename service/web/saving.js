// Files that a person saves.

/** Let the browser save a blob under a name. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // a browser may ask first where to put it
}

/** A file's name without what says its kind. */
export const stem = (name) => name.replace(/(\.nii)?(\.gz)?$|\.\w+$/, "");
