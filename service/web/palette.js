// How classes are painted: in the model's colours, or in colours that people with any colour vision can tell apart.

// "Muted", the qualitative scheme of Paul Tol: Colour Schemes, SRON technical note 09-002, issue 3.2, 2021.
const MUTED = ["#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499"];
// Of more classes, the next nine have the same colours with stripes, and the next with a grid.
const PATTERNS = ["plain", "stripes", "grid"];

/** Shades by class id. A shade is a colour, a pattern, and the colour of the pattern's lines. */
export function shades(classes, safe) {
  return new Map(classes.map(({ id, color }, index) => [id, safe ? safeShade(index) : plain(color)]));
}

const plain = (color) => ({ color, pattern: PATTERNS[0], lines: color });

function safeShade(index) {
  const color = MUTED[index % MUTED.length];
  const pattern = PATTERNS[Math.floor(index / MUTED.length) % PATTERNS.length];
  return { color, pattern, lines: pattern === PATTERNS[0] ? color : contrasting(color) };
}

function contrasting(color) {
  const [red, green, blue] = rgb(color);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 128 ? "#17211f" : "#ffffff"; // luma, ITU-R BT.601
}

/** Red, green and blue, 0..255. */
export const rgb = (color) => [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));

/** Give an element, such as a row of a table, the shade of its class. */
export function tint(element, { color, pattern, lines }) {
  element.style.setProperty("--color", color);
  element.style.setProperty("--lines", lines);
  element.dataset.pattern = pattern;
}
