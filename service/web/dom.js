// The page's elements and their events.

export const at = (id) => document.getElementById(id);

/** Not passive, so that a handler may keep the page from scrolling. */
export function listen(target, handlers) {
  for (const [type, handler] of Object.entries(handlers)) target.addEventListener(type, handler, { passive: false });
}
