/**
 * The line that says how the page stands.
 */

import { build, setAttribute, setText } from "../dom.js";
import { feed } from "../feed.js";
import { market } from "../market.js";
import { onFrame } from "../scheduler.js";
import { grouped } from "../units.js";

const MEANINGS = {
  live: "The page shows the exchange as it was at this sequence number",
  connecting: "There is no connection; the page tries again",
  resyncing: "An update was missing; the page has asked for a snapshot",
  stale: "Nothing has come for 3 seconds; what is shown is old",
  locked: "The server asks for a token",
};

const NOTHING = "–";

/** @param {number | undefined} rate */
function rateText(rate) {
  if (rate === undefined) return NOTHING;
  return grouped(rate < 10 ? rate.toFixed(1) : rate.toFixed(0));
}

/** @param {number | undefined} milliseconds */
function roundTripText(milliseconds) {
  if (milliseconds === undefined) return NOTHING;
  return `${milliseconds < 100 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms`;
}

/** @param {number} milliseconds */
function ageText(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return "now";
  return seconds < 120 ? `${Math.floor(seconds)} s ago` : `${Math.floor(seconds / 60)} min ago`;
}

class ObStatus extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<span class="status-state" role="status" data-part="state"></span>
       <dl>
         <div><dt>Sequence</dt><dd class="status-sequence" data-part="sequence"></dd></div>
         <div><dt>Round trip</dt><dd class="status-trip" data-part="trip"></dd></div>
         <div><dt>Events/s</dt><dd class="status-rate" data-part="events"></dd></div>
         <div><dt>Trades/s</dt><dd class="status-rate" data-part="trades"></dd></div>
         <div><dt>Updated</dt><dd class="status-age" data-part="age"></dd></div>
       </dl>`,
    );
    onFrame(["market", "status"], () => this.paint());
  }

  paint() {
    const now = performance.now();
    const { state, sequence, trip, events, trades, age } = this.parts;
    setAttribute(this, "data-state", feed.state);
    setAttribute(document.body, "data-feed", feed.state);
    setText(state, feed.state);
    setAttribute(state, "title", feed.reason && feed.state !== "live" ? feed.reason : MEANINGS[feed.state]);
    setAttribute(this, "data-sequence", String(market.sequence ?? ""));
    setText(sequence, market.sequence === undefined ? NOTHING : grouped(String(market.sequence)));
    setText(trip, roundTripText(feed.roundTrip));
    setText(events, rateText(market.eventRate.perSecond(now)));
    setText(trades, rateText(market.tradeRate.perSecond(now)));
    setText(age, feed.heard === undefined ? NOTHING : ageText(now - feed.heard));
  }
}

customElements.define("ob-status", ObStatus);
