/**
 * The instrument in figures: last price, spread, what has been traded, what rests.
 */

import { build, setAttribute, setText } from "../dom.js";
import { market } from "../market.js";
import { onFrame } from "../scheduler.js";
import { grouped } from "../units.js";

const NOTHING = "–";
const TITLE_REST_MS = 1000;

class ObSummary extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<p class="last" data-part="last"><span class="arrow" data-part="arrow" aria-hidden="true"></span><span
          data-part="price"></span> <span class="unit" data-part="quote"></span></p>
       <p class="halted" data-part="halted" hidden>halted</p>
       <dl>
         <div><dt>Change</dt><dd data-part="change"></dd></div>
         <div><dt>Volume</dt><dd data-part="volume"></dd></div>
         <div><dt>Trades</dt><dd data-part="trades"></dd></div>
         <div><dt>Orders</dt><dd data-part="orders"></dd></div>
         <div><dt>Levels</dt><dd data-part="levels"></dd></div>
       </dl>`,
    );
    onFrame(["market", "instrument"], () => this.paint());
    onFrame(["market", "instrument"], () => this.entitle(), TITLE_REST_MS);
  }

  paint() {
    const { last, arrow, price, quote, halted, change, volume, trades, orders, levels } = this.parts;
    const { lastPrice, totals, tick, lot, instrument } = market;
    const direction = this.turn(lastPrice);
    setAttribute(last, "data-direction", direction);
    setText(arrow, { up: "▲", down: "▼", flat: "" }[direction]);
    setText(price, lastPrice === undefined ? NOTHING : tick.format(lastPrice));
    setText(quote, instrument?.quote ?? "");
    halted.hidden = !market.halted;
    this.paintChange(change, lastPrice);
    setText(volume, totals ? `${lot.short(totals.volume, 10)} ${instrument.base}` : NOTHING);
    setText(trades, totals ? grouped(String(totals.trades)) : NOTHING);
    setText(orders, totals ? grouped(String(totals.orders)) : NOTHING);
    setText(levels, totals ? `${grouped(String(totals.bidLevels))} / ${grouped(String(totals.askLevels))}` : NOTHING);
    setAttribute(levels, "title", "of bids / of asks");
  }

  /** The change of the price over the bars that the page knows: an hour at most. */
  paintChange(element, lastPrice) {
    const first = market.bars.bars[0]?.open;
    const known = first !== undefined && lastPrice !== undefined && first > 0n;
    const percent = known ? (100 * Number(lastPrice - first)) / Number(first) : 0;
    const shown = Math.abs(percent).toFixed(2);
    const direction = Number(shown) === 0 ? "flat" : percent > 0 ? "up" : "down";
    setText(element, known ? `${{ up: "+", down: "−", flat: "" }[direction]}${shown} %` : NOTHING);
    setAttribute(element, "data-direction", direction);
    setAttribute(element, "title", "since the first trade on the chart, an hour ago at most");
  }

  /** Return where the price last went to: up, down, or nowhere yet. */
  turn(price) {
    if (this.generation !== market.generation) {
      this.generation = market.generation;
      this.direction = "flat";
    } else if (price !== undefined && this.before !== undefined && price !== this.before) {
      this.direction = price > this.before ? "up" : "down";
    }
    this.before = price;
    return this.direction;
  }

  /** The title of the tab, seen where the page is not. */
  entitle() {
    const { lastPrice, tick, instrument } = market;
    if (!instrument) return;
    document.title = lastPrice === undefined ? instrument.symbol : `${tick.format(lastPrice)} ${instrument.symbol}`;
  }
}

customElements.define("ob-summary", ObSummary);
