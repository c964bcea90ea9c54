/**
 * The connection to the feed: it keeps itself up, and the market exactly as the server has it.
 */

import { market } from "./market.js";
import { getInstruments, Refusal } from "./rest.js";
import { invalidate } from "./scheduler.js";
import { session } from "./session.js";

/** @typedef {"live" | "connecting" | "resyncing" | "stale" | "locked"} State */

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5000;
const PING_MS = 2000;
const STALE_MS = 3000;
const DEAD_MS = 12000;
const AGAIN_MS = 2000;
const WATCH_MS = 250;
const UNAUTHENTICATED = 4001;

class Feed {
  constructor() {
    /** @type {State} */
    this.state = "connecting";
    /** What the server said last of why it would not go on. */
    this.reason = "";
    /** @type {number | undefined} milliseconds there and back */
    this.roundTrip = undefined;
    /** When the market was last heard of, on the page's clock. @type {number | undefined} */
    this.heard = undefined;
    /** @type {WebSocket | undefined} */
    this.socket = undefined;
    this.attempts = 0;
    this.awaiting = false; // a snapshot: updates that come before it belong to what was asked for earlier
    this.asked = 0; // when it was needed
    this.sent = 0; // when it was asked for last
    this.pinged = { nonce: 0, time: -Infinity };
    this.attempt = undefined;
    this.retry = undefined;
  }

  /** Connect, and stay connected. */
  start() {
    setInterval(() => this.watch(), WATCH_MS);
    this.connect();
  }

  /** Connect now, whatever was going on. */
  restart() {
    this.attempts = 0;
    this.drop();
    this.connect();
  }

  /**
   * Show another instrument.
   * @param {import("./market.js").Instrument} instrument
   */
  select(instrument) {
    market.select(instrument);
    session.rememberSymbol(instrument.symbol);
    if (this.socket?.readyState === WebSocket.OPEN) this.subscribe("connecting");
  }

  async connect() {
    clearTimeout(this.retry);
    this.become("connecting");
    const attempt = (this.attempt = Symbol("attempt"));
    const answer = await getInstruments().catch((refusal) => refusal);
    if (attempt !== this.attempt) return;
    if (answer instanceof Refusal) {
      this.later();
      return;
    }
    session.authentication = answer.authentication;
    this.adopt(answer.instruments);
    if (session.authentication && !session.token) {
      this.become("locked");
      return;
    }
    const address = new URL("api/v1/feed", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.search = "";
    const socket = new WebSocket(address);
    this.socket = socket;
    const current = (handle) => (event) => this.socket === socket && handle(event);
    socket.onopen = current(() => this.subscribe("connecting"));
    socket.onmessage = current((event) => this.receive(JSON.parse(event.data)));
    socket.onclose = current((event) => this.closed(event));
  }

  /** Take the instruments that the server has now; keep the one that is shown, if it is among them as it was. */
  adopt(instruments) {
    market.instruments = instruments;
    const wanted = market.instrument?.symbol ?? session.symbol;
    const chosen = instruments.find(({ symbol }) => symbol === wanted) ?? instruments[0];
    const same = ["symbol", "tick_size", "lot_size"].every((name) => market.instrument?.[name] === chosen[name]);
    if (!same) {
      market.select(chosen);
      session.rememberSymbol(chosen.symbol);
    }
    invalidate("instrument");
  }

  /** Ask for a snapshot of the chosen instrument. @param {State} state until it is there */
  subscribe(state) {
    this.awaiting = true;
    this.asked = performance.now();
    this.become(state);
    this.ask();
  }

  /** Ask for the snapshot, perhaps once more: the server refuses where there are too many messages. */
  ask() {
    this.sent = performance.now();
    const token = session.token ? { token: session.token } : {};
    this.send({ type: "subscribe", symbol: market.instrument.symbol, ...token });
  }

  send(message) {
    this.socket.send(JSON.stringify(message));
  }

  receive(message) {
    const now = performance.now();
    if (message.type === "pong") return this.ponged(message, now);
    if (message.type === "error") return this.refused(message);
    if (message.symbol !== market.instrument.symbol) return; // of the instrument before: it was under way
    if (message.type === "snapshot") {
      market.reset(message, now);
      this.awaiting = false;
      this.attempts = 0;
    } else {
      if (this.awaiting) return;
      if (BigInt(message.after) !== market.sequence) return this.subscribe("resyncing");
      market.apply(message, now);
    }
    this.heard = now;
    this.become("live");
  }

  ponged(message, now) {
    if (message.nonce !== String(this.pinged.nonce)) return;
    this.roundTrip = now - this.pinged.time;
    invalidate("status");
  }

  /** The server has refused a message, and the connection stays. */
  refused({ code, message }) {
    this.reason = message;
    if (code === "unknown_symbol") this.restart();
  }

  closed({ code, reason }) {
    this.reason = reason;
    this.socket = undefined;
    if (code === UNAUTHENTICATED) this.become("locked");
    else this.later();
  }

  /** Try again, each time after twice as long, and not all pages at the same moment. */
  later() {
    const longest = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.attempts);
    this.attempts += 1;
    this.become("connecting");
    this.retry = setTimeout(() => this.connect(), longest * (0.75 + Math.random() / 4));
  }

  /** Leave a connection without waiting for its end: a silent one would take long. */
  drop() {
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }

  /** Look after the connection, a few times a second. */
  watch() {
    const now = performance.now();
    invalidate("status");
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    if (now - this.pinged.time >= PING_MS) {
      this.pinged = { nonce: this.pinged.nonce + 1, time: now };
      this.send({ type: "ping", nonce: String(this.pinged.nonce) });
    }
    const silence = now - Math.max(this.asked, this.heard ?? 0);
    if (silence >= DEAD_MS) {
      this.drop();
      this.later();
    } else if (this.state === "live" && silence >= STALE_MS) {
      this.become("stale");
    } else if (this.awaiting && now - this.sent >= AGAIN_MS) {
      this.ask();
    }
  }

  /** @param {State} state */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    if (state !== "live") this.roundTrip = undefined;
    invalidate("status");
  }
}

export const feed = new Feed();
