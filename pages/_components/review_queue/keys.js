/* Which key does what: as it ships, as the annotator has changed it, and the panel where they change it. */

const CAPS = { " ": "space" };
const keyCap = (key) => CAPS[key] ?? key;
const pressedKey = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

class Keymap {
  constructor(buttons, reserved) {
    this.titles = new Map(buttons.map(({ command, title }) => [command, title]));
    this.shipped = new Map(buttons.map(({ command, key }) => [command, key]));
    this.reserved = reserved;
    this.set({});
  }

  /* Take `changed`: the keys that differ from those that ship, by command. */
  set(changed) {
    this.keys = new Map([...this.shipped, ...Object.entries(changed)]);
    this.commands = new Map([...this.keys].map(([command, key]) => [key, command]));
  }

  get changed() {
    return Object.fromEntries([...this.keys].filter(([command, key]) => this.shipped.get(command) !== key));
  }

  cap(command) {
    return keyCap(this.keys.get(command));
  }

  /* Give `command` another key; a command that had it gets this one's. Returns {done, sentence}. */
  remap(command, key) {
    if (this.reserved.includes(key)) {
      const sentence = `${key.toUpperCase()} belongs to the page (run again, clear the cache). Choose another key.`;
      return { done: false, sentence };
    }
    if (key.length !== 1) return { done: false, sentence: `${key} cannot be used. Choose a letter, a digit or a sign.` };
    const before = this.keys.get(command);
    const other = this.commands.get(key);
    this.keys.set(command, key);
    const title = this.titles.get(command);
    let sentence = `${title} is now ${keyCap(key)}.`;
    if (other && other !== command) {
      this.keys.set(other, before);
      sentence = `${keyCap(key)} was ${this.titles.get(other)}, which is now ${keyCap(before)}. ${sentence}`;
    }
    this.set(this.changed);
    return { done: true, sentence };
  }
}

/* The panel: press a command, then its new key. `changed()` is called after every change. */
class KeysPanel {
  constructor(panel, keymap, colours, changed) {
    this.keymap = keymap;
    this.changed = changed;
    this.waiting = null; // the command whose new key is waited for
    const intro = make("p", "quiet", "Press a command here, then the key that you want for it.");
    this.said = make("p", "said");
    this.said.setAttribute("role", "status");
    const list = make("div", "keylist");
    for (const [command, title] of keymap.titles) {
      const button = make("button", "command");
      button.type = "button";
      button.dataset.remap = command;
      button.append(make("kbd"), title);
      paintClass(button, colours.get(command) ?? {});
      button.addEventListener("click", () => this.wait(command));
      list.append(button);
    }
    this.reset = make("button", "command reset", "All keys as they ship");
    this.reset.type = "button";
    this.reset.addEventListener("click", () => {
      keymap.set({});
      this.say("All keys are as they ship.");
      this.changed();
    });
    panel.replaceChildren(intro, this.said, list, this.reset);
    this.list = list;
    this.draw();
  }

  wait(command) {
    this.waiting = command;
    this.say(`Press the new key for ${this.keymap.titles.get(command)}. Esc leaves it as it is.`);
    this.draw();
  }

  /* A key that was pressed while one is waited for. */
  take(key) {
    const command = this.waiting;
    if (["Shift", "CapsLock", "Dead"].includes(key)) return;
    if (key === "Escape") {
      this.stop();
      return;
    }
    const { done, sentence } = this.keymap.remap(command, key);
    this.say(sentence);
    if (!done) return;
    this.waiting = null;
    this.changed();
  }

  stop() {
    this.waiting = null;
    this.say("");
    this.draw();
  }

  say(sentence) {
    this.said.textContent = sentence;
  }

  draw() {
    for (const button of this.list.children) {
      const command = button.dataset.remap;
      const waiting = command === this.waiting;
      button.toggleAttribute("data-waiting", waiting);
      button.firstElementChild.textContent = waiting ? "?" : this.keymap.cap(command);
    }
    this.reset.disabled = !Object.keys(this.keymap.changed).length;
  }
}
