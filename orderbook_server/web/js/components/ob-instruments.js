/**
 * The picker of the instrument.
 */

import { build } from "../dom.js";
import { feed } from "../feed.js";
import { market } from "../market.js";
import { onFrame } from "../scheduler.js";

class ObInstruments extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<select name="symbol" aria-label="Instrument" data-part="select"><option>…</option></select>`,
    );
    this.parts.select.addEventListener("change", () => this.choose(this.parts.select.value));
    onFrame(["instrument"], () => this.paint());
  }

  choose(symbol) {
    const instrument = market.instruments.find((each) => each.symbol === symbol);
    if (instrument && instrument !== market.instrument) feed.select(instrument);
  }

  paint() {
    const { select } = this.parts;
    if (this.listed !== market.instruments) {
      this.listed = market.instruments;
      select.replaceChildren(...this.listed.map(({ symbol }) => new Option(symbol)));
    }
    select.value = market.instrument.symbol;
    select.title = select.value;
  }
}

customElements.define("ob-instruments", ObInstruments);
