/**
 * All drawing happens here, in one callback of the browser's animation frame, whatever comes in meanwhile.
 *
 * What has changed is said with `invalidate(topic)`. At the next frame each painter of the topic runs once, all in the
 * same frame, so that what they show belongs together. Slow painters (charts) ask for a rest between two runs, and one
 * of them at most runs in a frame. In a hidden tab there are no frames: nothing runs and nothing piles up.
 *
 * @typedef {{paint: (now: number) => void, rest: number, last: number}} Painter
 */

/** @type {Map<string, Painter[]>} */
const painters = new Map();
/** @type {Set<Painter>} */
const waiting = new Set();
let asked = false;

/**
 * Have something painted when one of its topics has changed.
 * @param {string[]} topics
 * @param {(now: number) => void} paint
 * @param {number} [rest] milliseconds between two runs; 0: it runs in every frame that has news, with all others
 */
export function onFrame(topics, paint, rest = 0) {
  const painter = { paint, rest, last: -Infinity };
  for (const topic of topics) painters.set(topic, [...(painters.get(topic) ?? []), painter]);
}

/**
 * Say that something has changed.
 * @param {string} topic
 */
export function invalidate(topic) {
  for (const painter of painters.get(topic) ?? []) waiting.add(painter);
  ask();
}

function ask() {
  if (asked || waiting.size === 0) return;
  asked = true;
  requestAnimationFrame(frame);
}

/** @param {number} now */
function frame(now) {
  asked = false;
  const slow = [];
  for (const painter of [...waiting]) {
    if (painter.rest) slow.push(painter);
    else run(painter, now);
  }
  const due = slow.filter((painter) => now - painter.last >= painter.rest).sort((a, b) => a.last - b.last);
  if (due.length) run(due[0], now);
  ask();
}

/** A painter that fails must not take the others with it, nor go unseen. */
function run(painter, now) {
  waiting.delete(painter);
  painter.last = now;
  try {
    painter.paint(now);
  } catch (error) {
    reportError(error);
  }
}
