/**
 * The page: its parts, and the feed that they live on.
 */

import "./components/ob-account.js";
import "./components/ob-depth.js";
import "./components/ob-instruments.js";
import "./components/ob-ladder.js";
import "./components/ob-price.js";
import "./components/ob-status.js";
import "./components/ob-summary.js";
import "./components/ob-tape.js";
import "./components/ob-theme.js";
import "./components/ob-ticket.js";
import "./components/ob-token.js";
import { feed } from "./feed.js";

feed.start();
