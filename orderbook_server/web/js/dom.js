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
 * Write text where it differs: writing what is there already would cost a layout.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
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
