/**
 * What the page knows of the market: the one state that all its parts draw from.
 */

import { Book } from "./book.js";
import { Rate } from "./rates.js";
import { invalidate } from "./scheduler.js";
import { Bars, readBar, readTrade, Tape } from "./trades.js";
import { Unit } from "./units.js";

/**
 * @typedef {{symbol: string, base: string, quote: string, tick_size: string, lot_size: string,
 *            halted: boolean}} Instrument
 * @typedef {{events: bigint, trades: bigint, volume: bigint, bidLevels: number, askLevels: number,
 *            orders: number}} Totals
 */

/** @returns {Totals} */
function readTotals(totals) {
  return {
    events: BigInt(totals.events),
    trades: BigInt(totals.trades),
    volume: BigInt(totals.volume),
    bidLevels: totals.bid_levels,
    askLevels: totals.ask_levels,
    orders: totals.orders,
  };
}

/** The market of one instrument, as the feed tells it. */
class Market {
  constructor() {
    /** @type {Instrument[]} */
    this.instruments = [];
    /** @type {Instrument | undefined} the one that is shown, or about to be */
    this.instrument = undefined;
    this.tick = new Unit("1");
    this.lot = new Unit("1");
    /** What balances of the quote asset count in. */
    this.value = new Unit("1");
    this.clear();
  }

  /** Forget all that belongs to an instrument. */
  clear() {
    this.book = new Book();
    this.tape = new Tape();
    this.bars = new Bars();
    /** @type {bigint | undefined} of the last event in here; undefined before the first snapshot */
    this.sequence = undefined;
    this.halted = false;
    /** @type {Totals | undefined} */
    this.totals = undefined;
    this.eventRate = new Rate();
    this.tradeRate = new Rate();
    /** Counts snapshots: who draws begins anew at another. */
    this.generation = (this.generation ?? 0) + 1;
    invalidate("market");
  }

  /**
   * Show another instrument.
   * @param {Instrument} instrument
   */
  select(instrument) {
    this.instrument = instrument;
    this.tick = new Unit(instrument.tick_size);
    this.lot = new Unit(instrument.lot_size);
    this.value = this.tick.times(this.lot);
    this.clear();
    invalidate("instrument");
  }

  /**
   * Begin with a snapshot of the feed.
   * @param {object} message
   * @param {number} time of the page's clock, in milliseconds
   */
  reset(message, time) {
    const trades = message.trades.map(readTrade);
    const bars = message.bars.map(readBar);
    const totals = readTotals(message.totals);
    const book = new Book();
    book.reset(message);
    this.clear();
    this.book = book;
    this.tape.add(trades, 0);
    this.bars = new Bars(bars);
    this.progress(message, totals, time);
  }

  /**
   * Go on with an update of the feed, which follows what is in here.
   * @param {object} message
   * @param {number} time of the page's clock, in milliseconds
   */
  apply(message, time) {
    const trades = message.trades.map(readTrade);
    const bars = message.bars.map(readBar);
    const totals = readTotals(message.totals);
    this.book.apply(message);
    this.tape.add(trades, message.skipped_trades);
    this.bars.set(bars);
    this.progress(message, totals, time);
  }

  /** Take over what snapshots and updates have in common. */
  progress(message, totals, time) {
    this.sequence = BigInt(message.sequence);
    this.halted = message.halted;
    this.totals = totals;
    this.eventRate.add(time, totals.events);
    this.tradeRate.add(time, totals.trades);
    invalidate("market");
  }

  /** @returns {bigint | undefined} the price of the last trade, in ticks */
  get lastPrice() {
    return this.tape.last?.price ?? this.bars.bars.at(-1)?.close;
  }
}

export const market = new Market();
