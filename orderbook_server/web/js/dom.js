/**
 * Small helpers for the components.
 */

/**
 * Fill an element with markup of this package, and return its parts by their data-part.
 * @param {HTMLElement} element
 * @param {string} markup a constant: nothing that comes from outside belongs in it
 * @returns {Record<string, HTMLElement>}
 */
export function build(element, markup) {
  element.innerHTML = markup;
  return parts(element);
}

/**
 * Return the parts of an element by their data-part.
 * @param {Element | DocumentFragment} element
 * @returns {Record<string, HTMLElement>}
 */
export function parts(element) {
  return Object.fromEntries([...element.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
}

/**
 * Write the text of an element that holds nothing else, where it differs: writing what is there would cost a layout.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  const node = element.firstChild;
  if (!node) element.append(text);
  else if (node.data !== text) node.data = text;
}

/**
 * Set an attribute where it differs.
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Return a function that makes copies of an element.
 * @param {string} markup of one element, a constant
 * @returns {() => HTMLElement}
 */
export function template(markup) {
  const holder = document.createElement("template");
  holder.innerHTML = markup.trim();
  return () => /** @type {HTMLElement} */ (holder.content.firstElementChild.cloneNode(true));
}

/** How far out of sight, in pixels, something counts as seen: scrolling must not meet what is old. */
const MARGIN = "150px";

/** @type {WeakMap<Element, (seen: boolean) => void>} */
const watchers = new WeakMap();

const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) watchers.get(target)(isIntersecting);
  },
  { rootMargin: MARGIN, scrollMargin: MARGIN },
);

/**
 * Be told when an element comes into sight, and when it leaves.
 * @param {Element} element
 * @param {(seen: boolean) => void} tell
 */
export function watchSight(element, tell) {
  watchers.set(element, tell);
  sight.observe(element);
}
