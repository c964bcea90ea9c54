/**
 * The tape: trades as they happen, the newest on top.
 */

import { build, parts, setAttribute, setText, template } from "../dom.js";
import { market } from "../market.js";
import { onFrame } from "../scheduler.js";
import { grouped } from "../units.js";

const ROWS_MAX = 60;
const SIZE_WIDTH = 8;
/** Prices of more characters than this leave no room for the time. */
const LONG = 11;
const DATA = ["sequence", "price", "quantity", "side"];

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
       <div class="tape-columns" aria-hidden="true"><span>Side</span><span>Price</span><span>Size</span
       ><span>Time</span></div>
       <ol class="tape-rows" data-part="rows" tabindex="0" aria-label="Trades, the newest first"></ol>`,
    );
    /** @type {{element: HTMLElement, parts: Record<string, HTMLElement>, entry?: object}[]} the newest first */
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
      this.removeAttribute("data-long");
    }
    if (this.seen !== tape.added) this.write(tape.newest(ROWS_MAX));
    this.seen = tape.added;
    setAttribute(this.parts.rows, "data-empty", String(tape.added === 0 && market.sequence !== undefined));
    const { skipped } = tape;
    setText(this.parts.skipped, skipped ? `${grouped(String(skipped))} more came too fast to be shown` : "");
  }

  /** Write the rows where they stand: to move them to new places would cost the browser several times as much. */
  write(entries) {
    while (this.rows.length < entries.length) this.rows.push(this.add());
    for (const [at, row] of this.rows.entries()) {
      const entry = entries[entries.length - 1 - at];
      if (row.entry === entry) continue;
      row.entry = entry;
      if ("gap" in entry) this.writeGap(row, entry);
      else this.writeTrade(row, entry);
    }
  }

  add() {
    const element = makeRow();
    this.parts.rows.append(element);
    return { element, parts: parts(element), entry: undefined };
  }

  writeTrade({ element, parts: { sign, side, price, size, time } }, trade) {
    const bought = trade.side === "bid";
    for (const name of DATA) setAttribute(element, `data-${name}`, String(trade[name]));
    element.removeAttribute("data-skipped");
    setText(sign, bought ? "▲" : "▼");
    setText(side, bought ? "Buy" : "Sell");
    const shown = market.tick.format(trade.price);
    setText(price, shown);
    if (shown.length > LONG) this.toggleAttribute("data-long", true);
    setText(size, market.lot.short(trade.quantity, SIZE_WIDTH));
    setText(time, clock(trade.timeNs));
  }

  writeGap({ element, parts: { sign, side, price, size, time } }, { gap }) {
    for (const name of DATA) element.removeAttribute(`data-${name}`);
    setAttribute(element, "data-skipped", String(gap));
    setText(sign, "⋯");
    setText(side, `${grouped(String(gap))} more`);
    for (const part of [price, size, time]) setText(part, "");
  }
}

customElements.define("ob-tape", ObTape);
