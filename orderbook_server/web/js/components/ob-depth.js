/**
 * The depth chart: what rests up to each price, on both sides of the middle.
 */

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { axis, axisWidth, Chart, colours, lowerAxis, Origin, roundUp } from "../chart.js";
import { build, setText } from "../dom.js";
import { market } from "../market.js";
import { onFrame } from "../scheduler.js";

const REST_MS = 100;
/** The chart reaches from the middle to the level of this rank, on the side that lies further out. */
const REACH_LEVELS = 50;
/** The middle may stray by this share of the reach before the chart moves: it would shiver else. */
const STRAY = 0.08;

class ObDepth extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<header class="panel-head"><h2>Depth</h2><p class="note" data-part="note"></p></header>
       <div class="chart" data-part="chart" role="img" aria-label="Depth chart: quantities that rest up to each price
         on both sides; the order book has them in figures"></div>`,
    );
    this.origin = new Origin();
    this.begin();
    onFrame(["market"], () => this.paint(), REST_MS);
  }

  begin() {
    this.instrument = market.instrument;
    this.centre = 0;
    this.reach = 0;
    this.height = 0;
  }

  options() {
    const side = (name, align) => ({
      stroke: () => colours[name],
      fill: () => colours[`${name}-soft`],
      width: 1.5,
      paths: uPlot.paths.stepped({ align }),
      points: { show: false },
    });
    return {
      padding: [10, 0, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: () => [this.centre - this.reach, this.centre + this.reach] },
        y: { range: () => [0, this.height || 1] },
      },
      axes: [
        lowerAxis({ incrs: () => market.tick.steps() }, (price) => this.priceText(price)),
        axis({
          side: 1,
          space: 36,
          incrs: () => market.lot.steps(),
          size: (_, labels) => axisWidth(labels),
          values: (_, splits) => splits.map((split) => market.lot.short(BigInt(Math.round(split)), 8)),
        }),
      ],
      series: [{}, side("bid", -1), side("ask", 1)],
      hooks: { setCursor: [(plot) => this.read(plot)] },
    };
  }

  priceText(number) {
    const price = this.origin.price(number);
    return price < 0n ? "" : market.tick.format(price);
  }

  paint() {
    if (!market.instrument) return;
    this.chart ??= new Chart(this.parts.chart, this.options(), () => this.paint());
    if (this.instrument !== market.instrument) this.begin();
    const middle = market.book.doubleMid;
    if (middle === undefined) {
      this.chart.draw([[], [], []], market.sequence === undefined ? "…" : "No orders");
      setText(this.parts.note, this.unit());
      return;
    }
    this.aim(middle);
    this.chart.draw(this.data(), "");
    this.read(this.chart.plot);
  }

  /** Choose what is to be seen: the middle, and as much around it as the levels near it need. */
  aim(doubleMid) {
    if (this.origin.approach(doubleMid / 2n)) this.reach = 0;
    const middle = this.origin.number(doubleMid / 2n) + Number(doubleMid % 2n) / 2;
    const { bids, asks } = market.book;
    const distances = [bids, asks].map(({ levels }) => {
      const level = levels[Math.min(levels.length, REACH_LEVELS) - 1];
      return level ? Math.abs(this.origin.number(level.price) - middle) : 0;
    });
    const wanted = Math.max(2, ...distances);
    if (wanted > this.reach || wanted < 0.55 * this.reach) {
      this.reach = roundUp(1.1 * wanted);
      this.centre = middle;
    }
    if (Math.abs(middle - this.centre) > STRAY * this.reach) this.centre = middle;
  }

  /** Return prices, totals of bids, totals of asks, from the left to the right edge. */
  data() {
    const bids = this.totals(market.book.bids).reverse();
    const asks = this.totals(market.book.asks);
    const highest = Math.max(1, bids[0]?.total ?? 0, asks.at(-1)?.total ?? 0);
    if (highest > this.height || highest < 0.5 * this.height) this.height = roundUp(1.05 * highest);
    const all = [...bids, ...asks];
    return [
      all.map(({ price }) => price),
      all.map(({ total }, at) => (at < bids.length ? total : null)),
      all.map(({ total }, at) => (at < bids.length ? null : total)),
    ];
  }

  /** Add one side up from its best level to the edge of the chart. */
  totals({ levels, side }) {
    const edge = this.centre + (side === "bid" ? -this.reach : this.reach);
    const points = [];
    let total = 0n;
    for (const { price, quantity } of levels) {
      const at = this.origin.number(price);
      if (side === "bid" ? at < edge : at > edge) break;
      total += quantity;
      points.push({ price: at, total: Number(total) });
    }
    if (points.length) points.push({ price: edge, total: Number(total) });
    return points;
  }

  /** Say what is under the pointer: what an order up to that price would meet. */
  read(plot) {
    const { left } = plot.cursor;
    const price = left >= 0 && left !== null ? plot.posToVal(left, "x") : undefined;
    setText(this.parts.note, price === undefined || price < 0 ? this.unit() : this.reading(this.origin.price(price)));
  }

  unit() {
    return market.instrument ? `${market.instrument.base} up to each price` : "";
  }

  reading(price) {
    const { bids, asks } = market.book;
    const side = asks.best && price >= asks.best.price ? asks : bids;
    let total = 0n;
    for (const level of side.levels) {
      if (side === asks ? level.price > price : level.price < price) break;
      total += level.quantity;
    }
    const word = side === asks ? "asks" : "bids";
    return `${word} to ${market.tick.format(price)}: ${market.lot.short(total, 12)} ${market.instrument.base}`;
  }
}

customElements.define("ob-depth", ObDepth);
