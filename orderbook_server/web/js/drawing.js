/**
 * What the price chart draws on uPlot's canvas. Positions are in pixels of the canvas.
 *
 * @typedef {{time: number, low: number, high: number, open: number, close: number, volume: number}} Candle
 * @typedef {{time: number, close: number, side: "bid" | "ask", volume: number}} Mark
 */

import { colours } from "./chart.js";

const VOLUME_SHARE = 0.16;
const SIDES = ["bid", "ask"];

/** Draw within the chart's own area, and leave the canvas as it was. */
function within(plot, draw) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, bbox);
  ctx.restore();
}

/** Return how wide a candle is, and where it begins: between its second and the next. */
function columns(plot, seconds) {
  const step = plot.valToPos(seconds, "x", true) - plot.valToPos(0, "x", true);
  const width = Math.max(1, Math.floor(step * 0.7));
  return { width, begin: (time) => Math.round(plot.valToPos(time, "x", true) - width / 2) };
}

/** A candle that ended where it began counts as risen. */
const rising = ({ open, close }) => close >= open;

/**
 * Draw volumes as columns on the ground.
 * @param {object} plot
 * @param {Candle[]} candles
 * @param {number} seconds of a candle
 */
export function drawVolume(plot, candles, seconds) {
  const most = candles.reduce((volume, candle) => Math.max(volume, candle.volume), 1);
  const { width, begin } = columns(plot, seconds);
  within(plot, (ctx, bbox) => {
    const ground = bbox.top + bbox.height;
    for (const candle of candles) {
      const height = Math.max(1, Math.round((candle.volume / most) * bbox.height * VOLUME_SHARE));
      ctx.fillStyle = colours[rising(candle) ? "bid-soft" : "ask-soft"];
      ctx.fillRect(begin(candle.time), ground - height, width, height);
    }
  });
}

/**
 * Draw candles: hollow where the price has risen, filled where it has fallen, so that colour is not all that tells.
 * @param {object} plot
 * @param {Candle[]} candles
 * @param {number} seconds of a candle
 */
export function drawCandles(plot, candles, seconds) {
  const { width, begin } = columns(plot, seconds);
  const line = Math.max(1, Math.round(devicePixelRatio));
  within(plot, (ctx) => {
    for (const candle of candles) {
      const [open, high, low, close] = ["open", "high", "low", "close"].map((name) => {
        return Math.round(plot.valToPos(candle[name], "y", true));
      });
      const left = begin(candle.time);
      const [top, bottom] = [Math.min(open, close), Math.max(open, close)];
      const height = Math.max(line, bottom - top);
      const middle = left + Math.floor((width - line) / 2);
      ctx.fillStyle = colours[rising(candle) ? "bid" : "ask"];
      ctx.fillRect(middle, high, line, top - high);
      ctx.fillRect(middle, bottom, line, low - bottom);
      ctx.fillRect(left, top, width, height);
      if (!rising(candle) || width <= 3 * line || height <= 2 * line) continue;
      ctx.fillStyle = colours.panel;
      ctx.fillRect(left + line, top + line, width - 2 * line, height - 2 * line);
    }
  });
}

/**
 * Draw trades as triangles on a stepped line, pointing up where the taker bought, larger for larger trades.
 * @param {object} plot
 * @param {Mark[]} marks oldest first
 */
export function drawMarks(plot, marks) {
  const most = marks.reduce((volume, mark) => Math.max(volume, mark.volume), 1);
  const places = marks.map(({ time, close, side, volume }) => {
    const size = (3 + 4 * Math.sqrt(volume / most)) * devicePixelRatio;
    return { x: plot.valToPos(time, "x", true), y: plot.valToPos(close, "y", true), side, size };
  });
  within(plot, (ctx) => {
    ctx.beginPath();
    ctx.moveTo(places[0].x, places[0].y);
    for (const [at, { x, y }] of places.entries()) {
      if (at) ctx.lineTo(x, places[at - 1].y);
      ctx.lineTo(x, y);
    }
    ctx.strokeStyle = colours.muted;
    ctx.lineWidth = devicePixelRatio;
    ctx.stroke();
    for (const side of SIDES) drawTriangles(ctx, side, places.filter((place) => place.side === side));
  });
}

/** Draw all triangles of a side as one path: hundreds of them cost as little as one. */
function drawTriangles(ctx, side, places) {
  const up = side === "bid" ? -1 : 1;
  ctx.beginPath();
  for (const { x, y, size } of places) {
    ctx.moveTo(x, y + up * size);
    ctx.lineTo(x + size * 0.9, y - up * size * 0.6);
    ctx.lineTo(x - size * 0.9, y - up * size * 0.6);
    ctx.closePath();
  }
  ctx.fillStyle = colours[side];
  ctx.fill();
}
