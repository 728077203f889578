/* The review card: one key answers the face on the screen and brings the next, without asking the server first.
 *
 * The server deals faces in batches (data.deal). Answers become events with an id of their own, wait in an outbox
 * (also in localStorage, against a closed tab) and go to the server all together, again and again, until it says
 * that they are stored (data.ack). An event that arrives twice is stored once, so sending again is always safe.
 *
 * An answer counts for the face that was painted when it was given. A key that arrives while the next face is not
 * on the screen yet waits for it.
 */

const LOW = 45; // faces left when the next batch is asked for
const DECODE_AHEAD = 10;
const DOUBLE_CLICK = 250; // ms: a second click on the same button this soon is the same click
const BOUNCE = 25; // ms: the same key this soon is a bouncing contact
const PACE_OVER = 20; // answers
const STRIP = 14;

const cards = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let card = cards.get(root);
  if (!card) {
    card = new ReviewCard(root, component.data);
    cards.set(root, card);
  }
  card.receive(component);
  return () => {
    card.leave();
    cards.delete(root);
  };
}

class ReviewCard {
  constructor(root, data) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.event = data.event; // data set, annotator, round: the same in all events of this card
    this.queue = []; // faces that are here and not answered; the first is on the screen
    this.known = new Set(); // rows that were ever here
    this.history = []; // answers that can be undone, oldest first
    this.pending = []; // commands that came before their face was painted
    this.showing = null; // the face that is, or is about to be, on the screen
    this.painted = null; // the same once it is really there
    this.revealed = false;
    this.done = 0;
    this.total = 0;
    this.complete = false; // the server has no more faces
    this.times = [];
    this.clock = new Clock();
    this.wanted = false; // more faces were asked for
    const { dataset_hash, annotator, round } = data.event;
    this.courier = new Courier(`ferret.outbox.${dataset_hash}.${annotator}.${round}.`, {
      asking: () => this.wanted,
      message: () => ({
        want: this.wanted,
        fresh: this.known.size === 0,
        held: this.wanted ? this.queue.map((card) => card.row) : [],
      }),
    });

    // Streamlit fades what a slow run has not confirmed yet. The card is never out of date: it runs here.
    root.host?.closest("[data-testid='stElementContainer']")?.style.setProperty("opacity", "1", "important");
    this.build(data);
    this.onKey = (event) => this.keyDown(event);
    this.onTouch = () => this.clock.touch();
    this.onVisibility = () => (document.hidden ? this.clock.pause() : this.clock.resume());
    document.addEventListener("keydown", this.onKey, true);
    document.addEventListener("pointermove", this.onTouch, { passive: true });
    document.addEventListener("visibilitychange", this.onVisibility);
    this.ticking = setInterval(() => this.tick(), 500);
  }

  /* --- what the server says ----------------------------------------------------------------------------------- */

  receive({ data, setStateValue }) {
    this.courier.receive(data.ack, setStateValue);
    if (data.deal) this.take(data.deal, data.recent);
    else if (!this.painted && !this.showing) this.show();
    this.askForMore();
    this.drawFacts();
  }

  take(deal, recent) {
    if (this.known.size === 0) {
      this.done = deal.done; // from here on it is counted here
      for (const { id, answer, card } of recent) {
        this.known.add(card.row);
        this.history.push({ id, answer, card });
      }
      this.drawStrip();
    }
    this.total = deal.total;
    this.complete = deal.last;
    this.wanted = false;
    for (const card of deal.cards) {
      if (this.known.has(card.row)) continue;
      this.known.add(card.row);
      this.queue.push(card);
    }
    if (!this.showing) this.show();
  }

  askForMore() {
    if (this.complete || this.wanted || this.queue.length > LOW) return;
    this.wanted = true;
    this.courier.sendSoon();
  }

  tick() {
    this.courier.tick();
    this.drawSaved();
  }

  /* --- the face ----------------------------------------------------------------------------------------------- */

  show() {
    const card = this.queue[0];
    if (this.painted && this.painted === card) return;
    this.painted = null;
    this.showing = card ?? null;
    this.setRevealed(false);
    this.find(".note").value = "";
    for (const next of this.queue.slice(1, DECODE_AHEAD)) picture(next);
    if (!card) {
      this.drawEnd();
      return;
    }
    const image = picture(card);
    if (image.ready) this.paint(card, image);
    else image.decode().then(() => this.paint(card, image), () => this.paint(card, image));
  }

  paint(card, image) {
    if (this.showing !== card) return;
    this.find(".message").hidden = true;
    this.find(".face").replaceChildren(image);
    this.find(".face").dataset.row = card.row;
    this.find(".flagged").hidden = !card.flag;
    afterPaint(() => {
      if (this.showing !== card) return;
      this.painted = card;
      this.clock.start();
      this.setEnabled(true);
      const waiting = this.pending.shift();
      if (waiting) this.perform(...waiting);
    });
  }

  drawEnd() {
    this.find(".face").replaceChildren();
    delete this.find(".face").dataset.row;
    this.find(".flagged").hidden = true;
    const message = this.find(".message");
    message.hidden = false;
    message.textContent = this.complete ? this.words.end : "The next faces are on their way.";
    this.setEnabled(false);
    this.pending = [];
  }

  setEnabled(enabled) {
    if (this.enabled === enabled) return;
    this.enabled = enabled;
    for (const button of this.root.querySelectorAll(".command")) {
      if (!["undo", "guide"].includes(button.dataset.command)) button.disabled = !enabled;
    }
    this.setRevealed(this.revealed);
  }

  /* --- what a person does ------------------------------------------------------------------------------------- */

  keyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = (node) => ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName) || node.isContentEditable;
    if (event.composedPath().some(typing)) {
      if (["Enter", "Escape"].includes(event.key)) this.find(".note").blur();
      return;
    }
    if (event.key === "Escape" && !this.find(".guide").hidden) return this.toggleGuide();
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const command = this.keys.get(key);
    if (!command) return;
    // Space on a focused button presses that button, until it has a meaning of its own here.
    if (key === " " && !this.revealed && event.composedPath().some((node) => node.tagName === "BUTTON")) return;
    event.preventDefault();
    event.stopPropagation();
    const bounced = this.last?.key === key && event.timeStamp - this.last.at < BOUNCE;
    if (event.repeat || bounced) return;
    this.last = { key, at: event.timeStamp };
    this.clock.touch();
    this.press(command, key);
  }

  clicked(command, event) {
    const now = event.timeStamp;
    if (this.lastClick?.command === command && now - this.lastClick.at < DOUBLE_CLICK) return;
    this.lastClick = { command, at: now };
    this.press(command, "");
  }

  press(command, key) {
    if (command === "guide") this.toggleGuide();
    else if (this.painted || (command === "undo" && !this.showing)) this.perform(command, key);
    else if (this.showing) this.pending.push([command, key]);
  }

  perform(command, key) {
    this.flash(command);
    if (command === "undo") this.undo(key);
    else if (command === "reveal") this.setRevealed(true);
    else if (command === "flag") this.flag(key);
    else if (command !== "keep" || this.revealed) this.answer(command, key);
    // A command that leaves the face where it is lets the next waiting one through.
    if (this.painted && this.pending.length) this.perform(...this.pending.shift());
  }

  answer(answer, key) {
    const card = this.painted;
    const active = this.clock.read();
    const id = this.record(card, {
      kind: "answer",
      answer,
      key,
      active_ms: active,
      comment: this.find(".note").value.trim(),
    });
    this.history.push({ id, answer, card });
    this.times = [...this.times, active].slice(-PACE_OVER);
    this.done += 1;
    this.queue.shift();
    this.show();
    this.speak(`${this.titles.get(answer)}. Face ${(this.done + 1).toLocaleString()} of ${this.total.toLocaleString()}.`);
    this.drawFacts();
    this.drawStrip();
    this.askForMore();
  }

  undo(key) {
    const last = this.history.pop();
    if (!last) return;
    this.record(last.card, { kind: "undo", undoes: last.id, key });
    this.done = Math.max(0, this.done - 1);
    this.times.pop();
    this.queue = [last.card, ...this.queue.filter((card) => card !== last.card)];
    this.show();
    this.speak(`Took back ${this.titles.get(last.answer)}.`);
    this.drawFacts();
    this.drawStrip();
  }

  flag(key) {
    const card = this.painted;
    if (card.flag) {
      this.record(card, { kind: "undo", undoes: card.flag, key });
      card.flag = "";
    } else {
      card.flag = this.record(card, { kind: "flag", key, comment: this.find(".note").value.trim() });
    }
    this.find(".flagged").hidden = !card.flag;
    this.speak(card.flag ? "Flagged." : "Flag taken off.");
    this.drawFacts();
  }

  /* The event of what was done to `card`, put where it cannot be lost; returns its id. */
  record(card, fields) {
    const event = {
      id: uuid(),
      answer: "",
      comment: "",
      undoes: "",
      active_ms: 0,
      ...this.event,
      ...card.log,
      row: card.row,
      content: card.content,
      seen: this.revealed && card === this.painted ? "revealed" : "blind",
      time: new Date().toISOString(),
      ...fields,
    };
    this.courier.record(event);
    return event.id;
  }

  /* --- drawing ------------------------------------------------------------------------------------------------ */

  build(data) {
    this.words = data.words;
    this.keys = new Map();
    this.titles = new Map();
    this.colours = new Map();
    const places = { class: ".classes", other: ".others", tool: ".tools" };
    for (const button of data.buttons) {
      this.keys.set(button.key, button.command);
      this.titles.set(button.command, button.title);
      if (button.colour) this.colours.set(button.command, button);
      const element = button.command === "reveal" ? this.find(".reveal .command") : document.createElement("button");
      const cap = document.createElement("kbd");
      cap.textContent = button.key === " " ? "space" : button.key;
      element.type = "button";
      element.className = "command";
      element.dataset.command = button.command;
      element.setAttribute("aria-keyshortcuts", button.key === " " ? "Space" : button.key);
      paintClass(element, button);
      element.replaceChildren(cap, document.createTextNode(button.title));
      element.addEventListener("click", (event) => this.clicked(button.command, event));
      if (button.command !== "reveal") this.find(places[button.place]).append(element);
    }
    this.buildGuide(data.guide);
    this.setEnabled(false);
    this.setRevealed(false);

    let pixels = read("ferret.pixels") === "true";
    const scale = this.find(".scale");
    const drawScale = () => {
      this.find(".review").dataset.pixels = pixels;
      scale.textContent = pixels ? "Smooth" : "Pixels";
      scale.setAttribute("aria-label", pixels ? "Show the face smoothly" : "Show the face's pixels");
    };
    scale.addEventListener("click", () => {
      pixels = !pixels;
      write("ferret.pixels", String(pixels));
      drawScale();
    });
    drawScale();
  }

  buildGuide(entries) {
    const list = document.createElement("dl");
    for (const { command, text } of entries) {
      const term = document.createElement("dt");
      const cap = document.createElement("kbd");
      cap.textContent = [...this.keys].find(([, name]) => name === command)?.[0] ?? "";
      paintClass(cap, this.colours.get(command) ?? {});
      term.append(cap);
      const name = document.createElement("b");
      name.textContent = this.titles.get(command);
      const description = document.createElement("dd");
      description.append(name, ` ${text}`);
      list.append(term, description);
    }
    this.find(".guide").replaceChildren(list);
    this.find(".guide").addEventListener("click", () => this.toggleGuide());
  }

  toggleGuide() {
    const guide = this.find(".guide");
    guide.hidden = !guide.hidden;
  }

  setRevealed(revealed) {
    this.revealed = revealed;
    const reveal = revealed && this.painted ? this.painted.reveal : null;
    this.find(".hidden-text").hidden = revealed;
    this.find(".shown").hidden = !revealed;
    this.find(".reasons").hidden = !revealed;
    this.drawClass(".given", reveal?.given);
    this.drawClass(".suggestion", reveal?.suggestion, reveal?.asked ? "agrees" : "not asked");
    this.find(".reasons").textContent = reveal?.reasons.join(" ") ?? "";
    this.find(".reveal .command").disabled = revealed || !this.enabled;
    const keep = this.root.querySelector('[data-command="keep"]');
    if (keep) keep.disabled = !revealed;
  }

  drawClass(selector, name, otherwise = "") {
    const element = this.find(selector);
    element.textContent = !this.revealed ? "" : name ? this.titles.get(name) : otherwise;
    paintClass(element, this.colours.get(name) ?? {});
  }

  drawFacts() {
    const share = this.total ? this.done / this.total : 0;
    const bar = this.find(".progress");
    bar.firstElementChild.style.transform = `scaleX(${share})`;
    bar.setAttribute("aria-valuemax", this.total);
    bar.setAttribute("aria-valuenow", this.done);
    this.find(".count").textContent = `${this.done.toLocaleString()} of ${this.total.toLocaleString()} ${this.words.unit}`;
    const active = this.times.reduce((sum, time) => sum + time, 0);
    const pace = this.times.length >= 5 && active ? Math.round((60000 * this.times.length) / active) : null;
    this.find(".pace").textContent = pace ? `${pace} labels a minute` : "";
    this.root.querySelector('[data-command="undo"]').disabled = !this.history.length;
    this.drawSaved();
  }

  drawSaved() {
    const { state, count, text } = this.courier.standing;
    const saved = this.find(".saved");
    if (saved.dataset.state !== state) saved.dataset.state = state;
    if (saved.dataset.count !== String(count)) saved.dataset.count = count;
    const words = saved.lastElementChild;
    if (words.textContent !== text) words.textContent = words.title = text;
  }

  drawStrip() {
    const items = this.history.slice(-STRIP).reverse().map(({ answer, card }) => {
      const item = document.createElement("li");
      const image = new Image();
      image.src = card.image;
      image.alt = "";
      item.append(image, document.createTextNode(this.titles.get(answer)));
      paintClass(item, this.colours.get(answer) ?? {});
      return item;
    });
    this.find(".strip").replaceChildren(...items);
  }

  flash(command) {
    const button = this.root.querySelector(`[data-command="${command}"]`);
    if (!button) return;
    button.dataset.pressed = "";
    setTimeout(() => delete button.dataset.pressed, 110);
  }

  speak(text) {
    this.find(".spoken").textContent = text;
  }

  leave() {
    document.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("pointermove", this.onTouch);
    document.removeEventListener("visibilitychange", this.onVisibility);
    clearInterval(this.ticking);
    this.courier.leave();
  }
}

/* The card's image element, decoded ahead so that it can be painted at once. */
function picture(card) {
  if (!card.picture) {
    card.picture = new Image();
    card.picture.alt = "The face to label";
    card.picture.src = card.image;
    card.picture.decode().then(
      () => (card.picture.ready = true),
      () => (card.picture.ready = true),
    );
  }
  return card.picture;
}
