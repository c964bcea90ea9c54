/**
 * The ladder: asks above, bids below, the best prices next to each other in the middle.
 *
 * A row belongs to a rank, not to a price: the first row of a side is always its best level. Rows are made once and
 * written where they differ.
 */

import { account } from "../account.js";
import { build, parts, setAttribute, setText, template } from "../dom.js";
import { market } from "../market.js";
import { onFrame } from "../scheduler.js";

const ROWS_MAX = 100;
const SIZE_WIDTH = 9;

const makeRow = template(
  `<div class="ladder-row" role="row"><span class="bar" data-part="bar" aria-hidden="true"></span><span
    class="price" role="cell"><button type="button" tabindex="-1" data-part="price"></button></span><span
    class="size" role="cell" data-part="size"></span><span class="orders" role="cell"
    data-part="orders"></span><span class="total" role="cell" data-part="total"></span></div>`,
);

/** One row, which knows what is written in it. */
class Row {
  constructor(side, index) {
    this.element = makeRow();
    this.parts = parts(this.element);
    this.element.dataset.side = side;
    if (index === 0) this.parts.price.tabIndex = 0;
    this.turn = 0;
  }

  /**
   * @param {import("../book.js").Level} level
   * @param {bigint} total of this level and the better ones
   * @param {number} change of the level since the last frame: 1, -1, or 0
   */
  write({ price, quantity, orders }, total, change) {
    const { element, parts: cells } = this;
    const moved = price !== this.price;
    if (moved) {
      element.dataset.price = price;
      setText(cells.price, market.tick.format(price));
      this.price = price;
    }
    if (quantity !== this.quantity) {
      element.dataset.quantity = quantity;
      this.writeAmount(cells.size, quantity);
      this.quantity = quantity;
    }
    if (orders !== this.orders) {
      element.dataset.orders = orders;
      setText(cells.orders, String(orders));
      this.orders = orders;
    }
    if (total !== this.total) {
      this.writeAmount(cells.total, total);
      this.total = total;
    }
    if (change) this.flash(change > 0 ? "up" : "down");
    else if (moved) delete cells.size.dataset.flash;
  }

  writeAmount(cell, lots) {
    const shown = market.lot.short(lots, SIZE_WIDTH);
    setText(cell, shown);
    setAttribute(cell, "title", market.lot.format(lots));
  }

  /** Flash anew: the same animation under another name begins from its start. */
  flash(direction) {
    this.turn = 1 - this.turn;
    this.parts.size.dataset.flash = `${direction}-${this.turn}`;
  }

  /** @param {number} share of the bar, 0 to 1 */
  stretch(share) {
    const width = share.toFixed(3);
    if (width === this.width) return;
    this.width = width;
    this.parts.bar.style.transform = `scaleX(${width})`;
  }
}

class ObLadder extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<header class="panel-head"><h2>Order book</h2><p class="note" data-part="note"></p></header>
       <div class="ladder-table" role="table" aria-label="Order book" data-part="table">
         <div class="ladder-columns" role="rowgroup"><div role="row">
           <span role="columnheader">Price</span><span role="columnheader">Size</span><span
           role="columnheader">Orders</span><span role="columnheader">Total</span></div></div>
         <div class="ladder-side asks" role="rowgroup" aria-label="Asks, the best first" data-part="ask"></div>
         <div class="ladder-spread" role="rowgroup"><div role="row"><span role="cell" data-part="spread"></span><span
           role="cell" data-part="mid"></span></div></div>
         <div class="ladder-side bids" role="rowgroup" aria-label="Bids, the best first" data-part="bid"></div>
       </div>`,
    );
    /** @type {Record<"bid" | "ask", Row[]>} the best first */
    this.rows = { bid: [], ask: [] };
    /** Rows that are in the document. */
    this.shown = { bid: 0, ask: 0 };
    this.addEventListener("click", (event) => this.choose(event.target.closest("[data-price]")));
    this.addEventListener("keydown", (event) => this.walk(event));
    onFrame(["market", "account"], () => this.paint());
  }

  paint() {
    const { book, changes } = market;
    if (this.instrument !== market.instrument) this.begin();
    const bids = this.totals(book.bids);
    const asks = this.totals(book.asks);
    const longest = [bids.at(-1) ?? 0n, asks.at(-1) ?? 0n].reduce((a, b) => (a > b ? a : b));
    this.paintSide(book.bids, bids, Number(longest));
    this.paintSide(book.asks, asks, Number(longest));
    changes.clear();
    this.paintMiddle(book);
  }

  /** Another instrument, in other units: nothing that is written counts any more. */
  begin() {
    this.instrument = market.instrument;
    this.widest = 0;
    for (const side of ["bid", "ask"]) {
      this.rows[side] = [];
      this.shown[side] = 0;
      this.parts[side].replaceChildren();
    }
    const { instrument } = market;
    setText(this.parts.note, instrument ? `${instrument.base} at ${instrument.quote}` : "");
  }

  /** Return the quantities of the levels that are shown, added up from the best on. */
  totals({ levels }) {
    const totals = [];
    let total = 0n;
    for (let index = 0; index < levels.length && index < ROWS_MAX; index += 1) {
      total += levels[index].quantity;
      totals.push(total);
    }
    return totals;
  }

  paintSide({ side, levels }, totals, longest) {
    const rows = this.rows[side];
    this.resize(side, totals.length);
    for (let index = 0; index < totals.length; index += 1) {
      const level = levels[index];
      rows[index].write(level, totals[index], market.changes.get(side + level.price) ?? 0);
      rows[index].stretch(Number(totals[index]) / longest);
      this.mark(rows[index], account.prices[side].has(level.price));
    }
    if (totals.length) this.widen(levels[0].price, levels[totals.length - 1].price);
    setAttribute(this.parts[side], "data-empty", String(totals.length === 0 && market.sequence !== undefined));
  }

  /** Have as many rows in the document as there are levels. */
  resize(side, count) {
    const rows = this.rows[side];
    while (rows.length < count) rows.push(new Row(side, rows.length));
    while (this.shown[side] < count) this.parts[side].append(rows[this.shown[side]++].element);
    while (this.shown[side] > count) rows[--this.shown[side]].element.remove();
  }

  /** Mark a level where the account of the ticket has orders. */
  mark(row, own) {
    if (row.own === own) return;
    row.own = own;
    row.element.toggleAttribute("data-own", own);
  }

  /** Give prices the width of the longest one so far: columns that breathe with the prices would jump. */
  widen(...prices) {
    const widest = Math.max(7, ...prices.map((price) => market.tick.format(price).length));
    if (widest <= this.widest) return;
    this.widest = widest;
    this.parts.table.style.setProperty("--price-width", `${widest + 1}ch`);
  }

  paintMiddle(book) {
    const [bid, ask] = [book.bids.best, book.asks.best];
    if (!bid || !ask) {
      setText(this.parts.spread, market.sequence === undefined ? "" : "No spread");
      setText(this.parts.mid, "");
      return;
    }
    const spread = ask.price - bid.price;
    const points = (2e4 * Number(spread)) / Number(book.doubleMid);
    setText(this.parts.spread, `Spread ${market.tick.format(spread)}`);
    setText(this.parts.mid, `${points < 100 ? points.toFixed(2) : points.toFixed(0)} bp`);
  }

  /** Say which price was chosen; the ticket listens. */
  choose(row) {
    if (!row) return;
    const detail = { price: BigInt(row.dataset.price) };
    this.dispatchEvent(new CustomEvent("price-chosen", { bubbles: true, detail }));
  }

  /** Arrow keys walk from price to price, through the middle too. */
  walk(event) {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const row = event.target.closest("[data-price]");
    if (!step || !row) return;
    event.preventDefault();
    const { ask, bid } = this.rows;
    const all = [...bid.slice(0, this.shown.bid).reverse(), ...ask.slice(0, this.shown.ask)];
    const at = all.findIndex(({ element }) => element === row);
    all[at + step]?.parts.price.focus();
  }
}

customElements.define("ob-ladder", ObLadder);
