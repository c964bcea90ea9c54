/**
 * The tape: trades as they happen, the newest on top.
 */

import { build, parts, setAttribute, setText, template } from "../dom.js";
import { market } from "../market.js";
import { onFrame } from "../scheduler.js";
import { grouped } from "../units.js";

const ROWS_MAX = 60;
const SIZE_WIDTH = 9;

const makeRow = template(
  `<li class="tape-row"><span class="tape-side"><span data-part="sign" aria-hidden="true"></span><span
    data-part="side"></span></span><span class="price" data-part="price"></span><span data-part="size"></span><time
    data-part="time"></time></li>`,
);

/** @param {bigint} timeNs since 1970 @returns {string} the time of day here, to the millisecond */
function clock(timeNs) {
  const date = new Date(Number(timeNs / 1_000_000n));
  const two = (number) => String(number).padStart(2, "0");
  const milliseconds = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

class ObTape extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<header class="panel-head"><h2>Trades</h2><p class="note" data-part="skipped"></p></header>
       <div class="tape-columns" aria-hidden="true"><span>Side</span><span>Price</span><span data-part="base">Size</span
       ><span>Time</span></div>
       <ol class="tape-rows" data-part="rows" tabindex="0" aria-label="Trades, the newest first"></ol>`,
    );
    /** @type {{element: HTMLElement, parts: Record<string, HTMLElement>}[]} the newest first */
    this.rows = [];
    onFrame(["market"], () => this.paint());
  }

  paint() {
    const { tape, generation } = market;
    if (this.generation !== generation) {
      this.generation = generation;
      this.seen = 0;
      this.rows = [];
      this.parts.rows.replaceChildren();
      setText(this.parts.base, market.instrument ? `Size (${market.instrument.base})` : "Size");
    }
    const fresh = tape.newest(Math.min(ROWS_MAX, tape.added - this.seen));
    this.seen = tape.added;
    for (const entry of fresh) this.show(entry);
    const { skipped } = tape;
    setText(this.parts.skipped, skipped ? `${grouped(String(skipped))} more came too fast to be shown` : "");
  }

  /** Put an entry on top, in the row that has fallen off the end. */
  show(entry) {
    const row = this.rows.length < ROWS_MAX ? this.add() : this.rows.pop();
    this.rows.unshift(row);
    this.parts.rows.prepend(row.element);
    if ("gap" in entry) this.writeGap(row, entry);
    else this.writeTrade(row, entry);
  }

  add() {
    const element = makeRow();
    return { element, parts: parts(element) };
  }

  writeTrade({ element, parts: { sign, side, price, size, time } }, trade) {
    const data = { sequence: trade.sequence, price: trade.price, quantity: trade.quantity, side: trade.side };
    for (const [name, value] of Object.entries(data)) setAttribute(element, `data-${name}`, String(value));
    element.removeAttribute("data-skipped");
    const bought = trade.side === "bid";
    setText(sign, bought ? "▲" : "▼");
    setText(side, bought ? "Buy" : "Sell");
    setText(price, market.tick.format(trade.price));
    setText(size, market.lot.short(trade.quantity, SIZE_WIDTH));
    setText(time, clock(trade.timeNs));
  }

  writeGap({ element, parts: { sign, side, price, size, time } }, { gap }) {
    for (const name of ["sequence", "price", "quantity", "side"]) element.removeAttribute(`data-${name}`);
    setAttribute(element, "data-skipped", String(gap));
    setText(sign, "⋯");
    setText(side, `${grouped(String(gap))} more`);
    for (const part of [price, size, time]) setText(part, "");
  }
}

customElements.define("ob-tape", ObTape);
