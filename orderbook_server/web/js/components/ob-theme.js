/**
 * Light, dark, or as the system has it.
 */

import { build, setAttribute, setText } from "../dom.js";
import { invalidate } from "../scheduler.js";

const KEY = "orderbook-theme";
const THEMES = ["auto", "light", "dark"];
const SIGNS = { auto: "◐", light: "☼", dark: "☾" };

class ObTheme extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<button type="button" class="icon-button" data-action="theme" data-part="button"><span aria-hidden="true"
        data-part="sign"></span></button>`,
    );
    this.parts.button.addEventListener("click", () => this.turn());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => invalidate("theme"));
    this.show();
  }

  get theme() {
    return document.documentElement.dataset.theme;
  }

  turn() {
    const next = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    document.documentElement.dataset.theme = next;
    localStorage.setItem(KEY, next);
    this.show();
    invalidate("theme");
  }

  show() {
    setText(this.parts.sign, SIGNS[this.theme]);
    const words = `Colours: ${this.theme === "auto" ? "as the system has them" : this.theme}`;
    setAttribute(this.parts.button, "aria-label", words);
    setAttribute(this.parts.button, "title", words);
  }
}

customElements.define("ob-theme", ObTheme);
