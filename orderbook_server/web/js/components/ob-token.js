/**
 * Asks for the token where the server wants one. It is kept for the life of this tab.
 */

import { build, setText } from "../dom.js";
import { feed } from "../feed.js";
import { onFrame } from "../scheduler.js";
import { session } from "../session.js";

/** What can stand in a header: with anything else the page could ask the server for nothing any more. */
const SENDABLE = /^[\x21-\x7e]*$/;

class ObToken extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<dialog aria-labelledby="token-title" data-part="dialog"><form data-part="form" autocomplete="off">
         <h2 id="token-title">Token</h2>
         <p role="status" data-part="reason"></p>
         <label>Token<input name="token" type="password" spellcheck="false" autocomplete="off"></label>
         <p class="note">It is kept until this tab is closed, and sent to this server alone.
           <code>obctl token new</code> makes one.</p>
         <div class="buttons"><button type="button" class="text-button" data-action="close-token"
           data-part="close">Close</button>
         <button class="submit" data-action="save-token">Use this token</button></div></form></dialog>`,
    );
    const { form, close, dialog } = this.parts;
    close.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    onFrame(["status"], () => this.paint());
  }

  /** Ask, whether the server does or not. */
  open() {
    setText(this.parts.reason, session.token ? "Another token than before:" : "This server asks for one.");
    if (!this.parts.dialog.open) this.parts.dialog.showModal();
  }

  save() {
    const token = this.parts.form.elements.token.value.trim();
    if (!SENDABLE.test(token)) {
      setText(this.parts.reason, "This is no token: it has a character that is none of theirs.");
      return;
    }
    session.token = token;
    this.parts.form.reset();
    this.parts.dialog.close();
    feed.restart();
  }

  /** Open once each time the server locks the page out, so that whoever closes it is left alone. */
  paint() {
    const locked = feed.state === "locked";
    if (locked && !this.locked) {
      this.open();
      if (session.token) setText(this.parts.reason, `The server does not take the token: ${feed.reason}`);
    }
    this.locked = locked;
  }
}

customElements.define("ob-token", ObToken);
