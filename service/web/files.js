// Reads the files that a person drops or chooses, and recognises scans by their first bytes.

const STARTS = [["DICM", 128], ["n+1", 344], ["n+2", 4], ["\x1f\x8b", 0], ["PK\x03\x04", 0]];

/** Whether one of the files is DICOM, NIfTI, gzipped, or a zip archive; others may lie beside it, such as an index. */
export async function isScan(files) {
  for (const file of files) {
    const bytes = new Uint8Array(await file.slice(0, 352).arrayBuffer());
    const has = ([text, place]) => [...text].every((character, i) => bytes[place + i] === character.charCodeAt(0));
    if (STARTS.some(has)) return true;
  }
  return false;
}

/** What was dropped, with the files in its folders. */
export async function dropped({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(({ isDirectory }) => isDirectory)) return [...files];
  return (await Promise.all(entries.map(within))).flat();
}

async function within(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a call gives some of them, the last one none
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return found;
    found.push(...(await Promise.all(entries.map(within))).flat());
  }
}
