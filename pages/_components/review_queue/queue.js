/* The review card: one key answers the face on the screen and brings the next, without asking the server first.
 *
 * The server deals faces in batches (data.deal). Answers become events with an id of their own, wait in an outbox
 * (also in localStorage, against a closed tab) and go to the server all together, again and again, until it says
 * that they are stored (data.ack). An event that arrives twice is stored once, so sending again is always safe.
 *
 * An answer counts for the face that was painted when it was given. A key that arrives while the next face is not
 * on the screen yet waits for it; the same holds for what a reveal shows.
 *
 * A face is blind, armed (the next answer is kept and everything is shown) or revealed. Most faces come from the
 * queue; one that has an answer already and is looked at again (after a reveal, an undo, from the history) is `held`
 * outside of it. `first` is the answer that stands on it.
 *
 * Beside this file: keys.js, reveal.js, guide.js, history.js, session.js; make.js and answering.js are shared.
 */

const LOW = 80; // faces left when the next batch is asked for: more than five seconds at 15 keys a second
const DECODE_AHEAD = 12;
const DOUBLE_CLICK = 250; // ms: a second click on the same button this soon is the same click
const BOUNCE = 25; // ms: the same key this soon is a bouncing contact
const PACE_OVER = 20; // faces
const STRIP = 14;
const LOOK_AGAIN = 250; // ms until what was not found out yet is asked for again
const BEAT = 50000; // ms without a message after which the server hears that somebody is here
const AWAY = 120000; // ms without key, pointer or touch after which nobody is
const ASK_OTHERS = 15000; // ms until faces that others held are asked for again
const OLDER_FROM = 10; // answers that can be undone when older ones are fetched
const WIDE = 1040; // px of the card: face, answers and evidence side by side
const NARROW = 760; // px: one below the other

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
    this.queue = []; // faces that are here and not answered
    this.held = null; // {card, first}: a face with an answer, shown in place of the queue's first
    this.cards = new Map(); // row -> its card, so that a face is one object wherever it turns up
    this.dealt = new Set(); // rows that were dealt
    this.history = []; // answers that stand and can be undone, oldest first
    this.oldest = false; // nothing is older than the first of them
    this.pending = []; // commands that came before their face was painted
    this.showing = null; // the face that is, or is about to be, on the screen
    this.painted = null; // the same once it, with all that is to be seen of it, is really there
    this.stage = "blind";
    this.done = 0;
    this.total = 0;
    this.complete = false; // the server has no more faces
    this.times = [];
    this.spent = 0; // ms on this face before its first answer, where a second one follows
    this.clock = new Clock();
    this.activeAt = performance.now();
    this.messageAt = performance.now();
    this.asks = {}; // what the next messages ask for, until it is answered: want, older, look, examples, preferences
    const { dataset_hash, annotator, round } = data.event;
    const name = `${dataset_hash}.${annotator}.${round}`;
    this.session = new Session(name);
    this.courier = new Courier(`ferret.outbox.${name}.`, {
      asking: () => this.isAsking(),
      message: () => this.message(),
    });

    // Streamlit fades what a slow run has not confirmed yet. The card is never out of date: it runs here.
    root.host?.closest("[data-testid='stElementContainer']")?.style.setProperty("opacity", "1", "important");
    this.build(data);
    this.listen();
    this.ticking = setInterval(() => this.tick(), 500);
  }

  listen() {
    this.onKey = (event) => this.keyDown(event);
    this.onTouch = () => this.alive();
    this.onVisibility = () => (document.hidden ? this.clock.pause() : this.clock.resume());
    this.onLeave = () => this.goodbye();
    this.onReturn = () => (this.leaving = false);
    this.onResize = () => this.fit();
    document.addEventListener("keydown", this.onKey, true);
    document.addEventListener("pointermove", this.onTouch, { passive: true });
    document.addEventListener("pointerdown", this.onTouch, { passive: true });
    document.addEventListener("visibilitychange", this.onVisibility);
    window.addEventListener("pagehide", this.onLeave);
    window.addEventListener("pageshow", this.onReturn);
    window.addEventListener("resize", this.onResize);
    this.watching = new ResizeObserver(this.onResize);
    this.watching.observe(this.find(".review"));
  }

  leave() {
    document.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("pointermove", this.onTouch);
    document.removeEventListener("pointerdown", this.onTouch);
    document.removeEventListener("visibilitychange", this.onVisibility);
    window.removeEventListener("pagehide", this.onLeave);
    window.removeEventListener("pageshow", this.onReturn);
    window.removeEventListener("resize", this.onResize);
    this.watching.disconnect();
    clearInterval(this.ticking);
    clearTimeout(this.lookTimer);
    this.session.keep();
    this.courier.leave();
  }

  /* --- what passes to and from the server ------------------------------------------------------------------------ */

  message() {
    this.messageAt = performance.now();
    const { want = false, older = null, look = null, examples = false, preferences = null } = this.asks;
    return {
      want,
      fresh: this.dealt.size === 0 && !this.complete,
      held: want ? this.queue.map((card) => card.row) : [],
      older,
      look,
      examples,
      preferences,
      alive: !document.hidden && performance.now() - this.activeAt < AWAY,
      leaving: this.leaving ?? false,
    };
  }

  isAsking() {
    const { want, older, look, examples, preferences } = this.asks;
    return Boolean(want || older || (look !== undefined && !this.lookTimer) || examples || preferences || this.beat);
  }

  /* Put a question into the messages from now on. */
  ask(question) {
    Object.assign(this.asks, question);
    this.courier.sendSoon();
  }

  receive({ data, setStateValue }) {
    this.courier.receive(data.ack, setStateValue);
    if (data.ack) this.beat = false;
    if (data.preferences) this.takePreferences(data.preferences);
    if (data.past) this.takePast(data.past);
    if (data.deal) this.take(data.deal);
    else if (!this.painted && !this.showing) this.show();
    if (data.look) this.takeLook(data.look);
    if (data.examples && this.asks.examples !== undefined) {
      this.guide.take(data.examples);
      delete this.asks.examples;
    }
    this.askForMore();
    this.drawFacts();
  }

  take(deal) {
    if (this.dealt.size === 0) this.done = deal.done; // from here on it is counted here
    this.total = deal.total;
    this.complete = deal.last;
    this.elsewhere = deal.elsewhere ?? 0; // faces that others hold now
    this.dealtAt = performance.now();
    delete this.asks.want;
    for (const dealt of deal.cards) {
      if (this.dealt.has(dealt.row)) continue;
      this.dealt.add(dealt.row);
      this.queue.push(this.known(dealt));
    }
    if (!this.showing) this.show();
    else if (!this.queue.length && !this.held) this.drawEnd();
  }

  /* Answers from before, oldest first: the newest of all for a new card, or those before the oldest one here. */
  takePast({ before, answers, last }) {
    if (before !== (this.history[0]?.id ?? "")) return; // answered already
    const older = answers.map((answer) => {
      const card = this.known(answer.card);
      if (answer.seen === "revealed") card.looked = true;
      return { ...answer, card };
    });
    this.history.unshift(...older);
    this.oldest = last;
    delete this.asks.older;
    this.drawStrip();
    this.drawHistory();
  }

  takeLook(look) {
    if (look.row !== this.asks.look || look.row !== this.showing?.row) return; // the face has changed since
    const card = this.showing;
    const news = !card.look || Boolean(look.facts) !== Boolean(card.look.facts) || Boolean(look.maps) !== Boolean(card.look.maps);
    if (!look.pending || news) {
      card.look = look;
      this.reveal.drawEvidence(card);
    }
    if (look.pending) {
      this.lookTimer ??= setTimeout(() => {
        this.lookTimer = null;
        this.courier.sendSoon();
      }, LOOK_AGAIN);
      return;
    }
    delete this.asks.look;
  }

  takePreferences({ keys, look_after, error }) {
    const asked = this.asks.preferences;
    const plain = (one) => JSON.stringify([Object.entries(one.keys).sort(), one.look_after]);
    const same = asked && plain(asked) === plain({ keys, look_after });
    if (asked && !same && !error) return; // an answer to what was set before
    delete this.asks.preferences;
    if (error) this.keysPanel.say(error);
    if (asked && !error) return;
    this.keymap.set(keys);
    this.setAfter(look_after);
    this.drawKeys();
  }

  setPreferences() {
    this.ask({ preferences: { keys: this.keymap.changed, look_after: this.after } });
  }

  known(card) {
    const here = this.cards.get(card.row);
    if (here) return Object.assign(here, card);
    this.cards.set(card.row, card);
    return card;
  }

  askForMore() {
    if (this.complete || this.asks.want || this.queue.length > LOW) return;
    this.ask({ want: true });
  }

  askOlder() {
    if (this.oldest || this.asks.older || !this.history.length) return;
    this.ask({ older: this.history[0].id });
  }

  tick() {
    const now = performance.now();
    if (!document.hidden && now - this.activeAt < AWAY && now - this.messageAt > BEAT && !this.beat) {
      this.beat = true;
      this.courier.sendSoon();
    }
    if (this.complete && this.elsewhere && !this.queue.length && now - this.dealtAt > ASK_OTHERS) this.ask({ want: true });
    this.courier.tick();
    this.session.keep();
    this.drawSaved();
  }

  alive() {
    this.activeAt = performance.now();
    this.clock.touch();
  }

  goodbye() {
    this.session.keep();
    this.leaving = true;
    this.beat = true;
    this.courier.sendNow();
  }

  /* --- the face ----------------------------------------------------------------------------------------------- */

  get first() {
    return this.held?.first ?? null;
  }

  show() {
    const card = this.held?.card ?? this.queue[0];
    this.painted = null;
    this.showing = card ?? null;
    delete this.asks.look;
    this.spent = 0;
    this.find(".note").value = "";
    for (const next of this.queue.slice(this.held ? 0 : 1, DECODE_AHEAD)) picture(next);
    if (!card) {
      this.setStage("blind");
      this.drawEnd();
      return;
    }
    this.setStage(card.looked ? "revealed" : this.after && !this.held ? "armed" : "blind");
    const image = picture(card);
    if (image.ready) this.paint(card, image);
    else image.decode().then(() => this.paint(card, image), () => this.paint(card, image));
  }

  paint(card, image) {
    if (this.showing !== card) return;
    const face = this.find(".face");
    this.find(".message").hidden = true;
    if (face.firstElementChild !== image) face.replaceChildren(image);
    face.dataset.row = card.row;
    this.find(".flagged").hidden = !card.flag;
    this.find(".even").hidden = !card.even;
    this.awaitPaint(card);
  }

  /* From the next frame on what is on the screen now can be answered. */
  awaitPaint(card) {
    this.painted = null;
    const ticket = (this.ticket = {});
    afterPaint(() => {
      if (this.showing !== card || this.ticket !== ticket) return;
      this.painted = card;
      this.clock.start();
      this.setEnabled(true);
      const waiting = this.pending.shift();
      if (waiting) this.perform(...waiting);
    });
  }

  setStage(stage) {
    this.stage = stage;
    const card = this.showing;
    if (stage === "revealed" && card) {
      card.looked = true;
      if (!card.look || card.look.pending) this.ask({ look: card.row });
    }
    this.find(".review").dataset.stage = stage;
    this.reveal.draw(card, stage, this.first);
    this.drawFormer();
    this.drawCommands();
  }

  /* Show everything about the face that is on the screen; what is pressed meanwhile waits until it is painted. */
  open() {
    this.setStage("revealed");
    this.showPanel("look");
    this.awaitPaint(this.showing);
    this.speak(this.find(".shown").textContent.replace(/\s+/g, " "));
  }

  drawEnd() {
    const face = this.find(".face");
    face.replaceChildren();
    delete face.dataset.row;
    this.find(".flagged").hidden = this.find(".even").hidden = true;
    const message = this.find(".message");
    message.hidden = false;
    this.setEnabled(false);
    this.pending = [];
    message.textContent = "The next faces are on their way.";
    if (this.complete && this.elsewhere) {
      const faces = this.elsewhere === 1 ? "One face is" : `${this.elsewhere.toLocaleString()} faces are`;
      message.textContent = `${faces} with somebody else just now.\nWhat they leave comes here.`;
    } else if (this.complete) message.textContent = this.words.end;
    if (this.complete) this.showPanel("session", "Done. Your session");
  }

  /* --- what a person does ------------------------------------------------------------------------------------- */

  keyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const path = event.composedPath();
    const typing = (node) => ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName) || node.isContentEditable;
    if (path.some(typing)) {
      if (["Enter", "Escape"].includes(event.key)) this.find(".note").blur();
      return;
    }
    const key = pressedKey(event);
    const taken = () => {
      event.preventDefault();
      event.stopPropagation();
      this.alive();
    };
    if (this.keysPanel.waiting) {
      taken();
      if (!event.repeat) this.keysPanel.take(key);
      return;
    }
    if (key === "Escape" && this.escape()) return taken();
    // Space and Enter press the button that the keyboard has walked to; a click leaves no button in their way.
    if ([" ", "Enter"].includes(key) && path.some((node) => node.tagName === "BUTTON")) return;
    const command = key === "Enter" ? (this.stage === "revealed" && this.first ? "stay" : null) : this.keymap.commands.get(key);
    if (!command) return;
    taken();
    const bounced = this.last?.key === key && event.timeStamp - this.last.at < BOUNCE;
    if (event.repeat || bounced) return;
    this.last = { key, at: event.timeStamp };
    this.press(command, key);
  }

  clicked(command, event) {
    if (event.detail) event.currentTarget.blur();
    const now = event.timeStamp;
    if (this.lastClick?.command === command && now - this.lastClick.at < DOUBLE_CLICK) return;
    this.lastClick = { command, at: now };
    this.press(command, "");
  }

  press(command, key) {
    if (this.panels.includes(command)) this.showPanel(this.panel === command ? "look" : command);
    else if (command === "note") this.find(".note").focus();
    else if (command === "map") this.reveal.nextMap(this.showing);
    else if (this.painted || (command === "undo" && !this.showing)) this.perform(command, key);
    else if (this.showing) this.pending.push([command, key]);
  }

  perform(command, key) {
    this.flash(command);
    if (command === "undo") this.undo(key);
    else if (command === "reveal") this.look(key);
    else if (command === "stay") this.stay(key);
    else if (command === "flag") this.flag(key);
    else if (command !== "keep" || this.stage === "revealed") this.answer(command, key);
    // A command that leaves the face where it is lets the next waiting one through.
    if (this.painted && this.pending.length) this.perform(...this.pending.shift());
  }

  look(key) {
    if (this.stage === "revealed") this.stay(key);
    else if (this.stage === "armed" || this.first) this.open();
    else {
      this.setStage("armed");
      this.speak(this.find(".hidden-text").textContent);
    }
  }

  stay(key) {
    if (this.stage === "revealed" && this.first) this.answer(this.first.answer, key);
  }

  escape() {
    if (this.held && (this.held.reopened || this.panel === "look")) {
      this.held = null;
      this.show();
    } else if (this.panel !== "look") this.showPanel("look");
    else return false;
    return true;
  }

  answer(answer, key) {
    const { painted: card, first, stage } = this;
    const active = this.clock.read();
    const seen = stage === "revealed" ? "revealed" : "blind";
    const comment = this.find(".note").value.trim();
    const base = first ? { based_on: first.id } : {};
    const id = this.record(card, { kind: "answer", answer, key, seen, active_ms: active, comment, ...base });
    const entry = { id, answer, seen, card, time: new Date().toISOString(), queued: !this.held };
    const after = Boolean(first) && seen === "revealed" && first.seen === "blind";
    const meaning = (name) => (name === "keep" ? card.reveal.given : name);
    this.session.answered({ row: card.row, answer, active }, after, after && meaning(answer) !== meaning(first.answer));
    this.history.push(entry);
    if (!this.held) {
      this.queue.shift();
      this.done += 1;
    }
    if (stage === "armed" && answer !== "skip") {
      this.held = { card, first: entry };
      this.spent = active;
      this.open();
    } else {
      this.times = [...this.times, this.spent + active].slice(-PACE_OVER);
      this.held = null;
      this.show();
      const place = `Face ${(this.done + 1).toLocaleString()} of ${this.total.toLocaleString()}.`;
      this.speak(`${this.titles.get(answer)}. ${place}`);
    }
    this.drawFacts();
    this.drawStrip();
    this.drawHistory();
    this.askForMore();
  }

  /* Takes back the last event. The face comes back as it was before: with the answer that stood, or to be answered. */
  undo(key) {
    if (this.history.length < 2 && !this.oldest) {
      this.askOlder();
      if (this.history.length) this.speak("Fetching older answers; press again.");
      return;
    }
    const last = this.history.pop();
    if (!last) return;
    const { card } = last;
    this.record(card, { kind: "undo", undoes: last.id, key, seen: card.looked ? "revealed" : "blind" });
    this.session.count("undone");
    this.times.pop();
    const former = last.queued ? null : (this.history.findLast((entry) => entry.card === card) ?? null);
    this.held = former && { card, first: former };
    this.queue = this.queue.filter((other) => other !== card);
    if (!former) {
      this.done = Math.max(0, this.done - 1);
      this.queue.unshift(card);
    }
    this.show();
    this.speak(`Took back ${this.titles.get(last.answer)}.`);
    this.drawFacts();
    this.drawStrip();
    this.drawHistory();
    if (this.history.length < OLDER_FROM) this.askOlder();
  }

  /* Open a face of the history again, with the answer that stands on it. */
  reopen(entry) {
    if (this.queue[0] === entry.card && !this.held) return; // it is on the screen, to be answered
    const first = this.history.findLast((other) => other.card === entry.card) ?? entry;
    this.pending = [];
    this.held = { card: entry.card, first, reopened: true };
    this.show();
    this.speak(`Open again. You said ${this.titles.get(first.answer)}.`);
  }

  flag(key) {
    const card = this.painted;
    const seen = this.stage === "revealed" ? "revealed" : "blind";
    if (card.flag) {
      this.record(card, { kind: "undo", undoes: card.flag, key, seen });
      card.flag = "";
    } else {
      card.flag = this.record(card, { kind: "flag", key, seen, comment: this.find(".note").value.trim() });
    }
    this.session.count("flagged", card.flag ? 1 : -1);
    this.find(".flagged").hidden = !card.flag;
    this.find(".even").hidden = !card.even;
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
      time: new Date().toISOString(),
      ...fields,
    };
    this.courier.record(event);
    return event.id;
  }

  /* --- drawing ------------------------------------------------------------------------------------------------ */

  build(data) {
    this.words = data.words;
    this.keymap = new Keymap(data.buttons, data.reserved);
    this.titles = this.keymap.titles;
    this.colours = new Map(data.buttons.filter(({ colour }) => colour).map((button) => [button.command, button]));
    const places = { class: ".classes", other: ".others", keep: ".acts", act: ".acts", panel: ".tabs" };
    for (const button of data.buttons) {
      if (button.place === "map" || button.place === "note") continue;
      const element = button.place === "panel" ? this.tab(button) : make("button", "command");
      element.type = "button";
      element.dataset.command = button.command;
      paintClass(element, button);
      if (button.place !== "panel") element.append(make("kbd"), make("span", "", button.title));
      element.addEventListener("click", (event) => this.clicked(button.command, event));
      if (button.place === "reveal") this.find(".hint").before(element);
      else this.find(places[button.place]).append(element);
    }
    this.panels = data.buttons.filter(({ place }) => place === "panel").map(({ command }) => command);
    this.find("[data-panel='look']").addEventListener("click", () => this.showPanel("look"));
    this.find(".tabs").addEventListener("keydown", (event) => this.walkTabs(event));

    this.reveal = new Reveal(this.find, this.titles, this.colours, this.keymap);
    this.guide = new Guide(this.find(".guide"), data.guide, data.pairs, this.titles, this.colours);
    this.drawer = new HistoryPanel(this.find(".history"), this.titles, this.colours, {
      open: (entry) => this.reopen(entry),
      more: () => this.askOlder(),
    });
    this.keysPanel = new KeysPanel(this.find(".keys"), this.keymap, this.colours, () => {
      this.drawKeys();
      this.setPreferences();
    });
    this.find(".after").addEventListener("click", (event) => {
      if (event.detail) event.currentTarget.blur();
      this.setAfter(!this.after);
      this.setPreferences();
      if (!this.painted || this.first || this.stage === "revealed") return;
      this.setStage(this.after ? "armed" : "blind");
    });
    this.setAfter(false);
    this.setEnabled(false);
    this.setStage("blind");
    this.showPanel("look");
    this.drawKeys();
    this.buildScale();
    this.fit();
  }

  tab({ command, title }) {
    const tab = make("button", "tab", title);
    tab.dataset.panel = command;
    tab.setAttribute("role", "tab");
    tab.append(make("kbd"));
    return tab;
  }

  buildScale() {
    let pixels = read("ferret.pixels") === "true";
    const scale = this.find(".scale");
    const draw = () => {
      this.find(".review").dataset.pixels = pixels;
      scale.textContent = pixels ? "Smooth" : "Pixels";
      scale.setAttribute("aria-label", pixels ? "Show the face smoothly" : "Show the face's pixels");
    };
    scale.addEventListener("click", (event) => {
      if (event.detail) scale.blur();
      pixels = !pixels;
      write("ferret.pixels", String(pixels));
      draw();
    });
    draw();
  }

  /* The face as large as its place allows, in whole device pixels for each of its own: nothing is uneven. */
  fit() {
    const review = this.find(".review");
    const width = review.clientWidth;
    if (!width) return;
    const layout = width >= WIDE ? "wide" : width >= NARROW ? "middle" : "narrow";
    const free = { wide: width - 640, middle: width * 0.54, narrow: width }[layout] - 2;
    const tall = layout === "narrow" ? Infinity : Math.max(336, window.innerHeight - 480);
    const ratio = window.devicePixelRatio || 1;
    const side = Math.max(1, Math.floor((Math.min(free, tall, 576) * ratio) / 48));
    review.dataset.layout = layout;
    review.style.setProperty("--face", `${(side * 48) / ratio}px`);
  }

  showPanel(name, heading = "This session") {
    if (name !== "keys") this.keysPanel.stop();
    this.panel = name;
    for (const tab of this.root.querySelectorAll(".tab")) {
      const chosen = tab.dataset.panel === name;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    }
    for (const panel of this.root.querySelectorAll(".panel")) panel.hidden = !panel.classList.contains(name);
    if (name === "guide" && this.asks.examples === undefined && !this.guideAsked) {
      this.guideAsked = true;
      this.ask({ examples: true });
    }
    if (name === "history") this.drawHistory();
    if (name === "session") this.session.draw(this.find(".session"), this.titles, this.colours, heading);
  }

  walkTabs(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...this.root.querySelectorAll(".tab")];
    const next = tabs[(tabs.findIndex((tab) => tab.dataset.panel === this.panel) + step + tabs.length) % tabs.length];
    this.showPanel(next.dataset.panel);
    next.focus();
  }

  /* Every key cap and hint says the key of today. */
  drawKeys() {
    for (const element of this.root.querySelectorAll("[data-command]")) {
      const cap = this.keymap.cap(element.dataset.command);
      element.querySelector("kbd").textContent = cap;
      element.setAttribute("aria-keyshortcuts", cap === "space" ? "Space" : cap);
    }
    for (const element of this.root.querySelectorAll("[data-cap]")) {
      element.textContent = this.keymap.cap(element.dataset.cap);
    }
    this.find(".noting kbd").textContent = this.keymap.cap("note");
    this.keysPanel.draw();
    this.reveal.draw(this.showing, this.stage, this.first);
  }

  setAfter(after) {
    this.after = after;
    this.find(".after").setAttribute("aria-checked", after);
  }

  setEnabled(enabled) {
    this.enabled = enabled;
    this.drawCommands();
  }

  drawCommands() {
    const drawn = `${this.enabled} ${this.stage} ${Boolean(this.first)} ${this.history.length > 0}`;
    if (drawn === this.commandsDrawn) return;
    this.commandsDrawn = drawn;
    for (const button of this.root.querySelectorAll(".command[data-command]")) {
      const { command } = button.dataset;
      button.disabled = command === "undo" ? !this.history.length : !this.enabled;
      if (command === "keep" && this.stage !== "revealed") button.disabled = true;
      if (command === "reveal" && this.stage === "revealed" && !this.first) button.disabled = true;
    }
    const words = { blind: "Look", armed: "Show it now", revealed: this.first ? "It stays" : "Shown" };
    this.find("[data-command='reveal'] span").textContent = words[this.stage];
  }

  /* The answer that stands on the face is marked on its button. */
  drawFormer() {
    const answer = this.first?.answer;
    const before = this.find("[data-former]");
    if (before?.dataset.command === answer) return;
    before?.removeAttribute("data-former");
    before?.removeAttribute("aria-description");
    const button = answer && this.find(`.answers [data-command="${answer}"]`);
    button?.setAttribute("data-former", "");
    button?.setAttribute("aria-description", "your answer so far");
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
    this.find(".pace").textContent = pace ? `${pace.toLocaleString()} faces a minute` : "";
    this.drawCommands();
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
    const strip = this.find(".strip");
    const here = new Map([...strip.children].map((item) => [item.dataset.event, item]));
    const items = this.history.slice(-STRIP).reverse().map((entry) => here.get(entry.id) ?? this.stripItem(entry));
    strip.replaceChildren(...items);
  }

  stripItem(entry) {
    const item = make("li");
    item.dataset.event = entry.id;
    const button = make("button");
    button.type = "button";
    button.setAttribute("aria-label", `${this.titles.get(entry.answer)}: open again`);
    const image = new Image();
    image.src = entry.card.image;
    image.alt = "";
    button.append(image, this.titles.get(entry.answer));
    button.addEventListener("click", (event) => {
      if (event.detail) button.blur();
      this.reopen(entry);
    });
    paintClass(item, this.colours.get(entry.answer) ?? {});
    item.append(button);
    return item;
  }

  drawHistory() {
    if (this.panel === "history") this.drawer.draw(this.history, this.oldest);
    if (this.panel === "session") this.session.draw(this.find(".session"), this.titles, this.colours, "This session");
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
