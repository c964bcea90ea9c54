/**
 * What the two charts have in common: their size, their colours, axes that count in ticks and lots.
 */

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { setAttribute } from "./dom.js";
import { onFrame } from "./scheduler.js";

/** Above this, numbers of JavaScript skip integers: prices are then drawn as distances from a round one near them. */
const EXACT_MAX = 2n ** 52n;

const CHARACTER = 6.6; // pixels, about

const COLOURS = ["text", "panel", "muted", "grid", "bid", "ask", "bid-soft", "ask-soft", "accent"];

/** @type {Record<string, string>} the page's colours as a canvas understands them */
export const colours = {};

function readColours() {
  const probe = document.body.appendChild(document.createElement("i"));
  for (const name of COLOURS) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}

/** Where a chart begins to count, so that 64 bits fit into numbers near the price. */
export class Origin {
  constructor() {
    this.base = 0n;
  }

  /** Move near a price, if the base is far from it. @param {bigint} price @returns {boolean} whether it moved */
  approach(price) {
    const distance = price > this.base ? price - this.base : this.base - price;
    if (distance < EXACT_MAX) return false;
    this.base = price - (price % 10n ** 12n);
    return true;
  }

  /** @param {bigint} price @returns {number} */
  number(price) {
    return Number(price - this.base);
  }

  /** @param {number} number @returns {bigint} */
  price(number) {
    return this.base + BigInt(Math.round(number));
  }
}

/** A uPlot chart that fills an element. */
export class Chart {
  /**
   * @param {HTMLElement} element
   * @param {object} options of uPlot, but for the size
   * @param {() => void} paint draws the data that there is now
   */
  constructor(element, options, paint) {
    this.element = element;
    const legend = { show: false };
    const { clientWidth: width, clientHeight: height } = element;
    if (!colours.text) readColours();
    this.plot = new uPlot({ ...options, legend, width, height }, options.series.map(() => []), element);
    new ResizeObserver(() => this.resize()).observe(element);
    onFrame(["theme"], () => {
      readColours();
      paint();
    });
  }

  /**
   * Draw.
   * @param {Array<Array<number | null>>} data of uPlot
   * @param {string} nothing what to say instead where there is none
   */
  draw(data, nothing) {
    setAttribute(this.element, "data-nothing", data[0].length ? "" : nothing);
    this.plot.setData(data);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width && height) this.plot.setSize({ width, height });
  }
}

/**
 * Return an axis in the page's colours.
 * @param {object} options of uPlot
 */
export function axis(options) {
  return {
    stroke: () => colours.muted,
    font: "11px system-ui, sans-serif",
    gap: 6,
    grid: { stroke: () => colours.grid, width: 1 },
    ticks: { show: false },
    ...options,
  };
}

/**
 * Return an axis below a chart: its labels keep clear of each other and of the edges.
 * @param {object} options of uPlot
 * @param {(number: number, step: number) => string} label of a place on the axis
 */
export function lowerAxis(options, label) {
  return axis({
    size: 24,
    space: (_, __, least, most) => 30 + CHARACTER * Math.max(label(least, 1).length, label(most, 1).length),
    filter: (plot, splits, _, __, step) => {
      const width = plot.bbox.width / devicePixelRatio; // asking an element would force a layout
      return splits.map((split) => {
        const left = plot.valToPos(split, "x");
        const half = (CHARACTER * label(split, step).length) / 2;
        return left < half || left > width ? null : split; // on the right there is room below the other axis
      });
    },
    values: (_, splits, __, ___, step) => splits.map((split) => (split === null ? "" : label(split, step))),
    ...options,
  });
}

/**
 * Return how wide an axis on the side must be for its labels.
 * @param {string[] | null} labels
 */
export function axisWidth(labels) {
  const longest = (labels ?? []).reduce((length, label) => Math.max(length, label.length), 5);
  return 16 + CHARACTER * Math.min(28, longest);
}

/**
 * Return the smallest number of a few round forms that is no less.
 * @param {number} number above 0
 */
export function roundUp(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= number);
}
