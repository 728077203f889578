/* What the review card and the review grid share.
 *
 * Outbox: answers wait here, also in localStorage against a closed tab, until the server says that they are stored.
 * Courier: sends them all together, again and again, until then; an event that arrives twice is stored once.
 */

const SEND_AFTER = 60; // ms: answers that come close together travel together
const RETRY_AFTER = 2500; // ms without an acknowledgement
const CALL_IT_WAITING = 3500; // ms after which a person is told that answers wait here
const MOST_AT_ONCE = 400; // events in one message
const IDLE = 20000; // ms without key, pointer or touch after which time is no longer counted as work

/* Carries events to the server until it says that they are stored.
 *
 * `prefix` names the outbox in localStorage. `message()` gives what else each message says; `asking()` tells whether
 * that is worth a message of its own. The page calls `receive` with the server's acknowledgement on each of its runs.
 */
class Courier {
  constructor(prefix, { message = () => ({}), asking = () => false } = {}) {
    this.instance = uuid();
    this.outbox = new Outbox(prefix);
    this.message = message;
    this.asking = asking;
    this.stamp = 0;
    this.sent = null; // {stamp, at, since} of the message that is not acknowledged yet
    this.problem = "";
    if (this.outbox.size) this.sendSoon();
  }

  record(event) {
    this.outbox.add(event);
    this.sendSoon();
  }

  receive(ack, setState) {
    this.setState = setState;
    if (!ack) {
      if (this.sent) this.retrySoon(); // a new session that has not seen our message
      return;
    }
    this.outbox.remove([...ack.stored, ...Object.keys(ack.refused)]);
    const refusals = Object.values(ack.refused);
    if (refusals.length) this.problem = refusals[0];
    if (ack.error) {
      this.problem = ack.error;
      return; // nothing was stored; the retry timer sends again
    }
    if (!refusals.length && ack.stored.length) this.problem = "";
    if (this.sent && ack.stamp === this.sent.stamp) {
      this.sent = null;
      if (this.outbox.size || this.asking()) this.sendSoon();
    } else if (this.sent && ack.instance !== this.instance) {
      this.retrySoon();
    }
  }

  sendSoon() {
    this.timer ??= setTimeout(() => this.send(), SEND_AFTER);
  }

  retrySoon() {
    if (this.sent) this.sent.at = 0;
    this.timer ??= setTimeout(() => this.send(), 400);
  }

  /* At once, whatever is under way: the page is about to go. */
  sendNow() {
    clearTimeout(this.timer);
    if (this.sent) this.sent.at = 0;
    if (this.setState) this.send();
  }

  send() {
    this.timer = null;
    const now = performance.now();
    if (this.sent && now - this.sent.at < RETRY_AFTER) return;
    if (!this.outbox.size && !this.asking()) return;
    const stamp = ++this.stamp;
    this.sent = { stamp, at: now, since: this.sent?.since ?? now };
    const events = this.outbox.first(MOST_AT_ONCE);
    this.setState("outbox", { instance: this.instance, stamp, events, ...this.message() });
  }

  /* Called twice a second: sends again what was not acknowledged. */
  tick() {
    if (this.sent && performance.now() - this.sent.at >= RETRY_AFTER) this.send();
  }

  /* {state: saved | saving | waiting, count, text}: what a person should know about answers that are not stored. */
  get standing() {
    const count = this.outbox.size;
    const answers = count === 1 ? "1 answer" : `${count.toLocaleString()} answers`;
    const late = count && this.sent && performance.now() - this.sent.since > CALL_IT_WAITING;
    let state = "saved";
    let text = "All saved";
    if (this.problem) {
      state = "waiting";
      text = count ? `${this.problem} ${answers} ${count === 1 ? "waits" : "wait"} here.` : this.problem;
    } else if (late) {
      state = "waiting";
      text =
        count === 1
          ? "1 answer waits here; it is sent when the server is back"
          : `${answers} wait here; they are sent when the server is back`;
    } else if (count) {
      state = "saving";
      text = `Saving ${count.toLocaleString()}`;
    }
    return { state, count, text };
  }

  leave() {
    clearTimeout(this.timer);
  }
}

/* Events that are not acknowledged yet, in the order in which they were made; a copy of each is in localStorage. */
class Outbox {
  constructor(prefix) {
    this.prefix = prefix;
    this.events = new Map();
    this.number = 0;
    const kept = [];
    for (const name of names()) {
      if (name.startsWith(prefix)) kept.push(JSON.parse(read(name)));
    }
    kept.sort((one, other) => one.number - other.number);
    for (const { number, event } of kept) {
      this.events.set(event.id, event);
      this.number = number;
    }
  }

  get size() {
    return this.events.size;
  }

  add(event) {
    this.number = Math.max(this.number + 1, Date.now() * 100);
    this.events.set(event.id, event);
    write(this.prefix + event.id, JSON.stringify({ number: this.number, event }));
  }

  remove(ids) {
    for (const id of ids) {
      if (this.events.delete(id)) forget(this.prefix + id);
    }
  }

  first(count) {
    return [...this.events.values()].slice(0, count);
  }
}

/* Time with a face on the screen, without the time in which nobody was there. */
class Clock {
  start() {
    this.active = 0;
    this.at = performance.now();
  }

  touch() {
    if (this.at === undefined) return;
    const now = performance.now();
    this.active += Math.min(now - this.at, IDLE);
    this.at = now;
  }

  pause() {
    this.touch();
    this.at = undefined;
  }

  resume() {
    this.at = performance.now();
  }

  read() {
    this.touch();
    return Math.round(this.active ?? 0);
  }
}

/* Run after the frame that holds the current changes was painted. */
function afterPaint(run) {
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = run;
    channel.port2.postMessage(null);
  });
}

function paintClass(element, { colour = "", ink = "" }) {
  element.style.setProperty("--class", colour);
  element.style.setProperty("--ink", ink);
  if (colour) element.dataset.class = "";
  else delete element.dataset.class;
}

/* A random UUID, also where crypto.randomUUID is missing (pages that come over plain http from another machine). */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/* localStorage can be full or forbidden; then answers are kept in this tab alone. */
function attempt(action, otherwise) {
  try {
    return action();
  } catch {
    return otherwise;
  }
}
const read = (name) => attempt(() => localStorage.getItem(name), null);
const write = (name, value) => attempt(() => localStorage.setItem(name, value));
const forget = (name) => attempt(() => localStorage.removeItem(name));
const names = () => attempt(() => Object.keys(localStorage), []);
