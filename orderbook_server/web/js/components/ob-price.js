/**
 * The price chart: candles with their volume, or each trade as a mark on a line.
 */

import { axis, axisWidth, Chart, lowerAxis, Origin } from "../chart.js";
import { build, setAttribute, setText } from "../dom.js";
import { drawCandles, drawMarks, drawVolume } from "../drawing.js";
import { market } from "../market.js";
import { onFrame } from "../scheduler.js";

const REST_MS = 100;
const CANDLE_PIXELS = 8;
const TRADES_MAX = 400;
const TRADES_SECONDS = 90;
const KEY = "orderbook-chart";
const SECOND_NS = 1e9;

/** Of the axis of time, in seconds. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** What the buttons choose: seconds of a candle; 0: trades. */
const VIEWS = [
  { seconds: 0, name: "Trades" },
  { seconds: 1, name: "1 s" },
  { seconds: 5, name: "5 s" },
  { seconds: 60, name: "1 min" },
];

/** @param {number} second since 1970 @param {boolean} seconds whether to show them */
function clock(second, seconds) {
  const date = new Date(second * 1000);
  const fields = [date.getHours(), date.getMinutes(), ...(seconds ? [date.getSeconds()] : [])];
  return fields.map((field) => String(field).padStart(2, "0")).join(":");
}

class ObPrice extends HTMLElement {
  connectedCallback() {
    const buttons = VIEWS.map(
      ({ seconds, name }) => `<button type="button" data-action="view" data-seconds="${seconds}">${name}</button>`,
    );
    this.parts = build(
      this,
      `<header class="panel-head"><h2>Price</h2><p class="note" data-part="note"></p>
         <div class="segments" role="group" aria-label="What a mark on the chart stands for">${buttons.join("")}</div>
       </header>
       <div class="chart" data-part="chart" role="img" aria-label="Chart of the prices of trades; the tape has them in
         figures"></div>`,
    );
    this.origin = new Origin();
    /** @type {(import("../drawing.js").Candle | import("../drawing.js").Mark)[]} oldest first */
    this.points = [];
    /** How many candles can be told apart. */
    this.count = 20;
    this.seconds = Number(localStorage.getItem(KEY) ?? 1);
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-seconds]");
      if (button) this.view(Number(button.dataset.seconds));
    });
    this.press();
    onFrame(["market"], () => this.paint(), REST_MS);
  }

  view(seconds) {
    this.seconds = seconds;
    localStorage.setItem(KEY, seconds);
    this.press();
    this.paint();
  }

  press() {
    for (const button of this.querySelectorAll("[data-seconds]")) {
      setAttribute(button, "aria-pressed", String(Number(button.dataset.seconds) === this.seconds));
    }
  }

  options() {
    return {
      padding: [12, 0, 0, 0],
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: false, range: () => this.times() }, y: { range: () => this.prices() } },
      axes: [
        lowerAxis({ incrs: TIME_STEPS }, (second, step) => clock(second, step < 60)),
        axis({
          side: 1,
          space: 36,
          incrs: () => market.tick.steps(),
          size: (_, labels) => axisWidth(labels),
          values: (_, splits) => splits.map((split) => market.tick.format(this.origin.price(split))),
        }),
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [(plot) => this.draw(plot)], setCursor: [(plot) => this.read(plot)] },
    };
  }

  paint() {
    if (!market.instrument) return;
    this.chart ??= new Chart(this.parts.chart, this.options(), () => this.paint());
    const price = market.lastPrice;
    if (price !== undefined) this.origin.approach(price);
    this.count = Math.max(20, Math.floor(this.chart.plot.width / CANDLE_PIXELS));
    this.points = this.seconds ? this.candles() : this.trades();
    const data = [this.points.map(({ time }) => time), this.points.map(({ close }) => close)];
    this.chart.draw(data, market.sequence === undefined ? "…" : "No trades yet");
    this.read(this.chart.plot);
  }

  candles() {
    const { count } = this;
    const last = market.bars.bars.at(-1)?.second ?? 0;
    const first = last - count * this.seconds;
    return market.bars
      .joined(this.seconds, count)
      .filter(({ second }) => second > first)
      .map(({ second, open, high, low, close, volume }) => {
        const [o, h, l, c] = [open, high, low, close].map((price) => this.origin.number(price));
        return { time: second, open: o, high: h, low: l, close: c, volume: Number(volume) };
      });
  }

  trades() {
    const trades = market.tape.newest(TRADES_MAX).filter((entry) => !("gap" in entry));
    const last = Number(trades.at(-1)?.timeNs ?? 0n) / SECOND_NS;
    return trades
      .map(({ timeNs, price, side, quantity }) => {
        const number = this.origin.number(price);
        const time = Number(timeNs) / SECOND_NS;
        return { time, low: number, high: number, close: number, side, volume: Number(quantity) };
      })
      .filter(({ time }) => time > last - TRADES_SECONDS);
  }

  /** Return the times at the edges. */
  times() {
    const { points, seconds } = this;
    const last = points.at(-1)?.time ?? 0;
    if (!seconds) {
      const first = Math.min(points[0]?.time ?? 0, last - 2);
      return [first, last + (last - first) / 40];
    }
    return [last - (this.count - 0.5) * seconds, last + 1.5 * seconds];
  }

  /** Return the prices at the edges: volume has the lowest fifth for itself. */
  prices() {
    let [low, high] = [Infinity, -Infinity];
    for (const point of this.points) {
      low = Math.min(low, point.low);
      high = Math.max(high, point.high);
    }
    if (low > high) return [0, 1];
    const span = Math.max(high - low, 4, Math.abs(high) * 1e-9);
    const middle = (low + high) / 2;
    return [middle - span * (this.seconds ? 0.85 : 0.6), middle + span * 0.58];
  }

  draw(plot) {
    if (!this.points.length) return;
    if (this.seconds) {
      drawVolume(plot, this.points, this.seconds);
      drawCandles(plot, this.points, this.seconds);
    } else {
      drawMarks(plot, this.points);
    }
  }

  /** Say what is under the pointer. */
  read(plot) {
    const { idx, left } = plot.cursor;
    const point = left >= 0 && idx !== null && idx !== undefined ? this.points[idx] : undefined;
    setText(this.parts.note, point ? this.reading(point) : (market.instrument?.quote ?? ""));
  }

  reading({ time, open, high, low, close, volume, side }) {
    const shown = (number) => market.tick.format(this.origin.price(number));
    const size = `${market.lot.short(BigInt(volume), 10)} ${market.instrument.base}`;
    if (side) return `${clock(time, true)}  ${side === "bid" ? "▲ Buy" : "▼ Sell"} ${size} at ${shown(close)}`;
    return `${clock(time, true)}  O ${shown(open)}  H ${shown(high)}  L ${shown(low)}  C ${shown(close)}  V ${size}`;
  }
}

customElements.define("ob-price", ObPrice);
