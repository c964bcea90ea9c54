/**
 * The ladder: asks above, bids below, the best prices next to each other in the middle.
 *
 * A row belongs to a rank, not to a price: the first row of a side is always its best level. Rows are made once and
 * written where they differ.
 */

import { account } from "../account.js";
import { build, parts, setAttribute, setText, template, watchSight } from "../dom.js";
import { market } from "../market.js";
import { invalidate, onFrame } from "../scheduler.js";

const ROWS_MAX = 100;
const SIZE_WIDTH = 9;
const FLASH_MS = 300;
/** For so long amounts may be old in rows that are scrolled out of sight: there are up to two hundred rows. */
const UNSEEN_MS = 400;
/** Prices of more characters than this leave less room to the other columns. */
const LONG = 14;

const makeRow = template(
  `<div class="ladder-row" role="row"><span
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
    /** What stands in the cells: of a row that nobody sees it may be older than the row. */
    this.cells = {};
    this.seen = true;
    watchSight(this.element, (seen) => {
      this.seen = seen;
      if (seen) invalidate("sight");
    });
    if (index === 0) this.parts.price.tabIndex = 0;
    this.flashing = "";
    this.flashed = 0;
  }

  /**
   * @param {import("../book.js").Level} level
   */
  write({ price, quantity, orders }) {
    const { element } = this;
    if (price !== this.price) {
      element.dataset.price = price;
      setText(this.parts.price, market.tick.format(price));
      this.price = price;
      this.show("");
    }
    if (quantity !== this.quantity) {
      element.dataset.quantity = quantity;
      this.quantity = quantity;
    }
    if (orders !== this.orders) {
      element.dataset.orders = orders;
      this.orders = orders;
    }
  }

  /**
   * Write the cells beside the price, each where it differs: they are what costs, most of all to lay out.
   * @param {bigint} total of this level and the better ones
   */
  writeCells(total) {
    const { cells, parts: { size, orders, total: sum } } = this;
    if (this.quantity !== cells.quantity) this.writeAmount(size, this.quantity);
    if (this.orders !== cells.orders) setText(orders, String(this.orders));
    if (total !== cells.total) this.writeAmount(sum, total);
    cells.quantity = this.quantity;
    cells.orders = this.orders;
    cells.total = total;
  }

  /** Write an amount; where it is shortened, the exact one is its title. */
  writeAmount(cell, lots) {
    const exact = market.lot.format(lots);
    const long = exact.length > SIZE_WIDTH;
    setText(cell, long ? market.lot.short(lots, SIZE_WIDTH) : exact);
    if (long) setAttribute(cell, "title", exact);
    else if (cell.title) cell.title = "";
  }

  /**
   * Flash where the level has grown or shrunk, and end an old flash. It is switched on and off, and does not fade: the
   * browser would have to paint two hundred fading cells again and again, sixty times a second.
   * @param {number} change of the level since the last frame: 1, -1, or 0
   * @param {number} now
   * @returns {boolean} whether it flashes
   */
  flash(change, now) {
    if (change) {
      this.show(change > 0 ? "up" : "down");
      this.flashed = now;
    } else if (this.flashing && now - this.flashed >= FLASH_MS) {
      this.show("");
    }
    return this.flashing !== "";
  }

  show(direction) {
    if (direction === this.flashing) return;
    this.flashing = direction;
    this.parts.size.dataset.flash = direction;
  }

  /** @param {number} share of the bar, 0 to 1 */
  stretch(share) {
    const percent = Math.round(share * 200) / 2;
    if (percent === this.percent) return;
    this.percent = percent;
    this.element.style.backgroundSize = `${percent}% calc(100% - 2px)`;
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
    this.written = -Infinity; // when the rows out of sight were
    this.addEventListener("click", (event) => this.choose(event.target.closest("[data-price]")));
    this.addEventListener("keydown", (event) => this.walk(event));
    onFrame(["market", "account", "sight"], (now) => this.paint(now));
  }

  paint(now) {
    const { book } = market;
    if (this.instrument !== market.instrument) this.begin();
    const bids = this.totals(book.bids);
    const asks = this.totals(book.asks);
    const longest = [bids.at(-1) ?? 0n, asks.at(-1) ?? 0n].reduce((a, b) => (a > b ? a : b));
    const all = now - this.written >= UNSEEN_MS;
    if (all) this.written = now;
    this.pending = false;
    this.paintSide(book.bids, bids, Number(longest), now, all);
    this.paintSide(book.asks, asks, Number(longest), now, all);
    this.paintMiddle(book);
    if (this.pending) this.lookAgain();
  }

  /** Another instrument, in other units: nothing that is written counts any more. */
  begin() {
    this.instrument = market.instrument;
    this.widest = 0;
    this.written = -Infinity;
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

  /** Paint once more when flashes end and rows out of sight are due, should nothing happen until then. */
  lookAgain() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => invalidate("sight"), UNSEEN_MS);
  }

  paintSide({ side, levels }, totals, longest, now, all) {
    const rows = this.rows[side];
    this.resize(side, totals.length);
    for (let index = 0; index < totals.length; index += 1) {
      const level = levels[index];
      const row = rows[index];
      row.write(level);
      if (all || row.seen) row.writeCells(totals[index]);
      else this.pending = true;
      row.stretch(Number(totals[index]) / longest);
      if (row.flash(level.change, now)) this.pending = true;
      level.change = 0;
      this.mark(row, account.prices[side].has(level.price));
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
    this.parts.table.toggleAttribute("data-long", widest > LONG);
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
